"""Jobs: the truth about background work. The queue only carries word of them.

A job is a row in the transaction of whoever asks for it; word goes to its queue after the commit, and the sweeper sends
what was lost. Workers take jobs in the order that the database decides (`wecelebrate.jobs.workers`).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from wecelebrate import batches, pages, queue
from wecelebrate.database import SYSTEM, Transaction, as_json, writing
from wecelebrate.jobs import dead_letters, ends
from wecelebrate.jobs.control import approve, cancel, get, release_here, retry, supersede, take_here, tell
from wecelebrate.jobs.held import Fenced, Held, OutOfTime, Refused, sql
from wecelebrate.jobs.models import JobFilters, QueueState, QueueStates
from wecelebrate.jobs.types import QUEUES, JobType, Lane
from wecelebrate.jobs.workers import worker

__all__ = [
    "Fenced",
    "Held",
    "OutOfTime",
    "Refused",
    "approve",
    "cancel",
    "create",
    "ended",
    "forget",
    "get",
    "page",
    "queues",
    "release_here",
    "retry",
    "supersede",
    "sweep",
    "take_here",
    "worker",
]

_IDLE = {
    "waiting": 0, "later": 0, "awaiting_approval": 0, "at_work": 0, "clients_waiting": 0,
    "oldest_waiting_seconds": None, "completed_24h": 0, "failed_24h": 0,
}  # fmt: skip
LATE = 5.0
"""Seconds after which word of a job that is due counts as lost."""
WORDS = 3
"""Messages that the sweeper sends a type: each brings a worker, which does jobs for as long as there are any."""
BATCH = 1_000
"""Jobs that are forgotten in one transaction."""


def page(tx: Transaction, filters: JobFilters) -> pages.Built:
    """One page of the jobs that the caller may see, newest first."""
    return pages.listed("jobs", sql.list_jobs, tx, filters, pages.NEWEST)


def create(
    tx: Transaction,
    kind: JobType,
    *,
    client_id: UUID | None,
    payload: Mapping[str, Any],
    catalog_id: UUID | None = None,
    lane: Lane = "normal",
    series: str | None = None,
    requested_by: str | None = None,
    notify_email: str | None = None,
) -> UUID:
    """A new job: word of it is sent once the transaction is committed. The id.

    Jobs of a `series` are done one at a time, in the order they were made. It is asked for by the caller, unless
    `requested_by` names a service. Raises Forbidden for a client or catalog that the caller does not write for.
    """
    job_id: UUID = sql.create_job(
        tx,
        client_id=client_id,
        catalog_id=catalog_id,
        type=kind,
        requested_by=requested_by or tx.caller.subject,
        priority=lane,
        ordering_key=series,
        notify_email=notify_email,
        **as_json({"payload": dict(payload)}, "payload"),
    )
    tell(tx, kind, job_id, client_id)
    return job_id


def queues(tx: Transaction) -> QueueStates:
    """How the jobs of each type stand. Raises Forbidden for anyone but admins and support."""
    rows = {row["type"]: row for row in sql.queue_states(tx)}
    letters = {row["queue"]: row["letters"] for row in sql.count_dead_letters(tx)}
    states = [
        QueueState(queue=name, dead_letters=letters.get(name, 0), **{**_IDLE, "type": kind, **rows.get(kind, {})})
        for kind, name in QUEUES.items()
    ]
    return QueueStates(data=states)


def sweep() -> None:
    """What got lost: jobs whose worker died go back to their queue, and word of jobs that wait is sent again."""
    with writing(SYSTEM) as tx:
        for dead in sql.expire_leases(tx, type=None):
            dead_letters.record_job(tx, dead, "worker_died", dead["error"])
            ends.tell(tx, dead["id"], dead["type"], dead["notify_email"])
        for late in sql.count_late_jobs(tx, late_seconds=LATE):
            body = {"type": late["type"]}
            tx.words += [queue.word(QUEUES[late["type"]], body, None)] * min(late["jobs"], WORDS)


def ended(tx: Transaction, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those of some jobs that are over, or gone."""
    return [row["id"] for row in sql.list_ended_jobs(tx, ids=list(job_ids))]


def forget() -> int:
    """Forget jobs that nobody asks for any more, batch after batch; how many that were."""
    return batches.run(lambda tx, most: int(sql.delete_old_jobs(tx, max_rows=most)), BATCH)
