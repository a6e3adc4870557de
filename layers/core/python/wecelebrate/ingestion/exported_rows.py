"""Reads files that an export of products has written (`wecelebrate.exports`), in CSV, NDJSON or XLSX.

The columns of such a file have the same names as the fields of the API, and each value is written in exactly one form.
Therefore nothing has to be guessed. Each row is validated like a row of a request. The import of an unchanged export
changes nothing.

In a workbook, the cells have types, and the texts have no quote before them. If the name of a column is changed, or the
columns `id` and `catalog_id` are removed, the file is read like any other file.
"""

import codecs
import csv
import io
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import IO, Any, BinaryIO, Literal, Self, cast

import orjson

from wecelebrate.core.errors import Invalid
from wecelebrate.core.formula_quotes import unquoted
from wecelebrate.core.models import normalized
from wecelebrate.feeds import REPORT_COLUMN_PREFIX, Change, Item, Question, Rejected
from wecelebrate.feeds.files.containers import report_full_disk
from wecelebrate.feeds.files.csv_rows import MAX_CELL_LENGTH
from wecelebrate.ingestion.bulk_import.models import RowFields
from wecelebrate.ingestion.bulk_import.rows import to_item
from wecelebrate.ingestion.exported_workbooks import ExportedWorkbook, open_workbook

_FIELDS = frozenset({
    "sku", "name", "description", "category", "brand", "price", "currency", "images", "attributes", "inventory_count",
    "inventory_policy", "is_active", "offers",
})  # fmt: skip
_IGNORED = frozenset({"offer_price", "id", "catalog_id", "created_at", "updated_at", "source_data"})
_SIGNATURE = frozenset({"id", "catalog_id", "sku", "inventory_policy", "is_active"})
_HEAD_BYTES = 16 * 1024
"""How many bytes are read to recognise the header of a CSV file, or the first row of NDJSON. If the first row of NDJSON
is longer, the whole row is read."""
_ZIP = b"PK\x03\x04"
_MAX_LINE_BYTES = 16 * 1024 * 1024
_Row = tuple[int, list[str], RowFields | None]
"""The line number of a row, its cells, and its fields. The fields are None if the number of cells differs from the
header."""
_TRUTH = {"true": True, "false": False}  # A spreadsheet program writes TRUE.


