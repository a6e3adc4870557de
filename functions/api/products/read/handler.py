"""Products: list the products of a catalog, and read one product."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import products
from wecelebrate.core.http import Cached, api, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.products.models import Product, ProductFilters

app = api()


@app.get("/v1/catalogs/{catalog_id}/products", response_model=Page[Product])
def list_products(catalog_id: Id, filters: Annotated[ProductFilters, Query()], cached: Cached) -> Response:
    """List, search and filter the products of a catalog."""
    entry = products.page_entry(catalog_id, filters)
    return cached.page(entry, filters, lambda tx: products.page(tx, catalog_id, filters))


@app.get("/v1/products/{product_id}", response_model=Product)
def get_product(product_id: Id, cached: Cached) -> Response:
    """Read one product with its processed images."""
    return cached.one(products.entry(product_id), lambda tx: products.get(tx, product_id))


handler = serve(app)
