"""Converts an OpenDocument spreadsheet (ODS) to XLSX, so that the same code reads both.

The rows are converted one by one. LibreOffice writes equal neighbours only once, with the number of their repetitions.
Comments, pictures, drawings and deleted rows are left out.

Source: OASIS, Open Document Format for Office Applications 1.3, part 3, 9.1 (tables) and 19.385 (value types). The
prefixes of the names are those that all programs write.
"""

import re
from bisect import bisect_left

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.containers import UnpackedFile
from wecelebrate.feeds.files.csv_rows import MAX_RECORD_LENGTH
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xlsx.converted import (
    MAX_COLUMNS,
    MAX_ROWS,
    Converted,
    XlsxWriter,
    formula_cell,
    letters,
    text_cell,
    typed_cell,
)
from wecelebrate.feeds.xlsx.opendocument_styles import Styles
from wecelebrate.feeds.xlsx.parts import Attributes, parse_part
from wecelebrate.feeds.xlsx.strings import MAX_TEXT_LENGTH

MAX_COPIED_BYTES = 64 << 20
"""The maximum size of repeated cells in the XLSX archive, without the first of each. A tag could repeat a cell a
billion times."""
MAX_REPEATED = 1 << 24
MAX_MANIFEST_BYTES = 1 << 20
_NOT_SHOWN = frozenset(
    ("annotation", "tracked-changes", "dde-links", "data-pilot-tables", "forms", "frame", "shapes", "custom-shape")
)
"""Elements inside a sheet or a cell that are not part of its values."""
_CELLS = ("table-cell", "covered-table-cell")
_AMOUNTS = ("float", "currency", "percentage")
_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,3})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_SYMBOL = re.compile(r'\[\$[^\]]*\]|"[^"]*"')
_SPACES = re.compile(r"[ \t\r\n]+")
_SPACE = "\x01"
"""Replaces a space that is written as an element. All other neighbouring spaces are shown as one space."""


def xlsx_archive(unpacked: UnpackedFile, workbook: Archive) -> Archive:
    """Return the workbook of an unpacked file as an XLSX archive. `close` of the unpacked file closes it.

    Raises UnreadableFeed if an OpenDocument spreadsheet cannot be converted.
    """
    if not workbook.is_opendocument:
        return workbook
    converted = convert(workbook)
    unpacked.files.append(converted.file)
    return converted.archive()


def convert(archive: Archive) -> Converted:
    """Return the spreadsheet as an XLSX archive.

    Raises UnreadableFeed if the file is encrypted, not well-formed, or larger than a workbook of Excel.
    """
    manifest = archive.entries.get("META-INF/manifest.xml")
    if manifest and b"encryption-data" in (archive.open(manifest).read_whole(MAX_MANIFEST_BYTES) or b""):
        raise UnreadableFeed("the spreadsheet has a password; save it without a password")
    converted, styles = Converted(), Styles()
    with converted.writing() as writer:
        if "styles.xml" in archive.entries:
            _parse(archive, "styles.xml", styles, styles)
        _parse(archive, "content.xml", styles, _Rows(writer, styles))
    return converted


def _parse(archive: Archive, part: str, styles: Styles, handler: "Styles | _Rows") -> None:
    styles.start_part(part)
    for _ in parse_part(archive, part, handler.start, handler.end, handler.text):
        pass


