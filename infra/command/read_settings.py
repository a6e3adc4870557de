"""The settings of `wecelebrate read`: the mapping, the attributes and the options of a catalog."""

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.command.errors import BadUsage

if TYPE_CHECKING:
    from wecelebrate.feeds import Disclosure

_PARTS = ("mapping", "attributes", "private_columns", "options")
"""The keys of a catalog's `sync_settings` that decide how a file is read."""
_MAX_ERRORS = 10


@dataclass
class ReadSettings:
    """The settings in the form that the feeds expect."""

    mapping: dict[str, Any] = field(default_factory=dict)
    """The mapping and the options."""
    attributes: dict[str, Any] = field(default_factory=dict)
    private_columns: list[str] = field(default_factory=list)

    @property
    def disclosure(self) -> "Disclosure":
        """The rules for public attributes."""
        from wecelebrate.feeds import Disclosure

        return Disclosure(self.attributes, self.private_columns)


def read_settings(mapping: Sequence[str], options: Sequence[str]) -> ReadSettings:
    """Return the settings that the arguments contain. A later argument replaces an earlier argument for the same
    setting.

    An argument of `mapping` is `FIELD=COLUMN`, or the name of a JSON file. Raises BadUsage if an argument is not valid.
    """
    from wecelebrate.feeds.plan.plan import MAPPED_FIELDS, OPTIONS

    settings = ReadSettings()
    for parameter, known, texts in (("--mapping", MAPPED_FIELDS, mapping), ("--option", OPTIONS, options)):
        for text in texts:
            name, equals, value = text.partition("=")
            if parameter == "--mapping" and (not equals or name not in known) and text.endswith(".json"):
                _add_file(settings, Path(text), known)
                continue
            if not equals:
                raise BadUsage(f"{parameter} {text} has no =: give a name and its value, e.g. {known[0]}=…")
            if name not in known:
                raise BadUsage(f"{parameter} {name} is not known: the names are {', '.join(known)}")
            settings.mapping[name] = value or None
    _check_options({name: value for name, value in settings.mapping.items() if name in OPTIONS})
    return settings


def _check_options(options: dict[str, Any]) -> None:
    """Check the options in the same way as the API. Raises BadUsage."""
    if not options:
        return
    from pydantic import TypeAdapter, ValidationError

    from wecelebrate.catalogs.models import FileOptions
    from wecelebrate.core.validation_messages import message_for

    try:
        TypeAdapter(FileOptions).validate_python(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        message = "must be one character, e.g. ;" if name == "delimiter" else message_for(first)
        raise BadUsage(f"--option {name}={first['input']}: {message}") from error
    try:
        codecs.lookup(options.get("encoding") or "utf-8")
    except LookupError as error:
        raise BadUsage(
            f"--option encoding={options['encoding']}: must be a text encoding, e.g. utf-8 or cp1252"
        ) from error


def _add_file(settings: ReadSettings, file: Path, fields: Sequence[str]) -> None:
    """Add the settings of a JSON file: a mapping, or the `sync_settings` of a catalog. Raises BadUsage."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise BadUsage(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadUsage(f"{file} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadUsage(f"{file} has no JSON object: it must be a mapping, or the sync_settings of a catalog")
    if not any(name in content for name in _PARTS):
        content = {"mapping": content}
    checked = _checked(file, {name: content[name] for name in _PARTS if content.get(name) is not None})
    if unknown := [name for name in checked.get("mapping", {}) if name not in fields]:
        raise BadUsage(f"{file}: the field {unknown[0]} is not known: the fields are {', '.join(fields)}")
    settings.mapping |= {**checked.get("options", {}), **checked.get("mapping", {})}
    settings.attributes |= checked.get("attributes", {})
    settings.private_columns += checked.get("private_columns", [])


def _checked(file: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a file after the same checks as in the API. Raises BadUsage."""
    from pydantic import TypeAdapter, ValidationError
    from typing_extensions import TypedDict

    from wecelebrate.core.models import pointer
    from wecelebrate.core.types.transformations import (
        TAGS,
        CheckedAttributes,
        CheckedMapping,
    )
    from wecelebrate.core.validation_messages import message_for

    Settings = TypedDict(  # noqa: UP013 — the types are imported only here
        "Settings",
        {
            "mapping": CheckedMapping,
            "attributes": CheckedAttributes,
            "private_columns": list[str],
            "options": dict[str, str | None],
        },
        total=False,
    )
    try:
        return dict(TypeAdapter(Settings).validate_python(content))
    except ValidationError as error:
        problems = [
            f"{pointer(step for step in each['loc'] if step not in TAGS)} {message_for(each)}"
            for each in error.errors()[:_MAX_ERRORS]
        ]
        raise BadUsage(f"{file}: {'; '.join(problems)}") from error
