"""The models of the API for kill switches, which the API calls flags."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment

FlagName = Literal["reads", "cache", "limits"]


class NewValue(Input):
    """The new value of a flag."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]


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
