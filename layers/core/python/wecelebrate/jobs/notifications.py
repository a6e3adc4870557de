"""A job came to a stop: who is told."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.jobs.types import JobType

if TYPE_CHECKING:
    from wecelebrate.webhooks.models import EventName

sql = queries(__file__)

_EVENTS: "Mapping[JobType, Mapping[str, Sequence[EventName]]]" = {
    "product_import": {
        "completed": ("job.completed", "import.completed"),
        "failed": ("job.failed", "import.failed"),
        "cancelled": ("job.cancelled",),
        "pending": ("job.awaiting_approval",),
    },
    "catalog_sync": {
        "completed": ("job.completed", "sync.completed"),
        "failed": ("job.failed", "sync.failed"),
        "cancelled": ("job.cancelled",),
        "pending": ("job.awaiting_approval",),
    },
}
"""What is published of jobs, by where they stopped. Of a mail or an image nothing is: nobody waits for one."""


def tell(tx: Transaction, job_id: UUID, kind: JobType, notify_email: str | None = None) -> None:
    """Have those told who asked to be, once the transaction that ended the job, or had it wait for an approval, is
    committed."""
    if notify_email:
        from wecelebrate import mail  # it stands on jobs itself

        mail.job_finished(tx, job_id, notify_email)
    if kind in _EVENTS:
        _publish(tx, job_id, kind)


def _publish(tx: Transaction, job_id: UUID, kind: JobType) -> None:
    from wecelebrate import webhooks  # with what most functions that read jobs need not load

    row = sql.get_job(tx, job_id=job_id)
    if row is None or row["client_id"] is None:
        return
    names = ("type", "status", "catalog_id", "source", "counts", "error_code", "error")
    told = {"job_id": job_id} | {name: row[name] for name in names}
    for event in _EVENTS[kind][row["status"]]:
        webhooks.publish(tx, row["client_id"], event, told)
