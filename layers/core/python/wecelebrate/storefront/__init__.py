"""The public storefront of a site, at the domain of the site.

The `Caller` of the transaction contains the domain of the visited site. With row-level security, a visitor sees only
the active products of the site's catalog that the site does not exclude. If the catalog is a draft or inactive, a
visitor sees no products.
"""

from typing import Any
from uuid import UUID

from wecelebrate import addresses, products
from wecelebrate.addresses import forms
from wecelebrate.addresses.models import AddressFormat
from wecelebrate.core import pages
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.settings import settings
from wecelebrate.storefront.models import Storefront, StorefrontFilters, StorefrontProduct

sql = queries(__file__)

COMMON_LIMITS = frozenset({10, 12, 15, 16, 18, 20, 24, 25, 30, 32, 36, 40, 48, 50, 60, 72, 96, 100})
"""The numbers of products per page that storefronts usually show."""


def entry() -> Entry:
    """Return the cache entry for the visited site's configuration."""
    return keys.entry(keys.STOREFRONT, tags=["shown:$catalog"])


def page_entry(filters: StorefrontFilters) -> Entry:
    """Return the cache entry for a page of the visited site's products."""
    tags = ["products:$catalog", "shown:$catalog"]
    return keys.entry(
        keys.STOREFRONT_PAGES, tags=tags, filters=filters.model_dump(mode="json"), is_rare=_is_rare(filters)
    )


def _is_rare(filters: StorefrontFilters) -> bool:
    """Return whether only few visitors use the same filters. This is the case for free values, e.g. for a price.

    Filters by category and brand are not rare, because storefronts link to these pages.
    """
    free = (filters.q, filters.sku, filters.price_min, filters.price_max, filters.cursor)
    return any(value is not None for value in free) or filters.limit not in COMMON_LIMITS


def product_entry(product_id: UUID) -> Entry:
    """Return the cache entry for a product on the visited site."""
    return keys.entry(keys.STOREFRONT_PAGES, product_id, tags=[f"product:{product_id}", "shown:$catalog"])


def get(tx: Transaction) -> Storefront:
    """Return the configuration of the visited site."""
    return Storefront(**_site(tx), currency=sql.get_currency(tx))


def page(tx: Transaction, filters: StorefrontFilters) -> pages.RenderedPage:
    """Return one page of the visited site's products.

    The first page includes facets if the filter `facets` is not false. Raises `products.SeveralCurrencies`.
    """
    site = _site(tx)
    request = pages.list_request("storefront", filters, site_id=site["id"], facets=None)
    if site["catalog_id"] is None:
        return pages.RenderedPage("[]", None, {"facets": "null"})
    parameters = filters.model_dump(exclude={"facets", "cursor", "in_stock"}) | {"stock": filters.stock()}
    rows = products.page_rows(
        tx,
        sql.list_products,
        catalog_id=site["catalog_id"],
        base_url=settings().images(),
        **parameters,
        **products.keyset(filters.cursor, request),
    )
    if not rows:  # If the prices cannot be compared, the query returns no row.
        products.require_comparable(tx, site["catalog_id"], filters)
    facet_filters = {
        name: parameters[name] for name in ("q", "sku", "category", "brand", "price_min", "price_max", "stock")
    }
    facets = sql.count_facets(tx, **facet_filters) if filters.facets and filters.cursor is None else None
    return pages.render(rows, filters.limit, request, facets=facets or "null")


def product(tx: Transaction, product_id: UUID) -> StorefrontProduct:
    """Return one product. Raises NotFound for a product that the visited site does not show."""
    row = sql.get_product(tx, product_id=product_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return StorefrontProduct(**row)


def address_format_entry(country: str) -> Entry:
    """Return the cache entry for the address format of a country on the visited site."""
    return keys.entry(keys.STOREFRONT, "address", country, tags=["shown:$catalog"])


def address_format(tx: Transaction, country: str) -> AddressFormat:
    """Return the address format of a country, for a form.

    Raises CountryNotShipped if the site does not ship to this country.
    """
    addresses.check_shipped(_site(tx)["ship_to_countries"], country, "country")
    return forms.address_format(country)


def _site(tx: Transaction) -> dict[str, Any]:
    row: dict[str, Any] = sql.get_storefront(tx, platform_domain=settings().platform_domain)
    return row
