"""Unpacks a stream, detects its format, and opens it as a table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from wecelebrate.feeds.files import datanorm, encoding, labelled
from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.containers import UnpackedFile, unpack
from wecelebrate.feeds.files.formats import Format, reject_binary, text_format
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.tables.table import Table, known_column_counter, open_csv, open_json
from wecelebrate.feeds.tables.transposed import turned
from wecelebrate.feeds.xlsx import open_xlsx
from wecelebrate.feeds.xlsx.opendocument import xlsx_archive

HEAD = 4_000
MARK = b"urn:schemas-microsoft-com:office:spreadsheet"
"""The namespace of a workbook of Excel 2003 in XML."""
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype html|html|table)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_CELL = re.compile(rb"<t[dh][\s>]", re.IGNORECASE)


@dataclass(slots=True)
class FeedSource:
    format: Format
    table: Table
    text: encoding.TextFile | None
    """The decoded text file, or None for a workbook."""
    unpacked: UnpackedFile
    is_sample: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        return self.unpacked.layers

    @property
    def truncated(self) -> bool:
        return self.unpacked.truncated

    @property
    def encoding(self) -> str | None:
        return self.text.encoding if self.text else None

    def close(self) -> None:
        """Delete the temporary copies."""
        self.table.close()
        if self.text:
            self.text.file.close()
        self.unpacked.close()


_VALUES = {
    "decimal": ("the decimal mark", (",", ".")),
    "minor_units": ("it", ("yes", "no")),
    "day_order": ("it", ("day", "month")),
}
"""The options that change prices, with their values."""


def _check_options(mapping: Mapping[str, str | None]) -> None:
    """Raise UnreadableFeed if the value of an option is not known.

    A later release can define more values. If this release ignored them after a rollback, prices could be wrong.
    """
    for option, (noun, values) in _VALUES.items():
        if (value := mapping.get(option)) is not None and value not in values:
            raise UnreadableFeed(
                f"`{option}` in the sync settings is {quoted(str(value))}; {noun} must be {' or '.join(values)}"
            )


def open_source(
    stream: BinaryIO, name: str, mapping: Mapping[str, str | None], currency: str, sample: int | None = None
) -> FeedSource:
    """Open the stream as a table. Raises UnreadableFeed.

    If `sample` is set, at most `sample` bytes of a text file are read, and a workbook's sheet is not read to its end.
    An XML file is always read completely.
    """
    _check_options(mapping)
    unpacked = unpack(stream, name)
    text: encoding.TextFile | None = None
    try:
        if unpacked.workbook:
            table = _open_workbook(xlsx_archive(unpacked, unpacked.workbook), mapping, sample)
            return FeedSource("xlsx", table, None, unpacked)
        reject_binary(unpacked.head)
        # An XML file is always read to its end, because its last part can contain the groups of the products.
        is_sample = sample is not None and not _looks_like_xml(unpacked.head)
        if sample is not None and is_sample:
            unpacked.limit(sample)
        text = encoding.spool(unpacked.head, unpacked.stream, mapping.get("encoding"))
        if (workbook := _workbook(text, unpacked, mapping)) is not None:
            table = _open_workbook(workbook, mapping, sample)
            return FeedSource("xlsx", table, None, unpacked)
        file_format = text_format(text.open().read(encoding.FORMAT_SAMPLE), unpacked.name)
        is_delta = False
        if file_format == "csv" and (records := datanorm.convert(text, mapping.get("encoding"))) is not None:
            text.file.close()
            text, is_delta = records.text, records.is_delta
            mapping = {**mapping, "delimiter": datanorm.DELIMITER}
        elif file_format == "csv" and not mapping.get("delimiter"):
            blocks = labelled.convert(text, known_column_counter(mapping))
            if blocks is not None:
                text.file.close()
                text, mapping = blocks, {**mapping, "delimiter": labelled.DELIMITER}
        table = _table(text, file_format, mapping, currency)
        table = turned(table, mapping) or table
        table.declared_mode = "delta" if is_delta else table.declared_mode
        return FeedSource(file_format, table, text, unpacked, is_sample)
    except BaseException:
        if text:
            text.file.close()
        unpacked.close()
        raise


def _open_workbook(archive: Archive, mapping: Mapping[str, str | None], sample: int | None) -> Table:
    table = open_xlsx(archive, mapping, entire_sheet=sample is None)
    return turned(table, mapping) or table


def _table(text: encoding.TextFile, file_format: Format, mapping: Mapping[str, str | None], currency: str) -> Table:
    if file_format == "csv":
        return open_csv(text, mapping)
    if file_format == "xml":
        from wecelebrate.feeds.xml import open_xml  # loads lxml, which most files do not need

        return open_xml(cast(BinaryIO, text.file), mapping, currency)
    return open_json(text, file_format)


def _workbook(text: encoding.TextFile, unpacked: UnpackedFile, mapping: Mapping[str, str | None]) -> Archive | None:
    """Convert a workbook of Excel 2003 in XML, or the tables of an HTML page, to an XLSX archive.

    It returns None for any other file. The modules that load lxml are imported only for such files.
    """
    head = unpacked.head.replace(b"\0", b"") if _looks_like_xml(unpacked.head) else b""
    if MARK in head[:HEAD]:
        from wecelebrate.feeds.xlsx import excel2003

        converted = excel2003.convert(cast(BinaryIO, text.file), mapping.get("encoding"))
    elif _HTML.match(head) and _CELL.search(head):
        from wecelebrate.feeds.xlsx import html_tables

        converted = html_tables.convert(text, known_column_counter(mapping))
    else:
        return None
    unpacked.files.append(converted.file)
    text.file.close()
    return converted.archive()


def _looks_like_xml(head: bytes) -> bool:
    return head[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
