"""Workers, which run jobs. Queue messages start the workers.

    handler = consume(worker("catalog_sync", sync.run), on_dead_letter=dead_letters.record_message)

A message only announces that jobs are waiting. The worker claims the next job (`app.claim_job`) and runs it. It repeats
this until no job is waiting, or until its time is over. If the worker has run many jobs, and further jobs are waiting,
it starts one more worker.

If the work of a job raises an exception, the type of the exception decides what happens to the job:

    JobRejected, Forbidden, NotFound   The job fails immediately, because it can never succeed.
    Unavailable                        The job is retried in a few seconds. The attempt does not count.
    DeadlineReached                    The job continues in another invocation. An attempt without progress counts.
                                       After three in a row, the job fails, because its input costs too much.
    LeaseLost                          Nothing happens. Another worker has leased the job, or the job was cancelled.
    any other exception                The job is retried after 5, 10 or 20 seconds. After three consecutive attempts
                                       without progress, it fails and is recorded as a dead letter.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from aws_lambda_powertools import Logger

from wecelebrate.core import queue
from wecelebrate.core.database import SYSTEM, Transaction, writing
from wecelebrate.core.errors import Forbidden, NotFound, Unavailable
from wecelebrate.core.settings import settings
from wecelebrate.jobs import dead_letters
from wecelebrate.jobs.lease import (
    LEASE_SECONDS,
    DeadlineReached,
    JobRejected,
    LeasedJob,
    LeaseLost,
    job_message,
    sql,
    wake_up_message,
)
from wecelebrate.jobs.notifications import StoppedJob, check_listeners, job_stopped
from wecelebrate.jobs.rate_limit import rate_limiter
from wecelebrate.jobs.renewal import renewing
from wecelebrate.jobs.types import JobType

logger = Logger()

MAX_SECONDS_PER_MESSAGE = 300.0
"""After it has received a message, a worker claims further jobs for this number of seconds."""
JOBS_BEFORE_HELP = 25
"""After this number of jobs, a worker starts one more worker, because one message can announce many jobs."""
TOO_SLOW = (
    "too_slow",
    "The job made no progress during several invocations of a worker. Split the file into smaller files.",
)
"""The code and the reason of a job that fails because several consecutive attempts had too little time to make
progress.
"""
RETRY_DELAY_SECONDS = 5
"""The delay before the retry of a job that raised Unavailable, in seconds."""


def worker(kind: JobType, work: Callable[[LeasedJob], None]) -> Callable[[queue.Message], None]:
    """Create a message handler that runs jobs of one type. `work` runs one job and records its outcome. Raises
    NoListeners.
    """
    check_listeners()

    def run_jobs(message: queue.Message) -> None:
        until = time.monotonic() + min(MAX_SECONDS_PER_MESSAGE, message.time_left() / 2)
        finished = 0
        while (job := _claim(kind, message, expires=finished == 0)) is not None:
            if finished == JOBS_BEFORE_HELP:
                queue.send_or_defer([wake_up_message(kind, job.client_id)])
            with renewing(job):
                rate_limiter().wait()
                run_job(job, partial(_run_to_end, work))
            finished += 1
            if time.monotonic() > until:
                queue.send_or_defer([job_message(kind, job.id, job.client_id)])
                return

    return run_jobs


def _claim(kind: JobType, message: queue.Message, expires: bool) -> LeasedJob | None:
    """Claim the next job. If `expires` is true, first end the leases of dead workers, as the sweeper does."""
    message.extend_visibility()
    with writing(SYSTEM) as tx:
        if expires:
            expire_leases(tx, kind)
        row = sql.claim_job(tx, type=kind, workers=settings().workers, seconds=LEASE_SECONDS)
    return LeasedJob.from_row(dict(row), message.extend_visibility, message.time_left) if row else None


def expire_leases(tx: Transaction, kind: JobType | None) -> None:
    """End the leases of dead workers, and start other workers for their jobs. A job without a further attempt fails.

    `kind` is the type of the jobs. If `kind` is None, the function handles all types.
    """
    for job in sql.expire_leases(tx, type=kind):
        if job["status"] == "pending":
            queue.enqueue(tx, job_message(job["type"], job["id"], job["client_id"]))
            continue
        dead_letters.record_job(tx, job, "worker_died", job["error"])
        job_stopped(tx, StoppedJob(job["id"], job["type"], job["notify_email"]))


def _run_to_end(work: Callable[[LeasedJob], None], job: LeasedJob) -> None:
    work(job)
    if not job.ended:
        raise RuntimeError(
            f"the work of a {job.type} job must call complete(), fail(), await_approval() or"
            " await_decision() before it returns"
        )


def run_job(job: LeasedJob, work: Callable[[LeasedJob], None]) -> None:
    """Run `work` for a job.

    The table at the top of this module shows what happens if `work` raises an exception. Raises Unavailable.
    """
    logger.append_keys(job_id=str(job.id), client_id=str(job.client_id), catalog_id=str(job.catalog_id))
    try:
        work(job)
    except LeaseLost:
        logger.warning("the lease was lost: another worker has leased the job, or the job was cancelled")
    except DeadlineReached:
        if job.last_attempt:
            _fail(job, *TOO_SLOW)
        else:
            _release(job, delay=0, failures=job.failures)  # `failures` is 0 if the attempt made progress.
    except JobRejected as rejection:
        _fail(job, rejection.code, rejection.reason)
    except Unavailable:
        _release(job, delay=RETRY_DELAY_SECONDS, failures=max(job.failures - 1, 0))
        raise
    except (Forbidden, NotFound) as problem:
        _fail(job, problem.code, str(problem))
    except Exception as error:
        job.failures = _saved_failures(job)
        logger.exception("an attempt to run the job failed", failures=job.failures)
        if job.last_attempt:
            _dead_letter(job, error)
        else:
            # `failures` is 0 if this attempt made progress.
            backoff = queue.BACKOFF_SECONDS[min(max(job.failures, 1), len(queue.BACKOFF_SECONDS)) - 1]
            _release(job, delay=int(backoff * random.uniform(1, 1.5)), failures=job.failures)  # noqa: S311
    finally:
        logger.remove_keys(["job_id", "client_id", "catalog_id"])


def _saved_failures(job: LeasedJob) -> int:
    """Return the failure count in the database.

    `job.failures` can be wrong: it changes when the worker saves progress, even if that transaction is rolled back
    later.
    """
    with writing(SYSTEM) as tx:
        return int(sql.get_failures(tx, job_id=job.id) or 0)


def _fail(job: LeasedJob, code: str, reason: str) -> None:
    with suppress(LeaseLost), writing(SYSTEM) as tx:
        job.fail(tx, code, reason)


def _dead_letter(job: LeasedJob, error: Exception) -> None:
    """Fail a job with valid input, and record a dead letter that describes the error for an operator."""
    with suppress(LeaseLost), writing(SYSTEM) as tx:
        job.fail(
            tx, "internal_error", "An internal error occurred several times. We will look into it and retry the job."
        )
        failed = {"id": job.id, "type": job.type, "client_id": job.client_id, "attempts": job.attempts}
        dead_letters.record_job(tx, failed, "internal_error", f"{type(error).__name__}: {error}")


def _release(job: LeasedJob, delay: int, failures: int) -> None:
    """End the lease, so that a worker can run the job later. If this call fails, the lease expires by itself."""
    with suppress(Unavailable):
        with writing(SYSTEM) as tx:
            released = sql.release_job(tx, job_id=job.id, fence=job.fence, failures=failures, delay=delay)
        if released:
            queue.send_or_defer([job_message(job.type, job.id, job.client_id, delay)])
