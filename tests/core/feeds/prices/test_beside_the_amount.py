"""Tests the information beside an amount: the currency, the price unit, and the minor units."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import written
from wecelebrate.feeds.notation.price_units import units_of
from wecelebrate.feeds.xlsx.formats import digit_pattern, shown_currency, with_currency, with_pattern

BMECAT = """<BMECAT version="1.2"><HEADER><CATALOG><LANGUAGE>deu</LANGUAGE><CATALOG_ID>1</CATALOG_ID></CATALOG></HEADER>
<T_NEW_CATALOG><ARTICLE><SUPPLIER_AID>A</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Tasse</DESCRIPTION_SHORT>
</ARTICLE_DETAILS><ARTICLE_PRICE_DETAILS>%s</ARTICLE_PRICE_DETAILS></ARTICLE></T_NEW_CATALOG></BMECAT>"""
UBL = """<Catalogue xmlns="urn:oasis:names:specification:ubl:schema:xsd:Catalogue-2"
 xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><c:CatalogueLine><b:ID>1</b:ID>
<c:ItemComparison><c:PriceAmount currencyID="EUR">132.00</c:PriceAmount><b:Quantity>1</b:Quantity></c:ItemComparison>%s
<c:Item><b:Name>Mug</b:Name><c:SellersItemIdentification><b:ID>A</b:ID></c:SellersItemIdentification></c:Item>
</c:CatalogueLine></Catalogue>"""
UBL_PRICE = (
    "<c:RequiredItemLocationQuantity><c:Price><b:PriceAmount currencyID='EUR'>198.00</b:PriceAmount>"
    "<b:BaseQuantity>12</b:BaseQuantity></c:Price></c:RequiredItemLocationQuantity>"
)
CXML = """<cXML><Message><IndexItem><Index><IndexItem><IndexItemAdd><ItemID><SupplierPartID>A</SupplierPartID></ItemID>
<ItemDetail><UnitPrice><Money currency="EUR">12.00</Money></UnitPrice><Description xml:lang="en">Screw</Description>
<PriceBasisQuantity quantity="100" conversionFactor="1"><UnitOfMeasure>EA</UnitOfMeasure></PriceBasisQuantity>
</ItemDetail></IndexItemAdd></IndexItem></Index></IndexItem></Message></cXML>"""


def price_of(text: str, name: str = "feed.csv", currency: str = "EUR", **options: Any) -> tuple[str, str]:
    product = read(text, name, currency=currency, **options).product
    return str(product.price), product.currency


@pytest.mark.parametrize("column", ["currencyId", "Währg", "KONWA", "WAERS", "Währung", "Devise", "Valuta", "Waluta"])
def test_the_currency_is_read_from_the_currency_column(column: str) -> None:
    assert price_of(f"SKU;Preis;{column}\nA;12,50;CHF\n") == ("12.50", "CHF")
    assert read(f"SKU;Preis;{column}\nA;12,50;Taler\n").rejection.code == "unknown_currency"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<yml_catalog><shop><offers><offer id="A"><price>12.50</price><currencyId>CHF</currencyId><name>x</name>'
         '</offer><offer id="B"><price>1.50</price><currencyId>CHF</currencyId><name>y</name></offer></offers></shop>'
         "</yml_catalog>", "feed.xml"),
        ('<items><item><sku>A</sku><price currency="CHF">12.50</price></item><item><sku>B</sku>'
         '<price currency="CHF">1.50</price></item></items>', "feed.xml"),
        (json.dumps([{"sku": "A", "price": {"value": 12.5, "currencyCode": "CHF"}}]), "feed.json"),
    ],
)  # fmt: skip
def test_the_currency_is_read_from_the_element_or_object_of_the_price(text: str, name: str) -> None:
    first = read(text, name).products[0]
    assert (str(first.price), first.currency) == ("12.50", "CHF")
    unknown = read(text.replace("CHF", "Taler"), name).rejected[0]
    assert (unknown.code, '"Taler" is not an ISO 4217 currency code' in unknown.reason) == ("unknown_currency", True)


def test_a_price_without_a_currency_does_not_set_the_currency_of_a_stored_product() -> None:
    with_code, without = read("SKU;Preis;Währung\nA;12,50;CHF\nB;3,50;\n").products
    assert ("currency" in with_code.fields_set, "currency" in without.fields_set) == (True, False)
    assert "currency" not in read("SKU;Preis\nA;12,50\n").product.fields_set
    assert "currency" in read("SKU;Preis\nA;12,50 €\n").product.fields_set
    assert "currency" in read("SKU;Preis EUR\nA;12,50\n").product.fields_set


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ('#,##0.00 "€"', "EUR"), ("#,##0.00\\ [$€-407]", "EUR"), ("[$CHF] #,##0.00", "CHF"),
        ("[$£-809]#,##0.00", "GBP"), ("[$$-1009]#,##0.00", "CAD"), ("[$$-409]#,##0.00", "USD"),
        ("[$kr-41D] #,##0", "SEK"), ("[$kr-414] #,##0", "NOK"), ("#,##0 [$kr.-406]", "DKK"), ("[$¥-804]#,##0", "CNY"),
        ('#,##0.00\\ "zł"', "PLN"), ('#,##0 "Ft"', "HUF"), ('#,##0.00 "EUR"', "EUR"), ("#,##0.00\\ [$₽-419]", "RUB"),
        ("_-* #,##0.00\\ [$€-1]_-;-* #,##0.00\\ [$€-1]_-", "EUR"), ('"$"#,##0.00', "$"),
        ("[$-407]#,##0.00", None), ('0.00 "kg"', None), ("#,##0.00", None), ("General", None),
    ],
)  # fmt: skip
def test_a_number_format_can_show_a_currency(code: str, currency: str | None) -> None:
    assert shown_currency(code) == currency


def test_the_currency_of_a_number_format_is_the_currency_of_the_price() -> None:
    def write(book: Any) -> None:
        rows = book.add_worksheet()
        rows.write_row(0, 0, ["sku", "name", "price"])
        for number, (amount, code) in enumerate(
            [(19.9, '#,##0.00 "€"'), (1299, "[$CHF] #,##0.00"), (1.25, "[$£-809]#,##0.00"), (5, "[$-407]#,##0.00")], 1
        ):
            rows.write_row(number, 0, [f"A{number}", "Mug"])
            rows.write_number(number, 2, amount, book.add_format({"num_format": code}))

    reading = read(written(write), "list.xlsx", currency="USD")
    assert [(str(product.price), product.currency) for product in reading.products] == [
        ("19.90", "EUR"), ("1299.00", "CHF"), ("1.25", "GBP"), ("5.00", "USD"),
    ]  # fmt: skip
    assert not reading.feed.questions


def test_amounts_with_a_currency_from_the_number_format_are_unambiguous() -> None:
    assert [with_currency("KWD")(raw) for raw in ("1.25", "1.234", "12", "")] == [
        "1.25 KWD",
        "1.2340 KWD",
        "12 KWD",
        "",
    ]


@pytest.mark.parametrize(
    ("code", "raw", "text"),
    [
        ('"ART-"0000', "12", "ART-0012"), ('"ART-"0000', "123456", "ART-123456"), ("000-000", "12345", "012-345"),
        ('0000"/"00', "123456", "1234/56"), ('"No. "0', "7", "No. 7"), ('0000"A"', "12", "0012A"),
    ],
)  # fmt: skip
def test_a_sku_includes_the_letters_of_the_number_format_of_its_cell(code: str, raw: str, text: str) -> None:
    pattern = digit_pattern(code)
    assert pattern is not None
    assert with_pattern(pattern)(raw) == text


@pytest.mark.parametrize("code", ["0", "00000", "0.00", "#,##0", "General", "@", "yyyy-mm-dd", "0%"])
def test_number_formats_without_letters_have_no_pattern(code: str) -> None:
    assert digit_pattern(code) is None


def test_skus_and_percentages_are_read_as_excel_displays_them() -> None:
    def write(book: Any) -> None:
        rows = book.add_worksheet()
        rows.write_row(0, 0, ["sku", "name", "Tax"])
        rows.write_number(1, 0, 12, book.add_format({"num_format": '"ART-"0000'}))
        rows.write_string(1, 1, "Mug")
        rows.write_number(1, 2, 0.19, book.add_format({"num_format": "0%"}))

    product = read(written(write), "list.xlsx").product
    assert (product.sku, product.source["Tax"]) == ("ART-0012", "19%")


@pytest.mark.parametrize(
    "column", ["Preiseinheit", "PEINH", "KPEIN", "PriceBasisQuantity", "per", "Price Unit", "Price per", "Prijs per"]
)
def test_a_price_is_divided_by_its_unit(column: str) -> None:
    text = f"SKU;Preis;{column}\nA;12,00;100\nB;12,00;1\nC;12,00;\nD;250,00;1.000 ST\n"
    assert [str(product.price) for product in read(text).products] == ["0.12", "12.00", "12.00", "0.25"]


def test_a_unit_price_with_more_decimals_than_its_currency_is_rejected_and_never_rounded() -> None:
    reading = read(
        "SKU;Preis;Preiseinheit\nA;12,55;100\nB;10,00;3\nC;1,00;0\nD;1,00;nach Absprache mit dem Vertrieb\nE;1,00;-5\n"
    )
    assert [item.code for item in reading.rejected] == [
        "too_precise", "too_precise", "bad_price_unit", "bad_price_unit", "bad_price_unit",
    ]  # fmt: skip
    assert reading.rejected[0].reason == (
        "Preis: 12.55 for 100 units is 0.1255 for one unit, and a price must have at most 2 decimals in EUR; "
        "sell a package, or round the price with the step `round` in the catalog's mapping"
    )


@pytest.mark.parametrize(
    ("cell", "units"),
    [("100", 100), ("100 ST", 100), ("per 100", 100), ("1.000", 1000), ("ST", 1), ("each", 1), ("C", 100), ("M", 1000),
     ("1", 1), ("100,000", 100), ("pro 10 Stück", 10)],
)  # fmt: skip
def test_the_unit_of_a_price_is_a_number_of_pieces(cell: str, units: int) -> None:
    assert units_of(cell, "," if "," in cell else None) == units


@pytest.mark.parametrize(
    ("record", "currency", "expected"),
    [
        ({"prices": [{"amount": 1950, "currency_code": "eur"}]}, "EUR", ("19.50", "EUR")),
        ({"prices": [{"amount": 1950, "currency_code": "jpy"}]}, "EUR", ("1950", "JPY")),
        ({"prices": [{"amount": 1950, "currency_code": "eur"}, {"amount": 2150, "currency_code": "usd"}]}, "USD",
         ("21.50", "USD")),
        ({"price": {"amount": 1250, "precision": 2}}, "EUR", ("12.50", "EUR")),
        ({"price": {"amount": 1250, "precision": 0}}, "EUR", ("1250.00", "EUR")),
        ({"price": {"centAmount": 1250, "fractionDigits": 2, "currencyCode": "CHF"}}, "EUR", ("12.50", "CHF")),
        ({"price": {"centAmount": 1250, "currencyCode": "JPY"}}, "EUR", ("1250", "JPY")),
        ({"price": {"centAmount": 1250, "fractionDigits": 3, "currencyCode": "KWD"}}, "EUR", ("1.250", "KWD")),
        ({"price": {"amount": 19.5, "currency_code": "eur"}}, "EUR", ("19.50", "EUR")),
        ({"price": {"amount": "19.50", "currency_code": "eur"}}, "EUR", ("19.50", "EUR")),
        ({"prices": [{"amount": 1950, "currency_code": "eur", "raw_amount": {"value": "1950"}}]}, "EUR",
         ("1950.00", "EUR")),
        ({"price": 1250}, "EUR", ("1250.00", "EUR")),
    ],
)  # fmt: skip
def test_amounts_in_minor_units_are_recognised(
    record: dict[str, Any], currency: str, expected: tuple[str, str]
) -> None:
    assert price_of(json.dumps([{"sku": "A", "title": "Mug", **record}]), "feed.json", currency) == expected


def test_prices_of_variants_in_minor_units_are_recognised() -> None:
    prices = [{"amount": 1950, "currency_code": "eur"}, {"amount": 2150, "currency_code": "usd"}]
    record = {"handle": "mug", "title": "Mug", "variants": [{"sku": "A", "prices": prices}]}
    assert price_of(json.dumps({"products": [record]}), "feed.json", "USD") == ("21.50", "USD")


def test_the_minor_units_option_overrides_the_detection() -> None:
    text = json.dumps([{"sku": "A", "prices": [{"amount": 1950, "currency_code": "eur"}]}])
    assert price_of(text, "feed.json", mapping={"minor_units": "no"}) == ("1950.00", "EUR")
    assert price_of("SKU;Preis\nA;1950\n", mapping={"minor_units": "yes"}) == ("19.50", "EUR")
    assert read("SKU;Preis\nA;19,50\n", mapping={"minor_units": "yes"}).rejection.code == "not_a_number"


def test_prices_of_spryker_are_whole_numbers_of_cents() -> None:
    header = "abstract_sku,concrete_sku,price_type,store,currency,value_net,value_gross\n"
    assert price_of(header + "001,001_1,DEFAULT,DE,CHF,9000,9999\n") == ("99.99", "CHF")


def test_the_price_of_a_ubl_line_is_divided_by_its_base_quantity() -> None:
    assert price_of(UBL % UBL_PRICE, "feed.xml") == ("16.50", "EUR")
    assert "price" not in read(UBL % "", "feed.xml").product.fields_set


def test_a_bmecat_price_of_an_unknown_type_is_not_the_selling_price() -> None:
    price = "<ARTICLE_PRICE price_type='{}'><PRICE_AMOUNT>{}</PRICE_AMOUNT></ARTICLE_PRICE>"
    both = read(BMECAT % (price.format("udp_ek", 4) + price.format("net_list", 9)), "feed.xml")
    assert (str(both.product.price), both.feed.questions) == ("9.00", ())
    unknown = read(BMECAT % price.format("udp_ek", "4.00"), "feed.xml")
    assert "price" not in unknown.product.fields_set
    (question,) = unknown.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("price", ["", "PRICE_AMOUNT.udp_ek"])
    answered = read(BMECAT % price.format("udp_ek", "4.00"), "feed.xml", mapping={"price": "PRICE_AMOUNT.udp_ek"})
    assert (str(answered.product.price), answered.feed.questions) == ("4.00", ())


def test_a_cxml_price_is_divided_by_its_basis_quantity() -> None:
    assert price_of(CXML, "feed.xml") == ("0.12", "EUR")


@pytest.mark.parametrize(
    "column",
    ["Preis pro 100", "Preis/100 Stk", "VK je 100", "Price per 100 pcs", "Prix par 100", "Preis (EUR) pro 100"],
)
def test_a_price_is_divided_by_the_unit_in_the_name_of_its_column(column: str) -> None:
    assert price_of(f"SKU;Name;{column}\nA;Schraube;12,00\n") == ("0.12", "EUR")
    assert price_of(f"SKU;Name;{column}\nA;Schraube;12,00\n", mapping={"price": column}) == ("0.12", "EUR")
    assert read(f"SKU;Name;{column}\nA;Schraube;12,50\n").rejection.code == "too_precise"
