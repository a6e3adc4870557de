"""Tests cells whose number format contains a currency symbol or a percent sign."""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import written


def priced(number_format: str, *prices: float) -> bytes:
    def write(book: Any) -> None:
        rows, money = book.add_worksheet(), book.add_format({"num_format": number_format})
        rows.write_row(0, 0, ["sku", "name", "price", "stock"])
        for number, price in enumerate(prices, 1):
            rows.write_row(number, 0, [f"A-{number}", f"Cup {number}"])
            rows.write_number(number, 2, price, money)
            rows.write_number(number, 3, number)

    return written(write)


@pytest.mark.parametrize(
    ("number_format", "currency"),
    [('"$"#,##0.00', "USD"), ("$#,##0.00", "MXN"), ('#,##0.0 "$"', "CAD"), ('"¥"#,##0.00', "CNY"),
     ("[$¥]#,##0.00", "CNY"), ('"R"#,##0.00', "ZAR"), ('"€"#,##0.00', "EUR"), ('"kr" #,##0.00', "SEK")],
)  # fmt: skip
def test_a_price_with_one_decimal_and_a_symbol_is_read(number_format: str, currency: str) -> None:
    reading = read(priced(number_format, 12.5, 455.5, 7, 19.99), "list.xlsx", currency=currency)
    assert [str(product.price) for product in reading.products] == ["12.50", "455.50", "7.00", "19.99"]
    assert {product.currency for product in reading.products} == {currency}
    assert (reading.rejected, reading.feed.questions) == ([], ())


def test_a_price_with_three_decimals_and_a_symbol_is_read() -> None:
    reading = read(priced('"KD" #,##0.000', 1.25, 12.345), "list.xlsx", currency="KWD")
    assert [str(product.price) for product in reading.products] == ["1.250", "12.345"]
