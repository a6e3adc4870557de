"""Catalogs: create, replace and change them, grant them to clients, and revoke grants."""

from wecelebrate import catalogs
from wecelebrate.catalogs import readings
from wecelebrate.catalogs.models import Catalog, CatalogContent, CatalogPatch, Grant, NewCatalog
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id

app = api()


@app.post("/v1/catalogs", status_code=201, dependencies=[located_at("/v1/catalogs/{id}")])
def create_catalog(new: NewCatalog, tx: Writing) -> Catalog:
    """Create a catalog. If the request sets no currency, the first product sets the currency of the catalog."""
    return catalogs.create(tx, new)


@app.put("/v1/catalogs/{catalog_id}")
def replace_catalog(catalog_id: Id, content: CatalogContent, match: IfMatch, tx: Writing) -> Catalog:
    """Replace all fields of a catalog. A field that the body omits gets its default."""
    return catalogs.replace(tx, catalog_id, content, match)


@app.patch("/v1/catalogs/{catalog_id}")
def change_catalog(catalog_id: Id, patch: CatalogPatch, match: IfMatch, tx: Writing) -> Catalog:
    """Change some fields of a catalog with a JSON Merge Patch."""
    return catalogs.change(tx, catalog_id, patch, match)


@app.put("/v1/catalogs/{catalog_id}/grants/{client_id}")
def grant_catalog(catalog_id: Id, client_id: Id, tx: Writing) -> Grant:
    """Allow a client to read this catalog and to sell its products. Repeating the request changes nothing."""
    return catalogs.grant(tx, catalog_id, client_id)


@app.delete("/v1/catalogs/{catalog_id}/grants/{client_id}", status_code=204)
def revoke_catalog(catalog_id: Id, client_id: Id, tx: Writing) -> None:
    """Revoke the grant of a client. The sites of the client stop showing the catalog."""
    catalogs.revoke(tx, catalog_id, client_id)


@app.delete("/v1/catalogs/{catalog_id}/reading", status_code=204)
def reset_reading(catalog_id: Id, tx: Writing) -> None:
    """Forget how the last file of this catalog was read. The next file is then read like a first file."""
    readings.reset(tx, catalog_id)


handler = serve(app)
