"""Orders: return shipped pieces, and send pieces again."""

from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.orders import returns
from wecelebrate.orders.change_models import NewReplacement, NewReturn, ReturnDecision, ReturnReceipt
from wecelebrate.orders.models import Order
from wecelebrate.orders.shipment_models import Return

app = api()


@app.post("/v1/orders/{order_id}/returns", status_code=201, dependencies=[located_at("/v1/returns/{id}")])
def request_return(order_id: Id, new: NewReturn, match: IfMatch, tx: Writing) -> Return:
    """Request the return of shipped pieces."""
    return returns.request(tx, order_id, new, match)


@app.post("/v1/orders/{order_id}/replacements", status_code=201, dependencies=[located_at("/v1/orders/{id}")])
def replace_order(order_id: Id, new: NewReplacement, match: IfMatch, tx: Writing) -> Order:
    """Send shipped pieces of an order again, in a new order that costs nothing."""
    return returns.replace(tx, order_id, new, match)


@app.post("/v1/returns/{return_id}/approve")
def approve_return(return_id: Id, details: ReturnDecision, match: IfMatch, tx: Writing) -> Return:
    """Approve a return. The customer may then send the pieces back."""
    return returns.decide(tx, return_id, "approved", details, match)


@app.post("/v1/returns/{return_id}/refuse")
def refuse_return(return_id: Id, details: ReturnDecision, match: IfMatch, tx: Writing) -> Return:
    """Refuse a return. Its pieces can be returned again."""
    return returns.decide(tx, return_id, "refused", details, match)


@app.post("/v1/returns/{return_id}/receive")
def receive_return(return_id: Id, receipt: ReturnReceipt, match: IfMatch, tx: Writing) -> Return:
    """Record which pieces of a return have arrived, and which of these pieces can be sold again."""
    return returns.receive(tx, return_id, receipt, match)


handler = serve(app)
