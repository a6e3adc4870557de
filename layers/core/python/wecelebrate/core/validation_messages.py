"""Messages for pydantic's validation errors. The name of the field and a message together form a sentence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBER = 'must be a number, e.g. "19.90"'
_WHOLE = "must be a whole number"
_TIME = "must be a time with its UTC offset (RFC 3339), e.g. 2026-01-31T12:00:00Z"
_DAY = "must be a day, e.g. 2026-01-31"
_OBJECT = "must be an object"
_FLAG = "must be true or false"
_ID = "must be a UUID"

_MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character{s}",
    "string_too_long": "must have at most {max_length} character{s}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_unicode": "must be text",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "is too large",
    "int_from_float": _WHOLE,
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the decimal point",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entr{ies}",
    "too_long": "must have at most {max_length} entr{ies}",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "literal_error": "must be {expected}",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_aware": _TIME,
    "value_error": "{error}",
}
"""Maps each type of pydantic's errors to its message.

https://docs.pydantic.dev/latest/errors/validation_errors/ lists the types.
"""


def message_for(error: "ErrorDetails") -> str:
    """Return the message for a validation error, e.g. "must be a whole number"."""
    template = _MESSAGES.get(error["type"])
    if template is None:
        return error["msg"]
    context = error.get("ctx", {})
    singular = 1 in (context.get("min_length"), context.get("max_length"))
    return template.format(**context, s="" if singular else "s", ies="y" if singular else "ies")
