"""What callers do with a job: read, cancel, retry, approve."""

from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from wecelebrate import audit
from wecelebrate.core import queue
from wecelebrate.core.database import Caller, Transaction, writing
from wecelebrate.core.errors import Conflict, Forbidden, NotFound
from wecelebrate.jobs.lease import LEASE_SECONDS, LeasedJob, job_message, sql
from wecelebrate.jobs.models import Job
from wecelebrate.jobs.notifications import StoppedJob, job_stopped
from wecelebrate.jobs.types import JobType


class WrongJobState(Conflict):
    """The state of the job does not allow this."""

    code = "job_state"


def get(tx: Transaction, job_id: UUID) -> Job:
    """One job. Raises NotFound."""
    row = find_row(tx, job_id)
    if row is None:
        raise NotFound
    return Job(**row)


def find_row(tx: Transaction, job_id: UUID) -> dict[str, Any] | None:
    """One job as a row, or None if the caller cannot see it."""
    row: dict[str, Any] | None = sql.get_job(tx, job_id=job_id)
    return row


def cancel(tx: Transaction, job_id: UUID) -> Job:
    """Cancel a job that has not ended. Its changes so far stay. Raises NotFound, Forbidden, WrongJobState."""
    job = _lock(tx, job_id)
    if job["status"] not in ("pending", "processing"):
        raise WrongJobState(f"The job is already {job['status']}.")
    sql.cancel_job(tx, job_id=job_id, code="cancelled", reason="The job was cancelled.")
    job_stopped(tx, StoppedJob(job_id, job["type"]))
    audit.record(tx, "job.cancel", job["client_id"], job_id)
    return get(tx, job_id)


def retry(tx: Transaction, job_id: UUID) -> Job:
    """Run a failed or cancelled job again. It continues from its checkpoint; a load starts again from its first row,
    because its staged rows are gone.

    Raises NotFound, Forbidden, and WrongJobState: also if a later job with the same ordering key has completed, because
    this job would undo the later one.
    """
    job = _lock(tx, job_id)
    if job["status"] not in ("failed", "cancelled"):
        raise WrongJobState(f"The job is {job['status']}. Only failed and cancelled jobs can be retried.")
    if job["series"] and sql.overtaken(tx, job_id=job_id, series=job["series"], place=job["place"]):
        raise WrongJobState(
            "A later job for the same catalog has completed, and this one would undo it. Send the file again."
        )
    sql.retry_job(tx, job_id=job_id)
    audit.record(tx, "job.retry", job["client_id"], job_id)
    enqueue(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def approve(tx: Transaction, job_id: UUID) -> Job:
    """Approve the changes that a job waits to make. Raises NotFound, Forbidden, WrongJobState."""
    job = _lock(tx, job_id)
    if sql.approve_job(tx, job_id=job_id) == 0:
        raise WrongJobState("The job does not wait for an approval.")
    audit.record(tx, "job.approve", job["client_id"], job_id)
    enqueue(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def supersede(tx: Transaction, job_id: UUID, kind: JobType, reason: str) -> None:
    """Cancel a job that a newer one makes unnecessary. Does nothing if it has ended."""
    if sql.cancel_job(tx, job_id=job_id, code="superseded", reason=reason):
        job_stopped(tx, StoppedJob(job_id, kind))


def enqueue(tx: Transaction, kind: JobType, job_id: UUID, client_id: UUID | None) -> None:
    """Tell the job's queue, after the commit, that the job is waiting."""
    queue.enqueue(tx, job_message(kind, job_id, client_id))


def _lock(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """Lock the job for a change. Raises NotFound, and Forbidden if the caller may only read it."""
    job = sql.lock_job(tx, job_id=job_id)
    if job is not None:
        return dict(job)
    get(tx, job_id)
    raise Forbidden


def claim_inline(caller: Caller, job_id: UUID) -> LeasedJob | None:
    """Lease a waiting job to run it within this request. None if a worker has it, or an earlier job with the same
    ordering key has not ended."""
    with writing(replace(caller, job_id=job_id)) as tx:
        row = sql.claim_inline(tx, job_id=job_id, seconds=LEASE_SECONDS)
    return LeasedJob.from_row(dict(row), heartbeat=lambda: None, time_left=lambda: inf) if row else None


def release_inline(job: LeasedJob) -> None:
    """Give back a job that failed within this request. The attempt does not count."""
    with writing(job.caller) as tx:
        sql.release_job(tx, job_id=job.id, fence=job.fence, failures=job.failures - 1, delay=0)
