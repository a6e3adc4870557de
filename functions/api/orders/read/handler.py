"""Orders: list and read the orders on a client's sites."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import orders
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Cached, api, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.orders.models import Order, OrderFilters, SiteOrderFilters

app = api()


@app.get("/v1/orders", response_model=Page[Order], dependencies=[records_reads("order")])
def list_orders(filters: Annotated[OrderFilters, Query()], cached: Cached) -> Response:
    """List the orders of all sites that the caller can see, the newest first."""
    return cached.page(orders.page_entry(filters), filters, lambda tx: orders.page(tx, filters))


@app.get("/v1/orders/{order_id}", response_model=Order, dependencies=[records_reads("order")])
def get_order(order_id: Id, cached: Cached) -> Response:
    """Read one order with its items and its metadata."""
    return cached.one(orders.entry(order_id), lambda tx: orders.get(tx, order_id))


@app.get("/v1/sites/{site_id}/orders", response_model=Page[Order], dependencies=[records_reads("order")])
def list_site_orders(site_id: Id, filters: Annotated[SiteOrderFilters, Query()], cached: Cached) -> Response:
    """List the orders of one site, the newest first."""
    entry = orders.site_page_entry(site_id, filters)
    return cached.page(entry, filters, lambda tx: orders.site_page(tx, site_id, filters))


handler = serve(app)
