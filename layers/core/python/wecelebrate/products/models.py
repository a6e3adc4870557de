"""Products of catalogs, and the filters for listing them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import ABSENT, GivenObject, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import (
    Amount,
    Count,
    CurrencyCode,
    Flag,
    ImageUrl,
    InventoryPolicy,
    Label,
    Moment,
    Money,
    Name,
    ShortLine,
    Sku,
    Switch,
    Text,
    Timestamp,
    finer_problem,
    rounded,
)
from wecelebrate.core.types.numbers import MAX_COUNT

ImageUrls = Annotated[list[ImageUrl], Field(max_length=50)]
MAX_OFFERS = 10
"""The maximum number of offers of a product that have not ended."""
MAX_WORDS = 10
"""The maximum number of words in a search. `app.search_patterns` has the same limit."""


def _check_words(search: str) -> str:
    if len(search.split()) > MAX_WORDS:
        raise ValueError(f"must have at most {MAX_WORDS} words")
    return search


Search = Annotated[ShortLine, AfterValidator(_check_words)]
Sort = Literal["name", "-name", "price", "-price", "created_at", "-created_at"]


class Offer(Input):
    """A price of a product for a limited time."""

    price: Money
    """The price of one piece, in the currency of the product."""
    starts_at: Timestamp | None = Field(default=None, description="The start. Null: the offer has started.")
    ends_at: Timestamp | None = Field(
        default=None,
        description="The end. From this time on, the offer is not valid. Null: the end is not known yet.",
    )

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            raise ValueError("must have an end after its start")
        return self


Offers = Annotated[
    list[Offer],
    Field(
        max_length=MAX_OFFERS,
        description=(
            "Prices for a limited time. While an offer is valid and below `price`, the product is sold at the "
            "price of the offer. If several offers are valid, the lowest price applies. Offers that have ended "
            "are removed."
        ),
    ),
]


def require_exact(price: Decimal, currency: str, offers: Sequence[Offer] = ()) -> None:
    """Raise Invalid if a price, or the price of an offer, has more decimals than its currency, e.g. 0.50 JPY."""
    prices = {"/price": price} | {f"/offers/{number}/price": offer.price for number, offer in enumerate(offers)}
    errors = [
        FieldError(pointer=pointer, detail=finer_problem(currency))
        for pointer, amount in prices.items()
        if rounded(amount, currency) is None
    ]
    if errors:
        raise Invalid(errors=errors)


def stock_changes(model: "NewProduct | ProductValues") -> dict[str, Any]:
    """Return the changes of the fields `inventory_count` and `inventory_policy`.

    If the request has a count, the product becomes tracked. If the product becomes untracked, its count becomes 0.
    Otherwise, the product would get an old count when it is tracked again.
    """
    changes = {name: getattr(model, name) for name in {"inventory_count", "inventory_policy"} & model.model_fields_set}
    if changes.get("inventory_policy") == "untracked":
        return {"inventory_count": 0, "inventory_policy": "untracked"}
    return {"inventory_policy": "tracked"} | changes if changes else {}


def _check_untracked(model: "NewProduct | ProductValues") -> None:
    if model.inventory_policy == "untracked" and model.inventory_count:
        detail = "must be 0 or left out for an untracked product, whose stock is not counted"
        raise Invalid(errors=[FieldError(pointer="/inventory_count", detail=detail)])


class NewProduct(Input):
    """A new product."""

    sku: Sku
    name: Name
    """The name of the product."""
    description: Text | None = None
    """A text about the product. It can have several lines."""
    category: Label | None = None
    """The category. In a storefront, visitors can filter products by category."""
    brand: Label | None = None
    """The brand. In a storefront, visitors can filter products by brand."""
    price: Money
    """The price of one piece without an offer, in the currency of the product."""
    offers: Offers = Field(default_factory=list)
    currency: Annotated[
        CurrencyCode,
        Field(description="The default is the currency of the catalog, or `USD` if the catalog has no currency."),
    ] = ABSENT
    images: ImageUrls = Field(default_factory=list)
    """The URLs of the images. The first image is the main image."""
    attributes: GivenObject = Field(default_factory=dict)
    """Other properties of the product, e.g. its material. Storefronts show them."""
    inventory_count: Count = 0
    inventory_policy: InventoryPolicy = Field(
        default="tracked",
        description="`tracked`: at most `inventory_count` pieces can be ordered, and each order reduces it. "
        "`untracked`: the product is always in stock, and `inventory_count` is 0.",
    )
    is_active: Flag = True
    """Whether storefronts show and sell the product."""

    @model_validator(mode="after")
    def _price_and_stock_are_valid(self) -> Self:
        if "currency" in self.model_fields_set:
            require_exact(self.price, self.currency, self.offers)
        _check_untracked(self)
        return self


class ProductValues(Patch):
    """The fields of a product that a request or a row of an import can change."""

    sku: Sku = ABSENT
    name: Name = ABSENT
    description: Text | None = None
    category: Label | None = None
    brand: Label | None = None
    price: Money = ABSENT
    offers: Offers = ABSENT
    currency: CurrencyCode = ABSENT
    images: ImageUrls = ABSENT
    attributes: GivenObject = ABSENT
    inventory_count: Annotated[
        Count,
        Field(description="The stock. If you set the stock without `inventory_policy`, the product becomes `tracked`."),
    ] = ABSENT
    inventory_policy: Annotated[
        InventoryPolicy,
        Field(
            description="`untracked` sets `inventory_count` to 0. A product that becomes `tracked` without an "
            "`inventory_count` has the stock 0."
        ),
    ] = ABSENT
    is_active: Flag = ABSENT

    @model_validator(mode="after")
    def _price_and_stock_are_valid(self) -> Self:
        if {"price", "currency"} <= self.model_fields_set:
            require_exact(self.price, self.currency, self.offers if "offers" in self.model_fields_set else ())
        _check_untracked(self)
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields of the request and the resulting changes of the stock, as JSON values."""
        return super().changes() | stock_changes(self)


