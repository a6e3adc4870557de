"""Reads the values of MongoDB Extended JSON, in which an object has the type of a value as its only key.

| value                                         | is read as             |
|-----------------------------------------------|------------------------|
| `{"$numberInt": "52"}`, `{"$numberLong": 52}` | `52`                   |
| `{"$numberDecimal": "12.50"}`                 | `12.50`                |
| `{"$date": "2026-03-01T00:00:00Z"}`           | `2026-03-01T00:00:00Z` |
| `{"$date": {"$numberLong": "1772323200000"}}` | `2026-03-01T00:00:00Z` |

Source: https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from wecelebrate.feeds.items import NumberText

_NUMBERS = frozenset(("$numberInt", "$numberLong", "$numberDecimal", "$numberDouble"))
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLISECONDS = 10**14


def plain_value(value: Any) -> Any:
    """Return the text of a value with a type, and any other value unchanged."""
    text = _text_of(value) if isinstance(value, Mapping) else None
    return value if text is None else text


def _text_of(value: Mapping[str, Any]) -> str | None:
    if len(value) != 1:
        return None
    ((key, part),) = value.items()
    text = str(part).strip() if isinstance(part, str | int | float) else ""
    if key in _NUMBERS and _NUMBER.fullmatch(text):
        return NumberText(text)
    if key == "$date":
        return _date(part)
    return None


def _date(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = _text_of(value) if "$numberLong" in value else None
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    if re.fullmatch(r"-?\d{1,14}", text, re.ASCII) and abs(int(text)) < _MAX_MILLISECONDS:
        moment = _EPOCH + timedelta(milliseconds=int(text))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return text if isinstance(value, str) else None
