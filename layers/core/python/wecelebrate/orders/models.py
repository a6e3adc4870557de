"""Orders that the visitors of a site place."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

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
    ShortLine,
    Timestamp,
)

OrderStatus = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
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
    line1: ShortLine = Field(description="The street and the house number.")
    line2: ShortLine | None = None
    city: ShortLine
    region: ShortLine | None = Field(default=None, description="The state or province.")
    postal_code: PostalCode | None = None
    country: CountryCode = Field(description="An ISO 3166-1 alpha-2 code, e.g. `DE`.")


class NewOrderLine(Input):
    """A line of a new order: a product and its quantity."""

    product_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]


class NewOrder(Input):
    """A new order. The current prices of the catalog apply."""

    lines: list[NewOrderLine] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description="The lines of the order. Each product can occur in only one line.",
    )
    customer_name: ShortLine
    customer_email: EmailAddress = Field(description="The confirmation is sent to this address.")
    shipping_address: ShippingAddress
    total_amount: Money | None = Field(
        default=None,
        description="The total that the customer saw. If the current total differs, the order is refused.",
    )
    metadata: Annotated[Object, at_most(MAX_METADATA_BYTES)] = Field(
        default_factory=dict,
        description="Your own data, e.g. a greeting or a cost centre. At most 8,192 bytes as JSON.",
    )


class OrderItem(BaseModel):
    """A line of an order, with the data that the product had when the order was placed."""

    line: int
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Amount
    image: str | None


class PlacedOrder(BaseModel):
    """An order with the fields that its customer can see."""

    id: UUID
    order_number: str = Field(description="The order number to show to people. It is unique for the client.")
    status: OrderStatus
    total_amount: Amount
    currency: str
    customer_name: str
    customer_email: str
    shipping_address: Object
    items: list[OrderItem]
    created_at: Moment
    shipped_at: Moment | None
    delivered_at: Moment | None


class Order(PlacedOrder):
    """An order with the fields that the site's client can see."""

    client_id: UUID
    site_id: UUID
    customer_subject: str | None = Field(description="The `sub` claim of the customer's token. Null for a guest.")
    metadata: Object
    updated_at: Moment


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


class OrderFilters(SiteOrderFilters):
    """The filters of a list of orders."""

    client_id: Id | None = None
    site_id: Id | None = None
