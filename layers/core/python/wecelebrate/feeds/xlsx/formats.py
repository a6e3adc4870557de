"""Reads from a number format what Excel adds to the digits: a currency, a percent sign, or the letters of a SKU.

| format              | stored | shown    | read       |
|---------------------|--------|----------|------------|
| `#,##0.00 "€"`      | 19.9   | 19,90 €  | 19.9 EUR   |
| `[$£-809]#,##0.00`  | 19.9   | £19.90   | 19.9 GBP   |
| `[$CHF] #,##0.00`   | 19.9   | CHF 19.90| 19.9 CHF   |
| `[$-407]#,##0.00`   | 19.9   | 19,90    | 19.9       |
| `#,##0.00`          | 24.395 | 24,40    | 24.40      |
| `"ART-"0000`        | 12     | ART-0012 | ART-0012   |
| `000-000`           | 12345  | 012-345  | 012-345    |
| `0%`                | 0.19   | 19%      | 19%        |

Source: ECMA-376 part 1, 18.8.30 and 18.8.31 (numFmts); the hexadecimal number after the hyphen is a Windows locale.
"""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from wecelebrate.core.types import currencies
from wecelebrate.core.types.numbers import without_exponent
from wecelebrate.feeds.notation.numbers import SHARED_SIGNS, SIGNS
from wecelebrate.feeds.xlsx.cells import number

MAX_CODE_LENGTH = 255
BUILT_IN_PERCENT = frozenset((9, 10))
BUILT_IN_TWO_DECIMALS = frozenset((2, 4, 7, 8, 39, 40, 43, 44))
MIN_SHOWN = 2
_DECIMALS = re.compile(r"[0#?]\.([0#?]+)")
_SCALED = re.compile(r"[eE/]|[0#?],+(?:\.|$|[^0#?,.])")
"""Scientific numbers, fractions, and commas that divide by 1,000."""
_SYMBOL = re.compile(r"\[\$([^\]\-]{0,10})(?:-([0-9A-Fa-f]{1,8}))?[^\]]{0,20}\]")
_LITERAL = re.compile(r'"([^"]{0,60})"|\\(.)|([€£¥$₹₽₺₩₴₫₪₱฿])')
_PART = re.compile(r'"([^"]*)"|\\(.)|(0)|([-/ ()+:_!])')
# The currencies of Windows locales in which a shared sign is used.
_LOCALES = {
    "409": "USD", "1009": "CAD", "c0c": "CAD", "c09": "AUD", "1409": "NZD", "c04": "HKD", "4809": "SGD", "80a": "MXN",
    "404": "TWD", "2c0a": "ARS", "340a": "CLP", "240a": "COP", "411": "JPY", "804": "CNY", "41d": "SEK", "414": "NOK",
    "814": "NOK", "406": "DKK", "40f": "ISK", "4009": "INR", "439": "INR", "420": "PKR", "45b": "LKR",
}  # fmt: skip


def shown_currency(code: str) -> str | None:
    """Return the code of the currency that a number format shows, or None if it shows no currency.

    A sign that several currencies use, such as $ without a locale, is returned unchanged.
    """
    positive = code[:MAX_CODE_LENGTH].split(";", 1)[0]
    if match := _SYMBOL.search(positive):
        symbol, locale = match[1].strip(), (match[2] or "").lower().lstrip("0")
        return _code(symbol, locale[-4:].lstrip("0")) if symbol else _literal_currency(_SYMBOL.sub("", positive))
    return _literal_currency(positive)


def _literal_currency(positive: str) -> str | None:
    texts = (quoted or escaped or sign for quoted, escaped, sign in _LITERAL.findall(positive))
    joined = "".join(texts).strip(" \u00a0()-")
    return _code(joined, "") if joined else None


def _code(symbol: str, locale: str) -> str | None:
    sign = symbol.upper().strip(" \u00a0")
    if sign in currencies():
        return sign
    shared = SHARED_SIGNS.get(sign) or SHARED_SIGNS.get(sign.rstrip("."))
    if shared:
        return _LOCALES[locale] if _LOCALES.get(locale) in shared else sign
    return SIGNS.get(sign) or SIGNS.get(sign.rstrip("."))


def shown_decimals(code: str) -> int:
    """Return how many decimals a number format shows, or 0 if it shows fewer than two.

    A format with fewer decimals can be a mistake: a price of 12.50 is not 13.
    """
    positive = _SYMBOL.sub("", _LITERAL.sub("", code[:MAX_CODE_LENGTH].split(";", 1)[0]))
    match = _DECIMALS.search(positive)
    return len(match[1]) if match and len(match[1]) >= MIN_SHOWN and not _SCALED.search(positive) else 0


def with_decimals(decimals: int) -> Callable[[str], str]:
    """Return a function that reads a number as Excel shows it. For example, 24.395 with two decimals is 24.40.

    The results of formulas such as `=C5*1.19` have more decimals than the prices that Excel shows to the sender.
    """
    step = Decimal(1).scaleb(-decimals)

    @lru_cache(maxsize=8192)
    def read(raw: str) -> str:
        text = number(raw)
        if len(text) - text.find(".") - 1 <= decimals or "." not in text:
            return text
        try:
            shown = Decimal(text).quantize(step, ROUND_HALF_UP)
        except ArithmeticError:
            return text
        return f"{shown:f}" if shown else text  # a price of 0.004 is not 0

    return read


def with_currency(code: str, decimals: int = 0) -> Callable[[str], str]:
    """Return a function that reads a number and appends the currency. In the result, a point is always decimal."""
    plain = with_decimals(decimals) if decimals else number

    @lru_cache(maxsize=8192)
    def read(raw: str) -> str:
        text = plain(raw)
        if text[-4:-3] == ".":
            text += "0"  # the point in `1.250` could be read as a thousands separator
        return f"{text} {code}" if text else text

    return read


def digit_pattern(code: str) -> str | None:
    """Return a pattern such as `ART-0000` if the format shows only digits and letters, or None.

    In the pattern, \\0 stands for a digit.
    """
    positive = code[:MAX_CODE_LENGTH].split(";", 1)[0]
    pattern, at = "", 0
    while at < len(positive):
        match = _PART.match(positive, at)
        if match is None:
            return None
        pattern += "\0" if match[3] else match[1] or match[2] or match[4] or ""
        at = match.end()
    return pattern if pattern.count("\0") and pattern.strip("\0") else None


def with_pattern(pattern: str) -> Callable[[str], str]:
    """Return a function that writes a whole number into a pattern. For example, 12 in `ART-0000` becomes ART-0012."""
    places = pattern.count("\0")

    @lru_cache(maxsize=8192)
    def read(raw: str) -> str:
        digits = number(raw)
        if not digits.isdigit():
            return digits
        digits = digits.zfill(places)
        first, rest = digits[: len(digits) - places + 1], iter(digits[len(digits) - places + 1 :])
        before, _, after = pattern.partition("\0")
        return before + first + "".join(next(rest) if char == "\0" else char for char in after)

    return read


def is_percent(code: str) -> bool:
    return "%" in _LITERAL.sub("", code[:MAX_CODE_LENGTH].split(";", 1)[0])


@lru_cache(maxsize=8192)
def percent(raw: str) -> str:
    """Show a share as a percentage: 0.19 becomes 19%."""
    text = number(raw)
    try:
        return f"{without_exponent((Decimal(text) * 100).normalize())}%"
    except ArithmeticError:
        return text
