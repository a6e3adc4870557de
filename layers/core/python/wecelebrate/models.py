"""What the models of all resources share."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, StringConstraints, model_validator

from wecelebrate.pages import MAX_LIMIT


class Input(BaseModel):
    """What a caller sends: a key that means nothing is an error, not a typo that goes unnoticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """PostgreSQL holds no NUL, nor half of a surrogate pair."""
        refuse_unstorable(value)
        return value


class Patch(Input):
    """A JSON Merge Patch (RFC 7396): what is absent stays, null clears, objects merge."""

    def changes(self) -> dict[str, Any]:
        """What the caller named, JSON-able."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="after")
    def _required_stay(self) -> "Patch":
        for name in self.model_fields_set:
            info = type(self).model_fields[name]
            if getattr(self, name) is None and (info.json_schema_extra or {}) == REQUIRED:
                raise ValueError(f"{name} cannot be cleared")
        return self


REQUIRED: dict[str, JsonValue] = {"x-required": True}
"""Marks a field of a patch that may change but not be cleared."""


class Listed(Input):
    """The parameters that every list has."""

    limit: int = Field(default=50, ge=1, le=MAX_LIMIT, description="Rows a page.")
    cursor: str | None = Field(default=None, max_length=4096, description="`next_cursor` of the page before.")


Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=100)]
Text = Annotated[str, StringConstraints(max_length=100_000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2048)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=10, decimal_places=2),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
]
"""A decimal string in JSON: floats lose cents."""
Object = dict[str, JsonValue]


def refuse_unstorable(value: Any) -> None:
    """Raises ValueError for text that PostgreSQL cannot hold, however deep it lies."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            if "\0" in one or any("\ud800" <= letter <= "\udfff" for letter in one):
                raise ValueError("text may hold neither NUL nor half of a surrogate pair")
        elif isinstance(one, dict):
            stack += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            stack += one
