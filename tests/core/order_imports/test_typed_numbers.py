"""Tests that the decimal mark and the date format of a request apply only to texts. They do not apply to typed numbers
and dates in the file.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.core.order_imports.test_assembling import LINE, SETTINGS, order_of, refusal_of
from wecelebrate.feeds.items import NumberText
from wecelebrate.order_imports.values import BadValue, Settings, moment, number, whole

COMMA = Settings(source="shop", currency="EUR", status="delivered", decimal_mark=",", date_format="%d.%m.%Y")


@pytest.mark.parametrize("mark", [None, ".", ","])
def test_the_decimal_mark_does_not_apply_to_typed_numbers(mark: str | None) -> None:
    assert number("amount", NumberText("1.250"), mark) == Decimal("1.25")
    assert number("amount", NumberText("1234.5"), mark) == Decimal("1234.5")
    assert number("amount", NumberText("1.5e2"), mark) == Decimal(150)
    assert (whole("quantity", NumberText("1.000"), mark), whole("quantity", NumberText("1e3"), mark)) == (1, 1000)


@pytest.mark.parametrize("text", ["1.5", "1e99", "NaN", "1000001", ""])
def test_a_typed_number_that_is_not_a_valid_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        whole("quantity", NumberText(text), ",")


def test_the_decimal_mark_applies_only_to_the_texts_of_an_order() -> None:
    typed = LINE | {"created_at": "01.03.2024", "quantity": NumberText("2"), "unit_price": NumberText("3.5")}
    text = typed | {"sku": "T", "unit_price": "1.000,50"}
    order = order_of(typed, text, settings=COMMA)
    assert [line["unit_price"] for line in order["lines"]] == ["3.50", "1000.50"]


def test_the_date_format_does_not_apply_to_typed_dates() -> None:
    assert moment("t", NumberText("2024-03-01T10:30:00"), COMMA) == datetime(2024, 3, 1, 10, 30, tzinfo=UTC)
    with pytest.raises(BadValue):
        moment("t", "2024-03-01T10:30:00", COMMA)


@pytest.mark.parametrize("price", [NumberText("3.5 EUR"), NumberText("3.5 €"), "3.50 EUR", "3.50\u00a0€"])
def test_an_amount_can_contain_the_currency_of_the_order(price: str) -> None:
    assert order_of(LINE | {"unit_price": price})["lines"][0]["unit_price"] == "3.50"


@pytest.mark.parametrize(
    ("price", "code"),
    [(NumberText("3.5 USD"), "other_currency"), ("3.50 $", "other_currency"), ("3.50 %", "bad_amount")],
)
def test_an_amount_in_another_currency_is_refused(price: str, code: str) -> None:
    assert refusal_of(LINE | {"unit_price": price}, settings=SETTINGS) == (code, 2)