class ExportedRows:
    """The rows of an exported file. The class implements the protocol `merge.load.Rows`."""

    declared_mode: Literal["full", "delta"] | None = None
    ended_cleanly = True
    has_places = keeps_places = False
    other_identifier: str | None = None
    states_stock = True
    reading: dict[str, Any] | None = None
    questions: tuple[Question, ...] = ()
    changes: tuple[Change, ...] = ()

    def __init__(
        self, file: BinaryIO, header: list[str] | None, currency: str, workbook: ExportedWorkbook | None = None
    ) -> None:
        self._file, self._columns, self._currency, self._workbook = file, header, currency, workbook
        self.rows_read = 0
        self.header = header or sorted(_FIELDS)
        self.details: dict[str, Any] = {"format": "export", "columns": self.header}

    def __iter__(self) -> Iterator[Item]:
        line = 0
        try:
            for row in self._rows():
                self.rows_read += 1
                if isinstance(row, Rejected):
                    yield row
                else:
                    line = row[0]
                    yield self._item(*row)
        except (csv.Error, _LineTooLong):
            self.ended_cleanly = False
            reason = f"reading stopped after line {line}: a cell or a line is too long, or a quote is not closed"
            yield Rejected(line + 1, 0, None, reason, "stopped", [])

    def _rows(self) -> Iterator[_Row | Rejected]:
        if self._workbook is not None:
            return self._workbook_rows(self._workbook)
        return self._json_rows() if self._columns is None else self._csv_rows(self._columns)

    def _workbook_rows(self, workbook: ExportedWorkbook) -> Iterator[_Row | Rejected]:
        for row in workbook.rows():
            if isinstance(row, Rejected):
                yield row
            else:
                line, cells = row
                is_complete = len(cells) == len(workbook.columns)
                yield line, cells, _fields(dict(zip(workbook.columns, cells, strict=True))) if is_complete else None

    def _json_rows(self) -> Iterator[_Row]:
        for line, text in enumerate(_lines(self._file), 1):
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError:
                row = None
            fields = row if isinstance(row, dict) else None
            yield line, [_as_cell((fields or {}).get(name)) for name in self.header], fields

    def _csv_rows(self, header: list[str]) -> Iterator[_Row]:
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_LENGTH))
        reader = csv.reader(line.decode("utf-8-sig", "replace") for line in _lines(self._file))
        next(reader, None)
        line = reader.line_num + 1
        for row in reader:
            if row:
                cells = [unquoted(cell) for cell in row]
                yield line, cells, _fields(dict(zip(header, cells, strict=True))) if len(row) == len(header) else None
            line = reader.line_num + 1

    def _item(self, line: int, cells: list[str], fields: RowFields | None) -> Item:
        if fields is None:
            reason = (
                "the row does not have the columns of the header" if self._columns else "the line is not a JSON object"
            )
            return Rejected(line, 1, None, f"line {line}: {reason}", "invalid", cells)
        try:
            fields = normalized({name: fields[name] for name in _FIELDS & fields.keys()})
        except Invalid as invalid:
            first = invalid.errors[0]
            return Rejected(line, 1, None, f"{first.pointer}: {first.detail}", "invalid", cells)
        item = to_item(line, fields, self._currency)
        if isinstance(item, Rejected):
            return replace(item, raw=cells)
        attributes = fields.get("attributes")
        # In a stored attribute, null is a value. In a request, null removes the attribute.
        return replace(
            item,
            attributes=attributes if isinstance(attributes, dict) else item.attributes,
            blank_attributes=(),
            source=dict(zip(self.header, cells, strict=False)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workbook is not None:
            self._workbook.close()
        self._file.close()


def open_exported(stream: BinaryIO, currency: str) -> tuple[ExportedRows | None, BinaryIO]:
    """Return the rows of a stream if the stream is an exported file. Otherwise return None and a stream with the whole
    content, so that another function can read the file.

    `currency` is the currency of the catalog.
    """
    head = _read(stream, _HEAD_BYTES)
    if head.startswith(_ZIP):
        return _open_workbook(cast(BinaryIO, _Joined(head, stream)), currency)
    if head.lstrip()[:1] == b"{":
        while b"\n" not in head and len(head) < _MAX_LINE_BYTES and (more := _read(stream, _HEAD_BYTES)):
            head += more
    whole = cast(BinaryIO, _Joined(head, stream))
    is_exported, header = _recognise(head)
    if not is_exported:
        return None, whole
    return ExportedRows(cast(BinaryIO, _copied(whole)), header, currency), whole


def _open_workbook(stream: BinaryIO, currency: str) -> tuple[ExportedRows | None, BinaryIO]:
    """Return the rows of a zip archive if it is an exported workbook. Otherwise return None and a copy of the whole
    file."""
    file = _copied(stream)
    workbook = open_workbook(file, _are_exported)
    if workbook is not None:
        return ExportedRows(cast(BinaryIO, file), workbook.columns, currency, workbook), stream
    file.seek(0)
    return None, cast(BinaryIO, _Copy(file))


def _copied(stream: BinaryIO) -> IO[bytes]:
    """Copy a stream to a temporary file. The caller closes the file."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 — the caller closes it
    try:
        with report_full_disk():
            while block := stream.read(1 << 20):
                file.write(block)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _recognise(head: bytes) -> tuple[bool, list[str] | None]:
    """Return whether a file begins like an exported file. If it is a CSV file, also return its header."""
    line = head.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]
    if line[:1] == b"{":
        try:
            names = list(orjson.loads(line))
        except orjson.JSONDecodeError:
            return False, None
        return _are_exported(names), None
    header = line.decode("utf-8", "replace").rstrip("\r").split(",")
    names = [name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name for name in header]
    return _are_exported(names), names


def _are_exported(names: Sequence[str]) -> bool:
    own = {name for name in names if not name.startswith(REPORT_COLUMN_PREFIX)}
    return own >= _SIGNATURE and own <= _FIELDS | _IGNORED and len(set(names)) == len(names)


def _fields(cells: Mapping[str, str]) -> RowFields | None:
    """Return the fields of a row of CSV.

    If a cell is not valid for its field, its text is returned. The row is then rejected later.
    """
    fields: RowFields = {}
    for name in _FIELDS & cells.keys():
        cell = cells[name]
        match name:
            case "description" | "category" | "brand":
                fields[name] = cell or None
            case "images":
                fields[name] = [*cell.split("\n")] if cell else []
            case "attributes":
                fields[name] = _json(cell) if cell else {}
            case "offers":
                fields[name] = _json(cell) if cell else []
            case "inventory_count":
                fields[name] = int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 20 else cell
            case "is_active":
                fields[name] = _TRUTH.get(cell.lower(), cell)
            case _:
                fields[name] = cell
    return fields


def _json(cell: str) -> Any:
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


def _as_cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


class _LineTooLong(Exception):
    """The line is longer than the longest row that an export can contain."""


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE_BYTES + 1):
        if len(line) > _MAX_LINE_BYTES:
            raise _LineTooLong
        yield line


def _read(stream: BinaryIO, size: int) -> bytes:
    content = b""
    while len(content) < size and (block := stream.read(size - len(content))):
        content += block
    return content


class _Copy:
    """A copy of a stream in a temporary file. Closing this object closes the temporary file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        weakref.finalize(self, file.close)

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)


class _Joined:
    """A stream that returns the bytes that were already read, and then the rest of the original stream."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = io.BytesIO(head), stream

    def read(self, size: int = -1, /) -> bytes:
        content = self._head.read(size)
        if size < 0:
            return content + self._stream.read()
        return content + _read(self._stream, size - len(content))
