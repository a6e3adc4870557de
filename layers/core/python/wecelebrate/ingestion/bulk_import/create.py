"""Creates the job of a bulk import. The rows of a request are stored in S3."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import orjson

from wecelebrate import jobs
from wecelebrate.core import queue, storage
from wecelebrate.core.database import Caller, Transaction
from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types.text import MAX_SKU_LENGTH
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.bulk_import.models import BulkImport, RowFields, sku_of
from wecelebrate.ingestion.catalog_settings import find_catalog, stock_time
from wecelebrate.ingestion.superseding import supersede_older
from wecelebrate.jobs.models import Job

MAX_BYTES = 4 * 1024 * 1024
"""The maximum total size of the rows in one request, in bytes."""
MAX_SMALL_IMPORT_ROWS = 500
"""The largest number of rows of a small import.

A small import has high priority, because a user may be waiting for the result. If the message of its job cannot be
sent, a small import runs within the request.
"""
_MAX_FIELD_ERRORS = 20


class RowsTooLarge(Invalid):
    """The rows are too large for one request. Upload them as a file: `POST /v1/uploads`.

    A request may contain rows of at most 4 MB.

    Create an upload, send the rows as a file to its URL, and import it by its `upload_id`:

        POST /v1/uploads                {"name": "products.csv", "size": 7340032}
        PUT <url of the upload>         the file
        POST /v1/products/bulk-import   {"catalog_id": "…", "upload_id": "…"}
    """

    code = "rows_too_large"


def create(tx: Transaction, request: BulkImport) -> Job:
    """Create the job of an import. If older files of the catalog wait for a decision, the new file makes them obsolete.

    Raises Forbidden if the caller can only read the catalog. Raises Invalid if a row has no valid SKU, or if the caller
    cannot see the catalog or the upload. Raises RowsTooLarge if the rows exceed MAX_BYTES.
    """
    catalog = find_catalog(tx, request.catalog_id)
    if catalog is None:
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="does not exist")])
    client_id: UUID | None = catalog["owner_client_id"]
    folder = f"{client_id or 'platform'}/imports/{uuid4()}"
    is_small = request.rows is not None and len(request.rows) <= MAX_SMALL_IMPORT_ROWS
    job_id = jobs.create(
        tx,
        "product_import",
        client_id=client_id,
        catalog_id=request.catalog_id,
        payload={
            **_source(tx, request, folder),
            **_stock_as_of(request, catalog["sync_settings"]),
            "results": folder,
            "mode": request.mode,
            "dry_run": request.dry_run,
        },
        priority="high" if is_small else "normal",
        ordering_key=f"catalog:{request.catalog_id}",
        notify_email=tx.caller.email if request.notify else None,
    )
    if request.upload_id is not None and not request.dry_run:
        supersede_older(tx, request.catalog_id, job_id, full=False)
    if is_small:
        queue.on_send_failure(tx, partial(_run_inline, tx.caller, job_id))
    return jobs.get(tx, job_id)


def _run_inline(caller: Caller, job_id: UUID) -> bool:
    # The import is in the function, because it also loads the file parsers. They are needed only if no message can be
    # sent.
    from wecelebrate.ingestion.bulk_import.run import run_inline

    return run_inline(caller, job_id)


def _source(tx: Transaction, request: BulkImport, folder: str) -> dict[str, Any]:
    """Return the part of the job's payload that names the file. Raises Invalid or RowsTooLarge."""
    if request.rows is not None:
        return _store_rows(tx, folder, request.rows)
    assert request.upload_id is not None, "BulkImport must have exactly one source"
    return uploads.find(tx, request.upload_id).model_dump() | {"format": "file"}


def _stock_as_of(request: BulkImport, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the part of the payload that says when the stock was counted.

    If the request has rows and no such time, the result is empty, and the stock of the rows is valid now.
    """
    if request.stock_as_of is not None:
        return {"stock_as_of": request.stock_as_of.isoformat()}
    return {} if request.rows is not None else {"stock_as_of": stock_time(settings, datetime.now(UTC)).isoformat()}


def _store_rows(tx: Transaction, folder: str, rows: list[RowFields]) -> dict[str, Any]:
    """Store rows as a file in S3. In a dry run, nothing is stored.

    Raises RowsTooLarge if the rows exceed MAX_BYTES. Raises Invalid if a row has no valid SKU.
    """
    errors = [
        FieldError(pointer=f"/rows/{index}/sku", detail=f"must be one line of 1 to {MAX_SKU_LENGTH} visible characters")
        for index, row in enumerate(rows)
        if sku_of(row) is None
    ]
    if errors:
        raise Invalid(f"{len(errors)} of {len(rows)} rows have no valid SKU.", errors[:_MAX_FIELD_ERRORS])
    text = b"\n".join(orjson.dumps(row) for row in rows)
    if len(text) > MAX_BYTES:
        raise RowsTooLarge(f"The rows have {len(text):,} bytes. The maximum for one request is {MAX_BYTES:,} bytes.")
    key = f"{folder}/rows.ndjson"
    version_id = "" if tx.is_rehearsal else storage.put_version(uploads.BUCKET, key, text, "application/x-ndjson")
    return {"key": key, "version_id": version_id, "name": "rows.ndjson", "format": "rows"}
