"""The storefront of a site: what anyone may see, at its domain.

Which site is visited is said when the transaction is entered; its catalog, less its exclusions and what is not
active, is all that row-level security lets through.
"""

from uuid import UUID

from wecelebrate import pages, products
from wecelebrate.cache import keys
from wecelebrate.cache.keys import Entry
from wecelebrate.database import Transaction, queries
from wecelebrate.errors import NotFound
from wecelebrate.settings import settings
from wecelebrate.storefront.models import ShownProduct, Storefront, StorefrontFilters

sql = queries(__file__)


def entry() -> Entry:
    """The configuration of the site that is visited, in the cache."""
    return keys.entry(keys.STOREFRONT, tags=[])


def page_entry(filters: StorefrontFilters) -> Entry:
    """One page of what the site shows, in the cache."""
    return keys.entry(keys.SHOWN, tags=["products:$catalog"], asked=filters.model_dump(mode="json"))


def product_entry(product_id: UUID) -> Entry:
    """One product as the site shows it, in the cache."""
    return keys.entry(keys.SHOWN, product_id, tags=[f"product:{product_id}"])


def get(tx: Transaction) -> Storefront:
    """The configuration of the site that is visited."""
    return Storefront(**sql.get_storefront(tx))


def page(tx: Transaction, filters: StorefrontFilters) -> pages.Built:
    """One page of what the site shows; with the first page its facets, unless they are not asked for."""
    site = sql.get_storefront(tx)
    asked = pages.asked("storefront", filters, site_id=site["id"], facets=None)
    if site["catalog_id"] is None:
        return pages.Built("[]", None, {"facets": "null"})
    given = filters.model_dump(exclude={"facets", "cursor"})
    begin = products.after(filters.cursor, asked)
    found = sql.list_products(tx, catalog_id=site["catalog_id"], base_url=settings().images(), **given, **begin)
    narrowing = {name: given[name] for name in ("q", "category", "brand", "price_min", "price_max")}
    facets = sql.count_facets(tx, **narrowing) if filters.facets and filters.cursor is None else None
    return pages.built(found, filters.limit, asked, facets=facets or "null")


def product(tx: Transaction, product_id: UUID) -> ShownProduct:
    """One product. Raises NotFound for what the site does not show."""
    row = sql.get_product(tx, product_id=product_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return ShownProduct(**row)
