"""Tests that the step `multiply` by 10 reads amounts in toman as amounts in rial, and that nothing else does."""

# ruff: noqa: RUF001

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read

NAMES = [("قیمت فروش (تومان)", "۷۵۰٬۰۰۰"), ("قیمت فروش", "750000 تومان"), ("Price toman", "750000")]


@pytest.mark.parametrize(("price", "cell"), NAMES)
def test_amounts_in_toman_are_rial_after_the_step_multiply_by_10(price: str, cell: str) -> None:
    mapping = {"price": {"columns": [price], "transform": [{"multiply": "10"}]}}
    content = f"کد کالا,نام کالا,{price},موجودی\nIR-11,زعفران,{cell},۲۶\nIR-12,پسته,{cell},۳\n"
    reading = read(content, mapping=mapping, currency="IRR")
    assert [(item.price, item.currency or "IRR") for item in reading.products] == [(Decimal(7_500_000), "IRR")] * 2
    assert (reading.rejected, reading.feed.questions) == ([], ())


@pytest.mark.parametrize(("price", "cell"), NAMES)
def test_amounts_in_toman_are_rejected_without_the_step(price: str, cell: str) -> None:
    content = f"کد کالا,نام کالا,{price},موجودی\nIR-11,زعفران,{cell},۲۶\n"
    reading = read(content, mapping={"price": price}, currency="IRR")
    assert (reading.rejection.code, "multiply" in reading.rejection.reason) == ("unknown_currency", True)
