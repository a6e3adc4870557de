"""The rows of a file with orders: CSV, XLSX, NDJSON and JSON, also in a zip archive or compressed with gzip."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wecelebrate import feeds
from wecelebrate.feeds.tables.source import open_source

MAX_BYTES = 100 << 20
"""The largest file, in bytes. The worker has 512 MB of disk, for the file, its decoded text, and its rows."""
MAX_ROWS = 1_000_000
MAX_COLUMNS = 2_000
MAX_JSON_BYTES = 20 << 20
"""The largest file that is one JSON document. NDJSON is read line by line, and may be larger."""
MAX_LINE_BYTES = 4 << 20
"""The longest line of NDJSON, in bytes: an order with all its lines."""
_LISTS = ("items", "lines", "line_items")
"""The members of an order that contain its lines."""


_ZONED = re.compile(r"([a-z]+_at) \(([A-Za-z0-9_+/-]{1,100})\)")


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why."""


@dataclass(frozen=True)
class RawRow:
    """A row as the file has it."""

    number: int
    """The number of the row in the file, from 1. For text files, it is the number of the line."""
    cells: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...] | None = None
    """The lines of an order that the row contains. None: the row has none."""
    problem: str | None = None
    """Why the row cannot be read."""


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Copy a stream to a temporary file. Raises UnreadableFile if it is too large."""
    with tempfile.TemporaryFile() as file:
        size = 0
        while block := stream.read(1 << 20):
            size += len(block)
            if size > MAX_BYTES:
                raise UnreadableFile(f"The file has more than {MAX_BYTES >> 20} MB. Split it into smaller files.")
            file.write(block)
        file.seek(0)
        yield cast(BinaryIO, file)


def rows(file: BinaryIO, name: str, names: Mapping[str, str | None], columns: dict[str, None]) -> Iterator[RawRow]:
    """Yield the rows of a file. `names` are known names of columns. Raises UnreadableFile.

    `columns` gets the columns of the file: those of a table before its first row, and those of JSON with each row.
    """
    start = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(0)
    if start.startswith(b"{"):
        read = _json_lines(file)
    elif start.startswith(b"["):
        read = _json_document(file)
    else:
        read = _table(file, name, names, columns)
    for count, row in enumerate(read, start=1):
        if count > MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it into smaller files.")
        if not columns.keys() >= row.cells.keys():
            columns |= dict.fromkeys(row.cells)
            if len(columns) > MAX_COLUMNS:
                raise UnreadableFile(f"The file has more than {MAX_COLUMNS:,} columns.")
        yield row


def _json_lines(file: BinaryIO) -> Iterator[RawRow]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise UnreadableFile(f"Line {number} has more than {MAX_LINE_BYTES >> 20} MB.")
        if not line.strip():
            continue
        try:
            yield _object_row(number, _parsed(line.decode("utf-8-sig")))
        except (ValueError, RecursionError):
            yield RawRow(number, {}, problem="The line is not a JSON object in UTF-8.")


def _json_document(file: BinaryIO) -> Iterator[RawRow]:
    content = file.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        limit = MAX_JSON_BYTES >> 20
        raise UnreadableFile(f"A JSON list may have {limit} MB. Send a larger file as NDJSON, one object per line.")
    try:
        items = _parsed(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"The file is not valid JSON: {error}.") from error
    for number, item in enumerate(items, start=1):
        yield _object_row(number, item)


class _Number(str):
    """A number as it is written. An amount must not become a float."""


def _parsed(text: str) -> Any:
    """Parse a JSON text. Numbers stay texts. Raises ValueError."""
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=str, object_pairs_hook=_object)


def _plain(value: Any) -> Any:
    """Return a nested value with numbers."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return json.loads(value) if isinstance(value, _Number) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same key twice")
    return members


def _object_row(number: int, item: Any) -> RawRow:
    if not isinstance(item, dict):
        return RawRow(number, {}, problem="The row is not a JSON object.")
    lists = [name for name in _LISTS if isinstance(item.get(name), list)]
    lines = None
    if lines_of := item.get(lists[0]) if lists else None:
        if not all(isinstance(line, dict) for line in lines_of):
            return RawRow(number, {}, problem=f"`{lists[0]}` must be a list of objects.")
        lines = tuple(_cells(line) for line in lines_of)
    return RawRow(number, _cells({name: value for name, value in item.items() if name not in lists[:1]}), lines)


def _cells(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the members of an object as cells. A nested address has a cell for each part, as in CSV."""
    cells: dict[str, str] = {}
    for name, value in item.items():
        if name == "shipping_address" and isinstance(value, dict):
            cells |= {f"shipping_{part}": str(text) for part, text in value.items() if isinstance(text, str)}
        elif isinstance(value, dict | list):
            cells[name] = json.dumps(_plain(value), ensure_ascii=False)
        elif value is not None:
            cells[name] = value if isinstance(value, str) else str(value).lower()
    return {name: text for name, text in cells.items() if text}


def _table(file: BinaryIO, name: str, names: Mapping[str, str | None], columns: dict[str, None]) -> Iterator[RawRow]:
    """Read a CSV file or a workbook."""
    try:
        source = open_source(file, name, names, "EUR")
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    columns |= dict.fromkeys(_with_zone(column, "")[0] for column in source.table.header)
    try:
        for row in source.table.rows():
            if isinstance(row, feeds.Rejected):
                yield RawRow(row.line, {}, problem=row.reason)
                continue
            number, cells = row
            header = source.table.header
            pairs = zip(header, cells, strict=False)
            texts = dict(_with_zone(column, str(cell)) for column, cell in pairs if cell not in (None, ""))
            if len(cells) > len(header) and any(cell not in (None, "") for cell in cells[len(header) :]):
                yield RawRow(number, texts, problem="The row has more cells than the header has columns.")
            elif texts:
                yield RawRow(number, texts)
        if source.truncated or not source.table.ended_cleanly():
            raise UnreadableFile("The file is incomplete or broken: it ends in the middle. Upload the complete file.")
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    finally:
        source.close()


def _with_zone(column: str, cell: str) -> tuple[str, str]:
    """Return the name and the text of a cell. A workbook of an export names the zone of its times: `created_at (UTC)`.

    Such a time gets the offset of its zone.
    """
    match = _ZONED.fullmatch(column)
    if match is None:
        return column, cell
    try:
        return match[1], datetime.fromisoformat(cell).replace(tzinfo=ZoneInfo(match[2])).isoformat()
    except (ValueError, ZoneInfoNotFoundError, OSError):  # an unknown name can be a folder
        return match[1], cell
