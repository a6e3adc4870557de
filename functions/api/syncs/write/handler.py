"""Syncs: load an uploaded file into a catalog, in the same way as a file that an ERP system drops."""

from wecelebrate import subscriptions
from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion import sync
from wecelebrate.ingestion.sync.models import NewSync
from wecelebrate.jobs.models import Job

subscriptions.connect()
app = api()


@app.post("/v1/catalogs/{catalog_id}/syncs", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def create_sync(catalog_id: Id, new: NewSync, tx: Writing) -> Job:
    """Start the sync of an uploaded file. The syncs and imports of a catalog run one after another."""
    return sync.create(tx, catalog_id, new)


handler = serve(app)
