"""Recognises the total of the stocks of several places by its amounts, as in `Athens;Patras;Total`."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.totals import is_total
from wecelebrate.feeds.columns.visibility import is_property

MIN_ROWS = 2
MAX_DIGITS = 7


def total_of_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the column with a word for a total, if it is the sum of the columns with unknown names before it.

    The sum must have at least two columns, and all values must be whole numbers. Otherwise, the price of a set could be
    read as a stock.
    """
    for number, name in enumerate(columns.header):
        if number in used or not is_total(name.strip()):
            continue
        first = number
        while first > 0 and first - 1 not in used and _says_nothing(columns.header[first - 1]):
            first -= 1
        if number - first >= 2 and _are_sums(columns, range(first, number), number):
            return [number]
    return []


def _says_nothing(name: str) -> bool:
    return not field_candidates(name) and not is_property(name)


def _are_sums(columns: Columns, parts: Sequence[int], total: int) -> bool:
    rows = [[(row[at] or "").strip() for at in (*parts, total)] for row in columns.sample if total < len(row)]
    counts = [[int(cell or 0) for cell in cells] for cells in rows if all(map(_is_count, cells))]
    sums = [cells for cells in counts if cells[-1] == sum(cells[:-1])]
    return len(counts) == len(rows) and len(sums) == len(rows) >= MIN_ROWS and any(cells[-1] for cells in sums)


def _is_count(cell: str) -> bool:
    return not cell or (cell.isascii() and cell.isdecimal() and len(cell) <= MAX_DIGITS)
