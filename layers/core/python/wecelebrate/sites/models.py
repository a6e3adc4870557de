"""A site: one shop of a client, at a domain, showing a catalog less its exclusions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from wecelebrate.core.models import ABSENT, GivenObject, Input, Moment, Name, Object, Patch, Text
from wecelebrate.core.pages import ListParameters

Status = Literal["draft", "active", "inactive"]
Domain = Annotated[
    str,
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253),
]


class SiteContent(Input):
    """What a site is, but for the client it belongs to."""

    name: Name
    domain: Domain | None = None
    status: Status = "draft"
    branding: GivenObject = Field(default_factory=dict)
    settings: GivenObject = Field(default_factory=dict)
    catalog_id: UUID | None = None


class NewSite(SiteContent):
    """What makes a site."""

    client_id: UUID


class SitePatch(Patch):
    """A change of a site."""

    name: Name = ABSENT
    domain: Domain | None = None
    status: Status = ABSENT
    branding: GivenObject = ABSENT
    settings: GivenObject = ABSENT
    catalog_id: UUID | None = None


class Site(BaseModel):
    """A site as it is read."""

    id: UUID
    client_id: UUID
    name: str
    domain: str | None
    status: Status
    branding: Object
    settings: Object
    catalog_id: UUID | None
    created_at: Moment
    updated_at: Moment


class SiteFilters(ListParameters):
    """What a list of sites may be asked."""

    client_id: UUID | None = None
    status: Status | None = None


class NewExclusion(Input):
    """Why a product is left out."""

    reason: Text | None = None


class Exclusion(BaseModel):
    """A product that a site leaves out."""

    site_id: UUID
    product_id: UUID
    reason: str | None
    created_at: Moment
