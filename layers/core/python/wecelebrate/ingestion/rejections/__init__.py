"""The rejected rows of a job, and the files that a job has written.

While a job runs or waits, its rejected rows are in a staging table. When the job completes, it writes all rejected rows
to the error file in S3, and deletes the staged rows. An error file can have any number of rows, and needs no space in
the database. The lifecycle rule of the bucket deletes the error file.

The cursor of a page contains the byte at which the next page begins. Therefore each page reads only the bytes of its
own rows.

Every caller who can see the job sees the position and the reason of a rejected row. The cells of the row are source
data. Only admins, and the owners and editors of the client that owns the catalog, may see the cells.

The rows of order files contain personal data, and a reason can quote the row. A member without the right to see
personal data sees no reasons and no SKUs of these rows.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate.core import pages, storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import BadCursor, Forbidden, NotFound
from wecelebrate.core.pages import ListParameters
from wecelebrate.ingestion.rejections import error_file
from wecelebrate.ingestion.rejections.models import URL_LIFETIME, JobFile

sql = queries(__file__)

RESULT_BUCKETS = {"catalog_sync": "drops", "order_file": "drops", "product_import": "uploads"}
"""Maps the type of a job to the bucket that contains its error file and its result file."""
_IN_FILE = {"after_byte": None}
_STAGED = {"after_line": None, "after_n": None}


def page(tx: Transaction, job_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of the rejected rows of a job, in the order of the file.

    Raises NotFound if the caller cannot see the job, or if the error file was deleted. Raises BadCursor.
    """
    job = _get_job(tx, job_id)
    request = pages.list_request("rejected rows", parameters, job_id=str(job_id))
    if job["error_file"] is None:
        after = _start_after(parameters, request, _STAGED)
        rows = sql.list_staged_rejections(
            tx, job_id=job_id, limit=parameters.limit, max_bytes=pages.MAX_RESPONSE_BYTES, **after
        )
    else:
        after = _start_after(parameters, request, _IN_FILE)
        rows = error_file.rows(
            RESULT_BUCKETS[job["type"]],
            job["error_file"],
            after["after_byte"],
            parameters.limit,
            with_cells=job["sees_source"],
            with_reasons=job["sees_reasons"],
        )
    return pages.render(rows, parameters.limit, request)


def get_error_file(tx: Transaction, job_id: UUID) -> JobFile:
    """Return the error file of a job, with a presigned URL.

    Raises NotFound if the caller cannot see the job, or if the job has no error file. Raises Forbidden if the caller
    may not see the source data of the catalog.
    """
    job = _get_job(tx, job_id)
    return _signed(job, "error_file", error_file.format_of(job["error_file"] or "").content_type)


def get_result_file(tx: Transaction, job_id: UUID) -> JobFile:
    """Return the result file of a job, with a presigned URL. Raises the same errors as `get_error_file`."""
    return _signed(_get_job(tx, job_id), "result_file", "application/json")


def _get_job(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    job = sql.get_job_files(tx, job_id=job_id)
    if job is None:
        raise NotFound
    return dict(job)


def _signed(job: dict[str, Any], field: str, content_type: str) -> JobFile:
    if not job["sees_source"]:
        raise Forbidden
    key = job[field]
    bucket = RESULT_BUCKETS.get(job["type"], "")
    size = storage.size_of(bucket, key) if key else None
    if size is None:
        file = field.replace("_", " ")
        raise NotFound(f"The {file} was deleted, because it is too old." if key else f"The job has written no {file}.")
    return JobFile(
        name=storage.object_name(key),
        content_type=content_type,
        size=size,
        url=storage.download_url(bucket, key, content_type, URL_LIFETIME),
        expires_at=datetime.now(UTC) + URL_LIFETIME,
    )


def _start_after(parameters: ListParameters, request: dict[str, Any], order: dict[str, None]) -> dict[str, Any]:
    """Return the position after which the page begins. For the first page, all values are None. Raises BadCursor."""
    last = pages.decode(parameters.cursor, request)
    if last and last.keys() != order.keys():
        raise BadCursor("The job has ended after this cursor was issued. Request the first page without a cursor.")
    return {**order, **last}
