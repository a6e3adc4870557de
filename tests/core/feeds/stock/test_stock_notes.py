"""Tests the warnings about stock cells that are read as a different number of pieces."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.warnings import text_of


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (("12", "12 pcs", "in stock", "0", "", "1,000.00", "50 (8 reserved)"), []),
        (("-3", "5-", "7"), [("negative_stock", "-3", 2)]),
        (("2.5", "2.5 pcs", "3.0"), [("fraction_of_a_piece", "2.5", 2)]),
        (("many", "Plenty"), [("vague_stock", "many", 2)]),
    ],
)
def test_a_stock_that_is_read_as_a_different_number_causes_a_warning(
    cells: tuple[str, ...], codes: list[tuple[str, str, int]]
) -> None:
    rows = "".join(f"A{number};Cup;12.50;{cell}\n" for number, cell in enumerate(cells))
    reading = read(f"SKU;Name;Price;Stock\nB;Mug;9.95;100\n{rows}")
    warnings = reading.feed.warnings.as_json()
    assert [(each["code"], each["value"], each["rows"]) for each in warnings] == codes
    assert all(text_of(each).startswith('Stock: "') for each in warnings)


def test_a_stock_warning_states_the_number_of_rows() -> None:
    entry = {"code": "negative_stock", "column": "Stock", "value": "-3", "rows": 1}
    assert text_of(entry) == 'Stock: "-3" is a stock below 0; it is read as 0 (1 row)'
    assert text_of(entry | {"rows": 1200}).endswith("(1,200 rows)")
