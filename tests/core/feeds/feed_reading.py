"""Reading a feed in a test: from bytes, through a stream that can be read once, as an S3 body can."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from wecelebrate.feeds import Feed, Product, Rejected, open_feed

FEEDS = Path(__file__).parents[2] / "data" / "feeds"


class Body(io.RawIOBase, BinaryIO):
    """Readable once, in pieces smaller than asked for, not seekable."""

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
    def only(self) -> Product:
        (product,) = self.products
        assert not self.rejected, self.rejected
        return product

    @property
    def refusal(self) -> Rejected:
        (rejected,) = self.rejected
        return rejected


def read(
    content: str | bytes,
    name: str = "feed.csv",
    mapping: Mapping[str, str | None] | None = None,
    currency: str = "EUR",
    encoding: str = "utf-8",
) -> Reading:
    """All items of a feed; checks on the way what holds for every feed."""
    raw = content.encode(encoding) if isinstance(content, str) else content
    with open_feed(Body(raw), name, mapping, currency) as feed:
        items = list(feed)
    assert sum(item.rows for item in items) == feed.rows_read
    assert all(item.line >= 1 for item in items)
    assert all(item.reason and item.code for item in items if isinstance(item, Rejected))
    return Reading(feed, items)


def read_file(name: str, currency: str = "EUR", mapping: Mapping[str, str | None] | None = None) -> Reading:
    return read((FEEDS / name).read_bytes(), name, mapping, currency)
