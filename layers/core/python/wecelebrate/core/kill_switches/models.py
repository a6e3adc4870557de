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


class Flag(BaseModel):
    """The state of a flag. Every function applies a change within 10 seconds."""

    name: FlagName
    value: str
    default: str
    other: str = Field(description="The only other value of the flag.")
    does: str = Field(description="What the flag controls, and the effect of its other value.")
    changed_by: str | None = Field(
        description="The subject of the user who set the flag. Null if the flag has its default."
    )
    changed_at: Moment | None


class Flags(BaseModel):
    """All flags."""

    data: list[Flag]
