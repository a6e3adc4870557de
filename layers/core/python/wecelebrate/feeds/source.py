"""A stream as a table: out of its containers, its format recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

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


def open_source(stream: BinaryIO, name: str, mapping: Mapping[str, str | None], sample: int | None = None) -> Source:
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
        if sample is not None:
            unpacked.cut_at(sample)
        text = encoding.spool(unpacked.head, unpacked.stream, mapping.get("encoding"))
        kind = text_format(text.open().read(encoding.SAMPLE), unpacked.name)
        table = open_csv(text, mapping) if kind == "csv" else open_json(text, kind)
        return Source(kind, table, text, unpacked, sample is not None)
    except BaseException:
        if text:
            text.file.close()
        unpacked.close()
        raise
