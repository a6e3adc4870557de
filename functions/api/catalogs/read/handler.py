"""Catalogs: list and show them, list their grants, and show how their last file was read."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import catalogs
from wecelebrate.catalogs import readings
from wecelebrate.catalogs.models import Catalog, CatalogFilters, CatalogReading, Grant
from wecelebrate.core.http import Cached, Reading, api, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import Id

app = api()


@app.get("/v1/catalogs", response_model=Page[Catalog])
def list_catalogs(filters: Annotated[CatalogFilters, Query()], cached: Cached) -> Response:
    """List the catalogs that the caller owns or has a grant for, in name order."""
    return cached.page(catalogs.page_entry(filters), filters, lambda tx: catalogs.page(tx, filters))


@app.get("/v1/catalogs/{catalog_id}", response_model=Catalog)
def get_catalog(catalog_id: Id, cached: Cached) -> Response:
    """Read one catalog. A client that only has a grant does not see its settings."""
    return cached.one(catalogs.entry(catalog_id), lambda tx: catalogs.get(tx, catalog_id))


@app.get("/v1/catalogs/{catalog_id}/grants", response_model=Page[Grant])
def list_grants(catalog_id: Id, parameters: Annotated[ListParameters, Query()], cached: Cached) -> Response:
    """List the clients that have a grant for this catalog."""
    entry = catalogs.grants_entry(catalog_id, parameters)
    return cached.page(entry, parameters, lambda tx: catalogs.grants(tx, catalog_id, parameters))


@app.get("/v1/catalogs/{catalog_id}/reading")
def get_reading(catalog_id: Id, tx: Reading) -> CatalogReading:
    """Show the columns and the formats with which the last file of this catalog was read. The next file is compared
    with them."""
    return readings.get(tx, catalog_id)


handler = serve(app)
