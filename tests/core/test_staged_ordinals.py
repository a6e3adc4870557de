"""Tests that the ordinal of a staged row is its position in the file, even if another worker reads the file again."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from wecelebrate.feeds import Item, Product, Rejected
from wecelebrate.ingestion.merge import Load
from wecelebrate.ingestion.merge.staging import prepare

ORDINAL, N = 17, 3
"""The index of the ordinal in the row of a product, and in the row of a rejection."""


def load(items: int) -> Load:
    """Return a load that has already staged `items` items."""
    job = SimpleNamespace(id=UUID(int=1), checkpoint={"fence": 7, "items": items})
    return cast(Load, SimpleNamespace(job=job))


def product(sku: str) -> Product:
    values: tuple[Any, ...] = (
        None,
        None,
        None,
        None,
        None,
        "EUR",
        [],
        {},
        None,
        True,
        {"sku": sku},
        frozenset({"sku"}),
    )
    return Product(1, 1, sku, *values)


def ordinals(items: list[Item], chunk_size: int) -> list[int]:
    """Stage the items in chunks. Return the ordinals of all rows."""
    ordinals: list[int] = []
    for start in range(0, len(items), chunk_size):
        chunk = prepare(load(start), items[start : start + chunk_size])
        ordinals += [row[ORDINAL] for row in chunk.products] + [row[N] for row in chunk.rejections]
    return ordinals


def test_products_and_rejections_of_one_line_have_different_ordinals_for_any_chunk_size() -> None:
    items: list[Item] = [product("A"), Rejected(1, 1, None, "r", "c", []), product("A"), product("B")]
    assert sorted(ordinals(items, 4)) == sorted(ordinals(items, 2)) == sorted(ordinals(items, 1)) == [1, 2, 3, 4]
    (last,) = prepare(load(3), items[3:]).products
    assert (last[ORDINAL], last[4]) == (4, "B")


def test_blank_attributes_are_staged() -> None:
    item = product("A")
    item.blank_attributes = ("Colour",)
    assert [row[ORDINAL + 1] for row in prepare(load(0), [item, product("B")]).products] == [["Colour"], None]
