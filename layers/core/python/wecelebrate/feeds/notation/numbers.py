"""Parses prices and other numbers as people and ERP systems write them.

| cell                         | value         | rule                                                              |
|------------------------------|---------------|-------------------------------------------------------------------|
| `1,234.56` `1.234,56`        | 1234.56       | if both separators occur, the last is the decimal separator       |
| `1 234,56` `1'234.50`        | 1234.56, .50  | spaces and apostrophes group thousands                            |
| `12,50` `12.5` `12,5000`     | 12.50         | a separator not followed by three digits is the decimal separator |
| `1.234.567`                  | 1234567       | a repeated separator groups thousands                             |
| `1.234` `1,234`              | 1234 or 1.234 | the file's style decides (see `decimals`)                         |
| `1.234` without a style      | 1234          | EUR has two decimals; `1.250` is rejected (`ambiguous_number`)    |
| `1,00,000`                   | 100000        | India groups hundreds above the first thousand                    |
| `149:-` `12,-` `12.--`       | 149, 12       | no cents                                                          |
| `39:50` `1 250:00`           | 39.50, 1250   | in Swedish, a colon is before the decimals of a price             |
| `12.50/ea` `9,50 € TTC` `99p` | with words    | see `price_texts`; `from 12.50` and `on request` are rejected     |
| `12,50 €` `EUR 12.50` `$5`   | with currency | $ means the catalog's currency if that is a dollar, otherwise USD |
| Arabic and full-width digits | like 0 to 9   | the Arabic decimal separator is a point                           |
| `1,5E+03`                    | 1500          | spreadsheets export large numbers in scientific notation          |
| `12.345`                     | 12.345        | rejected, unless the currency has three decimals, as KWD has      |
| `-5` `5-` `(5)`              | rejected      | the price is negative; SAP writes `5-`, bookkeepers write `(5)`   |
| 1,000,000,000,000 or more    | rejected      | the database allows twelve digits before the decimal separator    |
"""

import re
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Literal

from wecelebrate.core.types import currencies, finer_problem, rounded
from wecelebrate.core.types.money import MAX_AMOUNT
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.notation.price_texts import price_in_units, price_text
from wecelebrate.feeds.notation.price_units import price_of_one
from wecelebrate.feeds.notation.shapes import OTHER, is_forced_group, shape_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed, western

DecimalMark = Literal[",", "."]

MAX_COUNT = 2_147_483_647
ROUNDING = "correct the price, or round it with the step `round` in the catalog's mapping"
"""The advice in errors about prices with more decimals than the currency."""
MAX_NUMBER_LENGTH = 60
"""The maximum number of characters of a number. A longer cell is not a number."""

SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₴": "UAH", "₫": "VND",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "LEI": "RON", "R$": "BRL",
    "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "MX$": "MXN", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF", "EURO": "EUR", "EUROS": "EUR",
    "RP": "IDR", "RM": "MYR", "TL": "TRY", "S/": "PEN", "DT": "TND", "KC": "CZK", "ZL": "PLN", "РУБ": "RUB",
    "ГРН": "UAH", "₦": "NGN", "₡": "CRC", "₲": "PYG", "₸": "KZT", "₼": "AZN", "₾": "GEL", "₮": "MNT", "₭": "LAK",
    "₨": "INR", "円": "JPY", "元": "CNY", "원": "KRW", "US$": "USD",
    "U$S": "USD", "GS": "PYG", "₲S": "PYG", "៛": "KHR", "֏": "AMD", "LEKË": "ALL", "LEKE": "ALL", "LEK": "ALL",
    "KSH": "KES", "TSH": "TZS", "USH": "UGX", "৳": "BDT", "TK": "BDT", "R": "ZAR", "₵": "GHS", "GH₵": "GHS",
    "N$": "NAD", "RD$": "DOP", "NT$": "TWD", "AR$": "ARS", "COL$": "COP", "B/": "PAB", "KZ": "AOA", "MT": "MZN",
    "KM": "BAM", "DIN": "RSD", "ДЕН": "MKD", "ДИН": "RSD", "LARI": "GEL", "ლ": "GEL", "ლარი": "GEL", "NIS": "ILS",
    "M.N": "MXN", "M.N.": "MXN", "SOLES": "PEN", "RMB": "CNY", "NTD": "TWD",
    "ZK": "ZMW", "د.إ": "AED", "دإ": "AED", "د.ا": "JOD", "د.أ": "JOD",  # noqa: RUF001
}  # fmt: skip
DIRHAM = re.compile(r"(?<!\w)د\s?\.?\s?إ\.?(?!\w)")
"""The sign of the dirham of the Emirates. Its folded form is equal to the folded sign of the Jordanian dinar."""
# Signs that several currencies use. If the list of a sign contains the catalog's currency, this currency is used.
# Otherwise, the first currency in the list is used.
SHARED_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP", "TWD"),
    "¥": ("JPY", "CNY"),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "KR.": ("DKK", "NOK", "SEK", "ISK"),
    "RS": ("INR", "PKR", "LKR", "MUR", "NPR"),
    "DH": ("AED", "MAD"),
    "BR": ("ETB", "BYN"),
    "РУБ": ("RUB", "BYN"),
    "РУБ.": ("RUB", "BYN"),
    "\u0420.": ("RUB", "BYN"),
    "BS": ("BOB", "VES"),
    "FCFA": ("XAF", "XOF"),
    "F CFA": ("XAF", "XOF"),
    "CFA": ("XAF", "XOF"),
    "FRS": ("CHF", "XAF", "XOF"),
}

LOCAL_SIGNS = {
    "SH": ("KES", "TZS", "UGX"),
    "MN": ("MXN",),
    "MAN": ("AZN",),
    "\\": ("KRW", "JPY"),
    "N": ("NGN",),
    "P": ("PHP", "BWP"),
    "Q": ("GTQ",),
    "L": ("HNL",),
    "E": ("SZL", "EUR"),
}
"""Letters that are the sign of a currency only in a catalog with this currency. For example, `N14,500` can be naira."""

# The dashes that mean minus, and the apostrophes that group thousands.
_MINUS = "-\u2212\u2013"
_QUOTES = "'\u2019"
_DASH = re.escape(_MINUS)

_PLAIN = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_PARTS = re.compile(
    rf"(?P<before>(?:[^\d\s.,{_QUOTES}+{_DASH}(]+\.?){{0,3}})\s*"
    rf"(?P<number>[\d(+{_DASH}.,][\d\s.,{_QUOTES}]*(?:[eE][+-]?\d{{1,2}})?\)?[{_DASH}]?)\s*(?P<after>\D*)"
)
_GROUPS = re.compile(rf"[\s{_QUOTES}](?=\d)")
_BAD_GROUP = re.compile(rf"(?<=\d)[\s{_QUOTES}](?!\d{{3}}(?!\d)|\d\d[\s{_QUOTES}]\d)\d")
"""Finds `12 50`, which is not a number. A space groups three digits, or two digits in India."""
_WHOLE = re.compile(rf"(?<=\d)[.,:/]\s?[{_DASH}=]{{1,2}}(?=\D*$)")  # `12,-`, `12.--`, `12:-`, `12/-`, `12/=`: no cents
_COLON = re.compile(
    r"(?P<whole>\d{1,3}(?:[\s.]?\d{3}){0,3}):(?P<fraction>\d\d)(?P<after>\s*(?:kr|sek|nok|dkk|€|eur)?\.?)",
    re.IGNORECASE,
)
"""Matches amounts such as `39:50` (39 kronor and 50 ore) and `1 250:00`. Only price cells are read in this way."""
_INDIAN = re.compile(r"\d{1,2}(,\d\d)+,\d{3}", re.ASCII)  # `1,00,000`: one hundred thousand
_SCIENTIFIC = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,2})", re.ASCII)


