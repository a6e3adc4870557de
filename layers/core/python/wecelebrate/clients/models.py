"""Clients, and the filters for listing them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import ABSENT, GivenObject, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import EmailAddress, Flag, HttpUrl, Line, Moment, Name, Slug, Switch, Text, Timezone

Tier = Literal["standard", "professional", "enterprise"]
ClientName = Annotated[str, Line(500, min_length=2)]

EventRetention = Annotated[
    int, Field(strict=True, ge=1, le=60, description="The number of months for which the events of visitors are kept.")
]


OrderRetention = Annotated[
    int,
    Field(
        strict=True,
        ge=30,
        le=36500,
        description="The number of days after which personal data is erased from finished orders. Null: never.",
    ),
]


class NewClient(Input):
    """A new client."""

    name: ClientName
    """The name of the company."""
    slug: Slug
    """The short name of the client, which is unique."""
    description: Text | None = None
    """A text about the client, for the people who manage the platform."""
    logo_url: HttpUrl | None = None
    """The URL of the company's logo."""
    contact_email: EmailAddress | None = None
    """The e-mail address of the contact person."""
    contact_phone: Name | None = None
    """The telephone number of the contact person."""
    address: Text | None = None
    """The postal address of the company, in several lines."""
    tier: Tier = "standard"
    """The tier. It determines the number of requests per hour and the maximum cost of a query."""
    is_active: Flag = Field(
        default=True,
        description=(
            "Whether the client is active. Requests of the members and from the shops of an inactive client are "
            "refused, and its schedules do not run."
        ),
    )
    settings: GivenObject = Field(default_factory=dict)
    """Free-form settings of the client."""
    event_retention_months: EventRetention = 25
    timezone: Timezone = "UTC"
    """The IANA time zone in which the days of the client's reports begin."""
    order_retention_days: OrderRetention | None = None


class ClientPatch(Patch):
    """A change of a client."""

    name: ClientName = ABSENT
    slug: Slug = ABSENT
    description: Text | None = None
    logo_url: HttpUrl | None = None
    contact_email: EmailAddress | None = None
    contact_phone: Name | None = None
    address: Text | None = None
    tier: Tier = ABSENT
    is_active: Flag = ABSENT
    settings: GivenObject = ABSENT
    event_retention_months: EventRetention = ABSENT
    timezone: Timezone = ABSENT
    order_retention_days: OrderRetention | None = None


class Client(BaseModel):
    """A client: a company whose shops run on the platform."""

    id: UUID
    name: str
    slug: str
    description: str | None
    logo_url: str | None
    contact_email: str | None
    contact_phone: str | None
    address: str | None
    tier: Tier
    is_active: bool
    settings: Object
    created_at: Moment
    updated_at: Moment
    event_retention_months: int = Field(description="The number of months for which the events of visitors are kept.")
    timezone: str
    """The IANA time zone in which the days of the client's reports begin."""
    order_retention_days: int | None = Field(
        description="The number of days after which personal data is erased from finished orders. Null: never."
    )


class ClientFilters(ListParameters):
    """The filters of a list of clients."""

    is_active: Switch | None = None
