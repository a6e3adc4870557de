"""Enqueues mails. Call these functions in the transaction of the change that the mail reports."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, as_json
from wecelebrate.core.errors import NotFound
from wecelebrate.core.types import email_address
from wecelebrate.jobs.control import enqueue
from wecelebrate.mail.log import sql
from wecelebrate.mail.models import Tracking


def order_confirmation(tx: Transaction, order_id: UUID, address: str | None = None) -> UUID | None:
    """Enqueue the confirmation of an order. It does nothing if the order already has a confirmation.

    `address` is a keyed hash of the IP address of the visitor who places the order. The number of mails is limited for
    each address.

    It returns the id of the job, or None if the order already has a confirmation. If a visitor causes the mail and has
    reached a limit (`docs/mail.md`), the mail is stored as suppressed, with the reason, and the result is None.

    Raises NotFound if the order does not exist, or if the caller is not allowed to send the confirmation. Customers can
    send the confirmation of their own orders. Guests can send it only in the transaction that places the order.
    """
    return _enqueue_order_mail(tx, order_id, "order_confirmation", {}, address)


def order_shipped(
    tx: Transaction,
    order_id: UUID,
    tracking: Tracking | None = None,
    pieces: Sequence[Mapping[str, int]] | None = None,
) -> UUID | None:
    """Enqueue a shipping notice to the customer. It returns the id of the job.

    An order can have several shipping notices, for example one per parcel. `pieces` are the `line` and the `quantity`
    of each line in the parcel, if the parcel does not contain the whole order. Raises NotFound if the order does not
    exist, or if the caller is not allowed to send this mail.
    """
    details = tracking.model_dump(mode="json", exclude_none=True) if tracking else {}
    if pieces is not None:
        details["lines"] = [dict(piece) for piece in pieces]
    return _enqueue_order_mail(tx, order_id, "order_shipped", details)


def order_delivered(tx: Transaction, order_id: UUID) -> UUID | None:
    """Enqueue a mail that says that an order was delivered.

    It returns the id of the job. Raises NotFound in the same cases as `order_shipped`.
    """
    return _enqueue_order_mail(tx, order_id, "order_delivered", {})


def order_cancelled(tx: Transaction, order_id: UUID) -> UUID | None:
    """Enqueue a mail that says that an order was cancelled.

    A customer or guest who cancels an order enqueues the mail in the same transaction. All other callers need the same
    permission as for `order_shipped`. It returns the id of the job, or None if a limit is reached. Raises NotFound.
    """
    return _enqueue_order_mail(tx, order_id, "order_cancelled", {})


def order_lookup(tx: Transaction, order_number: str, email: str, address: str | None) -> None:
    """Enqueue a mail with a link to the order of a guest, if the visited site has such an order.

    The response time must not reveal whether the site has such an order. Therefore a message is always sent to SQS, and
    a worker for the mails of the client starts. `address` is a keyed hash, as in `order_confirmation`.
    """
    row = sql.queue_lookup_mail(tx, order_number=order_number, email=email_address(email) or email, address=address)
    announce_mail(tx, row["job_id"], row["client_id"])


def job_finished(tx: Transaction, job_id: UUID, to: str) -> UUID | None:
    """Enqueue a mail to the address `to` about the outcome of a job. It returns the id of the new job that sends the
    mail.

    Raises NotFound if the job does not exist or has not ended yet, or if the caller is not allowed to send this mail.
    """
    # The domain of the address is stored in ASCII, as in orders, because suppressions are found by the stored address.
    return _enqueue_job(tx, sql.queue_job_mail(tx, job_id=job_id, recipient=email_address(to) or to))


def invitation(tx: Transaction, invitation_id: UUID) -> UUID | None:
    """Enqueue the mail of an open invitation. It returns the id of the job.

    Raises NotFound if the invitation is not open, or if the caller is not allowed to invite people.
    """
    return _enqueue_job(tx, sql.queue_invitation_mail(tx, invitation_id=invitation_id))


def _enqueue_order_mail(
    tx: Transaction, order_id: UUID, template: str, details: Mapping[str, Any], address: str | None = None
) -> UUID | None:
    parameters = as_json({"details": dict(details)}, "details") | {"address": address}
    return _enqueue_job(tx, sql.queue_order_mail(tx, order_id=order_id, template=template, **parameters))


def _enqueue_job(tx: Transaction, mail_row: Mapping[str, Any] | None) -> UUID | None:
    if mail_row is None:
        raise NotFound
    job_id: UUID | None = mail_row["job_id"]
    if job_id is not None:
        announce_mail(tx, job_id, mail_row["client_id"])
    return job_id


def announce_mail(tx: Transaction, job_id: UUID, client_id: UUID | None) -> None:
    """After the commit, start a worker for a mail that a database function has queued."""
    enqueue(tx, "email_notification", job_id, client_id)
