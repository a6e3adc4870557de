"""Events: list the events of the visitors of a client's sites."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import events
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.events.models import Event, EventFilters

app = api()


@app.get("/v1/events", response_model=Page[Event], dependencies=[records_reads("event")])
def list_events(request: Request, filters: Annotated[EventFilters, Query()], tx: Reading) -> Response:
    """List the events of all sites that the caller can see, the newest first."""
    return page_response(request, filters, events.page(tx, filters))


handler = serve(app)
