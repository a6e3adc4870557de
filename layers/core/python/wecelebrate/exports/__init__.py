"""Exports: files with the products, the orders, the order lines, the events or the customers of a client.

A request creates an export and its job. The worker (`exports.worker`) writes the file to the bucket `exports`. The file
contains the rows that the requester can see, from one snapshot of the database. Only the requester and the admins of
the platform can see the export. The sweeper deletes an export and its file when the export expires.
"""

from datetime import UTC, datetime
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import pages, quotas, storage
from wecelebrate.core.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.exports.models import URL_LIFETIME, Export, ExportListFilters, NewExport
from wecelebrate.jobs.notifications import StoppedJob, job_stopped

sql = queries(__file__)

BUCKET = "exports"
MAX_EXPORTS = 100
"""The maximum number of stored exports of a client."""
MAX_EXPORTS_OF_USER = 25
"""The maximum number of stored exports that one user has requested for a client.

This limit is lower than MAX_EXPORTS, because the other users of the client cannot delete the exports of this user.
"""
CLEAN_UP_BATCH = 20
"""The maximum number of exports that one run of the sweeper deletes."""
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


class TooManyExports(Conflict):
    """This client, or this user, has the maximum number of exports.

    The number of exports of a client and of each of its users is limited. An export is deleted 7 days after its file
    was written.

    Delete an export that is not needed any more: `DELETE /v1/exports/{export_id}`.
    """

    code = "too_many_exports"


_QUOTA = quotas.Quota("exports", MAX_EXPORTS, TooManyExports)
_QUOTA_OF_USER = quotas.Quota("exports of one user", MAX_EXPORTS_OF_USER, TooManyExports)


def create(tx: Transaction, new: NewExport) -> Export:
    """Create an export and its job.

    Raises Forbidden if the caller is not a member of the client. Raises Invalid if the request names no client and the
    caller has no default client. Raises Invalid if the caller cannot see the catalog or the site of a filter. Raises
    TooManyExports.
    """
    # The import is in the function, because at the top of the module it would add 6 ms to every cold start.
    from wecelebrate.clients.members import default_client

    client_id = new.client_id or default_client(tx)
    if tx.context.role == "app_client" and client_id not in (tx.context.client_ids or []):
        raise Forbidden
    _check_filters(tx, new)
    quotas.check(tx, _QUOTA_OF_USER, client_id, lambda: int(sql.count_own_exports(tx, client_id=client_id)))
    quotas.check(tx, _QUOTA, client_id, lambda: int(sql.count_exports(tx, client_id=client_id)))
    options = {"bom": new.bom, "timezone": new.timezone, "include": new.include}
    filters = new.filters.model_dump(mode="json", exclude_none=True)
    row = sql.create_export(
        tx,
        client_id=client_id,
        kind=new.kind,
        format=new.format,
        notify_email=tx.caller.email if new.notify else None,
        **as_json({"filters": filters, "options": options}, "filters", "options"),
    )
    jobs.enqueue(tx, "data_export", row["job_id"], client_id)
    return _get(tx, row["export_id"])


def _check_filters(tx: Transaction, new: NewExport) -> None:
    filters, errors = new.filters, []
    if filters.catalog_id and not sql.catalog_exists(tx, catalog_id=filters.catalog_id):
        errors.append(FieldError(pointer="/filters/catalog_id", detail="does not exist"))
    if filters.site_id and not sql.site_exists(tx, site_id=filters.site_id):
        errors.append(FieldError(pointer="/filters/site_id", detail="does not exist"))
    if errors:
        raise Invalid(errors=errors)


def page(tx: Transaction, filters: ExportListFilters) -> pages.RenderedPage:
    """Return one page of the exports that the caller can see, newest first."""
    return pages.list_page("exports", sql.list_exports, tx, filters, pages.NEWEST)


def get(tx: Transaction, export_id: UUID) -> Export:
    """Return an export. If the export is complete, the result has a presigned URL of the file. Raises NotFound."""
    export = _get(tx, export_id)
    if export.file is None:
        return export
    key = sql.get_export_key(tx, export_id=export_id)
    content_type = CONTENT_TYPES[export.format]
    return export.model_copy(
        update={
            "url": storage.download_url(BUCKET, key, content_type, URL_LIFETIME),
            "url_expires_at": datetime.now(UTC) + URL_LIFETIME,
        }
    )


def _get(tx: Transaction, export_id: UUID) -> Export:
    row = sql.get_export(tx, export_id=export_id)
    if row is None:
        raise NotFound
    return Export(**row, url=None, url_expires_at=None)


def delete(tx: Transaction, export_id: UUID) -> None:
    """Delete an export, and cancel its job. The sweeper deletes the file within seconds. Raises NotFound."""
    row = sql.delete_export(tx, export_id=export_id)
    if row is None:
        raise NotFound
    if row["was_cancelled"]:
        job_stopped(tx, StoppedJob(row["job_id"], "data_export"))


def folder(client_id: UUID | None, export_id: UUID) -> str:
    """Return the prefix that the keys of all files of an export have."""
    return f"{client_id or 'platform'}/exports/{export_id}/"


def clean_up() -> int:
    """Delete expired and deleted exports with their files. It returns the number of deleted exports.

    The files are deleted first. If this process dies, the next run deletes the rows.
    """
    with writing(SYSTEM) as tx:
        expired = list(sql.list_expired_exports(tx, max_rows=CLEAN_UP_BATCH))
    for row in expired:
        storage.delete_all(BUCKET, folder(row["client_id"], row["id"]))
    if expired:
        with writing(SYSTEM) as tx:
            sql.remove_exports(tx, ids=[row["id"] for row in expired])
    return len(expired)
