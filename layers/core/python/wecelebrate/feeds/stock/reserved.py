"""Compares a stock with the reserved pieces and the free pieces, if the file has separate columns for them."""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import DASHES, Columns
from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock.names import FREE, are_counts, is_free_stock, stock_rank
from wecelebrate.feeds.stock.reserved_names import can_be_reserved, is_reserved

MIN_RESERVED = 3
MAX_COLUMNS = 20
MAX_STOCKS = 5
_WHOLE_NUMBER = re.compile(r"(-?\d{1,9})(?:[.,]0{1,2})?", re.ASCII)
"""A whole number, which can be written with decimals, such as `24.00`."""


def _whole_numbers(cells: Sequence[str]) -> tuple[int, ...] | None:
    """Return the numbers in the cells, or None if a cell is not a whole number."""
    matches = [_WHOLE_NUMBER.fullmatch("0" if cell in DASHES else cell) for cell in cells]
    return None if None in matches else tuple(int(match[1]) for match in matches if match)


def reserved_columns(columns: Columns, stock_columns: Sequence[int]) -> list[int]:
    """Return the columns with numbers of reserved pieces, by their names."""
    return [
        number for number, column in enumerate(columns.header)
        if number not in stock_columns and is_reserved(column)
        and not columns[number].is_empty and columns[number].without_dashes.share("is_number") == 1
    ]  # fmt: skip


def without_reserved(columns: Columns, stock_columns: list[int], used: set[int]) -> list[int]:
    """Return the column of the pieces that are not reserved, or `stock_columns` if no such column is certain.

    A column such as `Dostępne` is certain if it is the stock minus the reserved pieces in all rows.

    If the file has reserved pieces such as `ALLOC`, but no stock column, a column with a name such as `FREE` is used.
    If no such name exists, a column that is another column minus the reserved pieces is used.
    """
    reserved = reserved_columns(columns, stock_columns)
    free = [number for number in range(len(columns.header)) if number not in {*stock_columns, *used, *reserved}]
    if len(reserved) != 1:
        return stock_columns
    if not stock_columns:
        named = [number for number in free if fold(columns.header[number]) in FREE and are_counts(columns[number])]
        counts = [number for number in free if not columns[number].is_empty and are_counts(columns[number])][
            :MAX_COLUMNS
        ]
        of_two = {
            left for stock in counts for left in counts
            if stock != left and _is_difference(columns, stock, reserved[0], left)
        }  # fmt: skip
        return named if len(named) == 1 else list(of_two) if len(of_two) == 1 else stock_columns
    left = [number for number in free if _is_difference(columns, stock_columns[0], reserved[0], number)]
    return left if len(left) == 1 else stock_columns


def _is_difference(columns: Columns, stock_column: int, reserved: int, left: int, least: int = 1) -> bool:
    """Return whether a stock minus the reserved pieces is a third column in all rows. `least` rows must have pieces."""
    rows = [
        [(row[number] or "").strip() if number < len(row) else "" for number in (stock_column, reserved, left)]
        for row in columns.sample
    ]
    counted = [numbers for cells in rows if (numbers := _whole_numbers(cells)) is not None]
    is_certain = len(counted) > 1 and len(counted) == len([cells for cells in rows if any(cells)])
    are_enough = any(count[1] for count in counted) and sum(any(count) for count in counted) >= least
    return is_certain and are_enough and all(a - b == c for a, b, c in counted)


def column_of_reserved(columns: Columns, stock_columns: Sequence[int]) -> int | None:
    """Return the column of the reserved pieces that a stock contains, or None if the stock probably contains none.

    In each row, the stock must not be smaller than the reserved pieces. The name of the stock must not say that
    reserved pieces are already subtracted.
    """
    if len(stock_columns) != 1 or is_free_stock(columns.header[stock_columns[0]], columns[stock_columns[0]]):
        return None
    reserved = reserved_columns(columns, stock_columns)
    if len(reserved) != 1:
        return None
    rows = [
        [(row[number] or "").strip() or "0" if number < len(row) else "0" for number in (stock_columns[0], *reserved)]
        for row in columns.sample
    ]
    counted = [numbers for cells in rows if (numbers := _whole_numbers(cells)) is not None]
    # Pieces can be reserved before they arrive. If the stock is 0, reserved pieces do not change it.
    contained = len(counted) == len(rows) >= MIN_RESERVED and all(
        0 <= less <= count or not count for count, less in counted
    )
    if _is_free_of(columns, stock_columns[0], reserved[0]):
        return None
    return reserved[0] if contained and any(less for _, less in counted) else None


def _is_free_of(columns: Columns, stock: int, reserved: int) -> bool:
    """Return whether, in all rows, a stock such as `On hand` is another column minus the reserved pieces."""
    others = [number for number in range(len(columns.header)) if number not in (stock, reserved)][:MAX_COLUMNS]
    return any(_is_difference(columns, other, reserved, stock) for other in others)


