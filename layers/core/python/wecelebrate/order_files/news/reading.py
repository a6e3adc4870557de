"""Reads a file with news about orders. The file is CSV, XLSX, JSON, NDJSON, UBL, IDoc or cXML, or a zip archive of such
a file.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from wecelebrate import feeds
from wecelebrate.feeds.files.containers import UnpackedFile, unpack
from wecelebrate.feeds.files.zip_reader import ZipReader
from wecelebrate.feeds.items import Cells, UnreadableFeed
from wecelebrate.feeds.tables.plain import PlainColumns, PlainTable, open_plain
from wecelebrate.feeds.xlsx.rows import FlawedCells
from wecelebrate.order_files.news.rows import FIELDS_BY_NAME, BadRow, NewsRow, RejectedRow, folded, rows_of

MAX_BYTES = 20 << 20
"""The largest size of a file, in bytes, before and after decompression. A row has about 150 bytes. The limit is
therefore more than 100,000 rows.
"""
MAX_ROWS = 100_000
_MAX_DOCUMENTS = 10_000
_MAX_DIRECTORY_BYTES = 4 << 20
"""The largest size of the directory of an archive, in bytes. The reader needs about ten times as much memory for its
entries. The limit is enough for 10,000 documents with names of 350 bytes."""
_MAX_KEY_LENGTH = 200
MAX_MEMORY = 256 << 20
"""The maximum estimated memory for a parsed file, in bytes. The worker has 512 MB."""
_BYTES_PER_OBJECT = 250
_BYTES_PER_VALUE = 90

_BLANK = b"\xef\xbb\xbf \t\r\n"

Rows = Iterator[NewsRow | RejectedRow]


def _count_names(cells: Sequence[str]) -> int:
    return sum(folded(cell) in FIELDS_BY_NAME for cell in cells if cell and len(cell) <= _MAX_KEY_LENGTH)


def _number_of_order(header: Sequence[str]) -> int | None:
    fields = [FIELDS_BY_NAME.get(folded(column[:_MAX_KEY_LENGTH])) for column in header]
    return next((fields.index(field) for field in ("order_number", "external_number") if field in fields), None)


_COLUMNS = PlainColumns(_count_names, _number_of_order)


class UnreadableFile(Exception):
    """The whole file cannot be read. The text of the exception says why."""


def read(content: bytes, name: str, zone: tzinfo) -> list[NewsRow | RejectedRow]:
    """Return the rows of a file. `zone` is the time zone of dates without a time zone. Raises UnreadableFile."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile(f"The file has more than {MAX_BYTES >> 20} MB. Split it into smaller files.")
    rows: list[NewsRow | RejectedRow] = []
    for row in _rows(content, name, zone):
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it into smaller files.")
    return rows


