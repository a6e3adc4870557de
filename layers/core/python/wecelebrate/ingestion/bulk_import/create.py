"""Asking for a bulk import: shape, place, rows to S3, job."""

from functools import partial
from uuid import UUID, uuid4

import orjson

from wecelebrate import jobs
from wecelebrate.core import queue, storage
from wecelebrate.core.database import Caller, Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.bulk_import.models import BulkImport, Given
from wecelebrate.jobs.models import Job

sql = queries(__file__)

LARGEST = 4 * 1024 * 1024
"""Bytes of rows in one request."""
SMALL = 500
"""Rows up to which an import goes by the high lane, for somebody waits for it, and is done at once when no message can
be sent."""
_MOST_ERRORS = 20
_LONGEST_SKU = 200


class RowsTooLarge(Invalid):
    """These are more rows than a request may bring: send them as a file, by `POST /v1/uploads`."""

    code = "rows_too_large"


def create(tx: Transaction, asked: BulkImport) -> Job:
    """The job of an import, which begins at once.

    Raises Forbidden for a catalog that is read only to the caller, RowsTooLarge, Invalid for rows without a SKU and for
    a catalog or an upload that the caller cannot see.
    """
    catalog = sql.get_catalog(tx, catalog_id=asked.catalog_id)
    if catalog is None:
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="does not exist")])
    client_id: UUID | None = catalog["owner_client_id"]
    folder = f"{client_id or 'platform'}/imports/{uuid4()}"
    if asked.rows is not None:
        source = _keep(folder, asked.rows)
    elif asked.upload_id is not None:
        source = uploads.find(tx, asked.upload_id).model_dump() | {"format": "file"}
    small = asked.rows is not None and len(asked.rows) <= SMALL
    job_id = jobs.create(
        tx,
        "product_import",
        client_id=client_id,
        catalog_id=asked.catalog_id,
        payload={**source, "results": folder, "mode": asked.mode, "dry_run": asked.dry_run},
        priority="high" if small else "normal",
        ordering_key=f"catalog:{asked.catalog_id}",
        notify_email=tx.caller.email if asked.notify else None,
    )
    if small:
        queue.on_send_failure(tx, partial(_run_inline, tx.caller, job_id))
    return jobs.get(tx, job_id)


def _run_inline(caller: Caller, job_id: UUID) -> bool:
    # It brings all of loading along, and is needed only while no message can be sent.
    from wecelebrate.ingestion.bulk_import.run import run_inline

    return run_inline(caller, job_id)


def _keep(folder: str, rows: list[Given]) -> dict[str, str]:
    """The rows as a file; where it is. Raises Invalid, RowsTooLarge."""
    wrong = [
        FieldError(pointer=f"/rows/{number}/sku", detail=f"is text of 1 to {_LONGEST_SKU} characters")
        for number, row in enumerate(rows)
        if not (isinstance(sku := row.get("sku"), str) and 0 < len(sku.strip()) <= _LONGEST_SKU)
    ]
    if wrong:
        raise Invalid(f"{len(wrong)} of {len(rows)} rows have no SKU.", wrong[:_MOST_ERRORS])
    text = b"\n".join(orjson.dumps(row) for row in rows)
    if len(text) > LARGEST:
        raise RowsTooLarge(f"They are {len(text):,} bytes; a request may bring {LARGEST:,}.")
    key = f"{folder}/rows.ndjson"
    version_id = storage.put_version(uploads.BUCKET, key, text, "application/x-ndjson")
    return {"key": key, "version_id": version_id, "name": "rows.ndjson", "format": "rows"}
