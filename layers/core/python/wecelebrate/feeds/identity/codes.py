"""Finds the columns whose values can identify products. The names of the columns are ignored.

| kind       | values                                                                                      |
|------------|---------------------------------------------------------------------------------------------|
| `codes`    | letters and digits, leading zeros, or groups of digits: `T-1001`, `00471`, `47-11`          |
| `barcodes` | GTINs with correct check digits                                                             |
| `numbers`  | whole numbers of about the same length: `10001`, `10002`                                    |
| `rows`     | the numbers of the rows: 1, 2, 3                                                            |
| `texts`    | different texts, such as the names of products                                              |
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

from wecelebrate.feeds.columns.facts import Facts
from wecelebrate.feeds.notation.shapes import shape_of

Kind = Literal["codes", "barcodes", "numbers", "rows", "texts"]

MIN_SHARE = 0.9
"""The minimum share of rows with a value, of different values, and of values of the same kind."""
MIN_NAMED = 0.8
"""The minimum share of rows with a value in a column of names. It is below 1 because rows with totals have no name."""
MIN_CODES = 0.5
MAX_CODE_LENGTH = 40
MIN_DIGITS = 3
MIN_BARCODES = 3
"""At least this many correct check digits are not a coincidence, even if the values have only eight digits."""
_AMOUNT = re.compile(r"[-+]?\d+(?:[.,]\d+)?(\D{1,8})")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}", re.ASCII)
"""A number that a spreadsheet has rounded, such as `4,01235E+12`."""
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_CAPITALS = re.compile(r"[A-Z0-9]+(?:[-_./][A-Z0-9]+)+")
_CAPITAL_WORDS = re.compile(r"[A-Z0-9]{2,}(?:[-_./][A-Z0-9]+)*")
"""A code in capital letters. Unlike `_CAPITALS`, this pattern also matches a code without a separator, such as
`SNUFFER`."""
_SEPARATED = re.compile(r"[^\W_]+(?:[-_./:][^\W_]+)+")


def kind_of(facts: Facts) -> Kind | None:
    """Return the kind of identifiers that the values look like, or None if they cannot identify products."""
    if not facts.cells or facts.filled < MIN_SHARE or facts.distinct < MIN_SHARE:
        return None
    if is_row_numbers(facts.cells):
        return "rows"
    if is_barcodes(facts):
        return "barcodes"
    if _share(facts.cells, is_code) >= MIN_SHARE and not _are_amounts(facts.cells):
        return "codes"
    if _are_numbers(facts.cells):
        return "numbers"
    return "texts" if facts.share("is_text") >= MIN_SHARE and not facts.share("is_address") else None


def is_row_numbers(cells: Sequence[str]) -> bool:
    """Return whether the values are 1, 2, 3 and so on, or 10, 20, 30. At least two values are needed."""
    if len(cells) < 2 or not all(cell.isdecimal() and len(cell) < 10 for cell in cells):
        return False
    first, second = int(cells[0]), int(cells[1])
    step = second - first
    if (first, step) not in ((0, 1), (1, 1), (10, 10), (100, 100)):
        return False
    return [int(cell) for cell in cells] == list(range(first, first + step * len(cells), step))


def is_barcodes(facts: Facts) -> bool:
    """Return whether nearly all values are GTINs."""
    if facts.is_empty or facts.share("is_gtin") < MIN_SHARE:
        return False
    return len(facts.cells) >= MIN_BARCODES or all(len(cell) > 8 for cell in facts.cells)


def is_code(text: str) -> bool:
    """Return whether a value looks like an assigned code, and not like a number, a text or a date."""
    if len(text) > MAX_CODE_LENGTH or not any(char.isdecimal() for char in text):
        return False
    if any(char.isspace() or unicodedata.category(char) == "Sc" for char in text) or "%" in text:
        return False
    if text.isdecimal():
        return text.startswith("0") and len(text) >= MIN_DIGITS
    if is_rounded(text) or _is_date(text) or "://" in text or "@" in text:
        return False
    if any(mark in text for mark in ".,") and shape_of(text) is not None:  # `75.000` and `Rp75.000`
        return False
    return any(char.isalpha() for char in text) or bool(_SEPARATED.fullmatch(text))


def is_rounded(text: str) -> bool:
    """Return whether a value is a number that a spreadsheet has rounded, such as `4,01235E+12`."""
    return _ROUNDED.fullmatch(text) is not None


def are_item_names(facts: Facts) -> bool:
    """Return whether the values are codes in a column with the name of a product, as in NetSuite.

    Such a code can have no digits (`MUG-BLK`), and can begin with the code of the parent (`HOODIE : HOODIE-M`).
    """
    if not facts.cells or facts.filled < MIN_NAMED or facts.distinct < MIN_SHARE:
        return False
    last_parts = [cell.rpartition(" : ")[2] for cell in facts.cells]
    if _share(last_parts, lambda part: is_code(part) or _CAPITALS.fullmatch(part) is not None) < MIN_CODES:
        return False
    return _share(last_parts, lambda part: is_code(part) or _CAPITAL_WORDS.fullmatch(part) is not None) >= MIN_SHARE


def are_short_codes(facts: Facts) -> bool:
    """Return whether all rows have a code or a word in capitals, such as `RAGLAN` or `1001`.

    Several rows can have the same code.
    """
    return (
        facts.filled >= MIN_SHARE
        and len(set(facts.cells)) > 1
        and not _are_amounts(facts.cells)
        and all(is_code(cell) or _CAPITAL_WORDS.fullmatch(cell) for cell in facts.cells)
        and any(len(cell) > 3 or cell.isdecimal() for cell in facts.cells)  # `XXL` is a size
    )


def _is_date(text: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$", text, re.ASCII))


def _are_amounts(cells: Sequence[str]) -> bool:
    """Return whether all values are amounts with the same unit or sign, such as `500ml` and `350ml`."""
    units = {match[1] if (match := _AMOUNT.fullmatch(cell)) else "" for cell in cells}
    return len(units) == 1 and "" not in units


def _are_numbers(cells: Sequence[str]) -> bool:
    """Return whether the values are whole numbers of about the same length, and not prices or years.

    Prices in whole units mostly end with 0, 5 or 9.
    """
    if not all(cell.isdecimal() and len(cell) >= MIN_DIGITS for cell in cells):
        return False
    lengths = {len(cell) for cell in cells}
    if max(lengths) - min(lengths) > 1 or all(_YEAR.fullmatch(cell) for cell in cells):
        return False
    return sum(cell[-1] in "059" for cell in cells) / len(cells) < 0.6 or min(lengths) > 8


def _share(cells: Sequence[str], is_kind: Callable[[str], bool]) -> float:
    return sum(map(is_kind, cells)) / len(cells)
