"""Exports: create and delete them."""

from wecelebrate import exports, subscriptions
from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.exports.models import Export, NewExport

subscriptions.connect()
app = api()


@app.post("/v1/exports", status_code=202, dependencies=[located_at("/v1/exports/{id}")])
def create_export(new: NewExport, tx: Writing) -> Export:
    """Export all products, orders, order lines, events or customers that the caller can see."""
    return exports.create(tx, new)


@app.delete("/v1/exports/{export_id}", status_code=204)
def delete_export(export_id: Id, tx: Writing) -> None:
    """Delete an export and its file. If the export has not ended, it is cancelled."""
    exports.delete(tx, export_id)


handler = serve(app)
