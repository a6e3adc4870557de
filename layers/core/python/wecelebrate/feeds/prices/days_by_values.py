"""Finds the days of an offer by their values. The columns can have any names, such as `De la` and `Từ ngày`.

The two columns directly after the offer are its days if all these statements are true:

- The values are days, and the first day is never after the last day.
- A row without an offer has no days. In contrast, dates that a database adds are in all rows.
- At least one last day is in the future. In contrast, the date of the last change is never in the future.

If only one column of days has a known name, the other day can be in another column of days. This column is used if no
offer then ends before it starts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.notation.moments import is_blank, moment_of, order_of_days

Role = Literal["first", "last", "both"]
DAYS: tuple[Role, Role] = ("first", "last")


def days_by_values(columns: Columns, offer: int) -> tuple[int, int] | None:
    """Return the columns of the first and the last day of the offers in the column `offer`, or None."""
    first, last = offer + 1, offer + 2
    if last >= len(columns.header):
        return None
    cells = [cell for number in (first, last) for cell in columns[number].cells if not is_blank(cell)]
    month_first = order_of_days(cells) or False
    is_future = False
    for row in columns.sample:
        cells = [(row[number] or "") if number < len(row) else "" for number in (offer, first, last)]
        starts, ends = cells[1:]
        if is_blank(starts) and is_blank(ends):
            continue
        start, end = (_day(cell, month_first=month_first) for cell in (starts, ends))
        if is_blank(cells[0]) or start is None or end is None or start > end:
            return None
        is_future = is_future or end > datetime.now(UTC).date()
    return (first, last) if is_future else None


def with_unnamed_days(columns: Columns, roles: Mapping[Role, int], others: Sequence[int]) -> dict[Role, int] | None:
    """Return the columns of the first and the last day: the columns in `roles`, completed with columns in `others`.

    The names of the columns in `others` do not say which day the columns contain. The result is None if the values do
    not show it. Such a column is not ignored, because an offer could then become valid too early.
    """
    if not others:
        return dict(roles)
    numbers = [*roles.values(), *others]
    if len(numbers) != len(DAYS):
        return None
    first, last = sorted(numbers)
    orders = [
        pair for pair in ((first, last), (last, first))
        if all(pair[DAYS.index(role)] == number for role, number in roles.items()) and _is_in_order(columns, *pair)
    ]  # fmt: skip
    return dict(zip(DAYS, orders[0], strict=True)) if orders else None


def unnamed_days(columns: Columns, offer: int, roles: Mapping[Role, int]) -> list[int]:
    """Return the columns of days next to an offer or next to its named day, if exactly one day of the offer is named.

    In rows without an offer, the returned columns are blank.
    """
    if len(roles) != 1 or "both" in roles:
        return []
    (named,) = roles.values()
    beside = {number for at in (offer, named) for number in (at - 1, at + 1)} - {offer, named}
    return [number for number in sorted(beside) if _is_day_of_offer(columns, offer, number)]


def day_beside(columns: Columns, offer: int) -> int | None:
    """Return the only column of days next to an offer, or None. It must be blank in rows without an offer."""
    days = [number for number in (offer - 1, offer + 1, offer + 2) if _is_day_of_offer(columns, offer, number)]
    return days[0] if len(days) == 1 else None


def _is_day_of_offer(columns: Columns, offer: int, number: int) -> bool:
    if not 0 <= number < len(columns.header) or columns[number].is_empty:
        return False
    rows = [[(row[at] or "") if at < len(row) else "" for at in (offer, number)] for row in columns.sample]
    without = [day for price, day in rows if is_blank(price)]
    days = [day for price, day in rows if not is_blank(price) and not is_blank(day)]
    return bool(without) and all(map(is_blank, without)) and bool(days) and all(map(moment_of, days))


def _is_in_order(columns: Columns, first: int, last: int) -> bool:
    cells = [cell for number in (first, last) for cell in columns[number].cells if not is_blank(cell)]
    month_first = order_of_days(cells) or False
    rows = [[(row[at] or "") if at < len(row) else "" for at in (first, last)] for row in columns.sample]
    days = [[_day(cell, month_first=month_first) for cell in row] for row in rows if not any(map(is_blank, row))]
    return all(start is not None and end is not None and start <= end for start, end in days)


def _day(cell: str, *, month_first: bool) -> date | None:
    moment = moment_of(cell, month_first=month_first)
    return moment.date() if isinstance(moment, datetime) else moment
