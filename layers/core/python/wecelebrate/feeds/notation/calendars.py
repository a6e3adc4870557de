"""Converts dates of other calendars to the Gregorian calendar: `20/11/2569` in Thailand is 20 November 2026.

| calendar           | examples                         | used in        |
|--------------------|----------------------------------|----------------|
| Buddhist           | `20/11/2569`, `2569-11-20`       | Thailand       |
| Minguo             | `115/11/20`, `民國115年11月20日` | Taiwan         |
| Reiwa              | `令和8年11月20日`, `R8.11.20`    | Japan          |
| Solar Hijri        | `1405/08/29`                     | Iran           |

`2026年11月20日` is a Gregorian day. A year is read in another calendar only if it is near the current year of that
calendar, because systems also write years such as 2999 for "never".
"""

import re
from datetime import UTC, date, datetime, timedelta

MAX_YEARS = 15
"""The maximum number of years between today and a day of another calendar."""
MAX_LENGTH = 20
_BUDDHIST, _MINGUO, _REIWA = 543, -1911, -2018
"""For each calendar, the number that is added to the Gregorian year. For example, 2026 is 2569 in Thailand."""
_CHARACTERS = re.compile(
    r"(民國|民国|中華民國|令和|R)?\s*(\d{1,4})\s*[年년.]\s*(\d{1,2})\s*[月월.]\s*(\d{1,2})\s*[日일.]?", re.ASCII
)
_YEAR_FIRST = re.compile(r"(\d{3,4})([-./])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2}[-./]\d{1,2}[-./])(2[4-6]\d\d)", re.ASCII)
_ERAS = {"民國": _MINGUO, "民国": _MINGUO, "中華民國": _MINGUO, "令和": _REIWA, "R": _REIWA}
_HIJRI = range(1380, 1430)
_FIRST_DAY = date(2001, 3, 21)
"""The first day of the year 1380 in Iran."""


def gregorian(text: str) -> str:
    """Return the day as `2026-11-20`, or the unchanged text if it is not a day of another calendar."""
    if len(text) > MAX_LENGTH or not text:
        return text
    if not text.isascii() and any(map(str.isdecimal, text)):
        text = "".join(str(int(char)) if char.isdecimal() else char for char in text)
    if match := _YEAR_LAST.fullmatch(text):
        year = int(match[2]) - _BUDDHIST
        return f"{match[1]}{year}" if _is_near(year) else text
    if match := _YEAR_FIRST.fullmatch(text):
        return _of_numbers(int(match[1]), int(match[3]), int(match[4])) or text
    if match := _CHARACTERS.fullmatch(text):
        era, (year, month, day) = match[1], map(int, match.groups()[1:])
        if era:
            year -= _ERAS[era]
        elif len(match[2]) < 4:
            return text
        return _written(year, month, day) or text
    return text


def _of_numbers(year: int, month: int, day: int) -> str | None:
    if year in _HIJRI:
        return _of_solar_hijri(year, month, day)
    for offset in (_BUDDHIST, _MINGUO):
        if (year < 1000) == (offset == _MINGUO) and _is_near(year - offset) and year > 99:
            return _written(year - offset, month, day)
    return None


def _of_solar_hijri(year: int, month: int, day: int) -> str | None:
    """Convert a day of the Iranian calendar.

    The year begins at the March equinox, and its first six months have 31 days.

    In each cycle of 33 years, the years 1, 5, 9, 13, 17, 22, 26 and 30 end with a leap day.
    """
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    leap_days = sum(each % 33 in (1, 5, 9, 13, 17, 22, 26, 30) for each in range(_HIJRI.start, year))
    days = 31 * min(month - 1, 6) + 30 * max(month - 7, 0) + day - 1
    result = _FIRST_DAY + timedelta(days=365 * (year - _HIJRI.start) + leap_days + days)
    return result.isoformat() if _is_near(result.year) else None


def _written(year: int, month: int, day: int) -> str | None:
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 and _is_near(year) else None


def _is_near(year: int) -> bool:
    return abs(year - datetime.now(UTC).year) <= MAX_YEARS
