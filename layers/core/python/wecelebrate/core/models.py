"""The base models that all resources share. The types of their fields are in `core.types`."""

import json
import math
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types.text import nfc

MAX_DEPTH = 64
"""The maximum number of levels of nested objects and lists in a body."""
MAX_OBJECT_BYTES = 512 * 1024
"""The maximum size of a free-form JSON object, in bytes. `json_bytes` measures the size.

The database has the same limit, because merge patches can make a stored object larger (`0011_bounds.sql`).
"""
MAX_OBJECT_KEYS = 10_000
"""The maximum number of keys in a free-form JSON object of a request, including the keys of nested objects."""


class Input(BaseModel):
    """The base of all models for input from callers. An unknown key is an error, so that a typo is noticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    place: ClassVar[str] = "/"
    """The beginning of the pointer to a field. Empty for query parameters, whose pointer is only their name."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Normalize all texts to NFC, and refuse values that cannot be stored.

        NUL and unpaired surrogates are refused because PostgreSQL cannot store them, and infinity because JSON does not
        have it.
        """
        return normalized(value, cls.place)


class Patch(Input):
    """A JSON Merge Patch (RFC 7396).

    An absent field keeps its value, null clears the value, and a JSON object is merged into the stored object. The type
    of a field that cannot be cleared does not allow None, and its default is ABSENT.
    """

    def changes(self) -> dict[str, Any]:
        """Return the fields that the caller sent, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


ABSENT: Any = Field(default_factory=lambda: None)
"""The default of a field that a patch can change, but not clear. The default is never used, because `changes` only
returns the fields that were sent."""


Object = dict[str, JsonValue]


class Secret:
    """Marks a field of a response that gives access to something: a secret, or a presigned URL.

    `without_secrets` removes the value of the field before a copy of the response is stored.
    """


def without_secrets(model: BaseModel) -> BaseModel:
    """Return a copy of a response in which every field that is marked with `Secret` is None, at any depth."""
    changes: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if any(mark is Secret or isinstance(mark, Secret) for mark in field.metadata):
            changes[name] = None
        elif isinstance(value, BaseModel):
            changes[name] = without_secrets(value)
    return model.model_copy(update=changes)


def json_bytes(value: Any) -> int:
    """Return the size, in bytes, of the text that PostgreSQL writes for a `jsonb` value.

    The text is UTF-8, with a space after each comma and each colon. PostgreSQL writes all digits of a number: 1e300 has
    301 digits.
    """
    text = json.dumps(value, ensure_ascii=False)
    size = len(text.encode())
    if "e+" not in text and "e-" not in text:  # Python writes each exponent with its sign
        return size
    return size + sum(len(format(Decimal(repr(number)), "f")) - len(repr(number)) for number in _large_floats(value))


def _large_floats(value: Any) -> Iterator[float]:
    return (item for item in _nested(value) if isinstance(item, float) and "e" in repr(item))


def _nested(value: Any) -> Iterator[Any]:
    """Yield a value and all values that are nested in it."""
    stack = [value]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, list):
            stack += item


def at_most(max_bytes: int) -> AfterValidator:
    """Create a validator that refuses an object if it has more than `max_bytes`, or more than MAX_OBJECT_KEYS keys."""

    def check(value: Object) -> Object:
        if sum(len(item) for item in _nested(value) if isinstance(item, dict)) > MAX_OBJECT_KEYS:
            raise ValueError(f"must have at most {MAX_OBJECT_KEYS:,} keys, including the keys of nested objects")
        if (size := json_bytes(value)) > max_bytes:
            raise ValueError(f"must have at most {max_bytes:,} bytes as JSON in UTF-8; this object has {size:,} bytes")
        return value

    return AfterValidator(check)


GivenObject = Annotated[Object, at_most(MAX_OBJECT_BYTES)]
"""A free-form JSON object that a caller sends."""


def normalized(value: Any, place: str = "/") -> Any:
    """Return a JSON value with all texts and keys in NFC, on every level.

    Raises Invalid if the value, or any value that is nested in it, cannot be stored in PostgreSQL. The error contains
    the pointer to the nested value. The pointer begins with `place`.
    """
    if _is_plain(value):
        return value
    is_nfc = True
    stack: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while stack:
        item, path = stack.pop()
        detail = None
        if isinstance(item, str):
            if not storable(item):
                detail = "must not contain NUL or unpaired surrogates"
            elif not item.isascii() and is_nfc:
                is_nfc = unicodedata.is_normalized("NFC", item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                detail = "must be a finite number"
        elif isinstance(item, dict | list):
            if len(path) >= MAX_DEPTH:
                detail = f"must not be nested more than {MAX_DEPTH} levels deep"
            elif isinstance(item, dict):
                stack += [(key, path) for key in item] + [(child, (*path, str(key))) for key, child in item.items()]
            else:
                stack += [(child, (*path, str(index))) for index, child in enumerate(item)]
        if detail:
            raise Invalid(errors=[FieldError(pointer=pointer(path, place), detail=detail)])
    return value if is_nfc else _nfc(value, (), place)


_encode_as_ascii = json.JSONEncoder(allow_nan=False).encode


def _is_plain(value: Any) -> bool:
    """Return whether a JSON value is certainly normalized and storable, because its texts are printable ASCII.

    Most values are plain. The JSON encoder escapes all characters except printable ASCII, tabs and line breaks, and
    refuses infinite numbers. The encoder is written in C, so it needs a fraction of the time of a loop in Python.
    """
    try:
        text = _encode_as_ascii(value)
    except (TypeError, ValueError, RecursionError):
        return False
    # Each level begins with a bracket. Brackets in texts are counted too, which is harmless.
    return "\\u" not in text and text.count("{") + text.count("[") <= MAX_DEPTH


def _nfc(value: Any, path: tuple[str, ...], place: str) -> Any:
    """Return a copy of a JSON value with all texts and keys in NFC. Raises Invalid if two keys become equal."""
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, list):
        return [_nfc(child, (*path, str(index)), place) for index, child in enumerate(value)]
    if not isinstance(value, dict):
        return value
    copy = {nfc(str(key)): _nfc(child, (*path, str(key)), place) for key, child in value.items()}
    if len(copy) < len(value):
        detail = "must not contain the same key in two Unicode spellings"
        raise Invalid(errors=[FieldError(pointer=pointer(path, place), detail=detail)])
    return copy


def storable(text: str) -> bool:
    """Return whether PostgreSQL can store a text."""
    # `isascii` is fast, and most texts are ASCII.
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))


def pointer(path: Iterable[Any], place: str = "/") -> str:
    """Return the JSON Pointer (RFC 6901) of a field in the body, or the name of a parameter if `place` is empty."""
    if not place:
        return ".".join(str(step) for step in path)
    path_text = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return path_text.encode("utf-8", "replace").decode()
