"""Decides whether the day or the month comes first in the days of offers: 03/04/2026.

The first of these decides: the setting `day_order`, a day above 12, the order of earlier files, the order in which no
offer ends before it starts although several offers do in the other order, and the currency USD, unless an offer then
ends before it starts. If none of them decides, a question is asked, provided that the order changes which offers are
valid from today on.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.moments import is_blank, is_order_open, moment_of, order_of_days, period_of
from wecelebrate.feeds.questions import Choice, Question

KEY = "day_order"
DAY_FIRST, MONTH_FIRST = "day", "month"
MAX_SHOWN = 3
MIN_BACKWARDS = 2
"""The number of offers that exclude an order, because they would end before they start. One offer can be mistyped."""

Day = date | datetime | None
Days = tuple[int | None, int | None, int | None]
"""The columns with the first day, the last day, and both days."""


def decided_order(
    columns: Columns,
    days: Days,
    mapping: Mapping[str, str | None],
    currency: str,
    earlier: bool | None,
) -> bool | None:
    """Return whether the month comes first in the columns of days, or None if nothing decides this."""
    cells = cells_of(columns, days)
    if (setting := mapping.get(KEY)) and is_order_open(cells):
        return setting == MONTH_FIRST
    month_first = order_of_days(cells)
    if month_first is not None or not is_order_open(cells):
        return month_first
    if earlier is not None:
        return earlier
    by_day, by_month = (_backwards(columns, days, order) for order in (False, True))
    if min(by_day, by_month) == 0 and max(by_day, by_month) >= MIN_BACKWARDS:
        return by_day > 0
    return True if currency == "USD" and not by_month else None


def cells_of(columns: Columns, days: Days) -> list[str]:
    """Return the values of the columns of days that are not blank."""
    numbers = [number for number in days if number is not None]
    return [cell for number in numbers for cell in columns[number].cells if not is_blank(cell)]


def order_question(columns: Columns, price: int, days: Days) -> list[Question]:
    """Return the question about the order, if it changes which offers are valid from today on."""
    cells = cells_of(columns, days)
    if not is_order_open(cells) or order_of_days(cells) is not None:
        return []
    today = datetime.now(UTC).date()
    periods = list(zip(_periods(columns, price, days, False), _periods(columns, price, days, True), strict=True))
    differ = [pair for pair in periods if pair[0] != pair[1] and any(_ends_after(last, today) for _, last in pair)]
    if not differ:
        return []
    values = tuple(dict.fromkeys(cells))[:MAX_SHOWN]
    shown = " and ".join(quoted(cell, 30) for cell in values)
    text = f"The offers have days such as {shown}. Does the day or the month come first?"
    choices = (
        Choice(DAY_FIRST, "The day comes first.", _examples(values, month_first=False)),
        Choice(MONTH_FIRST, "The month comes first.", _examples(values, month_first=True)),
    )
    return [Question(KEY, "money", text, choices, values)]


def _examples(cells: Sequence[str], *, month_first: bool) -> tuple[str, ...]:
    days = [(cell, moment_of(cell, month_first=month_first)) for cell in cells]
    return tuple(f"{cell} → {day:%Y-%m-%d}" for cell, day in days if day is not None)


def _ends_after(last: Day, today: date) -> bool:
    return last is None or date(last.year, last.month, last.day) >= today


def _backwards(columns: Columns, days: Days, month_first: bool) -> int:
    """Return the number of offers that would end before they start."""
    periods = (_period(row, days, month_first) for row in columns.sample)
    return sum(
        first is not None
        and last is not None
        and (first.year, first.month, first.day) > (last.year, last.month, last.day)
        for first, last in periods
    )


def _periods(columns: Columns, price: int, days: Days, month_first: bool) -> list[tuple[Day, Day]]:
    """Return the periods of the rows that have an offer."""
    rows = (row for row in columns.sample if price < len(row) and not is_blank(row[price]))
    return [_period(row, days, month_first) for row in rows]


def _period(row: Sequence[str | None], days: Days, month_first: bool) -> tuple[Day, Day]:
    first, last, both = ((row[at] or "") if at is not None and at < len(row) else "" for at in days)
    if both:
        return period_of(both, month_first=month_first) or (None, None)
    return moment_of(first, month_first=month_first), moment_of(last, month_first=month_first)