def price(cell: str, mark: DecimalMark | None, catalog_currency: str) -> tuple[Decimal, str | None]:
    """Parse a price, and the currency if the cell names a currency. `mark` is the file's decimal separator.

    Raises BadCell with the code `not_a_number`, `ambiguous_number`, `negative` or `too_large`.
    """
    if _PLAIN.fullmatch(cell) and not (mark == "," and "." in cell):
        return Decimal(cell), None
    if len(cell) > MAX_NUMBER_LENGTH:
        raise _not_a_number(cell)
    text = western(cell).strip().removeprefix("'")  # a spreadsheet stores the number as a text
    if colon := _COLON.fullmatch(text):
        text = f"{colon['whole'].replace('.', '')},{colon['fraction']}{colon['after']}"
        mark = ","
    elif ending := _WHOLE.search(text):
        mark = "," if ending[0][0] == "," else "." if ending[0][0] == "." else mark
        text = text[: ending.start()] + text[ending.end() :]
    parts = _PARTS.fullmatch(text)
    if not parts:
        raise _not_a_number(cell)
    before, after = parts["before"].strip(), parts["after"].strip().rstrip("-").strip()
    number, sign = _signed(parts["number"].rstrip("-") if before in ("¥", "\\") else parts["number"])  # `¥1,299-`
    if sign < 0 or parts["after"].strip() == "-":
        after = after.rstrip("-")
    currency = _currency_beside(before, after, catalog_currency, cell)
    value = _number(number, mark or _mark_by_currency(number, currency or catalog_currency, cell), cell)
    if (sign < 0 or parts["after"].strip() == "-") and value:
        raise BadCell("negative", f"{quoted(cell)} is negative; a price must be 0 or more")
    if value >= MAX_AMOUNT:
        raise BadCell("too_large", f"{quoted(cell)} is not below {MAX_AMOUNT:,}")
    return value, currency


def is_with_colon(cell: str) -> bool:
    """Return whether the cell is an amount with a colon before its decimals, such as the Swedish price `39:50`."""
    return len(cell) <= MAX_NUMBER_LENGTH and _COLON.fullmatch(cell.strip()) is not None


def price_with_words(
    cell: str, mark: DecimalMark | None, catalog_currency: str, has_unit: bool
) -> tuple[Decimal, str | None]:
    """Parse a price with words beside it, such as `12.50/ea`, which `price` does not understand.

    If the file states the unit of the price outside of the cell (`has_unit`), the cell must not contain a unit.

    Raises BadCell with a code of `price`, or with `no_fixed_price`, `bad_price_unit` or `too_precise`.
    """
    amount_text = price_text(cell) if len(cell) <= MAX_NUMBER_LENGTH else None
    if amount_text is None:
        raise _not_a_number(cell)
    value, currency = price(amount_text.amount, mark, amount_text.currency or catalog_currency)
    value, currency = price_in_units(value, amount_text), currency or amount_text.currency
    if value >= MAX_AMOUNT:
        raise BadCell("too_large", f"{quoted(cell)} is not below {MAX_AMOUNT:,}")
    if amount_text.units == 1:
        return value, currency
    if has_unit:
        raise BadCell("bad_price_unit", f"{quoted(cell)} states a unit, and the file states another unit of the price")
    return price_of_one(value, Decimal(amount_text.units), currency or catalog_currency), currency


def _currency_beside(before: str, after: str, catalog_currency: str, cell: str) -> str | None:
    """Return the currency whose sign or code is before or after a number. `$12.50 USD` has a sign and a code."""
    if not before and not after:
        return None
    code, other = (currency_code(text, catalog_currency) if text else None for text in (before, after))
    if (before and code is None) or (after and other is None):
        raise _not_a_number(cell)
    if code and other and code != other:
        for sign, stated in ((before, other), (after, code)):
            if stated in SHARED_SIGNS.get(sign.upper(), ()) or stated in _further_signs().get(squeezed(sign), ()):
                return stated
        raise _not_a_number(cell)
    return code or other


def _mark_by_currency(number: str, currency: str, cell: str) -> DecimalMark | None:
    """Return the decimal separator of a number from a file whose style is not known.

    The separator in `1.299` EUR groups thousands, because EUR has two decimals. Raises BadCell for `1.250` EUR.
    """
    shape = shape_of(number)
    if shape is None or shape.unclear is None:
        return None
    if is_forced_group(shape, currency):
        return OTHER[shape.unclear]
    digits = number.replace(shape.unclear, "")
    raise BadCell(
        "ambiguous_number",
        f"{quoted(cell)} can mean {digits} or {number.replace(',', '.')}; set the option `decimal` in the catalog's "
        "sync settings to the file's decimal separator",
    )


