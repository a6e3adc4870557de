"""When a schedule is due: a cron expression of five fields, by the clocks of a time zone.

A time that the clocks skip is due when they have skipped it; one that they repeat, the first time. What is due in
every hour (`*/15 * * * *`) is due in every hour that passes, also in one that the clocks repeat.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

LEAST = 5
"""Minutes between two times at which a schedule may be due."""
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock


def expression(given: str) -> str:
    """A cron expression, its fields a space apart. Raises ValueError with what is wrong with it."""
    fields = given.split()
    if len(fields) != 5:
        raise ValueError("A cron expression has five fields: minute, hour, day of the month, month, day of the week")
    tidy = " ".join(fields)
    try:
        due = CronSim(tidy, _ANY_DAY)
    except CronSimError as error:
        raise ValueError(f"This is no cron expression: {error}") from error
    apart = _least_apart(sorted(due.minutes), due.hours)
    if apart < LEAST:
        raise ValueError(
            f"This is due again after {apart} min. At least {LEAST} have to lie between: each time its files are listed"
        )
    if next(due, None) is None:
        raise ValueError("This is never due")
    return tidy


def _least_apart(minutes: list[int], hours: set[int]) -> int:
    """Minutes between two times, where they are fewest. That 23 and 0 o'clock may be of days that do not follow each
    other is not looked at."""
    within = [later - earlier for earlier, later in pairwise(minutes)]
    across = [60 - minutes[-1] + minutes[0]] if any((hour + 1) % 24 in hours for hour in hours) else []
    return min(within + across, default=LEAST)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(name: str) -> str:
    """The name of a time zone. Raises ValueError for one that IANA does not know."""
    if name not in _zones():
        raise ValueError("This is no time zone of IANA, as Europe/Berlin is one")
    return name


def next_after(cron: str, timezone: str, after: datetime) -> datetime:
    """The first time after `after` (aware) that it is due, in UTC."""
    clocks = ZoneInfo(timezone)
    local = after.astimezone(clocks)
    if cron.split()[1] == "*":
        return next(CronSim(cron, local)).astimezone(UTC)
    due = (_shown(wall, clocks) for wall in CronSim(cron, local.replace(tzinfo=None)))
    return next(each for each in due if each > after)


def _shown(wall: datetime, clocks: ZoneInfo) -> datetime:
    """When the clocks first show a time, or have skipped it."""
    while (shown := wall.replace(tzinfo=clocks).astimezone(UTC)).astimezone(clocks).replace(tzinfo=None) != wall:
        wall += timedelta(minutes=1)
    return shown
