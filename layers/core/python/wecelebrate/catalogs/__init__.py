"""Catalogs of products. A catalog has an owner. Grants allow other clients to read the catalog."""

from typing import Any
from uuid import UUID

from wecelebrate.catalogs import pricing
from wecelebrate.catalogs.models import Catalog, CatalogContent, CatalogFilters, CatalogPatch, Grant, NewCatalog
from wecelebrate.clients.members import default_client
from wecelebrate.core import pages, quotas
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Invalid, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError

sql = queries(__file__)

MAX_CATALOGS = 1_000
"""The maximum number of catalogs that a client owns. Catalogs cannot be deleted."""

_JSON_COLUMNS = ("source_config", "sync_settings", "pricing_rules")


class GrantInUse(Conflict):
    """Sites of this client still use the catalog.

    A grant allows a client to sell the products of another client's catalog. The grant cannot be revoked while a site
    of the client that has the grant shows the catalog.

    Choose another catalog for these sites first. Then revoke the grant.
    """

    code = "grant_in_use"


class TooManyCatalogs(Conflict):
    """This client has the maximum number of catalogs.

    The number of catalogs of a client is limited.

    Use an existing catalog, for example with an import whose `mode` is `upsert`, or ask support for a larger number.
    """

    code = "too_many_catalogs"


_QUOTA = quotas.Quota("catalogs", MAX_CATALOGS, TooManyCatalogs, "Change a catalog that you no longer use.")


class CurrencyInUse(Conflict):
    """Products of this catalog have prices in another currency.

    To move a catalog to another currency, set its currency to null, change the prices, and set the new currency.
    """

    code = "currency_in_use"


def entry(catalog_id: UUID) -> Entry:
    """Return the cache entry for a catalog."""
    return keys.entry(keys.CATALOG, catalog_id, tags=[f"catalog:{catalog_id}"])


def page_entry(filters: CatalogFilters) -> Entry:
    """Return the cache entry for a page of catalogs."""
    return keys.entry(keys.CATALOGS, tags=["catalogs"], filters=filters.model_dump(mode="json"))


def grants_entry(catalog_id: UUID, parameters: ListParameters) -> Entry:
    """Return the cache entry for a page of a catalog's grants."""
    tags = [f"catalog:{catalog_id}", f"grants:{catalog_id}"]
    return keys.entry(keys.CATALOG, catalog_id, "grants", tags=tags, filters=parameters.model_dump(mode="json"))


def page(tx: Transaction, filters: CatalogFilters) -> pages.RenderedPage:
    """Return one page of the catalogs that the caller can see, sorted by name."""
    return pages.list_page("catalogs", sql.list_catalogs, tx, filters, pages.BY_NAME)


