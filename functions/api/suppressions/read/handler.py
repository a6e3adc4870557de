"""Suppressions: list the addresses to which no mail is sent."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import mail
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.mail.models import Suppression, SuppressionFilters

app = api()


@app.get("/v1/mail-suppressions", response_model=Page[Suppression], dependencies=[records_reads("mail_suppression")])
def list_suppressions(request: Request, filters: Annotated[SuppressionFilters, Query()], tx: Reading) -> Response:
    """List the addresses that get no mail, because an earlier mail bounced or caused a complaint."""
    return page_response(request, filters, mail.suppressions_page(tx, filters))


handler = serve(app)
