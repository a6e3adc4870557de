"""Tests prices with a word for thousands or millions directly after their digits."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("currency", "cell", "amount"),
    [
        ("IDR", "185rb", "185000.00"), ("IDR", "1,25jt", "1250000.00"), ("IDR", "Rp 65 ribu", "65000.00"),
        ("RUB", "2,5 тыс. руб", "2500.00"),  # noqa: RUF001
        ("VND", "125k", "125000"), ("VND", "1,2 triệu", "1200000"),
        ("JPY", "1.5万円", "15000"), ("INR", "1.25 lakh", "125000.00"), ("CZK", "1,5 tis.", "1500.00"),
        ("TRY", "3 bin", "3000.00"),
    ],
)  # fmt: skip
def test_a_word_for_thousands_or_millions_multiplies_the_amount(currency: str, cell: str, amount: str) -> None:
    product = read(f"SKU;Name;Price\nA;Cup;{cell}\n", currency=currency).product
    assert f"{product.price}" == amount


@pytest.mark.parametrize("cell", ["12 kg", "3 mm", "12 k", "999999999999 mio", "rb", "5 rbx"])
def test_words_that_do_not_mean_thousands_do_not_multiply_the_amount(cell: str) -> None:
    assert read(f"SKU;Name;Price\nA;Cup;{cell}\n").rejection.sku == "A"
