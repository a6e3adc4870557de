"""The objects that visitors of a site can see."""

from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Object
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Amount, Moment, Money, Switch
from wecelebrate.products.models import ProductListFilters, ProductMedia
from wecelebrate.sites.models import EventStorage


class Storefront(BaseModel):
    """The configuration of a storefront."""

    id: UUID
    name: str
    """The name of the shop."""
    domain: str = Field(description="The verified domain of the site, or its host under the domain of the platform.")
    currency: str | None = Field(
        description="The currency of all prices. Null: there are no products yet, or prices in several currencies."
    )
    branding: Object
    """The look of the shop, e.g. its colours."""
    settings: Object = Field(description="The value of `public` in the settings of the site.")
    guest_orders: bool = Field(description="Whether visitors without a token may place orders.")
    max_line_quantity: int = Field(description="The largest quantity of one product in one order.")
    max_daily_quantity: int | None = Field(
        description=(
            "The maximum number of pieces that one customer, or all guests with the same e-mail address together, "
            "may order in 24 hours. Null means that there is no limit."
        )
    )
    max_daily_quantity_per_address: int | None = Field(
        description=(
            "The maximum number of pieces that may be ordered from one IP address in 24 hours. Null means that "
            "there is no limit."
        )
    )
    max_order_amount: Money | None = Field(
        description="The largest total of one order. Null means that there is no limit."
    )
    cancel_window_minutes: int = Field(
        description=(
            "The number of minutes for which a buyer may cancel an order after placing it. 0: buyers cannot "
            "cancel orders."
        )
    )
    confirm_guest_orders: bool = Field(description="Whether a guest must confirm an order with the link of a mail.")
    ship_to_countries: list[str] | None = Field(
        description="The countries to which the site ships. Null means that it ships to all countries."
    )
    ship_to_po_boxes: bool = Field(description="Whether the site ships to post office boxes.")
    event_storage: EventStorage = Field(
        description="What the site stores of events. If it is `all`, ask the visitor for consent before you send events"
        " with a user or a session."
    )


class StorefrontProduct(BaseModel):
    """A product on a storefront."""

    id: UUID
    sku: str
    """The SKU of the product."""
    name: str
    """The name of the product."""
    description: str | None
    """A text about the product. It can have several lines."""
    category: str | None
    """The category of the product."""
    brand: str | None
    """The brand of the product."""
    price: Amount
    """The price of one piece, in the currency of the product."""
    regular_price: Amount | None = Field(
        description="The price without the offer that is valid now. Null: no offer lowers the price."
    )
    offer_ends_at: Moment | None = Field(
        description="The end of the offer that is valid now. Null: no offer is valid, or its end is not known."
    )
    currency: str
    """The currency of the price, as an ISO 4217 code."""
    images: list[str]
    """The URLs of the images. The first image is the main image."""
    media: list[ProductMedia] = Field(description="The images that have been processed, in the order of `images`.")
    attributes: Object
    """Other properties of the product, e.g. its material."""
    in_stock: bool = Field(
        description="Whether the product can be ordered. Also true for a product whose stock is not tracked."
    )


class StorefrontFilters(ProductListFilters):
    """The filters of a list of a storefront's products."""

    facets: Switch = Field(default=True, description="Whether the first page includes facets.")


class FacetValue(BaseModel):
    """A value of a facet, and the number of products that have this value."""

    value: str
    """The value."""
    count: int
    """The number of products with this value."""


class PriceRange(BaseModel):
    """The lowest and the highest price. Both are null if no product was found, or if the prices have several
    currencies.
    """

    min: Amount | None
    """The lowest price."""
    max: Amount | None
    """The highest price."""
    currency: str | None
    """The currency of both prices, as an ISO 4217 code. Null if `min` and `max` are null."""


class Facets(BaseModel):
    """The number of products in each category and of each brand, and the range of prices.

    Each facet applies all filters except the filter by its own field. For example, `brand` ignores the filter by brand.
    """

    category: list[FacetValue]
    """The categories, each with its number of products."""
    brand: list[FacetValue]
    """The brands, each with its number of products."""
    price: PriceRange
    """The lowest and the highest price."""


class StorefrontPage(Page[StorefrontProduct]):
    """One page of a storefront's products."""

    facets: Facets | None = Field(
        default=None, description="Null on all pages except the first, and null if the request has `facets=false`."
    )
