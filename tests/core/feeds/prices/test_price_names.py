"""Tests price names whose meaning depends on the values: names with countries, brackets, totals and currencies."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.prices.names_with_values import listed_price


def prices(content: str, currency: str) -> list[tuple[str, str | None]]:
    """Return the prices and the currencies of a feed that has no questions."""
    reading = read(content, currency=currency)
    assert not reading.feed.questions
    return [(str(product.price), product.currency) for product in reading.products]


@pytest.mark.parametrize(("currency", "price"), [("EUR", "24.90"), ("SEK", "279.00"), ("NOK", "299.00")])
def test_the_price_list_in_the_currency_of_the_catalog_is_used(currency: str, price: str) -> None:
    content = "SKU,Name,List Price EUR,List Price SEK,List Price NOK\nA-1,Cup,24.90,279.00,299.00\n"
    assert prices(content, currency) == [(price, currency)]


@pytest.mark.parametrize(("currency", "price"), [("PLN", "119.90"), ("CZK", "699.00"), ("EUR", "27.90")])
def test_symbols_beside_the_amounts_determine_the_currency_of_a_country_price(currency: str, price: str) -> None:
    content = "SKU;Name;Cena PL*;Cena CZ;Cena SK\nA-1;Czajnik;119,90 zł;699,00 Kč;27,90 €\n"
    assert prices(content, currency)[0] == (price, currency)


def test_price_columns_of_several_countries_in_one_currency_lead_to_a_question() -> None:
    reading = read("SKU;Name;Cena PL;Cena SK\nA-1;Czajnik;27,90;29,90\nB-1;Toster;20,90;21,90\n")
    assert [question.subject for question in reading.feed.questions] == ["money"]


def test_a_blank_price_is_not_replaced_by_a_price_in_another_currency() -> None:
    reading = read('SKU,Name,Price $,Price ៛\nA-1,Pepper,$6.50,"26,000៛"\nB-1,Sugar,,"10,000៛"\n', currency="USD")
    assert [(product.sku, product.price) for product in reading.products] == [("A-1", Decimal("6.50"))]
    assert [rejected.code for rejected in reading.rejected] == ["empty"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Price A (Retail incl VAT)", "gross"), ("Price B (Trade excl VAT)", "purchase"), ("Price 1 (Retail)", "plain"),
        ("Price C [RRP]", "list"), ("Preis 2 (Händler)", "purchase"), ("Precio 1 (con IVA)", "gross"),
        ("Cena PL*", "plain"), ("Net price (DK)", "net"), ("Zakup cena PL", "purchase"),
    ],
)  # fmt: skip
def test_brackets_and_countries_in_a_column_name_do_not_affect_the_price_type(name: str, kind: str) -> None:
    match = listed_price(name)
    assert match is not None
    assert match.kind == kind


def test_text_in_parentheses_after_a_price_list_name_determines_the_price_type() -> None:
    content = "SKU,Name,Price A (Retail incl VAT),Price B (Trade excl VAT),LastCost\nA-1,Grid,249.00,184.00,121.55\n"
    assert prices(content, "ZAR") == [("249.00", "ZAR")]


@pytest.mark.parametrize(
    ("base", "total"), [("Precio base", "Precio total"), ("Prix HT", "Prix total"), ("Price", "Total price")]
)
def test_a_total_that_equals_the_price_plus_tax_is_the_price_with_tax(base: str, total: str) -> None:
    assert prices(f"SKU;Name;{base};{total}\nA-1;Drill;100,00;119,00\nB-1;Saw;50,00;52,50\n", "EUR") == [
        ("119.00", "EUR"), ("52.50", "EUR"),
    ]  # fmt: skip


def test_a_total_of_several_pieces_is_not_a_price() -> None:
    assert prices("SKU;Name;Qty;Price;Total price\nA-1;Drill;3;10,00;30,00\nB-1;Saw;1;5,00;5,00\n", "EUR") == [
        ("10.00", "EUR"), ("5.00", "EUR"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "currency", "price"),
    [
        ("RM 32.50", "MYR", "32.50"), ("Gs. 35.000", "PYG", "35000"), ("26,000៛", "KHR", "26000"),
        ("₲ 35.000", "PYG", "35000"),
        ("١٬٢٥٠٫٥٠ ر.ق", "QAR", "1250.50"), ("12.500 lekë", "ALL", "12500"), ("KSh 1,250.00", "KES", "1250.00"),  # noqa: RUF001
        ("42,000/=", "TZS", "42000"), ("TSh 42,000/=", "TZS", "42000"), ("48.50 ₾", "GEL", "48.50"),
        ("֏ 12,000", "AMD", "12000"),
        ("Br 250.00", "ETB", "250.00"), ("R 1 050", "ZAR", "1050"), ("৳ 125.50", "BDT", "125.50"),
        ("17 500 FCFA", "XAF", "17500"), ("RM 32.50/beg", "MYR", "32.50"),
    ],
)  # fmt: skip
def test_currency_symbols_are_recognised(cell: str, currency: str, price: str) -> None:
    reading = read(f"SKU;Name;Price\nA-1;Rice;{cell}\n", currency=currency)
    assert [product.price for product in reading.products] == [Decimal(price)]


def test_a_currency_symbol_can_differ_from_the_catalog_currency() -> None:
    reading = read("SKU;Name;Precio\nA-1;Phone;US$ 98,00\nB-1;Case;Gs. 35.000\n", currency="PYG")
    assert [(product.price, product.currency) for product in reading.products] == [
        (Decimal("98.00"), "USD"), (Decimal(35000), "PYG"),
    ]  # fmt: skip


@pytest.mark.parametrize("unit", ["kg", "kilogram", "литр", "公斤", "100 beg"])
def test_a_price_for_a_measure_is_rejected(unit: str) -> None:
    reading = read(f"SKU;Name;Price\nA-1;Rice;RM 32.50/{unit}\n", currency="MYR")
    assert [rejected.code for rejected in reading.rejected] == ["bad_price_unit"]


def test_a_name_that_ends_with_sek_does_not_mean_the_purchase_price_ek() -> None:
    match = price_name("listpricesek")
    assert match is not None
    assert (match.kind, match.currency) == ("list", "SEK")
    purchase = price_name("preisek")
    assert purchase is not None
    assert purchase.kind == "purchase"


@pytest.mark.parametrize(
    "name",
    ["Competitor price", "BuyBox price", "Wettbewerbspreis", "Prix concurrent", "Precio competencia", "Rakip Fiyat"],
)
def test_a_competitor_price_is_never_the_selling_price(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA-1;Tee;12,90\nA-2;Hut;9,90\n")
    assert [product.price for product in reading.products if "price" in product.fields_set] == []


@pytest.mark.parametrize(
    ("header", "dollars", "others"),
    [
        ("Price $;Price ៛", ("$6.50", ""), ("26,000៛", "10,000៛")),
        ("Price USD;Price EUR", ("6.50", ""), ("6.10", "9.40")),
        ("Preis (USD);Preis (CHF)", ("6.50", ""), ("5.80", "9.00")),
    ],
)
def test_a_price_in_another_currency_leads_to_a_question_if_no_other_price_exists(
    header: str, dollars: tuple[str, str], others: tuple[str, str]
) -> None:
    content = f"SKU;Name;{header}\nA-1;Tee;{dollars[0]};{others[0]}\nA-2;Hut;{dollars[1]};{others[1]}\n"
    reading = read(content, currency="USD")
    (question,) = reading.feed.questions
    assert (question.subject, [choice.value for choice in question.choices]) == ("money", header.split(";"))
    assert [(str(item.price), item.currency or "USD") for item in reading.products] == [("6.50", "USD")]
    answered = read(content, mapping={"price": header.split(";", maxsplit=1)[0]}, currency="USD")
    assert (answered.feed.questions, len(answered.rejected)) == ((), 1)


@pytest.mark.parametrize("header", ["GEL per bottle;GEL per case", "EUR/Flasche;EUR/Karton", "€ per piece;€ per box"])
def test_amounts_for_two_package_sizes_lead_to_a_question(header: str) -> None:
    reading = read(f"SKU;Name;{header};Stock\nA-1;Tee;48;270;3\nA-2;Hut;29;330;4\n")
    (question,) = reading.feed.questions
    assert (question.subject, [choice.value for choice in question.choices]) == ("money", ["", *header.split(";")])
    assert [item.inventory_count for item in reading.products if "price" not in item.fields_set] == [3, 4]


@pytest.mark.parametrize("name", ["EUR/kg", "€ per 100 g", "EUR pro Meter"])
def test_an_amount_for_a_measure_is_not_a_product_price(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA-1;Tee;48,00\nA-2;Hut;29,00\n")
    assert ["price" in item.fields_set for item in reading.products] == [False, False]
