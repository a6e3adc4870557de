"""When schedules are due, by clocks that jump, and what is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wecelebrate.schedules.cron import expression, next_after, zone

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def due(cron: str, zone: str, after: str, times: int) -> list[str]:
    """The next times, each as the clocks of the zone show it, with their offset."""
    clocks = ZoneInfo(zone)
    at = datetime.fromisoformat(after).replace(tzinfo=clocks)
    found = []
    for _ in range(times):
        at = next_after(cron, zone, at)
        assert at.tzinfo is UTC
        found.append(at.astimezone(clocks).strftime("%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # The clocks go from 02:00 to 03:00.
        ("30 2 * * *", BERLIN, "2027-03-27T12:00", ["28 03:00 +0200", "29 02:30 +0200"]),
        ("30 2 * * *", NEW_YORK, "2027-03-13T12:00", ["14 03:00 -0400", "15 02:30 -0400"]),
        ("0 3 * * *", BERLIN, "2027-03-27T12:00", ["28 03:00 +0200", "29 03:00 +0200"]),
        # All that they skipped is one time.
        ("*/30 2,3 * * *", BERLIN, "2027-03-28T01:00", ["28 03:00 +0200", "28 03:30 +0200", "29 02:00 +0200"]),
        ("0 */2 * * *", NEW_YORK, "2027-03-14T00:00", ["14 03:00 -0400", "14 04:00 -0400"]),
        # Every hour stays every hour.
        ("15 * * * *", BERLIN, "2027-03-28T01:00", ["28 01:15 +0100", "28 03:15 +0200"]),
        ("*/30 * * * *", NEW_YORK, "2027-03-14T01:00", ["14 01:30 -0500", "14 03:00 -0400"]),
        # A whole day that Samoa never had.
        ("0 9 * * *", "Pacific/Apia", "2011-12-29T09:00", ["31 00:00 +1400", "31 09:00 +1400"]),
    ],
)
def test_what_the_clocks_skip_is_due_when_they_have_skipped_it(
    cron: str, zone: str, after: str, expected: list[str]
) -> None:
    assert due(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # The clocks go from 03:00 (Berlin) and 02:00 (New York) back by an hour.
        ("30 2 * * *", BERLIN, "2027-10-30T12:00", ["31 02:30 +0200", "01 02:30 +0100"]),
        ("30 1 * * *", NEW_YORK, "2027-11-06T12:00", ["07 01:30 -0400", "08 01:30 -0500"]),
        ("*/30 2 * * *", BERLIN, "2027-10-31T00:00", ["31 02:00 +0200", "31 02:30 +0200", "01 02:00 +0100"]),
        ("0 1-3 * * *", NEW_YORK, "2027-11-07T00:00", ["07 01:00 -0400", "07 02:00 -0500", "07 03:00 -0500"]),
        # Of every hour, both.
        ("15 * * * *", BERLIN, "2027-10-31T01:30", ["31 02:15 +0200", "31 02:15 +0100", "31 03:15 +0100"]),
    ],
)
def test_what_the_clocks_repeat_is_due_once(cron: str, zone: str, after: str, expected: list[str]) -> None:
    assert due(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize("after", ["2027-10-31T02:10+02:00", "2027-10-31T02:10+01:00"])
def test_in_the_hour_that_is_repeated_only_its_first_time_counts(after: str) -> None:
    first = next_after("30 2 * * *", BERLIN, datetime.fromisoformat(after))
    expected = "2027-10-31T02:30+02:00" if after.endswith("+02:00") else "2027-11-01T02:30+01:00"
    assert first == datetime.fromisoformat(expected)


@given(
    cron=some.sampled_from(["30 2 * * *", "*/10 1-3 * * *", "0 0 * * *", "5 * * * *", "0 12 * * MON#1", "0 3 L * *"]),
    zone=some.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "UTC"]),
    hours=some.integers(0, 24 * 366),
    minutes=some.integers(0, 59),
)
def test_the_next_time_comes_after_and_none_lies_between(cron: str, zone: str, hours: int, minutes: int) -> None:
    after = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    first = next_after(cron, zone, after)
    assert first > after
    assert next_after(cron, zone, first - timedelta(minutes=1)) == first
    assert next_after(cron, zone, first) > first


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("0 3 * *", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("60 3 * * *", "Bad minute"),
        ("0 24 * * *", "Bad hour"),
        ("0 3 0 * *", "Bad day-of-month"),
        ("0 3 * * XYZ", "Bad day-of-week"),
        ("0 3 30 2 *", "Bad day-of-month"),
        ("* * * * *", "again after 1 min"),
        ("*/4 * * * *", "again after 4 min"),
        ("0,3 7 1 1 *", "again after 3 min"),
        ("1,58 8,9 * * *", "again after 3 min"),
        ("1,58 0,23 * * *", "again after 3 min"),
    ],
)
def test_what_cannot_be_or_comes_too_often_is_refused(given: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        expression(given)


@pytest.mark.parametrize("given", ["*/5 * * * *", "1,58 8,10 * * *", "0 3 * * MON-FRI", "0 0 29 2 *", "0 3 LW * *"])
def test_what_can_be_is_taken(given: str) -> None:
    assert expression(f"  {given.replace(' ', '   ')} ") == given


@given(
    some.text(max_size=30)
    | some.lists(some.text("0123456789*/,-#LW", max_size=6), min_size=5, max_size=5).map(" ".join)
)
def test_whatever_is_sent_is_taken_or_refused(given: str) -> None:
    try:
        parsed = expression(given)
    except ValueError as refused:
        assert str(refused)
    else:
        assert next_after(parsed, BERLIN, datetime(2027, 1, 1, tzinfo=UTC)).year >= 2027


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "europe/berlin"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone(name)
