"""Reports: read the figures of orders, visitors and catalogs."""

from typing import Annotated, Any

from fastapi import Query, Response

from wecelebrate.core.http import Cached, Reading, api, serve
from wecelebrate.core.types import Id
from wecelebrate.reports import catalog, client, files, fulfilment, platform, tables, workbook
from wecelebrate.reports.catalog import CatalogReport
from wecelebrate.reports.files import ReportFile
from wecelebrate.reports.fulfilment import FulfilmentFilters, FulfilmentReport
from wecelebrate.reports.models import ClientReport, ClientReportFilters, PeriodFilters
from wecelebrate.reports.platform import PlatformReport

app = api()

FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            workbook.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


@app.get("/v1/reports/clients/{client_id}", response_model=ClientReport, responses=FILES)
def get_client_report(client_id: Id, filters: Annotated[ClientReportFilters, Query()], cached: Cached) -> Response:
    """Read the orders, revenue, products, customers and conversion of a client in a month or in another period."""
    response = cached.one(client.entry(client_id, filters), lambda tx: client.get(tx, client_id, filters))
    if filters.format == "json":
        return response
    report = ClientReport.model_validate_json(bytes(response.body))
    if filters.format == "xlsx":
        return Response(workbook.client_workbook(report), media_type=workbook.MEDIA_TYPE)
    return Response(tables.client_table(report, filters.table), media_type="text/csv")


@app.get("/v1/reports/clients/{client_id}/fulfilment")
def get_fulfilment_report(
    client_id: Id, filters: Annotated[FulfilmentFilters, Query()], tx: Reading
) -> FulfilmentReport:
    """Read how long the shipping and the delivery of the orders of a client took, by country."""
    return fulfilment.get(tx, client_id, filters)


@app.get("/v1/reports/catalogs/{catalog_id}", response_model=CatalogReport)
def get_catalog_report(catalog_id: Id, cached: Cached) -> Response:
    """Read the figures of a catalog: its products, its stock, and the rows that were rejected."""
    return cached.one(catalog.entry(catalog_id), lambda tx: catalog.get(tx, catalog_id))


@app.get("/v1/admin/reports/platform")
def get_platform_report(filters: Annotated[PeriodFilters, Query()], tx: Reading) -> PlatformReport:
    """Read the figures of the whole platform, and compare its growth with the plan. Only admins can do this."""
    return platform.get(tx, filters)


@app.get("/v1/reports/files/{report_id}")
def get_report_file(report_id: Id, tx: Reading) -> ReportFile:
    """Return a link to the file of a report. The id is the id of the job that writes the file."""
    return files.get_file(tx, report_id)


handler = serve(app)
