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
from wecelebrate.core.types.normal_forms import TOO_MANY_MARKS, has_too_many_marks, nfc

MAX_DEPTH = 64
"""The maximum number of levels of nested objects and lists in a body."""
MAX_OBJECT_BYTES = 512 * 1024
"""The maximum size of a free-form JSON object, in bytes. `json_bytes` measures the size.

The database has the same limit, because merge patches can make a stored object larger (`0011_bounds.sql`).
"""
MAX_OBJECT_KEYS = 10_000
"""The maximum number of keys in a free-form JSON object of a request, including the keys of nested objects."""

MAX_UNKNOWN_FIELDS = 20
"""If an object has more unknown fields than this, the error does not name each of them."""


class Input(BaseModel):
    """The base of all models for input from callers. An unknown key is an error, so that callers notice a typo."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    place: ClassVar[str] = "/"
    """The beginning of the pointer to a field. Empty for query parameters, because their pointer is only their name."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Normalize all texts to NFC. Refuse values that cannot be stored, and objects with many unknown fields.

        NUL and unpaired surrogates are refused because PostgreSQL cannot store them. Infinity is refused because JSON
        has no infinity.
        """
        return checked_fields(cls, normalized(value, cls.place))


def checked_fields(model: type[BaseModel], value: Any) -> Any:
    """Return the value. Raises ValueError if the value is an object with more than MAX_UNKNOWN_FIELDS unknown fields.

    Without this check, a body with a million unknown fields would cause a million errors of about a thousand bytes.
    """
    if isinstance(value, dict) and len(value) > MAX_UNKNOWN_FIELDS and model.model_config.get("extra") == "forbid":
        fields = model.model_fields
        field_names = {*fields, *(field.alias for field in fields.values() if field.alias)}
        if len(value.keys() - field_names) > MAX_UNKNOWN_FIELDS:
            raise ValueError(f"must not have more than {MAX_UNKNOWN_FIELDS} fields that are not known")
    return value


class Patch(Input):
    """A JSON Merge Patch (RFC 7396).

    An absent field keeps its value, null clears the value, and a JSON object is merged into the stored object. If a
    field cannot be cleared, its type does not allow None, and its default is ABSENT.
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
    if "e+" not in text and "e-" not in text:  # Python always writes the sign of an exponent.
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
    # Only one path is in memory. A path for each value would need memory for the number of values times their depth.
    path: list[str] = []
    stack: list[Iterator[tuple[Any, Any]]] = [iter([(None, value)])]
    while stack:
        for key, item in stack[-1]:
            depth = len(stack) - 1
            for text in (key, item) if isinstance(key, str) else (item,):
                if detail := _flaw(text, depth):
                    place_of_text = path if text is key or depth == 0 else [*path, str(key)]
                    raise Invalid(errors=[FieldError(pointer=pointer(place_of_text, place), detail=detail)])
                if is_nfc and isinstance(text, str):
                    is_nfc = text.isascii() or unicodedata.is_normalized("NFC", text)
            if isinstance(item, dict | list):
                path += [str(key)] if depth else []
                stack.append(iter(item.items() if isinstance(item, dict) else enumerate(item)))
                break
        else:
            stack.pop()
            del path[-1:]
    return value if is_nfc else _nfc(value, (), place)


def _flaw(item: Any, depth: int) -> str | None:
    """Return why a value cannot be stored, or None. The nested values are not checked."""
    if isinstance(item, str):
        if not storable(item):
            return "must not contain NUL or unpaired surrogates"
        return TOO_MANY_MARKS if has_too_many_marks(item) else None
    if isinstance(item, float) and not math.isfinite(item):
        return "must be a finite number"
    if isinstance(item, dict | list) and depth >= MAX_DEPTH:
        return f"must not be nested more than {MAX_DEPTH} levels deep"
    return None


_encode_as_ascii = json.JSONEncoder(allow_nan=False).encode


def _is_plain(value: Any) -> bool:
    """Return whether a JSON value is plain: normalized and storable, because its texts are printable ASCII.

    Most values are plain. The JSON encoder escapes all characters except printable ASCII, tabs and line breaks, and
    refuses infinite numbers. The encoder is written in C, so it needs a fraction of the time of a loop in Python.
    """
    try:
        text = _encode_as_ascii(value)
    except (TypeError, ValueError, RecursionError):
        return False
    # Each level begins with a bracket. Brackets in texts are also counted. Then the result can be False without need,
    # which is harmless.
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