def _rows(content: bytes, name: str, zone: tzinfo) -> Rows:
    start = content[:1000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if content.startswith(b"PK\x03\x04") and (documents := _xml_documents(content)):
        read_rows = 0
        for entry_name, document in documents:
            for row in _xml(document, zone, read_rows + 1, f"The document `{entry_name[:_MAX_KEY_LENGTH]}`: "):
                read_rows += 1
                yield row
    elif start.startswith(b"<"):
        yield from _xml(content, zone)
    elif start.startswith((b"[", b"{")):
        yield from _json(content, zone)
    else:
        yield from _table(content, name, zone)


def _xml(content: bytes, zone: tzinfo, first: int = 1, place: str = "") -> Rows:
    """Read a document. `first` is the number of its first row. Each error message begins with `place`."""
    from wecelebrate.order_files.news import documents  # This import loads lxml, which most files do not need.

    try:
        yield from documents.read(content, zone, first)
    except documents.BrokenDocument as error:
        raise UnreadableFile(f"{place}{error}") from error


def _xml_documents(content: bytes) -> list[tuple[str, bytes]]:
    """Return the names and the contents of the XML documents of an archive.

    The list is empty for a workbook, and for an archive of other files.
    """
    try:
        archive = ZipReader(io.BytesIO(content), _MAX_DOCUMENTS, _MAX_DIRECTORY_BYTES)
        entries = [entry for entry in archive.infos if entry.filename.lower().endswith(".xml")]
        if "[Content_Types].xml" in archive.entries or not entries:
            return []
        documents, left = [], MAX_BYTES
        for entry in sorted(entries, key=lambda entry: entry.filename):
            document = archive.open(entry).read_whole(left)
            if document is None:
                raise UnreadableFile("The archive is too large. Split it into smaller files.")
            left -= len(document)
            documents.append((entry.filename, document))
        return documents
    except UnreadableFeed as error:
        raise UnreadableFile(f"The archive cannot be read: {error}.") from error


def _json(content: bytes, zone: tzinfo) -> Rows:
    """Read a list of objects, an object that contains a list, or one object per line.

    Each of the `lines` of an object becomes a row.
    """
    memory = MAX_MEMORY
    for number, item in enumerate(_json_objects(content), start=1):
        if not isinstance(item, dict):
            yield RejectedRow(number, "bad_row", "The row is not an object.", {"value": str(item)[:_MAX_KEY_LENGTH]})
            continue
        lines = item.get("lines")
        common = {name: value for name, value in item.items() if name != "lines"}
        parts = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
        repeated = _BYTES_PER_VALUE * len(common) + sum(len(_text(value)) for value in common.values())
        for part in parts or [{}]:
            memory -= repeated
            if memory < 0:
                raise UnreadableFile("The lines repeat too many values of their objects. Split the file.")
            cells = {str(name): _text(value) for name, value in {**common, **part}.items()}
            yield from _news(number, {name: text for name, text in cells.items() if text}, zone)


def _json_objects(content: bytes) -> list[Any]:
    if (
        _BYTES_PER_OBJECT * content.count(b"{") + _BYTES_PER_VALUE * (content.count(b",") + content.count(b"["))
        > MAX_MEMORY
    ):
        raise UnreadableFile("The file has too many values. Split it into smaller files.")
    try:
        text = content.decode("utf-8-sig")
        try:
            value = _parsed(text)
        except json.JSONDecodeError:
            return [_parsed(line) for line in text.splitlines() if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnreadableFile(f"The file is not valid JSON: {error}.") from error
    if isinstance(value, dict):
        lists = [item for name, item in value.items() if isinstance(item, list) and name != "lines"]
        return lists[0] if lists and "lines" not in value else [value]
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> Any:
    """Parse a JSON text. Numbers stay texts, because an order number can have more digits than a float."""
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises UnreadableFile if a key occurs twice, because it is unclear which of the two values is
    meant.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        names: set[str] = set()
        twice = next(name for name, _ in pairs if name in names or names.add(name))  # type: ignore[func-returns-value]
        shown = twice[:_MAX_KEY_LENGTH].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        raise UnreadableFile(f"An object has the key `{shown}` twice. Leave one of them out.")
    return members


def _text(value: Any) -> str:
    if isinstance(value, bool | dict | list) or value is None:
        return ""
    return str(value)


def _table(content: bytes, name: str, zone: tzinfo) -> Rows:
    """Read a CSV file or a workbook, or the text in a compressed file.

    In a list of products, the text `Same` in a cell stands for the value of another row. In this file, it does not,
    because `Same` can be the number of an order.
    """
    try:
        unpacked = unpack(io.BytesIO(content), name)
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    try:
        if unpacked.workbook is None and unpacked.head.lstrip(_BLANK)[:1] in (b"[", b"{", b"<"):
            yield from _unpacked_text(unpacked, zone)
        else:
            yield from _table_rows(open_plain(unpacked, _COLUMNS), zone)
        if unpacked.truncated:
            raise UnreadableFile("The file is incomplete: it ends in the middle. Upload the complete file.")
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    finally:
        unpacked.close()


def _unpacked_text(unpacked: UnpackedFile, zone: tzinfo) -> Rows:
    text = unpacked.head + unpacked.stream.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise UnreadableFile(f"The file unpacks to more than {MAX_BYTES >> 20} MB. Split it into smaller files.")
    yield from _xml(text, zone) if text.lstrip(_BLANK).startswith(b"<") else _json(text, zone)


def _table_rows(table: PlainTable, zone: tzinfo) -> Rows:
    names = [column[:_MAX_KEY_LENGTH] for column in table.header]
    try:
        for row in table.rows():
            if isinstance(row, feeds.Rejected):
                raw = {column: cell for column, cell in zip(names, row.raw, strict=False) if cell}
                yield RejectedRow(row.line, row.code, row.reason, raw)
                continue
            number, cells = row
            raw = {column: str(cell) for column, cell in zip(names, cells, strict=False) if cell not in (None, "")}
            problem = _problem(cells, names)
            if problem:
                yield RejectedRow(number, "bad_row", problem, raw)
            else:
                yield from _news(number, raw, zone)
        if not table.is_complete():
            raise UnreadableFile("The file is incomplete or broken: it ends in the middle. Upload the complete file.")
    finally:
        table.close()


def _problem(cells: Cells, names: list[str]) -> str | None:
    """Return the reason why a row cannot be used: its cells are shifted, or the cell of a field contains an error and
    no value.
    """
    if any(cell and cell.strip() for cell in cells[len(names) :]):
        return "The row has more cells than the header has columns."
    flaws = cells.flaws if isinstance(cells, FlawedCells) else {}
    for at, (_, problem) in flaws.items():
        if at < len(names) and folded(names[at]) in FIELDS_BY_NAME:
            return f"`{names[at]}` {problem}."
    return None


def _news(number: int, raw: Mapping[str, str], zone: tzinfo) -> Rows:
    if not raw:
        return
    try:
        yield from rows_of(number, raw, zone)
    except BadRow as error:
        yield RejectedRow(number, error.code, error.reason, raw)
