"""Finds out why several rows have the same SKU: the rows can be places of stock, variants, or repeated products."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import Cells

MIN_REPEATED = 0.2
"""If the share of rows with a repeated SKU is smaller than this value, the file only repeats some products."""
MAX_EXPLAINED = 3


@dataclass(frozen=True, slots=True)
class Repeats:
    """The rows of the sample that share their SKU with another row."""

    share: float
    """The share of the rows with a repeated SKU among all rows with a SKU."""
    count: int
    """The number of rows with a repeated SKU."""
    different: tuple[int, ...]
    """The columns that differ between rows with the same SKU. The column that differs most often comes first."""
    example: str
    """A SKU that several rows have."""
    rows: int
    """The number of rows that have the SKU `example`."""

    @property
    def is_frequent(self) -> bool:
        return self.share >= MIN_REPEATED


def repeats_of(columns: Columns, sku: int) -> Repeats:
    """Compare the rows of the sample that have the same value in the column `sku`."""
    groups: dict[str, list[Cells]] = defaultdict(list)
    for row in columns.sample:
        if sku < len(row) and (value := (row[sku] or "").strip()):
            groups[value].append(row)
    repeated = {value: rows for value, rows in groups.items() if len(rows) > 1}
    total = sum(map(len, groups.values()))
    if not repeated:
        return Repeats(0.0, 0, (), "", 0)
    counts = {number: 0 for number in range(len(columns.header)) if number != sku}
    for rows in repeated.values():
        for number in counts:
            counts[number] += _differs(rows, number)
    different = sorted((number for number in counts if counts[number]), key=lambda number: (-counts[number], number))
    example = max(repeated, key=lambda value: len(repeated[value]))
    count = sum(map(len, repeated.values()))
    return Repeats(count / total, count, tuple(different), example, len(repeated[example]))


def _differs(rows: Sequence[Cells], number: int) -> bool:
    """Return whether the rows have different values in a column. Blank cells are ignored."""
    return len({text for row in rows if number < len(row) and (text := (row[number] or "").strip())}) > 1


def names_of(columns: Columns, numbers: Iterable[int]) -> list[str]:
    """Return the names of the first columns, for a message."""
    return [columns.header[number] for number in list(numbers)[:MAX_EXPLAINED]]
