"""The job of a report by mail: it computes the report, draws its charts, and queues its mails.

The transaction that completes the job also queues the mails. If a worker dies before this transaction, no mails are
queued, and the next worker overwrites the files. The figures are stored in the `details` of the mails. Therefore all
recipients get the same figures.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from wecelebrate.core import storage
from wecelebrate.core.database import as_json, writing
from wecelebrate.core.settings import settings
from wecelebrate.core.shortening import shortened_text
from wecelebrate.jobs.lease import JobRejected, LeasedJob
from wecelebrate.mail.attachments import BUCKET, MAX_BYTES
from wecelebrate.mail.enqueue import announce_mail
from wecelebrate.reports import client, workbook
from wecelebrate.reports.mailings import charts, sql
from wecelebrate.reports.models import ClientReport, ClientReportFilters

MAX_ROWS = 10
"""The largest number of rows of the table of sites and of the table of products. The workbook contains all sites."""
MAX_DAY_ROWS = 100
"""The largest number of rows of the table of days."""
_MAX_NAME_LENGTH = 100


def run(job: LeasedJob) -> None:
    """Write the files of a report and queue its mails. Raises JobRejected if the platform has no configured domain."""
    if job.client_id is None:
        raise JobRejected("no_client", "A report needs a client.")
    if not settings().api_url:
        raise JobRejected("no_domain", "Mails with reports need the setting `domain` of the operator.")
    subscription_id = UUID(job.payload["subscription_id"])
    with writing(job.caller) as tx:
        subscription = sql.get_subscription(tx, subscription_id=subscription_id)
        if subscription is None or not sql.count_report_recipients(tx, subscription_id=subscription_id):
            job.complete(tx, {"mails": 0})
            return
        filters = ClientReportFilters(
            site_id=subscription["site_id"],
            timezone=subscription["timezone"],
            first_day=job.payload["first_day"],
            last_day=job.payload["last_day"],
        )
        report = client.get(tx, job.client_id, filters, complete=True)
        site_name = sql.get_site_name(tx, site_id=subscription["site_id"])
    job.check_lease()
    folder = f"{job.client_id}/reports/{job.id}"
    file = _write_workbook(folder, report)
    details = {
        "name": subscription["name"],
        "locale": subscription["language"],
        "site": site_name,
        "job_id": str(job.id),
        **figures_of(report),
        "charts": _write_charts(folder, report, subscription["language"]),
        "workbook": file if subscription["attach_workbook"] and file["size"] <= MAX_BYTES else None,
    }
    job.check_lease()
    with writing(job.caller) as tx:
        values = as_json({"details": details}, "details")
        mails = list(sql.queue_report_mails(tx, subscription_id=subscription_id, **values))
        for mail in mails:
            announce_mail(tx, mail["job_id"], job.client_id)
        job.complete(tx, {"file": file["key"], "format": "xlsx", "mails": len(mails)})


def figures_of(report: ClientReport) -> dict[str, Any]:
    """Return the figures that the mail shows. They contain no personal data."""
    days = _rows(report.by_day, MAX_DAY_ROWS + 1)
    return {
        "first_day": str(report.first_day),
        "last_day": str(report.last_day),
        "timezone": report.timezone,
        "totals": _rows(report.totals, MAX_ROWS),
        "days": days if len(days) <= MAX_DAY_ROWS and report.first_day < report.last_day else [],
        "hours": _rows(report.by_hour, MAX_DAY_ROWS) if report.first_day == report.last_day else [],
        "sites": _rows(report.by_site if report.site_id is None else [], MAX_ROWS),
        "products": _rows(report.top_products or [], MAX_ROWS),
        "customers": report.customers.model_dump(mode="json") if report.customers else None,
        "conversion": report.conversion.model_dump(mode="json") if report.conversion else None,
    }


def _rows(models: Sequence[BaseModel], limit: int) -> list[dict[str, Any]]:
    rows = [model.model_dump(mode="json") for model in models[:limit]]
    return [
        {
            name: shortened_text(value, _MAX_NAME_LENGTH) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _write_charts(folder: str, report: ClientReport, language: str) -> list[dict[str, Any]]:
    written = []
    for chart in charts.draw(report, language):
        key = f"{folder}/{chart.name}.png"
        storage.put(BUCKET, key, chart.png, "image/png")
        written.append(chart.facts() | {"key": key, "content_id": f"{chart.name}@report"})
    return written


def _write_workbook(folder: str, report: ClientReport) -> dict[str, Any]:
    body = workbook.client_workbook(report)
    key = f"{folder}/report-{report.first_day}-{report.last_day}.xlsx"
    storage.put(BUCKET, key, body, workbook.MEDIA_TYPE)
    return {"key": key, "media_type": workbook.MEDIA_TYPE, "size": len(body)}
