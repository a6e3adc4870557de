"""Storefront: what anyone sees of a site, at its domain, and its customers of their orders."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import orders, storefront
from wecelebrate.core.http import CustomerRead, StorefrontRead, api, page_response, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.orders.models import PlacedOrder
from wecelebrate.storefront.models import ShownProduct, Storefront, StorefrontFilters, StorefrontPage

app = api()


@app.get("/v1/storefront/{domain}", response_model=Storefront)
def get_storefront(shown: StorefrontRead) -> Response:
    return shown.one(storefront.entry(), storefront.get)


@app.get("/v1/storefront/{domain}/products", response_model=StorefrontPage)
def list_shown_products(filters: Annotated[StorefrontFilters, Query()], shown: StorefrontRead) -> Response:
    return shown.page(storefront.page_entry(filters), filters, lambda tx: storefront.page(tx, filters))


@app.get("/v1/storefront/{domain}/products/{product_id}", response_model=ShownProduct)
def get_shown_product(product_id: UUID, shown: StorefrontRead) -> Response:
    return shown.one(storefront.product_entry(product_id), lambda tx: storefront.product(tx, product_id))


@app.get("/v1/storefront/{domain}/orders", response_model=Page[PlacedOrder])
def list_own_orders(request: Request, listed: Annotated[ListParameters, Query()], tx: CustomerRead) -> Response:
    return page_response(request, listed, orders.own_page(tx, listed))


@app.get("/v1/storefront/{domain}/orders/{order_id}")
def get_own_order(order_id: UUID, tx: CustomerRead) -> PlacedOrder:
    return orders.own(tx, order_id)


handler = serve(app)
