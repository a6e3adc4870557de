"""Reads the stock of each row from all columns that describe the stock. The module `columns` lists the rules."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache

from wecelebrate.core.types import InventoryPolicy
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import BadCell, Cells
from wecelebrate.feeds.notation import convert, numbers
from wecelebrate.feeds.states.words import MAX_STATE_LENGTH, state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.beyond import is_below_zero
from wecelebrate.feeds.stock.cells import State, state_in_words
from wecelebrate.feeds.stock.columns import MAX_COLUMNS, StockColumns
from wecelebrate.feeds.transformations.arithmetic import Arithmetic

Stock = tuple[InventoryPolicy, int | None]
"""The policy and the count of a product. If the count is None, the stored count does not change."""

_MAX_FLAG_LENGTH = 40
_CACHE_SIZE = 4096

_NOT_TRACKED = frozenset(("none", "untracked", "nottracked", "donottrack", "donttrack", "notmanaged"))
# Values that do not say whether the pieces are counted. Shopify's `inventory_policy` is `deny` or `continue`.
_NO_TRACKING = frozenset(("inherit", "parent", "default", "config", "deny", "continue"))
# In Magento, 2 means: allow backorders, and notify the customer.
_OVERSELLS = frozenset(("continue", "allow", "allowed", "notify", "2"))


class StockReader:
    """Reads the stock of each row of a file."""

    def __init__(
        self,
        columns: StockColumns,
        mark: numbers.DecimalMark | None,
        *,
        is_sum: bool = False,
        arithmetic: Arithmetic | None = None,
        reserved: int | None = None,
    ) -> None:
        """With `is_sum`, each count column contains the pieces of one place.

        Otherwise, only the first value is used. `arithmetic` changes each number of pieces. The pieces of the column
        `reserved` are subtracted.
        """
        self.columns = columns
        self.has_stated = False
        """Whether a row had a cell for the stock, even if the cell was blank."""
        self._is_sum, self._places, self._mark = is_sum, columns.places, mark
        self._beside = columns.beside
        self._relevant = [*columns.count, *self._beside]
        parse = lru_cache(maxsize=_CACHE_SIZE)(
            (lambda cell: stock.read(cell, mark))
            if arithmetic is None
            else (lambda cell: _computed_count(stock.read(cell, mark), arithmetic))
        )
        self._parse: Callable[[str], int | State] = parse
        self._stock = lru_cache(maxsize=_CACHE_SIZE)(lambda cell: _combine([parse(cell)]))
        # The results are cached: a file has few combinations of states and flags, and their reading is expensive.
        self._cached_flags = lru_cache(maxsize=_CACHE_SIZE)(self._flags)
        self._cached_words = lru_cache(maxsize=_CACHE_SIZE)(self._words)
        is_narrow = len(self._relevant) <= 4 * MAX_COLUMNS
        self._cached_row: Callable[[tuple[str | None, ...]], Stock | None] = self._row
        if is_narrow:
            self._cached_row = lru_cache(maxsize=_CACHE_SIZE)(self._row)
        has_one = self._places == columns.count[:1] == self._relevant
        self._reserved = reserved
        self._read: Callable[[Cells], Stock | None] = self._only_cell if has_one else self._all_cells
        self.read: Callable[[Cells], Stock | None] = self._read if reserved is None else self._without_reserved

    def _without_reserved(self, cells: Cells) -> Stock | None:
        row_stock = self._read(cells)
        cell = cells[self._reserved] if self._reserved is not None and self._reserved < len(cells) else None
        if row_stock is None or not row_stock[1] or not cell:
            return row_stock
        try:
            pieces = self._parse(cell[:_MAX_LENGTH])
        except BadCell:
            return row_stock
        return (row_stock[0], max(0, row_stock[1] - pieces)) if isinstance(pieces, int) else row_stock

    def _only_cell(self, cells: Cells) -> Stock | None:
        cell = cells[self._places[0]]
        if cell is None:
            return None
        self.has_stated = True
        return self._stock(cell[:_MAX_LENGTH]) if cell else None

    def _all_cells(self, cells: Cells) -> Stock | None:
        if not self.has_stated:
            self.has_stated = any(cells[number] is not None for number in self._places)
        relevant = [cell and cell[:_MAX_LENGTH] for cell in map(cells.__getitem__, self._relevant)]
        return self._cached_row(tuple(relevant))

    def _row(self, relevant: tuple[str | None, ...]) -> Stock | None:
        """Return the stock that the cells of the relevant columns state."""
        cells, beside = relevant[: len(self.columns.count)], relevant[len(self.columns.count) :]
        states, tracked, oversells = self._cached_flags(beside)
        pieces = self._counts(cells)
        if pieces[:1] == [0]:
            is_below = any(is_below_zero(cell, self._mark) for cell in cells)
            states = [*states, *self._cached_words(beside, is_below)]
            oversells = oversells or (is_below and State.IN_STOCK in states and not self.columns.calls_empty_in_stock)
        return _combine([*pieces, *states], tracked, oversells=oversells)

    def _words(self, beside: Sequence[str | None], is_below: bool) -> list[State]:
        """Return the states in the words of a row with 0 pieces. Other rows do not depend on these words.

        `is_below` says whether a cell of the count is below 0.
        """
        cells = dict(zip(self._beside, beside, strict=True))
        columns = [*self.columns.active, *(self.columns.below_zero if is_below else ())]
        return [state for number in columns if (cell := cells[number]) and (state := state_in_words(cell))]

    def _counts(self, cells: Sequence[str | None]) -> list[int | State]:
        """Return the first value of the count columns, or their sum.

        If the stock of any place is not counted, the result is `UNLIMITED` instead of a sum.
        """
        values = [self._parse(cell) for cell in cells if cell]
        if State.UNKNOWN in values:
            values = [value for value in values if value is not State.UNKNOWN]
        if not self._is_sum:
            return values[:1]
        if State.IN_STOCK in values or State.UNLIMITED in values:
            return [State.UNLIMITED]
        counts = [0 if value is State.OUT_OF_STOCK else value for value in values if value is not State.TO_ORDER]
        total: list[int | State] = [min(sum(count for count in counts if isinstance(count, int)), numbers.MAX_COUNT)]
        return [*([State.TO_ORDER] if State.TO_ORDER in values else []), *(total if counts else [])]

    def _flags(self, beside: Sequence[str | None]) -> tuple[list[int | State], bool | None, bool]:
        """Return the states in the other columns of a row, and whether the shop counts the pieces and oversells."""
        columns, cells = self.columns, dict(zip(self._beside, beside, strict=True))
        states = [self._state(cell, is_number=True) for number in columns.states if (cell := cells[number])]
        states += [self._state(cell, is_number=False) for number in columns.words if (cell := cells[number])]
        states += [
            State.OUT_OF_STOCK if flag else State.IN_STOCK
            for number in columns.sold_out
            if (cell := cells[number]) and not cell.isdigit() and (flag := _flag(cell)) is not None
        ]
        decided = {number for number, use in columns.overridden.items() if _flag(cells[use] or "")}
        flags = [_is_tracked(cell) for n in columns.tracking if n not in decided and (cell := cells[n])]
        flags += [cell != "" and _is_tracked(cell) for n in columns.trackers if (cell := cells[n]) is not None]
        oversells = any(_oversells(cell) for n in columns.oversell if n not in decided and (cell := cells[n]))
        return states, next((flag for flag in flags if flag is not None), None), oversells

    def _state(self, cell: str, *, is_number: bool) -> int | State:
        """Return the state in a cell. Other texts, such as a delivery date, are ignored."""
        if cell in ("0", "1") and is_number:
            return State.IN_STOCK if cell == "1" else State.OUT_OF_STOCK
        try:
            value = self._parse(cell[:_MAX_LENGTH])
        except BadCell:
            # `discontinued` is a state of the product. If the file has a count, the pieces can still be sold.
            is_ended = not self.columns.count and state_of(cell[:MAX_STATE_LENGTH].strip().casefold()) == "inactive"
            return State.OUT_OF_STOCK if is_ended and not cell[:1].isdigit() else State.UNKNOWN
        return value if is_number or isinstance(value, State) else State.UNKNOWN


def _computed_count(value: int | State, arithmetic: Arithmetic) -> int | State:
    """Return the number of pieces after the steps of the mapping. Raises BadCell if it is not a whole number."""
    if isinstance(value, State):
        return value
    pieces = arithmetic.apply(Decimal(value), (), None)
    if pieces != pieces.to_integral_value():
        raise BadCell(
            "too_precise", f"{value} becomes {pieces:f} pieces, which is no whole number; add the step `round`"
        )
    if pieces > numbers.MAX_COUNT:
        raise BadCell("too_large", f"{value} becomes {pieces:f} pieces, which is more than {numbers.MAX_COUNT:,}")
    return int(pieces)


_MAX_LENGTH = numbers.MAX_NUMBER_LENGTH + 1
"""Cells are cut at this length. A cut cell is too long to be a number, and is rejected like the complete cell."""


def _combine(values: Sequence[int | State], tracked: bool | None = None, *, oversells: bool = False) -> Stock | None:
    """Return the stock that the cells of a row state, or None. See the rules in the module `columns`.

    The first number is used. `tracked` says whether the shop counts the pieces.
    """
    if State.OUT_OF_STOCK in values:
        return "tracked", 0
    if tracked is False or oversells or State.UNLIMITED in values:
        return "untracked", 0
    count = next((value for value in values if isinstance(value, int)), None)
    if (count is None and State.IN_STOCK in values) or (not count and State.TO_ORDER in values):
        return "untracked", 0
    if count is not None or tracked:
        return "tracked", count
    return None


def _flag(cell: str) -> bool | None:
    """Parse yes or no. Returns None for any other text."""
    try:
        return convert.boolean(cell[:_MAX_FLAG_LENGTH])
    except BadCell:
        return None


def _is_tracked(cell: str) -> bool | None:
    """Return whether a cell says that the pieces are counted. Unknown texts are names of systems that count."""
    word = fold(cell[:_MAX_FLAG_LENGTH])
    if word in _NOT_TRACKED:
        return False
    if word in _NO_TRACKING:
        return None
    flag = _flag(cell)
    return True if flag is None else flag


def _oversells(cell: str) -> bool:
    return fold(cell[:_MAX_FLAG_LENGTH]) in _OVERSELLS or bool(_flag(cell))
