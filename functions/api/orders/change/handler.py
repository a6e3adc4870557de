"""Orders: process, ship, deliver, cancel and change them."""

from wecelebrate.core.http import IfMatch, Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.orders import transitions
from wecelebrate.orders.change_models import (
    Cancellation,
    LineCancellation,
    NewShipment,
    OrderDelivery,
    OrderPatch,
    Processing,
)
from wecelebrate.orders.models import Order

app = api()


@app.patch("/v1/orders/{order_id}")
def change_order(order_id: Id, patch: OrderPatch, match: IfMatch, tx: Writing) -> Order:
    """Change the name, address, external number, problem or metadata of an order with a JSON Merge Patch."""
    return transitions.matching(tx, order_id, match, transitions.edit, patch)


@app.post("/v1/orders/{order_id}/process")
def process_order(order_id: Id, change: Processing, match: IfMatch, tx: Writing) -> Order:
    """Start to process a pending order."""
    return transitions.matching(tx, order_id, match, transitions.process, change)


@app.post("/v1/orders/{order_id}/ship")
def ship_order(order_id: Id, change: NewShipment, match: IfMatch, tx: Writing) -> Order:
    """Ship pieces of an order in a shipment. The customer gets a mail with the tracking number."""
    return transitions.matching(tx, order_id, match, transitions.ship, change)


@app.post("/v1/orders/{order_id}/deliver")
def deliver_order(order_id: Id, change: OrderDelivery, match: IfMatch, tx: Writing) -> Order:
    """Record that one shipment or all shipments of an order were delivered."""
    return transitions.matching(tx, order_id, match, transitions.deliver, change)


@app.post("/v1/orders/{order_id}/cancel")
def cancel_order(order_id: Id, change: Cancellation, match: IfMatch, tx: Writing) -> Order:
    """Cancel an order that is not shipped. Its pieces are for sale again."""
    return transitions.matching(tx, order_id, match, transitions.cancel, change)


@app.post("/v1/orders/{order_id}/lines/cancel")
def cancel_order_lines(order_id: Id, change: LineCancellation, match: IfMatch, tx: Writing) -> Order:
    """Cancel pieces of an order that are not shipped. The total of the order becomes lower."""
    return transitions.matching(tx, order_id, match, transitions.cancel_lines, change)


handler = serve(app)
