"""Text: NFC, no control characters, and at least one visible character where a name is required.

Invisible characters are the white space of Unicode, the characters that a renderer ignores (the property
`Default_Ignorable_Code_Point` in DerivedCoreProperties.txt) and the blank Braille pattern.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from wecelebrate.core.types.normal_forms import TOO_MANY_MARKS, has_too_many_marks, nfc
from wecelebrate.core.types.schema import Documented

MAX_TEXT_LENGTH = 100_000
MAX_NAME_LENGTH = 500
MAX_LABEL_LENGTH = 300
MAX_SKU_LENGTH = 200

# The regular expressions of Python, ECMAScript and Rust all understand these escapes.
_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_CONTROLS_OF_TEXT = r"\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f"
"""The control characters that a text of several lines must not contain. Tabs and line breaks are allowed."""
_SPACES = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\ufff8"
)
_IGNORABLE_ASTRAL = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
"""These characters are not in the published patterns, because ECMAScript and Python spell them differently."""
_INVISIBLE = rf"\s{_IGNORABLE}\u2800"

# The code removes white space at the beginning and the end, so the pattern allows this white space.
LINE_PATTERN = rf"^\s*[{_SPACES}{_IGNORABLE}\u2800]*[^{_INVISIBLE}{_CONTROLS}][^{_CONTROLS}]*\s*$"
TEXT_PATTERN = rf"^[^{_CONTROLS_OF_TEXT}]*$"
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
ORDER_NUMBER_PATTERN = r"^[0-9A-Za-z]([0-9A-Za-z._/-]*[0-9A-Za-z])?$"

NOT_VISIBLE = "must contain a visible character"
"""The error message for a line that has only invisible characters."""

_SURROGATES = r"\ud800-\udfff"
_control = re.compile(f"[{_CONTROLS}{_SURROGATES}]")
_control_of_text = re.compile(f"[{_CONTROLS_OF_TEXT}{_SURROGATES}]")
_visible = re.compile(f"[^{_INVISIBLE}{_IGNORABLE_ASTRAL}{_CONTROLS}]")
_breaks = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]")
_white_space = re.compile(r"\s+")
_order_number = re.compile(ORDER_NUMBER_PATTERN.replace("$", r"\Z"))
_slug = re.compile(SLUG_PATTERN.replace("$", r"\Z"))


def unbroken(text: str) -> str:
    """Replace each line break or tab, together with the white space beside it, with one space.

    An expression such as `\\s*\\n\\s*` would search each run of spaces from each of its spaces, in quadratic time.
    """
    if not _breaks.search(text):
        return text
    return _white_space.sub(lambda run: " " if _breaks.search(run[0]) else run[0], text)


def line_problem(text: str) -> str | None:
    """Return what is wrong with one line of text, or None if it is valid. An empty text is not valid."""
    if text.isascii() and text.isprintable():
        return None if text.strip() else "must not be empty"
    if _control.search(text):
        return "must be one line of text without control characters"
    if not _visible.search(text):
        return NOT_VISIBLE
    return TOO_MANY_MARKS if has_too_many_marks(text) else None


def text_problem(text: str) -> str | None:
    """Return what is wrong with a text of several lines, or None if it is valid."""
    if _control_of_text.search(text):
        return "must not contain control characters other than tabs and line breaks"
    return TOO_MANY_MARKS if has_too_many_marks(text) else None


def _checked_line(text: str) -> str:
    # Most lines are printable ASCII. pydantic has already stripped the text.
    if text and text.isascii() and text.isprintable():
        return text
    problem = line_problem(text)
    if problem:
        raise ValueError(problem)
    return nfc(text)


def _checked_text(text: str) -> str:
    problem = text_problem(text)
    if problem:
        raise ValueError(problem)
    return nfc(text)


def _checked_slug(text: str) -> str:
    if not _slug.match(text):
        raise ValueError("must consist of lower-case letters, digits and single hyphens, e.g. acme-gifts")
    return text


def _checked_order_number(text: str) -> str:
    if not _order_number.match(text):
        raise ValueError("must be an order number, e.g. 7KQ2M9D4XT")
    return text.upper()


@dataclass(frozen=True)
class Line:
    """One line of text with at most `max_length` characters."""

    max_length: int
    min_length: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strip_whitespace=True, min_length=self.min_length, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(_checked_line, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": LINE_PATTERN}


Name = Annotated[str, Line(MAX_NAME_LENGTH)]
"""The name of an object."""
Label = Annotated[str, Line(MAX_LABEL_LENGTH)]
"""A short name, for example of a category, a brand or a column."""
ShortLine = Annotated[str, Line(200)]
"""A short line, for example of an address, or the name of a person."""
Sku = Annotated[str, Line(MAX_SKU_LENGTH)]
"""The stock-keeping unit: the number of a product in its catalog. Upper case and lower case are different."""
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_LENGTH),
    AfterValidator(_checked_text),
    Documented({"pattern": TEXT_PATTERN}),
]
"""A text of several lines. It can be empty."""
ExactText = Annotated[
    str,
    StringConstraints(strip_whitespace=False, max_length=MAX_TEXT_LENGTH),
    AfterValidator(_checked_text),
    Documented({"pattern": TEXT_PATTERN}),
]
"""A text whose spaces at the beginning and at the end are not removed. For example, a separator is such a text."""
Slug = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=100),
    AfterValidator(_checked_slug),
    Documented({"pattern": SLUG_PATTERN}),
]
"""A name that is part of URLs."""
OrderNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=50),
    AfterValidator(_checked_order_number),
    Documented({"pattern": ORDER_NUMBER_PATTERN}),
]
"""The number of an order. It is stored in upper case, but people may type it in any case."""
