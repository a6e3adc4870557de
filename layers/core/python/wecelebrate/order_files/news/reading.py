"""Reads a file with news about orders: CSV, XLSX, JSON, NDJSON, UBL, IDoc and cXML, also in a zip archive."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from wecelebrate import feeds
from wecelebrate.feeds.tables.source import open_source
from wecelebrate.order_files.news.rows import BadRow, NewsRow, RejectedRow, rows_of

MAX_BYTES = 20 << 20
"""The largest file, also after unpacking. A row has about 150 bytes, so this is more than 100,000 rows."""
MAX_ROWS = 100_000
_MAX_DOCUMENTS = 10_000
_MAX_KEY_LENGTH = 200

Rows = Iterator[NewsRow | RejectedRow]


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why."""


def read(content: bytes, name: str, zone: tzinfo) -> list[NewsRow | RejectedRow]:
    """Return the rows of a file. `zone` is the time zone of dates that name none. Raises UnreadableFile."""
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
        for document in documents:
            yield from _xml(document, zone)
    elif start.startswith(b"<"):
        yield from _xml(content, zone)
    elif start.startswith((b"[", b"{")):
        yield from _json(content, zone)
    else:
        yield from _table(content, name, zone)


def _xml(content: bytes, zone: tzinfo) -> Rows:
    from wecelebrate.order_files.news import documents  # loads lxml, which most files do not need

    try:
        yield from documents.read(content, zone)
    except documents.BrokenDocument as error:
        raise UnreadableFile(str(error)) from error


def _xml_documents(content: bytes) -> list[bytes]:
    """Return the XML documents of an archive. Empty for a workbook and for an archive of other files."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
            if "[Content_Types].xml" in archive.namelist() or not entries:
                return []
            if len(entries) > _MAX_DOCUMENTS or sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise UnreadableFile("The archive is too large. Split it into smaller files.")
            documents, left = [], MAX_BYTES
            for entry in sorted(entries, key=lambda entry: entry.filename):
                with archive.open(entry) as file:
                    document = file.read(left + 1)
                left -= len(document)
                if left < 0:
                    raise UnreadableFile("The archive is too large. Split it into smaller files.")
                documents.append(document)
            return documents
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise UnreadableFile(f"The archive is damaged: {error}.") from error


def _json(content: bytes, zone: tzinfo) -> Rows:
    """Read a list of objects, an object with a list, or an object per line. Each of its `lines` becomes a row."""
    for number, item in enumerate(_json_objects(content), start=1):
        if not isinstance(item, dict):
            yield RejectedRow(number, "bad_row", "The row is not an object.", {"value": str(item)[:_MAX_KEY_LENGTH]})
            continue
        lines = item.get("lines")
        common = {name: value for name, value in item.items() if name != "lines"}
        parts = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
        for part in parts or [{}]:
            cells = {str(name): _text(value) for name, value in {**common, **part}.items()}
            yield from _news(number, {name: text for name, text in cells.items() if text}, zone)


def _json_objects(content: bytes) -> list[Any]:
    try:
        text = content.decode("utf-8-sig")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnreadableFile(f"The file is not valid JSON: {error}.") from error
    if isinstance(value, dict):
        lists = [item for name, item in value.items() if isinstance(item, list) and name != "lines"]
        return lists[0] if lists and "lines" not in value else [value]
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool | dict | list) or value is None:
        return ""
    return str(value)


def _table(content: bytes, name: str, zone: tzinfo) -> Rows:
    """Read a CSV file or a workbook."""
    try:
        source = open_source(io.BytesIO(content), name, {}, "EUR")
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    try:
        for row in source.table.rows():
            if isinstance(row, feeds.Rejected):
                yield RejectedRow(row.line, row.code, row.reason, {})
                continue
            number, cells = row
            raw = {
                column[:_MAX_KEY_LENGTH]: str(cell)
                for column, cell in zip(source.table.header, cells, strict=False)
                if cell not in (None, "")
            }
            yield from _news(number, raw, zone)
    except feeds.UnreadableFeed as error:
        raise UnreadableFile(str(error)) from error
    finally:
        source.close()


def _news(number: int, raw: Mapping[str, str], zone: tzinfo) -> Rows:
    if not raw:
        return
    try:
        yield from rows_of(number, raw, zone)
    except BadRow as error:
        yield RejectedRow(number, error.code, error.reason, raw)
