"""Computes when a schedule is due. Its cron expression has five fields, and applies to the local time of a time zone.

When the clocks are set forward, some local times are skipped. A schedule that is due at a skipped time runs at the
first moment after the gap. When the clocks are set back, some local times occur twice. A schedule that is due at a
repeated time runs only at the first of the two occurrences. There is one exception: an expression whose hour is `*`
(e.g. `*/15 * * * *`) matches in both occurrences of the repeated hour.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

MIN_INTERVAL_MINUTES = 5
"""The shortest allowed time between two runs, in minutes. This limit exists because each run lists all files below the
prefix of its schedule."""
_ANY_LOCAL_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - local times have no time zone


def parse_expression(text: str) -> str:
    """Validate a cron expression, and return it with one space between its fields. Raises ValueError."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError("must have five fields: minute, hour, day of the month, month, day of the week")
    expression = " ".join(fields)
    try:
        times = CronSim(expression, _ANY_LOCAL_TIME)
    except CronSimError as error:
        raise ValueError(f"must be a valid cron expression, e.g. 0 3 * * *: {error}") from error
    interval = _shortest_interval(sorted(times.minutes), times.hours)
    if interval < MIN_INTERVAL_MINUTES:
        raise ValueError(f"must have at least {MIN_INTERVAL_MINUTES} minutes between two runs, not {interval}")
    if next(times, None) is None:
        raise ValueError("must match at least one existing date")
    return expression


def _shortest_interval(minutes: list[int], hours: set[int]) -> int:
    """Return the shortest interval, in minutes, between two times that match an expression.

    Hours 23 and 0 count as consecutive, even if the expression does not match two consecutive days.
    """
    within_hour = [later - earlier for earlier, later in pairwise(minutes)]
    across_hours = [60 - minutes[-1] + minutes[0]] if any((hour + 1) % 24 in hours for hour in hours) else []
    return min(within_hour + across_hours, default=MIN_INTERVAL_MINUTES)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_time_zone(name: str) -> str:
    """Return `name`. Raises ValueError if the IANA database contains no time zone with this name."""
    if name not in _time_zones():
        raise ValueError("must be an IANA time zone, e.g. Europe/Berlin")
    return name


def next_after(cron: str, timezone: str, after: datetime) -> datetime:
    """Return, in UTC, the first due time that is later than `after`. `after` must have a time zone."""
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    if cron.split()[1] == "*":
        return next(CronSim(cron, local)).astimezone(UTC)
    times = (_first_occurrence(wall_time, zone) for wall_time in CronSim(cron, local.replace(tzinfo=None)))
    return next(time for time in times if time > after)


def _first_occurrence(wall_time: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the first moment at which the clocks in the zone show `wall_time`.

    If the clocks skip `wall_time`, return the first moment after the gap.
    """
    while True:
        moment = wall_time.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall_time:
            return moment
        wall_time += timedelta(minutes=1)
