"""Tests that ditto marks repeat the cell above, and that a header within a table sets the column order of the next
rows.
"""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import table as workbook

MUG = "Mug 300 ml"


def skus(reading: Reading) -> list[str]:
    return [product.sku for product in reading.products]


def prices(reading: Reading) -> dict[str, str]:
    return {product.sku: f"{product.price}" for product in reading.products}


def stocks(reading: Reading) -> dict[str, int | None]:
    return {product.sku: product.inventory_count for product in reading.products}


@pytest.mark.parametrize(
    "mark",
    [
        "dto.", "Dto.", "dito", "ditto", "detto", "do.", "idem", "Idem", "id.", "ídem", "same", "Same as above",
        "as above", "wie oben", "s. o.", "siehe oben", "desgl.", "ci-dessus", "come sopra", "c.s.", "igual",
        "zie boven", "samme", "samma", "jw.", "jak wyżej", "то же", "〃", "同上", "-//-", '-"-', "″", "(idem)",
    ],
)  # fmt: skip
def test_a_ditto_mark_repeats_the_cell_above(mark: str) -> None:
    cell = mark.replace('"', '""')
    rows = f'A-1;{MUG};rot;9,50;4\nA-2;"{cell}";blau;"{cell}";6\nA-3;"{cell}";grün;8,00;"{cell}"\n'
    text = f"SKU;Name;Farbe;Preis;Bestand\n{rows}"
    reading = read(text)
    assert [product.name for product in reading.products] == [MUG] * 3
    assert prices(reading) == {"A-1": "9.50", "A-2": "9.50", "A-3": "8.00"}
    assert stocks(reading) == {"A-1": 4, "A-2": 6, "A-3": 6}
    assert (reading.feed.questions, reading.rejected) == ((), [])


def test_a_quote_as_the_only_character_of_a_cell_is_a_ditto_mark() -> None:
    reading = read('SKU,Name,Price\nA-1,Mug,9.50\nA-2,"""","""" \n'.replace('"""" \n', '""""\n'))
    assert prices(reading) == {"A-1": "9.50", "A-2": "9.50"}


def test_a_ditto_mark_without_a_value_above_is_rejected() -> None:
    reading = read("SKU;Name;Preis\nA-1;Tasse;\nA-2;Topf;dto.\nA-3;Glas;4,00\n", mapping={"price": "Preis"})
    assert prices(reading) == {"A-3": "4.00"}
    assert [(row.sku, row.code) for row in reading.rejected] == [("A-1", "empty"), ("A-2", "not_a_number")]


def test_a_ditto_mark_below_the_name_of_a_group_is_rejected() -> None:
    reading = read("Nr;Artikel;Preis;Lager\n1001;Kerze;4,50;10\nLaternen;;;\n1002;Laterne;dito;12\n")
    assert prices(reading) == {"1001": "4.50"}


def test_a_ditto_mark_in_the_sku_column_leads_to_a_question() -> None:
    text = "Artikelnr;Naam;Maat;Prijs\nK-10;Trui;S;49,95\nidem;Trui;M;49,95\nidem;Trui;L;49,95\nK-11;Muts;M;19,95\n"
    assert [question.subject for question in read(text).feed.questions] == ["identity"]


def test_ditto_marks_of_a_workbook_are_read() -> None:
    rows: list[list[Any]] = [["SKU", "Name", "Price"], ["A-1", "Mug", 9.5], ["A-2", "Pot", "same"], ["A-3", '"', 8]]
    reading = read(workbook(*rows), "feed.xlsx")
    assert prices(reading) == {"A-1": "9.50", "A-2": "9.50", "A-3": "8.00"}
    assert [product.name for product in reading.products] == ["Mug", "Pot", "Pot"]


