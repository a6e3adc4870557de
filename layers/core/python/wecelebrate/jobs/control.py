"""What may be done about a job: read, cancel, try again, approve."""

from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from wecelebrate import audit
from wecelebrate.database import Caller, Transaction, writing
from wecelebrate.errors import Conflict, Forbidden, NotFound
from wecelebrate.jobs import ends
from wecelebrate.jobs.held import LEASE_SECONDS, Held, sql, word
from wecelebrate.jobs.models import Job
from wecelebrate.jobs.types import JobType


class JobState(Conflict):
    """The job is in a state that does not allow this."""

    code = "job_state"


def get(tx: Transaction, job_id: UUID) -> Job:
    """One job. Raises NotFound."""
    row = sql.get_job(tx, job_id=job_id)
    if row is None:
        raise NotFound
    return Job(**row)


def cancel(tx: Transaction, job_id: UUID) -> Job:
    """End a job that is not done yet; what it has done stays. Raises NotFound, Forbidden, JobState."""
    job = _lock(tx, job_id)
    if job["status"] not in ("pending", "processing"):
        raise JobState(f"It is {job['status']} already.")
    sql.cancel_job(tx, job_id=job_id, code="cancelled", reason="It was cancelled.")
    ends.tell(tx, job_id, job["type"])
    audit.note(tx, "job.cancel", job["client_id"], job_id)
    return get(tx, job_id)


def retry(tx: Transaction, job_id: UUID) -> Job:
    """Do a job again that failed or was cancelled: it goes on where it stopped, and a load, of which nothing is staged
    any more, from its beginning.

    Raises NotFound, Forbidden, JobState: also for one of a series of which a later one was done since, for it would
    bring back what that replaced.
    """
    job = _lock(tx, job_id)
    if job["status"] not in ("failed", "cancelled"):
        raise JobState(f"It is {job['status']}: only what failed or was cancelled is tried again.")
    if job["ordering_key"] and sql.is_overtaken(
        tx, job_id=job_id, ordering_key=job["ordering_key"], queued_at=job["queued_at"]
    ):
        raise JobState("A later one was done since: this one would bring back what that replaced. Send its file again.")
    sql.retry_job(tx, job_id=job_id)
    audit.note(tx, "job.retry", job["client_id"], job_id)
    tell(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def approve(tx: Transaction, job_id: UUID) -> Job:
    """Let a job do what it stopped before. Raises NotFound, Forbidden, JobState."""
    job = _lock(tx, job_id)
    if sql.approve_job(tx, job_id=job_id) == 0:
        raise JobState("It waits for no approval.")
    audit.note(tx, "job.approve", job["client_id"], job_id)
    tell(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def supersede(tx: Transaction, job_id: UUID, kind: JobType, reason: str) -> None:
    """End a job that something newer made needless."""
    if sql.cancel_job(tx, job_id=job_id, code="superseded", reason=reason):
        ends.tell(tx, job_id, kind)


def tell(tx: Transaction, kind: JobType, job_id: UUID, client_id: UUID | None) -> None:
    """Have word of a job sent once the transaction is committed."""
    tx.words.append(word(kind, job_id, client_id))


def _lock(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """The job, for a change. Raises NotFound, Forbidden for one that the caller only sees."""
    job = sql.lock_job(tx, job_id=job_id)
    if job is not None:
        return dict(job)
    get(tx, job_id)
    raise Forbidden


def take_here(caller: Caller, job_id: UUID) -> Held | None:
    """Take a job that waits, to do it in this request; None when a worker has it, or another of its series is first."""
    with writing(replace(caller, job_id=job_id)) as tx:
        row = sql.claim_inline(tx, job_id=job_id, seconds=LEASE_SECONDS)
    return Held.of(dict(row), beat=lambda: None, time_left=lambda: inf) if row else None


def release_here(job: Held) -> None:
    """Give back a job that could not be done in this request."""
    with writing(job.caller) as tx:
        sql.release_job(tx, job_id=job.id, fence=job.fence, failures=job.failures - 1, delay=0)