class ProductPatch(ProductValues):
    """A change of a product. It can also change the stock by a difference."""

    inventory_delta: Annotated[
        int,
        Field(
            strict=True,
            ge=-MAX_COUNT,
            le=MAX_COUNT,
            description=(
                "Adds this number of pieces to the stock of a tracked product, or subtracts pieces if it is below 0. "
                "Orders that are placed at the same time do not affect the result. The stock is at least 0, but the "
                "platform remembers a stock below 0. For example, if the stock is 1 and you send -3, a later +2 gives "
                "0, and a later +3 gives 1. Not together with `inventory_count` or `inventory_policy`."
            ),
        ),
    ] = ABSENT

    @model_validator(mode="after")
    def _has_one_kind_of_stock(self) -> Self:
        absolute = {"inventory_count", "inventory_policy"} & self.model_fields_set
        if "inventory_delta" in self.model_fields_set and absolute:
            detail = f"cannot be combined with {min(absolute)}"
            raise Invalid(errors=[FieldError(pointer="/inventory_delta", detail=detail)])
        return self


class ProductMedia(BaseModel):
    """The renditions of a product's image.

    Renditions are upright WebP images without metadata. They are never larger than the original image.
    """

    source: str = Field(description="The value in `images` to which these renditions belong.")
    width: int = Field(description="The width of the original image in pixels.")
    height: int = Field(description="The height of the original image in pixels.")
    thumb: str = Field(description="The URL of a rendition of at most 320 × 320 pixels.")
    medium: str = Field(description="The URL of a rendition of at most 800 × 800 pixels.")
    large: str = Field(description="The URL of a rendition of at most 1600 × 1600 pixels.")


class ProductOffer(BaseModel):
    """A price of a product for a limited time."""

    price: Amount
    """The price of one piece, in the currency of the product."""
    starts_at: Moment | None = Field(description="The start. Null: the offer has started.")
    ends_at: Moment | None = Field(description="The end. Null: the end is not known yet.")


