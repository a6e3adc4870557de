"""Finds the days of an offer by their values. Their columns can have any names: `De la`, `Từ ngày`, `מתאריך`.

The two columns directly after the offer are its days if all these statements are true:

- Their values are days, and the first day is never after the last one.
- A row without an offer has no days. In contrast, the dates that a database adds to each row are in all rows.
- At least one last day is in the future. In contrast, the date of the last change is never in the future.
"""

from datetime import UTC, date, datetime

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.notation.moments import is_blank, moment_of, order_of_days


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


def _day(cell: str, *, month_first: bool) -> date | None:
    moment = moment_of(cell, month_first=month_first)
    return moment.date() if isinstance(moment, datetime) else moment
