"""Enqueue mails, in the transaction of the change that they report."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, as_json
from wecelebrate.core.errors import NotFound
from wecelebrate.jobs.control import enqueue
from wecelebrate.mail.log import sql
from wecelebrate.mail.models import Tracking


def order_confirmation(tx: Transaction, order_id: UUID) -> UUID | None:
    """Enqueue the confirmation of an order, once per order.

    Returns the id of the job, or None if the confirmation exists. A customer may request it for their own order, a
    guest only in the transaction that places the order. Raises NotFound.
    """
    return _enqueue_order_mail(tx, order_id, "order_confirmation", {})


def order_shipped(tx: Transaction, order_id: UUID, tracking: Tracking | None = None) -> UUID | None:
    """Enqueue a shipping notice to the customer. An order in two parcels has two. Returns the id of the job.

    Raises NotFound, also if the caller may not write for the order's client.
    """
    details = tracking.model_dump(mode="json", exclude_none=True) if tracking else {}
    return _enqueue_order_mail(tx, order_id, "order_shipped", details)


def job_finished(tx: Transaction, job_id: UUID, to: str) -> UUID | None:
    """Enqueue a mail about the outcome of a job. Returns the id of the mail's own job.

    Raises NotFound, also while the job has not ended.
    """
    return _enqueue_job(tx, sql.mail_job(tx, job_id=job_id, recipient=to))


def _enqueue_order_mail(tx: Transaction, order_id: UUID, template: str, details: Mapping[str, Any]) -> UUID | None:
    parameters = as_json({"details": dict(details)}, "details")
    return _enqueue_job(tx, sql.mail_order(tx, order_id=order_id, template=template, **parameters))


def _enqueue_job(tx: Transaction, mail_row: Mapping[str, Any] | None) -> UUID | None:
    if mail_row is None:
        raise NotFound
    job_id: UUID | None = mail_row["job_id"]
    if job_id is not None:
        enqueue(tx, "email_notification", job_id, mail_row["client_id"])
    return job_id
