"""Tests that the time of an event is corrected with the clock of the platform, and clamped to a plausible range."""

from datetime import UTC, datetime, timedelta

import pytest

from wecelebrate.events.times import corrected

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [timedelta(), 3 * 365 * DAY, -3 * 365 * DAY, timedelta(hours=1)])
def test_an_event_time_of_a_wrong_device_clock_is_corrected(wrong: timedelta) -> None:
    sent_at = NOW + wrong
    assert corrected(sent_at - 40 * SECOND, sent_at, NOW) == (NOW - 40 * SECOND, False)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (7 * DAY, (NOW - 7 * DAY, False)),
        (7 * DAY + SECOND, (NOW - 7 * DAY, True)),
        (-5 * MINUTE, (NOW + 5 * MINUTE, False)),
        (-5 * MINUTE - SECOND, (NOW + 5 * MINUTE, True)),
        (timedelta(), (NOW, False)),
    ],
)
def test_an_event_time_outside_the_allowed_range_is_clamped_and_flagged(
    age: timedelta, expected: tuple[datetime, bool]
) -> None:
    sent_at = NOW - 100 * DAY
    assert corrected(sent_at - age, sent_at, NOW) == expected


def test_the_clock_of_the_device_is_used_if_the_event_has_no_send_time() -> None:
    assert corrected(NOW - DAY, None, NOW) == (NOW - DAY, False)
    assert corrected(NOW - 3 * 365 * DAY, None, NOW) == (NOW - 7 * DAY, True)
    assert corrected(NOW + DAY, None, NOW) == (NOW + 5 * MINUTE, True)


@pytest.mark.parametrize(("at", "sent_at"), [(EARLIEST, LATEST), (LATEST, EARLIEST), (EARLIEST, None), (LATEST, None)])
def test_the_earliest_and_latest_possible_event_times_are_clamped(at: datetime, sent_at: datetime | None) -> None:
    time, is_clamped = corrected(at, sent_at, NOW)
    assert is_clamped
    assert time == NOW - 7 * DAY if at == EARLIEST else time == NOW + 5 * MINUTE
