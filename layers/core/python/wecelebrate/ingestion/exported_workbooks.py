"""Reads the workbooks that an export of products has written (`wecelebrate.exports.formats.xlsx`).

All sheets of such a workbook have the same header. The names of columns with times contain the time zone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from wecelebrate.feeds import Rejected, UnreadableFeed
from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.xlsx.book import Book
from wecelebrate.feeds.xlsx.rows import FlawedCells, SheetRows, merged_spans

_ZONED = re.compile(r"(\w+_at) \(.+\)")
_CUT_LENGTH = 32_767
"""The length of a text that an export has shortened, in UTF-16 units. Such a text ends with `…`."""


class ExportedWorkbook:
    """An exported workbook: its columns and its rows."""

    def __init__(self, book: Book, columns: list[str]) -> None:
        self._book, self.columns = book, columns

    def rows(self) -> Iterator[tuple[int, list[str]] | Rejected]:
        """Yield the number and the texts of each row. The numbers continue from one sheet to the next."""
        last = 0
        for sheet in self._book.sheets:
            first = last
            for position, row in enumerate(SheetRows(self._book, sheet)):
                if isinstance(row, Rejected):
                    last = first + row.line
                    yield row
                    continue
                last = first + row[0]
                if position:
                    yield self._checked(last, row[1])

    def close(self) -> None:
        self._book.close()

    def _checked(self, line: int, cells: list[str]) -> tuple[int, list[str]] | Rejected:
        texts = [*cells, *[""] * (len(self.columns) - len(cells))]
        if isinstance(cells, FlawedCells) and cells.flaws:
            code, problem = next(iter(cells.flaws.values()))
            return Rejected(line, 1, None, f"row {line}: {problem}", code, texts)
        for name, text in zip(self.columns, texts, strict=False):
            if text.endswith("…") and len(text.encode("utf-16-le")) == 2 * _CUT_LENGTH:
                reason = (
                    f"row {line}: the export has cut off the text of `{name}`; export the products as CSV or NDJSON"
                )
                return Rejected(line, 1, None, reason, "too_long", texts)
        return line, texts


def open_workbook(file: IO[bytes], is_exported: Callable[[Sequence[str]], bool]) -> ExportedWorkbook | None:
    """Return a workbook if it is an exported file. Otherwise return None.

    `is_exported` gets the names of the columns. All sheets are read before the function returns. If the workbook is
    damaged, the function returns None, and the usual reader of workbooks reports the damage.
    """
    try:
        archive = Archive(file)
        if not archive.is_workbook:
            return None
        book = Book(archive)
    except UnreadableFeed:
        return None
    try:
        headers = [_header(book, number) for number in range(len(book.sheets))]
        is_ours = headers[0] is not None and is_exported(headers[0]) and all(each == headers[0] for each in headers)
        if is_ours and headers[0] and not any(merged_spans(book, sheet) for sheet in book.sheets):
            return ExportedWorkbook(book, headers[0])
    except UnreadableFeed:
        pass
    book.close()
    return None


def _header(book: Book, number: int) -> list[str] | None:
    """Return the names of the columns of a sheet, without the time zones. Returns None if the first row is invalid."""
    row = next(iter(SheetRows(book, book.sheets[number])), None)
    if row is None or isinstance(row, Rejected) or row[0] != 1:
        return None
    return [match[1] if (match := _ZONED.fullmatch(name)) else name for name in row[1]]
