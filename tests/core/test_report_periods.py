"""Tests which days a report covers, and when no more events of these days can arrive."""

from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from pydantic import TypeAdapter, ValidationError

from wecelebrate.core.errors import Invalid
from wecelebrate.reports import periods
from wecelebrate.reports.periods import MAX_DAYS, Month, Period, period, today

NOW = date(2026, 3, 14)
MONTH = TypeAdapter[str](Month)


class Clock(datetime):
    """A clock whose time is set by the test."""

    current = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(cls.current.timestamp(), tz)


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_the_period_of_an_unfinished_month_contains_all_days_of_the_month(month: str, first: date, last: date) -> None:
    assert period(month, None, None, NOW) == Period(first, last)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, Period(date(2026, 3, 1), NOW)),
        (date(2026, 3, 14), None, Period(NOW, NOW)),
        (date(2025, 12, 30), None, Period(date(2025, 12, 30), NOW)),
        (None, date(2026, 2, 10), Period(date(2026, 2, 1), date(2026, 2, 10))),
        (date(2026, 2, 10), date(2026, 2, 10), Period(date(2026, 2, 10), date(2026, 2, 10))),
        (NOW - timedelta(days=MAX_DAYS - 1), NOW, Period(NOW - timedelta(days=MAX_DAYS - 1), NOW)),
    ],
)
def test_the_default_period_is_the_current_month_until_today(
    first: date | None, last: date | None, expected: Period
) -> None:
    assert period(None, first, last, NOW) == expected


@pytest.mark.parametrize(
    ("month", "first", "last", "pointer", "problem"),
    [
        ("2026-03", date(2026, 3, 1), None, "/month", "must not be combined with first_day and last_day"),
        ("2026-03", None, date(2026, 3, 1), "/month", "must not be combined with first_day and last_day"),
        (None, date(2026, 3, 15), None, "/last_day", "must not be before first_day"),
        (None, date(2026, 3, 2), date(2026, 3, 1), "/last_day", "must not be before first_day"),
        (None, NOW - timedelta(days=3_660), NOW, "/last_day", "must be at most 3,660 days after first_day"),
        (None, NOW - timedelta(days=3_661), NOW, "/last_day", "must be at most 3,660 days after first_day"),
    ],
)
def test_parameters_that_do_not_form_a_valid_period_are_refused(
    month: str | None, first: date | None, last: date | None, pointer: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        period(month, first, last, NOW, "/")
    assert [(error.pointer, error.detail) for error in refused.value.errors] == [(pointer, problem)]


@pytest.mark.parametrize("month", ["2000-01", "2026-12", "2999-12"])
def test_a_valid_month_is_accepted(month: str) -> None:
    assert MONTH.validate_python(month) == month


@pytest.mark.parametrize(
    "month", ["1999-12", "3000-01", "2026-00", "2026-13", "2026-3", "202603", "2026-03-01", "\u0662026-03", "2026-03\n"]
)
def test_an_invalid_month_is_refused(month: str) -> None:
    with pytest.raises(ValidationError):
        MONTH.validate_python(month)


def test_a_period_is_closed_nine_days_after_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "datetime", Clock)
    ages = {days: Period(date(2026, 1, 1), NOW - timedelta(days=days)).is_closed for days in (-1, 0, 8, 9, 10, 400)}
    assert ages == {-1: False, 0: False, 8: False, 9: False, 10: True, 400: True}


def test_the_current_day_depends_on_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "datetime", Clock)
    assert (today("UTC"), today("Europe/Berlin")) == (date(2026, 3, 14), date(2026, 3, 15))
