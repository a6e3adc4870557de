"""Finds the columns with the stocks of several places or sizes. They are added up if no column has the total."""

import re
from collections.abc import Iterable, Sequence

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock.lists import stocks_of_lists
from wecelebrate.feeds.stock.names import are_counts
from wecelebrate.feeds.stock.place_names import (
    counts_stock_of_place,
    ends_with_warehouse,
    is_generic_place,
    is_warehouse_in_one_word,
    place_key,
)
from wecelebrate.feeds.vocabulary.words import words

MIN_PLACES = 2
MAX_PLACES = 50
MAX_EXAMPLES = 3
_SIZES = words("xxs xs s m l xl xxl xxxl xxxxl 2xl 3xl 4xl 5xl 2xs 3xs xsmall small medium large xlarge")
MIN_SIZES = 3
SIZE_NUMBERS = range(16, 61)
_SIZE_NUMBER = re.compile(
    r"(?:(?:t|eu|gr|size|taille|talla|taglia|maat|str|koko)[. ]?)?(\d\d)(?:[.,]5)?", re.ASCII | re.IGNORECASE
)
MAX_PIECES_LENGTH = 5


def stock_columns_of_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns that contain the stocks of several places, such as `Lager Wien` and `Lager Graz`.

    The names must begin or end with the same word for a stock or a place. The other words of a name, such as `Wien`,
    must not give the stock another meaning. Names without a common word can be different words for places. The values
    must be whole numbers.
    """
    groups: dict[tuple[bool, tuple[str, ...]], list[int]] = {}
    for number, name in enumerate(columns.header):
        if number not in used and (key := place_key(name)) is not None and are_counts(columns[number]):
            groups.setdefault(key, []).append(number)
    sizes = [number for number, name in enumerate(columns.header) if number not in used and is_size(name)]
    if len(sizes) >= MIN_SIZES and all(_are_pieces(columns[number]) for number in sizes):
        groups[(False, ())] = sizes
    lists = [[number for number in group if number not in used] for group in stocks_of_lists(columns.header)]
    of_lists = [group for group in lists if all(are_counts(columns[number]) for number in group)]
    places = [numbers for numbers in of_lists or groups.values() if MIN_PLACES <= len(numbers) <= MAX_PLACES]
    places = [numbers for numbers in places if any(not columns[number].is_empty for number in numbers)]
    best = max(places, key=len, default=[])
    if not best:
        return _places_with_other_names(columns, used)
    return [*best, *_in_one_word(columns, {*used, *best})] if not of_lists and best != sizes else best


def _places_with_other_names(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns of stocks of places with different names, such as `Nettlager`, `Branch` and `Stock Berlin`.

    At least two columns are needed, because a single column `Zentrallager` can be the whole stock. A name in one word
    is certain. Other columns must contain values that look like stocks.
    """
    certain, named = _in_one_word(columns, used), named_places(columns, used)
    places = sorted({*certain, *named}) if _look_like_stocks(columns, {*certain, *named}) else certain
    return places if MIN_PLACES <= len(places) <= MAX_PLACES else []


def named_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns of short whole numbers whose names mean a warehouse, or the stock of a place."""
    return [
        number for number, name in enumerate(columns.header)
        if number not in used and not columns[number].is_empty and _are_pieces(columns[number])
        and (
            ends_with_warehouse(name) or counts_stock_of_place(name)
            or (is_generic_place(name) and _are_many(columns[number]))
        )
    ]  # fmt: skip


def _look_like_stocks(columns: Columns, numbers: Iterable[int]) -> bool:
    """Return whether the columns have many different values, and a 0. Numbers of warehouses repeat, and are never 0."""
    cells = {cell for number in numbers for cell in columns[number].cells}
    return "0" in cells and len(cells) > MIN_SIZES


def other_places(columns: Columns, stock: Sequence[int], used: set[int]) -> list[int]:
    """Return the stock of one place, and the columns that can be the stocks of other places, or an empty list.

    If `Main warehouse` contains no 0, it can be the number of a warehouse, even if the file has `Stock Berlin`.
    """
    if len(stock) != 1 or not counts_stock_of_place(columns.header[stock[0]]):
        return []
    others = [number for number in named_places(columns, {*used, *stock}) if _are_many(columns[number])]
    return [*stock, *others] if others and len(others) < MAX_PLACES else []


def _in_one_word(columns: Columns, used: set[int]) -> list[int]:
    return [
        number for number, name in enumerate(columns.header)
        if number not in used and is_warehouse_in_one_word(name) and are_counts(columns[number])
    ]  # fmt: skip


def _are_many(facts: Facts) -> bool:
    """Return whether the values are several numbers, and not only the flags 0 and 1."""
    return len(set(facts.cells)) > 1 and any(cell not in ("0", "1") for cell in facts.cells)


def is_size(column: str) -> bool:
    """Return whether the name of a column is only a size of clothes. Some tables have a column for each size."""
    return fold(column) in _SIZES or is_number_of_size(column)


def is_number_of_size(column: str) -> bool:
    """Return whether the name of a column is only a size number of shoes or clothes: 36, T38, 42.5."""
    match = _SIZE_NUMBER.fullmatch(column.strip())
    return match is not None and int(match[1]) in SIZE_NUMBERS


def _are_pieces(facts: Facts) -> bool:
    return all(cell.isdecimal() and len(cell) <= MAX_PIECES_LENGTH for cell in facts.cells)


def are_of_one_group(header: Sequence[str], numbers: Sequence[int]) -> bool:
    """Return whether all these stocks are below one name, such as `Voorraad`, in a header of two rows."""
    groups = {header[number].rpartition(" ")[0] for number in numbers}
    return len(numbers) > 1 and len(groups) == 1 and "" not in groups


def sum_question(columns: Columns, numbers: Iterable[int], *, is_sum: bool = True) -> Question:
    """Return the question about columns of places. `is_sum` says whether they are added up if nobody answers."""
    names = [columns.header[number] for number in numbers]
    shown = " and ".join(quoted(name, 40) for name in names[:MAX_EXAMPLES]) + (
        " …" if len(names) > MAX_EXAMPLES else ""
    )
    kind = "sizes" if all(map(is_size, names)) else "places"
    text = f"The columns {shown} contain the stocks of several {kind}, and no column has the total. Are they added up?"
    added = [Choice("sum", "The stock is the sum of these columns.")]
    single = [
        Choice(name, f"The stock is only that of the column {quoted(name, 40)}.") for name in names[:MAX_EXAMPLES]
    ]
    choices = (*added, *single) if is_sum else (single[0], *added, *single[1:])
    return Question("inventory_count", "other", text, choices, tuple(names[:MAX_EXAMPLES]))
