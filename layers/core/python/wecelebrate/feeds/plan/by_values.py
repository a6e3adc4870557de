"""Finds the columns of the name and of the stock by their values, if the names of these columns are not known.

| column              | rule                                                                                     |
|---------------------|------------------------------------------------------------------------------------------|
| the product's name  | the only column with texts of several letters that differ in nearly all rows             |
| the stock           | the only column with short whole numbers or `none`; at least one value means 0           |

A column is never used if it has a known meaning, is a property, or has a private part in its name. If two columns fit,
none is used.
"""

import contextlib
import re
from collections.abc import Collection

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import field_candidates, is_inverse
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.names import is_no_stock
from wecelebrate.feeds.vocabulary.words import words as listed

MIN_ROWS = 3
MIN_DISTINCT = 0.9
MIN_FILLED = 0.8
"""The minimum share of rows with a value. It is below 1, because a note below a list is a row without a stock."""
MAX_DIGITS = 5
MAX_COLUMN_NAME = 60
_WORD = re.compile(r"[^\W\d_]{2}")
_STORE_WORDS = listed("lager magazzino magazyn magazin almacen entrepot sklad skladu raktar varasto warehouse")
_PERSON = re.compile(r"[A-ZÀ-Þ]\.\s?[^\W\d_]|@|\d{5,}")
"""An initial, an e-mail address or a telephone number. Such texts are not names of products."""
_YEARS = range(1900, 2101)


def name_by_values(columns: Columns, used: Collection[int]) -> int | None:
    """Return the only column whose values can be the names of products, or None."""
    texts = [
        number for number, name in enumerate(columns.header)
        if number not in used and _says_nothing(name) and private_part(name) is None and _are_names(columns[number])
    ]  # fmt: skip
    return texts[0] if len(texts) == 1 else None


def stock_by_values(columns: Columns, used: Collection[int]) -> int | None:
    """Return the only column whose values can be pieces in stock, or None."""
    counts = [
        number for number, name in enumerate(columns.header)
        if number not in used and (_says_nothing(name) or _is_state(name)) and _is_no_private_amount(name)
        and not is_no_stock(name)
        and _are_counts(columns[number])
    ]  # fmt: skip
    return counts[0] if len(counts) == 1 else None


def _says_nothing(name: str) -> bool:
    is_short = len(name) <= MAX_COLUMN_NAME and "." not in name.strip(".") and "@" not in name
    return is_short and not field_candidates(name) and not is_property(name) and name_of_price(name) is None


def _is_state(name: str) -> bool:
    """Return whether the only known meaning of a name is a state.

    In some languages, such a name can also mean the stock, for example `Stav`.
    """
    return {field for field, _, _ in field_candidates(name)} == {"is_active"} and not is_inverse(name)


def _is_no_private_amount(name: str) -> bool:
    """Return whether a name has no private part except a word for a store, as in `Pakete am Lager`."""
    part = private_part(name)
    return part is None or part in _STORE_WORDS


def _are_names(facts: Facts) -> bool:
    cells = facts.cells
    if facts.rows < MIN_ROWS or facts.filled < MIN_DISTINCT or facts.distinct < MIN_DISTINCT:
        return False
    if facts.share("is_address") or facts.share("is_number") or any(map(_PERSON.search, cells)):
        return False
    return all(_WORD.search(cell) for cell in cells) and facts.share("is_text") == 1


def _are_counts(facts: Facts) -> bool:
    cells = facts.cells
    if facts.rows < MIN_ROWS or facts.filled < MIN_FILLED:
        return False
    if not any(map(str.isdecimal, cells)) or None in (pieces := [_pieces(cell) for cell in cells]):
        return False
    counts = [count for count in pieces if count is not None]
    is_zero = 0 in counts and any(count > 1 for count in counts)
    are_percentages = max(counts) <= 100 and all(count % 5 == 0 for count in counts)
    return is_zero and not are_percentages and any(count not in _YEARS for count in counts if count)


def _pieces(cell: str) -> int | None:
    """Return the number of pieces in a cell: a short whole number, or a word such as `none`."""
    if cell.isdecimal():
        return int(cell) if len(cell) <= MAX_DIGITS else None
    with contextlib.suppress(BadCell):
        return 0 if stock.read(cell, None) in (0, stock.State.OUT_OF_STOCK) else None
    return None
