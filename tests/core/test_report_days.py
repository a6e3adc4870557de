"""Tests when reports by mail are due, and which days they cover."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wecelebrate.reports.mailings.models import Cadence, ReportDays
from wecelebrate.reports.mailings.periods import days_of, due_day, next_due
from wecelebrate.reports.periods import Period

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2010, 2030))
MOMENTS = st.integers(FIRST, LAST).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def due_times(cadence: Cadence, zone: str, hour: int, after: datetime, count: int) -> list[datetime]:
    times = [after]
    for _ in range(count):
        times.append(next_due({"cadence": cadence, "send_hour": hour, "timezone": zone}, times[-1]))
    return times[1:]


@pytest.mark.parametrize(
    ("cadence", "period", "due", "first", "last"),
    [
        ("day", "previous", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("week", "previous", "2026-03-02", "2026-02-23", "2026-03-01"),
        ("week", "previous", "2026-03-05", "2026-02-23", "2026-03-01"),
        ("month", "previous", "2024-03-01", "2024-02-01", "2024-02-29"),
        ("month", "previous", "2026-01-01", "2025-12-01", "2025-12-31"),
        ("day", "last_7_days", "2026-03-02", "2026-02-23", "2026-03-01"),
        ("week", "last_30_days", "2026-03-02", "2026-01-31", "2026-03-01"),
        ("day", "month_to_date", "2026-03-01", "2026-02-01", "2026-02-28"),
        ("day", "month_to_date", "2026-03-02", "2026-03-01", "2026-03-01"),
    ],
)
def test_a_report_covers_the_days_of_its_cadence_and_period(
    cadence: Cadence, period: ReportDays, due: str, first: str, last: str
) -> None:
    assert days_of(cadence, period, date.fromisoformat(due)) == Period(
        date.fromisoformat(first), date.fromisoformat(last)
    )


@pytest.mark.parametrize(
    ("hour", "expected"),
    # On 2026-03-29, the clocks in Berlin skip the hour that begins at 02:00. On 2026-10-25, they show this hour twice.
    [
        (2, ["2026-03-28 01:00", "2026-03-29 01:00", "2026-03-30 00:00"]),
        (3, ["2026-03-28 02:00", "2026-03-29 01:00", "2026-03-30 01:00"]),
    ],
)
def test_a_report_whose_hour_the_clock_skips_is_due_after_the_gap(hour: int, expected: list[str]) -> None:
    times = due_times("day", "Europe/Berlin", hour, datetime(2026, 3, 27, 12, tzinfo=UTC), 3)
    assert [f"{time:%Y-%m-%d %H:%M}" for time in times] == expected


def test_a_report_whose_hour_occurs_twice_is_due_only_once() -> None:
    times = due_times("day", "Europe/Berlin", 2, datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert [f"{time:%Y-%m-%d %H:%M}" for time in times] == ["2026-10-25 00:00", "2026-10-26 01:00"]


@given(
    st.sampled_from(("day", "week", "month")), st.sampled_from(ZONES), st.integers(0, 23),
    MOMENTS,
)  # fmt: skip
def test_consecutive_reports_cover_every_day_exactly_once(
    cadence: Cadence, zone: str, hour: int, after: datetime
) -> None:
    periods = [days_of(cadence, "previous", due_day(time, zone)) for time in due_times(cadence, zone, hour, after, 5)]
    for before, following in pairwise(periods):
        # In Samoa, 30 December 2011 did not exist. No report was due on this date.
        gap = (following.first_day - before.last_day).days
        assert gap == 1 or (zone == "Pacific/Apia" and before.last_day == date(2011, 12, 29) and gap in (1, 2)), (
            before, following,
        )  # fmt: skip


@given(st.sampled_from(ZONES), MOMENTS)
def test_a_report_is_due_only_after_its_last_day_has_ended(zone: str, after: datetime) -> None:
    (time,) = due_times("day", zone, 0, after, 1)
    end = days_of("day", "previous", due_day(time, zone)).last_day + timedelta(days=1)
    assert time.astimezone(ZoneInfo(zone)).date() >= end
