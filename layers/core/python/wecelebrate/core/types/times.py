"""Days and points in time in the format of RFC 3339. Points in time have the precision of PostgreSQL: microseconds."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticKnownError

from wecelebrate.core.types.schema import Documented

TIMESTAMP_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_timestamp = re.compile(TIMESTAMP_PATTERN.replace("$", r"\Z"))
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRAILING_ZEROS = re.compile(r"(\.\d*?)0+(?=[+-])")


def _rfc3339(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _timestamp.match(value)):
        return value
    raise PydanticKnownError("datetime_parsing", {"error": "the text must have the form of RFC 3339"})


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999 in UTC") from None


def _iso_date(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticKnownError("date_parsing", {"error": "the text must have the form of RFC 3339"})


def _storable_year(value: date) -> date:
    if not 2000 <= value.year <= 2999:
        raise ValueError("must be in the years 2000 to 2999")
    return value


Day = Annotated[
    date,
    BeforeValidator(_iso_date),
    AfterValidator(_storable_year),
    Documented({"pattern": r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}$"}),
]
"""A day, e.g. `2026-03-14`."""
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc3339),
    AfterValidator(_in_utc),
    Documented({"pattern": TIMESTAMP_PATTERN}),
]
"""A point in time that a caller sends. It is converted to UTC, so that all spellings of one time are equal."""
Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: _TRAILING_ZEROS.sub(r"\1", at.isoformat()), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time in a response. It has the format that PostgreSQL uses in JSON. Therefore the response for an object
is identical to the object in a list."""
