"""An order: what was bought on a site, by whom, and where it goes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment, Money, Object, at_most
from wecelebrate.core.pages import ListParameters
from wecelebrate.mail.sanitize import mail_address

OrderStatus = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
MOST_LINES = 100
MOST_PIECES = 10_000
"""Of one product in one order."""
MOST_METADATA = 4096
"""Characters that anybody may leave."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Amount = Annotated[str, Field(pattern=r"^\d+\.\d\d$")]


def _address(given: str) -> str:
    found = mail_address(given)
    if found is None:
        raise ValueError("should be an e-mail address, as in name@example.com")
    return found


Email = Annotated[str, AfterValidator(_address)]


class ShippingAddress(Input):
    """Where an order goes; each field is a line of text."""

    name: Line | None = Field(default=None, description="Who receives it, when that is not the customer.")
    company: Line | None = None
    line1: Line = Field(description="Street and number.")
    line2: Line | None = None
    city: Line
    region: Line | None = Field(default=None, description="State or province.")
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2.")


class NewOrderLine(Input):
    """So many pieces of a product."""

    product_id: UUID
    quantity: Annotated[int, Field(strict=True, ge=1, le=MOST_PIECES)]


class NewOrder(Input):
    """What makes an order. Prices are those of the catalog at the time."""

    lines: list[NewOrderLine] = Field(min_length=1, max_length=MOST_LINES, description="Each product once.")
    customer_name: Line
    customer_email: Email = Field(description="Where the confirmation goes.")
    shipping_address: ShippingAddress
    total_amount: Money | None = Field(
        default=None, description="What the customer was told that it costs: nothing is ordered if it costs otherwise."
    )
    metadata: Annotated[Object, at_most(MOST_METADATA)] = Field(
        default_factory=dict, description="Of your own, 4,096 characters of it: a greeting, a cost centre."
    )


class OrderItem(BaseModel):
    """A line of an order, as the product was when it was ordered."""

    line: int
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Amount
    image: str | None


class PlacedOrder(BaseModel):
    """An order as its customer sees it."""

    id: UUID
    order_number: str = Field(description="What people call it: unique among the client's orders.")
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
    """An order as the client sees it."""

    client_id: UUID
    site_id: UUID
    customer_subject: str | None = Field(description="The `sub` of the customer's token; null for a guest.")
    metadata: Object
    updated_at: Moment


class SiteOrderFilters(ListParameters):
    """What a list of a site's orders may be asked."""

    status: OrderStatus | None = None
    order_number: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    customer_email: str | None = Field(default=None, max_length=320, description="The whole address, as it was given.")
    created_from: AwareDatetime | None = Field(default=None, description="From this moment on.")
    created_to: AwareDatetime | None = Field(default=None, description="Before this moment.")


class OrderFilters(SiteOrderFilters):
    """What a list of orders may be asked."""

    client_id: UUID | None = None
    site_id: UUID | None = None
