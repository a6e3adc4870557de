"""Imports: import many products or historical orders with one request, in a background job."""

from wecelebrate import order_imports, subscriptions
from wecelebrate.core.http import Writing, api, bounded_body, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion import bulk_import
from wecelebrate.ingestion.bulk_import import legacy_api
from wecelebrate.ingestion.bulk_import.legacy_api import LegacyImport, QueuedImport
from wecelebrate.ingestion.bulk_import.models import BulkImport
from wecelebrate.jobs.models import Job
from wecelebrate.order_imports.models import OrderImport

subscriptions.connect()
app = api()
BOUND = bounded_body(6 * 1024 * 1024, 600_000)
"""The maximum number of bytes and of keys in a body. Lambda does not accept a larger event. The limit in bytes includes
the white space between the rows. The lower limit of `bulk_import` counts only the rows. If a body has the maximum
number of rows, each row can have 12 keys."""


@app.post("/v1/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/v1/jobs/{id}")])
def import_products(request: BulkImport, tx: Writing) -> Job:
    """Import products from rows or from an uploaded file, in a background job. The response contains the job."""
    return bulk_import.create(tx, request)


@app.post("/api/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/api/jobs/{jobId}")])
def import_products_first_api(request: LegacyImport, tx: Writing) -> QueuedImport:
    """Import products in the format of the first API. New clients use `POST /v1/products/bulk-import`."""
    return legacy_api.create(tx, request)


@app.post("/v1/sites/{site_id}/orders/import", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def import_orders(site_id: Id, request: OrderImport, tx: Writing) -> Job:
    """Import historical orders from an uploaded file, in a background job. The response contains the job."""
    return order_imports.create(tx, site_id, request)


handler = serve(app)
