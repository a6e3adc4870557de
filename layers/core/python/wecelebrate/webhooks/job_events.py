"""Publishes the webhook events of stopped jobs."""

from collections.abc import Mapping, Sequence

from wecelebrate import jobs, webhooks
from wecelebrate.core.database import Transaction
from wecelebrate.jobs import StoppedJob
from wecelebrate.jobs.types import JobType
from wecelebrate.webhooks.models import EventName

_EVENTS: Mapping[JobType, Mapping[str, Sequence[EventName]]] = {
    "product_import": {
        "completed": ("job.completed", "import.completed"),
        "failed": ("job.failed", "import.failed"),
        "cancelled": ("job.cancelled",),
        "approval": ("job.awaiting_approval",),
        "decision": ("job.awaiting_decision",),
    },
    "catalog_sync": {
        "completed": ("job.completed", "sync.completed"),
        "failed": ("job.failed", "sync.failed"),
        "cancelled": ("job.cancelled",),
        "approval": ("job.awaiting_approval",),
        "decision": ("job.awaiting_decision",),
    },
    "order_file": {
        "completed": ("job.completed",),
        "failed": ("job.failed",),
        "cancelled": ("job.cancelled",),
    },
    "data_export": {
        "completed": ("job.completed",),
        "failed": ("job.failed",),
        "cancelled": ("job.cancelled",),
    },
}
"""Maps the type of a stopped job, and the state in which it stopped, to the events that are published.

If the job waits, the state is its `waiting_for`. Otherwise the state is its `status`. Mail jobs and image jobs publish
no events.
"""


def publish(tx: Transaction, stopped: StoppedJob) -> None:
    """Publish the events of a stopped job to the endpoints of the job's client."""
    if stopped.type not in _EVENTS:
        return
    job = jobs.find_row(tx, stopped.id)
    if job is None or job["client_id"] is None:
        return
    names = ("type", "status", "catalog_id", "source", "counts", "error_code", "error")
    payload = {"job_id": stopped.id} | {name: job[name] for name in names}
    for event in _EVENTS[stopped.type][job["waiting_for"] or job["status"]]:
        webhooks.publish(tx, job["client_id"], event, payload)
