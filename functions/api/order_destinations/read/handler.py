"""Order destinations: list and read them, and list the files that were written for them."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import order_files
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import Id
from wecelebrate.order_files.models import OrderDestination, OrderDestinationFilters, OrderExportRun

app = api()


@app.get("/v1/order-destinations", response_model=Page[OrderDestination])
def list_order_destinations(
    request: Request, filters: Annotated[OrderDestinationFilters, Query()], tx: Reading
) -> Response:
    """List the receivers of order files, the newest first."""
    return page_response(request, filters, order_files.page(tx, filters))


@app.get("/v1/order-destinations/{destination_id}")
def get_order_destination(destination_id: Id, tx: Reading) -> OrderDestination:
    """Read one receiver of order files, with the time of its next run and the outcome of its last run."""
    return order_files.get(tx, destination_id)


@app.get("/v1/order-destinations/{destination_id}/runs", response_model=Page[OrderExportRun])
def list_order_export_runs(
    request: Request, destination_id: Id, parameters: Annotated[ListParameters, Query()], tx: Reading
) -> Response:
    """List the order files of a destination, the newest first. Each entry lists the orders that could not be
    written."""
    return page_response(request, parameters, order_files.runs(tx, destination_id, parameters))


handler = serve(app)
