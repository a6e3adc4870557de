"""Clients, and the filters for listing them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import ABSENT, GivenObject, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import EmailAddress, Flag, HttpUrl, Line, Moment, Name, Slug, Switch, Text

Tier = Literal["standard", "professional", "enterprise"]
ClientName = Annotated[str, Line(500, min_length=2)]


class NewClient(Input):
    """A new client."""

    name: ClientName
    slug: Slug
    description: Text | None = None
    logo_url: HttpUrl | None = None
    contact_email: EmailAddress | None = None
    contact_phone: Name | None = None
    address: Text | None = None
    tier: Tier = "standard"
    is_active: Flag = Field(
        default=True,
        description="The members and the shops of an inactive client get no answers, and its schedules do not run.",
    )
    settings: GivenObject = Field(default_factory=dict)


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


class ClientFilters(ListParameters):
    """The filters of a list of clients."""

    is_active: Switch | None = None
