"""Tests dates in the calendars of Thailand, Taiwan, Japan and Iran."""

from datetime import UTC, date, datetime

import pytest

from wecelebrate.feeds.notation.calendars import gregorian
from wecelebrate.feeds.notation.moments import moment_of

YEAR = datetime.now(UTC).year


@pytest.mark.parametrize(
    "text",
    [
        f"20/11/{YEAR + 543}", f"20.11.{YEAR + 543}", f"{YEAR + 543}-11-20", f"{YEAR - 1911}/11/20",
        f"{YEAR - 1911}.11.20", f"民國{YEAR - 1911}年11月20日", f"令和{YEAR - 2018}年11月20日", f"R{YEAR - 2018}.11.20",
        f"{YEAR}年11月20日", f"{YEAR}년 11월 20일", f"{YEAR}. 11. 20.",
    ],
)  # fmt: skip
def test_a_date_in_another_calendar_is_read(text: str) -> None:
    assert moment_of(text) == date(YEAR, 11, 20)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1405/01/01", date(2026, 3, 21)), ("1405/09/07", date(2026, 11, 28)), ("1403/12/30", date(2025, 3, 20)),
        ("۱۴۰۴/۰۱/۰۱", date(2025, 3, 21)),  # noqa: RUF001
    ],
)  # fmt: skip
def test_a_date_in_the_iranian_calendar_is_read(text: str, day: date) -> None:
    assert moment_of(text) == day


@pytest.mark.parametrize(
    "text", ["2999-12-31", "31.12.2599", "1.2.3", "9999-12-31", "2500-01-01", "12.5", "", "115/13/20"]
)
def test_texts_without_a_date_in_another_calendar_are_not_changed(text: str) -> None:
    assert gregorian(text) == text
