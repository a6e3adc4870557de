"""Defines the items of a feed (products and rejected rows), and the errors for an unreadable file and a bad cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from wecelebrate.core.types import InventoryPolicy

DeclaredMode = Literal["full", "delta"]
"""What a file states about its content: `full` is the whole catalog, and `delta` is only changes."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A price for a limited time. A time without a UTC offset is the sender's local time."""

    price: Decimal
    first: date | datetime | None
    """The first day, or the start. None means that the offer has started."""
    last: date | datetime | None
    """The last day of the offer, or its end. None means that no end is known."""

    def as_json(self) -> dict[str, str | None]:
        """Return the offer with JSON values."""
        return {
            "price": f"{self.price:f}",
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
        }


@dataclass(slots=True)
class Product:
    """One product of a file, validated against the limits of the products table.

    `fields_set` contains the fields that the file has for this row. A load does not change other fields of a stored
    product. If a field is in `fields_set` and its value is None, the load clears the stored value.
    """

    line: int
    """The number of the line where the first source row starts. In a JSON file, the number of the record.

    Lines and records are counted from 1. The header of a CSV file is counted too.
    """
    rows: int
    """The number of source rows that this product was built from."""
    sku: str
    name: str | None
    description: str | None
    category: str | None
    brand: str | None
    price: Decimal | None
    """The price, with the decimals of its currency. It is below 1,000,000,000,000."""
    currency: str
    """The currency of the price. If `currency` is not in `fields_set`, the file has no currency, and the catalog's
    currency is used."""
    images: list[str]
    """The addresses of the images: HTTP(S) URLs or relative paths. The first address belongs to the main image."""
    attributes: dict[str, Any]
    inventory_count: int | None
    is_active: bool
    """Whether the product is sold.

    If `is_active` is not in `fields_set`, this value is used only for a new product. In this case, the value is False
    if the file contains an unknown state.
    """
    source: Mapping[str, Any]
    """The unchanged source row, which maps columns to cells."""
    fields_set: frozenset[str]
    blank_attributes: tuple[str, ...] = ()
    """The names of attributes whose cells are blank. A delta removes these attributes."""
    inventory_policy: InventoryPolicy | None = None
    """Whether the stock is tracked. None means that the stock is tracked if the product has an `inventory_count`, and
    that nothing changes otherwise.
    """
    stock_by_place: dict[str, int | None] | None = None
    """The stock at each place, if the file has a column with the place. None means that the place does not count."""
    stock_as_of: datetime | None = None
    """When the stock of the row was counted. None means that the row does not state the time."""
    offers: tuple[Offer, ...] | None = ()
    """The prices for a limited time, in the currency of the price. None means that the record has no keys for offers.
    """


@dataclass(slots=True)
class Rejected:
    """A row that cannot become a product. `reason` is written for the person who maintains the file."""

    line: int
    rows: int
    sku: str | None
    """The SKU, or None if the SKU cannot be read."""
    reason: str
    code: str
    """A stable identifier of the problem, such as `not_a_number`."""
    raw: list[str]
    """The unchanged cells of the row, in the order of the feed's header."""


Item = Product | Rejected

Cells = Sequence[str | None]
"""The cells of a row, one for each column. A cell is None if the JSON record does not have the key."""

Row = tuple[int, Cells]
"""The line or record number, and the unchanged cells."""

Record = dict[str, str]
"""A record maps columns to cells. Two records of a JSON or XML file can have different columns."""

Records = tuple[int, list[Record]]
"""The line or record number, and the records at this place. If the product has variants, there are several records."""


SHEET_COLUMN = "Sheet"
"""The column with the name of the sheet of each row, if several sheets of a workbook are read."""


class NumberText(str):
    """The text of a number that the file stores as a number. The decimal separator of the text is the point.

    Only samples and JSON records contain objects of this class.
    """

    __slots__ = ()


class UnreadableFeed(Exception):
    """The file cannot be read. The message says what is wrong and what to do."""


class BadCell(Exception):
    """The cell is not a valid value of its field. `problem` describes the error without naming the column."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.columns: list[int] = []
        """The numbers of the field's columns. Only functions that read several fields assign this list."""


def quoted(value: str, max_length: int = 60) -> str:
    """Quote the value for a message. Long values are shortened; line breaks and control characters are escaped."""
    text = value if len(value) <= max_length else value[: max_length - 1] + "…"
    return '"' + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text) + '"'
