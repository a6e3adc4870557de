"""A flag: a switch of the whole platform."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment

FlagName = Literal["reads", "cache", "limits"]


class NewValue(Input):
    """What sets a flag."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Flag(BaseModel):
    """A flag as it stands. A function goes by it 10 seconds after it was changed, at the latest."""

    name: FlagName
    value: str
    default: str
    other: str = Field(description="What it can be set to.")
    does: str = Field(description="What it is for, and what setting it does.")
    changed_by: str | None = Field(description="The subject that set it; null at its default.")
    changed_at: Moment | None


class Flags(BaseModel):
    """Every flag there is."""

    data: list[Flag]
