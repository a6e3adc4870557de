"""Storefront: what anyone sees of a site, at its domain."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from wecelebrate import storefront
from wecelebrate.http import Shown, api, serve
from wecelebrate.storefront.models import ShownProduct, Storefront, StorefrontFilters, StorefrontPage

app = api()


@app.get("/v1/storefront/{domain}", response_model=Storefront)
def get_storefront(shown: Shown) -> Response:
    return shown.one(storefront.entry(), storefront.get)


@app.get("/v1/storefront/{domain}/products", response_model=StorefrontPage)
def list_shown_products(filters: Annotated[StorefrontFilters, Query()], shown: Shown) -> Response:
    return shown.page(storefront.page_entry(filters), filters, lambda tx: storefront.page(tx, filters))


@app.get("/v1/storefront/{domain}/products/{product_id}", response_model=ShownProduct)
def get_shown_product(product_id: UUID, shown: Shown) -> Response:
    return shown.one(storefront.product_entry(product_id), lambda tx: storefront.product(tx, product_id))


handler = serve(app)
