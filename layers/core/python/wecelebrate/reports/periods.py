"""The local days of a report."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError

MAX_DAYS = 3_660
"""The longest period of a report, in days: ten years."""
LATE_EVENTS = timedelta(days=8)
"""How long after its last day a report can still get events. After this time, the period of the report is closed."""


Month = Annotated[str, StringConstraints(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
"""A month of the years 2000 to 2999, e.g. `2026-03`."""


@dataclass(frozen=True)
class Period:
    """The days of a report, in a time zone. Both days are included."""

    first_day: date
    last_day: date

    @property
    def is_closed(self) -> bool:
        """Whether the period has ended in every time zone, and no more events of the period can arrive."""
        return self.last_day + LATE_EVENTS + timedelta(days=1) < datetime.now(UTC).date()


def today(zone: str) -> date:
    """Return the current day in a time zone."""
    return datetime.now(ZoneInfo(zone)).date()


def period(month: str | None, first_day: date | None, last_day: date | None, now: date, place: str = "") -> Period:
    """Return the period that the parameters of a request name. The default is from the first day of the current month
    to today.

    `now` is the current local day. The pointers in errors begin with `place`. Raises Invalid.
    """
    if month is not None:
        if first_day or last_day:
            raise _invalid(f"{place}month", "must not be combined with first_day and last_day")
        year, number = int(month[:4]), int(month[5:])
        return Period(date(year, number, 1), date(year, number, monthrange(year, number)[1]))
    last = last_day or now
    first = first_day or last.replace(day=1)
    if last < first:
        raise _invalid(f"{place}last_day", "must not be before first_day")
    if (last - first).days >= MAX_DAYS:
        raise _invalid(f"{place}last_day", f"must be at most {MAX_DAYS:,} days after first_day")
    return Period(first, last)


def _invalid(parameter: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(pointer=parameter, detail=detail)])
