"""Changes the status of orders: processes, ships, delivers and cancels orders.

Each function changes an order, its events, its shipments and the stock in one transaction. In the same transaction, it
enqueues the mails and the webhook events of the change. The function raises the errors of `changes.check`. If it raises
an error, it has changed nothing. There is one exception: late news from a file is recorded in the history of the order.

A transaction should change only one order. Two transactions that change several orders could deadlock, because they
cannot lock the products of all orders in the same sequence.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from wecelebrate import orders
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Invalid, PreconditionFailed
from wecelebrate.core.etags import Match, etag
from wecelebrate.core.problem_document import FieldError
from wecelebrate.orders import notifications
from wecelebrate.orders.change_models import (
    Cancellation,
    LineCancellation,
    LinePieces,
    NewShipment,
    OrderDelivery,
    OrderPatch,
    Processing,
)
from wecelebrate.orders.changes import Changed, Event, News, Unchanged, check
from wecelebrate.orders.models import Order

sql = queries(__file__)

Change = TypeVar("Change", bound=BaseModel)


def process(tx: Transaction, order_id: UUID, change: Processing, news: News) -> list[Event]:
    """Start the processing of a pending order. It returns the events."""
    row = sql.process_order(tx, order_id=order_id, **_values(change, news, "processed_at"))
    return _notify(tx, order_id, row)


def ship(tx: Transaction, order_id: UUID, change: NewShipment, news: News) -> list[Event]:
    """Ship pieces of an order. A pending order is processed first. It returns the events."""
    check_lines_are_unique(change.lines)
    return _notify(tx, order_id, sql.ship_order(tx, order_id=order_id, **_shipment(change, news)))


def deliver(
    tx: Transaction, order_id: UUID, change: OrderDelivery, news: News, missing: NewShipment | None = None
) -> list[Event]:
    """Record that shipments of an order were delivered. It returns the events.

    If nothing was shipped yet, the whole order is shipped first. A file can report the delivery of a shipment that the
    order does not have. In this case, `missing` describes this shipment.
    """
    shipment = missing or NewShipment()
    values = _shipment(shipment.model_copy(update={"number": change.shipment}), news)
    row = sql.deliver_order(tx, order_id=order_id, **values | {"happened_at": change.delivered_at})
    return _notify(tx, order_id, row)


def cancel(tx: Transaction, order_id: UUID, change: Cancellation, news: News) -> list[Event]:
    """Cancel an order that has no shipped pieces, or ask the ERP system to cancel it. It returns the events."""
    row = sql.cancel_order(tx, order_id=order_id, **_values(change, news, "cancelled_at"))
    return _notify(tx, order_id, row)


def cancel_lines(tx: Transaction, order_id: UUID, change: LineCancellation, news: News) -> list[Event]:
    """Cancel pieces of an order that are not shipped. It returns the events."""
    check_lines_are_unique(change.lines)
    values = with_lines(_values(change, news, "cancelled_at"))
    return _notify(tx, order_id, sql.cancel_order_lines(tx, order_id=order_id, **values))


def edit(tx: Transaction, order_id: UUID, patch: OrderPatch, news: News) -> list[Event]:
    """Change the customer's name, the address, the external number, the problem and the metadata of an order.

    It returns the events. The list is empty if the order already has these values.
    """
    changes = patch.changes()
    note = changes.pop("note", None)
    if "shipping_address" in changes:
        changes["shipping_address"] = patch.shipping_address.model_dump(mode="json", exclude_none=True)
    values = as_json({"changes": changes}, "changes") | {"source": news.source, "expected": news.expected}
    try:
        return _notify(tx, order_id, sql.change_order(tx, order_id=order_id, note=note, **values))
    except Unchanged:
        return []


def matching(
    tx: Transaction,
    order_id: UUID,
    match: Match,
    transition: Callable[[Transaction, UUID, Change, News], Any],
    change: Change,
) -> Order:
    """If an order has the state that a caller of the API expects, change the order. It returns the changed order.

    Raises NotFound, and the errors of the transition and of `Match.check`.
    """
    expected = match.check(orders.get(tx, order_id))
    try:
        transition(tx, order_id, change, News(expected=expected))
    except Changed:
        raise PreconditionFailed(etag(orders.get(tx, order_id).model_dump_json())) from None
    tx.write_through.append((orders.entry(order_id), lambda after: orders.get(after, order_id)))
    return orders.get(tx, order_id)


def check_lines_are_unique(lines: Sequence[LinePieces] | None) -> None:
    """Check that no line occurs twice. Raises Invalid."""
    numbers: set[int] = set()
    for index, line in enumerate(lines or ()):
        if line.line in numbers:
            raise Invalid(errors=[FieldError(pointer=f"/lines/{index}/line", detail="must not appear twice")])
        numbers.add(line.line)


def with_lines(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a query, with `lines` as JSON.

    If `lines` is None, the parameter is null, which means all remaining pieces.
    """
    return dict(values) if values["lines"] is None else as_json(values, "lines")


def _notify(tx: Transaction, order_id: UUID, row: dict[str, Any]) -> list[Event]:
    events = check(row)
    notifications.publish(tx, order_id, events)
    return events


def _values(change: BaseModel, news: News, time: str) -> dict[str, Any]:
    """Return the fields of a change as parameters.

    `time` is the name of the field that says when the change happened.
    """
    values = change.model_dump(exclude={time})
    return values | {"happened_at": getattr(change, time), "source": news.source, "expected": news.expected}


def _shipment(change: NewShipment, news: News) -> dict[str, Any]:
    shipment = change.model_dump(mode="json", exclude={"shipped_at"}, exclude_none=True)
    values = {"shipment": shipment, "happened_at": change.shipped_at}
    return as_json(values, "shipment") | {"source": news.source, "expected": news.expected}
