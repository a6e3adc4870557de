"""Tests delimited files: the detection of the dialect, and rows with errors."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

HEADER = "sku,name,price,stock\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", "^", "~", "§"])
def test_the_delimiter_is_detected(delimiter: str) -> None:
    rows = [["SKU", "Name", "Price"], ["A1", "Mug, large", "12.50"], ["A2", "Hat; paper", "3.00"]]
    text = "\n".join(delimiter.join(f'"{c}"' if any(x in c for x in ",;") else c for c in row) for row in rows)
    reading = read(text)
    assert [(p.sku, p.name, str(p.price)) for p in reading.products] == [
        ("A1", "Mug, large", "12.50"),
        ("A2", "Hat; paper", "3.00"),
    ]
    assert reading.details["delimiter"] == delimiter


def test_decimal_commas_are_not_read_as_delimiters() -> None:
    reading = read("sku;price\nA;1,50\nB;2,50\nC;3,50\n")
    assert reading.details["delimiter"] == ";"
    assert [str(p.price) for p in reading.products] == ["1.50", "2.50", "3.50"]


def test_a_file_with_only_a_sku_column_is_read() -> None:
    reading = read("SKU\nA1\nA2\n")
    assert [p.sku for p in reading.products] == ["A1", "A2"]
    assert reading.products[0].fields_set == {"sku"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_recognised(end: str) -> None:
    reading = read(end.join(["sku,name,price", 'A,"two\nlines",1', "B,Hat,2", ""]))
    assert [(p.sku, p.name) for p in reading.products] == [("A", "two lines"), ("B", "Hat")]


def test_line_breaks_inside_cells_are_counted_in_line_numbers() -> None:
    reading = read('sku,name,description,price\nA,Mug,"one\ntwo\nthree",1\n\nB,Hat,,x\nC,Card,,3\n')
    assert [p.line for p in reading.products] == [2, 7]
    assert reading.rejection.line == 6
    assert reading.rejection.reason == 'price: "x" is not a number'


def test_the_sep_line_that_excel_writes_determines_the_delimiter() -> None:
    reading = read("sep=;\r\nsku;name;price\r\nA;a,b,c,d;1\r\n")
    assert (reading.product.line, reading.product.name) == (3, "a,b,c,d")


def test_titles_above_the_header_are_skipped() -> None:
    reading = read("Article export\n\nCreated:,2025-01-01\n,,,\nsku,name,price,stock\nA,Mug,1,2\n")
    assert reading.details["header_line"] == 5
    assert reading.product.line == 6


def test_header_names_are_cleaned_and_made_unique() -> None:
    reading = read("\ufeff\" SKU \",'Name',Price,Price,,Colour,,,\nA,Mug,1,2,,red,,,\n")
    assert reading.feed.header == ["SKU", "Name", "Price", "Price (2)", "column 5", "Colour"]
    assert str(reading.product.price) == "1.00"
    assert reading.product.attributes == {"Colour": "red"}
    assert reading.product.source["Price (2)"] == "2"


def test_quotes_inside_cells_are_read() -> None:
    reading = read('sku,name,price\nA,"say ""hi""",1\nB,5" pipe,2\nC,"5" pipe",3\nD,it\'s,4\n')
    assert [p.name for p in reading.products] == ['say "hi"', '5" pipe', '5" pipe', "it's"]


def test_cells_in_single_quotes_are_read() -> None:
    reading = read("'sku';'name';'price'\n'A';'Mug; large';'1'\n'B';'Hat';'2'\n")
    assert [(p.sku, p.name) for p in reading.products] == [("A", "Mug; large"), ("B", "Hat")]


def test_a_backslash_can_escape_a_quote() -> None:
    reading = read('"sku","name","price"\n"A","5\\" pipe, long","1"\n"B","C:\\\\dir","2"\n')
    assert [p.name for p in reading.products] == ['5" pipe, long', "C:\\dir"]


def test_a_backslash_at_the_end_of_a_cell_is_not_an_escape_character() -> None:
    reading = read('sku,name,price\n"A","C:\\dir\\","1"\n')
    assert reading.product.name == "C:\\dir\\"


def test_blank_rows_are_skipped() -> None:
    reading = read(HEADER + "A,Mug,1,2\n\n,,,\n , ,,\nB,Hat,2,3\n\x1a")
    assert [p.sku for p in reading.products] == ["A", "B"]
    assert reading.feed.rows_read == 2


def test_the_rejection_of_a_short_row_names_the_missing_columns() -> None:
    rejection = read(HEADER + "A,Mug\n").rejection
    assert rejection.reason == "the row has 2 cells, the header has 4 columns; missing: price, stock"
    assert (rejection.code, rejection.sku, rejection.raw) == ("too_few_cells", "A", ["A", "Mug"])


