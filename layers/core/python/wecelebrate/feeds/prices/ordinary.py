"""Recognises the column of the ordinary price in a file that also has the price that customers pay now.

The column is recognised by its name (`Ord. pris`, `Normalpreis`) and its values.
"""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.compared import amount_of, is_never_above
from wecelebrate.feeds.prices.conditional import is_for_members
from wecelebrate.feeds.prices.ordinary_names import is_ordinary

MAX_RATIO = 10


def without_ordinary_prices(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Leave out an ordinary price if it is never below the price, and blank or equal in rows without a reduction.

    If the ordinary price is above the other price in all rows, both prices stay: one can be for other customers.
    """
    return [
        one for one in sold if not (is_ordinary(columns.header[one.column]) and _is_above_another(columns, one, sold))
    ]


def _is_above_another(columns: Columns, one: PriceCandidate, sold: Sequence[PriceCandidate]) -> bool:
    return any(
        other.kind in ("gross", "plain", "net")
        and (other.kind, other.name.tax, other.currency) == (one.kind, one.name.tax, one.currency)
        and not (other is one or other.is_bad or one.is_bad)
        and not is_ordinary(columns.header[other.column])
        and not is_for_members(columns.header[other.column])
        and columns[other.column].filled >= columns[one.column].filled
        and (columns.fills(one.column, other.column) or not _differ_always(columns, other.column, one.column))
        and is_reduced(columns, other.column, one.column)
        for other in sold
    )


def has_equal_amounts(columns: Columns, first: int, second: int) -> bool:
    """Return whether the amounts of two columns are equal in a row."""
    return not _differ_always(columns, first, second)


def _differ_always(columns: Columns, first: int, second: int) -> bool:
    return all(low != high for low, high in _pairs(columns, first, second))


def is_reduced(columns: Columns, price: int, former: int) -> bool:
    """Return whether a column is never below the price, above the price in some rows, and of a similar size."""
    pairs = _pairs(columns, price, former)
    return (
        is_never_above(columns, price, former)
        and any(low < high for low, high in pairs)
        and all(high <= MAX_RATIO * low for low, high in pairs)
    )


def _pairs(columns: Columns, first: int, second: int) -> list[tuple[float, float]]:
    rows = (row for row in columns.sample if max(first, second) < len(row))
    amounts = ((amount_of(row[first] or ""), amount_of(row[second] or "")) for row in rows)
    return [(low, high) for low, high in amounts if low and high]
