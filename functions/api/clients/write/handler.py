"""Clients: create, replace and change them. Only platform admins can do this."""

from wecelebrate import clients
from wecelebrate.clients.models import Client, ClientPatch, NewClient
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id

app = api()


@app.post("/v1/clients", status_code=201, dependencies=[located_at("/v1/clients/{id}")])
def create_client(new: NewClient, tx: Writing) -> Client:
    """Create a client. Only admins of the platform can do this."""
    return clients.create(tx, new)


@app.put("/v1/clients/{client_id}")
def replace_client(client_id: Id, new: NewClient, match: IfMatch, tx: Writing) -> Client:
    """Replace all fields of a client. A field that the body omits gets its default."""
    return clients.replace(tx, client_id, new, match)


@app.patch("/v1/clients/{client_id}")
def change_client(client_id: Id, patch: ClientPatch, match: IfMatch, tx: Writing) -> Client:
    """Change some fields of a client with a JSON Merge Patch."""
    return clients.change(tx, client_id, patch, match)


handler = serve(app)
