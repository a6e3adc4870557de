"""Tests when the offers of a file start and end, in the time zone of the client."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pytest

from wecelebrate.feeds.items import Offer
from wecelebrate.ingestion.merge.offers import stored_offers

Day = date | datetime | None


def times(first: Day, last: Day, zone: str) -> tuple[str | None, str | None]:
    """Return the stored start and end of an offer."""
    (stored,) = stored_offers((Offer(Decimal(9), first, last),), zone)
    return stored["starts_at"], stored["ends_at"]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "hours"),
    [
        ("UTC", date(2027, 3, 28), "2027-03-28T00:00:00+00:00", "2027-03-29T00:00:00+00:00", 24),
        ("Europe/Berlin", date(2027, 3, 27), "2027-03-26T23:00:00+00:00", "2027-03-27T23:00:00+00:00", 24),
        ("Europe/Berlin", date(2027, 3, 28), "2027-03-27T23:00:00+00:00", "2027-03-28T22:00:00+00:00", 23),
        ("Europe/Berlin", date(2027, 10, 31), "2027-10-30T22:00:00+00:00", "2027-10-31T23:00:00+00:00", 25),
        ("America/New_York", date(2027, 3, 14), "2027-03-14T05:00:00+00:00", "2027-03-15T04:00:00+00:00", 23),
        ("America/New_York", date(2027, 11, 7), "2027-11-07T04:00:00+00:00", "2027-11-08T05:00:00+00:00", 25),
        ("Australia/Lord_Howe", date(2027, 4, 4), "2027-04-03T13:00:00+00:00", "2027-04-04T13:30:00+00:00", 24.5),
        ("Pacific/Auckland", date(2027, 4, 4), "2027-04-03T11:00:00+00:00", "2027-04-04T12:00:00+00:00", 25),
        ("Asia/Kolkata", date(2027, 3, 28), "2027-03-27T18:30:00+00:00", "2027-03-28T18:30:00+00:00", 24),
    ],
)  # fmt: skip
def test_an_offer_of_one_day_lasts_from_midnight_to_midnight(
    zone: str, day: date, start: str, end: str, hours: float
) -> None:
    assert times(day, day, zone) == (start, end)
    assert datetime.fromisoformat(end) - datetime.fromisoformat(start) == timedelta(hours=hours)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago", "UTC"])
def test_one_day_offers_of_consecutive_days_have_no_gap_and_no_overlap(zone: str) -> None:
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(366)]
    stored = [times(day, day, zone) for day in days]
    assert all(end == start for (_, end), (start, _) in pairwise(stored))
    assert all(start and end and start < end for start, end in stored)


def test_an_open_end_is_not_stored() -> None:
    assert times(None, None, "Europe/Berlin") == (None, None)
    assert times(date(2027, 3, 28), None, "Europe/Berlin") == ("2027-03-27T23:00:00+00:00", None)
    assert times(None, date(2027, 3, 28), "Europe/Berlin") == (None, "2027-03-28T22:00:00+00:00")


def test_a_time_without_an_offset_is_in_the_time_zone_of_the_client() -> None:
    local, exact = datetime(2027, 7, 1, 9, 30), datetime(2027, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))  # noqa: DTZ001
    assert times(local, None, "Europe/Berlin")[0] == "2027-07-01T07:30:00+00:00"
    assert times(exact, None, "Europe/Berlin")[0] == "2027-07-01T00:30:00+00:00"
    assert times(exact.astimezone(UTC), None, "America/New_York")[0] == "2027-07-01T00:30:00+00:00"


def test_repeated_and_skipped_local_times_are_converted_to_one_exact_time() -> None:
    twice, skipped = datetime(2027, 10, 31, 2, 30), datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001
    assert times(twice, None, "Europe/Berlin")[0] == "2027-10-31T00:30:00+00:00"
    assert times(skipped, None, "Europe/Berlin")[0] == "2027-03-28T01:30:00+00:00"
