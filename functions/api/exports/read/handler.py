"""Exports: list and read them, with a URL of the file."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import exports
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.exports.models import Export, ExportListFilters

app = api()


@app.get("/v1/exports", response_model=Page[Export], dependencies=[records_reads("export")])
def list_exports(request: Request, filters: Annotated[ExportListFilters, Query()], tx: Reading) -> Response:
    """List the exports that the caller has requested, the newest first. An admin sees all exports."""
    return page_response(request, filters, exports.page(tx, filters))


@app.get("/v1/exports/{export_id}", dependencies=[records_reads("export")])
def get_export(export_id: Id, tx: Reading) -> Export:
    """Read an export with its progress. When it is complete, the response has a presigned URL of its file."""
    return exports.get(tx, export_id)


handler = serve(app)
