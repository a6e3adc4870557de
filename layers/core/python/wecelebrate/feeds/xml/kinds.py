"""What every kind of XML says about itself, and the generic one is made of."""

from collections.abc import Iterator
from typing import Literal

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Record
from wecelebrate.feeds.xml.reader import Element, local
from wecelebrate.feeds.xml.source import Source

Nature = Literal["full", "delta"]

ACTIVE = "is_active"
ATTRIBUTES = "attributes"


class Kind:
    """One way in which products are written in XML. One object reads one file."""

    name: str
    profile: Profile | None = None
    columns: tuple[str, ...] = ()
    """Columns that are there whether or not the first records have them."""
    keys: tuple[str, ...] = ()
    """Elements that hold the SKU, for a record of which nothing else can be read."""
    whole: tuple[str, ...]
    """Elements that are read as a whole: records, and what must be known to read them."""
    begun: tuple[str, ...] = ()
    """Elements that say something by their beginning."""
    nature: Nature | None = None

    def __init__(self, currency: str, language: str | None) -> None:
        self.currency, self.language = currency, language

    def prepare(self, source: Source) -> None:
        """What has to be known of the whole file before its first record."""

    def accept(self, element: Element) -> bool:
        """Whether an element of a name in `whole` is meant."""
        return local(element) in self.whole

    def begins(self, element: Element) -> None:
        """An element of `begun` begins."""

    def records(self, element: Element) -> Iterator[Record]:
        """The records of an element of `whole`; none where it only tells about others. Raises TooMuch."""
        raise NotImplementedError

    def close(self) -> None:
        """Drop what was kept for reading."""
