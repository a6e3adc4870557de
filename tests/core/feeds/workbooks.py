"""Creates workbooks as bytes. XlsxWriter writes only valid XML. The function `by_hand` can also write invalid XML."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def written(write: Callable[[Any], None], **options: Any) -> bytes:
    """Create a workbook with XlsxWriter. The function `write` fills the workbook."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **options})
    write(book)
    book.close()
    return file.getvalue()


def table(*rows: list[Any], name: str = "Products") -> bytes:
    """Create a workbook with one sheet that contains the given rows."""

    def write(book: Any) -> None:
        worksheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    worksheet.write(number, column, cell)

    return written(write)


def sheets_workbook(*, both: bool, hidden: bool = False) -> bytes:
    """Create a workbook with the sheets Notes and Mugs.

    If `both` is true, the workbook also has a second sheet with products: Caps. `hidden` hides the sheet Caps.
    """

    def write(book: Any) -> None:
        notes = book.add_worksheet("Notes")
        notes.write_row(0, 0, ["Read this"])
        for name in ("Mugs", "Caps") if both else ("Mugs",):
            worksheet = book.add_worksheet(name)
            worksheet.write_row(0, 0, ["sku", "name", "price"])
            worksheet.write_row(1, 0, [name[0], name, 5])
            if hidden and name == "Caps":
                worksheet.hide()

    return written(write)


def by_hand(
    sheet: bytes, strings: bytes = b"", *, workbook: bytes | None = None, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Create a workbook with one sheet. `sheet`, `strings` and `workbook` are the XML texts of the workbook's parts."""
    link = '<Relationship Id="%s" Type="' + OFFICE + '/%s" Target="%s"/>'
    links = link % ("r1", "worksheet", "worksheets/sheet1.xml") + link % ("r2", "sharedStrings", "sharedStrings.xml")
    sheets = '<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{sheets}</workbook>'
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": workbook or book.encode(),
            "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>".encode(),
            "xl/worksheets/sheet1.xml": sheet,
            "xl/sharedStrings.xml": strings or b"<sst/>",
        },
        method,
    )


def sheet(rows: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return the XML of a sheet with these rows."""
    return b"".join(
        (before, b'<worksheet xmlns="', MAIN.encode(), b'"><sheetData>', rows, b"</sheetData>", after, b"</worksheet>")
    )


def text_row(number: int, *cells: str) -> bytes:
    """Return the XML of a row whose cells are inline texts."""
    content = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{content}</row>'.encode()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
