"""Causing a mail, in the transaction of what it tells."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.database import Transaction, as_json
from wecelebrate.errors import NotFound
from wecelebrate.jobs.control import tell
from wecelebrate.mail.mails import sql
from wecelebrate.mail.models import Tracking


def order_confirmation(tx: Transaction, order_id: UUID) -> UUID | None:
    """Confirm an order to its customer, once: None when that was asked for before. The id of the job.

    A customer may cause it for an order of theirs, a guest for one that this very transaction places. Raises NotFound.
    """
    return _of_order(tx, order_id, "order_confirmation", {})


def order_shipped(tx: Transaction, order_id: UUID, tracking: Tracking | None = None) -> UUID | None:
    """Tell the customer that an order is on its way; an order in two parcels is told of twice. The id of the job.

    Raises NotFound, also for who does not write for the order's client.
    """
    told = tracking.model_dump(mode="json", exclude_none=True) if tracking else {}
    return _of_order(tx, order_id, "order_shipped", told)


def job_finished(tx: Transaction, job_id: UUID, to: str) -> UUID | None:
    """Tell an address how a job ended. The id of the mail's own job. Raises NotFound, also while the job goes on."""
    return _told(tx, sql.queue_job_mail(tx, job_id=job_id, recipient=to))


def _of_order(tx: Transaction, order_id: UUID, template: str, details: Mapping[str, Any]) -> UUID | None:
    told = as_json({"details": dict(details)}, "details")
    return _told(tx, sql.queue_order_mail(tx, order_id=order_id, template=template, **told))


def _told(tx: Transaction, made: Mapping[str, Any] | None) -> UUID | None:
    if made is None:
        raise NotFound
    job_id: UUID | None = made["job_id"]
    if job_id is not None:
        tell(tx, "email_notification", job_id, made["client_id"])
    return job_id
