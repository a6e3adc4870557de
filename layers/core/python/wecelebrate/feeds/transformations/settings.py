"""Separates the entries of a mapping: names of columns, options for reading the file, and transformations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wecelebrate.core.types.transformations import CheckedAttributes, CheckedMapping
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.transformations.text import MAX_REGEX_SECONDS

Entry = str | None | Mapping[str, Any]
"""An entry of a mapping: the name of a column, None, or a `FieldTransformation` of `core.types.transformations`."""


@dataclass(frozen=True, slots=True)
class FileSettings:
    """The settings for reading a file."""

    plain: dict[str, str | None]
    """Contains the options, and maps each field to its column. A field with a transformation is mapped to None, so that
    no other column is read into the field.
    """
    transformations: dict[str, Mapping[str, Any]]
    attributes: dict[str, Mapping[str, Any]]
    """The transformations of the public attributes."""
    regex_seconds: float
    """The CPU time that the regular expressions may use, in seconds."""

    @property
    def for_opening(self) -> dict[str, str | None]:
        """The options, and the columns by which the header is found. A transformation has its first column."""
        first = {name: next(iter(input_columns(entry)), None) for name, entry in self.transformations.items()}
        return {**self.plain, **first}


def file_settings(
    mapping: Mapping[str, Entry] | None,
    attributes: Mapping[str, Mapping[str, Any]],
    regex_seconds: float = MAX_REGEX_SECONDS,
) -> FileSettings:
    """Return the settings of a catalog: its mapping with the options, and the transformations of its attributes."""
    mapping = mapping or {}
    plain = {name: entry if isinstance(entry, str) else None for name, entry in mapping.items()}
    transformations = {name: entry for name, entry in mapping.items() if isinstance(entry, Mapping)}
    _check(transformations, CheckedMapping)
    _check(attributes, CheckedAttributes)
    return FileSettings(plain, transformations, dict(attributes), regex_seconds)


def _check(entries: Mapping[str, Any], kind: Any) -> None:
    """Raise UnreadableFeed if a transformation has a key, a step or a value that this release does not know.

    A later release can define more steps. If steps were ignored after a rollback, values would be wrong.
    """
    if not entries:
        return
    try:
        TypeAdapter(kind).validate_python(dict(entries))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("["))
        raise UnreadableFeed(
            f"the catalog's sync settings have a transformation that is not understood, at {quoted(place)}: "
            f"{first['msg']}"
        ) from None


def input_columns(entry: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns from which the value of a transformation comes."""
    return [*entry.get("columns", ()), *entry.get("join", ()), *entry.get("sum", ())]
