"""Converts the tables of an HTML page to XLSX. Many shops give such a page the ending `.xls` of Excel.

Each table becomes a sheet. Therefore the table of products can be inside of another table. The text of a cell is read
as a browser shows it. If a cell contains only a picture, its text is the address of the picture.
"""

import re
from typing import Any

from lxml import etree

from wecelebrate.feeds.files.dialect import ColumnCounter
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xlsx.converted import MAX_COLUMNS, MAX_ROWS, Converted, XlsxWriter, text_cell

CHUNK = 64 << 10
TAIL = 4_096
MIN_NAMES = 2
MAX_ROW_LENGTH = 2 << 20
"""The maximum number of characters of a row, with all its inner tables. The tree of a row is in memory."""
MAX_SPAN = 1_000
_CELLS = ("td", "th")
_SPACE = re.compile(r"\s+")


def convert(text: TextFile, count_known: ColumnCounter) -> Converted:
    """Return the tables of the page as an XLSX archive. `count_known` counts the names of columns in a row.

    Raises UnreadableFeed if no row has known column names, for example in a sign-in page.
    """
    converted = Converted()
    with converted.writing() as writer:
        if _Converter(writer, count_known).convert(text) < MIN_NAMES:
            raise UnreadableFeed("this looks like an HTML page; export the products as CSV, JSON or XML")
    return converted


class _Converter:
    def __init__(self, writer: XlsxWriter, count_known: ColumnCounter) -> None:
        self._writer, self._row, self._tables = writer, 0, 0
        self._count_known, self._names = count_known, 0
        self._root: Any = None
        self._open_characters = 0
        """The number of characters that the parser has read since the start of the open row, rounded to chunks."""
        self._spans: dict[int, int] = {}
        """For each column that a cell above covers, the number of further rows that it covers."""

    def convert(self, text: TextFile) -> int:
        """Write the tables. Returns the largest number of names of columns in a row."""
        parser: Any = etree.HTMLPullParser(
            events=("start", "end"), tag=("table", "tr"), encoding="utf-8", no_network=True, remove_comments=True,
            remove_pis=True, huge_tree=False,
        )  # fmt: skip
        reader, end = text.open(), ""
        try:
            while chunk := reader.read(CHUNK):
                end = (end + chunk)[-TAIL:]
                parser.feed(chunk.encode("utf-8", "replace"))
                self._read(parser)
                self._prune(len(chunk))
            parser.close()
            self._read(parser)
        except etree.LxmlError as error:
            raise UnreadableFeed(f"the page is not well-formed HTML ({error}); export the products as CSV") from error
        if "</table" not in end.casefold():  # the parser closes all elements if the page was cut off
            raise UnreadableFeed("the page is incomplete: its last table is not closed; upload it again")
        return self._names

    def _read(self, parser: Any) -> None:
        for event, element in parser.read_events():
            if self._root is None:
                self._root = element.getroottree().getroot()
            if element.tag == "table":
                self._writer.end_sheet()  # the rows after an inner table belong to another sheet
            elif event == "end":
                if next(element.iterdescendants("table"), None) is None:
                    self._write_row(element)
                parent = element.getparent()
                element.clear()
                while parent is not None and len(parent) and parent[0] is not element:
                    del parent[0]

    def _prune(self, characters: int) -> None:
        """Remove the elements before the parser's position, so that memory does not grow with the page.

        A row that is not complete is kept. Raises UnreadableFeed if this row is longer than any row of products.
        """
        node = self._root
        while node is not None and len(node):
            if node.tag == "tr":
                self._open_characters += characters
                if self._open_characters > MAX_ROW_LENGTH:
                    raise UnreadableFeed("a row of the page is too long; export the products as CSV, JSON or XML")
                return
            del node[:-1]
            node = node[-1]
        self._open_characters = 0

    def _write_row(self, row: Any) -> None:
        if not self._writer.has_sheet:
            self._tables += 1
            self._writer.start_sheet(f"Table {self._tables}")
            self._row, self._spans = 0, {}
        if self._row >= MAX_ROWS:
            return
        self._row += 1
        texts, cells, column, spans = list[str](), list[str](), 0, dict[int, int]()
        for cell in row.iterchildren(*_CELLS):
            column += 1
            while column in self._spans:
                column += 1
            if column > MAX_COLUMNS:
                break
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            if text := _text_of(cell):
                texts.append(text)
                cells.append(text_cell(column, self._row, text))
            self._writer.merge(column, self._row, across, down)
            spans |= dict.fromkeys(range(column, column + across + 1), down) if down else {}
            column += across
        self._spans = {at: rows - 1 for at, rows in self._spans.items() if rows > 1} | spans
        if self._names < MIN_NAMES:
            self._names = max(self._names, self._count_known(texts))
        self._writer.write_row(self._row, cells)


def _text_of(cell: Any) -> str:
    text = _SPACE.sub(" ", " ".join(cell.itertext())).strip()
    return text or next((str(image.get("src", "")) for image in cell.iterdescendants("img")), "")


def _span(cell: Any, name: str) -> int:
    """Return the number of additional columns or rows that a cell covers."""
    text = cell.get(name) or ""
    return (
        min(int(text), MAX_SPAN) - 1 if text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text) else 0
    )
