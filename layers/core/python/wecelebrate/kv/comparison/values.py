"""Reads the values of documents, and compares them with the values of columns.

The comparison ignores the order of keys, the spelling of a number or date, invisible characters, and spaces at the
start and the end of a text.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from wecelebrate.core.types.money import currencies
from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.numbers import without_exponent

Document = Mapping[str, Any]

_SNAKE_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+", re.ASCII)
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\\s]+")
_AMOUNT = re.compile(
    r"(?P<before>[^\d\-]*)(?P<minus>-?)\s*(?P<digits>\d(?:[\d.,' \u2019]*\d)?)(?P<after>\D*)", re.ASCII
)
_AMBIGUOUS = re.compile(r"\d+[.,]\d{3}", re.ASCII)
_DECIMALS = re.compile(r"[.,](\d{1,2})$", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}(\.0{1,10})?", re.ASCII)
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.ASCII)
_TIME_IN_ID = re.compile(r"[A-Za-z]+-(\d{13})(?:-.*)?", re.ASCII | re.DOTALL)
_WEB_ADDRESS = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(:\d{1,5})?([/?#]\S*)?", re.ASCII | re.IGNORECASE)
_SIGNS = {"€": "EUR", "£": "GBP", "US$": "USD", "₹": "INR"}
_MAX_COUNT = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECRET_NAME = re.compile(
    "pass|pwd|pin$|secret|token|key|credential|authori[sz]ation|bearer|cookie|session|connection|ftp|otp|auth",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"://[^/\"]*@|eyJ[A-Za-z0-9_-]{10,}\.|-----BEGIN|AKIA[0-9A-Z]{16}|hooks\.slack\.com|"
    r"[?&]([a-z_-]*(sig|signature|token|key)|code)=|^(bearer |basic )",
    re.IGNORECASE,
)


def camel_case(document: Document) -> dict[str, Any]:
    """Return the fields that have a value, with names in camelCase. `catalogId` takes precedence over `catalog_id`."""
    fields: dict[str, Any] = {}
    for name, value in document.items():
        if _SNAKE_NAME.fullmatch(name):
            first, *others = name.split("_")
            camel = first + "".join(other.capitalize() for other in others)
            if camel not in document:
                fields[camel] = value
        else:
            fields[name] = value
    return {name: value for name, value in fields.items() if value is not None}


def first(document: Document, *paths: str) -> Any:
    """Return the value of the first field that has a value. A name with a period selects a field of a nested object."""
    for path in paths:
        name, _, inner = path.partition(".")
        value = document.get(name)
        if inner:
            value = value.get(inner) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _plain(value: Any) -> str | None:
    """Return a text, or a number as text. Returns None for other values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    try:
        return without_exponent(Decimal(value))
    except OverflowError:
        return None


def text(value: Any) -> str | None:
    """Return a text or a number as one line without invisible characters. Returns None if nothing remains."""
    plain = _plain(value)
    return None if plain is None else _INVISIBLE.sub(" ", nfc(plain)).strip() or None


def first_text(document: Document, *names: str) -> str | None:
    """Return the value of the first field whose value is a text."""
    return next((found for name in names if (found := text(document.get(name)))), None)


def same_text(stated: str | None, column: str | None, limit: int) -> bool:
    """Return whether a column has the text that the document states.

    The text is shortened to `limit` characters first.
    """
    shown = text(column)
    if stated == shown:
        return True
    is_cut = column is not None and stated is not None and len(stated) > limit - 8 and len(column) >= limit - 8
    return is_cut and (stated or "").startswith(shown or "")