def without_reserved_of_places(
    columns: Columns, places: list[int], earlier: Sequence[str] = ()
) -> tuple[list[int], list[Question]]:
    """Return the columns of places without a stock that another one of them contains without the reserved pieces, and
    a question about it.

    `Fiili Stok` and `Sevkedilebilir Stok` look like two places. They are one place if the second one is the first one
    minus `Rezerve` in all rows. Any other third column, such as a difference, proves nothing. If `earlier`, the stock
    of the catalog's earlier file, was one of these columns, it stays the stock: a small file proves less.
    """
    reserved = reserved_columns(columns, places)[:MAX_COLUMNS]
    if not reserved or len(places) > MAX_STOCKS:
        return places, []
    if len(earlier) == 1 and (remembered := [number for number in places if columns.header[number] == earlier[0]]):
        return remembered, []
    wholes = {
        whole: (left, less) for less in reserved for whole in places for left in places
        if whole != left and _is_difference(columns, whole, less, left, MIN_RESERVED)
    }  # fmt: skip
    if not wholes:
        return places, []
    whole, (left, less) = next(iter(wholes.items()))
    names = [quoted(columns.header[number], 40) for number in (left, whole, less)]
    text = (
        f"In all rows, {names[0]} is {names[1]} minus the reserved pieces {names[2]}. Is {names[0]} the stock that can "
        "be sold?"
    )
    choices = (
        Choice(columns.header[left], "All pieces of this column are sold.", columns[left].examples),
        Choice(columns.header[whole], "All pieces of this column are sold.", columns[whole].examples),
        Choice("sum", "The stock is the sum of both columns."),
    )
    question = Question("inventory_count", "other", text, choices, columns[less].examples)
    return [number for number in places if number not in wholes], [question]


def without_expected(columns: Columns, stock_columns: list[int], used: set[int]) -> list[int]:
    """Return the column of the pieces in the warehouse, if the column of the stock also counts expected pieces.

    In Italian programs, `Disponibilità` is `Esistenza` minus `Impegnato` plus `Ordinato` in all rows.
    """
    if len(stock_columns) != 1 or columns[stock_columns[0]].is_empty:
        return stock_columns
    free = [
        number for number in range(len(columns.header))
        if number not in {*used, *stock_columns} and not columns[number].is_empty and are_counts(columns[number])
    ][:MAX_COLUMNS]  # fmt: skip
    reserved = [number for number in free if is_reserved(columns.header[number])]
    there = [number for number in free if number not in reserved and names_stock(columns.header[number])][:MAX_STOCKS]
    if len(reserved) != 1:
        return stock_columns
    sums = [
        own for own in there for expected in free
        if expected not in (own, *reserved) and _is_sum(columns, stock_columns[0], own, reserved[0], expected)
    ]  # fmt: skip
    return sums if len(sums) == 1 else stock_columns


def names_stock(column: str) -> bool:
    """Return whether a name means a stock."""
    return stock_rank(column) is not None or any(field == "inventory_count" for field, _, _ in field_candidates(column))


def _is_sum(columns: Columns, total: int, own: int, reserved: int, expected: int) -> bool:
    rows = [
        [
            (row[number] or "").strip() or "0" if number < len(row) else "0"
            for number in (total, own, reserved, expected)
        ]
        for row in columns.sample
    ]
    counted = [numbers for cells in rows if (numbers := _whole_numbers(cells)) is not None]
    is_certain = len(counted) == len(rows) >= MIN_RESERVED and any(count[3] for count in counted)
    return is_certain and all(all_ == there - less + more for all_, there, less, more in counted)


def reserved_question(columns: Columns, stock_columns: Sequence[int], *, is_less: bool = False) -> list[Question]:
    """Return the question whether a stock includes the reserved pieces in another column.

    If `is_less` is true, the first choice is to subtract the reserved pieces.
    """
    for at in stock_columns:
        if is_free_stock(columns.header[at], columns[at]):
            return []
        for number, column in enumerate(columns.header):
            facts = columns[number]
            if (
                number != at
                and can_be_reserved(column)
                and facts.cells
                and facts.without_dashes.share("is_number") == 1
                and facts.share("is_zero") < 1
            ):
                stock_name = columns.header[at]
                verb = "has" if is_reserved(column) else "can have"
                text = (
                    f"The column {quoted(column, 40)} {verb} pieces that are reserved. Are they still contained in the "
                    f"stock {quoted(stock_name, 40)}?"
                )
                only = Choice(stock_name, "All pieces of this column are sold.", columns[at].examples)
                none = Choice("", "The file does not change the stock.")
                less = Choice("difference", "The reserved pieces are taken off the stock.", facts.examples)
                choices = (less, only) if is_less else (only, none) if is_reserved(column) else (only, less)
                return [Question("inventory_count", "other", text, choices, facts.examples)]
    return []
