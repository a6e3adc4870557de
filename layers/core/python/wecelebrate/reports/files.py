"""Reports as files. A job can write the report of a period that has too many orders for a request.

The file is in the bucket of uploads, in the folder of the client. The lifecycle rule of the bucket deletes the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate import jobs
from wecelebrate.clients.members import default_client
from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries, writing
from wecelebrate.core.errors import Forbidden, Invalid, NotFound
from wecelebrate.core.models import Secret
from wecelebrate.core.problem_document import FieldError
from wecelebrate.jobs.lease import JobRejected, LeasedJob
from wecelebrate.jobs.models import Job
from wecelebrate.reports import client, tables, workbook
from wecelebrate.reports.models import ClientReport, ClientReportFilters, ClientReportRequest, ReportFormat
from wecelebrate.reports.scope import scope_of

sql = queries(__file__)

BUCKET = "uploads"
URL_LIFETIME = timedelta(minutes=15)


class ReportFile(BaseModel):
    """The file of a report."""

    name: str
    """The name of the file."""
    content_type: str
    """The media type of the file."""
    size: int
    """The size of the file in bytes."""
    url: Annotated[str, Secret] = Field(description="A link to the file. The link is valid for 15 minutes.")


@dataclass(frozen=True)
class _Format:
    extension: str
    media_type: str
    write: Callable[[ClientReport, ClientReportFilters], bytes]


_FORMATS: Mapping[ReportFormat, _Format] = {
    "json": _Format("json", "application/json", lambda report, _: report.model_dump_json().encode()),
    "csv": _Format("csv", "text/csv", lambda report, filters: tables.client_table(report, filters.table).encode()),
    "xlsx": _Format("xlsx", workbook.MEDIA_TYPE, lambda report, _: workbook.client_workbook(report)),
}


def create(tx: Transaction, request: ClientReportRequest) -> Job:
    """Create the job that writes a report.

    Raises Invalid. Raises Forbidden unless the caller may change data of the client.
    """
    client_id = request.client_id or default_client(tx)
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if client_id is None or sql.get_client(tx, client_id=client_id) is None:
        raise Invalid(errors=[FieldError(pointer="/client_id", detail="must be an existing client")])
    scope = scope_of(tx, client_id, request.site_id, request.timezone, request)
    payload = request.model_dump(mode="json", exclude={"notify", "client_id"}) | {
        "first_day": str(scope.period.first_day),
        "last_day": str(scope.period.last_day),
        "month": None,
    }
    notify_email = tx.caller.email if request.notify else None
    job_id = jobs.create(
        tx, "report_generation", client_id=scope.client_id, payload=payload, priority="high", notify_email=notify_email
    )
    return jobs.get(tx, job_id)


def run(job: LeasedJob) -> None:
    """Write the file of a report. A second attempt overwrites the file of the first attempt."""
    filters = ClientReportFilters(**job.payload)
    kind = _FORMATS[filters.format]
    if job.client_id is None:
        raise JobRejected("no_client", "A report needs a client.")
    with writing(job.caller) as tx:
        report = client.get(tx, job.client_id, filters, complete=True)
    job.check_lease()
    name = f"report-{report.first_day}-{report.last_day}.{kind.extension}"
    key = f"{report.client_id}/reports/{job.id}/{name}"
    storage.put(BUCKET, key, kind.write(report, filters), kind.media_type)
    with writing(job.caller) as tx:
        job.complete(tx, {"file": key, "format": filters.format})


def get_file(tx: Transaction, report_id: UUID) -> ReportFile:
    """Return the file of a report, with a presigned URL. `report_id` is the id of its job.

    Raises NotFound. Raises Forbidden for the role `support`, because support may read jobs, but not the reports of
    clients.
    """
    if tx.context.role == "app_support":
        raise Forbidden
    row: dict[str, Any] | None = sql.get_file(tx, job_id=report_id)
    if row is None:
        raise NotFound
    if row["key"] is None:
        raise NotFound("The job has not written its file yet.")
    size = storage.size_of(BUCKET, row["key"])
    if size is None:
        raise NotFound("The file was deleted, because it is too old.")
    media_type = _FORMATS[row["format"]].media_type
    url = storage.download_url(BUCKET, row["key"], media_type, URL_LIFETIME)
    return ReportFile(name=storage.object_name(row["key"]), content_type=media_type, size=size, url=url)
