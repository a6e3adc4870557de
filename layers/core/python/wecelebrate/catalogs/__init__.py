"""Catalogs: where products come from, who owns them, and who else may read them."""

from typing import Any
from uuid import UUID

from wecelebrate import pages
from wecelebrate.cache import keys
from wecelebrate.cache.keys import Entry
from wecelebrate.catalogs.models import Catalog, CatalogContent, CatalogFilters, CatalogPatch, Grant, NewCatalog
from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import Conflict, NotFound
from wecelebrate.etags import Match, refusal
from wecelebrate.models import Listed

sql = queries(__file__)


_JSON = ("source_config", "sync_settings", "pricing_rules")


class GrantInUse(Conflict):
    """Sites of this client still show the catalog."""

    code = "grant_in_use"


def entry(catalog_id: UUID) -> Entry:
    """One catalog, in the cache."""
    return keys.entry(keys.CATALOG, catalog_id, tags=[f"catalog:{catalog_id}"])


def page_entry(filters: CatalogFilters) -> Entry:
    """One page of catalogs, in the cache."""
    return keys.entry(keys.CATALOGS, tags=["catalogs"], asked=filters.model_dump(mode="json"))


def grants_entry(catalog_id: UUID, listed: Listed) -> Entry:
    """One page of the clients that may read a catalog, in the cache."""
    tags = [f"catalog:{catalog_id}", f"grants:{catalog_id}"]
    return keys.entry(keys.CATALOG, catalog_id, "grants", tags=tags, asked=listed.model_dump(mode="json"))


def page(tx: Transaction, filters: CatalogFilters) -> pages.Built:
    """One page of the catalogs that the caller may see, in name order."""
    return pages.listed("catalogs", sql.list_catalogs, tx, filters, pages.BY_NAME)


def get(tx: Transaction, catalog_id: UUID) -> Catalog:
    """One catalog. Raises NotFound."""
    row = sql.get_catalog(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    return Catalog(**row)


def create(tx: Transaction, new: NewCatalog) -> Catalog:
    """Raises Forbidden for a catalog of a client that the caller does not edit."""
    return Catalog(**sql.create_catalog(tx, **as_json(new.model_dump(mode="json"), *_JSON)))


def replace(tx: Transaction, catalog_id: UUID, content: CatalogContent, match: Match) -> Catalog:
    """All of it but its owner. Raises as `change` does."""
    return _change(tx, catalog_id, content.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, catalog_id: UUID, patch: CatalogPatch, match: Match) -> Catalog:
    """What the patch names. Raises NotFound, Forbidden, and as `Match.check` does."""
    return _change(tx, catalog_id, patch.changes(), match, replace=False)


def grants(tx: Transaction, catalog_id: UUID, listed: Listed) -> pages.Built:
    """One page of the clients that may read a catalog, as far as the caller may know them. Raises NotFound."""
    get(tx, catalog_id)
    return pages.listed("grants", sql.list_grants, tx, listed, pages.BY_ID, catalog_id=catalog_id)


def grant(tx: Transaction, catalog_id: UUID, client_id: UUID) -> Grant:
    """Let a client read a catalog. Admins only. Raises NotFound for a catalog or a client, Forbidden."""
    _see(tx, catalog_id, client_id)
    return Grant(**sql.grant_catalog(tx, catalog_id=catalog_id, client_id=client_id))


def revoke(tx: Transaction, catalog_id: UUID, client_id: UUID) -> None:
    """Take a grant back. Admins only. Raises NotFound, Forbidden, GrantInUse while sites show the catalog."""
    _see(tx, catalog_id, client_id)
    if sql.revoke_catalog(tx, catalog_id=catalog_id, client_id=client_id) == 0:
        raise NotFound
    if sql.count_sites_using_grant(tx, catalog_id=catalog_id, client_id=client_id):
        raise GrantInUse("Point those sites at another catalog first.")


def _see(tx: Transaction, catalog_id: UUID, client_id: UUID) -> None:
    if not sql.can_see_catalog_and_client(tx, catalog_id=catalog_id, client_id=client_id):
        raise NotFound


def _change(tx: Transaction, catalog_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Catalog:
    seen = match.check(get(tx, catalog_id))
    told = as_json({"changes": changes}, "changes")
    row = sql.change_catalog(tx, catalog_id=catalog_id, replace=replace, expected_updated_at=seen, **told)
    if row is None:
        raise refusal(seen, get(tx, catalog_id))
    return Catalog(**row)
