"""The page on which a recipient ends a report.

A mail program ends a report with one POST request (RFC 8058). A GET request changes nothing, because programs that scan
mails open every link: it shows a page with a button.
"""

from html import escape
from typing import Any

from fastapi import Response

from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import NotFound
from wecelebrate.mail.phrase_files import phrases
from wecelebrate.reports.mailings import sql

RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
_HEADERS = {
    # The page needs no scripts, and no other page may show its button.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
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


def page(tx: Transaction, token: str) -> Response:
    """Return the page of a link. Raises NotFound if we did not make the token."""
    row = sql.get_report_of_token(tx, token=token)
    if row is None:
        raise NotFound
    return _page(row)


def end(tx: Transaction, token: str) -> Response:
    """End the report of a link. A second request changes nothing. Raises NotFound if we did not make the token."""
    if not sql.end_report_of_token(tx, token=token):
        raise NotFound
    return page(tx, token)


def _page(row: dict[str, Any]) -> Response:
    words = phrases(row["language"])
    if row["is_subscribed"]:
        names = {"report": f"<bdi>{escape(row['name'])}</bdi>", "name": f"<bdi>{escape(row['client_name'])}</bdi>"}
        text = words["unsubscribe_question"].format(**names)
        form = _FORM.format(label=words["unsubscribe_button"])
    else:
        text, form = words["unsubscribe_done"], ""
    html = _PAGE.format(language=row["language"], heading=words["unsubscribe_heading"], text=text, form=form)
    return Response(html, media_type="text/html", headers=_HEADERS)
