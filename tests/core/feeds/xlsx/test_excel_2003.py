"""Tests XML workbooks of Excel 2003 (SpreadsheetML). The reader converts these workbooks to XLSX."""

from html import escape

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

HEAD = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
NAMESPACES = (
    'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
)


def row(*cells: str | float | None, index: int | None = None, style: str = "") -> str:
    """Return a row. A cell with None is omitted, and the next cell contains its column number."""
    parts, skips = [], False
    for number, cell in enumerate(cells, 1):
        place = f' ss:Index="{number}"' if skips else ""
        skips = cell is None
        if cell is not None:
            kind = "String" if isinstance(cell, str) else "Number"
            shown = f' ss:StyleID="{style}"' if style and kind == "Number" else ""
            parts.append(f'<Cell{place}{shown}><Data ss:Type="{kind}">{escape(str(cell))}</Data></Cell>')
    place = "" if index is None else f' ss:Index="{index}"'
    return f"<Row{place}>{''.join(parts)}</Row>"


def workbook(*rows: str, styles: str = "", more: str = "") -> str:
    sheet = f'<Worksheet ss:Name="Products"><Table>{"".join(rows)}</Table></Worksheet>'
    return f"{HEAD}<Workbook {NAMESPACES}><Styles>{styles}</Styles>{sheet}{more}</Workbook>"


NAMES = row("Artikelnummer", "Bezeichnung", "VK brutto", "EK", "Bestand")


def test_cells_that_the_xml_omits_are_blank() -> None:
    reading = read(
        workbook(NAMES, row("K-1", "Tasse & Teller", 9.9, 4.1, 4), row("K-2", "Topf", 19.9, None, 2)), "export.xls"
    )
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        ("K-1", "Tasse & Teller", "9.90", 4), ("K-2", "Topf", "19.90", 2),
    ]  # fmt: skip
    assert (reading.details["format"], reading.details["sheet"]) == ("xlsx", "Products")
    assert reading.products[0].attributes == {}


def test_rows_are_reported_with_their_row_numbers_in_the_sheet() -> None:
    reading = read(workbook(NAMES, row("K-1", "Tasse", 9.9), row("K-2", "Topf", "frei", index=9)))
    assert (reading.rejection.line, reading.rejection.sku) == (9, "K-2")


def test_currency_and_leading_zeros_are_read_from_the_number_format() -> None:
    styles = (
        '<Style ss:ID="money"><NumberFormat ss:Format="#,##0.00\\ &quot;CHF&quot;"/></Style>'
        '<Style ss:ID="code"><NumberFormat ss:Format="00000"/></Style>'
    )
    code = '<Cell ss:StyleID="code"><Data ss:Type="Number">17</Data></Cell>'
    name = '<Cell><Data ss:Type="String">Uhr</Data></Cell>'
    price = '<Cell ss:StyleID="money"><Data ss:Type="Number">1249.5</Data></Cell>'
    product = read(workbook(NAMES, f"<Row>{code}{name}{price}</Row>", styles=styles), currency="CHF").product
    assert (product.sku, str(product.price), product.currency) == ("00017", "1249.50", "CHF")


def test_merged_cells_have_their_value_in_each_row() -> None:
    merged = '<Cell ss:MergeDown="1"><Data ss:Type="String">Tassen</Data></Cell>'
    first = (
        f'<Row>{merged}<Cell><Data ss:Type="String">K-1</Data></Cell><Cell><Data ss:Type="Number">5</Data></Cell></Row>'
    )
    reading = read(workbook(row("Kategorie", "Artikelnummer", "Preis"), first, row(None, "K-2", 6)))
    assert [(one.sku, one.category) for one in reading.products] == [("K-1", "Tassen"), ("K-2", "Tassen")]


def test_a_hidden_sheet_is_not_read_and_an_error_rejects_its_row() -> None:
    hidden = (
        '<Worksheet ss:Name="Old"><Table><Row><Cell><Data ss:Type="String">SKU</Data></Cell></Row></Table>'
        "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>"
    ).replace("ss:Name", 'ss:Visible="SheetHidden" ss:Name')
    broken = row("K-2", "Topf", "#N/A").replace('"String">#N/A', '"Error">#N/A')
    reading = read(workbook(NAMES, row("K-1", "Tasse", 9.9), broken, more=hidden))
    assert [one.sku for one in reading.products] == ["K-1"]
    assert reading.rejection.code == "formula_error"
    assert [sheet["hidden"] for sheet in reading.details["sheets"]] == [False, True]


def test_a_workbook_in_utf_16_with_namespace_prefixes_is_read() -> None:
    text = workbook(row("SKU", "Name", "Price"), row("A-1", "Mügchen", 9.5))
    for name in ("Workbook", "Worksheet", "Table", "Row", "Cell", "Data", "Styles"):
        text = text.replace(f"<{name}", f"<ss:{name}").replace(f"</{name}", f"</ss:{name}")
    assert read(text, encoding="utf-16").product.name == "Mügchen"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (workbook(NAMES, row("K-1", "Tasse", 9.9))[:-40], "save the workbook again"),
        (workbook('<Row ss:Index="99999999"/>'), "outside of any sheet"),
        (workbook(NAMES, '<Row><Cell ss:Index="16385"/></Row>'), "outside of any sheet"),
        (f"{HEAD}<Workbook {NAMESPACES}/>", "no sheets"),
        (
            f'<!DOCTYPE Workbook [<!ENTITY x "y">]><Workbook {NAMESPACES}/>',
            "DOCTYPE declares entities",
        ),
    ],
)
def test_a_damaged_workbook_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableFeed, match=reason):
        read(text)
