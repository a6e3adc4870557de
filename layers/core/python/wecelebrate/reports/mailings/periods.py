"""Computes when a report is due, and the days that the report covers.

A report is due at an hour of the local day. When the clocks are set forward and skip this hour, the report is due at
the first moment after the gap. When the clocks are set back and show this hour twice, the report is due at the first of
the two times (`schedules.cron`).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wecelebrate.reports.mailings.models import Cadence, ReportDays
from wecelebrate.reports.periods import Period
from wecelebrate.schedules import cron

_CRON: Mapping[Cadence, str] = {"day": "0 {hour} * * *", "week": "0 {hour} * * 1", "month": "0 {hour} 1 * *"}


def next_due(subscription: Mapping[str, Any], after: datetime) -> datetime:
    """Return the first due time of a report after the given time, in UTC. Raises ZoneInfoNotFoundError."""
    expression = _CRON[subscription["cadence"]].format(hour=subscription["send_hour"])
    return cron.next_after(expression, subscription["timezone"], after)


def due_day(due_at: datetime, timezone: str) -> date:
    """Return the local day on which a report is due."""
    return due_at.astimezone(ZoneInfo(timezone)).date()


def days_of(cadence: Cadence, period: ReportDays, due: date) -> Period:
    """Return the days that a report covers. `due` is the local day on which the report is due."""
    yesterday = due - timedelta(days=1)
    match period, cadence:
        case "last_7_days", _:
            return Period(due - timedelta(days=7), yesterday)
        case "last_30_days", _:
            return Period(due - timedelta(days=30), yesterday)
        case "month_to_date", _:
            return Period(yesterday.replace(day=1), yesterday)
        case _, "week":
            monday = due - timedelta(days=due.weekday())
            return Period(monday - timedelta(days=7), monday - timedelta(days=1))
        case _, "month":
            last = due.replace(day=1) - timedelta(days=1)
            return Period(last.replace(day=1), last)
    return Period(yesterday, yesterday)
