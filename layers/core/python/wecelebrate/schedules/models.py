"""A schedule: recurring work."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from wecelebrate.core.models import ABSENT, Flag, Input, Moment, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.schedules import cron
from wecelebrate.schedules.types import ScheduleType


def _check_prefix(prefix: str) -> str:
    folders = prefix.split("/")
    is_folder = len(folders) > 1 and folders[-1] == "" and "" not in folders[:-1]
    if not is_folder or {".", ".."} & {*folders} or not prefix.isprintable():
        raise ValueError("must be a folder below the catalog's own, with a slash at its end, e.g. exports/daily/")
    if folders[0] in ("incoming", "results"):
        raise ValueError("must not be below incoming/ or results/: files in incoming/ need no schedule")
    return prefix


ScheduleName = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(cron.parse_expression)]
Timezone = Annotated[str, StringConstraints(max_length=100), AfterValidator(cron.check_time_zone)]
Prefix = Annotated[str, StringConstraints(max_length=500), AfterValidator(_check_prefix)]
SyncMode = Literal["full", "delta"]


class PullSettings(Input):
    """The files that a catalog_sync loads: those that are new since its last run, the oldest first."""

    prefix: Prefix = Field(description="A folder below `<catalog id>/` in the drops bucket, with a slash at its end.")
    mode: SyncMode | None = Field(
        default=None, description="How the files are loaded. Null: as the catalog's settings say."
    )


class PullSettingsPatch(Patch):
    """A change of the files that a schedule loads."""

    prefix: Prefix = ABSENT
    mode: SyncMode | None = None


class NewSchedule(Input):
    """The schedule to create."""

    client_id: UUID | None = Field(
        default=None, description="Default: the caller's only client; for admins, the platform."
    )
    catalog_id: UUID
    type: ScheduleType = "catalog_sync"
    name: ScheduleName
    cron: Cron = Field(
        description="Minute, hour, day of the month, month, day of the week. At least 5 min between two runs."
    )
    timezone: Timezone = Field(default="UTC", description="An IANA time zone. `cron` is in its local time.")
    settings: PullSettings
    is_active: Flag = True


class SchedulePatch(Patch):
    """A change of a schedule. Its client, catalog and type cannot change."""

    name: ScheduleName = ABSENT
    cron: Cron = ABSENT
    timezone: Timezone = ABSENT
    settings: PullSettingsPatch = ABSENT
    is_active: Flag = ABSENT


class Schedule(BaseModel):
    """A schedule."""

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: ScheduleType
    name: str
    cron: str
    timezone: str
    settings: Object
    is_active: bool
    next_at: Moment | None = Field(description="When the schedule is due next. Null if it is not active.")
    last_at: Moment | None = Field(description="When the schedule last was due, or was run by request.")
    last_job_id: UUID | None = Field(description="The last job that the schedule created.")
    last_outcome: str | None = Field(description="What the last run did, as a sentence.")
    created_at: Moment
    updated_at: Moment


class ScheduleFilters(ListParameters):
    """Filters of a list of schedules."""

    client_id: UUID | None = None
    catalog_id: UUID | None = None
    type: ScheduleType | None = None
    is_active: bool | None = None
