"""A product of a catalog."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from wecelebrate.core.models import (
    ABSENT,
    Count,
    Currency,
    Flag,
    GivenObject,
    Input,
    Moment,
    Money,
    Name,
    Object,
    Patch,
    Text,
)
from wecelebrate.core.pages import ListParameters

Sku = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Image = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^(https?://\S+|[^:]+)$")]
"""An http(s) address, or a path: nothing that a browser would run."""
Images = Annotated[list[Image], Field(max_length=50)]
Sort = Literal["name", "-name", "price", "-price", "created_at", "-created_at"]


class NewProduct(Input):
    """What makes a product."""

    sku: Sku
    name: Name
    description: Text | None = None
    category: Label | None = None
    brand: Label | None = None
    price: Money
    currency: Currency = "USD"
    images: Images = Field(default_factory=list)
    attributes: GivenObject = Field(default_factory=dict)
    inventory_count: Count = 0
    is_active: Flag = True


class ProductPatch(Patch):
    """A change of a product."""

    sku: Sku = ABSENT
    name: Name = ABSENT
    description: Text | None = None
    category: Label | None = None
    brand: Label | None = None
    price: Money = ABSENT
    currency: Currency = ABSENT
    images: Images = ABSENT
    attributes: GivenObject = ABSENT
    inventory_count: Count = ABSENT
    is_active: Flag = ABSENT


class ShownImage(BaseModel):
    """An image of a product, as it can be shown: WebP, upright, without metadata, no larger than it came."""

    source: str = Field(description="Which of `images` it is.")
    width: int = Field(description="Pixels, as it came.")
    height: int
    thumb: str = Field(description="Where it is, at most 320 pixels wide and high.")
    medium: str = Field(description="At most 800.")
    large: str = Field(description="At most 1600.")


class Product(BaseModel):
    """A product as it is read."""

    id: UUID
    catalog_id: UUID
    sku: str
    name: str
    description: str | None
    category: str | None
    brand: str | None
    price: str = Field(pattern=r"^\d+\.\d\d$")
    currency: str
    images: list[str]
    media: list[ShownImage] = Field(description="Those of `images` that can be shown, in their order.")
    attributes: Object
    inventory_count: int
    is_active: bool
    created_at: Moment
    updated_at: Moment


class ShownFilters(ListParameters):
    """What a list of products may be asked by anyone."""

    q: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Part of the name."
    )
    category: Label | None = None
    brand: Label | None = None
    price_min: Money | None = None
    price_max: Money | None = None
    sort: Sort = Field(default="name", description="`-` for descending; `-created_at` is newest first.")


class ProductFilters(ShownFilters):
    """What a list of a catalog's products may be asked."""

    is_active: bool | None = None
    updated_since: AwareDatetime | None = None
