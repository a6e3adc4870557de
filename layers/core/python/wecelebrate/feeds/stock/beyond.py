"""Finds what a file says about products that are sold beyond their stock: -3 pieces beside `in stock` or `backorder`.

A number below 0 counts no pieces. It shows that the sender sells more than it has, so a state beside it decides.
"""

import contextlib
from collections.abc import Collection, Sequence
from functools import lru_cache

from wecelebrate.feeds.items import BadCell, Cells
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.convert import NO_ANSWERS
from wecelebrate.feeds.stock.cells import MIN_STATE_LENGTH, State, number_in, read, state_in_words
from wecelebrate.feeds.vocabulary import vocabulary


def columns_with_stock_words(sample: Sequence[Cells], active: Sequence[int]) -> list[int]:
    """Return the columns of the product's state in which a cell is a word for a stock, such as `backorder`."""
    return [number for number in active if any(map(state_in_words, _cells(sample, number)))]


def columns_of_stock_words(header: Sequence[str], sample: Sequence[Cells], used: Collection[int]) -> list[int]:
    """Return the columns whose values are only words for a stock, whatever their names are: `Stock message`.

    Some of the words say that a product can be ordered, and others say something else, e.g. that it is sold out.
    """
    return [number for number in range(len(header)) if number not in used and _are_stock_words(sample, number)]


def _are_stock_words(sample: Sequence[Cells], number: int) -> bool:
    meanings: set[object] = set()
    for row in sample:
        cell = (row[number] or "").strip() if number < len(row) else ""
        if not cell:
            continue
        if len(cell) > MAX_WORDS or (meaning := _meaning_of_words(cell)) is None:
            return False
        meanings.add(meaning)
    return len(meanings) > 1 and not meanings.isdisjoint((State.IN_STOCK, State.TO_ORDER))


@lru_cache(maxsize=4096)
def _meaning_of_words(cell: str) -> State | None:
    if (meaning := state_in_words(cell)) is not None:
        return meaning
    word = cell.casefold()
    if len(word) < MIN_STATE_LENGTH or word in NO_ANSWERS or word in vocabulary().words("values.no"):
        return None
    with contextlib.suppress(BadCell):
        return State.OUT_OF_STOCK if read(cell, None) is State.OUT_OF_STOCK else None
    return None


MAX_WORDS = 60
"""Longer texts, such as descriptions, are no states of a stock."""


def calls_empty_in_stock(sample: Sequence[Cells], count: Sequence[int], states: Sequence[int]) -> bool:
    """Return whether a row has 0 pieces, and a state that says that the product is in stock.

    Such states do not speak of pieces. `states` are the columns of states, and `count` those of the pieces.
    """
    return any(
        any(says_in_stock(row[number]) for number in states if number < len(row))
        and all(_is_zero(row[number]) for number in count if number < len(row))
        for row in sample
        if count
    )


def says_in_stock(cell: str | None) -> bool:
    return cell is not None and state_in_words(cell) is State.IN_STOCK


def is_below_zero(cell: str | None, mark: numbers.DecimalMark | None) -> bool:
    """Return whether a cell is a number of pieces below 0."""
    return cell is not None and (number := number_in(cell, mark)) is not None and number < 0


def _is_zero(cell: str | None) -> bool:
    return cell is not None and number_in(cell, None) == 0


def _cells(sample: Sequence[Cells], number: int) -> set[str]:
    return {cell for row in sample if number < len(row) and (cell := row[number])}
