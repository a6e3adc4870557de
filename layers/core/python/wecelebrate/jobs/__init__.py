"""Jobs: background work. Each job is a row of the table `jobs`. A queue message only announces that a job is waiting.

The row of a job is created in the transaction of the request. The message is sent after the commit. If the message is
lost, the sweeper sends it again. The database decides in which order workers claim jobs (`wecelebrate.jobs.workers`).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from wecelebrate.core import batches, pages, queue
from wecelebrate.core.database import SYSTEM, Transaction, as_json, writing
from wecelebrate.jobs.batch_workers import batch_worker
from wecelebrate.jobs.control import (
    approve,
    cancel,
    claim_inline,
    decide,
    enqueue,
    find_row,
    get,
    questions_of,
    release_inline,
    retry,
    supersede,
)
from wecelebrate.jobs.lease import DeadlineReached, JobRejected, LeasedJob, LeaseLost, sql, wake_up_message
from wecelebrate.jobs.models import JobFilters, QueueState, QueueStates
from wecelebrate.jobs.notifications import StoppedJob, on_job_stopped
from wecelebrate.jobs.types import QUEUES, JobType, Priority, RowCount
from wecelebrate.jobs.workers import expire_leases, worker

__all__ = [
    "DeadlineReached",
    "JobRejected",
    "LeaseLost",
    "LeasedJob",
    "RowCount",
    "StoppedJob",
    "approve",
    "batch_worker",
    "cancel",
    "claim_inline",
    "create",
    "decide",
    "ended",
    "enqueue",
    "find_row",
    "forget",
    "get",
    "on_job_stopped",
    "page",
    "questions_of",
    "queues",
    "release_inline",
    "retry",
    "supersede",
    "sweep",
    "worker",
]

_IDLE = {
    "waiting": 0, "later": 0, "awaiting_approval": 0, "awaiting_decision": 0, "blocked": 0, "at_work": 0,
    "clients_waiting": 0, "oldest_waiting_seconds": None, "completed_24h": 0, "failed_24h": 0,
}  # fmt: skip
LOST_AFTER_SECONDS = 5.0
"""If no worker claims a job within this time after the due time, in seconds, the message of the job is treated as
lost."""
MESSAGES_PER_TYPE = 3
"""The maximum number of messages that the sweeper sends for each job type. Each message starts a worker, which claims
jobs until no job is waiting."""
FORGET_BATCH = 1_000
"""The maximum number of jobs that one transaction deletes."""


def page(tx: Transaction, filters: JobFilters) -> pages.RenderedPage:
    """Return one page of the jobs that the caller is allowed to see, newest first."""
    return pages.list_page("jobs", sql.list_jobs, tx, filters, pages.NEWEST)


def create(
    tx: Transaction,
    kind: JobType,
    *,
    client_id: UUID | None,
    payload: Mapping[str, Any],
    catalog_id: UUID | None = None,
    priority: Priority = "normal",
    ordering_key: str | None = None,
    requested_by: str | None = None,
    notify_email: str | None = None,
) -> UUID:
    """Create a job and return its id. The message of the job is sent after the commit.

    Jobs with the same `ordering_key` run one at a time, in the order of their creation. The requester is the caller,
    unless `requested_by` names a service. Raises Forbidden if the caller may not change data of the client or of the
    catalog.
    """
    job_id: UUID = sql.create_job(
        tx,
        client_id=client_id,
        catalog_id=catalog_id,
        type=kind,
        requested_by=requested_by or tx.caller.subject,
        priority=priority,
        ordering_key=ordering_key,
        notify_email=notify_email,
        **as_json({"payload": dict(payload)}, "payload"),
    )
    enqueue(tx, kind, job_id, client_id)
    return job_id


def queues(tx: Transaction) -> QueueStates:
    """Count the jobs of each type by their state. Raises Forbidden unless the caller is an admin or support."""
    rows = {row["type"]: row for row in sql.queue_states(tx)}
    dead_letters = {row["queue"]: row["letters"] for row in sql.count_dead_letters(tx)}
    states = [
        QueueState(queue=name, dead_letters=dead_letters.get(name, 0), **{**_IDLE, "type": kind, **rows.get(kind, {})})
        for kind, name in QUEUES.items()
    ]
    return QueueStates(data=states)


def sweep() -> None:
    """Make the jobs of dead workers available again, and send lost messages again.

    While a kill switch makes the platform start workers without messages, this function starts workers for all waiting
    jobs: at most MESSAGES_PER_TYPE workers for each job type.
    """
    with writing(SYSTEM) as tx:
        expire_leases(tx, None)
        is_direct = queue.is_direct()
        at_work = {row["type"]: row["jobs"] for row in sql.count_jobs_at_work(tx)} if is_direct else {}
        for waiting in sql.count_late_jobs(tx, late_seconds=0 if is_direct else LOST_AFTER_SECONDS):
            message = wake_up_message(waiting["type"], None)
            workers = max(0, MESSAGES_PER_TYPE - at_work.get(waiting["type"], 0))
            queue.enqueue(tx, *[message] * min(waiting["jobs"], workers))


def ended(tx: Transaction, job_ids: Sequence[UUID]) -> list[UUID]:
    """Return the ids of the given jobs that have ended or do not exist any more."""
    return [row["id"] for row in sql.list_ended_jobs(tx, ids=list(job_ids))]


def forget() -> int:
    """Delete mail and image jobs that ended more than 90 days ago. It returns the number of deleted jobs."""
    return batches.run(lambda tx, limit: int(sql.delete_old_jobs(tx, max_rows=limit)), FORGET_BATCH)
