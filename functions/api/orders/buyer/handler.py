"""Orders: the actions of buyers. Customers use their token, and guests use the link in a mail."""

from wecelebrate.core.http import (
    CustomerWrite,
    IfMatch,
    SourceAddress,
    VisitorWrite,
    api,
    lasts_at_least,
    located_at,
    serve,
)
from wecelebrate.core.types import Id
from wecelebrate.orders import buyers
from wecelebrate.orders.change_models import (
    BuyerCancellation,
    GuestCancellation,
    GuestConfirmation,
    OrderLookup,
)
from wecelebrate.orders.models import PlacedOrder
from wecelebrate.orders.shipment_models import GuestOrder, LinkRequested

app = api()

MIN_LOOKUP_SECONDS = 0.05
"""The minimum duration of a look-up, in seconds. To enqueue a mail takes about 20 ms. Without this minimum, the shorter
duration of a look-up without a mail would reveal that the order does not exist."""


@app.post(
    "/v1/storefront/{domain}/orders/lookup",
    status_code=202,
    dependencies=[located_at("/v1/storefront/{domain}/orders/guest"), lasts_at_least(MIN_LOOKUP_SECONDS)],
)
def look_up_order(lookup: OrderLookup, tx: VisitorWrite, address: SourceAddress) -> LinkRequested:
    """Request a mail with a link to the order of a guest. If the order does not exist, the response is the same."""
    return buyers.request_link(tx, lookup, address)


@app.post("/v1/storefront/{domain}/orders/confirm")
def confirm_order(confirmation: GuestConfirmation, tx: VisitorWrite) -> GuestOrder:
    """Confirm the order of a guest with the token in the link of the mail."""
    return buyers.confirm(tx, confirmation)


@app.post("/v1/storefront/{domain}/orders/guest/cancel")
def cancel_guest_order(cancellation: GuestCancellation, tx: VisitorWrite) -> GuestOrder:
    """Cancel the order of a guest, within the time that the site allows."""
    return buyers.cancel_guest_order(tx, cancellation)


@app.post("/v1/storefront/{domain}/orders/{order_id}/cancel")
def cancel_own_order(order_id: Id, change: BuyerCancellation, match: IfMatch, tx: CustomerWrite) -> PlacedOrder:
    """Cancel an order of the signed-in customer, within the time that the site allows."""
    return buyers.cancel_own(tx, order_id, change, match)


handler = serve(app)
