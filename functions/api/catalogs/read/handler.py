"""Catalogs: list and read, with who may read them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import catalogs
from wecelebrate.catalogs.models import Catalog, CatalogFilters, Grant
from wecelebrate.http import Reading, api, page_response, serve
from wecelebrate.models import Listed
from wecelebrate.pages import Page

app = api()


@app.get("/v1/catalogs", response_model=Page[Catalog])
def list_catalogs(request: Request, filters: Annotated[CatalogFilters, Query()], tx: Reading) -> Response:
    return page_response(request, filters, catalogs.page(tx, filters))


@app.get("/v1/catalogs/{catalog_id}")
def get_catalog(catalog_id: UUID, tx: Reading) -> Catalog:
    return catalogs.get(tx, catalog_id)


@app.get("/v1/catalogs/{catalog_id}/grants", response_model=Page[Grant])
def list_grants(request: Request, catalog_id: UUID, listed: Annotated[Listed, Query()], tx: Reading) -> Response:
    return page_response(request, listed, catalogs.grants(tx, catalog_id, listed))


handler = serve(app)
