"""Tests rows between the products that name a currency: for all prices, for a group, or for other prices."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds import UnreadableFeed

HEAD = "SKU;Name;Price;Stock\n"
FIRST, SECOND = "A-1;Mug;19.00;5\nA-2;Cup;24.00;7\n", "B-1;Bowl;9.00;3\nB-2;Jug;8.00;2\n"


def currencies(reading: Reading) -> set[str]:
    return {product.currency for product in reading.products if product.price is not None}


@pytest.mark.parametrize(
    "row",
    [
        "Prisliste for export: priser i USD", "Preços em USD sob consulta", "Prix en CHF sur demande",
        "Bowls (prices in AUD on request)", "Tabak - Preise in CHF nur für Kunden in der Schweiz",
        "Shipping to Norway: prices in NOK", "Purchase prices in CNY", "Cups, price guide (GBP equivalents)",
        "Ceny w EUR na zapytanie", "Prezzi in USD solo per clienti esteri",
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_first", [True, False])
def test_a_row_about_other_prices_changes_no_currency(row: str, *, is_first: bool) -> None:
    rows = f"{row};;;\n{FIRST}Bowls;;;\n{SECOND}" if is_first else f"{FIRST}{row};;;\n{SECOND}"
    reading = read(HEAD + rows, currency="SEK")
    assert (currencies(reading), reading.feed.questions) == ({"SEK"}, ())
    titled = read(f"Prices in SEK;;;\n{HEAD}{rows}", currency="EUR")
    assert (currencies(titled), titled.feed.questions) == ({"SEK"}, ())


@pytest.mark.parametrize(
    ("row", "code"),
    [("Alle priser i NOK", "NOK"), ("Ceny w PLN", "PLN"), ("All our prices are in GBP incl. VAT", "GBP"),
     ("Tutti i prezzi in CHF", "CHF"), ("Цены в рублях", "RUB"), ("Prijzen 2026 in EUR excl. btw", "EUR")],
)  # fmt: skip
def test_a_row_above_the_first_product_names_the_currency_of_all_prices(row: str, code: str) -> None:
    reading = read(f"{HEAD}{row};;;\n{FIRST}Bowls;;;\n{SECOND}", currency="USD")
    assert (currencies(reading), reading.feed.questions) == ({code}, ())


@pytest.mark.parametrize("row", ["{} - prices in {}", "{} (Preise in {})", "{}: ceny v {}"])
def test_the_groups_name_the_currency_of_all_prices_if_each_of_them_does(row: str) -> None:
    groups = [row.format(name, "UGX") for name in ("Mugs", "Bowls")]
    reading = read(f"{HEAD}{groups[0]};;;\n{FIRST}{groups[1]};;;\n{SECOND}", currency="USD")
    assert (currencies(reading), reading.feed.questions) == ({"UGX"}, ())


@pytest.mark.parametrize(
    ("first", "second"),
    [("Mugs", "Bowls - prices in UGX"), ("Tassen - Preise in CHF", "Schalen"), ("", "Alle priser i NOK"),
     ("Mugs (prices in GBP)", "Bowls (prices in DKK)"), ("Prices in GBP, rounded", ""),
     ("", "Bowls: prices in UGX, firm")],
)  # fmt: skip
def test_a_currency_that_only_some_groups_name_is_a_question(first: str, second: str) -> None:
    rows = f"{HEAD}{first};;;\n{FIRST}{second};;;\n{SECOND}".replace("\n;;;\n", "\n")
    reading = read(rows, currency="USD")
    assert [one.price for one in reading.products] == [None] * 4
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("currency", "money")
    codes = [choice.value for choice in question.choices]
    assert "USD" in codes and len(codes) > 1
    for code in codes:
        answered = read(rows, currency="USD", mapping={"currency": code})
        assert (currencies(answered), answered.feed.questions) == ({code}, ())


def test_a_column_with_the_name_of_a_currency_contains_the_currency() -> None:
    content = "SKU;Name;Price;EUR\nA-1;Mug;19.00;CHF\nA-2;Cup;9.00;GBP\n"
    reading = read(content, currency="USD", mapping={"price": "Price", "currency": "EUR"})
    assert [one.currency for one in reading.products] == ["CHF", "GBP"]


@pytest.mark.parametrize("code", ["kes", "XXX", "Euro"])
def test_a_currency_that_is_no_code_is_a_missing_column(code: str) -> None:
    with pytest.raises(UnreadableFeed, match="currency"):
        read(HEAD + FIRST, mapping={"currency": code})


def test_a_sign_and_a_code_can_name_the_same_currency() -> None:
    reading = read(f"Prices in €;;;\n{HEAD}{FIRST}Bowls - prices in EUR;;;\n{SECOND}", currency="USD")
    assert (currencies(reading), reading.feed.questions) == ({"EUR"}, ())


@pytest.mark.parametrize("row", ["Bowls - prices in SEK", "Skålar: priser i SEK, tills vidare", "Alle priser i SEK"])
def test_the_currency_of_the_catalog_in_one_group_is_no_question(row: str) -> None:
    reading = read(f"{HEAD}{FIRST}{row};;;\n{SECOND}", currency="SEK")
    assert (currencies(reading), reading.feed.questions) == ({"SEK"}, ())
