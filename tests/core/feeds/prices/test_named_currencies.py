"""Tests that a currency in a column name, in a title or in a JSON key is used instead of the catalog's currency."""

import json

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("name", "code"),
    [("Utsalgspris (NOK inkl. mva)", "NOK"), ("Pris (NOK)", "NOK"), ("Salgspris inkl. moms (DKK)", "DKK"),
     ("Verð (ISK)", "ISK"), ("Pris NOK", "NOK")],
)  # fmt: skip
def test_the_column_name_determines_the_meaning_of_a_shared_currency_symbol(name: str, code: str) -> None:
    for currency in ("USD", "SEK", "NOK"):
        reading = read(f"SKU;Name;{name}\nA;Cup;kr 1 299,-\nB;Mug;kr 199,-\n", currency=currency)
        assert [product.currency for product in reading.products] == [code, code]
        assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [("Mazumcena ar PVN, EUR", "EUR"), ("Qwertz prezzo, CHF", "CHF"), ("Mazumcena (EUR ar PVN)", "EUR"),
     ("Xyzprice [PLN]", "PLN"), ("Preus (€) PVP", "EUR"), ("Pardavimo sumelė kaina (EUR)", "EUR")],
)  # fmt: skip
def test_the_currency_in_a_column_name_with_unknown_words_is_used(name: str, code: str) -> None:
    rows = "A;Cup;12,10;5,00\nB;Mug;24,20;10,00\nC;Jug;6,05;2,00\n"
    for mapping in (None, {"price": name}):
        reading = read(f"SKU;Name;{name};Purchase price\n{rows}", currency="USD", mapping=mapping)
        assert [product.currency for product in reading.products if product.price] == [code] * 3


@pytest.mark.parametrize(
    ("title", "code"),
    [("Stock Summary 1-Apr-25 to 31-Mar-26 (₹)", "INR"), ("Inventory of the shop (£)", "GBP"), ("Lager [€]", "EUR"),
     ("Preus (€);Estoc", "EUR"),
     ("Складские остатки (₽)", "RUB")],
)  # fmt: skip
def test_a_symbol_in_brackets_at_the_end_of_a_title_is_the_currency(title: str, code: str) -> None:
    reading = read(f"{title};\n;;\nSKU;Name;Price\nA;Cup;12.10\nB;Mug;24.20\n", currency="USD")
    assert [product.currency for product in reading.products] == [code, code]


@pytest.mark.parametrize("key", ["valiuta", "waluta", "Währung", "pénznem", "valuuta", "валюта", "通貨"])
def test_a_json_key_for_the_currency_can_be_in_any_language(key: str) -> None:
    content = {key: "EUR", "rows": [{"sku": "A", "name": "Cup", "price": "1,50"}]}
    assert read(json.dumps(content), "feed.json", currency="USD").product.currency == "EUR"


def test_a_json_key_for_the_currency_is_ignored_if_its_value_is_no_currency() -> None:
    content = {"kur": "32.5", "rows": [{"sku": "A", "name": "Cup", "price": "1,50"}]}
    assert read(json.dumps(content), "feed.json", currency="USD").product.currency == "USD"


@pytest.mark.parametrize(
    ("group", "names"),
    [("Preus (€)", "PVP;PVP abans"), ("Preise (€)", "VK brutto;Streichpreis"), ("Prices (£)", "Price;Old price"),
     ("Цены (₽)", "Цена;Старая цена")],
)  # fmt: skip
def test_a_symbol_in_a_group_name_above_the_header_is_the_currency(group: str, names: str) -> None:
    content = (
        f";;{group};;Info;\nSKU;Name;{names};Stock;Brand\nA;Cup;5,50;9,50;3;X\nB;Mug;6,50;;2;Y\nC;Jug;7,50;8,50;1;Z\n"
    )
    reading = read(content, currency="USD")
    assert [(str(product.price), product.currency) for product in reading.products] == [
        (amount, "GBP" if "£" in group else "RUB" if "₽" in group else "EUR") for amount in ("5.50", "6.50", "7.50")
    ]
