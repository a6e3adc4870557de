"""Decides which character is the decimal separator of a file. If the evidence is not sufficient, it returns a question.

The evidence, the strongest first:

1. the option `decimal` of the catalog's settings
2. the decimals of the currency: in `1.299` EUR and `1.250` JPY, the point groups thousands; if all rows have values
  such as `12,500` TND, the comma is the decimal separator
3. values of the price columns that are certain, such as `12,50` and `1.234,56`
4. the style of the catalog's previous file
5. values of other numeric columns that are certain
6. a value such as `349` in a column with `1.250`: a file with three decimals would write `349.000`
7. the definition of the format: XML standards write a decimal point
8. the language of the header. If its countries never write a decimal comma, the language is sufficient. Otherwise, the
  place of the currency's sign must agree

If the evidence of the ranks 2 and 3 supports both separators, a question is asked. If this evidence contradicts the
style of the previous file, the evidence is used, and the difference is reported as a change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.shapes import OTHER, Separator, Tally
from wecelebrate.feeds.questions import Choice, Question, Subject
from wecelebrate.feeds.vocabulary.folding import western

DecidedBy = Literal["setting", "memory", "currency", "values", "other columns", "format", "language", "nothing"]


MIN_UNCLEAR = 3
_MARKS: dict[str | None, Separator] = {",": ",", ".": "."}


@dataclass(slots=True)
class DecimalStyle:
    mark: Separator | None
    """The decimal separator, or None if no value of the file needs it."""
    by: DecidedBy
    reason: str
    question: Question | None = None
    remembered: tuple[str, ...] = ()
    """Values such as `1.250` that are read with the separator of the catalog's previous file."""


@dataclass(slots=True)
class Hints:
    """Evidence that is not in the numbers."""

    setting: str | None = None
    earlier: str | None = None
    """The decimal separator of the catalog's previous file, if it was decided."""
    is_standard: bool = False
    """Whether the format is a standard that defines the decimal point."""
    language: Separator | None = None
    """The decimal separator of the header's language."""
    never_comma: bool = False
    """Whether the header is in a script whose countries never write a decimal comma, such as the script of Japan."""


def decide_style(tally: Tally, others: Iterable[Tally], hints: Hints, column: str, subject: Subject) -> DecimalStyle:
    """Decide the decimal separator of a column. `others` are the file's other numeric columns."""
    if hints.setting in _MARKS:
        return DecimalStyle(_MARKS[hints.setting], "setting", "the catalog's settings say so")
    by_values = _by_values(tally)
    if isinstance(by_values, DecimalStyle) and by_values.mark:
        return by_values
    is_contradiction = by_values is CONTRADICTION
    if not is_contradiction and hints.earlier in _MARKS:
        unclear = tuple(tally.shown("unclear")[:3])
        return DecimalStyle(
            _MARKS[hints.earlier], "memory", "the catalog's earlier file was written so", remembered=unclear
        )
    if not is_contradiction and (style := _by_format(tally) or _by_three_decimals(tally)):
        return style
    if not is_contradiction and (style := _by_other_columns(others) or _by_plain_values(tally)):
        return style if _fits_groups(tally, style) else _undecided(tally, hints, column, subject)
    if subject == "other" and not is_contradiction and (style := _by_odd_fractions(tally)):
        return style
    if hints.is_standard and not is_contradiction:
        return DecimalStyle(".", "format", "the standard of this file defines a decimal point")
    if not is_contradiction and (style := _by_language(tally, hints)):
        return style if _fits_groups(tally, style) else _undecided(tally, hints, column, subject)
    return _undecided(tally, hints, column, subject)


def _undecided(tally: Tally, hints: Hints, column: str, subject: Subject) -> DecimalStyle:
    """Return the probable style with a question, if a value needs the separator."""
    if not tally.is_unclear:
        return DecimalStyle(None, "nothing", "no value needs it")
    first = _probable_mark(tally, hints)
    question = _question(tally, first, column, subject)
    return DecimalStyle(first, "nothing", "the values do not decide", question)


CONTRADICTION = object()


def _by_values(tally: Tally) -> DecimalStyle | object | None:
    certain = {mark for mark, count in tally.decimals.items() if count}
    forced = {OTHER[mark] for mark, count in tally.forced_groups.items() if count and not tally.finer}
    if len(certain | forced) > 1:
        # Values that are certain are always read correctly. Only unclear values need a decision.
        is_safe = sum(tally.forced_groups.values()) == sum(tally.unclear.values()) and not certain
        return None if is_safe or not tally.is_unclear else CONTRADICTION
    if forced and tally.whole_currency:
        return DecimalStyle(forced.pop(), "currency", _reason(tally, "unclear", "the currency has no decimals"))
    if certain:
        return DecimalStyle(certain.pop(), "values", _reason(tally, "decimal"))
    if forced and not _are_few_groups(tally):
        return DecimalStyle(forced.pop(), "currency", _reason(tally, "unclear", "the currency has two decimals"))
    return None


