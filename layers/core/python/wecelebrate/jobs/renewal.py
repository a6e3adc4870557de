"""Renews the leases of running jobs, in a thread that has its own database connection.

The lease therefore shows that the worker is alive. The work itself does not have to renew the lease, so a single
statement can take longer than the lease. If the worker dies, its thread dies too, and the lease runs out. The fence
still protects the job: a worker that has lost its lease can no longer commit changes of the job.

A second thread keeps the queue message hidden. This thread is separate, because a call of SQS can take longer than a
lease lasts.

A call of C code, e.g. a match of a regular expression, can keep all threads from running, so the lease is lost while
the call goes on. The third thread sets a timer of the system again and again. If such a call keeps this thread from
running for MAX_BLOCKED_SECONDS of CPU time, the system kills the process. Other workers then run the other jobs. The
job with the call fails if this happens in all its attempts.

The threads exist only while a job runs, because Lambda freezes a function between two invocations.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from aws_lambda_powertools import Logger

from wecelebrate.core.database import SYSTEM, writing_beside
from wecelebrate.core.database.endpoints import beside
from wecelebrate.jobs.lease import LEASE_SECONDS, RENEW_SECONDS, LeasedJob, sql

logger = Logger()

RETRY_SECONDS = 1.0
"""The pause after a failed renewal. A lease lasts long enough for several attempts."""
EXTEND_SECONDS = 5.0
"""The time between two calls of `heartbeat`."""
STOP_SECONDS = 2.0
"""How long the end of a job waits for its threads."""
WATCH_SECONDS = 1.0
"""The time after which the timer is set again."""
_MEMORY_OF_A_CPU = 1769
"""A function with this memory, in MB, has one whole CPU. A function with less memory has the same share of a CPU."""


def blocked_seconds(memory: int) -> float:
    """Return the CPU time, in seconds, that a function with this memory, in MB, gets while a lease lasts.

    This time is longer than the time between two starts of the timer, even if several threads compute.
    """
    return max(LEASE_SECONDS * min(memory / _MEMORY_OF_A_CPU, 1.0), 2 * WATCH_SECONDS)


MAX_BLOCKED_SECONDS = blocked_seconds(int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _MEMORY_OF_A_CPU)))
"""The CPU time for which one call can keep all threads from running. The lease ends in this time, so another worker can
claim the job. If none has, the call could end, and the worker could renew the lease. But no work of the platform needs
such a call, and nothing else would end a call that never ends."""


@contextmanager
def renewing(*jobs: LeasedJob) -> Iterator[None]:
    """Renew the leases of jobs, and keep their queue message hidden, until the block ends."""
    stopped = threading.Event()
    threads = [
        threading.Thread(target=target, args=(jobs, stopped), name=name, daemon=True)
        for name, target in (("lease", _renew), ("visibility", _extend_visibility), ("watch", _watch))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        _join(threads)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _renew(jobs: Sequence[LeasedJob], stopped: threading.Event) -> None:
    pause = RENEW_SECONDS
    ids, fences = [job.id for job in jobs], [job.fence for job in jobs]
    while not stopped.wait(pause):
        try:
            with writing_beside(SYSTEM) as tx:
                rows = list(sql.renew_leases(tx, job_ids=ids, fences=fences, seconds=jobs[0].lease_seconds))
        # The next attempt can succeed. If no attempt succeeds, the work renews the lease itself.
        except Exception as error:
            logger.warning("leases could not be renewed", job_ids=list(map(str, ids)), reason=repr(error))
            pause = RETRY_SECONDS
            continue
        renewed = {row["id"] for row in rows}
        for job in jobs:
            if job.id in renewed:
                job.lease_renewed()
            elif not job.ended and not stopped.is_set():
                job.lease_lost = True
        if not renewed:
            return
        pause = RENEW_SECONDS


def _extend_visibility(jobs: Sequence[LeasedJob], stopped: threading.Event) -> None:
    while not stopped.wait(EXTEND_SECONDS):
        _suppressed(jobs[0].heartbeat)


def _watch(_: Sequence[LeasedJob], stopped: threading.Event) -> None:
    """Start the timer again before it ends, because its signal kills the process.

    The timer counts CPU time, so it does not end because the process waits or the machine is busy.
    """
    while not stopped.is_set():
        signal.setitimer(signal.ITIMER_PROF, MAX_BLOCKED_SECONDS)
        stopped.wait(WATCH_SECONDS)


def _suppressed(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        logger.warning("the message of a job could not be kept hidden", exc_info=True)


def _join(threads: list[threading.Thread]) -> None:
    """Wait for the threads. If the database does not respond, interrupt the thread that renews the lease.

    A thread that still waits for SQS ends by itself. Its last call is harmless, even if the message was deleted.
    """
    for thread in threads:
        thread.join(STOP_SECONDS)
    if threads[0].is_alive():
        logger.warning("the renewal of a lease takes too long and is interrupted")
        _interrupt()
        threads[0].join(STOP_SECONDS)


def _interrupt() -> None:
    """Shut down the socket of the connection, so that the thread stops waiting for the server.

    The thread itself closes the connection. If this function closed the connection, another file could get the same
    descriptor while the thread still waits for it.
    """
    connection = beside.connection
    if connection is not None and not connection.closed:
        with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)
