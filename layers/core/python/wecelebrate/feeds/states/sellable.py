"""Finds the column of yes and no that is a state, although its name can mean the stock: `Saadaval`, `Disponible`.

The column is a state if a row with pieces in stock says no: the product is then in stock, but not sold.
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import name_forms
from wecelebrate.feeds.notation.convert import NO, YES
from wecelebrate.feeds.stock.columns import STATE_OR_COUNT_NAMES
from wecelebrate.feeds.vocabulary import vocabulary

_PIECES = re.compile(r"\d{1,7}")


def sellable_columns(columns: Columns, stock: Sequence[int], used: set[int]) -> list[int]:
    """Return the only such column of a file with a stock, or an empty list if no or several such columns exist."""
    if len(stock) != 1:
        return []
    names = STATE_OR_COUNT_NAMES.union(vocabulary().words("columns.availability", "columns.in_stock"))
    sellable = [
        number for number, column in enumerate(columns.header)
        if number not in stock and number not in used and not names.isdisjoint(name_forms(column))
        and _contradicts(columns, stock[0], number)
    ]  # fmt: skip
    return sellable if len(sellable) == 1 else []


def _contradicts(columns: Columns, stock: int, number: int) -> bool:
    """Return whether all values are yes or no, and a row with pieces in stock says no."""
    words = vocabulary().words
    yes, no = YES.union(words("values.yes")), NO.union(words("values.no"))
    answers = {cell.strip().casefold() for cell in columns[number].cells}
    if not answers <= yes | no or answers.isdisjoint(no):
        return False
    for row in columns.sample:
        pieces, answer = ((row[at] or "").strip() if at < len(row) else "" for at in (stock, number))
        if _PIECES.fullmatch(pieces) and int(pieces) > 0 and answer.casefold() in no:
            return True
    return False
