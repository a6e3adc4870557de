"""A kill switch as the API shows it: a flag."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment

FlagName = Literal["reads", "cache", "limits"]


class NewValue(Input):
    """A new value of a flag."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Flag(BaseModel):
    """The state of a flag. Every function follows a change within 10 seconds."""

    name: FlagName
    value: str
    default: str
    other: str = Field(description="The value that it can be set to.")
    does: str = Field(description="What the flag controls, and the effect of setting it.")
    changed_by: str | None = Field(description="The subject that set it. Null at its default.")
    changed_at: Moment | None


class Flags(BaseModel):
    """All flags."""

    data: list[Flag]
