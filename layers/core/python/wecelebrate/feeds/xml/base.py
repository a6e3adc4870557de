"""Defines the common interface of the XML formats."""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.reader import Element, local
from wecelebrate.feeds.xml.source import XmlSource

ACTIVE = "is_active"
ATTRIBUTES = "attributes"


class XmlFormat:
    """The base class of the XML formats. Each object of a subclass reads one file."""

    name: str
    profile: Profile | None = None
    columns: tuple[str, ...] = ()
    """Columns that the table has even if no record has a value for them."""
    sku_elements: tuple[str, ...] = ()
    """The names of the elements that contain the SKU. If a record is too large, its SKU is read from these elements."""
    complete_elements: tuple[str, ...]
    """The names of the elements that are read completely: records, and elements that are needed to read the records."""
    start_elements: tuple[str, ...] = ()
    """The names of the elements whose start tag is read, but not their content."""
    declared_mode: DeclaredMode | None = None

    def __init__(self, currency: str, language: str | None) -> None:
        self.currency, self.language = currency, language

    def prepare(self, source: XmlSource) -> None:
        """Read the parts of the file that must be known before the first record can be read."""

    def accept(self, element: Element) -> bool:
        """Return whether to read this element. Its name is in `complete_elements`."""
        return local(element) in self.complete_elements

    def element_started(self, element: Element) -> None:
        """Handle the start tag of an element in `start_elements`."""

    def records(self, element: Element) -> Iterator[Record]:
        """Yield the records of an element in `complete_elements`.

        If the element is not a record, but only helps to read records, nothing is yielded. Raises RecordTooLarge.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Delete temporary files."""
