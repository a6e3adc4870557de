"""Tests that prices, quantities and currencies are parsed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.stock import cells as stock


@pytest.mark.parametrize(
    ("cell", "mark", "expected"),
    [
        ("5", None, "5.00"),
        ("12.5", None, "12.50"),
        ("1,234.56", None, "1234.56"),
        ("1.234,56", None, "1234.56"),
        ("1 234,56", None, "1234.56"),
        ("1\u00a0234,56", None, "1234.56"),
        ("1\u202f234,56 €", None, "1234.56"),
        ("CHF 1'234.50", None, "1234.50"),
        ("1.234.567,89", None, "1234567.89"),
        ("1.234.567", None, "1234567.00"),
        ("1,234,567", None, "1234567.00"),
        ("12,50 €", None, "12.50"),
        ("EUR 12.50", None, "12.50"),
        ("$5", None, "5.00"),
        (".99", None, "0.99"),
        (",99", None, "0.99"),
        ("5.", None, "5.00"),
        ("12,-", None, "12.00"),
        ("1,234", None, "1234.00"),
        ("1,234", ",", "1.234"),
        ("1.234", None, "1234"),
        ("1.234", ",", "1234.00"),
        ("1.234", ".", "1.234"),
        ("0,125", None, "0.125"),
        ("12.345", None, "12345"),
        ("12.344999", None, "12.344999"),
        ("1,5E+03", None, "1500.00"),
        ("1e5", None, "100000.00"),
        ("-0", None, "0.00"),
        ("+7", None, "7.00"),
        ("\uff10\uff11\uff12", None, "12.00"),
        ("999999999999.999", None, "999999999999.999"),
        ("Fr. 5.50", None, "5.50"),
        ("R$ 10,00", None, "10.00"),
    ],
)
def test_prices_are_parsed(cell: str, mark: numbers.DecimalMark | None, expected: str) -> None:
    assert numbers.price(cell, mark, "EUR")[0] == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12,3x", "not_a_number"),
        ("free", "not_a_number"),
        ("10-20", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1e999", "not_a_number"),
        ("1,23,4", "not_a_number"),
        ("1.2.3", "not_a_number"),
        (",", "not_a_number"),
        ("-", "not_a_number"),
        ("12 pcs", "not_a_number"),
        ("EUR 5 USD", "not_a_number"),
        ("-5", "negative"),
        ("5-", "negative"),
        ("(5.00)", "negative"),
        ("€ -5", "negative"),
        ("\u22125", "negative"),
        ("1000000000000", "too_large"),
        ("1e12", "too_large"),
        ("1e60", "too_large"),
        ("9" * 400, "not_a_number"),
    ],
)
def test_an_invalid_price_is_rejected_with_a_code_for_the_problem(cell: str, code: str) -> None:
    with pytest.raises(BadCell) as caught:
        numbers.price(cell, None, "EUR")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cell", "catalog_currency", "currency"),
    [
        ("12.99 USD", "EUR", "USD"),
        ("usd 12.99", "EUR", "USD"),
        ("€5", "USD", "EUR"),
        ("$5", "EUR", "USD"),
        ("$5", "CAD", "CAD"),
        ("CA$5", "EUR", "CAD"),
        ("5 kr", "DKK", "DKK"),
        ("5 kr.", "EUR", "DKK"),
        ("5 zł", "EUR", "PLN"),
        ("5", "EUR", None),
    ],
)
def test_the_currency_of_a_price_is_recognised(cell: str, catalog_currency: str, currency: str | None) -> None:
    assert numbers.price(cell, None, catalog_currency)[1] == currency


@given(st.decimals(min_value=0, max_value="99999999.99", places=2))
def test_a_formatted_price_is_parsed_to_its_exact_amount(amount: Decimal) -> None:
    plain = f"{amount:,.2f}"
    german = plain.translate(str.maketrans(",.", ".,"))
    formatted: list[tuple[str, numbers.DecimalMark | None]] = [
        (str(amount), None),
        (plain, "."),
        (german, ","),
        (german + " €", ","),
        (plain.replace(",", "'"), None),
    ]
    for cell, mark in formatted:
        assert numbers.price(cell, mark, "EUR")[0] == amount


@given(st.text(max_size=30))
def test_parsing_a_random_text_returns_a_value_or_raises_bad_cell(cell: str) -> None:
    for parse in (lambda: numbers.price(cell, None, "EUR")[0], lambda: stock.read(cell, ",")):
        try:
            value = parse()
        except BadCell as bad:
            assert bad.problem
        else:
            assert isinstance(value, stock.State) or 0 <= value < Decimal(10) ** 12


def test_other_prices_of_the_file_determine_the_meaning_of_an_ambiguous_separator() -> None:
    comma = read("sku;price\nA;1,234 KWD\nB;12,50\n")
    assert [str(p.price) for p in comma.products] == ["1.234", "12.50"]
    assert comma.details["decimal"] == ","
    dot = read("sku;price\nA;1,234\nB;12.50\n")
    assert [str(p.price) for p in dot.products] == ["1234.00", "12.50"]
    by_currency = read("sku;price\nA;1,234\n")
    assert (str(by_currency.product.price), by_currency.details["decimal"]) == ("1234.00", ".")
    configured = read("sku;price\nA;1,234 KWD\n", mapping={"decimal": ","})
    assert str(configured.product.price) == "1.234"


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        ("12.5", "12.50"),
        ("12.5000 EUR", "12.50"),
        ("1200 JPY", "1200"),
        ("1200.00 JPY", "1200"),
        ("1.25 KWD", "1.250"),
        ("0.125 KWD", "0.125"),
        ("12.345", "12345.00"),
        ("0.345", None),
        ("100.50 JPY", None),
        ("0.50 CLP", None),
        ("1.2345 KWD", None),
        ("0.001 EUR", None),
    ],
)
def test_a_price_with_more_decimals_than_its_currency_is_rejected(cell: str, price: str | None) -> None:
    reading = read(f"sku,price\nA,{cell}\n")
    if price is None:
        assert (reading.rejection.code, reading.products) == ("too_precise", [])
    else:
        assert str(reading.product.price) == price