class Product(BaseModel):
    """A product."""

    id: UUID
    catalog_id: UUID
    sku: str
    name: str
    description: str | None
    category: str | None
    brand: str | None
    price: Amount = Field(
        description="The price without an offer. For a client that only has a grant for the catalog, the price at which"
        " the product is sold now."
    )
    currency: str
    offers: list[ProductOffer] = Field(
        description=(
            "Prices for a limited time, sorted by their start, without prices that have ended. A client that only "
            "has a grant for the catalog does not see them."
        )
    )
    offer_price: Amount | None = Field(
        description=(
            "The price of the offer that is valid now. The selling price is computed from this price. Null: no "
            "offer is valid."
        )
    )
    images: list[str]
    media: list[ProductMedia] = Field(description="The images that have been processed, in the order of `images`.")
    attributes: Object
    inventory_count: int = Field(
        description="The stock, or 0 if it is not tracked. For a client that only has a grant for the catalog, 10 "
        "means 10 or more."
    )
    inventory_policy: InventoryPolicy = Field(
        description="`tracked`: at most `inventory_count` pieces can be ordered. `untracked`: the product is always in "
        "stock."
    )
    is_active: bool
    created_at: Moment
    updated_at: Moment = Field(
        description="For a client that only has a grant for the catalog, the beginning of the day of the last change."
    )


class ProductSource(BaseModel):
    """The source data of a product: all columns of its rows in files, including the private columns."""

    product_id: UUID
    sku: str
    source_data: Object | None = Field(
        description=(
            "Maps the columns of the files to their cells. A delta changes only the columns that it contains. Long"
            " cells are cut off if the data has more than 1,900,000 bytes. Null: no file contained the product."
        )
    )


class HoldingOrder(BaseModel):
    """An order that holds pieces of a product."""

    order_id: UUID | None = Field(description="Null for an order of another client.")
    order_number: str | None = Field(description="Null for an order of another client.")
    pieces: int = Field(
        description="The number of pieces. Below 0 for pieces that came back because of a return or a cancellation."
    )
    placed_at: Moment | None
    """When the pieces were ordered, cancelled or returned."""
    acknowledged_at: Moment | None = Field(description="When the ERP system acknowledged the order.")


class ProductStock(BaseModel):
    """The explanation of a product's stock. The stock is the count of the ERP system, minus the pieces of orders that
    the ERP system did not know.
    """

    product_id: UUID
    inventory_policy: InventoryPolicy
    inventory_count: int = Field(description="The free stock: `reported_count` - `held_count`, but at least 0.")
    stock_means: Literal["free", "physical"] = Field(description="The setting `sync_settings.stock_means`.")
    reported_count: int | None = Field(
        description=(
            "The stock in the last file. Null: `inventory_count` is exact, because no order was open when the "
            "stock was stated, or because a caller has stated the free stock. In this case, `inventory_count` "
            "excludes the pieces in `held_count`."
        )
    )
    reported_at: Moment | None = Field(description="When `reported_count` was counted.")
    held_count: int = Field(
        description=(
            "The number of pieces of orders that `reported_count` still contains. If it is higher than "
            "`reported_count`, customers have ordered more pieces than the ERP system has."
        )
    )
    order_count: int = Field(description="The number of orders that hold pieces.")
    orders: list[HoldingOrder] = Field(description="These orders, the oldest first, at most 100.")


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
    category: Label | None = None
    brand: Label | None = None
    price_min: Money | None = Field(
        default=None,
        description="Only products with at least this price. While an offer is valid, its price is compared.",
    )
    price_max: Money | None = Field(
        default=None,
        description="Only products with at most this price. While an offer is valid, its price is compared.",
    )
    in_stock: Switch | None = Field(
        default=None,
        description=(
            "If `true`, only products that are in stock: untracked products, and tracked products with at least "
            "one piece. If `false`, only products that are out of stock."
        ),
    )
    sort: Sort = Field(
        default="name",
        description=(
            "The field to sort by. A leading `-` means descending: `-created_at` lists the newest first. In name"
            " order, case and accents do not matter."
        ),
    )

    def stock(self) -> list[str]:
        """Return the filters of the stock as an argument for `app.stock_condition`, e.g. `["in_stock"]`."""
        return [] if self.in_stock is None else ["in_stock" if self.in_stock else "out_of_stock"]


class ProductFilters(ProductListFilters):
    """The filters of a list of a catalog's products."""

    is_active: Switch | None = None
    inventory_policy: InventoryPolicy | None = Field(
        default=None, description="Only products with this policy: `tracked` or `untracked`."
    )
    updated_since: Timestamp | None = Field(
        default=None, description="Only products that have changed at this time or later."
    )

    def stock(self) -> list[str]:
        """Return the filters of the stock as an argument for `app.stock_condition`, e.g. `["in_stock", "tracked"]`."""
        return super().stock() + ([] if self.inventory_policy is None else [self.inventory_policy])
