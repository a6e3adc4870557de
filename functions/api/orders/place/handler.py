"""Orders: place an order on a storefront, as a customer or a guest."""

from wecelebrate.core.http import OrderWrite, SourceAddress, api, located_at, serve
from wecelebrate.orders.models import NewOrder, PlacedOrder
from wecelebrate.orders.placing import place

app = api()


@app.post(
    "/v1/storefront/{domain}/orders", status_code=201, dependencies=[located_at("/v1/storefront/{domain}/orders/{id}")]
)
def create_order(new: NewOrder, tx: OrderWrite, address: SourceAddress) -> PlacedOrder:
    """Place an order as a guest or as a signed-in customer. The stock is reduced in the same transaction."""
    return place(tx, new, address)


handler = serve(app)
