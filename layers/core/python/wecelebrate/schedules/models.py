"""A schedule: work that comes again by itself."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from wecelebrate.core.models import ABSENT, Flag, Input, Moment, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.schedules import cron
from wecelebrate.schedules.types import ScheduleType


def _within(prefix: str) -> str:
    parts = prefix.split("/")
    if len(parts) < 2 or parts[-1] or "" in parts[:-1] or {".", ".."} & {*parts} or not prefix.isprintable():
        raise ValueError("A prefix is of folders within the catalog's own, and ends with a slash: exports/daily/")
    if parts[0] in ("incoming", "results"):
        raise ValueError("What lies in incoming/ is taken in without a schedule, and results/ is where results go")
    return prefix


Label = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(cron.expression)]
Timezone = Annotated[str, StringConstraints(max_length=100), AfterValidator(cron.zone)]
Prefix = Annotated[str, StringConstraints(max_length=500), AfterValidator(_within)]
Mode = Literal["full", "delta"]


class Pull(Input):
    """What a catalog_sync takes in: files that were not taken in before, the oldest first."""

    prefix: Prefix = Field(description="Below `<catalog id>/` in the drops bucket; ends with a slash.")
    mode: Mode | None = Field(default=None, description="How its files are read; null: as the catalog says.")


class PullPatch(Patch):
    """A change of what is taken in."""

    prefix: Prefix = ABSENT
    mode: Mode | None = None


class NewSchedule(Input):
    """What makes a schedule."""

    client_id: UUID | None = Field(
        default=None, description="Without it, the one client of the caller; of admins, the platform's."
    )
    catalog_id: UUID
    type: ScheduleType = "catalog_sync"
    name: Label
    cron: Cron = Field(
        description="Minute, hour, day of the month, month, day of the week; no oftener than every 5 min."
    )
    timezone: Timezone = Field(default="UTC", description="Of IANA; its clocks are the ones that count.")
    settings: Pull
    is_active: Flag = True


class SchedulePatch(Patch):
    """A change of a schedule; it keeps its client, its catalog and its type."""

    name: Label = ABSENT
    cron: Cron = ABSENT
    timezone: Timezone = ABSENT
    settings: PullPatch = ABSENT
    is_active: Flag = ABSENT


class Schedule(BaseModel):
    """A schedule as it is read."""

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: ScheduleType
    name: str
    cron: str
    timezone: str
    settings: Object
    is_active: bool
    next_at: Moment | None = Field(description="When it is due; null while it is not active.")
    last_at: Moment | None = Field(description="When it was due last, or was asked for.")
    last_job_id: UUID | None = Field(description="The last job that it made.")
    last_outcome: str | None = Field(description="What the last time it was due came to, in words.")
    created_at: Moment
    updated_at: Moment


class ScheduleFilters(ListParameters):
    """What a list of schedules may be asked."""

    client_id: UUID | None = None
    catalog_id: UUID | None = None
    type: ScheduleType | None = None
    is_active: bool | None = None
