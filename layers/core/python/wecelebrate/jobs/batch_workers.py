"""Workers that claim several small jobs together, for example mails.

    handler = consume(batch_worker("email_notification", MailBatch.load), on_dead_letter=dead_letters.record_message)

One transaction claims the jobs of a batch, and another transaction reads the data for the jobs. The jobs run one after
the other. The outcome of each job is recorded before the next job begins. Therefore at most one job is repeated if the
worker dies. Each job has its own lease, fence and attempts.

If a job raises an exception, the same rules apply as in `jobs.workers`, and the other jobs of the batch continue. There
is one exception to this rule: if a job raises Unavailable, the batch ends. The jobs that have not begun then return to
the queue, and no attempt is counted.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from aws_lambda_powertools import Logger

from wecelebrate.core import queue
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings
from wecelebrate.jobs.lease import LEASE_SECONDS, MIN_SECONDS_LEFT, LeasedJob, sql, wake_up_message
from wecelebrate.jobs.notifications import check_listeners
from wecelebrate.jobs.rate_limit import rate_limiter
from wecelebrate.jobs.renewal import renewing
from wecelebrate.jobs.types import JobType
from wecelebrate.jobs.workers import (
    JOBS_BEFORE_HELP,
    MAX_SECONDS_PER_MESSAGE,
    RETRY_DELAY_SECONDS,
    expire_leases,
    run_job,
)

logger = Logger()

BATCH_SECONDS = 2.0
"""The planned duration of a batch, in seconds, at the rate limit of the queue. After each batch, the worker can run
jobs of another client.
"""
MAX_BATCH = 25
"""The maximum number of jobs in a batch."""


class BatchWork(Protocol):
    """The work of the jobs of one batch."""

    def run(self, job: LeasedJob) -> None:
        """Do the work of one job, and record its outcome."""


OpenBatch = Callable[[Sequence[LeasedJob]], BatchWork]
"""Reads the data for the jobs of a batch. It can end jobs that need no work."""


def batch_worker(kind: JobType, open_batch: OpenBatch) -> Callable[[queue.Message], None]:
    """Create a message handler that runs jobs of one type in batches. Raises NoListeners."""
    check_listeners()

    def run_jobs(message: queue.Message) -> None:
        until = time.monotonic() + min(MAX_SECONDS_PER_MESSAGE, message.time_left() / 2)
        finished = 0
        while jobs := _claim(kind, message, expires=finished == 0):
            if finished < JOBS_BEFORE_HELP <= finished + len(jobs):
                queue.send_or_defer([wake_up_message(kind, jobs[0].client_id)])
            with renewing(*jobs):
                _run_batch(jobs, open_batch)
            finished += len(jobs)
            if time.monotonic() > until:
                queue.send_or_defer([wake_up_message(kind, jobs[0].client_id)])
                return

    return run_jobs


def _claim(kind: JobType, message: queue.Message, expires: bool) -> list[LeasedJob]:
    """Claim the next jobs of one owner. If `expires` is true, first end the leases of dead workers."""
    message.extend_visibility()
    workers, share = settings().workers, settings().rate / settings().workers
    size = max(1, min(MAX_BATCH, int(share * BATCH_SECONDS)))
    with writing(SYSTEM) as tx:
        if expires:
            expire_leases(tx, kind)
        rows = list(sql.claim_job_batch(tx, type=kind, workers=workers, max_jobs=size, seconds=LEASE_SECONDS))
    return [LeasedJob.from_row(dict(row), message.extend_visibility, message.time_left) for row in rows]


def _run_batch(jobs: Sequence[LeasedJob], open_batch: OpenBatch) -> None:
    try:
        work = open_batch(jobs)
    except Unavailable:
        _return_to_queue(jobs)
        raise
    except Exception as error:
        _isolate(jobs, error, lambda job: _run_batch([job], open_batch))
        return
    waiting = [job for job in jobs if not job.ended]
    try:
        while waiting:
            if waiting[0].time_left() < MIN_SECONDS_LEFT:
                _return_to_queue(waiting)
                break
            rate_limiter().wait()
            run_job(waiting.pop(0), work.run)
    except Unavailable:
        _return_to_queue(waiting)
        raise


def _isolate(jobs: Sequence[LeasedJob], error: Exception, retry: Callable[[LeasedJob], None]) -> None:
    """After an operation on several jobs has failed, repeat it for each job alone, because one job can be the cause.

    If the operation was on a single job, the attempt of this job has failed.
    """
    if len(jobs) == 1:
        run_job(jobs[0], partial(_raise, error))
        return
    logger.warning("a batch of jobs is handled one by one", jobs=len(jobs), reason=repr(error))
    for job in jobs:
        retry(job)


def _raise(error: Exception, _: LeasedJob) -> None:
    raise error


def _return_to_queue(jobs: Sequence[LeasedJob]) -> None:
    """End the leases of jobs that this worker cannot run now. These attempts are not counted."""
    if not jobs:
        return
    with suppress(Unavailable):
        with writing(SYSTEM) as tx:
            for job in sorted(jobs, key=lambda job: job.id):
                sql.release_job(
                    tx, job_id=job.id, fence=job.fence, failures=max(job.failures - 1, 0), delay=RETRY_DELAY_SECONDS
                )
        queue.send_or_defer([wake_up_message(jobs[0].type, jobs[0].client_id, RETRY_DELAY_SECONDS)])
