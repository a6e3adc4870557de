"""What visitors of a site see."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Object
from wecelebrate.core.pages import Page
from wecelebrate.products.models import ProductListFilters, ProductMedia


class Storefront(BaseModel):
    """The configuration of a storefront."""

    id: UUID
    name: str
    domain: str
    branding: Object
    settings: Object = Field(description="The `public` part of the site's settings.")


class StorefrontProduct(BaseModel):
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
    media: list[ProductMedia] = Field(description="The processed images, in the order of `images`.")
    attributes: Object
    in_stock: bool


class StorefrontFilters(ProductListFilters):
    """The filters of a storefront's products."""

    facets: bool = Field(default=True, description="Include facets in the first page.")


class FacetValue(BaseModel):
    """A value of a facet."""

    value: str
    count: int


class PriceRange(BaseModel):
    """The lowest and the highest price. Null if there are no products."""

    min: str | None
    max: str | None


class Facets(BaseModel):
    """The number of products of each category and brand, under the other filters."""

    category: list[FacetValue]
    brand: list[FacetValue]
    price: PriceRange


class StorefrontPage(Page[StorefrontProduct]):
    """One page of a storefront's products."""

    facets: Facets | None = Field(default=None, description="Only on the first page, and not with `facets=false`.")
