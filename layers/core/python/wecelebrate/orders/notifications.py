"""Sends mails to the buyer of an order, and webhook events to the client, about changes of the order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from wecelebrate import webhooks
from wecelebrate.core.database import Transaction, queries
from wecelebrate.mail import enqueue
from wecelebrate.mail.models import Tracking
from wecelebrate.orders.changes import Event
from wecelebrate.webhooks.models import EventName

sql = queries(__file__)

_ORDER_EVENTS: Mapping[str, EventName] = {
    "processing": "order.processed",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "cancelled": "order.cancelled",
    "changed": "order.updated",
    "confirmed": "order.updated",
    "lines_cancelled": "order.updated",
    "cancel_requested": "order.updated",
    "cancel_withdrawn": "order.updated",
    "replaced": "order.updated",
}
"""Maps the type of each event of an order to the webhook event that reports it."""
_SHIPMENT_EVENTS = ("shipped", "shipment_added", "shipment_changed", "shipment_delivered")
_RETURN_EVENTS: Mapping[str, EventName] = {
    "return_requested": "return.requested",
    "return_approved": "return.approved",
    "return_received": "return.received",
    "return_refused": "return.refused",
}


def publish(tx: Transaction, order_id: UUID, events: Sequence[Event]) -> None:
    """Publish the webhook events of a change, and enqueue the mails about the change. Call this function in the
    transaction of the change.
    """
    publish_about(tx, sql.get_order_for_news(tx, order_id=order_id), events)


def publish_about(tx: Transaction, order: Mapping[str, Any], events: Sequence[Event]) -> None:
    """Do the same as `publish` for an order that the caller cannot read.

    `order` contains the columns of the query `get_order_for_news`.
    """
    order = {**order, **{name: UUID(str(order[name])) for name in ("order_id", "client_id", "site_id")}}
    for event in events:
        kind = event["type"]
        if kind in _ORDER_EVENTS:
            webhooks.publish(tx, order["client_id"], _ORDER_EVENTS[kind], _order_data(order, event))
        if kind in _SHIPMENT_EVENTS:
            data = _order_data(order, event) | dict(_shipment(tx, event))
            webhooks.publish(tx, order["client_id"], "shipment.updated", data)
        if kind in _RETURN_EVENTS:
            data = _order_data(order, event) | {"return_id": event["return_id"], "number": event["return"]}
            webhooks.publish(tx, order["client_id"], _RETURN_EVENTS[kind], data)
    _enqueue_mails(tx, order, events)


def _order_data(order: Mapping[str, Any], event: Event) -> dict[str, Any]:
    data = {name: order[name] for name in ("order_id", "order_number", "site_id", "status", "version")}
    return data | {"change": event["type"]}


def _enqueue_mails(tx: Transaction, order: Mapping[str, Any], events: Sequence[Event]) -> None:
    kinds = {event["type"] for event in events}
    order_id: UUID = order["order_id"]
    # An unconfirmed address gets only the mail that asks for the confirmation, because it can belong to another person.
    if "cancelled" in kinds and order["problem"] != "unconfirmed":
        enqueue.order_cancelled(tx, order_id)
    if "confirmed" in kinds:
        enqueue.order_confirmation(tx, order_id)
    if "delivered" in kinds:
        enqueue.order_delivered(tx, order_id)
        return  # No mail says that the parcel was shipped, because it has already arrived.
    for event in events:
        if event["type"] in ("shipped", "shipment_added"):
            enqueue.order_shipped(tx, order_id, _tracking(_shipment(tx, event)), event["lines"])


def _shipment(tx: Transaction, event: Event) -> Mapping[str, Any]:
    row: Mapping[str, Any] = sql.get_shipment_for_news(tx, shipment_id=event["shipment_id"])
    return row


def _tracking(shipment: Mapping[str, Any]) -> Tracking:
    return Tracking.model_construct(
        carrier=shipment["carrier"], number=shipment["tracking_number"], url=shipment["tracking_url"]
    )
