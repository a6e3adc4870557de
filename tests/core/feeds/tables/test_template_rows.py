"""Tests rows that are not products, such as template rows, lines of dashes, totals and legends. Also tests workbooks
with several sheets.
"""

from collections.abc import Sequence

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import table, written
from wecelebrate.feeds import UnreadableFeed

DATA = "A-1;Tee;12,90;4\nA-2;Hut;9,90;3\n"


@pytest.mark.parametrize(
    "rows",
    [
        "Mandatory;Mandatory;Mandatory;Optional\n", "Pflichtfeld;Pflichtfeld;Pflichtfeld;optional\n",
        "Max 40 characters;Max 255 characters;Decimal;Integer\n", "必須;必須;必須;任意\n",
        "Enter your own unique code;Please enter the name of the product;Enter a number above 0;Optional\n",
        ";;[EUR];[pcs]\n", ";;EUR;Stk\n", "Example: AB-1;Example: Tea;Example: 12.90;Example: 4\n",
        "SKU;Product name;Price;Stock\n", "z.B. AB-1;z.B. Tasse;z.B. 12,90;z.B. 3\n",
        "Mandatory;Mandatory;Mandatory;Optional\nmax. 40 Zeichen;max. 80 Zeichen;Dezimalzahl;Ganzzahl\n"
        "Beispiel;Tasse;1,00;1\n",
    ],
)  # fmt: skip
def test_the_rows_below_the_header_of_a_template_are_not_products(rows: str) -> None:
    reading = read(f"Artikelnummer;Bezeichnung;Preis;Bestand\n{rows}{DATA}")
    assert ([product.sku for product in reading.products], reading.feed.rows_read) == (["A-1", "A-2"], 2)
    assert reading.feed.questions == ()


@pytest.mark.parametrize(
    "row", ["A;M;5,00;1", "Mandatory fun;Text;5,00;1", "EX-1;Example book;5,00;1", "M;L;5,00;2", "kg;Waage;5,00;2"]
)
def test_a_product_below_the_header_is_not_read_as_an_instruction(row: str) -> None:
    products = read(f"Artikelnummer;Bezeichnung;Preis;Bestand\n{row}\n{DATA}").products
    assert [product.sku for product in products] == [row.partition(";")[0], "A-1", "A-2"]


@pytest.mark.parametrize("first", ["TemplateType=Home\tVersion=2019.1203\t\t\n", ""])
def test_the_row_of_field_names_in_an_amazon_template_is_skipped(first: str) -> None:
    labels = "商品管理番号\t商品名\t商品コード(JANコード等)\t商品の販売価格\t在庫数\n"
    names = "item_sku\titem_name\texternal_product_id\tstandard_price\tquantity\n"
    rows = "JP-1\t箸\t4901234567894\t3300\t25\nJP-2\t傘\t4901234567900\t2420\t0\n"
    reading = read(f"{first}{labels}{names}{rows}")
    assert [(product.sku, product.inventory_count) for product in reading.products] == [("JP-1", 25), ("JP-2", 0)]
    assert (reading.rejected, reading.feed.questions, reading.feed.details["profile"]) == ([], (), "amazon")


def test_a_code_column_with_barcode_in_brackets_in_its_name_is_not_the_sku() -> None:
    for name, other in (("商品コード(JANコード等)", "商品管理番号"), ("Item code (EAN)", "Item number")):
        rows = "4901234567894;JP-1;箸;330\n4901234567900;JP-2;傘;420\n4901234567917;JP-3;帽;520\n"
        reading = read(f"{name};{other};Name;Price\n{rows}")
        assert ([product.sku for product in reading.products], reading.feed.questions) == (["JP-1", "JP-2", "JP-3"], ())


