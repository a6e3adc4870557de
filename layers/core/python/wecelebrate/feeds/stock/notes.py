"""Warns about stocks if the number of pieces that is read differs from the number in the cell."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.stock.cells import number_in
from wecelebrate.feeds.stock.columns import MAX_COLUMNS
from wecelebrate.feeds.warnings import Warnings

NEGATIVE, OVERSOLD = "negative_stock", "oversold_stock"
FRACTION, VAGUE = "fraction_of_a_piece", "vague_stock"
"""The codes of the warnings."""
_VAGUE_WORDS = frozenset(("many", "plenty", "high", "viele"))
_MAX_LENGTH = 60


def with_notes(
    read: Callable[[Cells], Any],
    columns: Sequence[int],
    column_name: Callable[[int], str],
    mark: numbers.DecimalMark | None,
    warnings: Warnings,
) -> Callable[[Cells], Any]:
    """Return a function that reads the stock of a row, and warns about the cells of the count.

    Rows with the same warning are counted, and the value of the first row is the example.
    """
    if not columns:
        return read
    noted = tuple(columns[:MAX_COLUMNS])
    code_of = lru_cache(maxsize=4096)(lambda cell: _code(cell, mark))
    examples: dict[tuple[str, int], str] = {}

    def read_row(cells: Cells) -> Any:
        stock = read(cells)
        for number in noted:
            cell = cells[number]
            if cell and not cell.isdigit() and len(cell) <= _MAX_LENGTH and (code := code_of(cell)):
                if code == NEGATIVE and stock is not None and stock[0] == "untracked":
                    code = OVERSOLD
                warnings.add(code, column_name(number), examples.setdefault((code, number), cell))
        return stock

    return read_row


def _code(cell: str, mark: numbers.DecimalMark | None) -> str | None:
    text = cell.strip()
    if fold(text) in _VAGUE_WORDS:
        return VAGUE
    number = number_in(text, mark)
    if number is None:
        return None
    return NEGATIVE if number < 0 else FRACTION if number != int(number) else None
