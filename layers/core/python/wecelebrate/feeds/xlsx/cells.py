"""Converts the values of workbook cells to text.

The texts of numbers contain no digits that come from rounding errors. Dates and times are written in ISO 8601.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

CellFormat = Literal["number", "date", "time", "datetime", "elapsed"]

# Maps the number of each built-in format to the kind of value that it shows (ECMA-376 part 1, 18.8.30).
BUILT_IN_FORMATS: dict[int, CellFormat] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), "time"),
    22: "datetime",
    46: "elapsed",
}
END_OF_DATES = 2_958_466
"""The number of the day after 31 December 9999. This number and higher numbers are not dates."""

_WHOLE = re.compile(r"-?\d{1,17}", re.ASCII)
_SHORT = re.compile(r"-?\d{1,10}\.\d{0,4}[1-9]", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


def unescaped(text: str) -> str:
    """Replace escapes such as `_x000D_`. OOXML uses them for characters that XML does not allow."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def cell_format(code: str) -> CellFormat | int:
    """Return the kind of value that a number format shows, or the number of digits of a format such as `00000`."""
    code = code[:255]
    if re.fullmatch(r"0{2,30}", code):
        return len(code)
    plain = _LITERAL.sub("", code).split(";")[0].lower().replace("general", "").replace("am/pm", "").replace("a/p", "")
    if re.search(r"\[(h+|m+|s+)\]", plain):
        return "elapsed"
    day, clock = bool(re.search(r"[yd]", plain)), bool(re.search(r"[hs]", plain))
    if day and clock:
        return "datetime"
    if day or ("m" in plain and not clock):
        return "date"
    return "time" if clock else "number"


def number_reader(shown_as: CellFormat | int, from_1904: bool) -> Callable[[str], str]:
    """Return the function that reads the numbers in cells of this format. It has a cache, because values repeat."""
    if shown_as == "number":
        return number
    if isinstance(shown_as, int):
        return lambda raw: padded(raw, shown_as)
    return lru_cache(maxsize=4096)(lambda raw: date_or_time(raw, shown_as, from_1904))


@lru_cache(maxsize=8192)
def number(raw: str) -> str:
    """Format a stored number as Excel's General format does: `19.899999999999999` becomes 19.9, `5.0` becomes 5.

    Excel stores 15 digits. A longer whole number was written by another program, and is returned unchanged.
    """
    raw = raw.strip()
    if _WHOLE.fullmatch(raw) or _SHORT.fullmatch(raw):
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw
    if not math.isfinite(value):
        return raw
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if abs(value) >= 1e15:  # keep the exponent, because it shows that a program has rounded the number
        return raw.upper() if "E" in raw.upper() else raw.removesuffix(".0")
    return format(Decimal(format(value, ".15g")), "f")


def padded(raw: str, digits: int) -> str:
    """Add leading zeros to a whole number, until it has `digits` digits.

    A format such as `00000` shows numbers in this way. Such numbers are often SKUs.
    """
    text = number(raw)
    return text.zfill(digits) if text.isdigit() else text


def date_or_time(raw: str, shown_as: CellFormat, from_1904: bool) -> str:
    """Convert a number of days since 1900 (or 1904) to a date, to a time, or to a date with a time.

    A number outside the calendar is not converted.
    """
    try:
        days = float(raw)
    except ValueError:
        return raw
    if not 0 <= days < END_OF_DATES:
        return number(raw)
    seconds = round(days * 86_400)
    if shown_as == "elapsed":
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    # Excel treats 1900 as a leap year, because Lotus 1-2-3 did so. For dates before 1 March 1900, the start of the
    # count is therefore one day later than for other dates.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)  # noqa: DTZ001
    try:
        at = start + timedelta(seconds=seconds)
    except OverflowError:
        return number(raw)
    if shown_as == "time" or (days < 1 and shown_as == "datetime"):
        return at.time().isoformat()
    return at.date().isoformat() if at.time() == datetime.min.time() else at.isoformat()
