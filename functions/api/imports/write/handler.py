"""Bulk imports: import many products at once, as a background job."""

from wecelebrate import subscriptions
from wecelebrate.core.http import Writing, api, bounded_body, located_at, serve
from wecelebrate.ingestion import bulk_import
from wecelebrate.ingestion.bulk_import import legacy_api
from wecelebrate.ingestion.bulk_import.legacy_api import LegacyImport, QueuedImport
from wecelebrate.ingestion.bulk_import.models import BulkImport
from wecelebrate.jobs.models import Job

subscriptions.connect()
app = api()
BOUND = bounded_body(6 * 1024 * 1024)
"""Lambda accepts no larger event. White space between the rows counts here, but not against the limit of the rows."""


@app.post("/v1/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/v1/jobs/{id}")])
def import_products(request: BulkImport, tx: Writing) -> Job:
    """Import products from rows or from an uploaded file. Follow the job in the response to its end."""
    return bulk_import.create(tx, request)


@app.post("/api/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/api/jobs/{jobId}")])
def import_products_first_api(request: LegacyImport, tx: Writing) -> QueuedImport:
    """Import products in the format of the first API. New clients use `POST /v1/products/bulk-import`."""
    return legacy_api.create(tx, request)


handler = serve(app)
