"""Parses prices and other numbers as people and ERP systems write them.

| cell                         | value         | rule                                                              |
|------------------------------|---------------|-------------------------------------------------------------------|
| `1,234.56` `1.234,56`        | 1234.56       | with two separators, the last one is the decimal separator        |
| `1 234,56` `1'234.50`        | 1234.56, .50  | spaces and apostrophes group thousands                            |
| `12,50` `12.5` `12,5000`     | 12.50         | a separator not followed by three digits is the decimal separator |
| `1.234.567`                  | 1234567       | a repeated separator groups thousands                             |
| `1,234`                      | 1234          | 1.234 if the file's prices or the settings show a decimal comma   |
| `1.234`                      | 1.234         | 1234 if the file's prices or the settings show a decimal comma    |
| `12,50 €` `EUR 12.50` `$5`   | with currency | $ means the catalog's currency if that is a dollar, otherwise USD |
| `1,5E+03`                    | 1500          | spreadsheets export large numbers in scientific notation          |
| `12.345`                     | 12.345        | rejected, unless the currency has three decimals, as KWD has      |
| `-5` `5-` `(5)`              | rejected      | the price is negative; SAP writes `5-`, bookkeepers write `(5)`   |
| 1,000,000,000,000 or more    | rejected      | the database allows twelve digits before the decimal separator    |
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal

from wecelebrate.core.types import currencies, finer_problem, rounded
from wecelebrate.core.types.money import MAX_AMOUNT
from wecelebrate.feeds.items import BadCell, quoted

DecimalMark = Literal[",", "."]

MAX_COUNT = 2_147_483_647
MAX_NUMBER_LENGTH = 60
"""The maximum number of characters of a number. A longer cell is not a number."""

SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₴": "UAH", "₫": "VND",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "LEI": "RON", "R$": "BRL",
    "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "MX$": "MXN", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF", "EURO": "EUR", "EUROS": "EUR",
}  # fmt: skip
# Signs that several currencies use. If the catalog's currency is in a sign's list, this currency is used.
# Otherwise the first currency in the list is used.
SHARED_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP", "TWD"),
    "¥": ("JPY", "CNY"),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "KR.": ("DKK", "NOK", "SEK", "ISK"),
}

# The dashes that mean minus, and the apostrophes that group thousands.
_MINUS = "-\u2212\u2013"
_QUOTES = "'\u2019"
_DASH = re.escape(_MINUS)

_PLAIN = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_PARTS = re.compile(
    rf"(?P<before>(?:[^\d\s.,{_QUOTES}+{_DASH}(]+\.?)?)\s*"
    rf"(?P<number>[\d(+{_DASH}.,][\d\s.,{_QUOTES}]*(?:[eE][+-]?\d{{1,2}})?\)?[{_DASH}]?)\s*(?P<after>\D*)"
)
_GROUPS = re.compile(rf"[\s{_QUOTES}](?=\d)")
_WHOLE = re.compile(rf"(?<=\d)[.,]\s?[{_DASH}]{{1,2}}(?=\D*$)")  # `12,-` and `12.--` mean 12 without cents
_SCIENTIFIC = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,2})", re.ASCII)


def decimal_mark(cells: Iterable[str]) -> DecimalMark | None:
    """Detect the decimal separator from a sample of price cells. Returns None if the sample does not show it."""
    votes = {",": 0, ".": 0}
    for cell in cells:
        text = re.sub(r"[^\d.,]", "", cell[:MAX_NUMBER_LENGTH]).strip(".,")
        comma, dot = text.count(","), text.count(".")
        if comma and dot:
            votes["," if text.rfind(",") > text.rfind(".") else "."] += 1
        elif comma + dot > 1:
            votes["." if comma else ","] += 1
        elif comma + dot == 1:
            mark = "," if comma else "."
            if len(text) - text.index(mark) - 1 != 3:
                votes[mark] += 1
    if votes[","] == votes["."]:
        return None
    return "," if votes[","] > votes["."] else "."


def price(cell: str, mark: DecimalMark | None, catalog_currency: str) -> tuple[Decimal, str | None]:
    """Parse a price, and the currency if the cell names a currency. `mark` is the file's decimal separator.

    Raises BadCell with the code `not_a_number`, `negative` or `too_large`.
    """
    if _PLAIN.fullmatch(cell) and not (mark == "," and "." in cell):
        return Decimal(cell), None
    if len(cell) > MAX_NUMBER_LENGTH:
        raise _not_a_number(cell)
    text = _WHOLE.sub("", unicodedata.normalize("NFKC", cell).strip())
    parts = _PARTS.fullmatch(text)
    if not parts:
        raise _not_a_number(cell)
    number, sign = _signed(parts["number"])
    value = _number(number, mark, cell)
    before, after = parts["before"].strip(), parts["after"].strip().rstrip("-").strip()
    if sign < 0 or parts["after"].strip() == "-":
        if value:
            raise BadCell("negative", f"{quoted(cell)} is negative; a price must be 0 or more")
        after = after.rstrip("-")
    if before and after and before.upper() != after.upper():
        raise _not_a_number(cell)
    sign_or_code = before or after
    currency = currency_code(sign_or_code, catalog_currency) if sign_or_code else None
    if sign_or_code and currency is None:
        raise _not_a_number(cell)
    if value >= MAX_AMOUNT:
        raise BadCell("too_large", f"{quoted(cell)} is not below {MAX_AMOUNT:,}")
    return value, currency


def exact_price(price: Decimal, currency: str) -> Decimal:
    """Return the price with the decimals of its currency.

    Raises BadCell with the code `too_precise` if the price is finer than its currency.
    """
    exact = rounded(price, currency)
    if exact is None:
        raise BadCell("too_precise", f"{price:f} {finer_problem(currency)}")
    return exact


def signed_number(text: str, mark: DecimalMark | None, cell: str) -> Decimal:
    """Parse a number that can have a sign. `cell` is the complete cell, for the message.

    Raises BadCell with the code `not_a_number`.
    """
    number, sign = _signed(text)
    return sign * _number(number, mark, cell)


def currency_code(text: str, catalog_currency: str) -> str | None:
    """Return the ISO 4217 code for a currency's code, sign or name. Returns None if the text is none of these."""
    sign = text[:MAX_NUMBER_LENGTH].strip().upper()
    if sign in currencies():
        return sign
    if sign in SHARED_SIGNS:
        return catalog_currency if catalog_currency in SHARED_SIGNS[sign] else SHARED_SIGNS[sign][0]
    return SIGNS.get(sign) or (currency_code(sign[:-1], catalog_currency) if sign.endswith(".") else None)


