"""The operations that callers can perform on jobs: read, cancel, retry, approve and decide."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.database import Caller, Transaction, as_json, writing
from wecelebrate.core.errors import Conflict, Forbidden, NotFound
from wecelebrate.jobs.lease import INLINE_LEASE_SECONDS, LeasedJob, job_message, sql, wake_up_message
from wecelebrate.jobs.models import Job
from wecelebrate.jobs.notifications import StoppedJob, job_stopped
from wecelebrate.jobs.types import JobType


class WrongJobState(Conflict):
    """The job is in a state that does not allow this operation.

    For example, only a failed or cancelled job can be retried, and only a job that waits for approval can be approved.
    `detail` says why the operation is not possible.

    Read the job with `GET /v1/jobs/{job_id}`. Its `status` and its `waiting_for` show which operations are possible.
    """

    code = "job_state"


def get(tx: Transaction, job_id: UUID) -> Job:
    """Return a job. Raises NotFound."""
    row = find_row(tx, job_id)
    if row is None:
        raise NotFound
    return Job(**row)


def find_row(tx: Transaction, job_id: UUID) -> dict[str, Any] | None:
    """Return the row of a job, or None if the caller is not allowed to see the job."""
    row: dict[str, Any] | None = sql.get_job(tx, job_id=job_id)
    return row


def cancel(tx: Transaction, job_id: UUID) -> Job:
    """Cancel a job that has not ended. Changes that the job has already made are not undone.

    Raises NotFound, Forbidden or WrongJobState.
    """
    job = _lock(tx, job_id)
    if job["status"] not in ("pending", "processing"):
        raise WrongJobState(f"The job is already {job['status']}. Only pending and processing jobs can be cancelled.")
    sql.cancel_job(tx, job_id=job_id, code="cancelled", reason="The job was cancelled.")
    job_stopped(tx, StoppedJob(job_id, job["type"]))
    return get(tx, job_id)


def retry(tx: Transaction, job_id: UUID) -> Job:
    """Run a failed or cancelled job again.

    The job continues from its checkpoint. There is one exception: a job that loads a file starts again with the first
    row, because its staged rows were deleted.

    Raises NotFound, Forbidden or WrongJobState. WrongJobState is also raised if a later job with the same ordering key
    has completed, because a retry would then undo the changes of the later job.
    """
    job = _lock(tx, job_id)
    if job["status"] not in ("failed", "cancelled"):
        raise WrongJobState(f"The job is {job['status']}. Only failed and cancelled jobs can be retried.")
    if job["ordering_key"] and sql.is_overtaken(
        tx, job_id=job_id, ordering_key=job["ordering_key"], queued_at=job["queued_at"]
    ):
        raise WrongJobState(
            "A later job for the same catalog has completed, and this job would undo its changes. Send the file again."
        )
    sql.retry_job(tx, job_id=job_id)
    enqueue(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def approve(tx: Transaction, job_id: UUID) -> Job:
    """Approve the planned changes of a job that waits for an approval. Raises NotFound, Forbidden or WrongJobState."""
    job = _lock(tx, job_id)
    if job["waiting_for"] == "decision":
        raise WrongJobState("The job waits for answers to its questions. Send them to `POST /v1/jobs/{job_id}/decide`.")
    if sql.approve_job(tx, job_id=job_id) == 0:
        raise WrongJobState("The job is not waiting for an approval, so it cannot be approved.")
    enqueue(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def questions_of(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """Lock a job that waits for a decision. It returns its `catalog_id` and its `questions`.

    Raises NotFound, Forbidden or WrongJobState.
    """
    job = _lock(tx, job_id)
    if job["waiting_for"] != "decision":
        raise WrongJobState("The job is not waiting for a decision, so its questions cannot be answered.")
    return job


def decide(tx: Transaction, job_id: UUID, answers: Mapping[str, str]) -> Job:
    """Record the answers to the questions of a job, which then continues. Raises the errors of `questions_of`."""
    job = questions_of(tx, job_id)
    sql.decide_job(tx, job_id=job_id, **as_json({"answers": dict(answers)}, "answers"))
    enqueue(tx, job["type"], job_id, job["client_id"])
    return get(tx, job_id)


def supersede(tx: Transaction, job_id: UUID, kind: JobType, reason: str) -> None:
    """Cancel a job because a newer job makes it unnecessary. If the job has already ended, nothing happens."""
    if sql.cancel_job(tx, job_id=job_id, code="superseded", reason=reason):
        job_stopped(tx, StoppedJob(job_id, kind))


def enqueue(tx: Transaction, kind: JobType, job_id: UUID, client_id: UUID | None) -> None:
    """After the commit, send the message that announces a waiting job.

    One message announces all mails that are enqueued within a second, because mails are many and small.
    """
    if kind == "email_notification":
        queue.wake_up(tx, wake_up_message(kind, client_id))
    else:
        queue.enqueue(tx, job_message(kind, job_id, client_id))


def _lock(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """Lock a job before it is changed. Raises NotFound, or Forbidden if the caller can only read the job.

    Editors cannot cancel the job of an erasure, because only owners can request erasures.
    """
    job = sql.lock_job(tx, job_id=job_id)
    if job is not None:
        is_client = tx.context.role == "app_client"
        if job["type"] == "erasure" and is_client and job["client_id"] not in (tx.context.owner_ids or []):
            raise Forbidden
        return dict(job)
    get(tx, job_id)
    raise Forbidden


def claim_inline(caller: Caller, job_id: UUID) -> LeasedJob | None:
    """Lease a waiting job, so that the current request can run it.

    It returns None if a worker has leased the job, or if an earlier job with the same ordering key has not ended.
    """
    with writing(replace(caller, job_id=job_id)) as tx:
        row = sql.claim_inline(tx, job_id=job_id, seconds=INLINE_LEASE_SECONDS)
    if row is None:
        return None
    job = LeasedJob.from_row(dict(row), heartbeat=lambda: None, time_left=lambda: inf)
    job.lease_seconds = INLINE_LEASE_SECONDS
    return job


def release_inline(job: LeasedJob) -> None:
    """End the lease of a job that failed within the current request. This attempt is not counted."""
    with writing(job.caller) as tx:
        sql.release_job(tx, job_id=job.id, fence=job.fence, failures=job.failures - 1, delay=0)
