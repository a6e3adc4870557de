"""Imports: import many products, or historical orders, at once, as a background job."""

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
"""Lambda does not accept a larger event. This limit includes the white space between the rows. `bulk_import` has a
lower limit, which counts only the rows. The largest number of rows can have 12 keys each."""


@app.post("/v1/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/v1/jobs/{id}")])
def import_products(request: BulkImport, tx: Writing) -> Job:
    """Import products from rows or from an uploaded file. Follow the job in the response to its end."""
    return bulk_import.create(tx, request)


@app.post("/api/products/bulk-import", status_code=202, dependencies=[BOUND, located_at("/api/jobs/{jobId}")])
def import_products_first_api(request: LegacyImport, tx: Writing) -> QueuedImport:
    """Import products in the format of the first API. New clients use `POST /v1/products/bulk-import`."""
    return legacy_api.create(tx, request)


@app.post("/v1/sites/{site_id}/orders/import", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def import_orders(site_id: Id, request: OrderImport, tx: Writing) -> Job:
    """Import historical orders from an uploaded file. Follow the job in the response to its end."""
    return order_imports.create(tx, site_id, request)


handler = serve(app)
