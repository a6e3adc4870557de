"""Reads generic XML, in which each product is an element.

The catalog's settings can contain the name of this element. Without this setting, this module searches the start
of the file for a repeated element.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from wecelebrate.feeds.items import Record, UnreadableFeed, quoted
from wecelebrate.feeds.tables.other_lists import refuse_lines_in_elements
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.coded_variants import records_of_variants
from wecelebrate.feeds.xml.flat import Flattener
from wecelebrate.feeds.xml.reader import Element, local, pull_parser
from wecelebrate.feeds.xml.source import CHUNK, XML_NAME, XmlSource

Path = tuple[str, ...]
"""The local names of the elements from the root to an element."""

# Usual names of elements that are products.
PRODUCT_NAMES = frozenset((
    "product", "item", "article", "offer", "sku", "good", "material", "part", "produkt", "artikel", "produit",
    "producto", "articulo", "prodotto", "articolo", "produto", "artigo", "shopitem", "record", "row", "entry", "o",
    "productitem", "product_item", "productdata", "datensatz", "zeile", "ware", "tovar", "listing", "r", "line",
))  # fmt: skip
# Usual names of repeated elements that are not products.
OTHER_NAMES = frozenset((
    "category", "categories", "kategorie", "image", "images", "picture", "pictures", "media", "variant", "option",
    "attribute", "param", "property", "feature", "price", "currency", "currencies", "language", "stock", "link",
))  # fmt: skip
MAX_PATHS = 2_000


@dataclass(slots=True)
class _PathStatistics:
    """Statistics about the elements at one path."""

    count: int = 0
    values: int = 0
    """The total number of attributes and direct children of these elements."""
    child_names: set[str] = field(default_factory=set)
    """The names of the direct children. At most two different names are stored."""


class GenericXml(XmlFormat):
    name = "XML"

    def __init__(
        self,
        currency: str,
        language: str | None,
        source: XmlSource,
        record: str | None,
        mapped: Collection[str] = (),
    ) -> None:
        """`mapped` are the columns of the catalog's mapping.

        If such a column contains the name of a part of a record, the paths contain the name of this part.
        """
        super().__init__(currency, language)
        statistics = _survey(source.head)
        self.path = _path_from_settings(record) if record else _detect_path(statistics)
        if not record:
            ancestors = self.path[:-1]
            beside = {path[-1] for path in statistics if len(path) > 1 and path[-2] in ancestors}
            refuse_lines_in_elements(ancestors, beside)
        main = [name for name in _main_parts(statistics, self.path) if not any(f"{name}." in each for each in mapped)]
        self._flat = Flattener({*_wrappers(statistics), *main}, language=language, price_types={})
        self.complete_elements = (self.path[-1],)

    def accept(self, element: Element) -> bool:
        """Return whether the element is at the path of the products. A path with only one name matches at any depth."""
        if len(self.path) == 1:
            return True
        node: Element | None = element
        for name in reversed(self.path):
            if node is None or local(node) != name:
                return False
            node = node.getparent()
        return True

    def records(self, element: Element) -> Iterator[Record]:
        variants = False
        for record in records_of_variants(element, self._flat):
            variants = True
            yield record
        if not variants:
            yield self._flat(element)


def _path_from_settings(record: str) -> Path:
    """Parse a name such as `offer`, or a path such as `shop/offers/offer`. Prefixes of namespaces are ignored."""
    path = tuple(part.rpartition(":")[2] for part in record.strip("/ ").replace(".", "/").split("/"))
    if not all(map(XML_NAME.fullmatch, path)):
        raise UnreadableFeed(
            f"`record` in the sync settings is {quoted(record)}; it must name the element of a product, such as "
            "offer or shop/offers/offer"
        )
    return path


def _wrappers(statistics: dict[Path, _PathStatistics]) -> set[str]:
    """Return the names of list elements.

    All children of a list element have the same name, which is similar to the name of the list, as `image` in `images`.
    """
    return {
        path[-1]
        for path, stats in statistics.items()
        if len(stats.child_names) == 1
        and path[-1].casefold().startswith(next(iter(stats.child_names)).casefold()[:-1] or "?")
    }


def _main_parts(statistics: dict[Path, _PathStatistics], path: Path) -> list[str]:
    """Return the name of the part of a record that contains the product itself, such as `stockHeader` of Pohoda.

    Each record has exactly one such part. It is the only part of the record, or its name ends with "header".
    """
    if path not in statistics:
        return []
    record = statistics[path]
    return [
        name
        for child, stats in statistics.items()
        if child[:-1] == path and stats.count == record.count and stats.values > stats.count
        for name in child[-1:]
        if len(record.child_names) == 1 or name.casefold().endswith("header")
    ][:1]


def _detect_path(statistics: dict[Path, _PathStatistics]) -> Path:
    """Return the path of the products, detected from the start of the file.

    The repeated element with the most values is the product. An element with a usual name is preferred. A repeated
    element inside a different repeated element is a part of the outer element, for example a variant of a product.

    If no element is repeated, the file has one product: an element with a usual name, or else a child of the root.
    """
    filled = {path: stats for path, stats in statistics.items() if stats.values >= stats.count}
    repeated = {
        path: stats
        for path, stats in filled.items()
        if stats.count > 1
        and not any(path[:depth] in filled and statistics[path[:depth]].count > 1 for depth in range(1, len(path)))
    }
    named = {path: stats for path, stats in filled.items() if path[-1].casefold() in PRODUCT_NAMES and len(path) > 1}
    best = {path: stats for path, stats in repeated.items() if path in named}
    best = best or {path: stats for path, stats in named.items() if path[-1].casefold() not in OTHER_NAMES}
    best = best or {path: stats for path, stats in repeated.items() if path[-1].casefold() not in OTHER_NAMES}
    best = best or repeated or {path: stats for path, stats in filled.items() if len(path) == 2} or statistics
    if not best:
        raise UnreadableFeed("the file has no elements that could be products; export the products again")
    return max(best, key=lambda path: (best[path].values, -len(path)))


def _survey(head: bytes) -> dict[Path, _PathStatistics]:
    """Count the elements at each path in the start of the file."""
    statistics: dict[Path, _PathStatistics] = {}
    current: list[str] = []
    parser = pull_parser(None)
    try:
        for at in range(0, len(head), CHUNK):
            parser.feed(head[at : at + CHUNK])
            _count(parser, current, statistics)
        parser.close()
    except etree.XMLSyntaxError:
        pass  # `head` can end inside an element; errors in the XML are reported when rows are read
    _count(parser, current, statistics)
    return statistics


def _count(parser: Any, current: list[str], statistics: dict[Path, _PathStatistics]) -> None:
    """Count the elements that the parser has read, and update `current` (the path of the open element)."""
    for event, element in parser.read_events():
        if event == "end":
            current.pop()
            continue
        name = local(element)
        if current and (parent := statistics.get(tuple(current))) is not None:
            parent.values += 1
            if len(parent.child_names) < 2:
                parent.child_names.add(name)
        current.append(name)
        path = tuple(current)
        if path not in statistics and len(statistics) < MAX_PATHS:
            statistics[path] = _PathStatistics()
        if stats := statistics.get(path):
            stats.count += 1
            stats.values += len(element.attrib)
