"""Tests which of several prices is the selling price, and when a question is asked."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.columns.unit_names import units_in_name
from wecelebrate.feeds.notation.price_units import units_of
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.tiers import quantity_in_name


def table(header: str, *rows: str, currency: str = "EUR", **mapping: str | None) -> Reading:
    lines = [f"SKU;Name;{header}", *(f"A{number};Mug;{row}" for number, row in enumerate(rows))]
    return read("\n".join(lines) + "\n", mapping=mapping, currency=currency)


def prices(reading: Reading) -> list[str]:
    assert not reading.rejected, reading.rejected
    return [f"{product.price} {product.currency}" for product in reading.products]


def asked(reading: Reading) -> list[list[str]]:
    assert all((question.key, question.subject) == ("price", "money") for question in reading.feed.questions)
    return [[choice.value for choice in question.choices] for question in reading.feed.questions]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Sell", "plain"), ("Sell Price", "plain"), ("Selling", "plain"), ("Our price", "plain"), ("Retail", "plain"),
        ("Resale", "plain"), ("Shop price", "plain"), ("Web price", "plain"), ("Asking", "plain"), ("Rate", "plain"),
        ("Till price", "plain"), ("Store price", "plain"), ("Price each", "plain"), ("SRP", "list"), ("RRP", "list"),
        ("MRP", "list"), ("EVP", "list"), ("Retail inc VAT", "gross"), ("Sell ex VAT", "net"), ("PU HT", "net"),
    ],
)  # fmt: skip
def test_trade_words_for_the_selling_price_are_recognised_beside_a_cost(name: str, kind: str) -> None:
    reading = table(f"Unit Cost;{name}", "1,00;2,50", "2,00;3,75")
    assert (prices(reading), asked(reading)) == (["2.50 EUR", "3.75 EUR"], [])
    assert reading.feed.reading["price"]["kind"] == kind


def test_integers_in_a_column_such_as_retail_lead_to_a_question() -> None:
    reading = table("Unit Cost;Retail", "1;2", "2;3")
    assert asked(reading) == [["", "Retail", "Unit Cost"]]
    assert not any("price" in product.fields_set for product in reading.products)
    assert asked(table("Retail;Price", "5;2,50")) == []


@pytest.mark.parametrize("name", ["VAT rate", "GST %", "Tax rate", "Net weight", "Retail pack"])
def test_a_rate_or_a_weight_is_not_a_price(name: str) -> None:
    assert name_of_price(name) is None


@pytest.mark.parametrize(
    ("net", "gross"),
    [
        ("Precio (imp. excl.)", "Precio (imp. incl.)"), ("Price (VAT excl.)", "Price (VAT incl.)"),
        ("Prix (HT)", "Prix (TTC)"), ("Prezzo (tasse escl.)", "Prezzo (tasse incl.)"),
        ("Preis (exkl. 19 % MwSt.)", "Preis (inkl. 19 % MwSt.)"), ("Preis zzgl. MwSt", "Preis inkl. MwSt 8,1%"),
        ("Preço (s/ IVA)", "Preço (c/ IVA)"), ("Prijs (excl. btw)", "Prijs (incl. btw)"),
        ("Cena (bez podatku)", "Cena (z podatkiem)"), ("Price + VAT", "Price incl. VAT"),
        ("Price ex GST", "Price inc GST"),
        ("Utpris exkl moms", "Utpris inkl moms"), ("Pris uden moms", "Pris med moms"), ("Prix hors taxes", "Prix TTC"),
    ],
)  # fmt: skip
def test_a_price_with_tax_beside_a_price_with_six_decimals_is_recognised(net: str, gross: str) -> None:
    reading = table(f"{net};{gross}", "20,652893;24,99", "5,785124;7,00")
    assert (prices(reading), asked(reading)) == (["24.99 EUR", "7.00 EUR"], [])
    assert (reading.feed.reading["price"]["kind"], name_of_price(net).kind) == ("gross", "net")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("header", "currency", "choices"),
    [
        ("List Price;Net Price", "USD", ["List Price", "Net Price"]),
        ("MSRP;Net price", "USD", ["MSRP", "Net price"]),
        ("Listenpreis;Nettopreis", "EUR", ["Nettopreis", "Listenpreis"]),
        ("UVP;Netto-Preis", "CHF", ["Netto-Preis", "UVP"]),
    ],
)
def test_a_net_price_that_also_has_a_discount_leads_to_a_question(
    header: str, currency: str, choices: list[str]
) -> None:
    assert asked(table(header, "49,99;29,99", "24,99;12,00", currency=currency)) == [choices]
    answered = table(header, "49,99;29,99", "24,99;12,00", currency=currency, price=choices[1])
    assert asked(answered) == []


@pytest.mark.parametrize(
    ("header", "rows", "price"),
    [
        ("List Price;Net Price", ("119,00;100,00", "23,80;20,00"), "100.00 EUR"),
        ("UVP;Netto-VK", ("59,95;39,95", "24,99;12,00"), "39.95 EUR"),
        ("UVP;Preis netto;Preis", ("59,95;39,95;44,95", "24,99;12,00;14,00"), "44.95 EUR"),
    ],
)
def test_a_net_price_that_excludes_only_the_tax_leads_to_no_question(
    header: str, rows: tuple[str, ...], price: str
) -> None:
    reading = table(header, *rows)
    assert (prices(reading)[0], asked(reading)) == (price, [])


@pytest.mark.parametrize(
    "dates",
    ["Sale start;Sale end", "Sale from;Sale to", "sale_price_effective_date;x", "special_from_date;special_to_date",
     "Aktion von;Aktion bis"],
)  # fmt: skip
def test_a_sale_price_with_dates_is_an_offer(dates: str) -> None:
    reading = table(f"Regular price;Sale price;{dates}", "20,00;15,00;2026-01-01;2027-01-01")
    assert (prices(reading), asked(reading)) == (["20.00 EUR"], [])
    assert asked(table("Regular price;Sale price", "20,00;15,00")) == [["Regular price", "Sale price"]]


@pytest.mark.parametrize(
    ("header", "row", "price"),
    [
        ("Price 1+;Price 10+;Price 100+", "5,00;4,00;3,00", "5.00 EUR"),
        ("ab 100;ab 10;ab 1", "3,00;4,00;5,00", "5.00 EUR"),
        ("1+;10+;100+", "5,00;4,00;3,00", "5.00 EUR"),
        ("Unit price (1-99);Unit price (100-499)", "5,00;4,00", "5.00 EUR"),
        ("Price @ 100;Price @ 1", "3,00;5,00", "5.00 EUR"),
        ("Preis ab 10;Preis", "4,00;5,00", "5.00 EUR"),
        ("Staffelpreis ab 10;VK", "4,00;5,00", "5.00 EUR"),
        ("Prix à partir de 10;Prix", "4,00;5,00", "5.00 EUR"),
        ("Qty 1;Price 1;Qty 2;Price 2", "1;5,00;10;4,00", "5.00 EUR"),
        ("Preis ab 01.01.2027;Preis", "4,00;5,00", "5.00 EUR"),
    ],
)
def test_the_price_of_one_unit_is_the_selling_price(header: str, row: str, price: str) -> None:
    reading = table(header, row)
    assert (prices(reading), asked(reading)) == ([price], [])


@pytest.mark.parametrize("header", ["Preis ab 10;Preis ab 100", "Price for 10+;Price for 100+", "10+;100+"])
def test_a_file_with_prices_for_only_larger_quantities_leads_to_a_question(header: str) -> None:
    reading = table(header, "4,00;3,00")
    first = header.partition(";")[0]
    assert (asked(reading), "price" in reading.product.fields_set) == ([["", first]], False)
    assert prices(table(header, "4,00;3,00", price=first)) == ["4.00 EUR"]


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("Price 10+", 10), ("ab 100 Stk", 100), ("Preis ab 10 Stück", 10), ("10-49", 10), ("desde 25 uds", 25),
        ("Price from 2027", None), ("Preis 2026", None), ("Preis ab 01.01.2027", None), ("Price 1", None),
        ("Preis pro 100", None),
    ],
)  # fmt: skip
def test_the_name_of_a_price_can_state_the_minimum_quantity_of_the_price(name: str, quantity: int | None) -> None:
    in_name = quantity_in_name(name)
    assert (in_name and in_name[0], units_in_name(name)) == (quantity, 100 if "pro 100" in name else 1)


@pytest.mark.parametrize("word", ["per", "für", "voor", "cada", "chaque", "på", "pentru", "setiap", "за", "za każde"])
def test_words_such_as_per_before_a_unit_are_recognised_in_names_and_cells(word: str) -> None:
    assert (units_in_name(f"Price {word} 100"), units_of(f"{word} 100", None)) == (100, Decimal(100))


@pytest.mark.parametrize("header", ["VK1;VK2", "Price 1;Price 2", "Price A;Price B", "Price Level 1;Price Level 2"])
def test_two_price_lists_lead_to_a_question(header: str) -> None:
    reading = table(header, "5,00;4,00", "6,00;5,00")
    (choices,) = asked(reading)
    assert [choice for choice in choices if choice] == header.split(";")
    assert asked(table(header, "5,00;5,00", "6,00;6,00", price=header.partition(";")[0])) == []


@pytest.mark.parametrize("header", ["Preis DE;Preis AT", "Price_UK;Price_IE", "Online price;In-store price"])
def test_prices_of_two_countries_or_places_lead_to_a_question(header: str) -> None:
    (choices,) = asked(table(header, "5,00;4,00"))
    assert [choice for choice in choices if choice] == header.split(";")


@pytest.mark.parametrize(
    "header",
    ["Preis;Preis/kg", "Price;Price/100g", "Price;Price per litre", "Preis;Grundpreis", "Prix;Prix au kilo",
     "Price;Deposit price", "Price;Competitor price", "New price;Old price", "Preis neu;Preis alt",
     "New price;Last price",
     "Sales price;Standard price", "List Price;Customer price", "RRP inc VAT;RRP ex VAT", "Price;Unit;Qty",
     "Retail;Wholesale", "Price incl. VAT;Tax;Price"],
)  # fmt: skip
def test_clear_selling_prices_lead_to_no_question(header: str) -> None:
    reading = table(header, ";".join(["9,99", "3,30", "4,40"][: header.count(";") + 1]))
    assert (prices(reading), asked(reading)) == (["9.99 EUR"], [])


@pytest.mark.parametrize("name", ["Price per kg", "Preis/100 g", "Customer price", "Last price", "Standard price"])
def test_a_price_that_is_not_a_selling_price_is_never_used_without_a_question(name: str) -> None:
    reading = table(name, "3,30")
    assert "price" not in reading.product.fields_set


def test_numbered_prices_with_equal_values_lead_to_no_question() -> None:
    assert asked(table("VK1;VK2", "5,00;5,00", "6,00;6,00")) == []


@pytest.mark.parametrize(
    ("header", "row", "currency", "price"),
    [
        ("Price EUR;Price USD;Price GBP", "5,00;6,00;4,00", "GBP", "4.00 GBP"),
        ("Price GBP;Price USD;Price", "4,00;6,00;5,00", "EUR", "5.00 EUR"),
        ("Preis netto EUR;Price gross USD", "5,00;6,00", "EUR", "5.00 EUR"),
        ("Price ($);Price (€)", "5,00;6,00", "CAD", "5.00 CAD"),
        ("Price (US$)", "5,00", "CAD", "5.00 USD"),
        ("Price (HK$)", "5,00", "USD", "5.00 HKD"),
        ("Price C$", "5,00", "EUR", "5.00 CAD"),
        ("Price (Kč)", "150", "EUR", "150.00 CZK"),
        ("Preis Fr.", "150", "EUR", "150.00 CHF"),
        ("Cena zł", "5,00", "EUR", "5.00 PLN"),
        ("Price Rs.", "5.00", "EUR", "5.00 INR"),
        ("Price FR", "5.00", "EUR", "None EUR"),
    ],
)
def test_the_currency_of_a_price_is_read_from_the_name_of_its_column(
    header: str, row: str, currency: str, price: str
) -> None:
    assert prices(table(header, row, currency=currency)) == [price]


def test_prices_in_two_foreign_currencies_lead_to_a_question() -> None:
    assert asked(table("Price EUR;Price USD", "5,00;6,00", currency="CHF")) == [["Price EUR", "Price USD"]]
