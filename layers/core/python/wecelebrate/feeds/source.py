"""A stream as a table: out of its containers, its format recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from wecelebrate.feeds import encoding
from wecelebrate.feeds.containers import Unpacked, unpack
from wecelebrate.feeds.formats import Format, refuse_binary, text_format
from wecelebrate.feeds.items import UnreadableFeed, shown
from wecelebrate.feeds.tables import Table, open_csv, open_json
from wecelebrate.feeds.xlsx import open_xlsx


@dataclass(slots=True)
class Source:
    format: Format
    table: Table
    text: encoding.Text | None
    """The file as text; None for a workbook."""
    unpacked: Unpacked
    is_sample: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        return self.unpacked.layers

    @property
    def broke_off(self) -> bool:
        return self.unpacked.broke_off

    @property
    def encoding(self) -> str | None:
        return self.text.encoding if self.text else None

    def close(self) -> None:
        """Drop the temporary copies."""
        self.table.close()
        if self.text:
            self.text.file.close()
        self.unpacked.close()


def open_source(
    stream: BinaryIO, name: str, mapping: Mapping[str, str | None], currency: str, sample: int | None = None
) -> Source:
    """The stream's table; of `sample` bytes of it, if so much is enough. Raises UnreadableFeed."""
    if mapping.get("decimal") not in (None, ",", "."):
        told = shown(str(mapping["decimal"]))
        raise UnreadableFeed(f"the sync settings name {told} as decimal mark; it is , or .")
    unpacked = unpack(stream, name)
    text: encoding.Text | None = None
    try:
        if unpacked.workbook:
            table = open_xlsx(unpacked.workbook, mapping, whole=sample is None)
            return Source("xlsx", table, None, unpacked)
        refuse_binary(unpacked.head)
        # XML is read whole: what its products need may stand at its end.
        is_sample = sample is not None and not _looks_like_xml(unpacked.head)
        if sample is not None and is_sample:
            unpacked.cut_at(sample)
        text = encoding.spool(unpacked.head, unpacked.stream, mapping.get("encoding"))
        kind = text_format(text.open().read(encoding.SAMPLE), unpacked.name)
        return Source(kind, _table(text, kind, mapping, currency), text, unpacked, is_sample)
    except BaseException:
        if text:
            text.file.close()
        unpacked.close()
        raise


def _table(text: encoding.Text, kind: Format, mapping: Mapping[str, str | None], currency: str) -> Table:
    if kind == "csv":
        return open_csv(text, mapping)
    if kind == "xml":
        from wecelebrate.feeds.xml import open_xml  # with lxml, which most files do not need

        return open_xml(cast(BinaryIO, text.file), mapping, currency)
    return open_json(text, kind)


def _looks_like_xml(head: bytes) -> bool:
    return head[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
