"""Returns of shipped pieces, and replacements. A replacement is an order that sends pieces again, free of charge."""

from collections.abc import Callable, Mapping
from typing import Any, Literal
from uuid import UUID

from wecelebrate import orders, webhooks
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, PreconditionFailed
from wecelebrate.core.etags import Match, etag
from wecelebrate.core.problem_document import FieldError
from wecelebrate.orders import history, notifications
from wecelebrate.orders.change_models import NewReplacement, NewReturn, ReturnDecision, ReturnReceipt
from wecelebrate.orders.changes import Changed, check
from wecelebrate.orders.models import Order
from wecelebrate.orders.placing import OutOfStock, exceeds
from wecelebrate.orders.shipment_models import Return
from wecelebrate.orders.transitions import check_lines_are_unique, with_lines

sql = queries(__file__)


def request(tx: Transaction, order_id: UUID, new: NewReturn, match: Match) -> Return:
    """Open a return of shipped pieces. Raises NotFound, and the errors of `changes.check` and `Match.check`."""
    check_lines_are_unique(new.lines)
    row = _matching(tx, order_id, match, sql.request_return, **with_lines(new.model_dump()))
    return history.get_return(tx, row["return_id"])


def replace(tx: Transaction, order_id: UUID, new: NewReplacement, match: Match) -> Order:
    """Create the order that replaces pieces of an order.

    Raises OutOfStock, and the errors that `request` raises.
    """
    check_lines_are_unique(new.lines)
    row = _matching(tx, order_id, match, sql.replace_order, **with_lines(new.model_dump()))
    replacement = orders.get(tx, row["replacement_id"])
    payload = {
        "order_id": replacement.id,
        "order_number": replacement.order_number,
        "status": replacement.status,
        "site_id": replacement.site_id,
    }
    webhooks.publish(tx, replacement.client_id, "order.created", payload)
    return replacement


def _matching(
    tx: Transaction, order_id: UUID, match: Match, query: Callable[..., Mapping[str, Any]], **values: Any
) -> Mapping[str, Any]:
    """If an order has the state that the caller expects, run a query that changes the order. It returns the row of the
    query.
    """
    expected = match.check(orders.get(tx, order_id))
    row = query(tx, order_id=order_id, source="api", expected=expected, **values)
    if row["refusal"] == "out_of_stock":
        errors = [
            FieldError(pointer=f"/lines/{line['at']}/quantity", detail=exceeds(line, row["detail"]))
            for line in row["detail"]
        ]
        raise OutOfStock(errors=errors)
    try:
        events = check(row)
    except Changed:
        raise PreconditionFailed(etag(orders.get(tx, order_id).model_dump_json())) from None
    notifications.publish(tx, order_id, events)
    return row


def decide(
    tx: Transaction, return_id: UUID, decision: Literal["approved", "refused"], details: ReturnDecision, match: Match
) -> Return:
    """Approve or refuse a return. Raises the errors that `request` raises."""
    values = {"decision": decision, "note": details.note}
    return _change(tx, return_id, match, sql.decide_return, **values)


def receive(tx: Transaction, return_id: UUID, receipt: ReturnReceipt, match: Match) -> Return:
    """Record which pieces of a return have arrived, and add the pieces that can be sold again to the stock.

    Raises the errors that `request` raises.
    """
    if receipt.lines is not None and receipt.restock:
        detail = "must be false if `lines` says which pieces are for sale again"
        raise Invalid(errors=[FieldError(pointer="/restock", detail=detail)])
    numbers = [line.line for line in receipt.lines or ()]
    if len(numbers) != len(set(numbers)):
        raise Invalid(errors=[FieldError(pointer="/lines", detail="must not name a line twice")])
    return _change(tx, return_id, match, sql.receive_return, **with_lines(receipt.model_dump()))


def _change(
    tx: Transaction, return_id: UUID, match: Match, query: Callable[..., Mapping[str, Any]], **values: Any
) -> Return:
    before = history.get_return(tx, return_id)
    expected = match.check(before)
    try:
        events = check(query(tx, return_id=return_id, source="api", expected=expected, **values))
    except Changed:
        raise PreconditionFailed(etag(history.get_return(tx, return_id).model_dump_json())) from None
    notifications.publish(tx, before.order_id, events)
    return history.get_return(tx, return_id)
