"""Storefronts: read the public configuration and the products of a site, and the customer's own orders."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import orders, storefront
from wecelebrate.addresses.models import AddressFormat
from wecelebrate.core.http import CustomerRead, StorefrontRead, api, page_response, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import CountryCode, Id
from wecelebrate.orders.models import PlacedOrder
from wecelebrate.storefront.models import Storefront, StorefrontFilters, StorefrontPage, StorefrontProduct

app = api()


@app.get("/v1/storefront/{domain}", response_model=Storefront)
def get_storefront(cached: StorefrontRead) -> Response:
    """Read the public configuration of a storefront: its name, its branding and its limits."""
    return cached.one(storefront.entry(), storefront.get)


@app.get("/v1/storefront/{domain}/address-format", response_model=AddressFormat)
def get_address_format(
    country: Annotated[CountryCode, Query(description="An ISO 3166-1 alpha-2 code, e.g. `DE`.")], cached: StorefrontRead
) -> Response:
    """Read the fields of an address in a country, with their labels and their order in a form."""
    return cached.one(storefront.address_format_entry(country), lambda tx: storefront.address_format(tx, country))


@app.get("/v1/storefront/{domain}/products", response_model=StorefrontPage)
def list_shown_products(filters: Annotated[StorefrontFilters, Query()], cached: StorefrontRead) -> Response:
    """List, search and filter the products that a storefront shows, with facets on the first page."""
    return cached.page(storefront.page_entry(filters), filters, lambda tx: storefront.page(tx, filters))


@app.get("/v1/storefront/{domain}/products/{product_id}", response_model=StorefrontProduct)
def get_shown_product(product_id: Id, cached: StorefrontRead) -> Response:
    """Read one product that a storefront shows."""
    return cached.one(storefront.product_entry(product_id), lambda tx: storefront.product(tx, product_id))


@app.get("/v1/storefront/{domain}/orders", response_model=Page[PlacedOrder])
def list_own_orders(request: Request, parameters: Annotated[ListParameters, Query()], tx: CustomerRead) -> Response:
    """List the orders of the signed-in customer on this storefront, the newest first."""
    return page_response(request, parameters, orders.own_page(tx, parameters))


@app.get("/v1/storefront/{domain}/orders/{order_id}")
def get_own_order(order_id: Id, tx: CustomerRead) -> PlacedOrder:
    """Read one order of the signed-in customer."""
    return orders.get_own(tx, order_id)


handler = serve(app)
