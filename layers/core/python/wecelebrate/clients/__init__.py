"""Clients are the companies whose shops run on the platform.

Only platform admins can change a client. The members of a client can read this client.
"""

from typing import Any
from uuid import UUID

from wecelebrate.clients.models import Client, ClientFilters, ClientPatch, NewClient
from wecelebrate.core import pages
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.etags import Match, refusal

sql = queries(__file__)


def entry(client_id: UUID) -> Entry:
    """Return the cache entry for a client."""
    return keys.entry(keys.CLIENT, client_id, tags=[f"client:{client_id}"])


def page_entry(filters: ClientFilters) -> Entry:
    """Return the cache entry for a page of clients."""
    return keys.entry(keys.CLIENTS, tags=["clients"], filters=filters.model_dump(mode="json"))


def page(tx: Transaction, filters: ClientFilters) -> pages.RenderedPage:
    """Return one page of the clients that the caller can see, sorted by name."""
    return pages.list_page("clients", sql.list_clients, tx, filters, pages.BY_NAME)


def get(tx: Transaction, client_id: UUID) -> Client:
    """Return one client. Raises NotFound."""
    row = sql.get_client(tx, client_id=client_id)
    if row is None:
        raise NotFound
    return Client(**row)


def create(tx: Transaction, new: NewClient) -> Client:
    """Create a client. Raises AlreadyExists if the slug is in use. Raises Forbidden unless the caller is an admin."""
    return Client(**sql.create_client(tx, **as_json(new.model_dump(mode="json"), "settings")))


def replace(tx: Transaction, client_id: UUID, new: NewClient, match: Match) -> Client:
    """Replace all fields of a client. Raises the same errors as `change`."""
    return _change(tx, client_id, new.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, client_id: UUID, patch: ClientPatch, match: Match) -> Client:
    """Apply a patch to a client. Raises NotFound, Forbidden, AlreadyExists, and the errors of `Match.check`."""
    return _change(tx, client_id, patch.changes(), match, replace=False)


def _change(tx: Transaction, client_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Client:
    expected = match.check(get(tx, client_id))
    parameters = as_json({"changes": changes}, "changes")
    row = sql.change_client(tx, client_id=client_id, replace=replace, expected_updated_at=expected, **parameters)
    if row is None:
        raise refusal(expected, get(tx, client_id))
    return Client(**row)
