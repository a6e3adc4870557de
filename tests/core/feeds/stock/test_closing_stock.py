"""Tests that the names that accounting systems use for the stock at the end of a period are recognised."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "column",
    [
        "Closing Qty", "Endbestand", "Schlussbestand", "Eindvoorraad", "Konečný stav", "Stan końcowy",
        "Dönem Sonu Stok", "Closing stock", "期末在庫", "Остаток на конец",
    ],
)  # fmt: skip
def test_a_column_named_closing_stock_contains_the_stock(column: str) -> None:
    reading = read(f"SKU;Name;Price;{column};Reorder level\nA;Cup;12,90;85;25\nB;Mug;3,20;6;4\n")
    assert [product.inventory_count for product in reading.products] == [85, 6]


@pytest.mark.parametrize("column", ["Closing date", "Closing type", "End price", "Opening Qty"])
def test_columns_named_closing_date_or_opening_quantity_are_not_the_stock(column: str) -> None:
    reading = read(f"SKU;Name;Price;{column};Reorder level\nA;Cup;12,90;85;25\nB;Mug;3,20;6;4\n")
    assert [product.inventory_count for product in reading.products] == [None, None]
