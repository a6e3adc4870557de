"""Audit log: list the entries."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import audit
from wecelebrate.audit.models import AuditEntry, AuditFilters
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page

app = api()


@app.get("/v1/audit", response_model=Page[AuditEntry])
def list_audit(request: Request, filters: Annotated[AuditFilters, Query()], tx: Reading) -> Response:
    """List audit log entries, the newest first. Admins see all entries, and owners see the entries of their clients."""
    return page_response(request, filters, audit.page(tx, filters))


handler = serve(app)
