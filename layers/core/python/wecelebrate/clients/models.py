"""Clients, and the filters for listing them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import ABSENT, Flag, GivenObject, Input, Moment, Name, Object, Patch, Slug, Text, Url
from wecelebrate.core.pages import ListParameters

Tier = Literal["standard", "professional", "enterprise"]
ClientName = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class NewClient(Input):
    """A new client."""

    name: ClientName
    slug: Slug
    description: Text | None = None
    logo_url: Url | None = None
    contact_email: Name | None = None
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
    logo_url: Url | None = None
    contact_email: Name | None = None
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

    is_active: bool | None = None
