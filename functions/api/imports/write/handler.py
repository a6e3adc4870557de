"""Bulk imports: many products at once, in the background."""

from wecelebrate import imports
from wecelebrate.http import Writing, api, serve
from wecelebrate.imports import compatible
from wecelebrate.imports.compatible import ProductsImport, Queued
from wecelebrate.imports.models import BulkImport
from wecelebrate.jobs.models import Job

app = api()


@app.post("/v1/products/bulk-import", status_code=202)
def import_products(asked: BulkImport, tx: Writing) -> Job:
    return imports.create(tx, asked)


@app.post("/api/products/bulk-import", status_code=202)
def import_products_first_api(asked: ProductsImport, tx: Writing) -> Queued:
    return compatible.create(tx, asked)


handler = serve(app)