@pytest.mark.parametrize("cell", ["-", "x", "n/a", "", "--", "?"])
def test_cells_that_only_resemble_ditto_marks_are_not_ditto_marks(cell: str) -> None:
    reading = read(f"SKU;Name;Brand;Price\nA-1;Mug;Acme;9.50\nA-2;Pot;{cell};8.50\n")
    assert reading.products[1].brand != "Acme"


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        ("Art.nr;Omschrijving;Prijs;Voorraad", "Art.nr;Omschrijving;Voorraad;Prijs", "G-1;Glas;100;5\nG-2;Karaf;25;24"),
        ("SKU;Name;Price;Stock", "Sku;NAME;stock;price", "G-1;Glass;100;5\nG-2;Jug;25;24"),
        ("SKU;Name;Price;Stock", "Stock;Price;Name;SKU", "100;5;Glass;G-1\n25;24;Jug;G-2"),
        ("Артикул;Название;Цена;Остаток", "Артикул;Название;Остаток;Цена", "G-1;Стакан;100;5\nG-2;Кувшин;25;24"),
        ("品番;品名;価格;在庫", "品番;品名;在庫;価格", "G-1;グラス;100;5\nG-2;水差し;25;24"),
    ],
)
def test_rows_below_a_second_header_have_the_column_order_of_the_second_header(
    first: str, second: str, rows: str
) -> None:
    reading = read(f"{first}\nB-1;X;12;40\nB-2;Y;9;30\nOther;;;\n{second}\n{rows}\n")
    assert {sku: f"{price}".removesuffix(".00") for sku, price in prices(reading).items()} == {
        "B-1": "12", "B-2": "9", "G-1": "5", "G-2": "24",
    }  # fmt: skip
    assert stocks(reading) == {"B-1": 40, "B-2": 30, "G-1": 100, "G-2": 25}


def test_a_repetition_of_the_first_header_restores_the_first_column_order() -> None:
    text = "SKU;Name;Price;Stock\nA-1;Mug;9;4\nSKU;Name;Stock;Price\nA-2;Pot;5;19\nSKU;Name;Price;Stock\nA-3;Jar;7;2\n"
    reading = read(text)
    assert prices(reading) == {"A-1": "9.00", "A-2": "19.00", "A-3": "7.00"}
    assert [row.code for row in reading.rejected] == ["no_product"] * 2


def test_the_columns_of_a_workbook_are_reordered_below_a_second_header() -> None:
    rows: list[list[Any]] = [
        ["SKU", "Name", "Price", "Stock"], ["A-1", "Mug", 9, 40], ["SKU", "Name", "Stock", "Price"],
        ["A-2", "Pot", 50, 7.125], ["A-3", "Jar", 60, 8],
    ]  # fmt: skip
    reading = read(workbook(*rows), "feed.xlsx", currency="TND")
    assert {sku: float(price) for sku, price in prices(reading).items()} == {"A-1": 9, "A-2": 7.125, "A-3": 8}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SKU;Name;Price;Stock\nA-1;Mug;9;4\nA-2;Pot;8;3", "SKU;Cost;Supplier\nA-1;3;Acme"),
        ("Nr;Artikel;VK\nA-1;Tasse;9,00\nA-2;Topf;8,00", "Nr;Artikel;Bestand\nA-1;Tasse;12"),
        ("Code;Item;Sell;Qty\nA-1;Chair;9.00;4\nA-2;Table;8.00;2", "Code;Item;Cost;Qty\nA-3;Stool;22;9"),
        ("Art;Bezeichnung;VK\nA-1;Tasse;9,00\nA-2;Topf;8,00", "Art;Bezeichnung;EK\nB-1;Löffel;1,10"),
        ("SKU;Name;Price\nA-1;Mug;9.00\nA-2;Pot;8.00", "\nCustomer;Email;Balance\nSmith;s@x.example;12.00"),
    ],
)
def test_rows_below_the_header_of_a_different_table_are_rejected(first: str, second: str) -> None:
    reading = read(f"{first}\n{second}\n")
    assert prices(reading) == {"A-1": "9.00", "A-2": "8.00"}
    assert {row.code for row in reading.rejected} == {"no_product"}
    assert "another table" in reading.rejected[0].reason


@pytest.mark.parametrize(
    "row",
    ["Name;Mug;9;4", "A-3;Price;9;4", "A-3;Stock;9;4", "SKU;Name;9;4"],
)
def test_a_product_that_is_named_like_a_column_does_not_begin_a_table(row: str) -> None:
    reading = read(f"SKU;Name;Price;Stock\nA-1;Mug;9;4\n{row}\nA-4;Jar;7;2\n")
    assert (prices(reading)["A-4"], len(reading.products)) == ("7.00", 3)


def test_group_names_in_the_name_column_do_not_prevent_the_detection_of_the_sku() -> None:
    text = (
        "Nr;Artikel;Preis;Bestand\n;TASSEN;;\nT-1;Tasse rot;9,90;4\nT-2;Tasse blau;9,90;3\n;TÖPFE;;\nP-1;Topf;19,90;2\n"
    )
    assert skus(read(text)) == ["T-1", "T-2", "P-1"]