def _signed(number: str) -> tuple[str, int]:
    """Separate a number from its sign. The sign is a minus before or after the number, or a pair of parentheses."""
    text = number.strip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), -1
    negative = text[:1] in tuple(_MINUS) or text[-1:] in tuple(_MINUS)
    return text.strip(f"+{_MINUS} "), -1 if negative else 1


def _number(text: str, mark: DecimalMark | None, cell: str) -> Decimal:
    """Parse digits with separators, according to the rules in the module's docstring."""
    if match := _SCIENTIFIC.fullmatch(text):
        return Decimal(match[1].replace(",", ".")).scaleb(int(match[2]))
    digits = _GROUPS.sub("", text)
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        point = max(comma, dot)
        group = "," if point == dot else "."
        whole, fraction = digits[:point], digits[point + 1 :]
        if group in fraction or digits[point] in whole:
            raise _not_a_number(cell)
        whole = whole.replace(group, "")
    elif (at := max(comma, dot)) >= 0:
        separator = digits[at]
        digits_after = len(digits) - at - 1
        if digits.count(separator) > 1:
            grouped = True
        elif digits_after != 3:
            grouped = False
        else:
            grouped = separator != mark if mark else separator == ","
            # In `0,123`, the comma cannot be a thousands separator.
            grouped = grouped and not digits.startswith("0")
        if grouped and any(len(part) != 3 for part in digits.split(separator)[1:]):
            raise _not_a_number(cell)
        whole, fraction = (digits.replace(separator, ""), "") if grouped else (digits[:at], digits[at + 1 :])
    else:
        whole, fraction = digits, ""
    whole = whole or "0"
    if not (whole.isascii() and whole.isdigit()) or (fraction and not (fraction.isascii() and fraction.isdigit())):
        raise _not_a_number(cell)
    if (not digits.strip(".,")) or len(whole) > 30 or len(fraction) > 30:
        raise _not_a_number(cell)
    try:
        return Decimal(f"{whole}.{fraction or '0'}")
    except InvalidOperation as error:
        raise _not_a_number(cell) from error


def _not_a_number(cell: str) -> BadCell:
    return BadCell("not_a_number", f"{quoted(cell)} is not a number")
