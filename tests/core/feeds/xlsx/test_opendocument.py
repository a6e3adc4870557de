"""Tests OpenDocument spreadsheets (ODS), which are converted to XLSX."""

import pytest

from tests.core.feeds.feed_reading import read, read_file
from tests.core.feeds.xlsx.opendocuments import NAMESPACES, cell, row, spreadsheet, table
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.xlsx import opendocument

NAMES = row("Artikelnummer", "Bezeichnung", "VK brutto", "Bestand")


def style(name: str, format_name: str) -> str:
    return f'<style:style style:name="{name}" style:family="table-cell" style:data-style-name="{format_name}"/>'


def test_a_spreadsheet_of_libreoffice_is_read_like_the_workbook_of_excel_from_which_it_was_saved() -> None:
    saved, original = read_file("erp-workbook.ods"), read_file("erp-workbook.xlsx")
    assert saved.items == original.items
    assert saved.details == original.details


def test_repeated_cells_and_rows_are_read_as_often_as_they_are_repeated() -> None:
    again, twice = 'table:number-rows-repeated="2"', 'table:number-columns-repeated="2"'
    reading = read(
        spreadsheet(
            table(
                row("Artikelnummer", "Bezeichnung", "VK brutto", "Lager A", "Lager B"),
                row("K-1", "Tasse", 9.9, cell(4, twice)),
                row(cell(None, 'table:number-columns-repeated="16384"'), attributes=again),
                row("K-2", "Topf", 9.9, cell(7, twice), attributes=again),
                row(cell(None), attributes='table:number-rows-repeated="1048000"'),
            )
        ),
        "liste.ods",
    )
    assert [(one.sku, one.line, one.inventory_count) for one in reading.products] == [
        ("K-1", 2, 8), ("K-2", 5, 14), ("K-2", 6, 14),
    ]  # fmt: skip


def test_a_text_has_the_spaces_and_lines_that_the_spreadsheet_shows_without_comments() -> None:
    name = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>internal</text:p></office:annotation>'
        '<text:p>Cup<text:s text:c="2"/>of  <text:span>tea</text:span></text:p><text:p>blue</text:p></table:table-cell>'
    )
    product = read(spreadsheet(table(NAMES, row("K-1", name, 9.9, 1)))).product
    assert product.source["Bezeichnung"] == "Cup  of tea\nblue"


def test_the_currency_of_a_cell_is_the_currency_of_its_price() -> None:
    price = cell(19.9, 'office:currency="CHF"', "currency")
    product = read(spreadsheet(table(NAMES, row("K-1", "Uhr", price, 1)))).product
    assert (str(product.price), product.currency) == ("19.90", "CHF")


@pytest.mark.parametrize("part", ["styles", "named_styles"])
def test_the_leading_zeros_and_decimals_of_a_number_are_those_of_its_format(part: str) -> None:
    formats = (
        '<number:number-style style:name="N1"><number:text>ART-</number:text>'
        '<number:number number:min-integer-digits="5" number:decimal-places="0"/></number:number-style>'
        '<number:number-style style:name="N2"><number:number number:min-integer-digits="1" number:decimal-places="2"/>'
        "</number:number-style>"
    )
    cells = style("code", "N1") + style("amount", "N2")
    content = spreadsheet(
        table(
            '<table:table-column table:default-cell-style-name="code"/>',
            '<table:table-column table:number-columns-repeated="3"/>',
            NAMES,
            row(17, "Uhr", cell(24.395, 'table:style-name="amount"'), 1),
        ),
        styles=cells + (formats if part == "styles" else ""),
        named_styles=formats if part == "named_styles" else "",
    )
    product = read(content).product
    assert (product.sku, str(product.price)) == ("ART-00017", "24.40")


