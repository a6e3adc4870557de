"""Tests when cron expressions are due, even when clocks change, and which expressions and time zones are valid."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wecelebrate.core.types.time_zones import check_time_zone
from wecelebrate.schedules.cron import next_after, parse_expression

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def due(cron: str, zone: str, after: str, times: int) -> list[str]:
    """Return the next due times as texts, each with the day, the local time and the UTC offset."""
    local_zone = ZoneInfo(zone)
    at = datetime.fromisoformat(after).replace(tzinfo=local_zone)
    due_times = []
    for _ in range(times):
        at = next_after(cron, zone, at)
        assert at.tzinfo is UTC
        due_times.append(at.astimezone(local_zone).strftime("%d %H:%M %z"))
    return due_times


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # The local time jumps from 02:00 to 03:00.
        ("30 2 * * *", BERLIN, "2027-03-27T12:00", ["28 03:00 +0200", "29 02:30 +0200"]),
        ("30 2 * * *", NEW_YORK, "2027-03-13T12:00", ["14 03:00 -0400", "15 02:30 -0400"]),
        ("0 3 * * *", BERLIN, "2027-03-27T12:00", ["28 03:00 +0200", "29 03:00 +0200"]),
        # If several due times are skipped, they become one due time.
        ("31 2 * * *", BERLIN, "2027-03-27T12:00", ["28 03:00 +0200", "29 02:31 +0200"]),
        ("*/30 2,3 * * *", BERLIN, "2027-03-28T01:00", ["28 03:00 +0200", "28 03:30 +0200", "29 02:00 +0200"]),
        ("0 */2 * * *", NEW_YORK, "2027-03-14T00:00", ["14 03:00 -0400", "14 04:00 -0400"]),
        # Consecutive due times of an hourly expression are one hour apart.
        ("15 * * * *", BERLIN, "2027-03-28T01:00", ["28 01:15 +0100", "28 03:15 +0200"]),
        ("*/30 * * * *", NEW_YORK, "2027-03-14T01:00", ["14 01:30 -0500", "14 03:00 -0400"]),
        # Samoa skipped the whole day of 30 December 2011.
        ("0 9 * * *", "Pacific/Apia", "2011-12-29T09:00", ["31 00:00 +1400", "31 09:00 +1400"]),
    ],
)
def test_a_skipped_due_time_is_moved_to_the_end_of_the_gap(
    cron: str, zone: str, after: str, expected: list[str]
) -> None:
    assert due(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # The clocks go back by one hour: at 03:00 in Berlin, and at 02:00 in New York.
        ("30 2 * * *", BERLIN, "2027-10-30T12:00", ["31 02:30 +0200", "01 02:30 +0100"]),
        ("30 1 * * *", NEW_YORK, "2027-11-06T12:00", ["07 01:30 -0400", "08 01:30 -0500"]),
        ("*/30 2 * * *", BERLIN, "2027-10-31T00:00", ["31 02:00 +0200", "31 02:30 +0200", "01 02:00 +0100"]),
        ("0 1-3 * * *", NEW_YORK, "2027-11-07T00:00", ["07 01:00 -0400", "07 02:00 -0500", "07 03:00 -0500"]),
        # An hourly expression is due in both hours.
        ("15 * * * *", BERLIN, "2027-10-31T01:30", ["31 02:15 +0200", "31 02:15 +0100", "31 03:15 +0100"]),
    ],
)
def test_a_local_time_that_occurs_twice_is_due_only_once(cron: str, zone: str, after: str, expected: list[str]) -> None:
    assert due(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize("after", ["2027-10-31T02:10+02:00", "2027-10-31T02:10+01:00"])
def test_a_local_time_that_occurs_twice_is_due_at_its_first_occurrence(after: str) -> None:
    first = next_after("30 2 * * *", BERLIN, datetime.fromisoformat(after))
    expected = "2027-10-31T02:30+02:00" if after.endswith("+02:00") else "2027-11-01T02:30+01:00"
    assert first == datetime.fromisoformat(expected)


@given(
    cron=st.sampled_from(["30 2 * * *", "*/10 1-3 * * *", "0 0 * * *", "5 * * * *", "0 12 * * MON#1", "0 3 L * *"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "UTC"]),
    hours=st.integers(0, 24 * 366),
    minutes=st.integers(0, 59),
)
def test_the_next_due_time_is_the_first_due_time_after_the_given_time(
    cron: str, zone: str, hours: int, minutes: int
) -> None:
    after = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    first = next_after(cron, zone, after)
    assert first > after
    assert next_after(cron, zone, first - timedelta(minutes=1)) == first
    assert next_after(cron, zone, first) > first


@pytest.mark.parametrize("hours", ["*/1", "0-23", "0-23/1", "*,5", "0-11,12-23", ",".join(map(str, range(24))), "0/1"])
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Australia/Lord_Howe", "America/Santiago"])
def test_all_spellings_of_every_hour_have_the_same_due_times(hours: str, zone: str) -> None:
    parse_expression(f"*/20 {hours} * * *")
    for day in (datetime(2027, 1, 1, tzinfo=UTC) + timedelta(number) for number in range(365)):
        if day.astimezone(ZoneInfo(zone)).utcoffset() != (day + timedelta(1)).astimezone(ZoneInfo(zone)).utcoffset():
            at = other = day
            while at < day + timedelta(1):
                at = next_after("*/20 * * * *", zone, at)
                other = next_after(f"*/20 {hours} * * *", zone, other)
                assert at == other


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("0 3 1-31 * MON", "0 3 * * MON"),
        ("0 3 */1 * 1", "0 3 * * MON"),
        ("0 3 10 * 0-6", "0 3 10 * *"),
        ("0 3 10 * 1-7", "0 3 10 * *"),
        ("0 3 10 * */1", "0 3 10 * *"),
        ("0 3 10 * SUN,MON,TUE,WED,THU,FRI,SAT", "0 3 10 * *"),
        # Both day fields exclude some days. In this case, a day is due if it matches at least one of the fields.
        ("0 3 */2 * MON", "0 3 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 1"),
        ("0 3 10 * */3", "0 3 10 * 0,3,6"),
        # `L` has no effect, because `*` already includes the last day of a month.
        ("0 3 *,L * MON", "0 3 * * MON"),
    ],
)
def test_the_due_days_of_a_cron_expression_do_not_depend_on_its_spelling(expression: str, same: str) -> None:
    after = "2027-01-01T00:00"
    assert due(parse_expression(expression), BERLIN, after, 40) == due(parse_expression(same), BERLIN, after, 40)


def test_a_cron_expression_is_not_due_in_an_hour_that_it_does_not_contain() -> None:
    assert due("0 0-22 * * *", "UTC", "2027-01-01T21:30", 2) == ["01 22:00 +0000", "02 00:00 +0000"]
    assert due("0 1-23 * * *", "UTC", "2027-01-01T22:30", 2) == ["01 23:00 +0000", "02 01:00 +0000"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("*/61 * * * *", "steps from 1 to 60 in the minute"),
        ("0-59/99 3 * * *", "steps from 1 to 60 in the minute"),
        ("0 */25 * * *", "steps from 1 to 24 in the hour"),
        ("0 3 */32 * *", "steps from 1 to 31 in the day of the month"),
        ("0 3 * */13 *", "steps from 1 to 12 in the month"),
        ("0 3 * * */8", "steps from 1 to 7 in the day of the week"),
        ("0 3/0 * * *", "steps from 1 to 24 in the hour"),
        ("0 3 L/2 * *", "must not have a step after L in the day of the month"),
        ("0 3 1,*/40 * *", "steps from 1 to 31 in the day of the month"),
        ("30,33 3 * * *", "not 3"),
        ("1,30,58 8,9 * * *", "not 3"),
        ("0-56/4 3 * * *", "not 4"),
        ("0 5-1 * * *", "Bad hour"),
        ("0 3 * * FRI-MON", "Bad day-of-week"),
        ("0 3 20-40 * *", "Bad day-of-month"),
        ("0 0 31 2 *", "Bad day-of-month"),
        ("0 0 31 2 0-6", "Bad day-of-month"),
        ("0 0 31 2,4,6,9,11 1-7", "Bad day-of-month"),
        ("0 0 30-31 FEB */1", "Bad day-of-month"),
        ("0 3 * * \u017fun", "five fields"),
        ("0\u00a03 * * *", "five fields"),
        ("0\x1f3 * * *", "five fields"),
        ("", "five fields"),
        ("@daily", "five fields"),
        ("0 3 * *", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("60 3 * * *", "Bad minute"),
        ("0 24 * * *", "Bad hour"),
        ("0 3 0 * *", "Bad day-of-month"),
        ("0 3 * * XYZ", "Bad day-of-week"),
        ("0 3 30 2 *", "Bad day-of-month"),
        ("* * * * *", "not 1"),
        ("*/4 * * * *", "not 4"),
        ("0,3 7 1 1 *", "not 3"),
        ("1,58 8,9 * * *", "not 3"),
        ("1,58 0,23 * * *", "not 3"),
    ],
)
def test_invalid_and_too_frequent_expressions_are_rejected(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_expression(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "*/5 * * * *",
        "1,58 8,10 * * *",
        "0 3 * * MON-FRI",
        "0 0 29 2 *",
        "0 3 LW * *",
        "0 3,4 * * *",
        "*/60 * * * *",
        "0 */24 * * *",
        "0 3 */31 * *",
        "0 3 * */12 *",
        "0 3 * * */7",
    ],
)
def test_valid_expressions_are_accepted_without_their_extra_spaces(expression: str) -> None:
    assert parse_expression(f"  {expression.replace(' ', '   ')} ") == expression


@given(st.text(max_size=30) | st.lists(st.text("0123456789*/,-#LW", max_size=6), min_size=5, max_size=5).map(" ".join))
def test_every_accepted_text_has_a_next_due_time(text: str) -> None:
    try:
        parsed = parse_expression(text)
    except ValueError as error:
        assert str(error)
    else:
        assert next_after(parsed, BERLIN, datetime(2027, 1, 1, tzinfo=UTC)).year >= 2027


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "europe/berlin"])
def test_unknown_time_zones_are_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="IANA time zone"):
        check_time_zone(name)


@pytest.mark.parametrize(
    "name", ["UTC", "Etc/UTC", "Asia/Calcutta", "US/Eastern", "America/Indiana/Knox", "Arctic/Longyearbyen"]
)
def test_utc_and_time_zones_named_after_a_place_are_accepted(name: str) -> None:
    assert check_time_zone(name) == name


@pytest.mark.parametrize(
    "name",
    ["localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/UTC", "EST5EDT", "Etc/GMT+5", "Etc/Unknown"],
)
def test_time_zones_that_are_not_named_after_a_place_are_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="IANA time zone of a place"):
        check_time_zone(name)
