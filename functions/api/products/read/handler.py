"""Products: list the products of a catalog, read one product, and read its source data."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import products
from wecelebrate.core.http import Cached, Reading, api, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.products.models import Product, ProductFilters, ProductSource, ProductStock
from wecelebrate.products.price_models import ProductPrice

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


@app.get("/v1/products/{product_id}/source")
def get_product_source(product_id: Id, tx: Reading) -> ProductSource:
    """Read the data that the files of the catalog contain for a product, including the private columns.

    Only owners and editors of the client that owns the catalog, and admins of the platform, can read it. All other
    callers get the status 404.
    """
    return products.source(tx, product_id)


@app.get("/v1/products/{product_id}/price")
def get_product_price(product_id: Id, tx: Reading) -> ProductPrice:
    """Explain the price at which a product is sold, step by step.

    Only owners and editors of the client that owns the catalog, and admins of the platform, can read it. All other
    callers get the status 404.
    """
    return products.price(tx, product_id)


@app.get("/v1/products/{product_id}/stock")
def get_product_stock(product_id: Id, tx: Reading) -> ProductStock:
    """Explain the stock of a product: the stock that the ERP system reported, minus the pieces of later orders.

    Only owners and editors of the client that owns the catalog, and admins of the platform, can read it. All other
    callers get the status 404. For orders of other clients, the response contains only numbers of pieces.
    """
    return products.stock(tx, product_id)


handler = serve(app)
