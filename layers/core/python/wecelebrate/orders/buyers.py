"""The actions of the buyer of an order.

A buyer can cancel an order. A guest can also read and confirm an order with the link in a mail.
"""

from contextlib import suppress
from uuid import UUID

from wecelebrate import orders
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.core.errors import PreconditionFailed
from wecelebrate.core.etags import Match, etag
from wecelebrate.core.signing import keyed_hash
from wecelebrate.mail import enqueue
from wecelebrate.mail.links import VIEW_HOURS
from wecelebrate.orders import notifications
from wecelebrate.orders.change_models import BuyerCancellation, GuestCancellation, GuestConfirmation, OrderLookup
from wecelebrate.orders.changes import Changed, Unchanged, check
from wecelebrate.orders.history import LinkNotValid, get_guest_order
from wecelebrate.orders.models import PlacedOrder
from wecelebrate.orders.shipment_models import GuestOrder, LinkRequested

sql = queries(__file__)

MAX_EXPIRED = 100
"""The largest number of orders that one call to `expire_unconfirmed` cancels."""


def cancel_own(tx: Transaction, order_id: UUID, cancellation: BuyerCancellation, match: Match) -> PlacedOrder:
    """Cancel an order of the calling customer on the visited site. If an ERP system has the order, ask this system to
    cancel it.

    Raises NotFound, CancelWindowClosed, OrderState, and the errors of `Match.check`.
    """
    expected = match.check(orders.get_own(tx, order_id))
    row = sql.cancel_own_order(tx, order_id=order_id, reason=cancellation.reason, expected=expected)
    try:
        events = check(row)
    except Changed:
        raise PreconditionFailed(etag(orders.get_own(tx, order_id).model_dump_json())) from None
    notifications.publish(tx, order_id, events)
    return orders.get_own(tx, order_id)


def request_link(tx: Transaction, lookup: OrderLookup, address: str | None) -> LinkRequested:
    """Enqueue a mail with a link to the order of a guest, if the visited site has such an order.

    `address` is the IP address of the visitor. It is needed for the limits on mails. The caller does not learn whether
    such an order exists.
    """
    enqueue.order_lookup(
        tx, lookup.order_number, lookup.email, keyed_hash("order address", address) if address else None
    )
    return LinkRequested(valid_hours=VIEW_HOURS)


def cancel_guest_order(tx: Transaction, cancellation: GuestCancellation) -> GuestOrder:
    """Cancel the order of a guest. Raises LinkNotValid, CancelWindowClosed or OrderState."""
    row = sql.cancel_guest_order(tx, token=cancellation.token, reason=cancellation.reason)
    if row["refusal"] == "not_found":
        raise LinkNotValid
    notifications.publish_about(tx, row["about"], check(row))
    return get_guest_order(tx, cancellation.token)


def confirm(tx: Transaction, confirmation: GuestConfirmation) -> GuestOrder:
    """Confirm the order of a guest. A second confirmation has no effect.

    Raises LinkNotValid, or OrderState if the order was cancelled.
    """
    row = sql.confirm_guest_order(tx, token=confirmation.token)
    if row["refusal"] == "not_found":
        raise LinkNotValid
    with suppress(Unchanged):
        notifications.publish_about(tx, row["about"], check(row))
    return get_guest_order(tx, confirmation.token)


def expire_unconfirmed() -> int:
    """Cancel at most MAX_EXPIRED orders of guests that were not confirmed in time. It returns the number of cancelled
    orders.
    """
    for expired in range(MAX_EXPIRED):
        with writing(SYSTEM) as tx:
            row = sql.expire_unconfirmed_order(tx)
            if row is None:
                return expired
            notifications.publish(tx, row["order_id"], row["news"])
    return MAX_EXPIRED
