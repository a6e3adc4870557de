"""The models of report subscriptions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from wecelebrate.core.models import ABSENT, Input, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Flag, Id, Label, Moment, Switch, Timezone
from wecelebrate.core.types.schema import Documented
from wecelebrate.members.models import Language

Cadence = Literal["day", "week", "month"]
ReportDays = Literal["previous", "last_7_days", "last_30_days", "month_to_date"]
MAX_RECIPIENTS = 20
"""The maximum number of recipients of a report. The database has the same limit."""

ReportedDays = Annotated[
    ReportDays,
    Field(
        description=(
            "The days of the report. The last day is before the day on which the report is due. `previous`: the "
            "last whole day, week (Monday to Sunday) or month, according to `cadence`. `month_to_date`: the days "
            "of the month until the last day."
        )
    ),
]
_HOUR = "The hour of the local day at which the report is due: on every day, on Mondays, or on the first of the month."


def _distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("must not contain a member twice")
    return ids


Hour = Annotated[int, Field(strict=True, ge=0, le=23, description=_HOUR)]
Recipients = Annotated[
    list[Id],
    Field(
        max_length=MAX_RECIPIENTS,
        description=(
            "The ids of the members who receive the report. They must be persons with a verified address. A "
            "member who has unsubscribed stays in the list, but gets no mails."
        ),
    ),
    AfterValidator(_distinct),
    Documented({"uniqueItems": True}),
]


class NewReportSubscription(Input):
    """A new report by mail."""

    client_id: Id | None = Field(
        default=None, description="The client that the report is about. The default is the caller's only client."
    )
    site_id: Id | None = Field(
        default=None,
        description="Only the orders and visitors of this site. Null: all sites.",
    )
    name: Label
    """The name of the report. The mails show this name."""
    cadence: Cadence
    """How often the report is sent."""
    period: ReportedDays = "previous"
    timezone: Timezone | None = Field(
        default=None,
        description=(
            "The IANA time zone of the days of the report and of `send_hour`. Null: the time zone of the client."
        ),
    )
    language: Language = "en"
    """The language of the mails."""
    send_hour: Hour = 6
    attach_workbook: Flag = True
    """Whether the mails contain the workbook (XLSX) with all figures."""
    is_active: Flag = True
    """Whether the report is sent."""
    recipients: Recipients


class ReportSubscriptionPatch(Patch):
    """A change of a report by mail. The client and the site of a report cannot be changed."""

    name: Label = ABSENT
    cadence: Cadence = ABSENT
    period: ReportedDays = ABSENT
    timezone: Timezone = ABSENT
    language: Language = ABSENT
    send_hour: Hour = ABSENT
    attach_workbook: Flag = ABSENT
    is_active: Flag = ABSENT
    recipients: Recipients = ABSENT


class ReportRecipient(BaseModel):
    """A member who receives a report."""

    member_id: UUID
    """The id of the member."""
    unsubscribed_at: Moment | None = Field(
        description=(
            "When the member unsubscribed. Only the member can subscribe again. Null: the member receives the mails."
        )
    )


class ReportSubscription(BaseModel):
    """A report by mail."""

    id: UUID
    client_id: UUID
    site_id: UUID | None
    name: str
    """The name of the report. The mails show this name."""
    cadence: Cadence
    """How often the report is sent."""
    period: ReportedDays
    timezone: str
    """The time zone of the days of the report and of `send_hour`."""
    language: str
    """The language of the mails."""
    send_hour: int = Field(description=_HOUR)
    attach_workbook: bool
    """Whether the mails contain the workbook (XLSX) with all figures."""
    is_active: bool
    """Whether the report is sent."""
    next_at: Moment | None = Field(description="When the report is due next. Null if it is not active.")
    last_job_id: UUID | None = Field(description="The job of the newest report. `result.mails` counts its mails.")
    recipients: list[ReportRecipient]
    """The members who receive the report."""
    created_at: Moment
    updated_at: Moment


class ReportSubscriptionFilters(ListParameters):
    """The filters of a list of reports by mail."""

    client_id: Id | None = None
    is_active: Switch | None = None
