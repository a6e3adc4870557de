"""Schedules, and the filters for listing them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from wecelebrate.core.models import ABSENT, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Flag, Id, Label, Line, Moment, Name, Switch, Timezone
from wecelebrate.schedules import cron
from wecelebrate.schedules.types import ScheduleType


def _check_prefix(prefix: str) -> str:
    folders = prefix.split("/")
    is_folder = folders[-1] == "" and "" not in folders[:-1]
    if not is_folder or {".", ".."} & {*folders} or not prefix.isprintable():
        raise ValueError("must be a folder inside the catalog's folder, with a slash at the end, e.g. exports/daily/")
    if folders[0] in ("incoming", "results"):
        raise ValueError("must not be inside incoming/ or results/; files in incoming/ are loaded without a schedule")
    return prefix


Cron = Annotated[str, Line(200), AfterValidator(cron.parse_expression)]
Prefix = Annotated[Name, AfterValidator(_check_prefix)]
SyncMode = Literal["full", "delta"]


class PullSettings(Input):
    """The files that a `catalog_sync` loads. Each run loads the new files in the folder `prefix`, from oldest to
    newest.
    """

    prefix: Prefix = Field(description="A folder inside `<catalog id>/` in the drops bucket, with a slash at the end.")
    mode: SyncMode | None = Field(
        default=None, description="How the files are loaded. Null: the mode in the catalog's `sync_settings` applies."
    )


class PullSettingsPatch(Patch):
    """A change of the settings that determine which files a schedule loads."""

    prefix: Prefix = ABSENT
    mode: SyncMode | None = None


class NewSchedule(Input):
    """A new schedule."""

    client_id: Id | None = Field(
        default=None,
        description="The owner of the schedule. The default is the caller's only client, and for admins the platform.",
    )
    catalog_id: Id
    type: ScheduleType = "catalog_sync"
    """What a run of the schedule does."""
    name: Label
    """The name that the people who manage the schedule see."""
    cron: Cron = Field(
        description="Minute, hour, day of the month, month, day of the week. Two runs must be at least 5 minutes apart."
    )
    timezone: Timezone = Field(default="UTC", description="The IANA time zone in which `cron` is evaluated.")
    settings: PullSettings
    """Which files a run loads."""
    is_active: Flag = True
    """Whether the schedule runs at its times."""


class SchedulePatch(Patch):
    """A change of a schedule. The client, the catalog and the type of a schedule cannot be changed."""

    name: Label = ABSENT
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
    last_at: Moment | None = Field(description="The last time at which the schedule was due, or was run by a request.")
    last_job_id: UUID | None = Field(description="The last job that the schedule created.")
    last_outcome: str | None = Field(description="The result of the last run, as text for people.")
    created_at: Moment
    updated_at: Moment


class ScheduleFilters(ListParameters):
    """The filters of a list of schedules."""

    client_id: Id | None = None
    catalog_id: Id | None = None
    type: ScheduleType | None = None
    is_active: Switch | None = None
