"""Clients: list and read them."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import clients
from wecelebrate.audit.reads import records_reads
from wecelebrate.clients.models import Client, ClientFilters
from wecelebrate.core.http import Cached, api, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id

app = api()


@app.get("/v1/clients", response_model=Page[Client], dependencies=[records_reads("client")])
def list_clients(filters: Annotated[ClientFilters, Query()], cached: Cached) -> Response:
    """List clients in name order. Members see only their own clients."""
    return cached.page(clients.page_entry(filters), filters, lambda tx: clients.page(tx, filters))


@app.get("/v1/clients/{client_id}", response_model=Client, dependencies=[records_reads("client")])
def get_client(client_id: Id, cached: Cached) -> Response:
    """Read one client with its settings and its tier."""
    return cached.one(clients.entry(client_id), lambda tx: clients.get(tx, client_id))


handler = serve(app)
