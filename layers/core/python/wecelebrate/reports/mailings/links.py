"""The page on which a recipient unsubscribes from a report.

A mail program unsubscribes with one POST request (RFC 8058). A GET request returns a page with a button and changes
nothing, because programs that scan mails open every link. Browsers get HTML, and all other callers get JSON.
"""

from html import escape
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import NotFound
from wecelebrate.core.etags import etag
from wecelebrate.core.negotiation import media_type
from wecelebrate.mail.phrase_files import phrases
from wecelebrate.reports.mailings import sql

_OFFERS = ("application/json", "text/html")
RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""The response in HTML, for the OpenAPI document. The response in JSON is declared by the route."""
_HEADERS = {
    # The page needs no scripts, and no other site may show it in a frame.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{heading}</title>
<style>body{{margin:3rem auto;max-width:34rem;padding:0 1rem;font:1rem/1.5 sans-serif;color:#1f2937}}
button{{font:inherit;padding:.6rem 1.2rem;color:#fff;background:#1f2937;border:0}}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
<p>{text}</p>
{form}</main>
</body>
</html>
"""
_FORM = '<form method="post"><button type="submit">{label}</button></form>\n'


class ReportLink(BaseModel):
    """The report, the client and the recipient of the link in a mail."""

    language: str
    """The language of the report."""
    client_name: str | None = Field(description="The client of the report. Null if the report was deleted.")
    name: str | None = Field(description="The name of the report. Null if it was deleted.")
    is_subscribed: bool
    """Whether the recipient is still subscribed to the report."""


def show(request: Request, tx: Transaction, token: str) -> Response:
    """Return the page of a link. Raises NotFound if the platform did not create the token."""
    row = sql.get_report_of_token(tx, token=token)
    if row is None:
        raise NotFound
    link = ReportLink(**row)
    preferred = media_type(request.headers.get("accept"), _OFFERS)
    text = _html(link) if preferred == "text/html" else link.model_dump_json()
    return Response(text, media_type=preferred, headers={**_HEADERS, "ETag": etag(text)})


def end(request: Request, tx: Transaction, token: str) -> Response:
    """Unsubscribe the recipient of a link.

    A second request changes nothing. Raises NotFound if the token is not valid.
    """
    if not sql.end_report_of_token(tx, token=token):
        raise NotFound
    return show(request, tx, token)


def _html(link: ReportLink) -> str:
    words = phrases(link.language)
    text, form = words["unsubscribe_done"], ""
    if link.is_subscribed:
        names = {"report": _isolated(link.name), "name": _isolated(link.client_name)}
        text = words["unsubscribe_question"].format(**names)
        form = _FORM.format(label=words["unsubscribe_button"])
    return _PAGE.format(language=link.language, heading=words["unsubscribe_heading"], text=text, form=form)


def _isolated(name: str | None) -> str:
    """Return a name as HTML.

    The name is isolated, so that its writing direction does not affect the words around it.
    """
    return f"<bdi>{escape(name or '')}</bdi>"
