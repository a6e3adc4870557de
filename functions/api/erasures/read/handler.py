"""Erasures: list and read them."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import erasures
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.erasures.models import Erasure, ErasureListFilters

app = api()


@app.get("/v1/clients/{client_id}/erasures", response_model=Page[Erasure])
def list_erasures(
    client_id: Id, request: Request, filters: Annotated[ErasureListFilters, Query()], tx: Reading
) -> Response:
    """List the erasures of a client, the newest first. Only owners of the client and admins see them."""
    return page_response(request, filters, erasures.page(tx, client_id, filters))


@app.get("/v1/erasures/{erasure_id}")
def get_erasure(erasure_id: Id, tx: Reading) -> Erasure:
    """Read the status of an erasure and the numbers of erased objects."""
    return erasures.get(tx, erasure_id)


handler = serve(app)