def exact_price(price: Decimal, currency: str) -> Decimal:
    """Return the price with the decimals of its currency.

    Raises BadCell with the code `too_precise` if the price has more decimals than its currency.
    """
    exact = rounded(price, currency)
    if exact is None:
        raise BadCell("too_precise", f"{price:f} {finer_problem(currency)}; {ROUNDING}")
    return exact


def signed_number(text: str, mark: DecimalMark | None, cell: str) -> Decimal:
    """Parse a number that can have a sign. `cell` is the complete cell, for the message.

    Raises BadCell with the code `not_a_number`.
    """
    number, sign = _signed(text)
    return sign * _number(number, mark, cell)


DEFAULT_OF_SHOPWARE = "b7d2554b0ce847cd82f3ac9bd1c0dfca"
"""Each installation of Shopware 6 uses this identifier for the currency of its shop (`Defaults::CURRENCY`)."""


def currency_code(text: str, catalog_currency: str) -> str | None:
    """Return the ISO 4217 code for a currency's code, sign or name, or None if the text does not mean a currency."""
    stated = text[:MAX_NUMBER_LENGTH].strip()
    sign = "".join(stated.split()).rstrip(".") if DIRHAM.search(stated) else stated.upper()
    if stated == "GBp":  # pence, like GBX
        return None
    if sign in currencies():
        return sign
    if stated == DEFAULT_OF_SHOPWARE:
        return catalog_currency
    if catalog_currency in LOCAL_SIGNS.get(sign, ()):
        return catalog_currency
    if sign in SHARED_SIGNS:
        return catalog_currency if catalog_currency in SHARED_SIGNS[sign] else SHARED_SIGNS[sign][0]
    if sign.endswith(".") and sign not in SIGNS:
        return currency_code(sign[:-1], catalog_currency)
    if code := dollar_in(sign):
        return code
    codes = _further_signs().get(squeezed(sign), ())
    return catalog_currency if catalog_currency in codes else SIGNS.get(sign) or next(iter(codes), None)


_DOLLAR = re.compile(r"(?<![A-Z])([A-Z]{3})\s?\$(?![A-Z])|\$\s?([A-Z]{3})(?![A-Z])|\$\s?(CA|AU|NZ|US|HK|MX)(?![A-Z])")


def dollar_in(text: str) -> str | None:
    """Return the currency whose code is beside a dollar sign, as in `CLP$`, `$ CAD` and `$ CA`, or None."""
    match = _DOLLAR.search(text)
    if match is None:
        return None
    code = match[1] or match[2] or SIGNS[f"{match[3]}$"]
    return code if code in SHARED_SIGNS["$"] else None


@cache
def _further_signs() -> dict[str, tuple[str, ...]]:
    """Map the words for currencies in the vocabulary to their codes. For example, `元` means yuan or Taiwan dollars."""
    return {word: codes for word, (codes, _) in vocabulary().shared_currencies.items()}


def shared_word(name: str, currency: str) -> bool:
    """Return whether a folded name has a word for several currencies, one of which is `currency`."""
    return any(len(codes) > 1 and currency in codes and word in name for word, codes in _further_signs().items())


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
    digits = _ungrouped(text, cell)
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
        if grouped and any(len(part) != 3 for part in digits.split(separator)[1:]) and not _INDIAN.fullmatch(digits):
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


def _ungrouped(text: str, cell: str) -> str:
    """Return a number without the spaces and apostrophes that group its digits."""
    digits = _GROUPS.sub("", text)
    if len(digits) < len(text) and _BAD_GROUP.search(text):
        raise _not_a_number(cell)
    return digits


def _not_a_number(cell: str) -> BadCell:
    return BadCell("not_a_number", f"{quoted(cell)} is not a number")