def test_the_format_for_positive_numbers_shows_the_currency_of_a_price() -> None:
    formats = (
        '<number:currency-style style:name="N9P0"><number:number number:decimal-places="2"/>'
        "<number:currency-symbol>£</number:currency-symbol></number:currency-style>"
        '<number:currency-style style:name="N9"><number:text>-</number:text><number:number number:decimal-places="2"/>'
        '<style:map style:condition="value()&gt;=0" style:apply-style-name="N9P0"/></number:currency-style>'
    )
    price = cell(5, 'table:style-name="money"')
    product = read(
        spreadsheet(table(NAMES, row("K-1", "Tee", price, 1)), styles=style("money", "N9") + formats)
    ).product
    assert (str(product.price), product.currency) == ("5.00", "GBP")


def test_dates_booleans_and_errors_are_read_like_those_of_excel() -> None:
    reading = read(
        spreadsheet(
            table(
                row("SKU", "Name", "Price", "Active", "Released"),
                row(
                    "A", "Cup", 5,
                    '<table:table-cell office:value-type="boolean" office:boolean-value="false"/>',
                    '<table:table-cell office:value-type="date" office:date-value="2026-03-01T00:00:00"/>',
                ),
                row("B", "Mug", '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A'
                    "</text:p></table:table-cell>"),
                row("C", "Pot", '<table:table-cell table:formula="of:=[.A1]*2"/>'),
            )
        )
    )  # fmt: skip
    assert (reading.products[0].is_active, reading.products[0].source["Released"]) == (False, "2026-03-01")
    assert [(one.sku, one.code) for one in reading.rejected] == [("B", "formula_error"), ("C", "no_value")]


def test_a_hidden_sheet_and_deleted_rows_are_not_read() -> None:
    invisible = '<style:table-properties table:display="false"/>'
    hidden = f'<style:style style:name="off" style:family="table">{invisible}</style:style>'
    deleted = f"<table:tracked-changes>{row('K-0', 'Alt', 1)}</table:tracked-changes>"
    content = spreadsheet(
        deleted,
        table(NAMES, row("K-9", "Alt", 1, 1), name="Old", attributes='table:style-name="off"'),
        table(NAMES, row("K-1", "Tasse", 9.9, 1)),
        styles=hidden,
    )
    reading = read(content)
    assert (reading.product.sku, reading.details["sheet"]) == ("K-1", "Products")


def test_a_merged_cell_is_valid_in_each_of_its_rows() -> None:
    merged = cell("Tassen", 'table:number-rows-spanned="2" table:number-columns-spanned="1"')
    reading = read(
        spreadsheet(
            table(
                row("SKU", "Name", "Price", "Category"),
                row("A", "Cup", 5, merged),
                row("B", "Mug", 6, "<table:covered-table-cell/>"),
            )
        )
    )
    assert [one.category for one in reading.products] == ["Tassen", "Tassen"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            spreadsheet(table(NAMES), more={"META-INF/manifest.xml": "<manifest:encryption-data/>"}),
            "has a password; save it without a password",
        ),
        (
            spreadsheet(table(NAMES, row(cell("x" * 30_000, 'table:number-columns-repeated="16000"')))),
            "repeats cells too often",
        ),
        (
            spreadsheet(table(NAMES, row("a", cell("b", 'table:number-columns-repeated="99999"')))),
            "outside of any sheet",
        ),
        (spreadsheet(table(NAMES, "<table:table-row>")), "is not well-formed XML"),
        (spreadsheet(f"<text:list {NAMESPACES}/>"), "has no sheets"),
    ],
)
def test_a_spreadsheet_that_cannot_be_read_is_refused_with_the_reason(content: bytes, problem: str) -> None:
    with pytest.raises(UnreadableFeed, match=problem):
        read(content, "list.ods")


def test_a_text_document_of_libreoffice_is_refused() -> None:
    content = spreadsheet(table(NAMES), kind="application/vnd.oasis.opendocument.text")
    with pytest.raises(UnreadableFeed, match="is no spreadsheet"):
        read(content, "list.odt")


def test_the_size_of_all_copies_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content = spreadsheet(table(NAMES, row("K-1", "Tasse", 9.9, 1, attributes='table:number-rows-repeated="100"')))
    assert len(read(content).items) == 100
    monkeypatch.setattr(opendocument, "MAX_COPIED_BYTES", 5_000)
    with pytest.raises(UnreadableFeed, match="repeats cells too often"):
        read(content)
