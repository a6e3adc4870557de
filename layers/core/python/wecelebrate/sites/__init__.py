"""Sites, and the products that each site excludes. A site is a shop of a client."""

from typing import Any
from uuid import UUID

from wecelebrate.core import pages, quotas
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.sites import domains
from wecelebrate.sites.models import (
    DomainVerification,
    Exclusion,
    NewExclusion,
    NewSite,
    Site,
    SiteContent,
    SiteFilters,
    SitePatch,
)

sql = queries(__file__)

MAX_SITES = 1_000
"""The maximum number of active and inactive sites of a client. Sites cannot be deleted."""


class TooManySites(Conflict):
    """This client has the maximum number of sites.

    The number of sites of a client is limited.

    Use an existing site, or ask support for a larger number.
    """

    code = "too_many_sites"


_QUOTA = quotas.Quota("sites", MAX_SITES, TooManySites, "Change a site that you no longer use.")


def entry(site_id: UUID) -> Entry:
    """Return the cache entry for a site."""
    return keys.entry(keys.SITE, site_id, tags=[f"site:{site_id}"])


def domain_verification_entry(site_id: UUID) -> Entry:
    """Return the cache entry for the verification of a site's domain."""
    return keys.entry(keys.SITE, site_id, "domain", tags=[f"site:{site_id}"])


def page_entry(filters: SiteFilters) -> Entry:
    """Return the cache entry for a page of sites."""
    return keys.entry(keys.SITES, tags=["sites:$client"], filters=filters.model_dump(mode="json"))


def exclusions_entry(site_id: UUID, parameters: ListParameters) -> Entry:
    """Return the cache entry for a page of a site's exclusions."""
    tags = [f"site:{site_id}", f"exclusions:{site_id}"]
    return keys.entry(keys.SITE, site_id, "exclusions", tags=tags, filters=parameters.model_dump(mode="json"))


def page(tx: Transaction, filters: SiteFilters) -> pages.RenderedPage:
    """Return one page of the sites that the caller can see, sorted by name."""
    return pages.list_page("sites", sql.list_sites, tx, filters, pages.BY_NAME)


def get(tx: Transaction, site_id: UUID) -> Site:
    """Return one site. Raises NotFound."""
    row = sql.get_site(tx, site_id=site_id)
    if row is None:
        raise NotFound
    return Site(**row)


def create(tx: Transaction, new: NewSite) -> Site:
    """Create a site.

    The domain has no effect until `verify_domain` has succeeded. Raises Forbidden or TooManySites. Raises Invalid if
    the client cannot read the catalog, or if sites may not claim the domain.
    """
    _check_catalog(tx, new.client_id, new.catalog_id)
    if new.domain:
        domains.check(new.domain)
    quotas.check(tx, _QUOTA, new.client_id, lambda: int(sql.count_sites(tx, client_id=new.client_id)))
    return Site(**sql.create_site(tx, **as_json(new.model_dump(mode="json"), "branding", "settings")))


def replace(tx: Transaction, site_id: UUID, content: SiteContent, match: Match) -> Site:
    """Replace all fields of a site except its client. Raises the same errors as `change`."""
    return _change(tx, site_id, content.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, site_id: UUID, patch: SitePatch, match: Match) -> Site:
    """Apply a patch to a site.

    If the domain changes, it must be verified again. Raises NotFound, Forbidden, Invalid, and the errors of
    `Match.check`.
    """
    return _change(tx, site_id, patch.changes(), match, replace=False)


def domain_verification(tx: Transaction, site_id: UUID) -> DomainVerification:
    """Return the host of a site, and the DNS record that verifies the domain of the site. Raises NotFound."""
    return domains.verification(tx, get(tx, site_id))


def verify_domain(tx: Transaction, site_id: UUID) -> Site:
    """Verify the domain of a site with its TXT record in DNS. Raises NotFound and the errors of `domains.verify`."""
    domains.verify(tx, get(tx, site_id))
    return get(tx, site_id)


def exclusions(tx: Transaction, site_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of a site's exclusions. Raises NotFound for an unknown site."""
    get(tx, site_id)
    return pages.list_page("exclusions", sql.list_exclusions, tx, parameters, pages.BY_ID, site_id=site_id)


def exclude(tx: Transaction, site_id: UUID, product_id: UUID, exclusion: NewExclusion) -> Exclusion:
    """Exclude a product from a site.

    Raises Forbidden. Raises NotFound if the caller cannot see the site or the product, or if the site's client cannot
    read the product.
    """
    site = get(tx, site_id)
    if not sql.may_exclude_product(tx, client_id=site.client_id, product_id=product_id):
        raise NotFound
    return Exclusion(**sql.exclude_product(tx, site_id=site_id, product_id=product_id, reason=exclusion.reason))


def include(tx: Transaction, site_id: UUID, product_id: UUID) -> None:
    """Delete an exclusion, so that the site shows the product again. Raises NotFound or Forbidden."""
    get(tx, site_id)
    if sql.include_product(tx, site_id=site_id, product_id=product_id) == 0:
        raise Forbidden if sql.is_excluded(tx, site_id=site_id, product_id=product_id) else NotFound


def _change(tx: Transaction, site_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Site:
    site = get(tx, site_id)
    expected = match.check(site)
    if changes.get("catalog_id"):
        _check_catalog(tx, site.client_id, UUID(changes["catalog_id"]))
    if changes.get("domain") and changes["domain"] != site.domain:
        domains.check(changes["domain"])
    parameters = as_json({"changes": changes}, "changes")
    row = sql.change_site(tx, site_id=site_id, replace=replace, expected_updated_at=expected, **parameters)
    if row is None:
        raise refusal(expected, get(tx, site_id))
    return Site(**row)


def _check_catalog(tx: Transaction, client_id: UUID, catalog_id: UUID | None) -> None:
    """Check that the caller can edit objects of the client, and that the client can read the catalog.

    Raises Forbidden if the caller cannot edit these objects. Raises Invalid if the client cannot read the catalog. The
    policies of the database enforce the same rules. They are also checked here, because the error of a policy does not
    name the field.
    """
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if catalog_id and not sql.may_read_catalog(tx, client_id=client_id, catalog_id=catalog_id):
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="must be a catalog that the client can read")])
