"""Numbers, truth values and ids. Each value has only the spelling that its JSON schema describes.

Python accepts more spellings than a JSON schema allows, for example `1_0`, `+1`, ` 5 `, `٣`, `yes`, `on`, or a UUID in
braces. The platform refuses these spellings, because other implementations of the API would not know them.
"""

import re
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

MAX_COUNT = 2_147_483_647
"""The largest number in a column of the type `integer`."""
MAX_DIGITS = 400
"""A number in a file may have at most this many digits before the decimal point."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TRUTH = {"true": True, "false": False}


def without_exponent(number: Decimal) -> str:
    """Return a number without an exponent. Raises OverflowError for a number such as 1e999999, which has a million
    digits.

    `ArithmeticError` is a base of OverflowError and of the errors of `decimal`.
    """
    if not -MAX_DIGITS < number.adjusted() < MAX_DIGITS or len(number.as_tuple().digits) > 10 * MAX_DIGITS:
        raise OverflowError("the number has too many digits")
    return f"{number:f}"


def _whole_number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def _truth_value(value: Any) -> Any:
    return _TRUTH.get(value, value) if isinstance(value, str) else value


def is_id(text: str) -> bool:
    """Return whether a text is a UUID with its hyphens."""
    return _ID.fullmatch(text) is not None


def _canonical_id(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, str) and is_id(value)):
        return value
    raise PydanticKnownError("uuid_parsing", {"error": "the text must have the form of RFC 9562"})


Id = Annotated[UUID, BeforeValidator(_canonical_id)]
"""A UUID with its hyphens. Upper case is accepted."""
Flag = Annotated[bool, Field(strict=True)]
"""`true` or `false` in a JSON body."""
Switch = Annotated[bool, BeforeValidator(_truth_value), Field(strict=True)]
"""`true` or `false` as a parameter."""
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
"""A whole number in a JSON body, for example a quantity."""
Whole = Annotated[int, BeforeValidator(_whole_number), Field(strict=True)]
"""A whole number as a parameter."""
Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
