"""Adds up the stocks of rows that have the same SKU, and differ only in the stock and in its place.

The reader adds up adjacent rows. The load adds up all other rows (`ingestion.merge.places`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from wecelebrate.core.types import InventoryPolicy
from wecelebrate.feeds.items import Cells, Item, Product
from wecelebrate.feeds.notation.numbers import MAX_COUNT

MAX_PLACE_LENGTH = 100
MAX_PLACES = 1_000
"""If a SKU has at least this number of places, only the load adds up its rows."""
_OWN = frozenset(("line", "rows", "inventory_count", "inventory_policy", "source", "stock_by_place"))
_COMPARED = tuple(field.name for field in fields(Product) if field.name not in _OWN)
"""The attributes that must be equal in all rows of a product."""


def place_reader(columns: Sequence[int]) -> Callable[[Cells], str]:
    """Return a function that reads the place of a row from its cells. It returns "" for a row without a place."""

    def read(cells: Cells) -> str:
        parts = (cell.strip() for column in columns if column < len(cells) and (cell := cells[column]))
        return " / ".join(part for part in parts if part)[:MAX_PLACE_LENGTH]

    return read


def add_place(item: Item, place: str) -> Item:
    """If the item is a product that states a stock, record the place of this stock. Returns the item."""
    if isinstance(item, Product) and place and "inventory_count" in item.fields_set:
        item.stock_by_place = {place: None if item.inventory_policy == "untracked" else item.inventory_count or 0}
    return item


def combine_neighbours(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items. Adjacent products that differ only in the stock and its place are combined into one product."""
    last: Product | None = None
    for item in items:
        if last is not None and isinstance(item, Product) and _is_same_product(last, item):
            _add(last, item)
            continue
        if last is not None:
            yield last
            last = None
        if isinstance(item, Product):
            last = item
        else:
            yield item
    if last is not None:
        yield last


def total_stock(stock_by_place: Mapping[str, int | None]) -> tuple[InventoryPolicy, int]:
    """Return the policy and the sum. If any place does not count the product, the product is untracked."""
    counts = [count for count in stock_by_place.values() if count is not None]
    if len(counts) < len(stock_by_place):
        return "untracked", 0
    return "tracked", min(sum(counts), MAX_COUNT)


def _is_same_product(first: Product, second: Product) -> bool:
    if first.sku != second.sku or first.stock_by_place is None or second.stock_by_place is None:
        return False
    if not first.stock_by_place.keys().isdisjoint(second.stock_by_place) or len(first.stock_by_place) >= MAX_PLACES:
        return False
    return all(getattr(first, name) == getattr(second, name) for name in _COMPARED)


def _add(first: Product, second: Product) -> None:
    """Add the second product to the first.

    The source data comes from the place with the first name in the alphabet, and does not depend on the row order.
    """
    if min(second.stock_by_place or ()) < min(first.stock_by_place or ()):
        first.source = second.source
    first.stock_by_place = {**(first.stock_by_place or {}), **(second.stock_by_place or {})}
    first.inventory_policy, first.inventory_count = total_stock(first.stock_by_place)
    first.rows += second.rows
