"""Tests that Excel workbooks are read."""

import re
from datetime import date, datetime, time
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import by_hand, sheet, sheets_workbook, table, text_row, written
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.xlsx.cells import cell_format, date_or_time, number

HEADER = ["sku", "name", "price", "stock", "since"]


def test_titles_above_the_header_and_blank_rows_are_skipped() -> None:
    content = table(["Price list 2026"], [], HEADER, ["A", "Mug", 19.9, 3], [], ["B", "Cap", 5, 0])
    reading = read(content, "list.xlsx")
    assert [(p.line, p.sku, str(p.price), p.inventory_count) for p in reading.products] == [
        (4, "A", "19.90", 3),
        (6, "B", "5.00", 0),
    ]
    assert (reading.details["format"], reading.details["sheet"]) == ("xlsx", "Products")


def test_a_cell_is_read_as_excel_displays_it() -> None:
    def write(book: Any) -> None:
        rows = book.add_worksheet()
        rows.write_row(0, 0, ["sku", "name", "price", "active", "day", "at", "clock", "code"])
        rows.write_string(1, 0, "00123")
        rows.write_number(1, 1, 1234567890123.0)
        rows.write_number(1, 2, 0.1 + 0.2)
        rows.write_boolean(1, 3, True)
        rows.write_datetime(1, 4, date(2026, 1, 31), book.add_format({"num_format": "dd.mm.yyyy"}))
        rows.write_datetime(
            1, 5, datetime.fromisoformat("2026-01-31T12:30"), book.add_format({"num_format": "d/m/yy hh:mm"})
        )
        rows.write_datetime(1, 6, time(8, 15), book.add_format({"num_format": "hh:mm"}))
        rows.write_number(1, 7, 42, book.add_format({"num_format": "00000"}))

    product = read(written(write)).product
    assert (product.sku, product.name, str(product.price), product.is_active) == (
        "00123",
        "1234567890123",
        "0.30",
        True,
    )
    assert {name: product.source[name] for name in ("day", "at", "clock", "code")} == {
        "day": "2026-01-31", "at": "2026-01-31T12:30:00", "clock": "08:15:00", "code": "00042",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("19.899999999999999", "19.9"), ("1234567890123.0", "1234567890123"), ("1.0000000000000001E-5", "0.00001"),
        ("1E3", "1000"), ("1.2345678901234568E+17",) * 2, ("12345678901234567",) * 2,
        ("-0.5", "-0.5"), ("", ""), ("NaN", "NaN"), ("x", "x"),
    ],
)  # fmt: skip
def test_rounding_errors_add_no_digits_to_a_number(raw: str, text: str) -> None:
    assert number(raw) == text


def test_dates_stored_as_days_since_1900_or_1904_are_converted() -> None:
    assert date_or_time("1", "date", False) == "1900-01-01"
    assert date_or_time("61", "date", False) == "1900-03-01"
    assert date_or_time("0", "date", True) == "1904-01-01"
    assert date_or_time("1.5", "elapsed", False) == "36:00:00"
    assert date_or_time("99999999", "date", False) == "99999999"
    assert cell_format('[$-407]d. mmmm yyyy;@"h"') == "date"
    assert cell_format("#,##0.00 [$€-407]") == "number"


def test_a_number_with_three_decimals_is_not_read_as_thousands() -> None:
    rows: list[list[Any]] = [["A", "Mug", 12.345], ["B", "Cap", "1.234,50"], ["C", "Pen", "1,50"]]
    reading = read(table(["sku", "name", "price"], *rows), currency="KWD")
    assert [str(p.price) for p in reading.products] == ["12.345", "1234.500", "1.500"]


def test_an_invalid_formula_rejects_a_row_only_if_a_field_uses_the_column() -> None:
    def cell(inside: str) -> bytes:
        return f'<row><c t="inlineStr"><is><t>A</t></is></c><c t="str"><v>Mug</v></c>{inside}</row>'.encode()

    rows = [
        cell("<c><f>1+1</f><v>2</v></c>"), cell("<c><f>SUM(B1:B9)</f></c>"), cell('<c t="e"><v>#N/A</v></c>'),
        cell('<c><v>3</v></c><c t="e"><v>#REF!</v></c>'),
    ]  # fmt: skip
    reading = read(by_hand(sheet(text_row(1, "sku", "name", "price", "note") + b"".join(rows))))
    assert [str(product.price) for product in reading.products] == ["2.00", "3.00"]
    assert [(r.line, r.sku, r.code) for r in reading.rejected] == [(3, "A", "no_value"), (4, "A", "formula_error")]
    assert "=SUM(B1:B9)" in reading.rejected[0].reason
    assert "#N/A" in reading.rejected[1].reason
    assert reading.products[1].attributes == {}


def test_the_value_of_a_merged_cell_is_used_in_each_of_its_rows() -> None:
    def write(book: Any) -> None:
        rows = book.add_worksheet()
        rows.merge_range("A1:C1", "Our mugs")
        rows.write_row(1, 0, ["sku", "name", "price"])
        rows.write_column(2, 0, ["A", "B"])
        rows.merge_range("B3:B4", "Mug")
        rows.merge_range("C3:C4", 5)

    assert [(p.sku, p.name, str(p.price)) for p in read(written(write)).products] == [
        ("A", "Mug", "5.00"),
        ("B", "Mug", "5.00"),
    ]


def test_the_only_visible_sheet_with_products_is_read() -> None:
    assert read(sheets_workbook(both=False)).product.sku == "M"
    assert read(sheets_workbook(both=True, hidden=True)).product.sku == "M"


def test_all_product_sheets_are_read_if_the_mapping_names_no_sheet() -> None:
    reading = read(sheets_workbook(both=True))
    assert [(product.sku, product.source["Sheet"]) for product in reading.products] == [("M", "Mugs"), ("C", "Caps")]
    for option in ("caps", "3"):
        assert read(sheets_workbook(both=True), mapping={"sheet": option}).product.sku == "C"
    with pytest.raises(UnreadableFeed, match='does not have; its sheets are "Notes", "Mugs"'):
        read(sheets_workbook(both=False), mapping={"sheet": "Hats"})


def test_elements_with_namespace_prefixes_and_shared_strings_are_read() -> None:
    strings = b"<sst><si><t>sku</t></si><si><r><t>na</t></r><r><t>me</t></r><rPh><t>x</t></rPh></si></sst>"
    content = sheet(
        b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        b'<row r="9"><c r="A9"><v>7</v></c><c r="B9" t="str"><v>Mug_x000A_red</v></c></row>'
    )
    prefixed = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", content).replace(b"xmlns=", b"xmlns:x=")
    for xml in (content, prefixed):
        product = read(by_hand(xml, strings)).product
        assert (product.line, product.sku, product.name) == (9, "7", "Mug red")


def test_xls_files_and_files_with_a_password_are_refused() -> None:
    with pytest.raises(UnreadableFeed, match="XLS"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_a_workbook_that_declares_an_unknown_encoding_is_refused() -> None:
    rows = text_row(1, "sku", "name") + text_row(2, "A", "Mug")
    with pytest.raises(UnreadableFeed, match="not well-formed XML"):
        read(by_hand(sheet(rows, before=b'<?xml version="1.0" encoding="UTD-8"?>')))
