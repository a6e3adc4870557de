"""What a visitor of a site sees."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Object
from wecelebrate.core.pages import Page
from wecelebrate.products.models import ShownFilters, ShownImage


class Storefront(BaseModel):
    """The configuration of a site."""

    id: UUID
    name: str
    domain: str
    branding: Object
    settings: Object = Field(description="The `public` part of the site's settings.")


class ShownProduct(BaseModel):
    """A product on a storefront."""

    id: UUID
    sku: str
    name: str
    description: str | None
    category: str | None
    brand: str | None
    price: Annotated[str, Field(pattern=r"^\d+\.\d\d$")]
    currency: str
    images: list[str]
    media: list[ShownImage] = Field(description="Those of `images` that can be shown, in their order.")
    attributes: Object
    in_stock: bool


class StorefrontFilters(ShownFilters):
    """What a storefront's products may be narrowed by."""

    facets: bool = Field(default=True, description="Count categories and brands, on the first page.")


class FacetValue(BaseModel):
    """One value to narrow by."""

    value: str
    count: int


class PriceRange(BaseModel):
    """Lowest and highest price; null where nothing is shown."""

    min: str | None
    max: str | None


class Facets(BaseModel):
    """How many products each value leaves, under the other filters."""

    category: list[FacetValue]
    brand: list[FacetValue]
    price: PriceRange


class StorefrontPage(Page[ShownProduct]):
    """One page of a storefront."""

    facets: Facets | None = Field(default=None, description="On the first page, unless `facets=false`.")
