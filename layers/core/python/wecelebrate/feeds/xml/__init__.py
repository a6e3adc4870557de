"""Opens XML feeds as tables: BMEcat, GS1 GDSN, cXML, UBL, ONIX, Google Merchant, SAP MATMAS, marketplaces, and others.

    table = open_xml(file, {"record": "offer", "name": "model"}, "EUR")

Memory use does not grow with the size of the file. Nothing is fetched from the network, and no entity is expanded. See
the modules `reader` and `source`.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from wecelebrate.core import entities
from wecelebrate.feeds.files.csv_rows import MAX_RECORD_LENGTH
from wecelebrate.feeds.items import BadCell, Records, Rejected
from wecelebrate.feeds.notation.convert import sku
from wecelebrate.feeds.prices.notes import NO_NOTES, notes_of_members
from wecelebrate.feeds.tables.table import Table, table_of_records
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.bmecat import BMEcat
from wecelebrate.feeds.xml.commerceml import CommerceML
from wecelebrate.feeds.xml.conditions import SapConditions
from wecelebrate.feeds.xml.cxml import CxmlIndex
from wecelebrate.feeds.xml.flat import RecordTooLarge, descendants, text_of
from wecelebrate.feeds.xml.gdsn import GdsnTradeItems
from wecelebrate.feeds.xml.generic import GenericXml
from wecelebrate.feeds.xml.idoc import SapMaterials
from wecelebrate.feeds.xml.marketplaces import Ceneo, Heureka, YandexMarket
from wecelebrate.feeds.xml.onix import OnixBooks
from wecelebrate.feeds.xml.reader import Element, ElementReader
from wecelebrate.feeds.xml.shops import GOOGLE, MerchantFeed
from wecelebrate.feeds.xml.source import BrokenXml, XmlSource
from wecelebrate.feeds.xml.tally import TallyMasters
from wecelebrate.feeds.xml.ubl import UblCatalogue

__all__ = ["open_xml"]

MAX_ROOT = 4_096
_ROOT = re.compile(r"<[A-Za-z_][^<>]{0,2000}>")
_ATTRIBUTE = re.compile(r"\s([A-Za-z_][\w.-]*)\s*=\s*[\"']([^\"'<]*)[\"']")
RAW_EXCERPT = 1_000
"""The maximum number of characters that the error file shows of a record that is too large."""

FORMAT_OF_ROOT: dict[str, type[XmlFormat]] = {
    "BMECAT": BMEcat,
    "cXML": CxmlIndex,
    "Index": CxmlIndex,
    "Catalogue": UblCatalogue,
    "rss": MerchantFeed,
    "feed": MerchantFeed,
    "catalogueItemNotificationMessage": GdsnTradeItems,
    "StandardBusinessDocument": GdsnTradeItems,
    "ONIXMessage": OnixBooks,
    "ONIXmessage": OnixBooks,
    "yml_catalog": YandexMarket,
    "SHOP": Heureka,
    "offers": Ceneo,
    "КоммерческаяИнформация": CommerceML,
    "ENVELOPE": TallyMasters,
}
# The name of an IDoc type ends with its version, as in MATMAS05. A name that a company has defined begins with Z.
FORMAT_OF_IDOC: dict[str, type[XmlFormat]] = {"MATMAS": SapMaterials, "COND_A": SapConditions}
# The root element's name is not enough to detect these formats: the start of the file must contain these bytes.
CONFIRMED_BY = {
    TallyMasters: b"<STOCKITEM",
    UblCatalogue: b"urn:oasis:names:specification:ubl:schema:xsd:",
    MerchantFeed: GOOGLE[1:-1].encode(),
    CxmlIndex: b"<Index",
    GdsnTradeItems: b"catalogueItemNotification",
    OnixBooks: b'"3.',
    SapMaterials: b"<E1MARAM",
    SapConditions: b"<E1KOMG",
    Heureka: b"<ITEM_ID",
    Ceneo: b"<o ",
}


def open_xml(file: BinaryIO, mapping: Mapping[str, str | None], currency: str = "") -> Table:
    """Open a seekable XML file as a table. The file is decoded with the encoding that it declares.

    `mapping` can contain three options: `record` is an element or a path of elements, `language` is the language of
    translated texts, and `encoding` overrides a wrong declaration. If a product has several prices, a price in
    `currency` is preferred.

    Raises UnreadableFeed for a file that is not XML, that declares entities, or that has no records.
    """
    source = XmlSource(file, mapping.get("encoding"))
    xml_format = _format(source, mapping, currency)
    records = XmlRecords(source, xml_format)
    notes = NO_NOTES
    details = {"encoding": source.encoding.removesuffix("-sig"), "kind": xml_format.name}
    if isinstance(xml_format, GenericXml):
        details["record"] = "/".join(xml_format.path)
        notes = notes_of_members(_root_attributes(source.head))
    table = table_of_records(iter(records), lambda: records.ended_cleanly, details, xml_format.columns)
    table.profile, table.declared_mode = xml_format.profile, xml_format.declared_mode
    table.notes = notes
    return table


def _root_attributes(head: bytes) -> dict[str, str]:
    """Return the attributes of the root element, as in `<catalog currency="CHF">`."""
    text = head[:MAX_ROOT].decode("utf-8", "replace")
    root = _ROOT.search(text)
    return {name: entities.decoded(value) for name, value in _ATTRIBUTE.findall(root[0])} if root else {}


def _format(source: XmlSource, mapping: Mapping[str, str | None], currency: str) -> XmlFormat:
    language, record = mapping.get("language"), mapping.get("record")
    standard = FORMAT_OF_ROOT.get(source.root)
    for name, idoc in FORMAT_OF_IDOC.items():
        if source.root.removeprefix("Z").startswith(name):
            standard = idoc
    if standard is None or record or CONFIRMED_BY.get(standard, b"") not in source.head:
        return GenericXml(currency, language, source, record, [column for column in mapping.values() if column])
    return standard(currency, language)


class XmlRecords:
    """Iterates over `(line, records)`, as `JsonRows` does. If the XML is broken, the last item states the line."""

    def __init__(self, source: XmlSource, xml_format: XmlFormat) -> None:
        self._source, self._format = source, xml_format
        self.ended_cleanly = True

    def __iter__(self) -> Iterator[Records | Rejected]:
        xml_format = self._format
        try:
            xml_format.prepare(self._source)
            reader = ElementReader(
                self._source, xml_format.complete_elements, xml_format.start_elements, xml_format.accept
            )
            for name, line, element in reader:
                if element is None:
                    problem = f"line {line}: {name} is longer than {MAX_RECORD_LENGTH:,} bytes"
                    yield Rejected(line, 1, None, problem, "too_long", [])
                elif name in xml_format.start_elements:
                    xml_format.element_started(element)
                else:
                    yield from self._records(line, element)
        except BrokenXml as error:
            self.ended_cleanly = False
            line = error.line
            reason = (
                f"line {line}: {error.problem}; only the records before this line were read; correct the file and "
                "upload it again"
            )
            yield Rejected(line, 0, None, reason, "stopped", [])
        finally:
            xml_format.close()

    def _records(self, line: int, element: Element) -> Iterator[Records | Rejected]:
        try:
            if records := list(self._format.records(element)):
                yield line, records
        except RecordTooLarge as error:
            start = next((text for part in chain((element,), element) if (text := text_of(part, deep=False))), "")
            yield Rejected(line, 1, self._sku(element), f"line {line}: {error}", "too_long", [start[:RAW_EXCERPT]])

    def _sku(self, element: Element) -> str | None:
        """Return the SKU of a rejected record, so that a full load does not treat the product as missing."""
        names = self._format.sku_elements
        sku_element = next(iter(descendants(element, *names)), None) if names else None
        try:
            return sku(text_of(sku_element))
        except BadCell:
            return None
