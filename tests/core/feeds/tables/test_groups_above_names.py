"""Tests headers whose first row contains only group names, and rows of units below a header."""

import pytest

from tests.core.feeds.feed_reading import read

GROUPS = ["Item", "", "Prices (EUR)", "", "", "Stock", "", "", "State"]
NAMES = ["Number", "Text", "Cost net", "Sales net", "Sales gross", "Leeds", "York", "Total", "Shop"]
ROWS = [
    ["L-10", "Lamp", "40.00", "84.03", "100.00", "4", "3", "7", "online"],
    ["L-11", "Desk", "90.00", "168.07", "200.00", "0", "5", "5", "offline"],
]


def test_the_column_names_are_read_from_the_row_below_the_group_names() -> None:
    text = "\n".join(";".join(row) for row in (GROUPS, NAMES, *ROWS))
    reading = read(text)
    assert [(one.sku, one.name, str(one.price), one.inventory_count, one.is_active) for one in reading.products] == [
        ("L-10", "Lamp", "100.00", 7, True), ("L-11", "Desk", "200.00", 5, False),
    ]  # fmt: skip
    assert all(one.attributes == {} for one in reading.products)


def test_the_group_name_is_not_added_to_a_clear_column_name() -> None:
    text = "\n".join(";".join(row) for row in (GROUPS, NAMES, *ROWS))
    header = read(text).feed.header
    assert (header[2], header[5:]) == ("Cost net", ["Stock Leeds", "Stock York", "Stock Total", "Shop"])


def test_a_first_data_row_that_contains_only_texts_is_not_a_header() -> None:
    reading = read("SKU;;Name;Colour\nABC;x;Mug;red\nDEF;y;Cup;blue\n")
    assert [one.sku for one in reading.products] == ["ABC", "DEF"]


@pytest.mark.parametrize(
    "units", [["(alfanum.)", "", "€", "uds."], ["[text]", "", "EUR", "Stk."], ["(nr.)", "(texto)", "€", "pcs"]]
)
def test_a_row_of_units_below_the_header_is_not_a_product(units: list[str]) -> None:
    reading = read(
        "\n".join(";".join(row) for row in (["Code", "Name", "Price", "Stock"], units, ["A-1", "Mug", "9,50", "4"]))
    )
    assert (reading.product.sku, reading.feed.rows_read) == ("A-1", 1)


def test_a_comma_in_a_title_does_not_make_the_comma_the_delimiter() -> None:
    titles = "Farm list, week 48\nPrices incl. VAT, by weight\n"
    reading = read(f"{titles}Art;Käse;Weight;Price\nK-1;Gouda;6,5;24,90\nK-2;Brie;1,2;9,80\n")
    assert [(one.sku, str(one.price)) for one in reading.products] == [("K-1", "24.90"), ("K-2", "9.80")]


def test_a_data_row_without_numbers_is_not_a_header() -> None:
    reading = read("Art.-Nr.;;Preis;Bestand\nABC;rot;auf Anfrage;ja\nDEF;blau;12,50;3\n")
    assert [one.sku for one in reading.products] == ["DEF"]
    assert [row.sku for row in reading.rejected] == ["ABC"]


def test_a_title_above_the_header_is_not_a_group_of_its_columns() -> None:
    reading = read("Acme Ltd;;;List of May;\nSKU;Name;Colour;Price;Finish\nA-1;Mug;red;9,50;matt\n")
    assert reading.feed.header == ["SKU", "Name", "Colour", "Price", "Finish"]
    assert reading.product.attributes == {"Colour": "red", "Finish": "matt"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ";;Preis inkl. MwSt.;;Bestand (Flaschen);;intern\nArt.-Nr.;Wein;Flasche;6er-Karton;Keller;Laden;Kosten\n"
            "W-1;Riesling 2023;9,80;55,80;120;24;3,47\nW-2;Traubensaft;3,50;19,80;0;6;1,18\n",
            [("W-1", "9.80", 144), ("W-2", "3.50", 6)],
        ),
        (
            ";;Prix TTC;;Stock;\nRéf.;Désignation;Bouteille;Carton de 6;Cave;Boutique\n"
            "1201;Chablis;14,50;81,00;120;12\n1202;Fleurie;11,00;63,00;60;6\n",
            [("1201", "14.50", 132), ("1202", "11.00", 66)],
        ),
        (
            ";;Verkoopprijs incl. btw;;Voorraad;;Intern\nArtnr;Omschrijving;per stuk;per doos;Magazijn;Winkel;Inkoop\n"
            "N-1;Kaars;4,50;45,00;10;3;1,77\nN-2;Lont;1,95;20,00;0;9;0,80\n",
            [("N-1", "4.50", 13), ("N-2", "1.95", 9)],
        ),
    ],
)
def test_the_first_columns_can_be_outside_of_all_groups(text: str, expected: list[tuple[str, str, int]]) -> None:
    reading = read(text)
    assert [(one.sku, str(one.price), one.inventory_count) for one in reading.products] == expected
    assert all(one.attributes == {} for one in reading.products)


def test_the_columns_below_an_internal_group_are_private() -> None:
    products = read(
        "Artikel;;Preis;;intern;\nNr.;Text;EK;VK;Material;Farbe\nA-1;Fender;8,10;19,90;geheim;alt\n"
        "A-2;Tau;5,50;14,90;geheim;neu\n"
    ).products
    assert [one.attributes for one in products] == [{}, {}]
