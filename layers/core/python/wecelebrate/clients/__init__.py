"""Clients: the companies whose shops run here. Platform admins write them; members read their own."""

from typing import Any
from uuid import UUID

from wecelebrate import pages
from wecelebrate.cache import keys
from wecelebrate.cache.keys import Entry
from wecelebrate.clients.models import Client, ClientFilters, ClientPatch, NewClient
from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import NotFound
from wecelebrate.etags import Match, refusal

sql = queries(__file__)


def entry(client_id: UUID) -> Entry:
    """One client, in the cache."""
    return keys.entry(keys.CLIENT, client_id, tags=[f"client:{client_id}"])


def page_entry(filters: ClientFilters) -> Entry:
    """One page of clients, in the cache."""
    return keys.entry(keys.CLIENTS, tags=["clients"], asked=filters.model_dump(mode="json"))


def page(tx: Transaction, filters: ClientFilters) -> pages.Built:
    """One page of the clients that the caller may see, in name order."""
    return pages.listed("clients", sql.list_clients, tx, filters, pages.BY_NAME)


def get(tx: Transaction, client_id: UUID) -> Client:
    """One client. Raises NotFound."""
    row = sql.get_client(tx, client_id=client_id)
    if row is None:
        raise NotFound
    return Client(**row)


def create(tx: Transaction, new: NewClient) -> Client:
    """Raises AlreadyExists for a slug that is taken, Forbidden for anyone but an admin."""
    return Client(**sql.create_client(tx, **as_json(new.model_dump(mode="json"), "settings")))


def replace(tx: Transaction, client_id: UUID, new: NewClient, match: Match) -> Client:
    """All of it. Raises as `change` does."""
    return _change(tx, client_id, new.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, client_id: UUID, patch: ClientPatch, match: Match) -> Client:
    """What the patch names. Raises NotFound, Forbidden, AlreadyExists, and as `Match.check` does."""
    return _change(tx, client_id, patch.changes(), match, replace=False)


def _change(tx: Transaction, client_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Client:
    seen = match.check(get(tx, client_id))
    told = as_json({"changes": changes}, "changes")
    row = sql.change_client(tx, client_id=client_id, replace=replace, expected_updated_at=seen, **told)
    if row is None:
        raise refusal(seen, get(tx, client_id))
    return Client(**row)