def amount(value: Any) -> tuple[Decimal | None, str | None]:
    """Return an amount, and the sign or code of its currency. The amount is None if its meaning is unclear."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value), None
    if not isinstance(value, str):
        return None, None
    plain = re.sub("[\u00a0\u202f]", " ", value).replace("\u2212", "-").strip()
    match = _AMOUNT.fullmatch(plain)
    if match is None or len(plain) > 60:
        return None, None
    digits = re.sub("[ '\u2019]", "", match["digits"])
    if _AMBIGUOUS.fullmatch(digits):
        return None, None
    decimals = _DECIMALS.search(digits)
    whole = re.sub("[.,]", "", digits[: decimals.start()] if decimals else digits)
    number = Decimal(f"{match['minus']}{whole}.{decimals[1] if decimals else 0}")
    return number, (match["before"].strip() or match["after"].strip() or None)


def currency(value: Any) -> str | None:
    """Return the code of a currency. Returns None if the value does not clearly name a currency."""
    name = text(value)
    if name is None:
        return None
    code = _SIGNS.get(name, name.upper())
    return code if code in currencies() else None


def whole(value: Any) -> int | None:
    """Return a count. Returns None if the value is not a count."""
    plain = (_plain(value) or "").strip()
    if not _WHOLE.fullmatch(plain):
        return None
    count = int(Decimal(plain))
    return count if count <= _MAX_COUNT else None


def flag(value: Any) -> bool | None:
    """Return the truth value of a JSON value: True for `true`, "true", "yes", 1 and "1", and False for `false`,
    "false", "no", 0 and "0". Return None for all other values.
    """
    if isinstance(value, bool):
        return value
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
        (text(value) or "").lower()
    )


def moment(value: Any) -> datetime | None:
    """Return the time that a value states: ISO 8601, a day in words, or milliseconds.

    A time without a zone is in UTC.
    """
    plain = (_plain(value) or "").strip()
    if not isinstance(value, str) or re.fullmatch(r"\d{13}", plain, re.ASCII):
        is_number = isinstance(value, int | Decimal | str) and not isinstance(value, bool)
        milliseconds = Decimal(plain) if is_number and plain else Decimal(0)
        return _EPOCH + timedelta(milliseconds=float(milliseconds)) if 10**11 <= milliseconds <= 4102444800000 else None
    words = re.sub(r"[.,]", " ", _ORDINAL.sub("", plain))
    for form in ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y"):
        try:
            return datetime.strptime(" ".join(words.split()), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        stated = datetime.fromisoformat(plain.replace(" Z", "Z"))
    except ValueError:
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)


def moment_in_id(old_id: str) -> datetime | None:
    """Return the time in an id such as `ORD-<milliseconds>-<counter>`."""
    match = _TIME_IN_ID.fullmatch(old_id)
    return moment(match[1]) if match else None


def same_moment(stated: datetime, column: str) -> bool:
    """Return whether a column has the time that the document states. Only milliseconds are compared, because JavaScript
    writes no microseconds.
    """
    return abs(stated - datetime.fromisoformat(column)) < timedelta(milliseconds=1.5)


def web_address(value: Any) -> str | None:
    """Return a value that is a web address. For other values, e.g. an image in base64, return None."""
    is_address = isinstance(value, str) and len(value) <= 2048 and _WEB_ADDRESS.fullmatch(value)
    return value if is_address else None


def letters(value: Any) -> str:
    """Return the letters of a state in lower case, so that `in_transit`, `inTransit` and `In transit` are equal."""
    return re.sub("[^a-z]", "", (text(value) or "").lower())


def same_object(stated: Any, column: Any) -> bool:
    """Return whether a column has the object that the document states.

    Secrets and images in base64 can be missing in the column, because they are not copied. Numbers with the same value
    are equal. The order of the keys of an object is ignored. A field without a value is the same as a missing field.
    """
    if isinstance(stated, dict) and isinstance(column, dict):
        stated = {name: value for name, value in stated.items() if value is not None}
        column = {name: value for name, value in column.items() if value is not None}
        return stated.keys() >= column.keys() and all(
            same_object(value, column[name])
            if name in column
            else _SECRET_NAME.search(name) is not None or may_be_left_out(value)
            for name, value in stated.items()
        )
    if isinstance(stated, list) and isinstance(column, list):
        kept = [item for item in stated if not _is_embedded(item)]
        return any(len(items) == len(column) and all(map(same_object, items, column)) for items in (stated, kept))
    if column is None and may_be_left_out(stated):
        return True
    return bool(stated == column and isinstance(stated, bool) == isinstance(column, bool))


def _is_embedded(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("data:")


def may_be_left_out(value: Any) -> bool:
    """Return whether a value can be a secret or an image in base64. Such values are not copied to columns."""
    return isinstance(value, str) and (_is_embedded(value) or _SECRET_TEXT.search(value) is not None)
