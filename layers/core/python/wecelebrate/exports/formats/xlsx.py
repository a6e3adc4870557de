"""Writes XLSX with XlsxWriter. The rows go to a temporary file, so the memory does not grow with the number of rows.

A spreadsheet stores only 15 digits of a number. Therefore ids, and numbers with more digits, are written as texts. A
text cell of XLSX is never a formula, even if it begins with `=`. Therefore texts need no quote before them.
"""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from wecelebrate.exports.columns import Column

MAX_ROWS_PER_SHEET = 1_000_000
"""The largest number of rows in a sheet, without the header. XLSX allows 1,048,576 rows. More rows need more sheets."""
MAX_CELL_LENGTH = 32_767
"""The maximum number of UTF-16 units in a cell."""
MAX_DIGITS = 15
_TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
_FIRST_YEAR = 1900
_COPY_BYTES = 1024 * 1024

WriteCell = Callable[[int, int, Any], bool]
"""Writes a value that is not null into a cell. The arguments are the row, the column and the value. It returns whether
the value was too long and was shortened.
"""


def write(
    out: io.RawIOBase,
    columns: Sequence[Column],
    blocks: Iterator[bytes],
    timezone: str,
    *,
    max_rows: int = MAX_ROWS_PER_SHEET,
) -> int:
    """Write blocks of JSON lines as a workbook. It returns the number of texts that were shortened."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "tmpdir": folder, "strings_to_urls": False, "use_zip64": True}
        )
        try:
            cut_cells = _write_rows(_Sheets(book, columns, timezone), blocks, max_rows)
        except BaseException:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()  # Otherwise, only `Workbook.close` closes this file.
            raise
        book.close()
        with path.open("rb") as file:
            while content := file.read(_COPY_BYTES):
                out.write(content)
    return cut_cells


def _write_rows(sheets: "_Sheets", blocks: Iterator[bytes], max_rows: int) -> int:
    cut_cells = 0
    cells, row_number = sheets.add(), 0
    for block in blocks:
        for line in block.splitlines():
            if row_number == max_rows:
                cells, row_number = sheets.add(), 0
            row_number += 1
            for number, value in enumerate(orjson.loads(line).values()):
                if value is not None and cells[number](row_number, number, value):
                    cut_cells += 1
    return cut_cells


class _Sheets:
    """Adds sheets to a workbook. Each sheet has a header."""

    def __init__(self, book: xlsxwriter.Workbook, columns: Sequence[Column], timezone: str) -> None:
        self._book, self._columns, self._zone = book, columns, ZoneInfo(timezone)
        self._header = book.add_format({"bold": True})
        self._time = book.add_format({"num_format": _TIME_FORMAT})
        self._amounts = [book.add_format({"num_format": "0." + "0" * n if n else "0"}) for n in range(5)]
        self._numbers = count(1)

    def add(self) -> list[WriteCell]:
        """Add a sheet. It returns the function that writes the cells of each column."""
        sheet = self._book.add_worksheet(f"Sheet{next(self._numbers)}")
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            label = f"{column.name} ({self._zone.key})" if column.type == "time" else column.name
            sheet.write_string(0, number, label, self._header)
            sheet.set_column(number, number, 22 if column.type == "time" else 16)
        return [self._cell_writer(sheet, column) for column in self._columns]

    def _cell_writer(self, sheet: Worksheet, column: Column) -> WriteCell:
        match column.type:
            case "integer":
                return lambda row, number, value: _integer(sheet, row, number, value)
            case "amount":
                return lambda row, number, value: self._amount(sheet, row, number, value)
            case "boolean":
                return lambda row, number, value: bool(sheet.write_boolean(row, number, value))
            case "time":
                return lambda row, number, value: self._moment(sheet, row, number, value)
            case _:
                return lambda row, number, value: _text(sheet, row, number, value)

    def _amount(self, sheet: Worksheet, row: int, number: int, value: str) -> bool:
        _, _, decimals = value.partition(".")
        if sum(map(str.isdigit, value)) > MAX_DIGITS:
            return _text(sheet, row, number, value)
        sheet.write_number(row, number, float(value), self._amounts[len(decimals)])
        return False

    def _moment(self, sheet: Worksheet, row: int, number: int, value: str) -> bool:
        local = datetime.fromisoformat(value).astimezone(self._zone).replace(tzinfo=None)
        if local.year < _FIRST_YEAR:
            return _text(sheet, row, number, value)
        sheet.write_datetime(row, number, local, self._time)
        return False


def _integer(sheet: Worksheet, row: int, number: int, value: int) -> bool:
    if abs(value) >= 10**MAX_DIGITS:
        return _text(sheet, row, number, str(value))
    sheet.write_number(row, number, value)
    return False


def _text(sheet: Worksheet, row: int, number: int, value: str) -> bool:
    fits = len(value) * 2 <= MAX_CELL_LENGTH or len(value.encode("utf-16-le")) // 2 <= MAX_CELL_LENGTH
    text = value if fits else value.encode("utf-16-le")[: 2 * (MAX_CELL_LENGTH - 1)].decode("utf-16-le", "ignore") + "…"
    sheet.write_string(row, number, text)
    return not fits
