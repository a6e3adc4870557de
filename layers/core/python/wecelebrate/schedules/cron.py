"""Computes when a schedule is due. A cron expression has five fields, and applies to the local time of a time zone.

When the clocks are set forward, some local times are skipped. If a schedule is due at a skipped time, it runs at the
first moment after the gap. When the clocks are set back, some local times occur twice. If a schedule is due at a
repeated time, it runs only at the first occurrence of this time. There is one exception: an expression that matches
every hour of the day (e.g. `*/15 * * * *`) matches both occurrences of the repeated hour.

The meaning of an expression depends only on the values that its fields match, and not on their spelling. For example,
`*`, `*/1`, `0-23` and a list of all hours have the same meaning. A day matches if the day of the month and the day of
the week match. If each of these two fields excludes some values, a day matches if one of the fields matches, as in
POSIX.
"""

import re
from collections.abc import Set
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MIN_INTERVAL_MINUTES = 5
"""The shortest allowed time between two runs, in minutes. The limit is needed because each run lists all files below
the prefix of its schedule."""
_ANY_LOCAL_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - local times have no time zone
_FIELDS = (("minute", 60), ("hour", 24), ("day of the month", 31), ("month", 12), ("day of the week", 7))
"""The name of each field, and its number of values."""
_STEP = re.compile(r"([^/]+)/([0-9]{1,3})")


def parse_expression(text: str) -> str:
    """Validate a cron expression, and return it with one space between its fields. Raises ValueError."""
    fields = text.strip().split()
    if len(fields) != 5 or not (text.isascii() and text.isprintable()):
        raise ValueError("must have five fields: minute, hour, day of the month, month, day of the week")
    for (name, values), field in zip(_FIELDS, fields, strict=True):
        _check_steps(name, values, field)
    expression = " ".join(fields)
    try:
        times = CronSim(_normalized(expression), _ANY_LOCAL_TIME)
    except CronSimError as error:
        raise ValueError(f"must be a valid cron expression, e.g. 0 3 * * * ({error})") from error
    interval = _shortest_interval(sorted(times.minutes), times.hours)
    if interval < MIN_INTERVAL_MINUTES:
        raise ValueError(f"must have at least {MIN_INTERVAL_MINUTES} minutes between two runs, not {interval}")
    if next(times, None) is None:
        raise ValueError("must match at least one existing date")
    return expression


def _check_steps(name: str, values: int, field: str) -> None:
    """Raise ValueError if a step is 0, is larger than the number of values of the field, or follows `L` or `LW`."""
    for term in field.split(","):
        if "/" not in term:
            continue
        step = _STEP.fullmatch(term)
        if not step or not 1 <= int(step[2]) <= values:
            raise ValueError(f"must have steps from 1 to {values} in the {name}, e.g. */2, not {term}")
        if step[1].upper() in ("L", "LW"):
            raise ValueError(f"must not have a step after {step[1]} in the {name}")


def _normalized(expression: str) -> str:
    """Return an expression with the same meaning. In the result, a field begins with `*` only if it matches every
    value.

    This form is needed because CronSim treats a field that begins with `*` as a field that matches every value. Raises
    CronSimError.
    """
    minute, hour, day, month, weekday = expression.split()
    times = CronSim(f"0 {hour} {day} * 0", _ANY_LOCAL_TIME)
    weekdays = CronSim(f"0 0 1 * {weekday}", _ANY_LOCAL_TIME).weekdays
    hour = _field(hour, times.hours, range(24))
    day = _field(day, times.days, range(1, 32))
    # Both 0 and 7 mean Sunday.
    weekday = _field(weekday, {number % 7 for number in weekdays if isinstance(number, int)}, range(7))
    return f"{minute} {hour} {day} {month} {weekday}"


def _field(field: str, matched: Set[Any], every: range) -> str:
    return "*" if matched >= set(every) else field.replace("*", f"{every[0]}-{every[-1]}")


def _shortest_interval(minutes: list[int], hours: set[int]) -> int:
    """Return the shortest interval, in minutes, between two times that match an expression.

    The hours 23 and 0 are treated as consecutive, even if the expression does not match two consecutive days.
    """
    within_hour = [later - earlier for earlier, later in pairwise(minutes)]
    across_hours = [60 - minutes[-1] + minutes[0]] if any((hour + 1) % 24 in hours for hour in hours) else []
    return min(within_hour + across_hours, default=MIN_INTERVAL_MINUTES)


def next_after(cron: str, timezone: str, after: datetime) -> datetime:
    """Return the first due time after `after`, in UTC. `after` must have a time zone."""
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    expression = _normalized(cron)
    if expression.split()[1] == "*":
        return next(CronSim(expression, local)).astimezone(UTC)
    times = (_first_occurrence(wall_time, zone) for wall_time in CronSim(expression, local.replace(tzinfo=None)))
    return next(time for time in times if time > after)


def _first_occurrence(wall_time: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the clocks in the zone show `wall_time`, in UTC.

    If the clocks skip `wall_time`, return the first moment after the gap.
    """
    while True:
        moment = wall_time.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall_time:
            return moment
        wall_time += timedelta(minutes=1)
