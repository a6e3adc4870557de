"""Orders: track the shipments of an order, as its customer or with the link in a mail."""

from typing import Annotated

from fastapi import Query

from wecelebrate.core.http import CustomerRead, VisitorRead, api, serve
from wecelebrate.core.types import Id
from wecelebrate.orders import history
from wecelebrate.orders.change_models import GuestParameters
from wecelebrate.orders.shipment_models import BuyerShipments, GuestOrder

app = api()


@app.get("/v1/storefront/{domain}/orders/guest")
def get_guest_order(parameters: Annotated[GuestParameters, Query()], tx: VisitorRead) -> GuestOrder:
    """Read the order of a guest and its shipments with the token in the link of the mail."""
    return history.get_guest_order(tx, parameters.token)


@app.get("/v1/storefront/{domain}/orders/{order_id}/shipments")
def list_own_shipments(order_id: Id, tx: CustomerRead) -> BuyerShipments:
    """List the shipments of an order of the signed-in customer, the oldest first."""
    return history.own_shipments(tx, order_id)


handler = serve(app)
