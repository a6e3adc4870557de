"""Tests that columns with the stock at the end of a period are recognised by the names of accounting systems."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "column",
    [
        "Closing Qty", "Endbestand", "Schlussbestand", "Eindvoorraad", "Konečný stav", "Stan końcowy",
        "Dönem Sonu Stok", "Closing stock", "期末在庫", "Остаток на конец",
    ],
)  # fmt: skip
def test_a_column_with_the_stock_at_the_end_of_a_period_contains_the_stock(column: str) -> None:
    reading = read(f"SKU;Name;Price;{column};Reorder level\nA;Cup;12,90;85;25\nB;Mug;3,20;6;4\n")
    assert [product.inventory_count for product in reading.products] == [85, 6]


@pytest.mark.parametrize("column", ["Closing date", "Closing type", "End price", "Opening Qty"])
def test_names_such_as_closing_date_or_opening_quantity_are_not_a_stock(column: str) -> None:
    reading = read(f"SKU;Name;Price;{column};Reorder level\nA;Cup;12,90;85;25\nB;Mug;3,20;6;4\n")
    assert [product.inventory_count for product in reading.products] == [None, None]
