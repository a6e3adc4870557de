"""Decides whether the day or the month comes first in dates such as 03/04/2026 of offers and price periods.

The first evidence in this list that shows an order is used:

1. the setting `day_order`
2. a day above 12
3. the order of earlier files
4. the order in which no offer ends before it starts, if several offers end before they start in the other order
5. the currency USD, for which the month comes first, unless an offer would then end before it starts

Without evidence, a question is asked if the order changes which offers are valid from today on. A question is also
asked if the dates of an offer contradict each other, as 13/01/2027 and 01/14/2027 do. The answer determines the order
of all dates that can be read in both orders.

A file writes all its dates in one order. Therefore, the dates of all offers are examined together.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.moments import (
    is_blank,
    is_order_contradicted,
    is_order_open,
    moment_of,
    order_of_days,
    period_of,
    separators_of,
    stated_order,
)
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.folding import split_words

KEY = "day_order"
DAY_FIRST, MONTH_FIRST = "day", "month"
MAX_SHOWN = 3
MIN_BACKWARDS = 2
"""An order is wrong if at least this many offers would end before they start. A single offer can be mistyped."""
MAX_NAME = 100
SAME_LETTERS = 4
"""Words for offers mean the same offer if this many first letters are equal, as in `Akce od` and `Akční cena`."""

Day = date | datetime | None
Days = tuple[int | None, int | None, int | None]
"""The columns with the first day, the last day, and both days."""
OfferDays = tuple[int, Days]
"""The column with the price of an offer, and the columns with its days."""


def decided_order(
    columns: Columns,
    offers: Sequence[OfferDays],
    mapping: Mapping[str, str | None],
    currency: str,
    earlier: bool | None,
) -> bool | None:
    """Return whether the month comes first in the dates of all offers of the file, or None if this is not certain."""
    cells = cells_of(columns, offers)
    if (setting := mapping.get(KEY)) and is_order_open(cells):
        return setting == MONTH_FIRST
    month_first = order_of_days(cells)
    if month_first is not None or not is_order_open(cells):
        return month_first
    if earlier is not None:
        return earlier
    periods = dict.fromkeys(days for _, days in offers)
    by_day, by_month = (sum(_backwards(columns, days, order) for days in periods) for order in (False, True))
    if min(by_day, by_month) == 0 and max(by_day, by_month) >= MIN_BACKWARDS:
        return by_day > 0
    return True if currency == "USD" and not by_month else None


def order_of_offers(
    columns: Columns,
    offers: Sequence[OfferDays],
    mapping: Mapping[str, str | None],
    currency: str,
    earlier: bool | None,
) -> bool | None:
    """Return the result of `decided_order`, or the order in the settings if dates of offers contradict each other."""
    if (setting := mapping.get(KEY)) and is_order_contradicted(cells_of(columns, offers)):
        return setting == MONTH_FIRST
    return decided_order(columns, offers, mapping, currency, earlier)


def order_of_offer(cells: Sequence[str], mapping: Mapping[str, str | None], month_first: bool | None) -> bool | None:
    """Return whether the month comes first in the dates of one offer. `month_first` is the order of the whole file.

    Dates such as 03.04.2026 and 31/12/2026 show their order. The order in the settings overrides dates such as
    03.04.2026, unless other dates of the file show that the settings are wrong.
    """
    shown = order_of_days(cells)
    is_set = mapping.get(KEY) == MONTH_FIRST and month_first is True and is_order_open(cells)
    return month_first if shown is None or is_set else shown


def orders_of_columns(
    columns: Columns, days: Days, mapping: Mapping[str, str | None], month_first: bool
) -> tuple[bool, bool, bool]:
    """Return whether the month comes first in each column of an offer. `month_first` is the order of the offer.

    One column can have dates such as 03.04.2026, and another column dates such as 03/04/2026. Only the second column
    then follows the order of earlier files or of the currency. A column without numeric dates also follows this order,
    because later rows can have numeric dates.
    """
    cells = cells_of(columns, [(0, days)])

    def order(number: int | None) -> bool:
        own = separators_of(columns[number].cells) if number is not None else set()
        alike = [cell for cell in cells if own & separators_of([cell])]
        return bool(order_of_offer(alike, mapping, month_first)) if alike else month_first

    first, last, both = days
    return order(first), order(last), order(both)


def cells_of(columns: Columns, offers: Sequence[OfferDays]) -> list[str]:
    """Return the values of the columns of days that are not blank. Two offers can have the same columns."""
    numbers = dict.fromkeys(number for _, days in offers for number in days if number is not None)
    return [cell for number in numbers for cell in columns[number].cells if not is_blank(cell)]


def days_of_others(header: Sequence[str], price: int, prices: Sequence[int], offer: re.Pattern[str]) -> set[int]:
    """Return the columns whose names mean days of another offer, such as `Clearance from` for `Promo price`.

    `prices` are the prices of all offers of the file, and `offer` matches the words for offers.
    """

    def kinds(number: int) -> set[str]:
        matches = (offer.match(word) for word in split_words(header[number][:MAX_NAME]))
        return {match[0][:SAME_LETTERS] for match in matches if match}

    own = kinds(price)
    others = {kind for number in prices if number != price for kind in kinds(number)} - own
    if not own or not others:
        return set()
    return {number for number in range(len(header)) if kinds(number) & others and not kinds(number) & own}


def order_question(columns: Columns, offers: Sequence[OfferDays]) -> list[Question]:
    """Return the question about the order, if it changes which offers are valid from today on."""
    cells = cells_of(columns, offers)
    is_open = is_order_open(cells) and order_of_days(cells) is None
    if not is_open and not is_order_contradicted(cells):
        return []
    today = datetime.now(UTC).date()
    periods = [
        pair
        for price, days in offers
        for pair in zip(_periods(columns, price, days, False), _periods(columns, price, days, True), strict=True)
    ]
    differ = [
        pair
        for pair in periods
        # If a day does not exist in one order, the offer has no end in this order.
        if pair[0] != pair[1] and any(_ends_after(days[1], today) for days in pair if days != (None, None))
    ]
    if not differ:
        return []
    return [question_of(cells, "offers")]


def question_of(cells: Sequence[str], subject: str) -> Question:
    """Return the question about the order of days and months.

    cells: the doubtful dates. If they contradict each other, the question shows dates of both orders.
    subject: the noun for the things that have these dates, for example "offers".
    """
    is_contradicted = is_order_contradicted(cells)
    if is_contradicted:  # for each order, the first day that shows it, and then the other days
        cells = [next(cell for cell in cells if stated_order([cell]) is order) for order in (False, True)] + [*cells]
    values = tuple(dict.fromkeys(cells))[:MAX_SHOWN]
    shown = " and ".join(quoted(cell, 30) for cell in values)
    rest = ", which contradict each other" if is_contradicted else ""
    text = f"The {subject} have days such as {shown}{rest}. Does the day or the month come first?"
    choices = (
        Choice(DAY_FIRST, "The day comes first.", _examples(values, month_first=False)),
        Choice(MONTH_FIRST, "The month comes first.", _examples(values, month_first=True)),
    )
    return Question(KEY, "money", text, choices, values)


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
