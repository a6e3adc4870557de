"""Renews the leases of running jobs, in a thread that has its own database connection.

The lease therefore shows that the worker is alive. One SQL statement of the job can take longer than the lease, because
the code of the job does not have to renew the lease. If the worker dies, its thread dies too, and the lease expires.
The fence protects the job: a worker that has lost its lease can no longer commit changes of the job.

A second thread extends the visibility timeout of the queue message. It is a separate thread, because a call to SQS can
take longer than a lease.

A call of C code, e.g. a match of a regular expression, can block all threads. The lease is then lost during the call. A
third thread therefore restarts a timer of the operating system repeatedly. If a call blocks this thread for
MAX_BLOCKED_SECONDS of CPU time, the timer expires, and the system kills the process. Other workers then run the jobs of
this worker. If this happens in all attempts of a job, the job fails.

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
"""The pause after a failed renewal, in seconds. A lease lasts long enough for several attempts."""
EXTEND_SECONDS = 5.0
"""The time between two calls of `heartbeat`, in seconds."""
STOP_SECONDS = 2.0
"""The number of seconds that each thread has to end after the job has ended."""
WATCH_SECONDS = 1.0
"""The time between two restarts of the timer, in seconds."""
_MEMORY_OF_A_CPU = 1769
"""With this memory, in MB, a Lambda function has one whole CPU. With half of this memory, it has half a CPU."""


def blocked_seconds(memory: int) -> float:
    """Return the CPU time in seconds that a Lambda function gets during one lease. `memory` is its memory in MB.

    The result is longer than WATCH_SECONDS, even if several threads use the CPU.
    """
    return max(LEASE_SECONDS * min(memory / _MEMORY_OF_A_CPU, 1.0), 2 * WATCH_SECONDS)


MAX_BLOCKED_SECONDS = blocked_seconds(int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _MEMORY_OF_A_CPU)))
"""The largest CPU time of a call that blocks all threads, in seconds. The lease expires in this time. Without this
limit, a call that never ends would never be stopped. No job of the platform needs a longer call."""


@contextmanager
def renewing(*jobs: LeasedJob) -> Iterator[None]:
    """Renew the leases of jobs, and extend the visibility timeout of their message, until the `with` block ends."""
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
        # The next attempt can succeed. If no attempt succeeds, the code of the job renews the lease (`check_lease`).
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
    """Restart the timer before it expires, because its signal kills the process.

    The timer counts only the CPU time of this process. It does not expire while the process waits, or because the
    machine is busy.
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

    A thread that still waits for SQS ends after its call. This call has no effect if the message was already deleted.
    """
    for thread in threads:
        thread.join(STOP_SECONDS)
    if threads[0].is_alive():
        logger.warning("the renewal of a lease takes too long and is interrupted")
        _interrupt()
        threads[0].join(STOP_SECONDS)


def _interrupt() -> None:
    """Shut down the socket of the connection, so that the thread stops waiting for the server.

    The thread itself closes the connection. If this function closed it, the system could give the same file descriptor
    to another file while the thread still waits for it.
    """
    connection = beside.connection
    if connection is not None and not connection.closed:
        with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)
