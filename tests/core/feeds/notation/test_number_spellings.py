"""Tests which spellings of numbers are accepted, and the largest prices and quantities."""

from decimal import Decimal
from typing import Any

import pytest

from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation.numbers import DecimalMark, currency_code, exact_price, price


def code_of(cell: str, mark: DecimalMark | None = None) -> str:
    with pytest.raises(BadCell) as error:
        price(cell, mark, "EUR")
    return error.value.code


@pytest.mark.parametrize(
    ("cell", "mark", "expected"),
    [
        ("0", None, "0"),
        ("123456789012.9", None, "123456789012.9"),
        ("1.234", None, "1234"),
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234"),
        ("1,234", None, "1234"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("0,123", None, "0.123"),
        ("0,129", ".", "0.129"),
        ("1.50", ",", "1.5"),
        ("1,5", ".", "1.5"),
        ("12,3456", None, "12.3456"),
        ("1,23,456", None, "123456"),
        ("12,00,000.50", None, "1200000.50"),
        ("149:-", None, "149"),
        ("1.299,-", None, "1299"),
        ("1.250,-", None, "1250"),
        ("1,250.--", None, "1250"),
        ("1.250", ",", "1250"),
        ("1.250", ".", "1.25"),
        ("1.234.567", None, "1234567"),
        ("1,234,567.891", None, "1234567.891"),
        ("1.234.567,5", None, "1234567.5"),
        (",5", None, "0.5"),
        ("5.", None, "5"),
        ("12,-", None, "12"),
        ("12.--", None, "12"),
        ("1 234,5", None, "1234.5"),
        ("1'234.50", None, "1234.5"),
        ("1,5E+03", None, "1500"),
        ("15e-1", None, "1.5"),
        ("+5", None, "5"),
        ("-0", None, "0"),
        ("(0)", None, "0"),
        ("0-", None, "0"),
        ("12.345", None, "12345"),
        ("999999999999.99", None, "999999999999.99"),
        ("999999999999,999", ",", "999999999999.999"),
        (",123.5", None, "123.5"),
        (".123,5", None, "123.5"),
        ("1".rjust(30, "0"), None, "1.00"),
        ("0." + "5".ljust(30, "0"), None, "0.50"),
        ("EUR 12.5", None, "12.5"),
        ("EUR 12.5 eur", None, "12.5"),
        ("12.50" + " " * 55, None, "12.50"),
    ],
)
def test_all_usual_spellings_of_a_price_are_read(cell: str, mark: DecimalMark | None, expected: str) -> None:
    assert price(cell, mark, "EUR")[0] == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("-5", "negative"),
        ("5-", "negative"),
        ("(5)", "negative"),
        ("\u22125", "negative"),
        ("-0.01", "negative"),
        ("5 -", "negative"),
        ("1000000000000.00", "too_large"),
        ("1000000000000", "too_large"),
        ("1e60", "too_large"),
        ("1,23,45", "not_a_number"),
        ("1.250", "ambiguous_number"),
        ("12,000", "ambiguous_number"),
        ("1.2345.678", "not_a_number"),
        ("1,234.567,8", "not_a_number"),
        ("1.234,5.6", "not_a_number"),
        ("1,234.5,6", "not_a_number"),
        (",", "not_a_number"),
        (".", "not_a_number"),
        ("", "not_a_number"),
        ("EUR", "not_a_number"),
        ("5 XYZ", "not_a_number"),
        ("EUR 5 USD", "not_a_number"),
        ("1".rjust(31, "0") + ",5", "not_a_number"),
        ("0," + "5".ljust(31, "0"), "not_a_number"),
        ("12.50" + " " * 56, "not_a_number"),
        ("1_0", "not_a_number"),
        ("(51", "not_a_number"),
        ("1,\N{ARABIC-INDIC DIGIT THREE}", "not_a_number"),
        ("\N{ARABIC-INDIC DIGIT THREE},1", "not_a_number"),
        ("0x10", "not_a_number"),
    ],
)
def test_an_invalid_or_ambiguous_price_is_refused(cell: str, code: str) -> None:
    assert code_of(cell) == code


@pytest.mark.parametrize(
    ("text", "catalog", "code"),
    [
        ("eur", "USD", "EUR"),
        (" chf ", "USD", "CHF"),
        ("$", "CAD", "CAD"),
        ("$", "EUR", "USD"),
        ("kr", "NOK", "NOK"),
        ("kr", "EUR", "SEK"),
        ("kr.", "EUR", "DKK"),
        ("€", "USD", "EUR"),
        ("Fr.", "EUR", "CHF"),
        ("EUR.", "USD", "EUR"),
        ("XYZ", "EUR", None),
        (".", "EUR", None),
        ("EUR" + " " * 100 + "X", "USD", "EUR"),
    ],
)
def test_a_symbol_of_several_currencies_means_the_catalog_currency(text: str, catalog: str, code: Any) -> None:
    assert currency_code(text, catalog) == code


@pytest.mark.parametrize(
    ("amount", "currency", "exact"),
    [("12.5", "EUR", "12.50"), ("12", "JPY", "12"), ("12.00", "JPY", "12"), ("1.234", "KWD", "1.234")],
)
def test_a_price_is_written_with_the_decimals_of_its_currency(amount: str, currency: str, exact: str) -> None:
    assert str(exact_price(Decimal(amount), currency)) == exact


@pytest.mark.parametrize(("amount", "currency"), [("12.345", "EUR"), ("12.5", "JPY"), ("1.2345", "KWD")])
def test_a_price_with_more_decimals_than_its_currency_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(BadCell, match=f"{amount} must have .* decimals in {currency}") as error:
        exact_price(Decimal(amount), currency)
    assert error.value.code == "too_precise"


def test_the_currency_can_be_before_or_after_the_number() -> None:
    assert price("12,50 €", None, "USD") == (Decimal("12.50"), "EUR")
    assert price("$5", None, "CAD") == (Decimal("5.00"), "CAD")
    assert price("CHF 12.-", None, "EUR") == (Decimal("12.00"), "CHF")
    assert price("$12.50 USD", None, "EUR") == (Decimal("12.50"), "USD")
    assert price("$12.50 CAD", None, "EUR") == (Decimal("12.50"), "CAD")
    assert price("Rs. 450", None, "EUR") == (Decimal(450), "INR")
    assert price("kr. 1.299", None, "DKK") == (Decimal(1299), "DKK")
    assert price("150.000 ₫", None, "VND") == (Decimal(150000), "VND")
