"""Reports: read the figures of orders, visitors and catalogs."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate.core.http import Cached, api, serve
from wecelebrate.reports import client, tables
from wecelebrate.reports.models import ClientReport, ClientReportFilters

app = api()

CSV = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@app.get("/v1/reports/client", response_model=ClientReport, responses=CSV)
def get_client_report(filters: Annotated[ClientReportFilters, Query()], cached: Cached) -> Response:
    """Read the report of a client for a month or any other days: orders, revenue, products, customers, conversion."""
    response = cached.one(client.entry(filters), lambda tx: client.get(tx, filters))
    if filters.format == "json":
        return response
    report = ClientReport.model_validate_json(bytes(response.body))
    return Response(tables.client_table(report, filters.table), media_type="text/csv")


handler = serve(app)
