"""Tests that product lists written like the exports of ERP systems, tills and shops are interpreted correctly.

Each file in `tests/data/systems` has one section per system: the currency of the catalog and the rows. Below `---`, the
section has the expected values of some rows. The files were written from memory, and contain the pitfalls of each
system. Do not use the files as documentation of the systems.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import Product

FOLDER = Path(__file__).parents[3] / "data" / "systems"
NOT_COUNTED = "inventory_count"
"""The question whether the stocks of all places are added up. The job uses the first choice without an answer."""


@dataclass(frozen=True)
class Section:
    currency: str
    text: str
    asked: frozenset[str]
    rows: tuple[tuple[str, ...], ...]
    """For each row the SKU, price, stock and state, and optionally the crossed-out price. `-` means that the row has no
    value.
    """


def _sections(path: Path) -> Iterator[tuple[str, Section]]:
    for block in path.read_text("utf-8").split("=== ")[1:]:
        head, _, rest = block.partition("\n")
        name, currency = head.rsplit(" ", 1)
        text, _, meaning = rest.partition("\n---")
        tag, _, lines = meaning.partition("\n")
        rows = [tuple(cell.strip() for cell in line.split("|")) for line in lines.strip().splitlines()]
        yield name, Section(currency, f"{text}\n", frozenset(tag.split()[1:]), tuple(rows))


SECTIONS = {name: section for path in sorted(FOLDER.glob("*.txt")) for name, section in _sections(path)}


def _stated(product: Product, *, has_former: bool) -> tuple[str, ...]:
    stock = "-"
    if "inventory_count" in product.fields_set and product.inventory_policy != "untracked":
        stock = str(product.inventory_count)
    state = ("i", "a")[product.is_active] if "is_active" in product.fields_set else "-"
    former = (_amount(product.attributes.get("compare_at_price")),) if has_former else ()
    return (_amount(product.price), stock, state, *former)


def _amount(text: object) -> str:
    return "-" if text in (None, "-") else f"{float(str(text)):g}"


def _expected(row: tuple[str, ...]) -> tuple[str, ...]:
    return (_amount(row[1]), *row[2:4], *map(_amount, row[4:]))


@pytest.mark.parametrize("name", SECTIONS)
def test_the_products_of_each_system_have_the_expected_values(name: str) -> None:
    section = SECTIONS[name]
    reading = read(section.text.encode(), name=f"{name}.csv", currency=section.currency)
    assert {question.key for question in reading.feed.questions} - {NOT_COUNTED} == section.asked
    products = {product.sku: product for product in reading.products}
    rejected = {item.sku for item in reading.rejected}
    expected = [row for row in section.rows if row[1] != "reject"]
    assert {row[0] for row in section.rows if row[1] == "reject"} <= rejected
    assert products.keys() == {row[0] for row in expected} or section.asked
    for row in expected:
        product = products[row[0]]
        assert product.currency == section.currency
        former = "compare_at_price" in product.attributes or len(row) > 4
        assert _stated(product, has_former=former) == _expected(row), row[0]


def test_the_lists_come_from_at_least_60_systems() -> None:
    assert len(SECTIONS) >= 60