def get(tx: Transaction, catalog_id: UUID) -> Catalog:
    """Return one catalog. Raises NotFound."""
    row = sql.get_catalog(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    return Catalog(**row)


def create(tx: Transaction, new: NewCatalog) -> Catalog:
    """Create a catalog.

    If the request does not name an owner, the owner is the caller's only client. If the caller belongs to the staff,
    the owner is the platform.

    Raises TooManyCatalogs. Raises Invalid if the request names no owner, and the caller has several clients. Raises
    Forbidden if the caller is not allowed to edit objects of the catalog's owner.
    """
    is_named = "owner_client_id" in new.model_fields_set
    owner_id = new.owner_client_id if is_named else default_client(tx, "owner_client_id")
    # Only staff can create catalogs of the platform, so these catalogs have no quota.
    if owner_id is not None:
        quotas.check(tx, _QUOTA, owner_id, lambda: int(sql.count_catalogs(tx, client_id=owner_id)))
    fields = new.model_dump(mode="json") | {"owner_client_id": owner_id}
    fields["pricing_rules"] = pricing.checked(fields["pricing_rules"], new.currency)
    return Catalog(**sql.create_catalog(tx, **as_json(fields, *_JSON_COLUMNS)))


def replace(tx: Transaction, catalog_id: UUID, content: CatalogContent, match: Match) -> Catalog:
    """Replace all fields of a catalog except its owner. Raises the same errors as `change`.

    If the request has no currency, the catalog keeps its currency, because a program that does not know this field must
    not clear it.
    """
    fields = content.model_dump(mode="json")
    if "currency" not in content.model_fields_set:
        del fields["currency"]
    return _change(tx, catalog_id, fields, match, replace=True)


def change(tx: Transaction, catalog_id: UUID, patch: CatalogPatch, match: Match) -> Catalog:
    """Apply a patch to a catalog. Raises NotFound, Forbidden, CurrencyInUse, and the errors of `Match.check`."""
    return _change(tx, catalog_id, patch.changes(), match, replace=False)


def grants(tx: Transaction, catalog_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of a catalog's grants. It contains only grants that the caller can see.

    Raises NotFound for an unknown catalog.
    """
    get(tx, catalog_id)
    return pages.list_page("grants", sql.list_grants, tx, parameters, pages.BY_ID, catalog_id=catalog_id)


def grant(tx: Transaction, catalog_id: UUID, client_id: UUID) -> Grant:
    """Grant a client read access to a catalog.

    Raises NotFound for an unknown catalog or client, and Forbidden unless the caller is an admin.
    """
    _check_visible(tx, catalog_id, client_id)
    return Grant(**sql.grant_catalog(tx, catalog_id=catalog_id, client_id=client_id))


def revoke(tx: Transaction, catalog_id: UUID, client_id: UUID) -> None:
    """Revoke a grant.

    Raises NotFound for an unknown grant, and Forbidden unless the caller is an admin. Raises GrantInUse if sites of the
    client still use the catalog.
    """
    _check_visible(tx, catalog_id, client_id)
    if sql.revoke_catalog(tx, catalog_id=catalog_id, client_id=client_id) == 0:
        raise NotFound
    if sql.count_sites_using_grant(tx, catalog_id=catalog_id, client_id=client_id):
        raise GrantInUse("Assign another catalog to these sites first.")


def _check_visible(tx: Transaction, catalog_id: UUID, client_id: UUID) -> None:
    """Raise NotFound for a catalog or a client that the caller cannot see."""
    if not sql.can_see_catalog_and_client(tx, catalog_id=catalog_id, client_id=client_id):
        raise NotFound


def _change(tx: Transaction, catalog_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Catalog:
    before = get(tx, catalog_id)
    expected = match.check(before)
    currency = changes.get("currency")
    if (
        currency
        and currency != before.currency
        and sql.has_other_currency(tx, catalog_id=catalog_id, currency=currency)
    ):
        detail = f"must be null until all prices are in {currency}"
        raise CurrencyInUse(errors=[FieldError(pointer="/currency", detail=detail)])
    rules = None
    if "pricing_rules" in changes or changes.get("currency", before.currency) != before.currency:
        # Concurrent changes wait for this lock. Therefore the new rules are merged with the current rules, and are
        # checked with the final currency.
        sql.lock_catalog(tx, catalog_id=catalog_id)
        rules = _new_rules(get(tx, catalog_id), changes, replace=replace)
    json_columns = ["changes"] if rules is None else ["changes", "pricing_rules"]
    parameters = as_json({"changes": changes, "pricing_rules": rules}, *json_columns)
    row = sql.change_catalog(tx, catalog_id=catalog_id, replace=replace, expected_updated_at=expected, **parameters)
    if row is None:
        raise refusal(expected, get(tx, catalog_id))
    return Catalog(**row)


def _new_rules(before: Catalog, changes: dict[str, Any], *, replace: bool) -> dict[str, Any] | None:
    """Return the price rules after a change, or None if the rules and their status do not change.

    It removes the price rules from `changes`. Raises Invalid if the rules are not valid for the currency of the
    catalog.
    """
    currency = changes.get("currency", before.currency)
    if "pricing_rules" in changes:
        rules = changes.pop("pricing_rules")
        if not replace:
            rules = pricing.merged(before.pricing_rules, before.pricing_status, rules)
        return pricing.checked(rules, currency)
    if before.pricing_status == "applied":
        detail = f"are for prices in {before.currency}; send them for {currency} in the same request, or remove them"
        raise Invalid(errors=[FieldError(pointer="/pricing_rules", detail=detail)])
    return None
