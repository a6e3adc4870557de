"""When a schedule is due: a cron expression with five fields, in local time of a time zone.

At changes of the clocks, a local time that is skipped is due at the first moment after the gap, and a local time that
occurs twice is due at its first occurrence. An expression for every hour (`*/15 * * * *`) is due in every hour that
passes, also in a repeated one.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

MIN_INTERVAL_MINUTES = 5
"""The shortest time between two runs. Each run lists the files below its prefix."""
_ANY_LOCAL_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - a local time has no zone


def parse_expression(text: str) -> str:
    """The cron expression, with one space between its fields. Raises ValueError."""
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
        raise ValueError(f"must leave at least {MIN_INTERVAL_MINUTES} min between two runs, not {interval} min")
    if next(times, None) is None:
        raise ValueError("must match at least one date")
    return expression


def _shortest_interval(minutes: list[int], hours: set[int]) -> int:
    """The fewest minutes between two times of an expression.

    Hours 23 and 0 count as consecutive, even if the expression does not match two consecutive days.
    """
    within_hour = [later - earlier for earlier, later in pairwise(minutes)]
    across_hours = [60 - minutes[-1] + minutes[0]] if any((hour + 1) % 24 in hours for hour in hours) else []
    return min(within_hour + across_hours, default=MIN_INTERVAL_MINUTES)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_time_zone(name: str) -> str:
    """The name, if it is a time zone of the IANA database. Raises ValueError."""
    if name not in _time_zones():
        raise ValueError("must be an IANA time zone, e.g. Europe/Berlin")
    return name


def next_after(cron: str, timezone: str, after: datetime) -> datetime:
    """The first due time after `after`, which must be aware. Returns UTC."""
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    if cron.split()[1] == "*":
        return next(CronSim(cron, local)).astimezone(UTC)
    times = (_first_occurrence(wall_time, zone) for wall_time in CronSim(cron, local.replace(tzinfo=None)))
    return next(time for time in times if time > after)


def _first_occurrence(wall_time: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which clocks of the zone show a local time or have just skipped it."""
    while True:
        moment = wall_time.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall_time:
            return moment
        wall_time += timedelta(minutes=1)
