"""A product of a catalog."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.models import REQUIRED, Currency, Input, Listed, Money, Name, Object, Patch, Text

Sku = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Image = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^(https?://\S+|[^:]+)$")]
"""An http(s) address, or a path: nothing that a browser would run."""
Images = Annotated[list[Image], Field(max_length=50)]
Count = Annotated[int, Field(ge=0, le=2_147_483_647)]
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
    attributes: Object = Field(default_factory=dict)
    inventory_count: Count = 0
    is_active: bool = True


class ProductPatch(Patch):
    """A change of a product."""

    sku: Sku | None = Field(default=None, json_schema_extra=REQUIRED)
    name: Name | None = Field(default=None, json_schema_extra=REQUIRED)
    description: Text | None = None
    category: Label | None = None
    brand: Label | None = None
    price: Money | None = Field(default=None, json_schema_extra=REQUIRED)
    currency: Currency | None = Field(default=None, json_schema_extra=REQUIRED)
    images: Images | None = Field(default=None, json_schema_extra=REQUIRED)
    attributes: Object | None = Field(default=None, json_schema_extra=REQUIRED)
    inventory_count: Count | None = Field(default=None, json_schema_extra=REQUIRED)
    is_active: bool | None = Field(default=None, json_schema_extra=REQUIRED)


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
    attributes: Object
    inventory_count: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class ShownFilters(Listed):
    """What a list of products may be asked by anyone."""

    q: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Part of the name."
    )
    category: Label | None = None
    brand: Label | None = None
    price_min: Annotated[Decimal, Field(ge=0)] | None = None
    price_max: Annotated[Decimal, Field(ge=0)] | None = None
    sort: Sort = Field(default="name", description="`-` for descending; `-created_at` is newest first.")


class ProductFilters(ShownFilters):
    """What a list of a catalog's products may be asked."""

    is_active: bool | None = None
    updated_since: datetime | None = None
