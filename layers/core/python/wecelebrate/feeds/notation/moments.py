"""Reads days and points in time as people, shops and ERP systems write them: `1. 11. 2026`, `2026-11-20T00:00+0100`."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

from wecelebrate.feeds.states.words import NO_DATES, date_of
from wecelebrate.feeds.vocabulary.words import words

MAX_LENGTH = 60
MAX_YEAR = 2999
"""A year after this year, such as 9999, means that the day never comes."""
MIN_YEAR = 1971
"""A year before this year means that the day is long past."""
_TIME = re.compile(
    r"(?P<day>.+?)(?:[Tt]|[\s,]+)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d{1,9})?)?\s*"
    r"(?P<half>[AaPp])?(?:\.?[Mm]\.?)?\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_SECONDS = re.compile(r"1\d{9}", re.ASCII)
_SPACES = re.compile(r"(?<=[\d][./-])\s+(?=\d)")
_NUMBERS = re.compile(r"(?<!\d)(?<!\d[ T])(?<!, )(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)", re.ASCII)
"""A day in numbers, such as `31.12.2026` or `31/12/26`. A time after a day, such as ` 10.30.15`, does not match."""
MAX_YEARS = 4
"""A year can be the year of an offer if it differs from the current year by at most this number."""
_DAY_AND_NAME = re.compile(r"(\d{1,2})[.\s-]+([^\W\d_]{3,12})[.,\s-]+(\d{4})")
_NAME_AND_DAY = re.compile(r"([^\W\d_]{3,12})[.\s]+(\d{1,2}),?\s+(\d{4})")
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan ene gen led sty", "feb fev fév úno lut", "mar mär mrz bře", "apr avr abr dub kwi",
         "may mai mag kvě maj mei", "jun giu čvn cze", "jul lug čvc lip", "aug ago aoû srp sie", "sep set zář wrz",
         "oct okt ott out říj paź",
         "nov lis", "dec dez dic déc pro gru"), 1,
    )
    for name in names.split()
}  # fmt: skip
_RANGE = re.compile(
    r"\s*[/~→]\s*|\s*[–—]\s*|\s*\.\.+\s*|\s+-\s+|\s+(?:to|bis|do|au|al|tot|t/m|till|til|a|hasta|until|по|до)\s+",
    re.IGNORECASE,
)
_BEFORE_RANGE = re.compile(r"^(?:from|von|vom|od|du|dal|del|van|från|fra|с|от)\s+", re.IGNORECASE)  # noqa: RUF001
_NOTHING = NO_DATES | words("- – null none n/a nan 0")


def is_blank(cell: str | None) -> bool:
    """Return whether a cell is blank, or has a sign that means "no date"."""
    return not cell or cell.strip().casefold() in _NOTHING or not cell.strip()


def moment_of(cell: str, *, month_first: bool = False) -> date | datetime | None:
    """Return the day or the time in a cell, or None.

    A time without an offset is local. Midnight without an offset is a day.

    `month_first` says how dates such as 03/04/2026 are read.
    """
    text = _SPACES.sub("", cell.strip()).rstrip(".")
    if len(text) > MAX_LENGTH:
        return None
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    match = _TIME.fullmatch(text)
    day = _day(match["day"].rstrip(".,") if match else text, month_first=month_first)
    if match is None or day is None:
        return day
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    if (hour, minute, second) == (0, 0, 0) and not match["zone"]:
        return day
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=_zone(match["zone"]))


def period_of(cell: str, *, month_first: bool = False) -> tuple[date | datetime | None, date | datetime | None] | None:
    """Return the start and the end in one cell, as in `2026-11-20T00:00Z/2026-11-30T23:59Z`, or None."""
    text = _BEFORE_RANGE.sub("", cell.strip()) if len(cell) <= 2 * MAX_LENGTH else ""
    for match in _RANGE.finditer(text):
        parts = text[: match.start()], text[match.end() :]
        moments = [moment_of(part, month_first=month_first) for part in parts]
        if all(moment or is_blank(part) for moment, part in zip(moments, parts, strict=True)) and any(moments):
            return moments[0], moments[1]
    return None


def order_of_days(cells: Iterable[str]) -> bool | None:
    """Return whether the month is before the day in numeric dates, or None if the dates do not show it.

    In dates with points, the day is before the month, unless a date shows the opposite.
    """
    dates = _dates(cells)
    if _begin_with_years(dates):
        return None
    halves = [(int(match[1]), int(match[3])) for match in dates]
    month_first = any(second > 12 for _, second in halves)
    day_first = any(first > 12 for first, _ in halves)
    if month_first != day_first:
        return month_first
    is_clear = all(match[2] == "." or match[1] == match[3] for match in dates)
    return None if month_first or not is_clear else False


def stated_order(cells: Iterable[str]) -> bool | None:
    """Return whether the month is before the day in numeric dates that show it, e.g. 31/12/2026.

    Return None if there are no such dates.
    """
    shown = {int(match[3]) > 12 for match in _dates(cells) if (int(match[1]) > 12) != (int(match[3]) > 12)}
    return shown.pop() if len(shown) == 1 else None


def is_order_contradicted(cells: Iterable[str]) -> bool:
    """Return whether some numeric dates show that the day comes first, and others show that the month comes first."""
    dates = _dates(cells)
    return not _begin_with_years(dates) and {True, False} <= {
        int(match[3]) > 12 for match in dates if (int(match[1]) > 12) != (int(match[3]) > 12)
    }


def is_order_open(cells: Iterable[str]) -> bool:
    """Return whether all numeric dates can be read in both orders, e.g. 03/04/2026."""
    dates = _dates(cells)
    return (
        bool(dates) and not _begin_with_years(dates) and all(int(match[at]) <= 12 for match in dates for at in (1, 3))
    )


def separators_of(cells: Iterable[str]) -> set[str]:
    """Return the separators of days in numbers that do not begin with the year: `/` of 03/04/2026."""
    return {match[2] for match in _dates(cells)}


def _dates(cells: Iterable[str]) -> list[re.Match[str]]:
    return [match for cell in cells for match in _NUMBERS.finditer(cell)]


def _begin_with_years(dates: Sequence[re.Match[str]]) -> bool:
    """Return whether dates such as 26/11/20 can begin with the year.

    Years differ less than days. Therefore the dates end with the year if the last numbers differ less than the first
    numbers.
    """
    this_year = datetime.now(UTC).year
    if not dates or any(
        len(match[4]) > 2 or int(match[3]) > 12 or abs(2000 + int(match[1]) - this_year) > MAX_YEARS for match in dates
    ):
        return False
    return len({match[4] for match in dates}) >= len({match[1] for match in dates})


def end_of(last: date | datetime | None) -> date | datetime | None:
    """Return the end of a period, or None for a period without an end.

    The last minute of a day, such as `23:59`, belongs to the period. A year before MIN_YEAR or after MAX_YEAR means
    that the period has no end.
    """
    if last is None or not MIN_YEAR <= last.year <= MAX_YEAR:
        return None
    if isinstance(last, datetime) and (last.hour, last.minute) == (23, 59):
        return last.replace(second=0) + timedelta(minutes=1)
    return last


def start_of(first: date | datetime | None) -> date | datetime | None:
    """Return the start of a period, or None if the period has begun long ago.

    Raises ValueError if the period never begins.
    """
    if first is not None and first.year > MAX_YEAR:
        raise ValueError("never begins")
    return None if first is None or first.year < MIN_YEAR else first


def _day(text: str, *, month_first: bool) -> date | None:
    parts = date_of(text)
    if parts is None:
        parts = _day_with_name(text)
    elif month_first and (match := _NUMBERS.fullmatch(text)):
        parts = parts[0], int(match[1]), int(match[3])
    try:
        return date(*parts) if parts else None
    except ValueError:
        return None


def _day_with_name(text: str) -> tuple[int, int, int] | None:
    if match := _DAY_AND_NAME.fullmatch(text):
        day, name, year = match.groups()
    elif match := _NAME_AND_DAY.fullmatch(text):
        name, day, year = match.groups()
    else:
        return None
    month = _MONTHS.get(name.casefold()[:3])
    return (int(year), month, int(day)) if month else None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if text[0] == "+" else -offset) if offset < timedelta(hours=24) else None
