"""Tests that amounts in toman are converted to rial only once, even if the mapping has the step `multiply` with 10."""

# ruff: noqa: RUF001

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read

NAMES = [("قیمت فروش (تومان)", "۷۵۰٬۰۰۰"), ("قیمت فروش", "750000 تومان"), ("Price toman", "750000")]


@pytest.mark.parametrize(("price", "cell"), NAMES)
def test_the_step_multiply_by_10_converts_toman_to_rial_only_once(price: str, cell: str) -> None:
    mapping = {"price": {"columns": [price], "transform": [{"multiply": "10"}]}}
    content = f"کد کالا,نام کالا,{price},موجودی\nIR-11,زعفران,{cell},۲۶\nIR-12,پسته,{cell},۳\n"
    reading = read(content, mapping=mapping, currency="IRR")
    assert [(item.price, item.currency or "IRR") for item in reading.products] == [(Decimal(7_500_000), "IRR")] * 2
    assert (reading.rejected, reading.feed.questions) == ([], ())


@pytest.mark.parametrize(("price", "cell"), NAMES)
def test_amounts_in_toman_are_multiplied_by_ten_if_the_currency_is_rial(price: str, cell: str) -> None:
    content = f"کد کالا,نام کالا,{price},موجودی\nIR-11,زعفران,{cell},۲۶\n"
    for mapping in ({"price": price}, None):
        item = read(content, mapping=mapping, currency="IRR").product
        assert (item.price, item.currency) == (Decimal(7_500_000), "IRR")


@pytest.mark.parametrize("currency", ["تومان", "toman"])
def test_toman_in_a_column_of_currencies_is_rejected(currency: str) -> None:
    content = f"کد کالا,نام کالا,قیمت,ارز\nIR-11,زعفران,750000,{currency}\nIR-12,پسته,750000,IRR\n"
    reading = read(content, currency="IRR")
    assert [(item.price, item.currency) for item in reading.products] == [(Decimal(750_000), "IRR")]
    assert (reading.rejection.code, "multiply" in reading.rejection.reason) == ("unknown_currency", True)
