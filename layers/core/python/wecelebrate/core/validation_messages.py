"""What pydantic finds wrong, in words for people: a clause that goes with the name of the field."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBER = 'should be a number, as in "19.90"'
_WHOLE = "should be a whole number"
_TIME = "should be a time with its offset, as in 2026-01-31T12:00:00Z"
_OBJECT = "should be an object"
_FLAG = "should be true or false"
_ID = "should be a UUID"

_CLAUSES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "means nothing here",
    "string_type": "should be text",
    "string_too_short": "should have at least {min_length} character{s}",
    "string_too_long": "should have at most {max_length} character{s}",
    "string_pattern_mismatch": "should match {pattern}",
    "string_unicode": "should be text",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "is too large",
    "int_from_float": _WHOLE,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": "should have at most {max_digits} digits",
    "decimal_max_places": "should have at most {decimal_places} decimals",
    "decimal_whole_digits": "should have at most {whole_digits} digits before the point",
    "greater_than_equal": "should be at least {ge}",
    "less_than_equal": "should be at most {le}",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": "should be a list",
    "too_short": "should have at least {min_length} entr{ies}",
    "too_long": "should have at most {max_length} entr{ies}",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "literal_error": "should be {expected}",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_aware": _TIME,
    "value_error": "{error}",
}
"""By pydantic's type of the error; https://docs.pydantic.dev/latest/errors/validation_errors/ has them all."""


def clause(found: "ErrorDetails") -> str:
    """What is wrong with a field, as in "should be a whole number"."""
    template = _CLAUSES.get(found["type"])
    if template is None:
        return found["msg"]
    given = found.get("ctx", {})
    one = 1 in (given.get("min_length"), given.get("max_length"))
    return template.format(**given, s="" if one else "s", ies="y" if one else "ies")
