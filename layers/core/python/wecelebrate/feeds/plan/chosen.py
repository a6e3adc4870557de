"""Defines the columns that were chosen for the fields, and the reasons."""

from dataclasses import dataclass, field

from wecelebrate.feeds.prices.selling import PriceChoice
from wecelebrate.feeds.questions import Question

Candidate = tuple[int, int, str | None]
"""The rank of a column for a field, the column's number, and the currency in its name."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a column is read into a field."""

    column: int
    score: float
    """The score, from 0 to 1."""
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Chosen:
    """The numbers of the columns of each field. In each row, the first column that is not blank is used."""

    columns: dict[str, list[int]] = field(default_factory=dict)
    price: PriceChoice = field(default_factory=PriceChoice)
    inverse: list[int] = field(default_factory=list)
    """Columns that mean the opposite of `is_active`."""
    commands: list[int] = field(default_factory=list)
    """Columns with a command for each row, such as `DELETE`."""
    price_unit: int | None = None
    places: list[int] = field(default_factory=list)
    """The columns with the place of a stock, if a SKU has one row for each place."""
    sums_stock: bool = False
    """Whether each column of the stock contains the pieces of one place."""
    reserved: int | None = None
    """The column of the reserved pieces, which are subtracted from the stock."""
    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
