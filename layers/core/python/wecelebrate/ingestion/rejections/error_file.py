"""Reads a page of rejected rows from an error file in S3.

The file is NDJSON, or CSV in UTF-8. A CSV file has the columns of the source file, followed by REPORT_COLUMNS. An
NDJSON file has the objects of the source file. REPORT_COLUMNS are additional members of these objects.
`ingestion.merge.report` and `order_imports.error_files` write the file.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from wecelebrate.core import storage
from wecelebrate.core.errors import NotFound
from wecelebrate.core.formula_quotes import unquoted
from wecelebrate.core.pages import MAX_RESPONSE_BYTES

REPORT_PREFIX = "wecelebrate_"
"""The prefix of the columns that the error file adds.

Feeds ignore columns with this prefix, so that users can correct the error file and upload it again. The value is the
same as `feeds.REPORT_COLUMN_PREFIX`. That constant is not imported, because the import would load all parsers.
"""
REPORT_COLUMNS = tuple(f"{REPORT_PREFIX}{name}" for name in ("line", "code", "error", "sku"))
"""The columns that the error file adds."""


@dataclass(frozen=True, slots=True)
class ErrorFileFormat:
    """The format of an error file: CSV or NDJSON."""

    suffix: str
    """The end of the key of an error file in this format."""
    content_type: str


CSV = ErrorFileFormat(".errors.csv", "text/csv; charset=utf-8")
NDJSON = ErrorFileFormat(".errors.ndjson", "application/x-ndjson")
MAX_RECORD_BYTES = 16 << 20
"""The maximum size of one record, in bytes. The platform stores rows of at most 2 MiB as JSON (`merge.bounds`)."""
_MAX_CELL_LENGTH = 1_000_000
HIDDEN_REASON = "The reason is hidden, because it can contain personal data."
"""This text replaces a reason that can contain personal data. The database has the same text
(`app.without_reasons`)."""
_CHUNK = 64 << 10

# The limit applies to the whole process, and `feeds.csv_rows` sets it too. Therefore this module and `feeds.csv_rows`
# use the same value.
csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_LENGTH))


class _Damaged(Exception):
    """The file is not an error file that the platform has written."""


def rows(
    bucket: str, key: str, after: int | None, limit: int, *, with_cells: bool, with_reasons: bool
) -> list[dict[str, Any]]:
    """Read the rows that begin at the byte `after`, or the first rows if `after` is None.

    It returns at most `limit` + 1 rows, or fewer if the response becomes too large. `item` is a row as JSON, and
    `after_byte` is the position of the byte after the row. If a row is too large for the response, the `item` of the
    last row is None.

    Raises NotFound if the file was deleted or replaced.
    """
    try:
        if key.endswith(NDJSON.suffix):
            with closing(storage.open_from(bucket, key, after or 0)) as stream:
                return _page(_objects(stream, after or 0, with_cells), limit, with_reasons)
        with closing(storage.open_from(bucket, key, 0)) as stream:
            records = _records(_lines(stream), 0)
            header, first_byte = next(records, ([], 0))
            if len(header) < len(REPORT_COLUMNS) - 1:
                raise _Damaged
            if after is None:
                return _page(_table(header, records, with_cells), limit, with_reasons)
        with closing(storage.open_from(bucket, key, max(after, first_byte))) as stream:
            records = _records(_lines(stream), max(after, first_byte))
            return _page(_table(header, records, with_cells), limit, with_reasons)
    except storage.ObjectGone as error:
        raise NotFound("The error file was deleted, because it is too old.") from error
    except (_Damaged, csv.Error) as error:
        raise NotFound("The error file was replaced by another file, so its rows cannot be read.") from error


def format_of(key: str) -> ErrorFileFormat:
    """Return the format of the error file with this key."""
    return NDJSON if key.endswith(NDJSON.suffix) else CSV


def _page(rows: Iterable[tuple[dict[str, Any], int]], limit: int, with_reasons: bool) -> list[dict[str, Any]]:
    """Return the first `limit` + 1 rows, each with the position of the byte after the row."""
    page: list[dict[str, Any]] = []
    size = 0
    for row, end in islice(rows, limit + 1):
        if not with_reasons:
            row |= {"reason": HIDDEN_REASON, "sku": None}
        item = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        size += len(item.encode())
        fits = size <= MAX_RESPONSE_BYTES or not page
        page.append({"item": item if fits else None, "after_byte": end})
        if not fits:
            break
    return page


def _table(
    header: Sequence[str], records: Iterable[tuple[list[str], int]], with_cells: bool
) -> Iterator[tuple[dict[str, Any], int]]:
    for cells, end in records:
        yield _row(header, cells, with_cells), end


def _objects(stream: BinaryIO, position: int, with_cells: bool) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each row of a file of JSON objects. `position` is the position of the first byte of the stream."""
    for line in _lines(stream):
        position += len(line)
        try:
            item = json.loads(line, parse_int=str, parse_float=str)
            reported = {name: str(item.pop(f"{REPORT_PREFIX}{name}")) for name in ("line", "code", "error")}
        except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
            raise _Damaged from error
        raw = {
            _unicode(name): _unicode(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for name, value in item.items()
            if not name.startswith(REPORT_PREFIX)
        }
        yield (
            _reported(reported["line"], None, reported["code"], reported["error"], raw if with_cells else None),
            position,
        )


def _unicode(text: str) -> str:
    """Return a JSON text that can be encoded in UTF-8. A JSON text can contain a lone surrogate, which UTF-8 cannot
    encode.
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _row(header: Sequence[str], cells: Sequence[str], with_cells: bool) -> dict[str, Any]:
    if len(cells) != len(header):
        raise _Damaged
    # If the source file was itself an error file, several columns have the same name. This job has written the last of
    # them.
    values = dict(zip(header, cells, strict=True))
    raw = {name: cell for name, cell in values.items() if not name.startswith(REPORT_PREFIX)}
    line, sku, code, reason = (values.get(f"{REPORT_PREFIX}{name}", "") for name in ("line", "sku", "code", "error"))
    return _reported(line, sku or None, code, reason, raw if with_cells else None)


def _reported(line: str, sku: str | None, code: str, reason: str, raw: dict[str, str] | None) -> dict[str, Any]:
    """Return a rejected row in the form of the API. Error files of earlier releases have no column for the SKU."""
    if not re.fullmatch(r"[0-9]{1,10}", line):
        raise _Damaged
    return {"line": int(line), "sku": sku, "code": code, "reason": reason, "raw": raw}


def _records(lines: Iterator[bytes], position: int) -> Iterator[tuple[list[str], int]]:
    """Yield each record of a CSV file, and the position of the byte after the record. A record can contain line breaks.

    `position` is the position of the first byte of the stream.
    """
    record_start = position

    def text() -> Iterator[str]:
        nonlocal position
        for line in lines:
            position += len(line)
            if position - record_start > MAX_RECORD_BYTES:
                raise _Damaged
            yield line.decode("utf-8", "replace")

    # `csv.reader` reads no further line before it has returned the record.
    for record in csv.reader(text()):
        yield [unquoted(cell) for cell in record], position
        record_start = position


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        *complete, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in complete)
        if len(rest) > MAX_RECORD_BYTES:
            raise _Damaged
    if rest:
        yield rest
