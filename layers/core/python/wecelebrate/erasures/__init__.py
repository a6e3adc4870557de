"""An erasure deletes the data of a person at a client (GDPR, article 17).

A request creates an erasure and its job. The worker (`erasures.worker`) erases the data in steps that can be repeated.
The figures of the client do not change. `files` erases the data in order files. `register` keeps a list of all erasures
outside of the database. If the database is restored to an earlier time, `replay` repeats the erasures.
"""

from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import pages, quotas
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.core.errors import Conflict, Forbidden, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.erasures.models import Erasure, ErasureListFilters, NewErasure

sql = queries(__file__)

MAX_OPEN_ERASURES = 20
"""The maximum number of requested erasures of a client that are not complete. The number is small, because each erasure
reads every order file.
"""
MAX_ERASURES_IN_24_HOURS = 100
"""The maximum number of erasures that can be requested for a client in 24 hours."""


class OrdersOpen(Conflict):
    """The person has open orders. An order is open until it is shipped or cancelled, and while it has an open return.

    An open order needs the name and the address of the person, so the data cannot be erased yet. `errors` contains up
    to 100 of the open orders.

    Ship, deliver or cancel the orders, and receive or refuse their returns. Then send the request again.

    Example:

        {"pointer": "/email", "detail": "order 2026-AB12CD34 is pending"}
    """

    code = "orders_open"


class TooManyErasures(Conflict):
    """This client has the maximum number of erasures that are not complete, or of erasures in 24 hours.

    The number of erasures is limited, because each erasure searches all texts and order files of the client.

    Wait until some of the erasures are complete: `GET /v1/clients/{client_id}/erasures`. `detail` names the limit.
    """

    code = "too_many_erasures"


_QUOTA = quotas.Quota("erasures", MAX_OPEN_ERASURES, TooManyErasures, "Wait until some of them are complete.")
_QUOTA_IN_24_HOURS = quotas.Quota(
    "erasures in 24 hours", MAX_ERASURES_IN_24_HOURS, TooManyErasures, "Send the request again later."
)


def create(tx: Transaction, client_id: UUID, new: NewErasure) -> Erasure:
    """Request the erasure of a person, and create its job.

    Raises NotFound if the caller cannot see the client. Raises Forbidden unless the caller is an owner of the client or
    a super admin. Raises OrdersOpen and TooManyErasures.
    """
    # Check the role first: a caller without permission must not wait for the lock of the quota, or make other callers
    # wait.
    _check_owner(tx, client_id)
    if tx.context.role != "app_client" and tx.context.admin_role != "super_admin":
        raise Forbidden
    quotas.check(tx, _QUOTA, client_id, lambda: int(sql.count_open_erasures(tx, client_id=client_id)))
    quotas.check(tx, _QUOTA_IN_24_HOURS, client_id, lambda: int(sql.count_recent_erasures(tx, client_id=client_id)))
    row = sql.request_erasure(tx, client_id=client_id, email=new.email, subject=new.customer_subject)
    match row["refusal"]:
        case "not_found":
            raise NotFound
        case "forbidden":
            raise Forbidden
        case "orders_open":
            pointer = "/email" if new.email else "/customer_subject"
            raise OrdersOpen(errors=[_open_order(pointer, order) for order in row["detail"]])
    jobs.enqueue(tx, "erasure", row["job_id"], client_id)
    return get(tx, row["erasure_id"])


def _check_owner(tx: Transaction, client_id: UUID) -> None:
    """Raise NotFound if the caller cannot see the client. Raise Forbidden unless the caller is an owner or belongs to
    the staff.
    """
    if not sql.client_exists(tx, client_id=client_id):
        raise NotFound
    if tx.context.role == "app_client" and client_id not in (tx.context.owner_ids or []):
        raise Forbidden


def _open_order(pointer: str, order: dict[str, Any]) -> FieldError:
    state = order["status"] if order["status"] in ("pending", "processing") else "has an open return"
    verb = "is " if state == order["status"] else ""
    return FieldError(pointer=pointer, detail=f"order {order['order_number']} {verb}{state}")


def page(tx: Transaction, client_id: UUID, filters: ErasureListFilters) -> pages.RenderedPage:
    """Return one page of the erasures of a client, newest first. Raises NotFound and Forbidden as `create` does."""
    _check_owner(tx, client_id)
    return pages.list_page("erasures", sql.list_erasures, tx, filters, pages.NEWEST, client_id=client_id)


def get(tx: Transaction, erasure_id: UUID) -> Erasure:
    """Return an erasure. Raises NotFound, also for members of the client who are not owners."""
    row = sql.get_erasure(tx, erasure_id=erasure_id)
    if row is None:
        raise NotFound
    return Erasure(**row)


def request_replay(tx: Transaction) -> UUID:
    """Create the job that repeats all erasures of the list, and return its id.

    Raises Forbidden unless the caller is a super admin.
    """
    if tx.context.admin_role != "super_admin":
        raise Forbidden
    return jobs.create(tx, "erasure", client_id=None, payload={"replay": True}, ordering_key="erasure replay")


def start_retention() -> int:
    """Start to erase orders that are older than their client's retention time. Return the number of clients."""
    with writing(SYSTEM) as tx:
        started = list(sql.start_retention_erasures(tx))
        for row in started:
            jobs.enqueue(tx, "erasure", row["job_id"], row["client_id"])
    return len(started)
