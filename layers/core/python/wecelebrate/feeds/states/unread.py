"""Warns of columns with unexplained marks, which can mean that products are not sold.

The name of such a column is an abbreviation, such as `AL` or `KZ`. Its values are either one mark in some rows, or A
and one other letter. A column `Frozen` can mean frozen food, or the end of the sale. The warning is given only if no
column of the file says which products are sold.
"""

import re
from collections.abc import Collection, Sequence

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.states.frozen import is_frozen_food
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.warnings import Warnings

CODE = "unread_state"
MIN_ROWS = 3
MAX_NAME = 12
MAX_SHORT = 3
MAX_MARK = 2
MAX_FILLED = 0.5
_VOWEL = re.compile(r"[aeiouy\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f]")
_CLASSES = frozenset(("abc", "xyz", "abcxyz"))
"""Names of columns that classify products by their turnover."""


def warn_of_unread_marks(plan: Plan, sample: Sequence[Cells], warnings: Warnings) -> None:
    """Add a warning for each value of the columns with unread marks. `sample` has the first rows of the file."""
    if plan.profile is not None or plan.active:
        return
    columns = Columns(plan.header, sample)
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    for number in unread_marks(columns, used):
        for cell in columns[number].cells:
            warnings.add(CODE, plan.column_name(number), cell)


def unread_marks(columns: Columns, used: Collection[int]) -> list[int]:
    """Return the columns with an opaque name and with marks or letters that can say which products are sold."""
    return [
        number for number, name in enumerate(columns.header)
        if number not in used and (_is_unexplained(name, columns[number]) or is_frozen_food(columns, number))
    ]  # fmt: skip


def _is_unexplained(name: str, facts: Facts) -> bool:
    return _is_opaque(name) and not is_property(name) and _can_decide(facts)


_ORDINARY = frozenset((
    "art", "new", "neu", "set", "typ", "fit", "eco", "bio", "hot", "top", "age", "sex", "led", "usb", "kit", "pro",
    "uk", "usa", "eu", "gb", "de", "at", "ch", "fr", "it", "es", "nl", "be", "pl", "cz", "us", "ca", "au",
    "tax", "vat", "ust", "iva", "tva", "btw", "gst", "pst", "abo", "var", "ve", "me", "uom", "um", "pg", "wg", "wgr",
))  # fmt: skip
"""Names of ordinary columns: words, countries, taxes, units and groups."""


def _is_opaque(column: str) -> bool:
    """Return whether the meaning of a name is not clear, because it has at most three letters or no vowel."""
    name = squeezed(column) if len(column) <= MAX_NAME else ""
    is_short = len(name) <= MAX_SHORT or not _VOWEL.search(name)
    return name.isalpha() and is_short and name not in _CLASSES | _ORDINARY


def _can_decide(facts: Facts) -> bool:
    values = {cell.casefold() for cell in facts.cells}
    if facts.rows < MIN_ROWS or not values or any(len(value) > MAX_MARK or not value.isalpha() for value in values):
        return False
    is_mark = len(values) == 1 and facts.filled <= MAX_FILLED
    letters = [cell.casefold() for cell in facts.cells]
    is_code = len(values) == 2 and letters.count("a") > len(letters) / 2
    return is_mark or (is_code and facts.filled == 1)
