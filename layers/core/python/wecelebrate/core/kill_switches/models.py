"""The models of the API for kill switches, which the API calls flags."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Count, Line, Moment

FlagName = Literal["reads", "cache", "queue", "limits"]
FlagValue = Annotated[str, Line(100)]
TableName = Annotated[str, Line(63)]


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
    other: str = Field(description="The value of the flag that is not its default.")
    does: str = Field(description="What the flag controls, and the effect of the value that is not the default.")
    changed_by: str | None = Field(
        description="The subject of the user who set the flag. Null if the flag has its default."
    )
    changed_at: Moment | None
    """When the flag was set. Null if the flag has its default."""


class Flags(BaseModel):
    """All flags."""

    data: list[Flag]


class NewSuspension(Input):
    """A suspension of row-level security."""

    reason: Annotated[str, Line(500)]
    """Why row-level security is suspended. The audit log keeps it."""
    minutes: Annotated[Count, Field(ge=1, le=60)] = 30
    """After how many minutes the suspension ends by itself."""


class Suspension(BaseModel):
    """The suspension of row-level security of one table."""

    table: str
    """The name of the table."""
    reason: str
    """Why row-level security is suspended."""
    suspended_by: str
    """The subject of the super admin."""
    suspended_at: Moment
    """When the suspension began."""
    expires_at: Moment
    """When the suspension ends by itself."""


class Suspensions(BaseModel):
    """The suspensions that are in force."""

    data: list[Suspension]
