"""Report subscriptions: the link with which a recipient unsubscribes. The recipient needs no account."""

from fastapi import Request, Response

from wecelebrate.core.http import PublicWrite, api, serve
from wecelebrate.core.types import Label
from wecelebrate.reports.mailings import links
from wecelebrate.reports.mailings.links import ReportLink

app = api()


@app.get("/v1/unsubscribe/{link}", response_model=ReportLink, responses=links.RESPONSES)
def show_unsubscribe_page(request: Request, link: Label, tx: PublicWrite) -> Response:
    """Show the page with the button to unsubscribe from a report. The request changes nothing."""
    return links.show(request, tx, link)


@app.post("/v1/unsubscribe/{link}", response_model=ReportLink, responses=links.RESPONSES)
def unsubscribe_by_link(request: Request, link: Label, tx: PublicWrite) -> Response:
    """Unsubscribe from a report with the link in one of its mails. Mail programs send this request (RFC 8058)."""
    return links.end(request, tx, link)


handler = serve(app)
