"""Storefront: what anyone sees of a site, at its domain."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import storefront
from wecelebrate.http import Visiting, api, page_response, serve
from wecelebrate.storefront.models import ShownProduct, Storefront, StorefrontFilters, StorefrontPage

app = api()


@app.get("/v1/storefront/{domain}")
def get_storefront(tx: Visiting) -> Storefront:
    return storefront.get(tx)


@app.get("/v1/storefront/{domain}/products", response_model=StorefrontPage)
def list_shown_products(request: Request, filters: Annotated[StorefrontFilters, Query()], tx: Visiting) -> Response:
    page, facets = storefront.page(tx, filters)
    return page_response(request, filters, page, facets=facets or "null")


@app.get("/v1/storefront/{domain}/products/{product_id}")
def get_shown_product(product_id: UUID, tx: Visiting) -> ShownProduct:
    return storefront.product(tx, product_id)


handler = serve(app)
