"""Parses the texts of cells as numbers, amounts, times and lines of text. An ambiguous text is refused.

The request states the formats of texts, e.g. the decimal mark. These formats do not apply to numbers (NumberText) in
JSON or to numbers and times in a workbook.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from wecelebrate.core.models import storable
from wecelebrate.core.types.addresses import email_address
from wecelebrate.core.types.money import MAX_AMOUNT, currencies, finer_problem, rounded
from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.text import line_problem, unbroken
from wecelebrate.feeds.items import NumberText
from wecelebrate.feeds.notation.numbers import SHARED_SIGNS, SIGNS
from wecelebrate.order_files.news.rows import folded

MAX_QUANTITY = 1_000_000
FIRST_YEAR = 1970
_MAX_SHOWN = 60
_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:[.,]0+)?\Z", re.ASCII)
_GROUPED_WHOLE = re.compile(r"-?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]+)?\Z", re.ASCII)
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,30})?\Z", re.ASCII)
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,30})?\Z", re.ASCII)
_TYPED = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?\Z", re.ASCII)
_WITH_CURRENCY = re.compile(r"(.*[0-9])[ \u00a0\u202f]?([^\d\s.,+-]{1,5}\.?)\Z")
_ERASED = re.compile(r"erased-[0-9a-f]{1,64}@erased\.invalid")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
"""Matches a digit that is not an ASCII digit. `strptime` would accept such digits in a year."""
_OFFSET = re.compile(r"(?<!\s)\s+(Z|UTC|[+-][0-9]{2}:?[0-9]{2})\Z", re.ASCII)


class BadValue(Exception):
    """A text is not a valid value for its field."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Settings:
    """The settings of the request for the values of a file."""

    source: str = ""
    zone: tzinfo = UTC
    currency: str | None = None
    status: str | None = None
    statuses: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    decimal_mark: str | None = None
    number_prefix: str = ""
    is_rehearsal: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the job was created. All attempts use the same time, so that they refuse the same orders."""

    @classmethod
    def of(cls, job_payload: Mapping[str, Any], created_at: datetime) -> "Settings":
        """Return the settings in the payload of a job that was created at the given time."""
        payload = job_payload["settings"]
        names = ("currency", "status", "columns", "date_format", "decimal_mark", "number_prefix")
        statuses = {folded(word): status for word, status in payload.get("statuses", {}).items()}
        return cls(
            source=job_payload["source"],
            zone=ZoneInfo(payload["timezone"]),
            statuses=statuses,
            now=created_at,
            is_rehearsal=payload.get("dry_run", False),
            **{name: payload[name] for name in names if name in payload},
        )


def shown(text: str) -> str:
    """Return the beginning of a text for an error message. Characters that PostgreSQL cannot store are replaced."""
    beginning = text[:_MAX_SHOWN]
    return beginning if storable(beginning) else re.sub(r"[\0\ud800-\udfff]", "\ufffd", beginning)


def line(name: str, text: str, max_length: int) -> str:
    """Return a text as one line. A line break becomes a space. Raises BadValue."""
    value = unbroken(text).strip()
    problem = line_problem(value)
    if problem:
        raise BadValue("bad_text", f"`{name}` {problem}.")
    value = nfc(value)
    if len(value) > max_length:
        raise BadValue("too_long", f"`{name}` must have at most {max_length} characters.")
    return value


def whole(name: str, text: str, decimal_mark: str | None) -> int:
    """Return a whole number. `2.00` is accepted, because ERP systems write quantities with decimals. Raises BadValue.

    `1.000` can mean 1 or 1000. The decimal mark in the request decides the meaning.
    """
    if isinstance(text, NumberText):
        return _typed_whole(name, text)
    grouped = _GROUPED_WHOLE.fullmatch(text)
    if grouped and decimal_mark is None:
        raise BadValue(f"bad_{name}", f"`{name}` is `{shown(text)}`: state `decimal_mark`, which says what it means.")
    if grouped and grouped[1] != decimal_mark:
        text = text.replace(grouped[1], "")
    match = _WHOLE.fullmatch(text)
    number = int(match[1]) if match else MAX_QUANTITY + 1
    if abs(number) > MAX_QUANTITY:
        raise _not_whole(name, text)
    return number


def _typed_whole(name: str, text: NumberText) -> int:
    value = Decimal(text) if _TYPED.fullmatch(text) else None
    if value is None or abs(value) > MAX_QUANTITY or value != int(value):
        raise _not_whole(name, text)
    return int(value)


def _not_whole(name: str, text: str) -> BadValue:
    reason = f"`{name}` must be a whole number up to {MAX_QUANTITY:,}, and is `{shown(text)}`."
    return BadValue(f"bad_{name}", reason)


def number(name: str, text: str, decimal_mark: str | None, currency: str | None = None) -> Decimal:
    """Return a decimal number. Thousands separators are accepted only if the request states the decimal mark. Raises
    BadValue.

    The code `currency` can follow the number, as in `19.90 EUR`, because the cell format of a workbook can show the
    currency.
    """
    is_typed = isinstance(text, NumberText)
    plain = _without_currency(name, text, currency) if currency else text
    if is_typed:
        if not _TYPED.fullmatch(plain):
            raise BadValue("bad_amount", f"`{name}` must be a number, and is `{shown(text)}`.")
        return Decimal(plain)
    if decimal_mark:
        plain = plain.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if decimal_mark == ",":
        plain = plain.translate({ord(","): ".", ord("."): ","})
    if decimal_mark and _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _PLAIN.fullmatch(plain):
        hint = "" if decimal_mark else " Does `decimal_mark` say how numbers are written?"
        raise BadValue("bad_amount", f"`{name}` must be a number, and is `{shown(text)}`.{hint}")
    return Decimal(plain)


def _without_currency(name: str, text: str, currency: str) -> str:
    """Return a number without the currency that follows the number.

    Raises BadValue if the order has another currency.
    """
    match = _WITH_CURRENCY.fullmatch(text)
    if match is None:
        return text
    sign = match[2].upper()
    if sign == currency or SIGNS.get(sign) == currency or currency in SHARED_SIGNS.get(sign, ()):
        return match[1]
    if sign in SIGNS or sign in SHARED_SIGNS or sign in currencies():
        reason = f"`{name}` is `{shown(text)}`, and the currency of the order is {currency}."
        raise BadValue("other_currency", reason)
    return text


def amount(name: str, value: Decimal, currency: str) -> Decimal:
    """Return an amount with the number of decimals of its currency. Raises BadValue."""
    if value < 0:
        raise BadValue("negative_amount", f"`{name}` must not be below 0, and is {value}.")
    if value >= MAX_AMOUNT:
        raise BadValue("bad_amount", f"`{name}` must be below 10^12.")
    exact = rounded(value, currency)
    if exact is None:
        raise BadValue("amount_too_fine", f"`{name}` {finer_problem(currency)}, and is {shown(str(value))}.")
    return exact


def currency(text: str) -> str:
    """Return the code of a currency. Raises BadValue."""
    code = text.upper()
    if code not in currencies():
        raise BadValue("bad_currency", f"`currency` must be an ISO 4217 code, e.g. EUR, and is `{shown(text)}`.")
    return code


def email(text: str) -> str:
    """Return an e-mail address, or the pseudonym of an erased person from an export. Raises BadValue."""
    address = text if _ERASED.fullmatch(text) else email_address(text)
    if address is None:
        raise BadValue("bad_email", "`customer_email` must be an e-mail address, e.g. name@example.com.")
    return address


def moment(name: str, text: str, settings: Settings) -> datetime:
    """Return a time. A time without an offset is in the time zone of the settings. Raises BadValue."""
    date_format = None if isinstance(text, NumberText) else settings.date_format
    try:
        if _OTHER_DIGIT.search(text):
            raise ValueError(text)
        if date_format:
            value = datetime.strptime(text, date_format)  # noqa: DTZ007 — the time zone follows
        else:
            value = datetime.fromisoformat(_OFFSET.sub(lambda match: match[1].replace("UTC", "Z"), text))
    except ValueError:
        expected = f"like {date_format}" if date_format else "ISO 8601, or `date_format` must say how"
        raise BadValue("bad_time", f"`{name}` must be a time {expected}, and is `{shown(text)}`.") from None
    value = value if value.tzinfo else value.replace(tzinfo=settings.zone)
    if value.year < FIRST_YEAR:
        raise BadValue("bad_time", f"`{name}` must not be before {FIRST_YEAR}, and is `{shown(text)}`.")
    if value > settings.now + timedelta(minutes=5):
        raise BadValue("bad_time", f"`{name}` must not be in the future, and is `{shown(text)}`.")
    return value
