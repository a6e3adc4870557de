"""Writes the rows of other formats as an XLSX archive, which the reader of workbooks then reads.

The archive is not compressed, because it exists only while the file is read.
"""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.containers import MAX_MEMORY_BYTES, report_full_disk
from wecelebrate.feeds.items import UnreadableFeed

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""The maximum number of rows of a sheet in Excel."""
MAX_SHEETS = 200
MAX_MERGED = 100_000
_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_STATES = ("visible", "hidden")


class XlsxWriter:
    """Writes the sheets one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._sheets: list[tuple[str, bool]] = []
        self._part: IO[bytes] | None = None
        self._merged: list[str] = []
        self._styles: dict[str, int] = {}

    @property
    def has_sheet(self) -> bool:
        """Whether a sheet is open."""
        return self._part is not None

    def start_sheet(self, name: str, *, is_hidden: bool = False) -> None:
        """End the current sheet, and start another sheet. Raises UnreadableFeed if there are too many sheets."""
        self.end_sheet()
        if len(self._sheets) >= MAX_SHEETS:
            raise UnreadableFeed(f"the workbook has more than {MAX_SHEETS} sheets; save only the sheet with products")
        self._sheets.append((name, is_hidden))
        self._part = self._archive.open(f"xl/worksheets/sheet{len(self._sheets)}.xml", "w", force_zip64=True)
        self._part.write(f"{_HEAD}<worksheet {_NAMESPACE}><sheetData>".encode())
        self._merged = []

    def end_sheet(self) -> None:
        if self._part is not None:
            merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in self._merged)
            merged = f"<mergeCells>{merged}</mergeCells>" if merged else ""
            self._part.write(f"</sheetData>{merged}</worksheet>".encode())
            self._part.close()
            self._part = None

    def write_row(self, row: int, cells: list[str]) -> None:
        """Write a row of the open sheet. The cells are results of `text_cell` and `typed_cell`."""
        if self._part is not None:
            self._part.write(f'<row r="{row}">{"".join(cells)}</row>'.encode())

    def merge(self, column: int, row: int, across: int, down: int) -> None:
        """Merge a cell with cells to the right and below."""
        if (across or down) and len(self._merged) < MAX_MERGED:
            end = f"{letters(min(column + across, MAX_COLUMNS))}{min(row + down, MAX_ROWS)}"
            self._merged.append(f"{letters(column)}{row}:{end}")

    def style(self, code: str | None) -> int:
        """Return the number of a style with this number format. 0 is the style without a format."""
        return 0 if code is None else self._styles.setdefault(code, len(self._styles) + 1)

    def finish(self) -> None:
        """Write the other parts of the workbook. Raises UnreadableFeed if it has no sheets."""
        self.end_sheet()
        if not self._sheets:
            raise UnreadableFeed("the workbook has no sheets; save the sheet with the products as XLSX")
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}" state="{_STATES[is_hidden]}"/>'
            for at, (name, is_hidden) in enumerate(self._sheets, 1)
        )
        links = "".join(
            f'<Relationship Id="rId{at}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
            for at in range(1, len(self._sheets) + 1)
        )
        links += f'<Relationship Id="rId0" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
        codes = "".join(
            f'<numFmt numFmtId="{163 + at}" formatCode={quoteattr(code)}/>' for code, at in self._styles.items()
        )
        styles = "".join(f'<xf numFmtId="{163 + at}"/>' for at in self._styles.values())
        for part, content in (
            ("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>'),
            ("xl/workbook.xml", f'<workbook {_NAMESPACE} xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>'),
            ("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'),
            (
                "xl/styles.xml",
                f"<styleSheet {_NAMESPACE}><numFmts>{codes}</numFmts>"
                f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
            ),
        ):
            self._archive.writestr(part, _HEAD + content)


class Converted:
    """An XLSX archive that was written from another format. `close` deletes it."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115

    @contextmanager
    def writing(self) -> Iterator[XlsxWriter]:
        """Write the archive. It is closed if an exception is raised. Raises UnreadableFeed if the disk is full."""
        try:
            with report_full_disk(), zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED) as archive:
                writer = XlsxWriter(archive)
                try:
                    yield writer
                    writer.finish()
                finally:
                    writer.end_sheet()  # an archive with an open part cannot be closed
        except BaseException:
            self.file.close()
            raise

    def archive(self) -> Archive:
        return Archive(self.file)


def text_cell(column: int, row: int, text: str) -> str:
    """Return a cell with a text."""
    place = f"{letters(column)}{row}"
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(_printable(text))}</t></is></c>'


def typed_cell(column: int, row: int, kind: str, value: str, style: int = 0) -> str:
    """Return a cell with a number (`n`), a boolean (`b`) or an error (`e`)."""
    return f'<c r="{letters(column)}{row}" t="{kind}" s="{style}"><v>{escape(value)}</v></c>'


def formula_cell(column: int, row: int, formula: str) -> str:
    """Return a cell with a formula without a stored value."""
    return f'<c r="{letters(column)}{row}" t="n"><f>{escape(_printable(formula))}</f></c>'


def _printable(text: str) -> str:
    """Return a text without the control characters that XML forbids. A row with such a character has damaged text."""
    return (
        text if text.isprintable() else "".join(char if char >= " " or char in "\t\n\r" else "\ufffd" for char in text)
    )


@lru_cache(MAX_COLUMNS)
def letters(column: int) -> str:
    """Return the letters of a column, which is counted from 1."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
