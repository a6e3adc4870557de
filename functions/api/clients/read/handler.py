"""Clients: list and read."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import clients
from wecelebrate.clients.models import Client, ClientFilters
from wecelebrate.http import Reading, api, page_response, serve
from wecelebrate.pages import Page

app = api()


@app.get("/v1/clients", response_model=Page[Client])
def list_clients(request: Request, filters: Annotated[ClientFilters, Query()], tx: Reading) -> Response:
    return page_response(request, filters, clients.page(tx, filters))


@app.get("/v1/clients/{client_id}")
def get_client(client_id: UUID, tx: Reading) -> Client:
    return clients.get(tx, client_id)


handler = serve(app)
