"""The values of workbook cells as text: numbers without floating-point noise, dates and times in ISO 8601."""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

CellFormat = Literal["number", "date", "time", "datetime", "elapsed"]

# ECMA-376 part 1, 18.8.30: number of a built-in format to the kind of value that it shows.
BUILT_IN_FORMATS: dict[int, CellFormat] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), "time"),
    22: "datetime",
    46: "elapsed",
}
END_OF_DATES = 2_958_466
"""The day after 31 December 9999. Higher numbers are not dates."""

_WHOLE = re.compile(r"-?\d{1,17}", re.ASCII)
_SHORT = re.compile(r"-?\d{1,10}\.\d{0,4}[1-9]", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


def unescaped(text: str) -> str:
    """Replace the escapes with which OOXML writes characters that XML does not allow, such as `_x000D_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def cell_format(code: str) -> CellFormat | int:
    """The kind of value that a number format shows. For a format such as `00000`, its number of digits."""
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
    """A reader of the numbers in cells of a format. It is cached, because values repeat."""
    if shown_as == "number":
        return number
    if isinstance(shown_as, int):
        return lambda raw: padded(raw, shown_as)
    return lru_cache(maxsize=4096)(lambda raw: date_or_time(raw, shown_as, from_1904))


@lru_cache(maxsize=8192)
def number(raw: str) -> str:
    """A stored number as Excel's General format shows it: 19.9 for `19.899999999999999`, 5 for `5.0`.

    Excel keeps 15 digits. A longer whole number, which another program wrote, is unchanged.
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
    if abs(value) >= 1e15:  # the program that wrote it has rounded it: keep the exponent, which shows that
        return raw.upper() if "E" in raw.upper() else raw.removesuffix(".0")
    return format(Decimal(format(value, ".15g")), "f")


def padded(raw: str, digits: int) -> str:
    """A whole number with leading zeros, as a format such as `00000` shows a SKU that is stored as a number."""
    text = number(raw)
    return text.zfill(digits) if text.isdigit() else text


def date_or_time(raw: str, shown_as: CellFormat, from_1904: bool) -> str:
    """Convert days since 1900 (or 1904) to a date, a time or both. A number outside the calendar stays a number."""
    try:
        days = float(raw)
    except ValueError:
        return raw
    if not 0 <= days < END_OF_DATES:
        return number(raw)
    seconds = round(days * 86_400)
    if shown_as == "elapsed":
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    # Excel treats 1900 as a leap year, as Lotus 1-2-3 did. So the first 60 days count from one day later.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)  # noqa: DTZ001
    try:
        at = start + timedelta(seconds=seconds)
    except OverflowError:
        return number(raw)
    if shown_as == "time" or (days < 1 and shown_as == "datetime"):
        return at.time().isoformat()
    return at.date().isoformat() if at.time() == datetime.min.time() else at.isoformat()
