"""Tests that a column is public if it distinguishes products with the same name."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("Bez1", "Bez2"), ("Bezeichnung 1", "Bezeichnung 2"), ("Name", "Name 2"), ("Omschrijving", "Omschrijving 2"),
        ("Description 1", "Description 2"), ("Name", "Variante"), ("Nombre", "Variante"), ("Tên hàng", "Thuộc tính"),
        ("品名", "規格"), ("상품명", "옵션"), ("Наименование", "Характеристика"), ("Název", "Varianta"),
        ("name", "variant_name"), ("DESCRIPCIO", "DESC_ADIC"),
    ],
)  # fmt: skip
def test_the_column_that_distinguishes_products_with_the_same_name_is_public(name: str, second: str) -> None:
    reading = read(f"SKU;{name};{second};Price\nA-1;Candle;20 cm;6,90\nA-2;Candle;30 cm;9,90\nA-3;Box;;4,90\n")
    assert [one.attributes.get(second) for one in reading.products] == ["20 cm", "30 cm", None]


@pytest.mark.parametrize(
    "second", ["Supplier note 2", "Interne Variante", "Remark", "Lieferant", "Kosten 2", "Name Lieferant 2"]
)
def test_notes_and_suppliers_that_distinguish_products_are_private(second: str) -> None:
    reading = read(f"SKU;Name;{second};Price\nA-1;Candle;20 cm;6,90\nA-2;Candle;30 cm;9,90\n")
    assert [one.attributes for one in reading.products] == [{}, {}]


def test_a_second_name_column_that_does_not_distinguish_products_is_private() -> None:
    for rows in ("A-1;Candle;wax;6,90\nA-2;Candle;wax;9,90\n", "A-1;Candle;wax;6,90\nA-2;Box;tin;9,90\n"):
        reading = read("SKU;Bez1;Bez2;Price\n" + rows)
        assert [one.attributes for one in reading.products] == [{}, {}]
