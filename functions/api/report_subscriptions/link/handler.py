"""Report subscriptions: the link with which a recipient ends a report. It needs no account."""

from fastapi import Response

from wecelebrate.core.http import PublicWrite, api, serve
from wecelebrate.core.types import Label
from wecelebrate.reports.mailings import links

app = api()


@app.get("/v1/unsubscribe/{link}", responses=links.RESPONSES, response_class=Response)
def show_unsubscribe_page(link: Label, tx: PublicWrite) -> Response:
    """Show the page with the button that ends a report by mail. It changes nothing."""
    return links.page(tx, link)


@app.post("/v1/unsubscribe/{link}", responses=links.RESPONSES, response_class=Response)
def unsubscribe_by_link(link: Label, tx: PublicWrite) -> Response:
    """End a report by mail with the link in one of its mails. Mail programs send this request (RFC 8058)."""
    return links.end(tx, link)


handler = serve(app)
