"""Products: list a catalog's, and read one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import products
from wecelebrate.http import Reading, api, page_response, serve
from wecelebrate.pages import Page
from wecelebrate.products.models import Product, ProductFilters

app = api()


@app.get("/v1/catalogs/{catalog_id}/products", response_model=Page[Product])
def list_products(
    request: Request, catalog_id: UUID, filters: Annotated[ProductFilters, Query()], tx: Reading
) -> Response:
    return page_response(request, filters, products.page(tx, catalog_id, filters))


@app.get("/v1/products/{product_id}")
def get_product(product_id: UUID, tx: Reading) -> Product:
    return products.get(tx, product_id)


handler = serve(app)
