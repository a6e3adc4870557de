"""The items of a feed: products and rejected rows. Also the errors of a file, and of a cell, that cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

DeclaredMode = Literal["full", "delta"]
"""What a file says it contains: `full` is the whole catalog, `delta` is only changes."""


@dataclass(slots=True)
class Product:
    """One product of a file, validated against the limits of the products table.

    `fields_set` names the fields that the file has for this row. A load leaves every other field of a stored product
    unchanged. A field that is in `fields_set` and None is cleared.
    """

    line: int
    """1-based number of the line (in JSON, of the record) where the first source row starts. A CSV header is line 1."""
    rows: int
    """The number of source rows that this product was built from."""
    sku: str
    name: str | None
    description: str | None
    category: str | None
    brand: str | None
    price: Decimal | None
    """Two decimals, 0 to 99,999,999.99."""
    currency: str
    images: list[str]
    """HTTP(S) URLs or relative paths, the main image first."""
    attributes: dict[str, Any]
    inventory_count: int | None
    is_active: bool
    source: Mapping[str, Any]
    """The row as it was read: column to cell."""
    fields_set: frozenset[str]


@dataclass(slots=True)
class Rejected:
    """A row that cannot become a product. `reason` is written for the person who maintains the file."""

    line: int
    rows: int
    sku: str | None
    """None if the SKU cannot be read either."""
    reason: str
    code: str
    """A stable slug, such as `not_a_number`."""
    raw: list[str]
    """The unchanged cells, in the order of the feed's header."""


Item = Product | Rejected

Cells = Sequence[str | None]
"""The cells of a row, one for each column; None where a JSON record lacks the key."""

Row = tuple[int, Cells]
"""Line or record number, and the unchanged cells."""

Record = dict[str, str]
"""A record with keys of its own, such as a JSON object or an XML element: column to cell."""

Records = tuple[int, list[Record]]
"""Line or record number, and the records there: one, or one for each variant."""


class UnreadableFeed(Exception):
    """The file cannot be read. The message says what is wrong and what to do."""


class BadCell(Exception):
    """The cell is not a valid value of its field. `problem` describes the error without naming the column."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.columns: list[int] = []
        """The numbers of the field's columns. Set only by readers of several fields."""


def quoted(value: str, max_length: int = 60) -> str:
    """The value in quotes, for a message: shortened, with line breaks and control characters escaped."""
    text = value if len(value) <= max_length else value[: max_length - 1] + "…"
    return '"' + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text) + '"'
