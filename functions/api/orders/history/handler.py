"""Orders: read their history, their lines, their shipments and their returns."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate.audit.reads import records_reads, records_reads_of
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import Id
from wecelebrate.orders import history
from wecelebrate.orders.shipment_models import OrderEvent, OrderLines, Return, ReturnFilters, Shipments

app = api()


@app.get("/v1/orders/{order_id}/events", response_model=Page[OrderEvent], dependencies=[records_reads("order_event")])
def list_order_events(
    request: Request, order_id: Id, parameters: Annotated[ListParameters, Query()], tx: Reading
) -> Response:
    """List the events of an order, the newest first."""
    return page_response(request, parameters, history.events_page(tx, order_id, parameters))


@app.get("/v1/orders/{order_id}/lines")
def list_order_lines(order_id: Id, tx: Reading) -> OrderLines:
    """List the lines of an order, with the numbers of shipped, cancelled and returned pieces."""
    return history.lines(tx, order_id)


@app.get("/v1/orders/{order_id}/shipments", dependencies=[records_reads_of("order", "shipment")])
def list_shipments(order_id: Id, tx: Reading) -> Shipments:
    """List the shipments of an order, the oldest first."""
    return history.shipments(tx, order_id)


@app.get("/v1/orders/{order_id}/returns", response_model=Page[Return], dependencies=[records_reads("return")])
def list_returns_of_order(
    request: Request, order_id: Id, parameters: Annotated[ListParameters, Query()], tx: Reading
) -> Response:
    """List the returns of an order, the newest first."""
    return page_response(request, parameters, history.returns_of_order(tx, order_id, parameters))


@app.get("/v1/returns", response_model=Page[Return], dependencies=[records_reads("return")])
def list_returns(request: Request, filters: Annotated[ReturnFilters, Query()], tx: Reading) -> Response:
    """List the returns of all orders that the caller can see, the newest first."""
    return page_response(request, filters, history.returns_page(tx, filters))


@app.get("/v1/returns/{return_id}", dependencies=[records_reads("return")])
def get_return(return_id: Id, tx: Reading) -> Return:
    """Read one return with its lines."""
    return history.get_return(tx, return_id)


handler = serve(app)
