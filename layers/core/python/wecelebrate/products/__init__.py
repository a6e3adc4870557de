"""Products of catalogs. Whoever may read a catalog reads them; the catalog's owner and the platform write them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import pages
from wecelebrate.cache import keys
from wecelebrate.cache.keys import Entry
from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import NotFound
from wecelebrate.etags import Match, refusal
from wecelebrate.products import inventory
from wecelebrate.products.models import NewProduct, Product, ProductFilters, ProductPatch
from wecelebrate.settings import settings

sql = queries(__file__)


def entry(product_id: UUID) -> Entry:
    """One product, in the cache."""
    return keys.entry(keys.PRODUCT, product_id, tags=[f"product:{product_id}", f"stock:{product_id}"])


def page_entry(catalog_id: UUID, filters: ProductFilters) -> Entry | None:
    """One page of a catalog's products, in the cache; none for what changed since a moment, which is asked once."""
    if filters.updated_since is not None:
        return None
    tags = [f"products:{catalog_id}", f"stock:{catalog_id}", f"catalog:{catalog_id}"]
    return keys.entry(keys.PRODUCTS, catalog_id, tags=tags, asked=filters.model_dump(mode="json"))


def page(tx: Transaction, catalog_id: UUID, filters: ProductFilters) -> pages.Built:
    """One page of a catalog's products. Raises NotFound for a catalog that the caller cannot see."""
    asked = pages.asked("products", filters, catalog_id=catalog_id)
    given = filters.model_dump(exclude={"cursor"})
    begin = after(filters.cursor, asked)
    found = list(sql.list_products(tx, catalog_id=catalog_id, base_url=settings().images(), **given, **begin))
    if not found:  # who sees a product sees its catalog
        _see_catalog(tx, catalog_id)
    return pages.built(found, filters.limit, asked)


def after(cursor: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Where a page of products begins: after the row that the cursor names, or with the first. Raises BadCursor."""
    return {"after_key": None, "after_id": None} | pages.decode(cursor, asked)


def get(tx: Transaction, product_id: UUID) -> Product:
    """One product. Raises NotFound."""
    row = sql.get_product(tx, product_id=product_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return Product(**row)


def create(tx: Transaction, catalog_id: UUID, new: NewProduct) -> Product:
    """Raises NotFound, Forbidden for a catalog that is read only to the caller, AlreadyExists for a SKU it has."""
    _see_catalog(tx, catalog_id)
    values = as_json(new.model_dump(mode="json"), "images", "attributes")
    return _written(
        tx, Product(**sql.create_product(tx, catalog_id=catalog_id, base_url=settings().images(), **values))
    )


def replace(tx: Transaction, product_id: UUID, new: NewProduct, match: Match) -> Product:
    """All of it. Raises as `change` does."""
    return _change(tx, product_id, new.model_dump(mode="json"), match, replace=True)


def change(tx: Transaction, product_id: UUID, patch: ProductPatch, match: Match) -> Product:
    """What the patch names. Raises NotFound, Forbidden, AlreadyExists, and as `Match.check` does."""
    return _change(tx, product_id, patch.changes(), match, replace=False)


def deactivate(tx: Transaction, product_id: UUID, match: Match) -> None:
    """Take a product off every storefront; what was ordered still knows it. Raises as `change` does."""
    _change(tx, product_id, {"is_active": False}, match, replace=False)


def _see_catalog(tx: Transaction, catalog_id: UUID) -> None:
    if not sql.can_see_catalog(tx, catalog_id=catalog_id):
        raise NotFound


def _change(tx: Transaction, product_id: UUID, changes: dict[str, Any], match: Match, *, replace: bool) -> Product:
    before = get(tx, product_id)
    seen = match.check(before)
    told = as_json({"changes": changes}, "changes")
    base_url = settings().images()
    row = sql.change_product(
        tx, product_id=product_id, replace=replace, expected_updated_at=seen, base_url=base_url, **told
    )
    if row is None:
        raise refusal(seen, get(tx, product_id))
    low = {"product_id": product_id} | {name: row[name] for name in ("sku", "name", "inventory_count")}
    inventory.tell_if_low(tx, before.catalog_id, before.inventory_count, low)
    return _written(tx, Product(**row))


def _written(tx: Transaction, product: Product) -> Product:
    if len(product.media) < len(product.images):
        from wecelebrate import images  # with all of jobs, which readers need not load

        images.want(tx, product.catalog_id, product.id)
    tx.written.append((entry(product.id), lambda after: get(after, product.id)))
    return product