def test_lines_of_dashes_and_total_rows_with_a_star_are_not_products() -> None:
    rule = "-" * 40 + "\n"
    text = f"{rule}|Material|Kurztext|Bestand|Preis|\n{rule}|HA-1|Schlauch|40|24,99|\n|HA-2|Wagen|5|89,90|\n{rule}"
    reading = read(f"{text}|*| |45| |\n{rule}")
    assert [product.sku for product in reading.products] == ["HA-1", "HA-2"]
    assert [rejected.code for rejected in reading.rejected] == ["no_product"]
    markdown = "|SKU|Name|Price|\n|-----|:----|----:|\n|A-1|Mug|5.00|\n|A-2|Cap|6.00|\n"
    assert ([product.sku for product in read(markdown).products], read(markdown).rejected) == (["A-1", "A-2"], [])


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (
            "ITEM_ID;SKU;TITLE;VARIATIONS;QUANTITY;PRICE;FEE",
            "Número de publicación;SKU;Título;Variantes;Stock;Precio;Cargo por venta\n"
            "No editable;Opcional;Obligatorio;No editable;Obligatorio;Obligatorio;No editable\n",
        ),
        ("listing;sku;title;options;quantity;price;fee", "Anzeige;Artikelnummer;Titel;Optionen;Bestand;Preis;Gebühr\n"),
        ("A_ID;ITEM_NO;NAME;OPTS;STOCK;PRICE;FEE", "編集不可;必須;必須;任意;任意;必須;編集不可\n"),
    ],
)
def test_a_second_header_row_with_other_labels_is_not_a_product(header: str, rows: str) -> None:
    reading = read(f"{header}\n{rows}M1;A-1;Tee;;4;12,90;1\nM2;A-2;Hut;;3;9,90;1\n")
    assert [(product.sku, product.name) for product in reading.products] == [("A-1", "Tee"), ("A-2", "Hut")]
    assert (reading.rejected, reading.feed.questions) == ([], ())


def test_a_row_with_only_two_cells_of_the_header_is_a_product() -> None:
    reading = read("SKU;Title;Category;Price\nsku;Title;Books;5.00\nA-2;Hat;Hats;6.00\n")
    assert [product.sku for product in reading.products] == ["sku", "A-2"]


def book(**sheets: Sequence[Sequence[object]]) -> bytes:
    def write(workbook: object) -> None:
        for name, rows in sheets.items():
            worksheet = workbook.add_worksheet(name)  # type: ignore[attr-defined]
            for number, row in enumerate(rows):
                worksheet.write_row(number, 0, row)

    return written(write)


def test_all_sheets_with_the_same_header_are_read() -> None:
    header = ["Bestell-Nr.", "Bezeichnung", "VK brutto", "Bestand"]
    reading = read(
        book(
            Anleitung=[["Bitte lesen"]],
            Bosch=[header, ["B-1", "Schleifer", 84.9, 11], ["B-2", "Säge", 119, 0]],
            Makita=[["Preisliste"], header, ["M-1", "Hammer", 249, 4], ["", "Akku", 5, 1]],
        )
    )
    assert [(product.sku, product.line, product.source["Sheet"]) for product in reading.products] == [
        ("B-1", 2, "Bosch"), ("B-2", 3, "Bosch"), ("M-1", 3, "Makita"),
    ]  # fmt: skip
    (rejected,) = reading.rejected
    assert (rejected.line, rejected.raw[-1], reading.feed.details["sheet"]) == (4, "Makita", "Bosch, Makita")


def test_several_product_sheets_with_different_headers_are_refused() -> None:
    products: list[list[object]] = [["SKU", "Name", "Price"], ["A-1", "Mug", 5], ["A-2", "Cap", 6]]
    specials: list[list[object]] = [["SKU", "Priority", "Price"], ["A-1", 1, 4]]
    stocks: list[list[object]] = [["SKU", "Name", "Stock"], ["A-1", "Mug", 4]]
    names: list[list[object]] = [["SKU", "Name"], ["A-1", "Mug"]]
    prices: list[list[object]] = [["SKU", "Price"], ["A-1", 5]]
    assert read(book(Products=products, Specials=specials)).feed.details["sheet"] == "Products"
    books: tuple[dict[str, list[list[object]]], ...] = (
        {"Products": products, "Stocks": stocks},
        {"Names": names, "Prices": prices},
    )
    for sheets in books:
        with pytest.raises(UnreadableFeed, match="different columns"):
            read(book(**sheets))


@pytest.mark.parametrize("text", ["RED = discontinued", "Rot: nicht mehr bestellen", "yellow cells = price open"])
def test_a_legend_of_colours_is_reported_and_not_read_as_a_product(text: str) -> None:
    rows: list[list[object]] = [["Code", "Item", "Price"], ["G-1", "Vase", 34], ["G-2", "Red: a novel", 9]]
    assert read(table(["Key:", text], [], *rows)).feed.details["colour_legend"] == text
    assert "colour_legend" not in read(table(*rows)).feed.details
