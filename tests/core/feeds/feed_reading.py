"""Reads feeds in tests, and checks the items. Each feed is a stream that can be read only once, like an S3 body."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from wecelebrate.core.types.money import MAX_AMOUNT
from wecelebrate.feeds import Disclosure, Feed, Product, Rejected, open_feed

FEEDS = Path(__file__).parents[2] / "data" / "feeds"
FIELDS = {
    "sku", "name", "description", "category", "brand", "price", "currency", "images", "attributes", "inventory_count",
    "is_active", "offers",
}  # fmt: skip
SPECIAL_CELLS = [
    "", "A-1", "Mug", "12,50", "1.234,56 €", "-3", "x", '"', '""', "'", "a\nb", "\0", "javascript:alert(1)",
    "https://x.example/a.jpg", "true", "nein", "NaN", "1e5", "9" * 400, "Ümläut", "名前", "\ud800", " ", ";", ",", "\t",
    "\\", "=cmd()", "variable", "draft",
]  # fmt: skip
"""Cells for generated files: typical values, and values that parsers often get wrong."""


class Body(io.RawIOBase, BinaryIO):
    """A stream that is not seekable and can be read only once. A read can return fewer bytes than requested."""

    def __init__(self, content: bytes, piece: int = 1 << 16) -> None:
        self._content = memoryview(content)
        self._at = 0
        self._piece = piece

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        end = len(self._content) if size < 0 else self._at + min(size, self._piece)
        part = bytes(self._content[self._at : end])
        self._at += len(part)
        return part


@dataclass
class Reading:
    feed: Feed
    items: list[Product | Rejected]
    details: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.details = self.feed.details

    @property
    def products(self) -> list[Product]:
        return [item for item in self.items if isinstance(item, Product)]

    @property
    def rejected(self) -> list[Rejected]:
        return [item for item in self.items if isinstance(item, Rejected)]

    @property
    def product(self) -> Product:
        """The only product. The test fails if the feed has several products or a rejected row."""
        (product,) = self.products
        assert not self.rejected, self.rejected
        return product

    @property
    def rejection(self) -> Rejected:
        """The only rejected row. The test fails if no row or several rows are rejected."""
        (rejected,) = self.rejected
        return rejected


def read(
    content: str | bytes,
    name: str = "feed.csv",
    mapping: Mapping[str, Any] | None = None,
    currency: str = "EUR",
    encoding: str = "utf-8",
    *,
    attributes: Mapping[str, Any] | None = None,
    memory: Mapping[str, Any] | None = None,
) -> Reading:
    """Read all items of a feed, and check the properties that every feed must have."""
    raw = content.encode(encoding) if isinstance(content, str) else content
    with open_feed(Body(raw), name, mapping, currency, memory=memory, disclosure=Disclosure(attributes)) as feed:
        items = list(feed)
    assert sum(item.rows for item in items) == feed.rows_read
    assert all(item.line >= 1 for item in items)
    assert all(item.reason and item.code for item in items if isinstance(item, Rejected))
    return Reading(feed, items)


def read_file(name: str, currency: str = "EUR", mapping: Mapping[str, str | None] | None = None) -> Reading:
    return read((FEEDS / name).read_bytes(), name, mapping, currency)


def check_reading(reading: Reading) -> None:
    """Check that each item meets the requirements of a load and of the database."""
    json.dumps(reading.details)
    for item in reading.items:
        if isinstance(item, Product):
            check_product(item)
        else:
            assert item.line >= 1
            "".join((*item.raw, item.reason, item.sku or "")).encode()
            assert "\0" not in item.reason + (item.sku or "")


def check_product(product: Product) -> None:
    texts = [product.sku, product.name, product.description, product.category, product.brand, *product.images]
    texts += [*product.attributes, *product.attributes.values(), *product.source, *product.source.values()]
    text = "".join(text for text in texts if text is not None)
    text.encode()
    assert "\0" not in text
    assert 0 < len(product.sku) <= 200
    assert product.sku == product.sku.strip()
    assert product.name is None or 0 < len(product.name) <= 500
    assert product.price is None or (0 <= product.price < MAX_AMOUNT and product.price.as_tuple().exponent == -2)
    assert len(product.currency) == 3
    assert product.inventory_count is None or 0 <= product.inventory_count < 2**31
    assert len(product.images) <= 50
    assert product.fields_set <= FIELDS
    assert not product.offers or "offers" in product.fields_set
    assert all(0 < offer.price < (product.price or MAX_AMOUNT) for offer in product.offers or ())
    assert ("price" in product.fields_set) == (product.price is not None)
