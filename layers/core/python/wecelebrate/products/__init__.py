"""Products of catalogs. Everyone who can read a catalog reads them; the catalog's owner and admins write them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import catalogs
from wecelebrate.core import pages
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.settings import settings
from wecelebrate.products import low_stock
from wecelebrate.products.models import NewProduct, Product, ProductFilters, ProductPatch

sql = queries(__file__)


def entry(product_id: UUID) -> Entry:
    """The cache entry of a product."""
    return keys.entry(keys.PRODUCT, product_id, tags=[f"product:{product_id}", f"stock:{product_id}"])


def page_entry(catalog_id: UUID, filters: ProductFilters) -> Entry | None:
    """The cache entry of a page of a catalog's products. None with `updated_since`, because such a request is not
    repeated."""
    if filters.updated_since is not None:
        return None
    tags = [f"products:{catalog_id}", f"stock:{catalog_id}", f"catalog:{catalog_id}"]
    return keys.entry(keys.PRODUCTS, catalog_id, tags=tags, filters=filters.model_dump(mode="json"))


def page(tx: Transaction, catalog_id: UUID, filters: ProductFilters) -> pages.RenderedPage:
    """One page of a catalog's products. Raises NotFound for a catalog that the caller cannot see."""
    request = pages.list_request("products", filters, catalog_id=catalog_id)
    parameters = filters.model_dump(exclude={"cursor"}) | keyset(filters.cursor, request)
    rows = list(sql.list_products(tx, catalog_id=catalog_id, shown_at=settings().images(), **parameters))
    if not rows:  # a caller that sees a product also sees its catalog
        catalogs.get(tx, catalog_id)
    return pages.render(rows, filters.limit, request)


def keyset(cursor: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """The query parameters for the start of a page of products. Raises BadCursor."""
    return {"after_key": None, "after_id": None} | pages.decode(cursor, request)


def get(tx: Transaction, product_id: UUID) -> Product:
    """One product. Raises NotFound."""
    row = sql.get_product(tx, product_id=product_id, shown_at=settings().images())
    if row is None:
        raise NotFound
    return Product(**row)


def create(tx: Transaction, catalog_id: UUID, new: NewProduct) -> Product:
    """Create a product.

    Raises NotFound, Forbidden for a catalog that the caller can only read, AlreadyExists for a SKU of the catalog.
    """
    catalogs.get(tx, catalog_id)
    values = as_json(new.model_dump(mode="json"), "images", "attributes")
    row = sql.create_product(tx, catalog_id=catalog_id, shown_at=settings().images(), **values)
    return _after_write(tx, Product(**row))


def replace(tx: Transaction, product_id: UUID, new: NewProduct, match: Match) -> Product:
    """Replace all fields of a product. Raises the errors of `change`."""
    return _change(tx, product_id, new.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, product_id: UUID, patch: ProductPatch, match: Match) -> Product:
    """Apply a patch to a product. Raises NotFound, Forbidden, AlreadyExists, and the errors of `Match.check`."""
    return _change(tx, product_id, patch.changes(), match, replace=False)


def deactivate(tx: Transaction, product_id: UUID, match: Match) -> None:
    """Hide a product from all storefronts. Its row stays, because orders refer to it. Raises the errors of `change`."""
    _change(tx, product_id, {"is_active": False}, match, replace=False)


def _change(tx: Transaction, product_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Product:
    before = get(tx, product_id)
    expected = match.check(before)
    row = sql.change_product(
        tx,
        product_id=product_id,
        replace=replace,
        seen=expected,
        shown_at=settings().images(),
        **as_json({"changes": changes}, "changes"),
    )
    if row is None:
        raise refusal(expected, get(tx, product_id))
    product = {"product_id": product_id} | {name: row[name] for name in ("sku", "name", "inventory_count")}
    low_stock.publish_if_low(tx, before.catalog_id, before.inventory_count, product)
    return _after_write(tx, Product(**row))


def _after_write(tx: Transaction, product: Product) -> Product:
    """Request missing images of a written product, and refresh its cache entry after the commit."""
    if len(product.media) < len(product.images):
        # Imported here because it loads all of jobs, which functions that only read do not need.
        from wecelebrate import images

        images.fetch_missing(tx, product.catalog_id, product.id)
    tx.write_through.append((entry(product.id), lambda after: get(after, product.id)))
    return product
