"""Tests offers with days: the offer price, the first day and the last day, in many languages and formats."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Body, read
from wecelebrate.feeds import Product, propose
from wecelebrate.feeds.notation.moments import end_of, moment_of, order_of_days, period_of, start_of

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 30)
PLAIN = {
    "de": "SKU;Bezeichnung;VK brutto;Aktionspreis;gültig von;gültig bis",
    "de, compound words": "SKU;Bezeichnung;Preis;Aktionspreis;Aktionsbeginn;Aktionsende",
    "en": "SKU;Name;Price;Special price;Special from;Special to",
    "fr": "SKU;Désignation;Prix TTC;Prix promo TTC;Début promo;Fin promo",
    "es": "SKU;Nombre;PVP;Precio oferta;Fecha inicio oferta;Fecha fin oferta",
    "it": "SKU;Descrizione;Prezzo;Prezzo scontato;Data inizio promozione;Data fine promozione",
    "pt": "SKU;Nome;Preço;Preço promocional;Início da promoção;Fim da promoção",
    "nl": "SKU;Omschrijving;Prijs;Actieprijs;Actie vanaf;Actie t/m",
    "pl": "SKU;Nazwa;Cena;Cena promocyjna;Promocja od;Promocja do",
    "cs": "SKU;Název;Cena s DPH;Akční cena s DPH;Akce od;Akce do",
    "cs, bare": "SKU;Název;Cena;Akce;Akce od;Akce do",
    "sv": "SKU;Benämning;Pris;Kampanjpris;Kampanj från;Kampanj till",
    "hu": "SKU;Megnevezés;Bruttó ár;Akciós ár;Akció kezdete;Akció vége",
    "ru": "SKU;Название;Цена;Цена со скидкой;Акция с;Акция по",  # noqa: RUF001
    "ja": "SKU;商品名;価格;セール価格;セール開始日;セール終了日",
    "camelCase": "sku;name;price;salePrice;saleStartDate;saleEndDate",
    "snake_case": "sku;name;price;discount_price;discount_starts_at;discount_ends_at",
}


def offers(product: Product) -> list[tuple[str, Any, Any]]:
    return [(f"{offer.price:f}", offer.first, offer.last) for offer in product.offers or ()]


@pytest.mark.parametrize("header", PLAIN.values(), ids=PLAIN)
def test_the_columns_beside_the_offer_price_contain_the_days_of_the_offer(header: str) -> None:
    rows = "A;Cup;12,90;9,90;20.11.2026;30.11.2026\nB;Mug;14,90;;;\nC;Jug;20,00;18,50;;30.11.2026\n"
    reading = read(f"{header}\n{rows}")
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.00"]
    assert [offers(product) for product in reading.products] == [
        [("9.90", FIRST, LAST)], [], [("18.50", None, LAST)],
    ]  # fmt: skip
    assert all("offers" in product.fields_set for product in reading.products)
    assert reading.details["mapping"]["offers"] == header.split(";")[3:]
    assert not reading.feed.questions


WOOCOMMERCE = (
    'ID,Type,SKU,Name,Published,"Date sale price starts","Date sale price ends",Stock,"Sale price","Regular price"\n'
    "1,simple,A,Cup,1,2026-11-20,2026-11-30,5,9.90,12.90\n2,simple,B,Mug,1,,,5,,14.90\n"
)
GERMAN_WOOCOMMERCE = (
    'ID,Typ,Artikelnummer,Name,Veröffentlicht,"Datum, an dem Angebotspreis beginnt","Datum, an dem Angebotspreis endet"'
    ",Bestand,Angebotspreis,Regulärer Preis\n"
    "1,simple,A,Cup,1,2026-11-20,2026-11-30,5,9.90,12.90\n2,simple,B,Mug,1,,,5,,14.90\n"
)
MAGENTO = (
    "sku,attribute_set_code,product_type,name,price,special_price,special_price_from_date,special_price_to_date,qty\n"
    'A,Default,simple,Cup,12.90,9.90,"11/20/26, 12:00 AM","11/30/26, 12:00 AM",5\nB,Default,simple,Mug,14.90,,,,5\n'
)
AMAZON = (
    "TemplateType=fptcustom\tVersion=2021.1014\t\t\t\t\t\t\nSeller SKU\tProduct Name\tBrand\tStandard Price\tQuantity\t"
    "Sale Price\tSale Start Date\tSale End Date\nitem_sku\titem_name\tbrand_name\tstandard_price\tquantity\t"
    "sale_price\tsale_from_date\tsale_end_date\nA\tCup\tX\t12.90\t5\t9.90\t2026-11-20\t2026-11-30\nB\tMug\tX\t14.90\t5\t\t\t\n"
)
XML = (
    "<products><product><code>A</code><name>Cup</name><price>12.90</price><offer><price>9.90</price>"
    "<validFrom>2026-11-20</validFrom><validTo>2026-11-30</validTo></offer></product>"
    "<product><code>B</code><name>Mug</name><price>14.90</price></product></products>"
)
JSON = json.dumps([
    {"sku": "A", "name": "Cup", "price": "12.90", "sale": {"price": "9.90", "from": "2026-11-20", "to": "2026-11-30"}},
    {"sku": "B", "name": "Mug", "price": "14.90", "sale": None},
])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("woo.csv", WOOCOMMERCE), ("woo-de.csv", GERMAN_WOOCOMMERCE), ("magento.csv", MAGENTO), ("amazon.txt", AMAZON),
        ("shop.xml", XML), ("shop.json", JSON),
    ],
)  # fmt: skip
def test_the_days_of_the_offers_of_known_shop_systems_are_read(name: str, text: str) -> None:
    reading = read(text, name)
    by_sku = {product.sku: product for product in reading.products}
    assert [str(by_sku[sku].price) for sku in "AB"] == ["12.90", "14.90"]
    assert offers(by_sku["A"]) == [("9.90", FIRST, LAST)]
    assert not by_sku["B"].offers


def test_a_proposal_shows_the_offers_of_its_rows() -> None:
    proposal = propose(Body(JSON.encode()), "shop.json", None, "EUR")
    first, second = (row["product"]["offers"] for row in proposal.rows)
    assert first == [{"price": "9.90", "first": "2026-11-20", "last": "2026-11-30"}] and second == []


def test_both_days_of_a_google_offer_are_read_from_one_cell() -> None:
    cells = "2026-11-20T08:00+0100/2026-11-30T23:59+0100"
    text = f"id,title,image_link,price,sale_price,sale_price_effective_date\nA,Cup,,12.90 EUR,9.90 EUR,{cells}\n"
    start = datetime.fromisoformat("2026-11-20T08:00+01:00")
    end = datetime.fromisoformat("2026-12-01T00:00+01:00")
    assert offers(read(text).product) == [("9.90", start, end)]
    text = "SKU;Name;Preis;Sonderpreis;Aktionszeitraum\nA;Tasse;12,90;9,90;20.11.2026 - 30.11.2026\nB;T;14,90;;\n"
    assert offers(read(text).products[0]) == [("9.90", FIRST, LAST)]


def test_an_offer_without_days_beside_offers_with_days_is_valid_now() -> None:
    text = "SKU;Name;Price;Sale price;Sale from;Sale to\nA;Cup;12.90;9.90;;\nB;Mug;14.90;12.00;20.11.2026;\n"
    assert [offers(product) for product in read(text).products] == [
        [("9.90", None, None)], [("12.00", FIRST, None)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12.90;9.90;;\n",  # without any day
        "SKU;Name;Price;Special price\nA;Cup;12.90;9.90\n",
        "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12.90;9.90;soon;later\n",
        "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12.90;9.90;03/04/2026;05/06/2026\n",
        "SKU;Name;Price;VIP price;Valid from;Valid to\nA;Cup;12.90;9.90;2026-11-01;2026-12-30\n",
        "SKU;Name;Price gross;Special price net;Special from;Special to\nA;Cup;12.90;9.90;2026-11-01;2026-12-30\n",
        "SKU;Name;Price;Sale;Sale from;Sale to\nA;Cup;12.90;20;2026-11-01;2026-12-30\n",  # 20 percent
        # The days on which the product is active, and on which its sales begin.
        "SKU;Naam;Prijs;Actieprijs;Voorraad;Actief vanaf;Actief tot\nA;Cup;12.90;9.90;1;2026-11-01;2026-12-30\n",
        "SKU;Name;Price;Special price;Stock;Sales start date\nA;Cup;12.90;9.90;1;2026-11-01\n",
    ],
)
def test_a_price_with_uncertain_days_is_not_an_offer(text: str) -> None:
    product = read(text).product
    assert (str(product.price), product.offers, "offers" in product.fields_set) == ("12.90", (), False)


@pytest.mark.parametrize(
    "column",
    [
        "Discount amount", "Discount value", "Discount", "Price discount", "Rabatt", "Rabatt EUR", "Rabattbetrag",
        "Remise", "Montant remise", "Descuento", "Sconto", "Korting", "Sleva", "Zľava", "Скидка", "割引額", "할인액",
        "Sale amount", "Member promo price", "Sale price 10+", "Sale price (min 10)", "Akční cena za kg", "Promo 10",
        "Special price / kg", "Special price per case", "Promo USD",
    ],
)  # fmt: skip
def test_reductions_and_quantity_prices_are_not_offers(column: str) -> None:
    text = f"SKU;Name;Price;{column};Promo from;Promo to\nA;Cup;12.90;9.90;20.11.2026;30.11.2026\n"
    product = read(text).product
    assert (str(product.price), product.offers) == ("12.90", ())


@pytest.mark.parametrize(
    "column", ["Promo", "Promo EUR", "Discounted price", "Prezzo scontato", "Rabattpreis", "Akciós ár", "Reduced"]
)
def test_a_reduced_price_is_an_offer(column: str) -> None:
    text = f"SKU;Name;Price;{column};Promo from;Promo to\nA;Cup;12.90;9.90;20.11.2026;30.11.2026\n"
    assert offers(read(text).product) == [("9.90", FIRST, LAST)]


def test_the_reductions_of_prestashop_are_not_prices() -> None:
    header = "Reference #;Name *;Price tax excluded;Price tax included;Discount amount;Discount percent;"
    days = "Discount from (yyyy-mm-dd);Discount to (yyyy-mm-dd)"
    for amount, percent in (("5.00", ""), ("", "10.00")):
        text = f"{header}{days}\nA;Cup;13.76;16.51;{amount};{percent};2026-11-01;2026-11-30\n"
        product = read(text).product
        assert (str(product.price), product.offers) == ("16.51", ())


def test_the_month_is_first_in_dates_with_slashes_if_the_currency_is_usd() -> None:
    text = "SKU,Name,Price,Special price,Special from,Special to\nA,Cup,12.90,9.90,03/04/2026,05/06/2026\n"
    assert offers(read(text, currency="USD").product) == [("9.90", date(2026, 3, 4), date(2026, 5, 6))]


@pytest.mark.parametrize("sign", ["-", "/", "."])
def test_all_dates_of_a_file_determine_whether_the_month_is_first(sign: str) -> None:
    text = "SKU,Name,Price,Sale price,Sale start,Sale end\nA,Cup,12.90,9.90,11-01-2026,11-30-2026\n".replace("-", sign)
    assert offers(read(text).product) == [("9.90", date(2026, 11, 1), LAST)]
    text = text.replace(f"11{sign}30", f"12{sign}10")
    expected = [("9.90", date(2026, 1, 11), date(2026, 10, 12))] if sign == "." else []
    assert offers(read(text).product) == expected


def test_a_date_with_three_two_digit_numbers_is_ambiguous() -> None:
    year, this = date.today().year % 100, date.today().year  # noqa: DTZ011
    cells = [(f"{year}/11/{day}", f"{day}/11/{year}") for day in (20, 30)]
    assert order_of_days([first for first, _ in cells]) is None
    assert order_of_days([last for _, last in cells]) is False
    assert order_of_days([f"{year + 1}/11/{year}", f"{year}/11/{year}"]) is False
    text = "SKU;Name;Price;Sale price;Sale from;Sale to\nA;Cup;12.90;9.90;{};{}\n"
    assert not read(text.format(*(first for first, _ in cells))).product.offers
    expected = [("9.90", date(this, 11, 20), date(this, 11, 30))]
    assert offers(read(text.format(*(last for _, last in cells))).product) == expected


CONTRADICTED = (
    "SKU;Name;Price;Promo price;Promo from;Promo to\nA;Cup;10;8;13/01/2030;20/01/2030\n"
    "B;Mug;10;8;01/14/2030;01/25/2030\nC;Jar;10;8;03/04/2030;05/04/2030\n"
)
"""Offers whose days contradict each other: some have the day first, others have the month first. The days in the third
row can be read in both orders.
"""
SECOND_OFFER = [";Clearance price;Clearance from;Clearance to", *[";7;15/03/2030;25/03/2030"] * 3]


def with_second_offer(text: str) -> str:
    return "".join(f"{line}{more}\n" for line, more in zip(text.splitlines(), SECOND_OFFER, strict=True))


@pytest.mark.parametrize("text", [CONTRADICTED, with_second_offer(CONTRADICTED)], ids=["one offer", "two offers"])
def test_an_offer_with_contradictory_days_leads_to_a_question(text: str) -> None:
    reading = read(text)
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("day_order", ["day", "month"])
    assert 'such as "13/01/2030" and "01/14/2030"' in question.text and "contradict each other" in question.text
    assert [product.offers for product in reading.products] == [()] * 3
    for order, days in (("day", (date(2030, 4, 3), date(2030, 4, 5))), ("month", (date(2030, 3, 4), date(2030, 5, 4)))):
        answered = read(text, mapping={"day_order": order})
        assert answered.feed.questions == ()
        (offer,) = answered.products[2].offers or ()
        assert (offer.price, offer.first, offer.last) == (Decimal("8.00"), *days)
    # With the month first, the day 13/01/2030 does not exist, and a warning reports it. The day 01/14/2030 is January
    # 14.
    assert [warning["value"] for warning in answered.details["warnings"]] == ["8 13/01/2030 20/01/2030"]
    assert [product.offers != () for product in answered.products] == [False, True, True]


def test_contradictory_days_of_past_offers_lead_to_no_question() -> None:
    assert read(CONTRADICTED.replace("2030", "2020")).feed.questions == ()


def test_two_offer_columns_can_have_different_orders_of_day_and_month() -> None:
    text = with_second_offer(CONTRADICTED.replace("01/14", "14/01").replace("01/25", "25/01"))
    reading = read(text.replace("15/03/", "03/15/").replace("25/03/", "03/25/"))
    assert reading.feed.questions == ()
    assert [product.offers[0].price for product in reading.products if product.offers] == [Decimal("8.00")] * 3


def test_an_invalid_offer_causes_a_warning_without_rejecting_the_product() -> None:
    rows = "A;Cup;12.90;9.90;20.11.2026;30.11.2026\n" * 8
    text = f"SKU;Name;Price;Special price;Special from;Special to\n{rows}B;Mug;14.90;12.00;tomorrow;\nC;Jug;9;9;;\n"
    reading = read(text)
    assert [offers(product) for product in reading.products[-2:]] == [[], []]
    assert {(warning["code"], warning["value"]) for warning in reading.feed.warnings.as_json()} == {
        ("bad_offer", "12.00 tomorrow"), ("offer_not_lower", "9"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "is_bad"),
    [
        ("2026-12-05", "2026-11-20", True),
        ("2026-12-05", "2026-12-05", False),
        ("2026-12-05T10:00:00+01:00", "2026-12-05T09:00:00+01:00", True),
        ("2026-12-05T10:00:00+01:00", "2026-12-05T10:30:00+01:00", False),
        ("2026-12-05T10:00:00+01:00", "2026-12-05", False),
        ("2026-12-05T10:00:00+01:00", "2026-12-04", True),
    ],
)
def test_an_offer_that_ends_before_its_start_is_ignored_with_a_warning(first: str, last: str, is_bad: bool) -> None:
    header = "SKU;Name;Price;Special price;Special from;Special to\n"
    reading = read(f"{header}A;Cup;12.90;9.90;{first};{last}\n")
    assert bool(reading.product.offers) != is_bad
    codes = [(warning["code"], warning["value"]) for warning in reading.feed.warnings.as_json()]
    assert codes == ([("bad_offer", f"9.90 {first} {last}")] if is_bad else [])


def test_placeholder_dates_do_not_limit_an_offer() -> None:
    first, last = "0001-01-01T00:00:00+01:00", "9999-12-31 23:59"
    header = "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12.90;9.90"
    assert offers(read(f"{header};2026-11-20;{first}\n").product) == [("9.90", FIRST, None)]
    assert offers(read(f"{header};{first};{last}\n").product) == [("9.90", None, None)]
    reading = read(f"{header};{last};\n")
    assert reading.product.offers == ()
    assert [warning["code"] for warning in reading.feed.warnings.as_json()] == ["bad_offer"]


def test_the_amount_of_an_offer_is_not_a_public_attribute() -> None:
    text = "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12.90;9.90;20.11.2036;30.11.2036\n"
    assert read(text).product.attributes == {}


def test_the_mapping_can_exclude_offers_or_name_the_offer_column() -> None:
    text = "SKU;Name;Price;Special price;Club offer price;Special from\nA;Cup;12.90;9.90;8.90;20.11.2026\n"
    assert read(text, mapping={"offers": None}).product.offers == ()
    assert offers(read(text, mapping={"offers": "Club offer price"}).product) == [("8.90", FIRST, None)]
    assert read(text, mapping={"price": "Special price"}).product.price.__str__() == "9.90"


def test_a_file_without_offers_ends_the_offers_of_the_previous_file() -> None:
    first = read("SKU;Name;Price;Special price;Special from\nA;Cup;12.90;9.90;20.11.2026\n")
    second = read("SKU;Name;Price\nA;Cup;12.90\n", memory=first.feed.reading)
    assert (second.product.offers, "offers" in second.product.fields_set) == (None, True)
    third = read("SKU;Name;Price\nA;Cup;12.90\n", memory=second.feed.reading)
    assert "offers" not in third.product.fields_set


OPEN = "A;Cup;12.90;9.90;03/11/2026;05/11/2026\n"
SHOWN = {False: "A;Cup;12.90;9.90;20/11/2026;30/11/2026\n", True: "A;Cup;12.90;9.90;11/20/2026;11/30/2026\n"}


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize("month_first", [False, True])
def test_ambiguous_dates_are_read_in_the_order_of_previous_files(currency: str, month_first: bool) -> None:
    header = "SKU;Name;Price;Special price;Special from;Special to\n"
    first = read(header + SHOWN[month_first], currency=currency)
    assert first.feed.reading["month_first"] is month_first
    # The order of day and month is remembered even after a file with other dates or without offers.
    second = read(header + "A;Cup;12.90;9.90;2026-11-20;2026-11-30\n", memory=first.feed.reading, currency=currency)
    third = read("SKU;Name;Price\nA;Cup;12.90\n", memory=second.feed.reading, currency=currency)
    days = (date(2026, 3, 11), date(2026, 5, 11)) if month_first else (date(2026, 11, 3), date(2026, 11, 5))
    for memory in (first.feed.reading, second.feed.reading, third.feed.reading):
        assert offers(read(header + OPEN, memory=memory, currency=currency).product) == [("9.90", *days)]
    # The order of day and month that a file clearly shows is used and remembered.
    other = read(header + SHOWN[not month_first] + OPEN, memory=third.feed.reading, currency=currency)
    assert offers(other.products[0]) == [("9.90", FIRST, LAST)]
    assert other.feed.reading["month_first"] is not month_first


def test_offers_are_ignored_if_no_file_shows_the_order_of_day_and_month() -> None:
    header = "SKU;Name;Price;Special price;Special from;Special to\n"
    reading = read(header + OPEN)
    assert "offers" not in reading.product.fields_set and reading.feed.reading["month_first"] is None
    mixed = read(header + SHOWN[True] + SHOWN[False], memory={**reading.feed.reading, "month_first": True})
    assert all("offers" not in product.fields_set for product in mixed.products)
    dollars = read(header + OPEN, currency="USD")
    assert offers(dollars.product) == [("9.90", date(2026, 3, 11), date(2026, 5, 11))]
    assert dollars.feed.reading["month_first"] is None


@pytest.mark.parametrize("header", ["Special price;Special from;Special to", "Aktionspreis;von;bis"])
def test_blank_offer_columns_have_the_same_meaning_as_in_the_previous_file(header: str) -> None:
    row = "A;Cup;12.90;9.90;20.11.2026;30.11.2026\n"
    first = read(f"SKU;Name;Price;{header}\n{row}")
    blank = f"SKU;Name;Price;{header}\n" + "".join(f"B-{n};Mug;14.90;;;\n" for n in range(400))
    assert all("offers" not in product.fields_set for product in read(blank).products)
    second = read(blank + row, memory=first.feed.reading)
    assert all("offers" in product.fields_set for product in second.products)
    assert all(product.offers == () for product in second.products[:-1])
    assert offers(second.products[-1]) == [("9.90", FIRST, LAST)]
    third = read(blank + row, memory=second.feed.reading)
    assert offers(third.products[-1]) == [("9.90", FIRST, LAST)]
    other = read("SKU;Name;Price;Special price\nA;Cup;12.90;\n", memory=first.feed.reading)
    assert other.product.offers is None  # without the columns of days


@pytest.mark.parametrize(
    "header", ["sale_price;sale_start;sale_end", "Aktionspreis;von;bis", "sale_price;sale_price_effective_date;note"]
)
def test_offer_columns_that_are_blank_in_the_first_rows_are_not_attributes(header: str) -> None:
    later = "A;Cup;12.90;9.90;20.11.2036;30.11.2036\n"
    text = f"SKU;Name;Price;{header}\n" + "".join(f"B-{n};Mug;14.90;;;\n" for n in range(400)) + later
    reading = read(text)
    assert reading.details["attributes"] == {} and reading.products[-1].attributes == {}
    name = header.split(";", maxsplit=1)[0]
    assert read(f"SKU;Name;Price;{name}\nA;Cup;12.90;9.90\n").details["attributes"] == {name: name}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("20. 11. 2026", FIRST), ("2026.11.20.", FIRST), ("20-Nov-2026", FIRST), ("Nov 20, 2026", FIRST),
        ("20. listopadu 2026", FIRST), ("20261120", FIRST), ("2026-11-20 00:00:00", FIRST), ("20/11/26", FIRST),
        ("2026-11-20T10:30", datetime(2026, 11, 20, 10, 30)),  # noqa: DTZ001 — a local time
        ("20.11.2026 6:30 PM", datetime(2026, 11, 20, 18, 30)),  # noqa: DTZ001
        ("2026-11-20T10:30:15.5Z", datetime.fromisoformat("2026-11-20T10:30:15+00:00")),
        ("1795168800", datetime.fromisoformat("2026-11-20T10:00:00+00:00")),
        ("31.02.2026", None), ("", None), ("12.90", None), ("2026-11-20 25:00", None), ("x" * 300, None),
    ],
)  # fmt: skip
def test_days_and_times_are_read_in_many_formats(cell: str, expected: Any) -> None:
    assert moment_of(cell) == expected


def test_an_end_date_far_in_the_future_means_that_the_offer_has_no_end() -> None:
    assert end_of(date(9999, 12, 31)) is None and end_of(LAST) == LAST
    assert start_of(date(1900, 1, 1)) is None and start_of(FIRST) == FIRST
    assert end_of(datetime(2026, 11, 30, 23, 59, 59)) == datetime(2026, 12, 1)  # noqa: DTZ001
    assert end_of(datetime(2026, 11, 30, 23, 30)) == datetime(2026, 11, 30, 23, 30)  # noqa: DTZ001
    assert order_of_days(["11/20/2026"]) is True
    assert order_of_days(["20/11/2026", "2026-01-02"]) is False
    assert order_of_days(["03/04/2026"]) is None
    assert order_of_days(["04/04/2026"]) is False
    assert order_of_days(["11-01-2026", "11-30-2026 23:59"]) is True
    assert order_of_days(["01-11-2026 - 30-11-2026"]) is False
    assert order_of_days(["11-01-2026"]) is None and order_of_days(["11.01.2026"]) is False
    assert order_of_days(["11-30-2026", "30-11-2026"]) is None
    assert order_of_days(["20.11.2026 10.30.15", "01.12.2026, 10:30", "2026-11-20"]) is False
    assert period_of("od 20.11.2026 do 30.11.2026") == (FIRST, LAST)
    assert period_of("2026-11-20/") == (FIRST, None)
    assert period_of("20.11.2026") is None
