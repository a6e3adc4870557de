"""Describes the values of a column: how many are not blank, how many differ, and what they look like."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wecelebrate.core.types import currencies
from wecelebrate.feeds.columns.totals import is_rule, is_total_row
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.notation.shapes import shape_of

MAX_ROWS = 300
"""The number of sample rows from which the facts are computed. More rows would not change a decision."""
MAX_VALUES = 100
MAX_EXAMPLES = 3
MAX_VALUE_LENGTH = 200

_DIGITS = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_DIGIT = re.compile(r"\d")
_NOT_ZERO = re.compile(r"[^\D0]")
_CODE = re.compile(r"[-_./:]")
_WORDS = re.compile(r"\S\s+\S")
_ADDRESS = re.compile(r"https?://|//|.{1,500}\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)$", re.IGNORECASE)
_SPACED_CODE = re.compile(r"[A-Z]{2,6} 0\d{2,9}", re.ASCII)
_TAG = re.compile(r"<[a-z/!]", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Value:
    """Describes the form of one value."""

    has_digit: bool
    is_number: bool
    is_zero: bool
    is_identifier: bool
    is_gtin: bool
    is_address: bool
    is_text: bool


def value_of(cell: str) -> Value:
    text = cell[:MAX_VALUE_LENGTH]
    is_number = shape_of(text) is not None and not _DATE.fullmatch(text)
    has_digit = bool(_DIGIT.search(text))
    has_words = bool(_WORDS.search(text))
    is_code = text.isupper() or bool(_CODE.search(text, 1, len(text) - 1))
    return Value(
        has_digit=has_digit,
        is_number=is_number,
        is_zero=is_number and not _NOT_ZERO.search(text),
        is_identifier=(len(text) <= 60 and not has_words and (has_digit or is_code) and not _DATE.fullmatch(text))
        or _is_spaced_code(text),
        is_gtin=bool(_DIGITS.fullmatch(text)) and has_check_digit(text),
        is_address=bool(_ADDRESS.match(text)),
        is_text=has_words or bool(_TAG.search(text)) or (text.isalpha() and not text.isupper()),
    )


def _is_spaced_code(text: str) -> bool:
    """Return whether a value is a code with a space and zeros, such as `KNI 0001`. `DIN 912` names a standard."""
    return _SPACED_CODE.fullmatch(text) is not None and text[:3] not in currencies()


def has_check_digit(digits: str) -> bool:
    """Return whether the last digit is the check digit of a GTIN (GS1 General Specifications, 7.9)."""
    weighted = (int(digit) * (3 if number % 2 == 0 else 1) for number, digit in enumerate(reversed(digits[:-1])))
    return (10 - sum(weighted) % 10) % 10 == int(digits[-1])


@dataclass
class Facts:
    """The values of a column in the first rows of the sample."""

    rows: int
    cells: list[str]
    """The values that are not blank."""
    first_rows: Sequence[Cells] = field(repr=False, default=())

    @cached_property
    def values(self) -> list[Value]:
        """The forms of at most MAX_VALUES of the values."""
        step = -(-len(self.cells) // MAX_VALUES) or 1
        return [value_of(cell) for cell in self.cells[::step]]

    @cached_property
    def without_dashes(self) -> "Facts":
        """The facts without the cells that are only a dash. In a column of numbers, a dash means "none"."""
        cells = [cell for cell in self.cells if cell not in DASHES]
        return self if not cells or len(cells) == len(self.cells) else Facts(self.rows, cells)

    @property
    def is_empty(self) -> bool:
        return not self.cells

    @property
    def filled(self) -> float:
        """The share of rows with a value. It is 1 for a file without rows."""
        return len(self.cells) / self.rows if self.rows else 1.0

    @property
    def distinct(self) -> float:
        """The share of different values."""
        return len(set(self.cells)) / len(self.cells) if self.cells else 1.0

    def share(self, kind: str) -> float:
        """Return the share of the values whose attribute `kind` is true (see `Value`), or 1 if no values exist."""
        return sum(getattr(value, kind) for value in self.values) / len(self.values) if self.values else 1.0

    @property
    def examples(self) -> tuple[str, ...]:
        return tuple(cell[:40] for cell in dict.fromkeys(self.cells[:20]))[:MAX_EXAMPLES]


class Columns:
    """The columns of a file's sample. The facts of a column are computed only when they are needed."""

    def __init__(self, header: Sequence[str], sample: Iterable[Cells]) -> None:
        self.header = header
        rows = (row for row, _ in zip(sample, range(MAX_ROWS), strict=False))
        self.sample = [row for row in rows if not is_total_row(row) and not is_rule(row)]
        self._facts: dict[int, Facts] = {}

    def __getitem__(self, column: int) -> Facts:
        if column not in self._facts:
            present = [row[column] for row in self.sample if column < len(row)]
            texts = [text for cell in present if (text := (cell or "").strip())]
            # A longer text is not in NOTHING, because casefolding never makes a text shorter.
            cells = [text for text in texts if len(text) > _MAX_NOTHING or text.casefold() not in NOTHING]
            self._facts[column] = Facts(len(self.sample), cells)
        return self._facts[column]

    def differ(self, first: int, second: int) -> bool:
        """Return whether at least one row has different values in these two columns."""
        return any(
            a.strip() != b.strip()
            for row in self.sample
            if max(first, second) < len(row) and (a := row[first]) and (b := row[second])
        )

    def fills(self, first: int, second: int) -> bool:
        """Return whether the second column has a value in a row in which the first column is blank."""
        return any(
            not (row[first] or "").strip() and (row[second] or "").strip()
            for row in self.sample
            if max(first, second) < len(row)
        )


DASHES = frozenset(("-", "--", "\u2010", "\u2013", "\u2014", "\u2212", "-.-", "-,-"))
"""Cells that mean "none" in a column of numbers."""
NOTHING = frozenset(("nan", "null", "n/a", "#n/a", "(null)", "\\n", "undefined", "none", "nil"))
"""Texts in lower case that programs write instead of a missing value."""
_MAX_NOTHING = max(map(len, NOTHING))