def _are_few_groups(tally: Tally) -> bool:
    """Return whether most values can have three decimals, as in `1.250`, `9.900` and `3.125`.

    Some systems write all prices with three decimals, and a few prices have a fraction of a cent.
    """
    forced, unclear = sum(tally.forced_groups.values()), sum(tally.unclear.values())
    return not tally.whole_currency and unclear >= MIN_UNCLEAR and 2 * forced < unclear == tally.numbers


def _fits_groups(tally: Tally, style: DecimalStyle) -> bool:
    """Return whether a style fits the values that would have more decimals than the currency."""
    return all(style.mark != mark for mark, count in tally.forced_groups.items() if count)


def _by_format(tally: Tally) -> DecimalStyle | None:
    """Return a style without a separator if the file, such as JSON or a workbook, stores the values as numbers."""
    if not tally.typed or tally.is_unclear:
        return None
    return DecimalStyle(None, "format", "the file stores numbers")


def _by_three_decimals(tally: Tally) -> DecimalStyle | None:
    """Decide for a currency with three decimals, such as TND, if all values have three digits after the separator."""
    marks = {mark for mark, count in tally.unclear.items() if count}
    if len(marks) == 1 and tally.three_decimals == sum(tally.unclear.values()) == tally.numbers:
        return DecimalStyle(marks.pop(), "currency", _reason(tally, "unclear", "the currency has three decimals"))
    return None


def _by_odd_fractions(tally: Tally) -> DecimalStyle | None:
    """Decide the separator of quantities such as `1.234`.

    Fractions of a unit are usually halves or quarters. Therefore `1.234` means 1234.
    """
    marks = {mark for mark, count in tally.odd_fractions.items() if count}
    if len(marks) != 1 or len([mark for mark, count in tally.unclear.items() if count]) != 1:
        return None
    return DecimalStyle(OTHER[marks.pop()], "values", _reason(tally, "unclear", "these are no fractions of a unit"))


def _reason(tally: Tally, kind: str, why: str = "") -> str:
    counts = tally.decimals if kind == "decimal" else tally.unclear
    examples = " and ".join(tally.shown(kind)[:2])
    return f"{sum(counts.values())} values like {examples}" + (f", and {why}" if why else "")


def _by_other_columns(others: Iterable[Tally]) -> DecimalStyle | None:
    tallies = [tally for tally in others if any(tally.decimals.values())]
    marks = {mark for tally in tallies for mark, count in tally.decimals.items() if count}
    if len(marks) != 1:
        return None
    return DecimalStyle(marks.pop(), "other columns", _reason(tallies[0], "decimal") + " in another column")


def _by_plain_values(tally: Tally) -> DecimalStyle | None:
    marks = [mark for mark, count in tally.unclear.items() if count]
    if len(marks) != 1 or not tally.plain or tally.long_plain:
        return None
    reason = f"{tally.plain} values without a separator beside values like {tally.shown('unclear')[0]}"
    return DecimalStyle(OTHER[marks[0]], "values", reason)


def _by_language(tally: Tally, hints: Hints) -> DecimalStyle | None:
    if hints.never_comma and not tally.unclear["."]:
        reason = _reason(tally, "unclear", "the comma is never decimal in the language of the header")
        return DecimalStyle(".", "language", reason) if tally.is_unclear else None
    sign = _sign_mark(tally)
    if sign is None or sign != hints.language:
        return None
    return DecimalStyle(sign, "language", "the language of the header and the place of the currency's sign say so")


def _sign_mark(tally: Tally) -> Separator | None:
    """Guess the decimal separator from the place of the currency's sign.

    Languages that write `5 €` use the comma. Languages that write `$5` use the point."""
    if tally.sign_before == tally.sign_after:
        return None
    return "," if tally.sign_after > tally.sign_before else "."


def _probable_mark(tally: Tally, hints: Hints) -> Separator:
    if tally.decimals[","] != tally.decimals["."]:
        return "," if tally.decimals[","] > tally.decimals["."] else "."
    unclear: Separator = "," if tally.unclear[","] > tally.unclear["."] else "."
    return hints.language or _sign_mark(tally) or OTHER[unclear]


def _question(tally: Tally, first: Separator, column: str, subject: Subject) -> Question:
    examples = tally.shown("unclear")
    choices = tuple(
        Choice(
            mark,
            f"The {_NAMES[mark]} separates decimals, and the {_NAMES[OTHER[mark]]} groups thousands.",
            tuple(f"{value} → {_read(value, mark)}" for value in examples),
        )
        for mark in (first, OTHER[first])
    )
    certain = tally.shown("decimal")
    beside = f" The column also has values like {' and '.join(certain[:3])}." if certain else ""
    text = (
        f"The values {' and '.join(examples[:3])} in the column {quoted(column, 40)} can be read in two ways.{beside} "
        "Which character separates decimals?"
    )
    return Question("decimal", subject, text, choices, (*examples, *certain))


_NAMES: dict[Separator, str] = {",": "comma", ".": "point"}


def _read(value: str, mark: Separator) -> str:
    """Return how an unclear value is read with this decimal separator, e.g. `1.250` as 1250 or as 1.25."""
    digits = "".join(char for char in western(value) if char.isascii() and (char.isdigit() or char in ",.")).strip(",.")
    amount = Decimal(digits.replace(OTHER[mark], "").replace(mark, "."))
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
