"""What a cell of a workbook says, as text: numbers without noise, dates and times in ISO 8601."""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

Kind = Literal["number", "date", "time", "moment", "elapsed"]

# ECMA-376 part 1, 18.8.30: what the built-in formats of these numbers show.
BUILT_IN: dict[int, Kind] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), "time"),
    22: "moment",
    46: "elapsed",
}
LAST_DAY = 2_958_466
"""31 December 9999, and one: what lies beyond is no date."""

_WHOLE = re.compile(r"-?\d{1,17}", re.ASCII)
_SHORT = re.compile(r"-?\d{1,10}\.\d{0,4}[1-9]", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


def unescaped(text: str) -> str:
    """`_x000D_` is how OOXML writes a character that XML cannot hold."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def shown_as(code: str) -> Kind | int:
    """What a number format makes of a number; for `00000`, how many digits it shows at least."""
    code = code[:255]
    if re.fullmatch(r"0{2,30}", code):
        return len(code)
    plain = _LITERAL.sub("", code).split(";")[0].lower().replace("general", "").replace("am/pm", "").replace("a/p", "")
    if re.search(r"\[(h+|m+|s+)\]", plain):
        return "elapsed"
    day, clock = bool(re.search(r"[yd]", plain)), bool(re.search(r"[hs]", plain))
    if day and clock:
        return "moment"
    if day or ("m" in plain and not clock):
        return "date"
    return "time" if clock else "number"


def reader(shows: Kind | int, from_1904: bool) -> Callable[[str], str]:
    """What reads the numbers of cells in a format; with a cache, as both repeat."""
    if shows == "number":
        return number
    if isinstance(shows, int):
        return lambda raw: padded(raw, shows)
    return lru_cache(maxsize=4096)(lambda raw: moment(raw, shows, from_1904))


@lru_cache(maxsize=8192)
def number(raw: str) -> str:
    """A stored number as it is shown in general format: `19.899999999999999` is 19.9, `1234567890123.0` has no point.

    Excel keeps 15 digits. A whole number of more that some other program wrote stays as it is.
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
    if abs(value) >= 1e15:  # rounded by whoever wrote it, and to be seen as such
        return raw.upper() if "E" in raw.upper() else raw.removesuffix(".0")
    return format(Decimal(format(value, ".15g")), "f")


def padded(raw: str, digits: int) -> str:
    """A whole number in a format such as `00000`, which is how a SKU with leading zeros is kept as a number."""
    text = number(raw)
    return text.zfill(digits) if text.isdigit() else text


def moment(raw: str, shows: Kind, from_1904: bool) -> str:
    """Days since the beginning of 1900, or 1904, as date, time or both; as a number when there is no such day."""
    try:
        days = float(raw)
    except ValueError:
        return raw
    if not 0 <= days < LAST_DAY:
        return number(raw)
    seconds = round(days * 86_400)
    if shows == "elapsed":
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    # The first 60 days count from a day later: Excel holds 1900 for a leap year, as Lotus did.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)  # noqa: DTZ001
    try:
        at = start + timedelta(seconds=seconds)
    except OverflowError:
        return number(raw)
    if shows == "time" or (days < 1 and shows == "moment"):
        return at.time().isoformat()
    return at.date().isoformat() if at.time() == datetime.min.time() else at.isoformat()
