"""Orders that the visitors of a site place."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from wecelebrate.addresses import normalized_address
from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input, Object, at_most
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import (
    Amount,
    CountryCode,
    EmailAddress,
    Id,
    Line,
    Moment,
    Money,
    OrderNumber,
    PhoneNumber,
    ShortLine,
    Timestamp,
)

OrderStatus = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
OrderKind = Literal["sale", "replacement"]
Fulfilment = Literal["none", "partial", "full"]
MAX_LINES = 100
MAX_QUANTITY = 10_000
"""The largest quantity of one product in one order."""
MAX_METADATA_BYTES = 8192
"""The largest size of `metadata` as JSON, in bytes. The limit is low, because anonymous visitors can write
`metadata`."""

PostalCode = Annotated[str, Line(20)]


class ShippingAddress(Input):
    """A shipping address. Each field is one line of text."""

    name: ShortLine | None = Field(
        default=None, description="The name of the recipient, if the recipient is not the customer."
    )
    company: ShortLine | None = None
    """The company at the address."""
    line1: ShortLine = Field(description="The street and the house number.")
    line2: ShortLine | None = None
    """Further details of the address, e.g. the floor."""
    city: ShortLine | None = Field(default=None, description="The city. Some countries have none, e.g. Singapore.")
    region: ShortLine | None = Field(
        default=None, description="The state, province or other administrative area. Some countries require it."
    )
    postal_code: PostalCode | None = None
    """The postal code. Some countries have no postal codes."""
    country: CountryCode = Field(description="An ISO 3166-1 alpha-2 code, e.g. `DE`.")
    phone: PhoneNumber | None = Field(
        default=None, description="The telephone number of the recipient, for the carrier. Not required."
    )


def normalize_address(address: ShippingAddress) -> None:
    """Write the postal code of an address in the format of its country.

    Raises Invalid if a required field of the country is missing.
    """
    normalized, errors = normalized_address(address.model_dump(), "/shipping_address")
    if errors:
        raise Invalid(errors=errors)
    address.postal_code = normalized["postal_code"]


class NewOrderLine(Input):
    """A line of a new order: a product and its quantity."""

    product_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
    """The number of pieces."""


class NewOrder(Input):
    """A new order. Its prices are the current prices of the catalog."""

    lines: list[NewOrderLine] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description="The lines of the order. Each product can occur in only one line.",
    )
    customer_name: ShortLine
    """The name of the customer."""
    customer_email: EmailAddress = Field(description="The confirmation is sent to this address.")
    shipping_address: ShippingAddress
    """The address to which the order is shipped. The required fields depend on the country."""
    total_amount: Money | None = Field(
        default=None,
        description=(
            "The total that was shown to the customer. If the current total is different, the order is refused."
        ),
    )
    metadata: Annotated[Object, at_most(MAX_METADATA_BYTES)] = Field(
        default_factory=dict,
        description="Your own data, e.g. a greeting or a cost centre. At most 8,192 bytes as JSON.",
    )

    @model_validator(mode="after")
    def _address_of_its_country(self) -> Self:
        """Refuse an address if a required field of its country is missing.

        Write the postal code in the format of the country.
        """
        normalize_address(self.shipping_address)
        return self


class OrderItem(BaseModel):
    """A line of an order. It contains the data of the product from the time when the order was placed."""

    line: int
    """The number of the line, from 1."""
    product_id: UUID | None = Field(
        description="The product. Null in an imported order, if the line matches no product of the catalog."
    )
    sku: str
    """The SKU of the product."""
    name: str
    """The name of the product."""
    quantity: int
    """The number of pieces."""
    unit_price: Amount
    """The price of one piece, in the currency of the order."""
    image: str | None
    """The URL of the main image. Null if the product had no image."""


class PlacedOrder(BaseModel):
    """An order with the fields that its customer can see."""

    id: UUID
    order_number: str = Field(description="The order number to show to people. It is unique for the client.")
    status: OrderStatus
    """The state of the order."""
    total_amount: Amount
    currency: str
    """The currency of all amounts of the order, as an ISO 4217 code."""
    customer_name: str
    customer_email: str
    shipping_address: Object
    items: list[OrderItem]
    """The lines of the order."""
    created_at: Moment
    shipped_at: Moment | None
    """When the order was shipped. Null if it has not been shipped."""
    delivered_at: Moment | None
    """When the order was delivered. Null if it has not been delivered."""
    fulfilment: Fulfilment = Field(
        description=(
            "Whether the pieces that are not cancelled were shipped: none of them (`none`), some (`partial`), or "
            "all (`full`)."
        )
    )
    confirm_by: Moment | None = Field(
        description=(
            "If the guest must still confirm the order: the time at which an order without confirmation is cancelled."
        )
    )
    cancel_requested_at: Moment | None = Field(
        description="When the ERP was asked to cancel the order. Null if no request is open."
    )
    cancelled_at: Moment | None
    """When the order was cancelled. Null if it has not been cancelled."""
    updated_at: Moment


class Order(PlacedOrder):
    """An order with the fields that the site's client can see."""

    client_id: UUID
    site_id: UUID
    customer_subject: str | None = Field(description="The `sub` claim of the customer's token. Null for a guest.")
    metadata: Object
    kind: OrderKind = Field(
        description=(
            "`sale`: a visitor placed the order. `replacement`: the client sends pieces of an earlier order again."
        )
    )
    version: int = Field(description="Counts the changes of the order, from 1.")
    problem: str | None = Field(
        description=(
            "The code of the problem that must be resolved before the order is processed, e.g. `address`. "
            "`unconfirmed`: the guest has not confirmed the order. Null: the order has no problem."
        )
    )
    external_number: str | None = Field(description="The number of the order in the ERP.")
    replaces_order_id: UUID | None = Field(description="For a replacement: the order whose pieces are sent again.")
    exported_at: Moment | None = Field(
        description="When the order was first exported to an ERP. After that, the ERP must confirm a cancellation."
    )
    processed_at: Moment | None
    """When the order was first processed. Null if it has not been processed."""
    cancel_reason: str | None
    """Why the order was cancelled, or why its cancellation was requested."""


class SiteOrderFilters(ListParameters):
    """The filters of a list of a site's orders."""

    status: OrderStatus | None = None
    order_number: OrderNumber | None = Field(default=None, description="The complete number. Case is ignored.")
    customer_email: EmailAddress | None = Field(
        default=None, description="The complete e-mail address. Case is ignored."
    )
    created_from: Timestamp | None = Field(
        default=None, description="List orders that were placed at this time or later."
    )
    created_to: Timestamp | None = Field(default=None, description="List orders that were placed before this time.")
    updated_since: Timestamp | None = Field(
        default=None,
        description="List orders that have changed at this time or later. A change of a shipment also counts.",
    )
    external_number: Annotated[str, Line(100)] | None = Field(
        default=None, description="The complete number of the order in the ERP."
    )


class OrderFilters(SiteOrderFilters):
    """The filters of a list of orders."""

    client_id: Id | None = None
    site_id: Id | None = None
