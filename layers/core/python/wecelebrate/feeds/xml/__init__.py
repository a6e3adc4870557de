"""XML feeds as tables: BMEcat, GS1 GDSN, cXML, UBL, Google Merchant, SAP MATMAS, and any other by its elements.

    table = open_xml(file, {"record": "offer", "name": "model"}, "EUR")

A file is read in memory that does not grow with it; nothing is fetched, no entity expanded (`reader`, `source`).
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from wecelebrate.feeds.convert import sku
from wecelebrate.feeds.csv_rows import LONGEST_RECORD
from wecelebrate.feeds.items import BadCell, Rejected
from wecelebrate.feeds.tables import Table, of_records
from wecelebrate.feeds.xml.bmecat import BMEcat
from wecelebrate.feeds.xml.cxml import Index
from wecelebrate.feeds.xml.flat import Record, TooMuch, every, text_of
from wecelebrate.feeds.xml.gdsn import TradeItems
from wecelebrate.feeds.xml.idoc import Materials
from wecelebrate.feeds.xml.kinds import Kind
from wecelebrate.feeds.xml.other import Other
from wecelebrate.feeds.xml.reader import Element, Reader
from wecelebrate.feeds.xml.shops import GOOGLE, Merchant
from wecelebrate.feeds.xml.source import Broken, Source
from wecelebrate.feeds.xml.ubl import Catalogue

__all__ = ["open_xml"]

SHOWN = 1_000

BY_ROOT: dict[str, type[Kind]] = {
    "BMECAT": BMEcat,
    "cXML": Index,
    "Catalogue": Catalogue,
    "rss": Merchant,
    "feed": Merchant,
    "catalogueItemNotificationMessage": TradeItems,
}
# A root of this name is no more than a hint; this in the beginning confirms it.
CONFIRMED_BY = {
    Catalogue: b"urn:oasis:names:specification:ubl:schema:xsd:",
    Merchant: GOOGLE[1:-1].encode(),
    Index: b"<Index",
}


def open_xml(file: BinaryIO, mapping: Mapping[str, str | None], currency: str = "") -> Table:
    """The table of a seekable file that holds XML as it came: its encoding is what it declares.

    `mapping` may name the `record` (an element, or a path of them), the `language` of texts that come in several, and
    an `encoding` where the declaration is wrong. `currency` is preferred where a product has prices in several.
    Raises UnreadableFeed for what is no XML, declares entities, or holds no records.
    """
    source = Source(file, mapping.get("encoding"))
    kind = _kind(source, mapping, currency)
    records = XmlRecords(source, kind)
    details = {"encoding": source.encoding.removesuffix("-sig"), "kind": kind.name}
    if isinstance(kind, Other):
        details["record"] = "/".join(kind.path)
    table = of_records(iter(records), lambda: records.ended_cleanly, details, kind.columns)
    table.profile, table.nature = kind.profile, kind.nature
    return table


def _kind(source: Source, mapping: Mapping[str, str | None], currency: str) -> Kind:
    language, told = mapping.get("language"), mapping.get("record")
    known = Materials if source.root.startswith("MATMAS") else BY_ROOT.get(source.root)
    if known is None or told or CONFIRMED_BY.get(known, b"") not in source.head:
        return Other(currency, language, source, told)
    return known(currency, language)


class XmlRecords:
    """Iterates over `(line, records)` as `JsonRows` does; a broken file ends with a rejection that says where."""

    def __init__(self, source: Source, kind: Kind) -> None:
        self._source, self._kind = source, kind
        self.ended_cleanly = True

    def __iter__(self) -> Iterator[tuple[int, list[Record]] | Rejected]:
        kind = self._kind
        try:
            kind.prepare(self._source)
            for name, line, element in Reader(self._source, kind.whole, kind.begun, kind.accept):
                if element is None:
                    problem = f"line {line}: {name} is longer than {LONGEST_RECORD:,} bytes"
                    yield Rejected(line, 1, None, problem, "too_long", [])
                elif name in kind.begun:
                    kind.begins(element)
                else:
                    yield from self._read(line, element)
        except Broken as error:
            self.ended_cleanly = False
            line = error.line
            reason = f"line {line}: {error.problem}; the records before it were read, the rest of the file was not"
            yield Rejected(line, 0, None, reason, "stopped", [])
        finally:
            kind.close()

    def _read(self, line: int, element: Element) -> Iterator[tuple[int, list[Record]] | Rejected]:
        try:
            if found := list(self._kind.records(element)):
                yield line, found
        except TooMuch as error:
            start = next((text for part in chain((element,), element) if (text := text_of(part, deep=False))), "")
            yield Rejected(line, 1, self._sku(element), f"line {line}: {error}", "too_long", [start[:SHOWN]])

    def _sku(self, element: Element) -> str | None:
        """A product whose row is refused is in the file all the same: in a whole catalog it is not what is lacking."""
        found = next(iter(every(element, *self._kind.keys)), None) if self._kind.keys else None
        try:
            return sku(text_of(found))
        except BadCell:
            return None
