"""What a feed yields: products, rejected rows; and the error of a file that cannot be read at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class Product:
    """One product as a file states it, validated against the limits of the products table.

    `given` names the fields that the file speaks about for this row: a delta leaves every other field of a stored
    product as it is. A field that is given and None is cleared.
    """

    line: int
    """Line, or record number in JSON, where its first source row starts; 1-based, a CSV header stands on line 1."""
    rows: int
    """How many source rows it stands for."""
    sku: str
    name: str | None
    description: str | None
    category: str | None
    brand: str | None
    price: Decimal | None
    """Two decimals, 0 to 99,999,999.99."""
    currency: str
    images: list[str]
    """http(s) addresses or relative paths, the main image first."""
    attributes: dict[str, Any]
    inventory_count: int | None
    is_active: bool
    source: Mapping[str, Any]
    """The row as it was read: column to cell."""
    given: frozenset[str]


@dataclass(slots=True)
class Rejected:
    """A row that cannot become a product, and why, in words for whoever keeps the file."""

    line: int
    rows: int
    sku: str | None
    """None when not even the SKU can be read."""
    reason: str
    code: str
    """A stable slug, such as `not_a_number`."""
    raw: list[str]
    """The cells as they came, in the order of the feed's header."""


Item = Product | Rejected

Cells = Sequence[str | None]
"""A row's cells, one a column; None where a JSON record lacks the key."""

Row = tuple[int, Cells]
"""Line or record number, and the cells as they came."""


class UnreadableFeed(Exception):
    """The file cannot be read. The message says what is wrong and what to do."""


class BadCell(Exception):
    """A cell that its field cannot hold: what is wrong with it, without the column's name."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem


def shown(value: str, longest: int = 60) -> str:
    """The value in quotes for a message: shortened, line breaks and control characters escaped."""
    text = value if len(value) <= longest else value[: longest - 1] + "…"
    return '"' + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text) + '"'
