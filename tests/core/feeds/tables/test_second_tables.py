"""Tests a second product table in a file. It can have additional columns, but must have prices of the same type as the
first table.
"""

from typing import Any

import pytest

from tests.core.feeds import workbooks
from tests.core.feeds.feed_reading import read

TABLES = """Nr;Artikel;VK;EK;Bestand
A1;Tasse;9,90;4,10;4
A2;Topf;19,90;8,10;2

Textilien
Nr;Artikel;Größe;VK;EK;Bestand
S1;Shirt;S;25,00;9,99;3
S2;Shirt;M;25,00;9,99;1
"""


def test_the_additional_columns_of_a_second_table_are_read() -> None:
    products = read(TABLES).products
    assert [(one.sku, str(one.price), one.inventory_count, one.attributes) for one in products] == [
        ("A1", "9.90", 4, {}), ("A2", "19.90", 2, {}), ("S1", "25.00", 3, {"Größe": "S"}),
        ("S2", "25.00", 1, {"Größe": "M"}),
    ]  # fmt: skip


def test_a_second_table_in_a_workbook_is_read() -> None:
    rows: list[list[Any]] = [
        ["Code", "Item", "RRP", "Stock"], ["M1", "Mug", 9.5, 4], [],
        ["Code", "Item", "Size", "RRP", "Stock"], ["T1", "Shirt", "S", 19.5, 1],
    ]  # fmt: skip
    products = read(workbooks.table(*rows), "list.xlsx").products
    assert [(one.sku, str(one.price), one.inventory_count, one.attributes) for one in products] == [
        ("M1", "9.50", 4, {}), ("T1", "19.50", 1, {"Size": "S"}),
    ]  # fmt: skip


def test_a_second_table_with_prices_of_a_different_type_is_rejected() -> None:
    for name in ("Prix revendeur HT", "Coût", "Prix d'achat"):
        reading = read(
            "Réf;Désignation;Prix TTC;Stock\nF1;Bougie;14,00;10\n\n"
            f"Réf;Désignation;Taille;{name};Stock\nF2;Savon;S;3,00;8\n"
        )
        assert [(one.sku, str(one.price)) for one in reading.products] == [("F1", "14.00")], name
        assert {one.code for one in reading.rejected} == {"no_product"}


def test_a_row_with_too_many_cells_in_the_first_table_is_rejected() -> None:
    reading = read(
        "Code,Item,Price,Stock\nC1,Mug,9.90,4\nC2,Pot, large,19.90,2\nC5,Jug,29.90,2\n\n"
        "Code,Item,Size,Price,Stock\nC3,Tee,S,24.90,5\n"
    )
    assert [(one.sku, one.inventory_count) for one in reading.products] == [("C1", 4), ("C5", 2), ("C3", 5)]
    assert "too_many_cells" in {one.code for one in reading.rejected}


def test_a_second_table_can_lack_the_last_columns() -> None:
    text = "Šifra;Naziv;MPC;Zaliha\nA1;Ulje;12,90;40\nA2;Ocat;22,50;12\n\nPokloni;;;\nŠifra;Naziv;MPC\nK1;Kutija;6,00\n"
    assert [(one.sku, str(one.price), one.inventory_count) for one in read(text).products] == [
        ("A1", "12.90", 40), ("A2", "22.50", 12), ("K1", "6.00", None),
    ]  # fmt: skip


def test_a_second_table_with_synonyms_as_column_names_is_read() -> None:
    text = (
        "Varenr.;Varetekst;Vejl. pris;Nettopris;Pris nu;På lager\n4001;Pendel;1.299,95;611,20;1.099,95;14\n"
        "4010;Bordlampe;749,00;352,05;599,00;0\n;;;;;\nReservedele;;;;;\n"
    )
    reading = read(f"{text}Delnr.;Tekst;Pris;Antal;;\nR-17;Skærm;249,00;9;;\n", currency="DKK")
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        ("4001", "Pendel", "1099.95", 14), ("4010", "Bordlampe", "599.00", 0), ("R-17", "Skærm", "249.00", 9),
    ]  # fmt: skip
    for price in ("Nettopris", "Indkøbspris", "Pris inkl. moms", "Vejl. pris EUR"):
        other = read(f"{text}Delnr.;Tekst;{price};Antal;;\nR-17;Skærm;249,00;9;;\n", currency="DKK")
        assert [one.sku for one in other.products] == ["4001", "4010"], price


OFFERS = """Our mugs
Code,Item,Size,Price,In stock
M-1,Mug,small,12.50,YES (8)
M-2,Mug,large,18.50,NO

SHIRTS - prices in {} and no bargaining
Code,Item,Colour,Price,Offer until 31.12.2030,In stock
S-1,Shirt,red,25.00,,YES (20)
S-2,Shirt blue,blue,35.00,29.00,YES (6)
"""


def test_a_second_header_can_contain_a_date_and_a_word_for_a_state() -> None:
    reading = read(OFFERS.format("CHF"))
    assert [(one.sku, str(one.price), one.inventory_count) for one in reading.products] == [
        ("M-1", "12.50", 8), ("M-2", "18.50", 0), ("S-1", "25.00", 20), ("S-2", "35.00", 6),
    ]  # fmt: skip
    assert [one.attributes.get("Colour") for one in reading.products] == [None, None, "red", "blue"]
    assert [(one.key, one.subject) for one in reading.feed.questions] == [("offers", "money")]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_above_a_second_table_determines_the_currency_of_its_prices(kind: str) -> None:
    content = OFFERS.format("KES")
    rows: list[list[Any]] = [line.split(",") for line in content.split("\n")]
    reading = read(workbooks.table(*rows) if kind == "xlsx" else content, f"list.{kind}")
    assert {one.currency for one in reading.products} == {"KES"}


def test_two_tables_with_different_currencies_lead_to_a_question() -> None:
    for currency in ("EUR", "CHF", "KES"):
        reading = read("Prices in EUR\n" + OFFERS.format("KES"), currency=currency)
        assert {one.price for one in reading.products} == {None}
        assert [(one.key, one.subject) for one in reading.feed.questions] == [("price", "money")]


def test_a_currency_code_in_a_group_name_is_ignored() -> None:
    content = "Code;Item;Price\nM-1;Mug;12,50\nUSD coins;;\nC-1;Coin;25,00\n"
    assert {one.currency for one in read(content).products} == {"EUR"}
