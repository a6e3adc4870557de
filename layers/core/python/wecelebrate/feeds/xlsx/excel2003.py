"""Converts a workbook of Excel 2003 in XML (SpreadsheetML) to XLSX, so that the same code reads both.

Many ERP systems write this format, often with the ending `.xls`. The rows are converted one by one.

Source: Microsoft, XML Spreadsheet Reference (2002). The attributes `ss:Index` and `ss:MergeAcross` skip cells.
"""

from collections.abc import Iterator
from typing import BinaryIO

from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xlsx.converted import MAX_COLUMNS, MAX_ROWS, Converted, XlsxWriter, text_cell, typed_cell
from wecelebrate.feeds.xml.flat import text_of
from wecelebrate.feeds.xml.reader import Element, ElementReader, local
from wecelebrate.feeds.xml.source import BrokenXml, XmlSource

MAX_STYLES = 10_000
_FORMATS = {
    "Fixed": "0.00", "Standard": "#,##0.00", "Currency": "#,##0.00", "Euro Currency": '#,##0.00 "\u20ac"',
    "Percent": "0.00%",
}  # fmt: skip
"""The number formats that have names in Excel. Dates are not in this table, because they are written in ISO 8601."""
_KINDS = {"Number": "n", "Boolean": "b", "Error": "e"}


def convert(file: BinaryIO, encoding: str | None) -> Converted:
    """Return the workbook as an XLSX archive.

    Raises UnreadableFeed if the file is not well-formed, or larger than a workbook of Excel.
    """
    converted = Converted()
    try:
        with converted.writing() as writer:
            _Converter(writer).convert(XmlSource(file, encoding))
    except BrokenXml as error:
        raise UnreadableFeed(f"line {error.line}: {error.problem}; save the workbook again, as XLSX") from error
    return converted


class _Converter:
    def __init__(self, writer: XlsxWriter) -> None:
        self._writer, self._row = writer, 0
        self._formats: dict[str, str] = {}
        """The number formats by the names of their styles."""

    def convert(self, source: XmlSource) -> None:
        for name, _, element in ElementReader(source, ("Row", "Style"), ("Worksheet",)):
            if element is None:
                raise UnreadableFeed("a row of the workbook is longer than any row of Excel; save it as XLSX")
            if name == "Worksheet":
                attributes = _attributes(element)
                is_hidden = "Hidden" in attributes.get("Visible", "")
                self._writer.start_sheet(attributes.get("Name", ""), is_hidden=is_hidden)
                self._row = 0
            elif name == "Row":
                self._write_row(element)
            elif name == "Style":
                self._add_style(element)

    def _add_style(self, style: Element) -> None:
        code = next((_attributes(part).get("Format", "") for part in _children(style, "NumberFormat")), "")
        if code and len(self._formats) < MAX_STYLES:
            self._formats[_attributes(style).get("ID", "")] = _FORMATS.get(code, code)

    def _write_row(self, element: Element) -> None:
        attributes = _attributes(element)
        self._row = row = _index(attributes.get("Index"), self._row + 1, MAX_ROWS)
        cells, column = [], 0
        for cell in _children(element, "Cell"):
            own = _attributes(cell)
            column = _index(own.get("Index"), column + 1, MAX_COLUMNS)
            across, down = _index(own.get("MergeAcross"), 0, MAX_COLUMNS), _index(own.get("MergeDown"), 0, MAX_ROWS)
            self._writer.merge(column, row, across, down)
            for data in _children(cell, "Data"):
                text, kind = text_of(data), _attributes(data).get("Type", "")
                if kind in _KINDS:
                    style = self._writer.style(self._formats.get(own.get("StyleID") or attributes.get("StyleID", "")))
                    cells.append(typed_cell(column, row, _KINDS[kind], text, style))
                else:
                    is_date = kind == "DateTime"
                    shown = text.partition(".")[0].removesuffix("T00:00:00") if is_date else text
                    cells.append(text_cell(column, row, shown))
            column += across
        self._writer.write_row(row, cells)


def _attributes(element: Element) -> dict[str, str]:
    """Return the attributes of an element by their local names."""
    return {str(name)[str(name).rfind("}") + 1 :]: str(text) for name, text in element.items()}


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if isinstance(child.tag, str) and local(child) == name)


def _index(text: str | None, default: int, limit: int) -> int:
    """Parse the number of a row or a column. Raises UnreadableFeed if Excel has no such row or column."""
    number = int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 8 else default
    if not default <= number <= limit:
        raise UnreadableFeed("the workbook has a cell outside of any sheet of Excel; save it as XLSX")
    return number
