"""Orders of a site's visitors."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment, Money, Object, at_most
from wecelebrate.core.pages import ListParameters
from wecelebrate.mail.sanitize import mail_address

OrderStatus = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
MAX_LINES = 100
MAX_QUANTITY = 10_000
"""Of one product in one order."""
MAX_METADATA_LENGTH = 4096
"""Characters, as JSON. It is small because anonymous visitors can store it."""

TextLine = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Amount = Annotated[str, Field(pattern=r"^\d+\.\d\d$")]


def _check_email(value: str) -> str:
    address = mail_address(value)
    if address is None:
        raise ValueError("must be an e-mail address, e.g. name@example.com")
    return address


Email = Annotated[str, AfterValidator(_check_email)]


class ShippingAddress(Input):
    """A shipping address. Each field is one line of text."""

    name: TextLine | None = Field(default=None, description="The recipient, if it is not the customer.")
    company: TextLine | None = None
    line1: TextLine = Field(description="Street and number.")
    line2: TextLine | None = None
    city: TextLine
    region: TextLine | None = Field(default=None, description="State or province.")
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="An ISO 3166-1 alpha-2 code, e.g. `DE`."
    )


class NewOrderLine(Input):
    """A product and its quantity."""

    product_id: UUID
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]


class NewOrder(Input):
    """A new order. Its prices are the present prices of the catalog."""

    lines: list[NewOrderLine] = Field(min_length=1, max_length=MAX_LINES, description="Each product at most once.")
    customer_name: TextLine
    customer_email: Email = Field(description="The confirmation is sent to this address.")
    shipping_address: ShippingAddress
    total_amount: Money | None = Field(
        default=None,
        description="The total that the customer saw. If the present total differs, the order is not placed.",
    )
    metadata: Annotated[Object, at_most(MAX_METADATA_LENGTH)] = Field(
        default_factory=dict,
        description="Your own data, e.g. a greeting or a cost centre. At most 4,096 characters as JSON.",
    )


class OrderItem(BaseModel):
    """A line of an order, with the product's data at the time of the order."""

    line: int
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Amount
    image: str | None


class PlacedOrder(BaseModel):
    """An order, as its customer sees it."""

    id: UUID
    order_number: str = Field(description="The number for people. Unique among the client's orders.")
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
    """An order, as the client sees it."""

    client_id: UUID
    site_id: UUID
    customer_subject: str | None = Field(description="The `sub` of the customer's token. Null for a guest.")
    metadata: Object
    updated_at: Moment


class SiteOrderFilters(ListParameters):
    """The filters of a list of a site's orders."""

    status: OrderStatus | None = None
    order_number: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    customer_email: str | None = Field(
        default=None, max_length=320, description="The complete address, as in the order."
    )
    created_from: AwareDatetime | None = Field(default=None, description="Inclusive.")
    created_to: AwareDatetime | None = Field(default=None, description="Exclusive.")


class OrderFilters(SiteOrderFilters):
    """The filters of a list of orders."""

    client_id: UUID | None = None
    site_id: UUID | None = None
