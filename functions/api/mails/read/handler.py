"""Mails: list them, and read one mail with its text."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import mail
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.mail.models import ListedMail, Mail, MailFilters

app = api()


@app.get("/v1/mails", response_model=Page[ListedMail], dependencies=[records_reads("mail")])
def list_mails(request: Request, filters: Annotated[MailFilters, Query()], tx: Reading) -> Response:
    """List mails, the newest first. The list does not contain their texts."""
    return page_response(request, filters, mail.page(tx, filters))


@app.get("/v1/mails/{mail_id}", dependencies=[records_reads("mail")])
def get_mail(mail_id: Id, tx: Reading) -> Mail:
    """Read one mail with its subject and text, rendered from the current data."""
    return mail.get(tx, mail_id)


handler = serve(app)
