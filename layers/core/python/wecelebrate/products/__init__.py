"""Products of catalogs.

A caller who can read a catalog can also read the products of this catalog. The owner of the catalog and admins can also
change these products.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from wecelebrate.core import batches, pages
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Invalid, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.settings import settings
from wecelebrate.core.shortening import shortened
from wecelebrate.products import low_stock, prices
from wecelebrate.products.models import (
    NewProduct,
    Offer,
    Product,
    ProductFilters,
    ProductListFilters,
    ProductPatch,
    ProductSource,
    ProductStock,
    require_exact,
)
from wecelebrate.products.price_models import ProductPrice

sql = queries(__file__)

DEFAULT_CURRENCY = "USD"
"""The default currency. It is used if the product and its catalog specify no currency."""

MAX_SHOWN_ORDERS = 100
"""The maximum number of orders in the explanation of a stock."""
SETTLED_PRODUCTS = 1_000
"""The largest number of products for which one transaction deletes old stock holds."""
PRODUCTS_WITH_OFFERS = 500
"""The largest number of products whose offers one transaction starts or ends."""
OFFERS_SECONDS = 4.0
"""After this time, in seconds, the sweeper starts no new batch of offers, so that it does not delay lost messages."""
MAX_SHOWN_SOURCE_BYTES = 1_900_000
"""The maximum size of the source data in a response, as JSON in bytes. In a response, some texts are three times as
long.
"""


class OtherCurrency(Invalid):
    """All prices of a catalog are in one currency.

    The currency of the catalog differs from the currency of the product. With several currencies, products could not be
    sorted by price.

    Send the price in the currency of the catalog, or put the product into another catalog.
    """

    code = "other_currency"


class NotTracked(Invalid):
    """The stock of this product is not tracked, so it cannot be changed by a difference.

    An untracked product has no count, and orders do not reduce it.

    Send `inventory_count` to track the product.
    """

    code = "not_tracked"


class SeveralCurrencies(Invalid):
    """The catalog has prices in several currencies, which cannot be compared. Its owner must choose a currency.

    The owner is changing the currency of the catalog. Until all prices are in one currency, products cannot be filtered
    or sorted by price.

    Omit the filters by price and the sort order by price. The owner completes the change with `PATCH
    /v1/catalogs/{catalog_id}` and the new `currency`.
    """

    code = "several_currencies"


def entry(product_id: UUID) -> Entry:
    """Return the cache entry for a product."""
    # The tag `prices` is needed because a client with a grant sees the selling price. This price depends on the rules
    # of the catalog.
    return keys.entry(keys.PRODUCT, product_id, tags=[f"product:{product_id}", *_stock_tags(product_id), "prices"])


def page_entry(catalog_id: UUID, filters: ProductFilters) -> Entry | None:
    """Return the cache entry for a page of a catalog's products.

    If the request has the filter `updated_since`, return None, because callers rarely use the same value of this filter
    twice.
    """
    if filters.updated_since is not None:
        return None
    tags = [f"products:{catalog_id}", *_stock_tags(catalog_id), f"catalog:{catalog_id}"]
    return keys.entry(keys.PRODUCTS, catalog_id, tags=tags, filters=filters.model_dump(mode="json"))


def _stock_tags(object_id: UUID) -> list[str]:
    """Return the tags for the stock of a product, or of all products of a catalog.

    The owner of the catalog sees the exact stock. Therefore each change of the stock invalidates the cached values of
    the owner. A client with a grant sees only a limited stock. The cached values of this client are invalidated only if
    the limited stock changes. Otherwise, a cache miss would reveal an order in another shop.
    """
    return [f"stock:{object_id}:$client", f"shown-stock:{object_id}"]


def page(tx: Transaction, catalog_id: UUID, filters: ProductFilters) -> pages.RenderedPage:
    """Return one page of a catalog's products.

    Raises NotFound if the caller cannot see the catalog. Raises SeveralCurrencies if the request compares prices and
    the catalog has prices in several currencies.
    """
    request = pages.list_request("products", filters, catalog_id=catalog_id)
    parameters = filters.model_dump(exclude={"cursor", "in_stock", "inventory_policy"}) | keyset(
        filters.cursor, request
    )
    parameters["stock"] = filters.stock()
    rows = page_rows(tx, sql.list_products, catalog_id=catalog_id, base_url=settings().images(), **parameters)
    if not rows:  # The checks are needed only without a row: the query returns no row if a check fails.
        require_comparable(tx, catalog_id, filters)
        _catalog_currency(tx, catalog_id)
    return pages.render(rows, filters.limit, request)


def require_comparable(tx: Transaction, catalog_id: UUID, filters: ProductListFilters) -> None:
    """Raise SeveralCurrencies if the filters or the sort order compare prices, and the catalog has prices in several
    currencies.
    """
    bounds = [name for name in ("price_min", "price_max") if getattr(filters, name) is not None]
    compared = [*bounds, *(["sort"] if filters.sort.endswith("price") else [])]
    if compared and sql.has_one_currency(tx, catalog_id=catalog_id) is False:
        detail = "compares prices, but the catalog has no currency"
        raise SeveralCurrencies(errors=[FieldError(pointer=name, detail=detail) for name in compared])


def _catalog_currency(tx: Transaction, catalog_id: UUID) -> str | None:
    """Return the currency of a catalog, or None if the catalog has no currency.

    Raises NotFound if the caller cannot see the catalog.

    This function does not call `catalogs.get`, because loading the models of catalogs would add 14 ms to every cold
    start.
    """
    row = sql.get_catalog_currency(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    currency: str | None = row["currency"]
    return currency


def page_rows(tx: Transaction, query: Callable[..., Any], **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a page of products. It calls `pages.page_rows`."""
    return pages.page_rows(tx, query, pages.BY_KEY, **parameters)


