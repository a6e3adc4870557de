"""Products of catalogs, and the filters for listing them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

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
ProductLabel = Annotated[str, StringConstraints(min_length=1, max_length=300)]
ImageUrl = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^(https?://\S+|[^:]+)$")]
"""An http(s) URL or a path. Other schemes are not allowed, because a browser could run a `javascript:` URL."""
ImageUrls = Annotated[list[ImageUrl], Field(max_length=50)]
MAX_WORDS = 10
"""The maximum number of words in a search. app.search_patterns has the same limit."""


def _check_words(search: str) -> str:
    if len(search.split()) > MAX_WORDS:
        raise ValueError(f"must have at most {MAX_WORDS} words")
    return search


Search = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_check_words)]
Sort = Literal["name", "-name", "price", "-price", "created_at", "-created_at"]


class NewProduct(Input):
    """A new product."""

    sku: Sku
    name: Name
    description: Text | None = None
    category: ProductLabel | None = None
    brand: ProductLabel | None = None
    price: Money
    currency: Currency = "USD"
    images: ImageUrls = Field(default_factory=list)
    attributes: GivenObject = Field(default_factory=dict)
    inventory_count: Count = 0
    is_active: Flag = True


class ProductPatch(Patch):
    """A change of a product."""

    sku: Sku = ABSENT
    name: Name = ABSENT
    description: Text | None = None
    category: ProductLabel | None = None
    brand: ProductLabel | None = None
    price: Money = ABSENT
    currency: Currency = ABSENT
    images: ImageUrls = ABSENT
    attributes: GivenObject = ABSENT
    inventory_count: Count = ABSENT
    is_active: Flag = ABSENT


class ProductMedia(BaseModel):
    """The renditions of a product's image.

    Renditions are upright WebP images without metadata. They are never larger than the original image.
    """

    source: str = Field(description="The value in `images` that these renditions belong to.")
    width: int = Field(description="The width of the original image in pixels.")
    height: int = Field(description="The height of the original image in pixels.")
    thumb: str = Field(description="The URL of a rendition of at most 320 × 320 pixels.")
    medium: str = Field(description="The URL of a rendition of at most 800 × 800 pixels.")
    large: str = Field(description="The URL of a rendition of at most 1600 × 1600 pixels.")


class Product(BaseModel):
    """A product."""

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
    media: list[ProductMedia] = Field(description="The images that have been processed, in the order of `images`.")
    attributes: Object
    inventory_count: int = Field(
        description="The stock. For a client that only has a grant for the catalog, 10 means 10 or more."
    )
    is_active: bool
    created_at: Moment
    updated_at: Moment = Field(
        description="For a client that only has a grant for the catalog, the beginning of the day of the last change."
    )


class ProductListFilters(ListParameters):
    """The filters of all lists of products, including the lists in storefronts."""

    q: Search | None = Field(
        default=None,
        description=(
            "Up to 10 words. The name or the SKU of the product contains each word, in any order. Case and accents do"
            " not matter: `maßstab` finds MASSSTAB, and `cafe` finds Café."
        ),
    )
    sku: Sku | None = Field(default=None, description="The exact SKU of the product. Case and accents matter.")
    category: ProductLabel | None = None
    brand: ProductLabel | None = None
    price_min: Money | None = None
    price_max: Money | None = None
    sort: Sort = Field(
        default="name",
        description=(
            "The field to sort by. A leading `-` means descending: `-created_at` lists the newest first. In name"
            " order, case and accents do not matter."
        ),
    )


class ProductFilters(ProductListFilters):
    """The filters of a list of a catalog's products."""

    is_active: bool | None = None
    updated_since: AwareDatetime | None = None