class _Rows:
    """Writes the rows of the XML events of a spreadsheet."""

    def __init__(self, writer: XlsxWriter, styles: Styles) -> None:
        self._writer, self._styles = writer, styles
        self._in_sheets = False
        self._not_shown = self._tables = self._copied = 0
        # The state of the current sheet
        self._row = 0
        self._column_ends: list[int] = []
        self._column_styles: list[str] = []
        # The state of the current row
        self._row_attributes: Attributes = {}
        self._cells: list[str] = []
        self._column = self._size = 0
        # The state of the current cell
        self._cell: Attributes | None = None
        self._text: list[str] = []
        self._length = self._paragraphs = self._open_paragraphs = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if self._not_shown or (self._in_sheets and name in _NOT_SHOWN):
            self._not_shown += 1
        elif not self._in_sheets:
            self._in_sheets = name == "spreadsheet"
            self._styles.start(name, attributes)
        elif name == "table":
            self._start_table(attributes)
        elif self._tables != 1:
            pass
        elif name in _CELLS:
            self._cell, self._text, self._length, self._paragraphs = attributes, [], 0, 0
        elif name == "table-row":
            self._row_attributes, self._cells, self._column, self._size = attributes, [], 0, 0
        elif name == "table-column":
            last = self._column_ends[-1] if self._column_ends else 0
            if last < MAX_COLUMNS:
                self._column_ends.append(last + _repetitions(attributes, "table:number-columns-repeated"))
                self._column_styles.append(attributes.get("table:default-cell-style-name", ""))
        elif self._cell is not None:
            self._start_in_cell(name, attributes)

    def _start_table(self, attributes: Attributes) -> None:
        self._tables += 1
        if self._tables == 1:  # a table in a cell is not read
            is_hidden = self._styles.is_hidden(attributes.get("table:style-name", ""))
            self._writer.start_sheet(attributes.get("table:name", ""), is_hidden=is_hidden)
            self._row, self._column_ends, self._column_styles = 0, [], []

    def _start_in_cell(self, name: str, attributes: Attributes) -> None:
        if name in {"p", "h"}:
            if self._paragraphs and not self._open_paragraphs:
                self._add_text("\n")
            self._paragraphs += 1
            self._open_paragraphs += 1
        elif name == "s":
            self._add_text(_SPACE * min(_repetitions(attributes, "text:c"), MAX_TEXT_LENGTH))
        elif name == "tab":
            self._add_text("\t")
        elif name == "line-break":
            self._add_text("\n")

    def text(self, data: str) -> None:
        if not self._in_sheets:
            self._styles.text(data)
        elif self._open_paragraphs and not self._not_shown:
            self._add_text(_SPACES.sub(" ", data))

    def _add_text(self, text: str) -> None:
        if self._length <= MAX_TEXT_LENGTH:  # the reader of workbooks rejects a row with a longer text
            self._text.append(text)
            self._length += len(text)

    def end(self, name: str) -> None:
        if self._not_shown:
            self._not_shown -= 1
        elif not self._in_sheets:
            self._styles.end(name)
        elif name == "spreadsheet":
            self._in_sheets = False
        elif name == "table":
            self._tables -= 1
        elif self._tables != 1:
            pass
        elif name in {"p", "h"} and self._open_paragraphs:
            self._open_paragraphs -= 1
        elif name in _CELLS and self._cell is not None:
            self._end_cell(self._cell, is_covered=name == "covered-table-cell")
            self._cell = None
        elif name == "table-row":
            self._end_row()

    def _end_cell(self, cell: Attributes, *, is_covered: bool) -> None:
        column, row = self._column + 1, self._row + 1
        count = _repetitions(cell, "table:number-columns-repeated")
        self._column += count
        across = _repetitions(cell, "table:number-columns-spanned") - 1
        self._writer.merge(min(column, MAX_COLUMNS), row, across, _repetitions(cell, "table:number-rows-spanned") - 1)
        text = "".join(self._text).strip(" ").replace(_SPACE, " ")
        if is_covered or (not text and len(cell) == 0) or self._size > MAX_RECORD_LENGTH:
            return
        content = self._content(cell, column, row, text)
        if not content:
            return
        if self._column > MAX_COLUMNS:
            raise _outside()
        self._cells.append(content)
        self._size += max(len(text), 1)
        for other in range(column + 1, column + count):
            self._copy(len(content))
            self._cells.append(_moved(content, other, row))

    def _content(self, cell: Attributes, column: int, row: int, text: str) -> str:
        """Return the cell of the XLSX archive, or an empty text for a blank cell."""
        kind = cell.get("office:value-type") or cell.get("calcext:value-type")
        value = cell.get("office:value", "")
        if cell.get("calcext:value-type") == "error":
            return typed_cell(column, row, "e", text)
        if kind == "float" and value in {"0", "1"} and text.isalpha():  # LibreOffice shows TRUE in the user's language
            return typed_cell(column, row, "b", value)
        if kind in _AMOUNTS and _NUMBER.fullmatch(value):
            return typed_cell(column, row, "n", value, self._writer.style(self._code(cell, kind, column)))
        if kind == "boolean":
            return typed_cell(column, row, "b", "1" if cell.get("office:boolean-value") == "true" else "0")
        if kind == "date" and (date := cell.get("office:date-value")):
            text = date[:MAX_TEXT_LENGTH].partition(".")[0].removesuffix("T00:00:00")
        elif kind is None and not text and (formula := cell.get("table:formula")):
            return formula_cell(column, row, formula[:MAX_TEXT_LENGTH])
        text = text or cell.get("office:string-value", "")[: MAX_TEXT_LENGTH + 1]
        return text_cell(column, row, text) if text else ""

    def _code(self, cell: Attributes, kind: str, column: int) -> str | None:
        """Return the number format of a cell, as Excel writes it, or None if the cell has none."""
        style = cell.get("table:style-name") or self._row_attributes.get("table:default-cell-style-name")
        if not style and (at := bisect_left(self._column_ends, column)) < len(self._column_styles):
            style = self._column_styles[at]
        code = self._styles.code(style) if style else None
        if kind == "percentage":
            return code if code and "%" in code else "0%"
        currency = cell.get("office:currency", "")
        if kind == "currency" and _CURRENCY.fullmatch(currency):
            return f"{_SYMBOL.sub('', code or '') or '0.##'}[${currency}]"
        return code

    def _end_row(self) -> None:
        count = _repetitions(self._row_attributes, "table:number-rows-repeated")
        first, self._row = self._row + 1, self._row + count
        if not self._cells:
            return
        if self._row > MAX_ROWS:
            raise _outside()
        self._writer.write_row(first, self._cells)
        size = sum(map(len, self._cells)) if count > 1 else 0
        for row in range(first + 1, first + count):
            self._copy(size)
            self._writer.write_row(row, [_moved_down(cell, first, row) for cell in self._cells])

    def _copy(self, size: int) -> None:
        self._copied += size
        if self._copied > MAX_COPIED_BYTES:
            raise UnreadableFeed(
                "the spreadsheet repeats cells too often for a file of products; delete the rows below the products"
            )


def _moved(cell: str, column: int, row: int) -> str:
    """Return a copy of a cell for another place."""
    return f'<c r="{letters(column)}{row}" {cell.partition(" r=")[2].partition(" ")[2]}'


def _moved_down(cell: str, first: int, row: int) -> str:
    """Return a copy of a cell of the row `first` for another row."""
    place, space, content = cell.partition('" ')
    return f"{place.removesuffix(str(first))}{row}{space}{content}"


def _repetitions(attributes: Attributes, name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, min(int(text), MAX_REPEATED)) if text.isascii() and text.isdecimal() and len(text) < 12 else 1


def _outside() -> UnreadableFeed:
    return UnreadableFeed("the spreadsheet has a cell outside of any sheet of Excel; save it as XLSX")