def keyset(cursor: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query parameters that determine where a page of products begins. Raises BadCursor."""
    return pages.start_after(cursor, request, pages.BY_KEY)


def get(tx: Transaction, product_id: UUID) -> Product:
    """Return one product. Raises NotFound."""
    row = sql.get_product(tx, product_id=product_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return Product(**row)


def source(tx: Transaction, product_id: UUID) -> ProductSource:
    """Return the source data of a product.

    Raises NotFound unless the caller is an admin of the platform, or an owner or editor of the client that owns the
    catalog. The database decides this.
    """
    row = sql.get_product_source(tx, product_id=product_id)
    if row is None:
        raise NotFound
    data = None if row["data"] is None else shortened(row["data"], MAX_SHOWN_SOURCE_BYTES)
    return ProductSource(product_id=row["product_id"], sku=row["sku"], source_data=data)


def stock(tx: Transaction, product_id: UUID) -> ProductStock:
    """Explain the stock of a product.

    Raises NotFound unless the caller is an admin of the platform, or an owner or editor of the client that owns the
    catalog. The database decides this.
    """
    row = sql.get_product_stock(tx, product_id=product_id, max_orders=MAX_SHOWN_ORDERS)
    if row is None:
        raise NotFound
    return ProductStock(**row)


def price(tx: Transaction, product_id: UUID) -> ProductPrice:
    """Explain the selling price of a product.

    Raises NotFound unless the caller is an admin of the platform, or an owner or editor of the client that owns the
    catalog. The database decides this.
    """
    row = sql.get_product_price(tx, product_id=product_id)
    if row is None:
        raise NotFound
    return ProductPrice(
        base_price=row["base"],
        price=row["selling"],
        pricing_status=row["status"],
        steps=list(prices.steps(row)),
        **{
            name: row[name]
            for name in ("product_id", "catalog_id", "sku", "base_currency", "regular_price", "currency")
        },
    )


def settle_stock_holds() -> int:
    """Delete the stock holds that no longer affect a stock. It returns the number of affected products."""
    return batches.run(lambda tx, limit: int(sql.settle_stock_holds(tx, max_products=limit)), SETTLED_PRODUCTS)


def apply_due_offers(at: datetime | None = None) -> int:
    """Start and end the offers that are due at the given time. The default is the current time. It returns the number
    of changed products.

    Several processes can call this function at the same time. Each call skips the products that another call is
    changing.
    """
    return batches.run(
        lambda tx, limit: int(sql.apply_due_offers(tx, at=at, max_products=limit)), PRODUCTS_WITH_OFFERS, OFFERS_SECONDS
    )


def create(tx: Transaction, catalog_id: UUID, new: NewProduct) -> Product:
    """Create a product.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller can only read the catalog. Raises
    AlreadyExists if the catalog already has a product with this SKU. Raises OtherCurrency.
    """
    values = as_json(_with_currency(new, _catalog_currency(tx, catalog_id)), "images", "attributes", "offers")
    row = sql.create_product(tx, catalog_id=catalog_id, base_url=settings().images(), **values)
    return _after_write(tx, Product(**row))


def replace(tx: Transaction, product_id: UUID, new: NewProduct, match: Match) -> Product:
    """Replace all fields of a product. Raises the same errors as `change`."""
    currency = _catalog_currency(tx, get(tx, product_id).catalog_id)
    return _change(tx, product_id, _with_currency(new, currency), match, replace=True)


def change(tx: Transaction, product_id: UUID, patch: ProductPatch, match: Match) -> Product:
    """Apply a patch to a product.

    Raises NotFound, Forbidden, AlreadyExists, OtherCurrency, and the errors of `Match.check`. Raises NotTracked if the
    patch changes an untracked stock by a difference.
    """
    changes = patch.changes()
    return _change(tx, product_id, changes, match, replace=False, difference=changes.pop("inventory_delta", None))


def deactivate(tx: Transaction, product_id: UUID, match: Match) -> None:
    """Hide a product from all storefronts. The row of the product is not deleted, because orders refer to the row.

    Raises the same errors as `change`.
    """
    _change(tx, product_id, {"is_active": False}, match, replace=False)


def _with_currency(new: NewProduct, catalog_currency: str | None) -> dict[str, Any]:
    """Return the fields of a new product, as JSON values.

    A product without a currency gets the currency of its catalog.
    """
    fields = new.model_dump(mode="json")
    currency: str = fields["currency"] or catalog_currency or DEFAULT_CURRENCY
    _require_currency(currency, catalog_currency)
    require_exact(new.price, currency, new.offers)
    return fields | {"currency": currency}


def _require_currency(currency: str, catalog_currency: str | None) -> None:
    """Raise OtherCurrency if the currency differs from the currency of the catalog.

    A trigger of the database makes the same check.
    """
    if catalog_currency and currency != catalog_currency:
        detail = f"must be {catalog_currency}, the currency of the catalog"
        raise OtherCurrency(errors=[FieldError(pointer="/currency", detail=detail)])


def _change(
    tx: Transaction,
    product_id: UUID,
    changes: dict[str, Any],
    match: Match,
    *,
    replace: bool,
    difference: int | None = None,
) -> Product:
    before = get(tx, product_id)
    expected = match.check(before)
    if changes.get("currency", before.currency) != before.currency:
        _require_currency(changes["currency"], _catalog_currency(tx, before.catalog_id))
    if changes.keys() & {"price", "currency", "offers"}:
        price, currency = Decimal(changes.get("price", before.price)), changes.get("currency", before.currency)
        require_exact(price, currency, [Offer(**offer) for offer in changes.get("offers", ())])
    row = sql.change_product(
        tx,
        product_id=product_id,
        replace=replace,
        expected_updated_at=expected,
        base_url=settings().images(),
        **as_json({"changes": changes}, "changes"),
    )
    if row is None:
        raise refusal(expected, get(tx, product_id))
    if difference is not None:
        # `change_product` has locked the row. Therefore the stock cannot change before the next query.
        if not sql.change_stock(tx, product_id=product_id, difference=difference):
            raise NotTracked(errors=[FieldError(pointer="/inventory_delta", detail="is only for a tracked product")])
        row = sql.get_product(tx, product_id=product_id, base_url=settings().images())
    product = {"product_id": product_id} | {name: row[name] for name in ("sku", "name", "inventory_count")}
    if before.inventory_policy == row["inventory_policy"] == "tracked":
        low_stock.publish_if_low(tx, before.catalog_id, before.inventory_count, product)
    return _after_write(tx, Product(**row))


def _after_write(tx: Transaction, product: Product) -> Product:
    """Create a job for the missing images of a changed product. After the commit, update the cache entry of the
    product.
    """
    if len(product.media) < len(product.images):
        # `images` is imported here because it imports all modules of `jobs`, which Lambda functions that only read do
        # not need.
        from wecelebrate import images

        images.fetch_missing(tx, product.catalog_id, product.id)
    tx.write_through.append((entry(product.id), lambda after: get(after, product.id)))
    return product
