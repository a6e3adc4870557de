"""The steps for numbers. They compute with fractions: only the step `round` rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any, Literal

from wecelebrate.core.types.transformations import NUMBER_STEPS
from wecelebrate.feeds.items import BadCell, Cells, quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.shapes import shape_of

RoundingMode = Literal["half_up", "half_even", "up", "down"]

CACHE_SIZE = 4096
MAX_SHOWN = 14
"""The number of characters that a message shows of a number with endless decimals."""


def rounded(value: Fraction, decimals: int, mode: RoundingMode) -> Fraction:
    """Round a number that is not negative."""
    scale = 10**decimals
    scaled = value * scale
    whole = floor(scaled)
    if mode == "up":
        whole = ceil(scaled)
    elif mode == "half_up":
        whole = floor(scaled + Fraction(1, 2))
    elif mode == "half_even":
        whole = round(scaled)
    return Fraction(whole, scale)


def as_decimal(value: Fraction) -> Decimal | None:
    """Return the number as a decimal, or None if its decimals do not end, as in 10/3."""
    denominator, places = value.denominator, 0
    while denominator % 10 == 0:
        denominator, places = denominator // 10, places + 1
    while denominator % 2 == 0 or denominator % 5 == 0:
        denominator = denominator // 2 if denominator % 2 == 0 else denominator // 5
        places += 1
    if denominator != 1:
        return None
    return Decimal(int(value * 10**places)).scaleb(-places)


@dataclass(frozen=True, slots=True)
class Divisor:
    """The column that a step divides by."""

    column: int
    name: str


NumberStep = Callable[[Fraction, Cells, numbers.DecimalMark | None], Fraction]


class Arithmetic:
    """The steps for numbers of one field."""

    def __init__(self, steps: Sequence[Mapping[str, Any]], divisors: Mapping[str, int], first: int) -> None:
        """`divisors` maps the names of columns to their numbers.

        `first` is the number of steps before the steps for numbers.
        """
        self.divisors = dict(divisors)
        """Maps the names of divisor columns to their numbers."""
        self._steps: list[tuple[int, str, NumberStep]] = []
        for number, step in enumerate(steps, first + 1):
            (name,) = step
            self._steps.append((number, name, _number_step(name, step[name], divisors)))
        # The results are cached, because prices repeat. They are not cached if a step divides by a column, because such
        # results also depend on the row.
        self._cached = None if divisors else lru_cache(maxsize=CACHE_SIZE)(lambda value: self._apply(value, (), None))

    def apply(self, value: Decimal, cells: Cells, mark: numbers.DecimalMark | None) -> Decimal:
        """Return the number after all steps.

        Raises BadCell with the code `bad_divisor`, or `too_precise` if the decimals of the number do not end.
        """
        return self._apply(value, cells, mark) if self._cached is None else self._cached(value)

    def _apply(self, value: Decimal, cells: Cells, mark: numbers.DecimalMark | None) -> Decimal:
        result = Fraction(value)
        for number, name, step in self._steps:
            try:
                result = step(result, cells, mark)
            except BadCell as error:
                raise BadCell(error.code, f"step {number} ({name}): {error.problem}") from None
        decimal = as_decimal(result)
        if decimal is None:
            shown = f"{float(result):.10f}"[:MAX_SHOWN]
            raise BadCell("too_precise", f"{value:f} becomes {shown}…, which has no end; add the step `round`")
        return decimal


def _number_step(name: str, options: Any, divisors: Mapping[str, int]) -> NumberStep:
    if name == "multiply":
        factor = Fraction(options)
        return lambda value, _, __: value * factor
    if name == "divide":
        divisor = Fraction(options)
        return lambda value, _, __: value / divisor
    if name == "divide_by_column":
        column = Divisor(divisors[options], options)
        return lambda value, cells, mark: value / _divisor(cells[column.column], column.name, mark)
    return lambda value, _, __: rounded(value, options["decimals"], options["mode"])


def _divisor(cell: str | None, column: str, mark: numbers.DecimalMark | None) -> Fraction:
    text = (cell or "").strip()
    if not text:
        raise BadCell("bad_divisor", f"{quoted(column, 40)} is blank, so nothing can be divided by it")
    try:
        divisor = numbers.signed_number(text, mark, text) if len(text) <= numbers.MAX_NUMBER_LENGTH else Decimal(0)
    except BadCell:
        divisor = Decimal(0)
    shape = shape_of(text)
    if mark is None and shape is not None and shape.unclear:
        raise BadCell(
            "ambiguous_number",
            f"{quoted(column, 40)} is {quoted(text)}, which can be read in two ways; set the option `decimal`",
        )
    if divisor <= 0:
        raise BadCell("bad_divisor", f"{quoted(column, 40)} is {quoted(text)}, which is not a number above 0")
    return Fraction(divisor)


def split_steps(
    steps: Sequence[str | Mapping[str, Any]],
) -> tuple[list[str | Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the steps for texts, and the steps for numbers, which come last."""
    for number, step in enumerate(steps):
        if not isinstance(step, str) and not step.keys().isdisjoint(NUMBER_STEPS):
            return list(steps[:number]), [each for each in steps[number:] if not isinstance(each, str)]
    return list(steps), []