def test_a_short_row_is_read_if_no_field_uses_the_missing_columns() -> None:
    assert read("sku,name,price,colour,weight\nA,Mug,1\n").product.attributes == {}


def test_a_row_with_too_many_cells_is_rejected() -> None:
    rejection = read(HEADER + "A,Mug, large,1,2\n").rejection
    assert rejection.code == "too_many_cells"
    assert "5 cells, the header has 4 columns" in rejection.reason


def test_blank_cells_after_the_last_column_are_ignored() -> None:
    assert read(HEADER + "A,Mug,1,2,,,\n").product.inventory_count == 2


def test_a_row_with_a_nul_character_is_rejected() -> None:
    reading = read(HEADER + "A,Mu\0g,1,2\nB,Hat,1,2\n")
    assert [p.sku for p in reading.products] == ["B"]
    assert reading.rejection.reason == 'name: "Mu\\x00g" contains a NUL character; remove it'


def test_an_unclosed_quote_rejects_only_one_row() -> None:
    rows = "".join(f"S{n},Mug,1,2\n" for n in range(50_000))
    reading = read(HEADER + 'A,"Mug,1,2\n' + rows)
    assert len(reading.products) == 50_000
    assert (reading.rejection.line, reading.rejection.code) == (2, "unclosed_quote")
    assert reading.feed.ended_cleanly


def test_a_quote_that_is_closed_in_another_row_rejects_only_one_row() -> None:
    reading = read(HEADER + 'A,"Mug,1,2\nB,Hat,1,2\nC,Card,3,4\nD,"Ribbon, red",5,6\nE,Bow,7,8\n')
    assert [p.sku for p in reading.products] == ["B", "C", "D", "E"]
    assert reading.rejection.line == 2


def test_reading_stops_if_quotes_are_broken_in_too_many_places() -> None:
    row = 'x",b,"y\n'
    reading = read("sku,name,price\n" + "A,Mug,1\n" * 3 + row * 200_000)
    assert len(reading.products) == 3
    assert not reading.feed.ended_cleanly
    assert reading.rejected[-1].code == "stopped"


def test_a_row_with_a_cell_that_exceeds_the_maximum_length_is_rejected() -> None:
    reading = read(HEADER + f'A,"{"x" * 1_100_000}",1,2\nB,Hat,1,2\n')
    assert [p.sku for p in reading.products] == ["B"]
    assert "longer than 1,000,000 characters" in reading.rejection.reason


@pytest.mark.slow
def test_a_line_that_exceeds_the_maximum_length_is_rejected() -> None:
    reading = read(HEADER + "A," + "x,y" * 4_000_000 + "\nB,Hat,1,2\n")
    assert [(p.sku, p.line) for p in reading.products] == [("B", 3)]
    assert (reading.rejection.line, reading.rejection.code) == (2, "too_long")


def test_a_file_with_too_many_columns_is_refused() -> None:
    header = ",".join(["sku", *[f"c{n}" for n in range(2_500)]])
    with pytest.raises(UnreadableFeed, match="2,501 columns"):
        read(header + "\nA" + ",x" * 2_500 + "\n")


def test_thousands_of_blank_columns_are_ignored() -> None:
    assert read("sku,name,price" + "," * 16_000 + "\nA,Mug,1" + "," * 16_000 + "\n").product.name == "Mug"


def test_a_file_with_only_a_header_yields_no_rows() -> None:
    reading = read(HEADER)
    assert reading.items == []
    assert reading.feed.ended_cleanly


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n\t", "the file is empty"),
        (b"PK\x03\x04....feed.csv", "zip archive"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS"),
        (b'<?xml version="1.0"?><a/>', "no column contains a SKU"),
        (b"\xff\xfe" + '<?xml version="1.0"?>'.encode("utf-16-le"), "starts like XML"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"colour,weight\nred,3\n", 'no column contains a SKU.*"colour", "weight".*sync settings'),
    ],
)
def test_an_unreadable_file_is_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFeed, match=message):
        read(content)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ('"1/2" tee, brass"', '1/2" tee, brass'),
        ('"5" tube"', '5" tube'),
        ('Bolt 1/4"-20', 'Bolt 1/4"-20'),
        ('"Sign ""Open"", red"', 'Sign "Open", red'),
        ('"Tea" Assam', "Tea Assam"),
    ],
)
def test_a_single_quote_mark_inside_a_cell_is_part_of_the_cell(cell: str, name: str) -> None:
    products = read(f"sku,name,price,brand\nA-1,{cell},2.19,Acme\nA-2,Pot,3.19,Acme\n").products
    assert [(product.name, str(product.price)) for product in products] == [(name, "2.19"), ("Pot", "3.19")]
