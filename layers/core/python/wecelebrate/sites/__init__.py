"""Sites: the shops of clients, and the products that each leaves out."""

from typing import Any
from uuid import UUID

from wecelebrate import pages
from wecelebrate.cache import keys
from wecelebrate.cache.keys import Entry
from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import FieldError, Forbidden, Invalid, NotFound
from wecelebrate.etags import Match, refusal
from wecelebrate.models import Listed
from wecelebrate.sites.models import Exclusion, NewExclusion, NewSite, Site, SiteContent, SiteFilters, SitePatch

sql = queries(__file__)


def entry(site_id: UUID) -> Entry:
    """One site, in the cache."""
    return keys.entry(keys.SITE, site_id, tags=[f"site:{site_id}"])


def page_entry(filters: SiteFilters) -> Entry:
    """One page of sites, in the cache."""
    return keys.entry(keys.SITES, tags=["sites:$client"], asked=filters.model_dump(mode="json"))


def exclusions_entry(site_id: UUID, listed: Listed) -> Entry:
    """One page of what a site leaves out, in the cache."""
    tags = [f"site:{site_id}", f"exclusions:{site_id}"]
    return keys.entry(keys.SITE, site_id, "exclusions", tags=tags, asked=listed.model_dump(mode="json"))


def page(tx: Transaction, filters: SiteFilters) -> pages.Built:
    """One page of the sites that the caller may see, in name order."""
    return pages.listed("sites", sql.list_sites, tx, filters, pages.BY_NAME)


def get(tx: Transaction, site_id: UUID) -> Site:
    """One site. Raises NotFound."""
    row = sql.get_site(tx, site_id=site_id)
    if row is None:
        raise NotFound
    return Site(**row)


def create(tx: Transaction, new: NewSite) -> Site:
    """Raises AlreadyExists for a domain that is taken, Invalid for a catalog the client may not read, Forbidden."""
    _check_catalog(tx, new.client_id, new.catalog_id)
    return Site(**sql.create_site(tx, **as_json(new.model_dump(mode="json"), "branding", "settings")))


def replace(tx: Transaction, site_id: UUID, content: SiteContent, match: Match) -> Site:
    """All of it but its client. Raises as `change` does."""
    return _change(tx, site_id, content.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, site_id: UUID, patch: SitePatch, match: Match) -> Site:
    """What the patch names. Raises NotFound, Forbidden, AlreadyExists, Invalid, and as `Match.check` does."""
    return _change(tx, site_id, patch.changes(), match, replace=False)


def exclusions(tx: Transaction, site_id: UUID, listed: Listed) -> pages.Built:
    """One page of what a site leaves out. Raises NotFound."""
    get(tx, site_id)
    return pages.listed("exclusions", sql.list_exclusions, tx, listed, pages.BY_ID, site_id=site_id)


def exclude(tx: Transaction, site_id: UUID, product_id: UUID, exclusion: NewExclusion) -> Exclusion:
    """Leave a product out. Raises NotFound for a site or a product that the caller or the site's client cannot see,
    Forbidden."""
    site = get(tx, site_id)
    if not sql.may_exclude_product(tx, client_id=site.client_id, product_id=product_id):
        raise NotFound
    return Exclusion(**sql.exclude_product(tx, site_id=site_id, product_id=product_id, reason=exclusion.reason))


def include(tx: Transaction, site_id: UUID, product_id: UUID) -> None:
    """Show a product again. Raises NotFound for what was not left out, Forbidden."""
    get(tx, site_id)
    if sql.include_product(tx, site_id=site_id, product_id=product_id) == 0:
        raise Forbidden if sql.is_excluded(tx, site_id=site_id, product_id=product_id) else NotFound


def _change(tx: Transaction, site_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Site:
    site = get(tx, site_id)
    seen = match.check(site)
    if changes.get("catalog_id"):
        _check_catalog(tx, site.client_id, UUID(changes["catalog_id"]))
    told = as_json({"changes": changes}, "changes")
    row = sql.change_site(tx, site_id=site_id, replace=replace, expected_updated_at=seen, **told)
    if row is None:
        raise refusal(seen, get(tx, site_id))
    return Site(**row)


def _check_catalog(tx: Transaction, client_id: UUID, catalog_id: UUID | None) -> None:
    """The policy on sites would refuse it too; this names the field, to those who may write for the client."""
    if tx.entered.role == "app_client" and client_id not in (tx.entered.editor_ids or []):
        raise Forbidden
    if catalog_id and not sql.may_read_catalog(tx, client_id=client_id, catalog_id=catalog_id):
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="is no catalog that this client may use")])
