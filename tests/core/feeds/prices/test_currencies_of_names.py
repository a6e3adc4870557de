"""Tests the currency in the name of a price column, also in known exports and in mapped columns."""

import json

import pytest

from tests.core.feeds.feed_reading import read

WOO = "ID,Type,SKU,Name,Published,Stock,Date sale price ends,Sale price{0},Regular price{0}\n" + (
    "1,simple,RNG,Ring,1,15,2030-12-31,59,75\n2,simple,POT,Pot,1,3,2024-03-18,6,9.5\n3,simple,MUG,Mug,1,30,,,14\n"
)


@pytest.mark.parametrize(
    ("end", "code"),
    [(" (€)", "EUR"), (" (EUR)", "EUR"), (" [GBP]", "GBP"), (" £", "GBP"), (" CHF", "CHF"), (" (zł)", "PLN")],
)
def test_a_known_export_with_currencies_in_its_column_names_is_recognised(end: str, code: str) -> None:
    reading = read(WOO.format(end), currency="USD")
    assert [str(product.price) for product in reading.products] == ["75.00", "9.50", "14.00"]
    assert {product.currency for product in reading.products} == {code}
    assert [offer.price for offer in reading.products[0].offers or ()] == [59]
    assert (reading.feed.reading["profile"], reading.rejected, reading.feed.questions) == ("woocommerce", [], ())


def test_a_currency_in_one_column_name_applies_to_all_prices_of_the_export() -> None:
    content = WOO.format("").replace("Regular price", "Regular price (€)")
    assert {product.currency for product in read(content, currency="USD").products} == {"EUR"}


def test_an_export_without_a_currency_uses_the_catalog_currency() -> None:
    assert {product.currency for product in read(WOO.format(""), currency="USD").products} == {"USD"}


@pytest.mark.parametrize(
    ("header", "currency"),
    [("Variant Price / CHF", "CHF"), ("Variant Price (CHF)", "CHF")],
)
def test_a_handle_based_export_with_a_currency_in_a_column_name_is_recognised(header: str, currency: str) -> None:
    content = f"Handle,Title,Option1 Name,Option1 Value,Variant SKU,{header}\ncup,Cup,Title,Default Title,C-1,12.50\n"
    product = read(content, currency="USD").product
    assert (str(product.price), product.currency) == ("12.50", currency)


@pytest.mark.parametrize(
    ("name", "code"),
    [("EUR", "EUR"), ("HKD 港元", "HKD"), ("RMB", "CNY"), ("€", "EUR"), ("Kč", "CZK"), ("EUR brutto", "EUR"),
     ("CHF Laden", "CHF"), ("VK_SEK", "SEK"), ("GBP/UK", "GBP"), ("人民币", "CNY"), ("Euro", "EUR"), ("₩", "KRW")],
)  # fmt: skip
def test_the_currency_in_the_name_of_a_mapped_column_is_used(name: str, code: str) -> None:
    content = f"SKU;Name;{name};NOK\nA;Cup;12;9\nB;Mug;8;7\n"
    reading = read(content, mapping={"price": name}, currency="USD")
    assert [product.currency for product in reading.products] == [code, code]
    assert reading.feed.reading["currency"]["code"] == code


@pytest.mark.parametrize("name", ["Try it", "Price FR", "Maxi", "Preis KM", "Price SEKT", "VK CAD-Datei"])
def test_an_ordinary_word_is_not_a_currency(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Cup;12.10\nB;Mug;8.90\n", mapping={"price": name}, currency="USD")
    assert {product.currency for product in reading.products} == {"USD"}


def test_the_answer_about_two_currencies_determines_column_and_currency() -> None:
    content = "Item No.;Name;AUD;NZD;Stock\nA;Cup;38.50;41.00;3\nB;Mug;46.00;48.50;7\nC;Jug;26.80;29.90;2\n"
    reading = read(content, currency="USD")
    for choice in reading.feed.questions[0].choices:
        answered = read(content, currency="USD", mapping={reading.feed.questions[0].key: choice.value or None})
        if choice.value:
            assert {product.currency for product in answered.products} == {choice.value}


def test_a_column_with_a_unit_in_brackets_belongs_to_the_known_export() -> None:
    rows = [{"type": "simple", "sku": "A", "name": "Cup", "published": "1", "Regular price (PLN)": "12.50"}]
    assert read(json.dumps(rows), "feed.json", currency="USD").product.currency == "PLN"
