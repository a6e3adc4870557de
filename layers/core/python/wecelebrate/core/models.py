"""What the models of all resources share."""

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from wecelebrate.core.errors import FieldError, Invalid

MAX_DEPTH = 64
"""Objects and lists within one another in a body."""
MAX_OBJECT = 256 * 1024
"""Characters of a free JSON object, written compactly."""


class Input(BaseModel):
    """What a caller sends: a key that means nothing is an error, not a typo that goes unnoticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    place: ClassVar[str] = "/"
    """What the pointer to a field begins with."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """PostgreSQL holds no NUL, no half of a surrogate pair, and JSON no infinity."""
        refuse_unstorable(value, cls.place)
        return value


class Patch(Input):
    """A JSON Merge Patch (RFC 7396): what is absent stays, null clears, objects merge.

    A field that cannot be cleared has a type without None, and the default ABSENT.
    """

    def changes(self) -> dict[str, Any]:
        """What the caller named, JSON-able."""
        return self.model_dump(mode="json", exclude_unset=True)


ABSENT: Any = Field(default_factory=lambda: None)
"""The default of a field that a patch may change but not clear. No one reads it: only what was named is a change."""


_TRAILING_ZEROS = re.compile(r"(\.\d*?)0+(?=[+-])")

Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=100)]
Text = Annotated[str, StringConstraints(max_length=100_000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2048)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=10, decimal_places=2),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,2})?$"}]}
    ),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
]
"""A decimal string in JSON: floats lose cents."""
Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: _TRAILING_ZEROS.sub(r"\1", at.isoformat()), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time, written as PostgreSQL writes it in JSON: a thing reads the same in a list and alone."""
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=2_147_483_647)]
Object = dict[str, JsonValue]


def at_most(characters: int) -> AfterValidator:
    """Refuses an object that has more characters, written compactly as JSON."""

    def check(value: Object) -> Object:
        if len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) > characters:
            raise ValueError(f"should have at most {characters} characters as JSON")
        return value

    return AfterValidator(check)


GivenObject = Annotated[Object, at_most(MAX_OBJECT)]
"""A free JSON object as a caller may send it."""


def refuse_unstorable(value: Any, place: str) -> None:
    """Raises Invalid, pointing below `place`, for what PostgreSQL cannot hold, however deep it lies."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while stack:
        one, path = stack.pop()
        why = None
        if isinstance(one, str):
            if not storable(one):
                why = "holds a NUL or half of a surrogate pair"
        elif isinstance(one, float):
            if not math.isfinite(one):
                why = "should be a finite number"
        elif isinstance(one, dict | list):
            if len(path) >= MAX_DEPTH:
                why = f"lies more than {MAX_DEPTH} objects and lists deep"
            elif isinstance(one, dict):
                stack += [(key, path) for key in one] + [(held, (*path, str(key))) for key, held in one.items()]
            else:
                stack += [(held, (*path, str(index))) for index, held in enumerate(one)]
        if why:
            raise Invalid(errors=[FieldError(pointer=pointer(path, place), detail=why)])


def storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text."""
    # Most texts are ASCII, which a text knows of itself.
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))


def pointer(path: Iterable[Any], place: str = "/") -> str:
    """A JSON Pointer (RFC 6901) into the body; a parameter, with no `place`, goes by its name."""
    if not place:
        return ".".join(str(step) for step in path)
    shown = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return shown.encode("utf-8", "replace").decode()
