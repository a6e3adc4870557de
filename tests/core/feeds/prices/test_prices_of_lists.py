"""Tests which price is used if a list has prices for quantities, packages, measures or periods. Also tests prices of
0.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.core.feeds.feed_reading import Reading, read


def prices(reading: Reading) -> list[str]:
    return [f"{product.price}" for product in reading.products]


def question_keys(reading: Reading) -> list[str]:
    return [question.key for question in reading.feed.questions]


@pytest.mark.parametrize(
    ("header", "quantity"),
    [
        ("nr;name;vk{0}netto;vk{0}menge", "menge"), ("sku;name;price{0}net;price{0}qty", "qty"),
        ("ref;nom;prix{0}ht;prix{0}quantite", "quantite"), ("sku;naam;prijs{0}excl;prijs{0}aantal", "aantal"),
        ("ref;designation;pv{0};qte{0}", "qte"), ("sku;name;price{0};qty{0}", "qty"),
    ],
)  # fmt: skip
def test_the_price_with_the_quantity_1_is_used_if_prices_are_numbered(header: str, quantity: str) -> None:
    first, second = header.format(1), ";".join(header.format(2).split(";")[2:])
    text = f"{first};{second}\nA-1;Mug;8,40;1;7,10;20\nA-2;Cap;12,60;1;;\nA-3;Pen;2,50;1;1,90;50\n"
    reading = read(text)
    assert (prices(reading), question_keys(reading)) == (["8.40", "12.60", "2.50"], [])
    assert [product.inventory_count for product in reading.products] == [None, None, None]


def test_price_lists_that_are_numbered_in_brackets_lead_to_a_question() -> None:
    text = "SKU,Name,Price [1],Price [2]\nA-1,Mug,8.40,7.10\nA-2,Cap,12.60,11.00\n"
    assert question_keys(read(text)) == ["price"]
    assert prices(read(text, mapping={"price": "Price [2]"})) == ["7.10", "11.00"]


def test_prices_with_quantities_in_brackets_are_not_price_lists() -> None:
    reading = read("SKU,Name,Price (1),Price (10)\nA-1,Mug,8.40,7.10\nA-2,Cap,12.60,11.00\n")
    assert (prices(reading), question_keys(reading)) == (["8.40", "12.60"], [])


def test_several_price_lists_in_a_known_export_lead_to_a_question() -> None:
    header = (
        "Variation.id;Item.id;Variation.number;Item.name;VariationSalesPrice.price [1];VariationSalesPrice.price [2]"
    )
    reading = read(f"{header}\n1;10;A-1;Mug;8.40;7.10\n2;11;A-2;Cap;12.60;11.00\n")
    assert (reading.details["profile"], question_keys(reading)) == ("plentymarkets", ["price"])


@pytest.mark.parametrize(
    "names",
    ["P.V.P.;P.V.P. IVA incl.", "PVP;PVP con IVA", "Listino 1;Listino 1 (ivato)", "PVP;PVP c/ IVA incluido"],
)
def test_a_price_that_exceeds_another_price_by_a_tax_rate_is_used(names: str) -> None:
    reading = read(f"SKU;Descripción;{names}\nA-1;Taza;10,00;12,10\nA-2;Plato;20,00;24,20\nA-3;Vaso;5,00;6,05\n")
    assert (prices(reading), question_keys(reading)) == (["12.10", "24.20", "6.05"], [])


def test_two_prices_that_do_not_differ_by_a_tax_rate_are_two_price_lists() -> None:
    reading = read("SKU;Descripción;PVP;PVP IVA incl.\nA-1;Taza;10,00;19,10\nA-2;Plato;20,00;24,20\n")
    assert question_keys(reading) == ["price"]


def test_the_list_price_of_a_supplier_is_not_a_choice() -> None:
    header = "SKU;Descrizione;Listino 1;Listino 1 (ivato);Listino 2;Listino 2 (ivato);Prezzo forn."
    rows = "A-1;Tazza;10,00;12,20;8,00;9,76;4,00\nA-2;Piatto;20,00;24,40;16,00;19,52;9,00\n"
    (question,) = read(f"{header}\n{rows}").feed.questions
    assert [choice.value for choice in question.choices] == ["Listino 1 (ivato)", "Listino 2 (ivato)"]


@pytest.mark.parametrize(
    "name",
    ["Preis/Karton netto", "Price per case", "Prix par colis", "Precio por caja", "Prezzo per cartone",
     "Prijs per doos", "Cena za karton", "Preis je Palette"],
)  # fmt: skip
def test_a_package_price_as_the_only_price_leads_to_a_question(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA-1;Juice;14,40\nA-2;Beer;18,60\n")
    assert (question_keys(reading), prices(reading)) == (["price"], ["None", "None"])
    assert prices(read(f"SKU;Name;{name}\nA-1;Juice;14,40\nA-2;Beer;18,60\n", mapping={"price": name})) == [
        "14.40", "18.60",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["Price per piece", "Preis/Stück", "Price each", "Prix / unité"])
def test_the_price_of_one_product_is_used(name: str) -> None:
    reading = read(f"SKU;Name;{name};Price per case\nA-1;Juice;2,40;14,40\nA-2;Beer;3,10;18,60\n")
    assert (prices(reading), question_keys(reading)) == (["2.40", "3.10"], [])


@pytest.mark.parametrize(
    "name", ["Preis €/kg", "Price per kg", "Prix/kg", "Precio por litro", "Cena/kg", "€/kg", "EUR per litre"]
)
def test_a_measure_price_as_the_only_price_leads_to_a_question(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA-1;Gouda;24,90\nA-2;Brie;15,50\n")
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("price", ["", name])
    assert prices(reading) == ["None", "None"]


@pytest.mark.parametrize("name", ["Grundpreis/kg", "Unit price (for comparison)/kg", "Jämförpris/kg"])
def test_a_comparison_price_as_the_only_price_leads_to_no_question(name: str) -> None:
    reading = read(f"SKU;Name;Stock;{name}\nA-1;Gouda;4;24,90\nA-2;Brie;5;15,50\n")
    assert (question_keys(reading), prices(reading)) == ([], ["None", "None"])


def test_a_price_of_0_among_other_prices_is_not_used() -> None:
    reading = read("SKU,Name,Price,Stock\nA-1,Mug,8.40,4\nA-2,Cap,0.00,7\nA-3,Pen,2.50,9\n")
    free = reading.products[1]
    assert (free.price, free.inventory_count) == (None, 7)
    assert not free.fields_set & {"price", "currency"}
    warning = {"code": "zero_price", "column": "Price", "value": "0", "rows": 1}
    assert reading.feed.details["warnings"] == [warning]


def test_a_price_of_0_is_used_if_it_is_frequent_or_transformed() -> None:
    assert prices(read("SKU,Name,Price\nA-1,Mug,8.40\nA-2,Sample,0.00\n")) == ["8.40", "0.00"]
    text = "SKU,Name,Price\nA-1,Mug,8.40\nA-2,Sample,0.00\nA-3,Pen,2.50\n"
    mapping = {"price": {"columns": ["Price"], "transform": ["trim"]}}
    assert prices(read(text, mapping=mapping)) == ["8.40", "0.00", "2.50"]
    assert prices(read(text, mapping={"price": "Price"})) == ["8.40", "None", "2.50"]


TODAY = datetime.now(UTC).date()


def day(offset: int) -> str:
    return f"{TODAY + timedelta(days=offset):%d.%m.%Y}"


@pytest.mark.parametrize(
    "columns",
    ["Gültig ab;Gültig bis", "Valid from;Valid to", "Valable du;Valable au", "Válido desde;Válido hasta",
     "Geldig vanaf;Geldig tot", "Platí od;Platí do", "Действует с;Действует по", "Start date;End date"],  # noqa: RUF001
)  # fmt: skip
def test_the_price_that_is_valid_today_is_used(columns: str) -> None:
    rows = [
        f"A-1;Lamp;39,90;{day(-700)};{day(-1)}", f"A-1;Lamp;42,90;{day(0)};{day(30)}",
        f"A-1;Lamp;45,90;{day(31)};31.12.9999", f"A-2;Pen;2,50;{day(-5)};31.12.9999", f"A-3;Cap;7,00;{day(9)};",
    ]  # fmt: skip
    reading = read("\n".join([f"SKU;Name;Price;{columns}", *rows]))
    assert [(product.sku, str(product.price)) for product in reading.products] == [("A-1", "42.90"), ("A-2", "2.50")]
    assert {row.code for row in reading.rejected} == {"not_valid_today"}
    assert [row.sku for row in reading.rejected] == ["A-1", "A-1", "A-3"]


def test_the_mapped_price_that_is_valid_today_is_used() -> None:
    text = f"SKU;Name;Price;Valid from\nA-1;Lamp;42,90;{day(-9)}\nA-1;Lamp;45,90;{day(9)}\n"
    assert prices(read(text, mapping={"price": "Price"})) == ["42.90"]


def test_dates_of_validity_are_ignored_if_each_product_has_one_row() -> None:
    reading = read(f"SKU;Name;Price;Valid from\nA-1;Lamp;42,90;{day(9)}\nA-2;Pen;2,50;{day(9)}\n")
    assert prices(reading) == ["42.90", "2.50"]


def test_ambiguous_dates_of_prices_lead_to_a_question() -> None:
    text = "SKU;Name;Price;Valid from\nA-1;Lamp;42,90;03/04/2026\nA-1;Lamp;45,90;04/03/2026\n"
    (question,) = read(text).feed.questions
    assert (question.key, question.subject, prices(read(text))) == ("price", "money", ["None", "None"])
    assert '"A-1"' in question.text
    assert question.choices[1].examples == ("42,90", "45,90")


def test_dates_are_month_first_if_one_date_is_clearly_month_first() -> None:
    year = TODAY.year + 1
    text = (
        f"SKU;Name;Price;Valid from;Valid to\nA-1;Lamp;42.90;01/02/{TODAY.year - 1};01/31/{year}\n"
        f"A-1;Lamp;45.90;02/01/{year};12/31/{year}\n"
    )
    assert date(year, 2, 1) > TODAY
    assert prices(read(text)) == ["42.90"]


def test_several_prices_that_are_valid_today_lead_to_a_question() -> None:
    text = f"SKU;Name;Price;Valid from\nA-1;Lamp;42,90;{day(-90)}\nA-1;Lamp;45,90;{day(-9)}\n"
    assert question_keys(read(text)) == ["price"]


def test_two_price_columns_with_the_same_name_lead_to_a_question() -> None:
    text = "SKU,Name,Price,Price\nA-1,Mug,9.50,8.00\nA-2,Cup,8.50,7.00\n"
    assert question_keys(read(text)) == ["price"]
    assert question_keys(read(text.replace("8.00", "9.50").replace("7.00", "8.50"))) == []


@pytest.mark.parametrize(
    "columns", ["Prijs incl;Prijs excl", "Preis inkl.;Preis exkl.", "Price incl;Price excl", "Pris ink;Pris exkl"]
)
def test_the_words_incl_and_excl_in_a_price_column_refer_to_the_tax(columns: str) -> None:
    reading = read(f"SKU;Name;{columns}\nA-1;Mug;12,10;10,00\nA-2;Cup;6,05;5,00\n")
    assert (prices(reading), question_keys(reading)) == (["12.10", "6.05"], [])
