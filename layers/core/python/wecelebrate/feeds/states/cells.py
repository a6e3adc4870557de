"""Reads the state of a row: whether the product is sold."""

import re
from collections.abc import Callable
from functools import lru_cache

from wecelebrate.feeds.columns.facts import NOTHING
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.plan.plan import ActiveColumn, Plan
from wecelebrate.feeds.states.ended import says_sold_out
from wecelebrate.feeds.states.words import (
    MARKS,
    MAX_STATE_LENGTH,
    State,
    opposite,
    state_of,
    state_of_access,
    state_of_code,
    state_of_command,
    state_of_letter,
    state_of_magento_code,
    state_of_yes_letter,
)
from wecelebrate.feeds.stock.beyond import is_below_zero
from wecelebrate.feeds.stock.cells import state_in_words
from wecelebrate.feeds.warnings import Warnings

CACHE_SIZE = 4096


def active_reader(plan: Plan, warnings: Warnings) -> Callable[[Cells], State]:
    """Return a function that reads the state of a product.

    The returned function returns `inactive` if any column says that the product is inactive, and otherwise `unknown` if
    any value is not known. If all columns are blank, it returns `unstated`.
    """
    inactive_pattern = plan.profile.inactive_pattern if plan.profile else None

    def reader(column: ActiveColumn) -> Callable[[str], State]:
        @lru_cache(maxsize=CACHE_SIZE)
        def read_state(cell: str) -> State:
            word = cell.strip().casefold()
            if not word or word in NOTHING:
                if not column.blank_is_no:
                    return "unstated"
                return "active" if column.inverse else "inactive"
            if inactive_pattern is not None:
                return "inactive" if re.fullmatch(inactive_pattern, word) else "active"
            if column.blank_is_no and word in MARKS:
                return "inactive" if column.inverse else "active"
            if column.words == "commands":
                return state_of_command(word)
            if column.active_word and word == column.active_word:
                return "active"
            state = _READERS.get(column.words, state_of)(word)
            if word in column.letters:
                state = "active" if word == column.letters[0] else "inactive"
            if state == "unknown" and says_states(column) and state_in_words(word):
                return "active"  # a product that is in stock, or that can be ordered, is sold
            return opposite(state) if column.inverse else state

        return read_state

    columns = {column.column: column for column in plan.active}
    readers = [(column.column, reader(column)) for column in plan.active]

    has_stock = plan.profile is None and bool(plan.inventory)
    sold_out = lru_cache(maxsize=CACHE_SIZE)(_says_sold_out)

    def is_sold_out(column: ActiveColumn, cell: str, cells: Cells) -> bool:
        """Return whether the state only means that the stock of the row is 0. The shop still lists the product."""
        if column.inverse or column.words != "words" or not sold_out(cell):
            return False
        stocks = [cells[number] or "" for number in plan.inventory if number != column.column]
        return bool(stocks) and all(stock.strip() and _has_no_piece(stock) for stock in stocks)

    def read_column(cells: Cells, column: int, read_state: Callable[[str], State]) -> State:
        cell = cells[column]
        if cell is None:
            return "unstated"
        state = read_state(cell if len(cell) < MAX_STATE_LENGTH else cell[:MAX_STATE_LENGTH])
        if state == "inactive" and has_stock and is_sold_out(columns[column], cell, cells):
            return "unstated"
        if state == "unknown":
            warnings.add("unknown_state", plan.column_name(column), cell.strip())
        return state

    if len(readers) == 1:
        only_column, read_only = readers[0]
        return lambda cells: read_column(cells, only_column, read_only)
    return lambda cells: max(
        (read_column(cells, column, read_state) for column, read_state in readers), key=_SEVERITY.__getitem__
    )


def says_states(column: ActiveColumn) -> bool:
    """Return whether a column has words for states, instead of yes and no, codes, or the opposite of a state."""
    return column.words == "words" and not column.inverse


_PIECES = re.compile(r"[^\W\D0]")
"""A digit above 0, in any script."""


def _has_no_piece(stock: str) -> bool:
    return not _PIECES.search(stock) or is_below_zero(stock, None)


def _says_sold_out(cell: str) -> bool:
    return len(cell) <= MAX_STATE_LENGTH and says_sold_out(cell.strip().casefold())


_READERS: dict[str, Callable[[str], State]] = {
    "magento codes": state_of_magento_code,
    "letters": state_of_letter,
    "yes or no": state_of_yes_letter,
    "codes": state_of_code,
    "access": state_of_access,
}
_SEVERITY: dict[State, int] = {"unstated": 0, "active": 1, "unknown": 2, "inactive": 3}
