"""The models of the API for kill switches, which the API calls flags."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Line, Moment

FlagName = Literal["reads", "cache", "limits"]
FlagValue = Annotated[str, Line(100)]


class NewValue(Input):
    """The new value of a flag."""

    value: FlagValue
    """The new value. Each flag has two values."""


class Flag(BaseModel):
    """The state of a flag. Every function applies a change within 10 seconds."""

    name: FlagName
    """The name of the flag."""
    value: str
    """The current value."""
    default: str
    """The value that the flag has after a reset."""
    other: str = Field(description="The only other value of the flag.")
    does: str = Field(description="What the flag controls, and the effect of its other value.")
    changed_by: str | None = Field(
        description="The subject of the user who set the flag. Null if the flag has its default."
    )
    changed_at: Moment | None
    """When a user set the flag. Null if the flag has its default."""


class Flags(BaseModel):
    """All flags."""

    data: list[Flag]
