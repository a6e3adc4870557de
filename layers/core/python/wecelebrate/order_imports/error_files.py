"""Writes the error file of an import: the original rejected rows with their errors. A user can correct the file and
import it again.

For the rows of a table, the error file is CSV. For JSON objects, the error file is NDJSON, because a CSV row cannot
contain the lines of an order. The worker uploads the file while it writes the file. Therefore the file needs no disk
space.

Numbers and times of a workbook are written in the formats that the request states for texts. Therefore an import of the
corrected file reads the same values. Leading zeros that the format of a cell shows are written too.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, cast

from wecelebrate.core import storage
from wecelebrate.core.formula_quotes import quoted, quoted_cells
from wecelebrate.feeds.items import NumberText
from wecelebrate.ingestion.rejections.error_file import CSV, NDJSON
from wecelebrate.order_imports.objects import REPORT_PREFIX, report_line, written
from wecelebrate.order_imports.spool import Spool
from wecelebrate.order_imports.values import Settings

_COLUMNS = ("line", "code", "error")
_TIMES = frozenset(("created_at", "processed_at", "shipped_at", "delivered_at", "cancelled_at"))
_COUNTS = frozenset(("line", "quantity", "shipped_quantity", "cancelled_quantity", "returned_quantity"))
_AMOUNTS = frozenset(("amount", "total_amount", "unit_price"))
_NUMBER = re.compile(r"(-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?)([ \u00a0\u202f]?\D{0,5})", re.ASCII)
"""Matches a number of a workbook. A currency from the format of the cell can follow the number."""
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def write(spool: Spool, bucket: str, path: str, fields: Sequence[Mapping[str, str]], settings: Settings) -> str:
    """Write the error file and return its key, which begins with `path`. `fields` maps the columns of each file to
    fields.
    """
    kind = NDJSON if spool.has_objects else CSV
    parts = _ndjson(spool, fields, settings) if spool.has_objects else _csv(spool, fields, settings)
    stream = io.BufferedReader(_Parts(parts), 1 << 16)
    storage.put(bucket, f"{path}{kind.suffix}", cast(BinaryIO, stream), kind.content_type)
    return f"{path}{kind.suffix}"


def _ndjson(spool: Spool, fields: Sequence[Mapping[str, str]], settings: Settings) -> Iterator[str]:
    for rejection in spool.rejections():
        row = rejection.row
        added = dict(zip(_COLUMNS, (row.number, rejection.code, rejection.reason), strict=True))
        source = row.source
        if source is None:
            cells = {name: cell for name, cell in row.raw.items() if not name.startswith(REPORT_PREFIX)}
            of_columns = fields[row.file]
            source = written({
                name: cell if _is_json_number(cell) else text_of(cell, of_columns.get(name), settings)
                for name, cell in cells.items()
            })  # fmt: skip
        yield from report_line(source, added)


def _is_json_number(cell: str) -> bool:
    return isinstance(cell, NumberText) and _JSON_NUMBER.fullmatch(cell) is not None


def _csv(spool: Spool, fields: Sequence[Mapping[str, str]], settings: Settings) -> Iterator[str]:
    header: dict[str, None] = {}
    for rejection in spool.rejections():
        header |= dict.fromkeys(name for name in rejection.row.raw if not name.startswith(REPORT_PREFIX))
    line = _Line()
    writer = csv.writer(line)
    writer.writerow([*map(quoted, header), *(f"{REPORT_PREFIX}{name}" for name in _COLUMNS)])
    yield line.text
    for rejection in spool.rejections():
        raw, of_columns = rejection.row.raw, fields[rejection.row.file]
        cells = quoted_cells(text_of(raw.get(name, ""), of_columns.get(name), settings) for name in header)
        writer.writerow([*cells, rejection.row.number, rejection.code, quoted(rejection.reason)])
        yield line.text


def text_of(cell: str, field: str | None, settings: Settings) -> str:
    """Return the text of a cell. An import with the same settings reads the same value from this text."""
    if not isinstance(cell, NumberText):
        return cell
    if field in _TIMES and settings.date_format:
        return _text_of_time(cell, settings.date_format, settings)
    return _text_of_number(cell, settings.decimal_mark) if field in _COUNTS or field in _AMOUNTS else str(cell)


def _text_of_time(cell: str, date_format: str, settings: Settings) -> str:
    """Return a time in the format of the request. If this format would lose information, e.g. the seconds, do not
    change the text.
    """
    try:
        time = datetime.fromisoformat(cell)
        local = time.astimezone(settings.zone).replace(tzinfo=None) if time.tzinfo else time
        text = local.strftime(date_format)
        is_same = datetime.strptime(text, date_format) == local  # noqa: DTZ007 — both times are in the time zone of the request
    except ValueError:
        return str(cell)
    return text if is_same else str(cell)


def _text_of_number(cell: str, decimal_mark: str | None) -> str:
    """Return a number without an exponent, with the decimal mark of the request. A currency after the number does not
    change.
    """
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return str(cell)
    value = Decimal(match[1])
    digits = f"{value:f}" if value != int(value) else str(int(value))
    return digits.replace(".", decimal_mark or ".") + match[2]


class _Line:
    """Stores the last line that `csv.writer` has written."""

    text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


class _Parts(io.RawIOBase):
    """A file that can be read once. It returns the texts of an iterator in UTF-8."""

    def __init__(self, parts: Iterator[str]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            text = next(self._parts, None)
            if text is None:
                return 0
            self._rest = text.encode("utf-8", "replace")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
