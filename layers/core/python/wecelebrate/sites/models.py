"""Sites and exclusions. A site is a client's shop at a domain. It shows a catalog without the excluded products."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from wecelebrate.core.models import ABSENT, GivenObject, Input, Moment, Name, Object, Patch, Text
from wecelebrate.core.pages import ListParameters

SiteStatus = Literal["draft", "active", "inactive"]
SiteDomain = Annotated[
    str,
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253),
]


class SiteContent(Input):
    """All fields of a site except its client."""

    name: Name
    domain: SiteDomain | None = None
    status: SiteStatus = "draft"
    branding: GivenObject = Field(default_factory=dict)
    settings: GivenObject = Field(default_factory=dict)
    catalog_id: UUID | None = None


class NewSite(SiteContent):
    """A new site."""

    client_id: UUID


class SitePatch(Patch):
    """A change of a site."""

    name: Name = ABSENT
    domain: SiteDomain | None = None
    status: SiteStatus = ABSENT
    branding: GivenObject = ABSENT
    settings: GivenObject = ABSENT
    catalog_id: UUID | None = None


class Site(BaseModel):
    """A site."""

    id: UUID
    client_id: UUID
    name: str
    domain: str | None
    status: SiteStatus
    branding: Object
    settings: Object
    catalog_id: UUID | None
    created_at: Moment
    updated_at: Moment
    slug: str = Field(description="The label of the site below the domain of the platform. It never changes.")
    domain_verified_at: Moment | None = Field(
        description="When the domain was verified. Null: visitors cannot reach the site at its domain."
    )


class DomainVerification(BaseModel):
    """How visitors reach a site, and the DNS record that verifies the domain of the site."""

    host: str = Field(description="The host below the domain of the platform. It always works.")
    domain: str | None
    domain_verified_at: Moment | None
    record_type: Literal["TXT"] = "TXT"
    record_name: str | None = Field(description="The name of the record. Null if the site has no domain.")
    record_value: str = Field(description="The text of the record.")


class SiteFilters(ListParameters):
    """The filters of a list of sites."""

    client_id: UUID | None = None
    status: SiteStatus | None = None


class NewExclusion(Input):
    """The exclusion of a product from a site."""

    reason: Text | None = None


class Exclusion(BaseModel):
    """A product that a site does not show."""

    site_id: UUID
    product_id: UUID
    reason: str | None
    created_at: Moment
