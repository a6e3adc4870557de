"""Catalogs: create, replace and change them. Grant them to clients, and revoke these grants."""

from wecelebrate import catalogs
from wecelebrate.catalogs.models import Catalog, CatalogContent, CatalogPatch, Grant, NewCatalog
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id

app = api()


@app.post("/v1/catalogs", status_code=201, dependencies=[located_at("/v1/catalogs/{id}")])
def create_catalog(new: NewCatalog, tx: Writing) -> Catalog:
    return catalogs.create(tx, new)


@app.put("/v1/catalogs/{catalog_id}")
def replace_catalog(catalog_id: Id, content: CatalogContent, match: IfMatch, tx: Writing) -> Catalog:
    return catalogs.replace(tx, catalog_id, content, match)


@app.patch("/v1/catalogs/{catalog_id}")
def change_catalog(catalog_id: Id, patch: CatalogPatch, match: IfMatch, tx: Writing) -> Catalog:
    return catalogs.change(tx, catalog_id, patch, match)


@app.put("/v1/catalogs/{catalog_id}/grants/{client_id}")
def grant_catalog(catalog_id: Id, client_id: Id, tx: Writing) -> Grant:
    return catalogs.grant(tx, catalog_id, client_id)


@app.delete("/v1/catalogs/{catalog_id}/grants/{client_id}", status_code=204)
def revoke_catalog(catalog_id: Id, client_id: Id, tx: Writing) -> None:
    catalogs.revoke(tx, catalog_id, client_id)


handler = serve(app)
