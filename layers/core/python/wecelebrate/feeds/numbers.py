"""Prices and quantities as people and ERP systems write them.

| written                      | read          | because                                                          |
|------------------------------|---------------|------------------------------------------------------------------|
| `1,234.56` `1.234,56`        | 1234.56       | of two separators the last is the decimal one                    |
| `1 234,56` `1'234.50`        | 1234.56, .50  | blanks and apostrophes group thousands                           |
| `12,50` `12.5` `12,5000`     | 12.50         | not three digits behind it: a decimal separator                  |
| `1.234.567`                  | 1234567.00    | a separator that repeats groups thousands                        |
| `1,234`                      | 1234.00       | unless the file's other prices or its settings say otherwise: 1.23 |
| `1.234`                      | 1.23          | unless they say so: 1234.00                                      |
| `12,50 €` `EUR 12.50` `$5`   | and currency  | a bare $ is the catalog's own dollar, if it has one               |
| `1,5E+03`                    | 1500.00       | spreadsheets export large numbers so                             |
| `12.345` and alike           | 12.35         | cents are rounded half up; the cell as it came stays in `source` |
| `-5` `5-` `(5)`              | rejected      | negative, also the way SAP and bookkeepers write it              |
| above 99,999,999.99          | rejected      | the column is DECIMAL(10,2)                                      |
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

from wecelebrate.feeds.items import BadCell, shown

DecimalMark = Literal[",", "."]

CENT = Decimal("0.01")
HIGHEST_PRICE = Decimal("99999999.99")
HIGHEST_COUNT = 2_147_483_647
LONGEST_NUMBER = 60
"""Characters of a cell that may be a number; anything longer is text."""

# ISO 4217, the currencies in use.
_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD "
    "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
    "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())
SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₴": "UAH", "₫": "VND",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "LEI": "RON", "R$": "BRL",
    "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "MX$": "MXN", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF", "EURO": "EUR", "EUROS": "EUR",
}  # fmt: skip
# Signs that several currencies share: the catalog's own if it is one of them, else the first.
SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP", "TWD"),
    "¥": ("JPY", "CNY"),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "KR.": ("DKK", "NOK", "SEK", "ISK"),
}

# The dashes that stand for minus, and the apostrophes that group thousands.
_MINUS = "-\u2212\u2013"
_QUOTES = "'\u2019"
_DASH = re.escape(_MINUS)

_PLAIN = re.compile(r"\d{1,8}(\.\d{1,2})?", re.ASCII)
_PARTS = re.compile(
    rf"(?P<before>(?:[^\d\s.,{_QUOTES}+{_DASH}(]+\.?)?)\s*"
    rf"(?P<number>[\d(+{_DASH}.,][\d\s.,{_QUOTES}]*(?:[eE][+-]?\d{{1,2}})?\)?[{_DASH}]?)\s*(?P<after>\D*)"
)
_GROUPS = re.compile(rf"[\s{_QUOTES}](?=\d)")
_WHOLE = re.compile(rf"(?<=\d)[.,]\s?[{_DASH}]{{1,2}}(?=\D*$)")  # 12,- and 12.-- have no cents
_SCIENTIFIC = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,2})", re.ASCII)


def decimal_mark(cells: Iterable[str]) -> DecimalMark | None:
    """The decimal separator that a sample of price cells shows; None when they show none."""
    votes = {",": 0, ".": 0}
    for cell in cells:
        text = re.sub(r"[^\d.,]", "", cell[:LONGEST_NUMBER]).strip(".,")
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


def price(cell: str, mark: DecimalMark | None, own: str) -> tuple[Decimal, str | None]:
    """The price in a cell and the currency it names, if any; `own` is the catalog's currency.

    Raises BadCell: not_a_number, negative, too_large, unknown_currency.
    """
    if _PLAIN.fullmatch(cell) and not (mark == "," and "." in cell):
        return Decimal(cell).quantize(CENT), None
    if len(cell) > LONGEST_NUMBER:
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
            raise BadCell("negative", f"{shown(cell)} is negative")
        after = after.rstrip("-")
    if before and after and before.upper() != after.upper():
        raise _not_a_number(cell)
    named = before or after
    currency = currency_code(named, own) if named else None
    if named and currency is None:
        raise _not_a_number(cell)
    if value > HIGHEST_PRICE:
        raise BadCell("too_large", f"{shown(cell)} is more than 99,999,999.99")
    rounded = value.quantize(CENT, ROUND_HALF_UP)
    if rounded > HIGHEST_PRICE:
        raise BadCell("too_large", f"{shown(cell)} is more than 99,999,999.99")
    return rounded, currency


def count(cell: str, mark: DecimalMark | None) -> int | None:
    """The quantity in a cell; None when it says no more than that there are some.

    A negative stock, which ERP systems keep for what is sold but not yet there, counts as 0. Parts of a piece are
    dropped. Raises BadCell: not_a_number, too_large.
    """
    if cell.isascii() and cell.isdigit() and len(cell) < 10:
        return int(cell)
    if len(cell) > LONGEST_NUMBER:
        raise _not_a_number(cell)
    text = unicodedata.normalize("NFKC", cell).strip().casefold()
    if text in _SOME:
        return None
    if text in _NONE:
        return 0
    text = text.removesuffix("+").removeprefix(">").removeprefix("<").strip()
    text = re.sub(r"\s*(pcs|pc|st|stk|stck|stuck|stück|szt|ks|ea|each|units?|pieces?|pièces?|uds?|pz)\.?$", "", text)
    number, sign = _signed(text)
    value = _number(number, mark, cell)
    if sign < 0:
        return 0
    if value > HIGHEST_COUNT:
        raise BadCell("too_large", f"{shown(cell)} is more than {HIGHEST_COUNT:,}")
    return int(value)


_SOME_WORDS = (
    "in stock|instock|in_stock|available|yes|true|ja|auf lager|lieferbar|verfügbar|en stock|disponible|disponibile|"
    "preorder|backorder|available_soon|limited|on backorder|onbackorder|op voorraad"
)
_SOME = frozenset(_SOME_WORDS.split("|"))
_NONE_WORDS = (
    "out of stock|out_of_stock|outofstock|sold out|soldout|unavailable|not available|no|false|nein|none|"
    "nicht lieferbar|nicht verfügbar|ausverkauft|rupture|rupture de stock|épuisé|agotado|esaurito|esgotado|"
    "uitverkocht|-"
)
_NONE = frozenset(_NONE_WORDS.split("|"))


def currency_code(text: str, own: str) -> str | None:
    """The ISO 4217 code that a code, a sign or a word stands for; None when it is none of them."""
    sign = text[:LONGEST_NUMBER].strip().upper()
    if sign in CURRENCIES:
        return sign
    if sign in SHARED:
        return own if own in SHARED[sign] else SHARED[sign][0]
    return SYMBOLS.get(sign) or (currency_code(sign[:-1], own) if sign.endswith(".") else None)


def _signed(number: str) -> tuple[str, int]:
    """The number without its sign, and the sign: in front, behind as in SAP, or brackets as in bookkeeping."""
    text = number.strip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), -1
    negative = text[:1] in tuple(_MINUS) or text[-1:] in tuple(_MINUS)
    return text.strip(f"+{_MINUS} "), -1 if negative else 1


def _number(text: str, mark: DecimalMark | None, cell: str) -> Decimal:
    """Digits with separators as a number; see the table above."""
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
        after = len(digits) - at - 1
        if digits.count(separator) > 1:
            grouped = True
        elif after != 3:
            grouped = False
        else:
            grouped = separator != mark if mark else separator == ","
            # 0,123 is no thousand.
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
    return BadCell("not_a_number", f"{shown(cell)} is not a number")
