"""Reads fields of the old documents. The names of the fields have two spellings, prices can be texts, and dates can be
words.

The readers for files of ERP systems (`wecelebrate.feeds`) accept many more forms, for example units and ranges. These
readers are not used here, because they read `1.204` as 1,204. In a document, `1.204` is a number below 2, because
JavaScript has written it.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from wecelebrate.core.types.money import currencies, minor_units

Document = Mapping[str, Any]
PriceForm = Literal["number", "text", "currency", "comma"]

MAX_PRICE = Decimal(10) ** 12
"""All prices must be below this amount."""
_MAX_NUMBER_LENGTH = 400
SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_COMMA = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"(?P<before>[A-Z]{3}|[€$£¥])?\s*(?P<number>-?[\d.,]+)\s*(?P<after>[A-Z]{3}|[€$£¥])?", re.ASCII)
_DATE_IN_WORDS = re.compile(r"[A-Z][a-z]{2,8} \d{1,2}, \d{4}", re.ASCII)
_SNAKE = re.compile(r"(?<=[a-z0-9])([A-Z])")


def decode(text: str) -> Any:
    """Parse a JSON text with exact numbers. Raises ValueError if the text is not valid JSON or is nested too deeply."""
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except ValueError:  # an integer of more than 4,300 digits, or no JSON
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def snake(name: str) -> str:
    """Return `catalog_id` for `catalogId`."""
    return _SNAKE.sub(lambda match: "_" + match[1].lower(), name)


def value_of(document: Document, *names: str) -> Any:
    """Return the value of the first field that the document has. Each name can be spelled like `catalogId` or
    `catalog_id`.
    """
    for name in names:
        if (value := document.get(name)) is not None:
            return value
        if (value := document.get(snake(name))) is not None:
            return value
    return None


def text_of(document: Document, *names: str) -> str:
    """Return the text or the number in a field as text. If the field has no text and no number, return ""."""
    value = value_of(document, *names)
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


def has_snake_case(document: Document, *names: str) -> bool:
    """Return whether the document uses the spelling `catalog_id` for one of the fields."""
    return any(snake(name) in document for name in names if snake(name) != name)


def price_of(value: Any) -> tuple[Decimal, str | None, PriceForm] | None:
    """Return the amount, the currency and the form of a price. If the value is not a price, return None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value), None, "number"
    if not isinstance(value, str) or len(value) > _MAX_NUMBER_LENGTH:
        return None
    match = _CURRENCY.fullmatch(value.strip())
    if match is None:
        return None
    currency = match["before"] or match["after"]
    negative, digits = match["number"].startswith("-"), match["number"].lstrip("-")
    if _PLAIN.fullmatch(digits):
        form: PriceForm = "text"
    elif _COMMA.fullmatch(digits):
        digits, form = digits.replace(".", "").replace(",", "."), "comma"
    elif _GROUPED.fullmatch(digits):
        digits, form = digits.replace(",", ""), "comma"
    else:
        return None
    amount = -Decimal(digits) if negative else Decimal(digits)
    return amount, SIGNS.get(currency, currency) if currency else None, "currency" if currency else form


def currency_of(value: Any) -> str | None:
    """Return the ISO 4217 code of a currency, or None if the value is not a currency."""
    if not isinstance(value, str):
        return None
    code = SIGNS.get(value.strip(), value.strip().upper())
    return code if code in currencies() else None


def is_finer(amount: Decimal, currency: str | None) -> bool:
    """Return whether an amount below MAX_PRICE has more decimals than its currency allows."""
    return amount != round(amount, minor_units(currency or "USD"))


def count_of(value: Any) -> int | None:
    """Return a whole number that is not negative. The value can also be a text with digits. For other values, return
    None.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, Decimal) and abs(value) < MAX_PRICE and value == value.to_integral_value():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


def date_problem(value: Any) -> Literal["missing", "in_words", "bad"] | None:
    """Return what is wrong with a date in a document. Milliseconds since 1970 are also a valid date."""
    if value is None or value == "":
        return "missing"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return None if 0 < value < 10**14 else "bad"
    if not isinstance(value, str):
        return "bad"
    if _DATE_IN_WORDS.fullmatch(value):
        for form in ("%B %d, %Y", "%b %d, %Y"):
            try:
                datetime.strptime(value, form)  # noqa: DTZ007 - only whether it is a date
            except ValueError:
                continue
            return "in_words"
        return "bad"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "bad"
    return None


def is_embedded_image(value: Any) -> bool:
    """Return whether a field contains an image in base64 instead of the URL of an image."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def is_deleted(document: Document) -> bool:
    """Return whether the old application has marked the document as deleted."""
    return (
        document.get("deleted") is True
        or bool(value_of(document, "deletedAt"))
        or value_of(document, "status") == "deleted"
    )
