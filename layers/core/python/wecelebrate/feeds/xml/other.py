"""Any other XML: the element that stands for a product is named by the catalog's settings, or found by repetition."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from wecelebrate.feeds.items import UnreadableFeed, shown
from wecelebrate.feeds.xml.flat import Flat, Record
from wecelebrate.feeds.xml.kinds import Kind
from wecelebrate.feeds.xml.reader import Element, local, pull
from wecelebrate.feeds.xml.source import CHUNK, Source

Path = tuple[str, ...]

# What a product is called where products are.
PRODUCTS = frozenset((
    "product", "item", "article", "offer", "sku", "good", "material", "part", "produkt", "artikel", "produit",
    "producto", "articulo", "prodotto", "articolo", "produto", "artigo", "shopitem", "record", "row", "entry", "o",
    "productitem", "product_item", "productdata", "datensatz", "zeile", "ware", "tovar", "listing", "r", "line",
))  # fmt: skip
# What stands in or beside products.
OTHERS = frozenset((
    "category", "categories", "kategorie", "image", "images", "picture", "pictures", "media", "variant", "option",
    "attribute", "param", "property", "feature", "price", "currency", "currencies", "language", "stock", "link",
))  # fmt: skip
MOST_PATHS = 2_000


@dataclass(slots=True)
class _Seen:
    count: int = 0
    inside: int = 0
    """Elements and attributes directly inside all of them."""
    names: set[str] = field(default_factory=set)
    """Of up to two elements inside."""


class Other(Kind):
    name = "XML"

    def __init__(self, currency: str, language: str | None, source: Source, told: str | None) -> None:
        super().__init__(currency, language)
        seen = _survey(source.head)
        self.path = _path_told(told) if told else _path_found(seen)
        self._flat = Flat(_wrappers(seen), language=language)
        self.whole = (self.path[-1],)

    def accept(self, element: Element) -> bool:
        """A name told alone counts wherever it stands; what was found counts at its place."""
        if len(self.path) == 1:
            return True
        node: Element | None = element
        for name in reversed(self.path):
            if node is None or local(node) != name:
                return False
            node = node.getparent()
        return True

    def records(self, element: Element) -> Iterator[Record]:
        yield self._flat(element)


def _path_told(told: str) -> Path:
    """`offer`, or `shop/offers/offer` where the name alone is not enough; prefixes of namespaces are left out."""
    path = tuple(part.rpartition(":")[2] for part in told.strip("/ ").replace(".", "/").split("/"))
    if not all(path):
        raise UnreadableFeed(f"the sync settings name {shown(told)} as the element of a product, which is none")
    return path


def _wrappers(seen: dict[Path, _Seen]) -> set[str]:
    """Elements that do no more than hold others of their own name: `images` of `image`."""
    return {
        path[-1]
        for path, stats in seen.items()
        if len(stats.names) == 1 and path[-1].casefold().startswith(next(iter(stats.names)).casefold()[:-1] or "?")
    }


def _path_found(seen: dict[Path, _Seen]) -> Path:
    """The element that repeats and has the most inside, products by name first; of one product the file itself.

    It looks at the beginning only. Records in records, such as variants, belong to the outer ones.
    """
    rich = {path: stats for path, stats in seen.items() if stats.inside >= stats.count}
    repeated = {
        path: stats
        for path, stats in rich.items()
        if stats.count > 1
        and not any(path[:depth] in rich and seen[path[:depth]].count > 1 for depth in range(1, len(path)))
    }
    named = {path: stats for path, stats in rich.items() if path[-1].casefold() in PRODUCTS and len(path) > 1}
    best = {path: stats for path, stats in repeated.items() if path in named}
    best = best or {path: stats for path, stats in named.items() if path[-1].casefold() not in OTHERS}
    best = best or {path: stats for path, stats in repeated.items() if path[-1].casefold() not in OTHERS}
    best = best or repeated or {path: stats for path, stats in rich.items() if len(path) == 2} or seen
    if not best:
        raise UnreadableFeed("the file holds no elements that could be products")
    return max(best, key=lambda path: (best[path].inside, -len(path)))


def _survey(head: bytes) -> dict[Path, _Seen]:
    """How often each path of elements occurs in the beginning, and how much stands in it."""
    seen: dict[Path, _Seen] = {}
    way: list[str] = []
    parser = pull(None)
    try:
        for at in range(0, len(head), CHUNK):
            parser.feed(head[at : at + CHUNK])
            _count(parser, way, seen)
        parser.close()
    except etree.XMLSyntaxError:
        pass  # the beginning ends somewhere, and what is broken is told when the rows are read
    _count(parser, way, seen)
    return seen


def _count(parser: Any, way: list[str], seen: dict[Path, _Seen]) -> None:
    for event, element in parser.read_events():
        if event == "end":
            way.pop()
            continue
        name = local(element)
        if way and (above := seen.get(tuple(way))) is not None:
            above.inside += 1
            if len(above.names) < 2:
                above.names.add(name)
        way.append(name)
        path = tuple(way)
        if path not in seen and len(seen) < MOST_PATHS:
            seen[path] = _Seen()
        if found := seen.get(path):
            found.count += 1
            found.inside += len(element.attrib)
