"""Workers: what a message of a queue sets going.

    handler = consume(worker("catalog_sync", syncs.run))

A message is no more than word that there is work. The worker does the job that is next (`app.claim_job`), and goes on
for as long as there are jobs and time. What a job may raise, and what follows:

    Refused, Forbidden, NotFound            failed at once: it can never succeed
    Unavailable                             again in a few seconds; no try of the job's is used up
    OutOfTime                               goes on in another invocation
    Fenced                                  nothing: another worker has it, or it was cancelled
    anything else                           again after 5, 10, 20 seconds; failed when that happened three times in a
                                            row without coming further, and then a dead letter tells of it
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress

from aws_lambda_powertools import Logger

from wecelebrate import queue
from wecelebrate.database import SYSTEM, writing
from wecelebrate.errors import Forbidden, NotFound, Unavailable
from wecelebrate.jobs import dead_letters, ends
from wecelebrate.jobs.held import LEASE_SECONDS, Fenced, Held, OutOfTime, Refused, sql, word
from wecelebrate.jobs.pace import pace
from wecelebrate.jobs.types import JobType
from wecelebrate.settings import settings

logger = Logger()

LONGEST = 300.0
"""Seconds for which one message keeps its worker beginning further jobs."""
REST = 5
"""Seconds until a job is tried again whose failure was none of its own."""


def worker(kind: JobType, work: Callable[[Held], None]) -> Callable[[queue.Message], None]:
    """What does the jobs of a type when a message comes: `work` does one, and ends it."""

    def do_jobs(message: queue.Message) -> None:
        until = time.monotonic() + min(LONGEST, message.time_left() / 2)
        while (job := _take(kind, message)) is not None:
            pace().wait()
            _do(job, work)
            if time.monotonic() > until:
                queue.tell([word(kind, job.id, job.client_id)])
                return

    return do_jobs


def _take(kind: JobType, message: queue.Message) -> Held | None:
    message.hold()
    with writing(SYSTEM) as tx:
        for dead in sql.expire_leases(tx, type=kind):
            dead_letters.record_job(tx, dead, "worker_died", dead["error"])
            ends.tell(tx, dead["id"], dead["type"], dead["notify_email"])
        row = sql.claim_job(tx, type=kind, workers=settings().workers, seconds=LEASE_SECONDS)
    return Held.of(dict(row), message.hold, message.time_left) if row else None


def _do(job: Held, work: Callable[[Held], None]) -> None:
    logger.append_keys(job_id=str(job.id), client_id=str(job.client_id), catalog_id=str(job.catalog_id))
    try:
        work(job)
        if not job.ended:
            raise RuntimeError(f"the work of a {job.type} ended, its job did not")
    except Fenced:
        logger.warning("another worker holds the job, or it was cancelled")
    except OutOfTime:
        _release(job, delay=0, failures=max(job.failures - 1, 0))
    except Refused as refused:
        _fail(job, refused.code, refused.reason)
    except Unavailable:
        _release(job, delay=REST, failures=max(job.failures - 1, 0))
        raise
    except (Forbidden, NotFound) as problem:
        _fail(job, problem.code, str(problem))
    except Exception as error:
        job.failures = _failures(job)
        logger.exception("a try failed", failures=job.failures)
        if job.last_attempt:
            _bury(job, error)
        else:
            # None failed in a row when this one came further.
            backoff = queue.BACKOFF[min(max(job.failures, 1), len(queue.BACKOFF)) - 1]
            _release(job, delay=int(backoff * random.uniform(1, 1.5)), failures=job.failures)  # noqa: S311
    finally:
        logger.remove_keys(["job_id", "client_id", "catalog_id"])


def _failures(job: Held) -> int:
    """As the database counts: what this worker believes it saved may have been taken back with the transaction."""
    with writing(SYSTEM) as tx:
        return int(sql.get_failures(tx, job_id=job.id) or 0)


def _fail(job: Held, code: str, reason: str) -> None:
    with suppress(Fenced), writing(SYSTEM) as tx:
        job.fail(tx, code, reason)


def _bury(job: Held, error: Exception) -> None:
    """Failed through no fault of its input: the client is told so, the operator is told what happened."""
    with suppress(Fenced), writing(SYSTEM) as tx:
        job.fail(tx, "internal_error", "Something of ours failed, again and again. We look into it, and try it again.")
        told = {"id": job.id, "type": job.type, "client_id": job.client_id, "attempts": job.attempts}
        dead_letters.record_job(tx, told, "internal_error", f"{type(error).__name__}: {error}")


def _release(job: Held, delay: int, failures: int) -> None:
    """Back to the queue for later; when even that fails, the lease runs out by itself."""
    with suppress(Unavailable):
        with writing(SYSTEM) as tx:
            released = sql.release_job(tx, job_id=job.id, fence=job.fence, failures=failures, delay=delay)
        if released:
            queue.tell([word(job.type, job.id, job.client_id, delay)])
