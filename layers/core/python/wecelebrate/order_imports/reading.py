"""Reads the rows of a file with orders: CSV, XLSX, NDJSON or JSON, optionally compressed with zip or gzip."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wecelebrate import feeds
from wecelebrate.feeds.files.containers import Readable, UnpackedFile, unpack
from wecelebrate.feeds.items import NumberText
from wecelebrate.feeds.json.records import InvalidJson
from wecelebrate.feeds.tables.plain import PlainColumns, open_plain
from wecelebrate.feeds.xlsx.rows import FlawedCells
from wecelebrate.order_imports.objects import Cells, NotARow, cells_and_lines, items_of, parsed, written

MAX_BYTES = 100 << 20
"""The maximum size of a file, in bytes."""
MAX_UNPACKED_BYTES = 150 << 20
"""The maximum size of a file after decompression, in bytes. The worker has 512 MB of disk space for the decompressed
file and the spool.
"""
MAX_ROWS = 1_000_000
MAX_COLUMNS = 2_000
MAX_LINE_BYTES = 4 << 20
"""The maximum size of an NDJSON line, in bytes. A line contains an order with all its order lines."""
_MAX_SHOWN_LINE = 10_000
"""If a line is not valid JSON, the error file contains only this number of characters of the line."""
_ZONED = re.compile(r"(?<![a-z])([a-z]+_at) \(([A-Za-z0-9_+/-]{1,100})\)")


class UnreadableFile(Exception):
    """The whole file cannot be read. The text of the exception says why."""


@dataclass(frozen=True)
class RawRow:
    """A row with the original values of the file."""

    number: int
    """The number of the row in the file, from 1. For text files, it is the number of the line."""
    cells: Cells
    lines: tuple[Cells, ...] | None = None
    """The order lines in the row. None if the row contains no list of lines."""
    problem: str | None = None
    """Why the row cannot be read."""
    flaws: Mapping[str, str] = field(default_factory=dict)
    """Maps a column to the reason why its cell has no value, e.g. an error in a formula."""
    source: str | None = None
    """The JSON object of the row. None for a row of a table."""


def rows(stream: BinaryIO, name: str, plain_columns: PlainColumns, columns: dict[str, None]) -> Iterator[RawRow]:
    """Yield the rows of a file. The file is read once, from its start. Raises UnreadableFile.

    The function adds the columns of the file to `columns`. The columns of a table are added before the first row. The
    columns of JSON objects are added with each row.
    """
    try:
        unpacked = unpack(cast(BinaryIO, _Bounded(stream, MAX_BYTES, f"has more than {MAX_BYTES >> 20} MB")), name)
        problem = f"unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB"
        unpacked.stream = _Bounded(unpacked.stream, MAX_UNPACKED_BYTES - len(unpacked.head), problem)
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    try:
        start = unpacked.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if unpacked.workbook is None and start.startswith((b"{", b"[")):
            text = io.BufferedReader(_RawText(unpacked), 1 << 16)
            read = _json_lines(text) if start.startswith(b"{") else _json_list(text)
        else:
            read = _table(unpacked, plain_columns, columns)
        yield from _bounded(read, columns)
        if unpacked.truncated:
            raise UnreadableFile("The file is incomplete: it ends in the middle. Upload the complete file.")
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    finally:
        unpacked.close()


def _bounded(read: Iterator[RawRow], columns: dict[str, None]) -> Iterator[RawRow]:
    """Yield the rows, add their columns to `columns`, and check the number of rows and columns."""
    for count, row in enumerate(read, start=1):
        if count > MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it into smaller files.")
        if not columns.keys() >= row.cells.keys():
            columns |= dict.fromkeys(row.cells)
            if len(columns) > MAX_COLUMNS:
                raise UnreadableFile(f"The file has more than {MAX_COLUMNS:,} columns.")
        yield row


class _Bounded:
    def __init__(self, stream: Readable, limit: int, problem: str) -> None:
        self._stream, self._left, self._problem = stream, limit, problem

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableFile(f"The file {self._problem}. Split it into smaller files.")
        return data


class _RawText(io.RawIOBase):
    """A decompressed text as a file that can be read line by line."""

    def __init__(self, unpacked: UnpackedFile) -> None:
        self._rest, self._stream = unpacked.head, unpacked.stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest or self._stream.read(len(buffer))
        part, self._rest = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _json_lines(file: BinaryIO | io.BufferedReader) -> Iterator[RawRow]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise UnreadableFile(f"Line {number} has more than {MAX_LINE_BYTES >> 20} MB.")
        if not line.strip():
            continue
        try:
            item = parsed(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            text = line.decode("utf-8", "replace").strip()[:_MAX_SHOWN_LINE]
            source = written({"wecelebrate_text": text})
            yield RawRow(number, {}, problem="The line is not a JSON object in UTF-8.", source=source)
        else:
            yield _object_row(number, item)


def _json_list(file: BinaryIO | io.BufferedReader) -> Iterator[RawRow]:
    try:
        for number, item in enumerate(items_of(io.TextIOWrapper(file, "utf-8-sig")), start=1):
            yield _object_row(number, item)
    except (InvalidJson, UnicodeDecodeError) as error:
        raise UnreadableFile(f"The file is not valid JSON: {error}.") from error


def _object_row(number: int, item: Any) -> RawRow:
    try:
        source = written(item if isinstance(item, dict) else {"wecelebrate_text": written(item)[:_MAX_SHOWN_LINE]})
    except RecursionError:
        source = written({"wecelebrate_text": "nested too deeply"})
        return RawRow(number, {}, problem="The object is nested too deeply.", source=source)
    try:
        cells, lines = cells_and_lines(item)
    except NotARow as error:
        return RawRow(number, {}, problem=str(error), source=source)
    return RawRow(number, cells, lines, source=source)


def _table(unpacked: UnpackedFile, plain_columns: PlainColumns, columns: dict[str, None]) -> Iterator[RawRow]:
    table = open_plain(unpacked, plain_columns)
    names = [_ZONED.sub(r"\1", column) for column in table.header]
    zones = {at: match[2] for at, column in enumerate(table.header) if (match := _ZONED.fullmatch(column))}
    columns |= dict.fromkeys(names)
    try:
        for row in table.rows():
            if isinstance(row, feeds.Rejected):
                cells = {name: cell for name, cell in zip(names, row.raw, strict=False) if cell}
                yield RawRow(row.line, cells, problem=row.reason)
                continue
            number, values = row
            texts = {name: cell for name, cell in zip(names, values, strict=False) if cell}
            for at, zone in zones.items():
                if names[at] in texts:
                    texts[names[at]] = _in_zone(texts[names[at]], zone)
            flaws = _flaws(values, names)
            if any(values[len(names) :]):
                yield RawRow(number, texts, problem="The row has more cells than the header has columns.")
            elif texts or flaws:
                yield RawRow(number, texts, flaws=flaws)
        if not table.is_complete():
            raise UnreadableFile("The file is incomplete or broken: it ends in the middle. Upload the complete file.")
    finally:
        table.close()


def _flaws(values: Any, names: list[str]) -> dict[str, str]:
    if not isinstance(values, FlawedCells):
        return {}
    return {names[at]: problem for at, (_, problem) in values.flaws.items() if at < len(names)}


def _in_zone(cell: str, zone: str) -> str:
    """Return the time of a cell with a UTC offset. The column name states the time zone, e.g. `created_at (UTC)`.

    Workbooks that the platform exports have such columns.
    """
    try:
        return NumberText(datetime.fromisoformat(cell).replace(tzinfo=ZoneInfo(zone)).isoformat())
    except (ValueError, ZoneInfoNotFoundError, OSError):  # An unknown name can be the name of a folder.
        return cell
