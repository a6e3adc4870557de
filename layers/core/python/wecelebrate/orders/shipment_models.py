"""The history, the lines, the shipments and the returns of orders."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Object
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Amount, Id, Moment
from wecelebrate.orders.models import OrderStatus, PlacedOrder

EventType = Literal[
    "placed",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "cancelled",
    "lines_cancelled",
    "cancel_requested",
    "cancel_withdrawn",
    "shipment_added",
    "shipment_changed",
    "shipment_delivered",
    "changed",
    "return_requested",
    "return_approved",
    "return_received",
    "return_refused",
    "replaced",
    "late_news",
    "imported",
]
ReturnStatus = Literal["requested", "approved", "received", "refused"]


class OrderEvent(BaseModel):
    """An event of an order. An event is never changed or deleted."""

    id: UUID
    client_id: UUID
    order_id: UUID
    """The order to which the event belongs."""
    version: int
    """The version of the order after the event."""
    type: EventType
    """What happened."""
    from_status: OrderStatus | None
    """The status before the event. Null if the status stayed the same."""
    to_status: OrderStatus | None
    """The status after the event. Null if the status stayed the same."""
    source: Literal["api", "storefront", "file", "system"]
    """How the platform learned of the event."""
    actor: Literal["admin", "client", "customer", "guest", "service"]
    """Who made the change."""
    subject: str | None = Field(description="The `sub` claim of the person who made the change. Null for a guest.")
    details: Object
    """The details, e.g. the lines of a shipment."""
    happened_at: Moment
    """When the event happened, e.g. when a parcel left the warehouse."""
    created_at: Moment
    """When the platform recorded the event."""


class OrderLine(BaseModel):
    """A line of an order, with the number of its shipped, cancelled and returned pieces."""

    client_id: UUID
    order_id: UUID
    """The order of the line."""
    line: int
    """The number of the line, from 1."""
    product_id: UUID | None = Field(description="The product. Null if it was deleted.")
    sku: str
    """The SKU of the product."""
    name: str
    """The name of the product."""
    quantity: int
    """The number of ordered pieces."""
    unit_price: Amount
    """The price of one piece, in the currency of the order."""
    shipped_quantity: int
    """The number of shipped pieces."""
    cancelled_quantity: int
    """The number of cancelled pieces."""
    returned_quantity: int = Field(description="The number of pieces in returns that were not refused.")
    open_quantity: int = Field(description="The number of pieces that are not shipped and not cancelled.")


class OrderLines(BaseModel):
    """All lines of an order."""

    data: list[OrderLine]


class ShipmentLine(BaseModel):
    """Pieces in a shipment."""

    line: int
    """The number of the line of the order."""
    quantity: int


class BuyerShipment(BaseModel):
    """A shipment of an order, with the fields that the buyer can see."""

    id: UUID
    number: str = Field(description="The number of the shipment, which is unique in the order.")
    status: Literal["shipped", "delivered"]
    """The state of the shipment."""
    carrier: str | None
    """The carrier, e.g. `DHL`."""
    tracking_number: str | None
    """The number with which the carrier tracks the parcel."""
    tracking_url: str | None
    """The URL of the page on which the parcel can be tracked."""
    lines: list[ShipmentLine]
    """The pieces in the shipment."""
    shipped_at: Moment
    """When the shipment was shipped."""
    delivered_at: Moment | None
    """When the shipment was delivered. Null if it has not been delivered."""
    created_at: Moment
    updated_at: Moment


class Shipment(BuyerShipment):
    """A shipment of an order."""

    client_id: UUID
    order_id: UUID
    """The order of the shipment."""
    source: Literal["api", "file", "system"]
    """How the platform learned of the shipment."""


class Shipments(BaseModel):
    """All shipments of an order, sorted from oldest to newest."""

    data: list[Shipment]


class BuyerShipments(BaseModel):
    """All shipments of a buyer's order, sorted from oldest to newest."""

    data: list[BuyerShipment]


class GuestOrder(PlacedOrder):
    """The order of a guest, with its shipments."""

    shipments: list[BuyerShipment]
    """The shipments of the order, sorted from oldest to newest."""


class LinkRequested(BaseModel):
    """The response to the request for a link. It does not say whether such an order exists."""

    valid_hours: int = Field(description="The number of hours for which the link in the mail is valid.")


class ReturnLine(BaseModel):
    """Pieces in a return."""

    line: int
    """The number of the line of the order."""
    quantity: int
    received_quantity: int | None = Field(
        description="The number of pieces that have arrived. Null until the return arrives."
    )
    restocked_quantity: int = Field(description="The number of arrived pieces that went back on sale.")


class Return(BaseModel):
    """A return of shipped pieces."""

    id: UUID
    client_id: UUID
    order_id: UUID
    """The order whose pieces are returned."""
    number: int = Field(description="The number of the return within the order, from 1.")
    status: ReturnStatus
    """The state of the return."""
    reason: str | None
    """Why the pieces are returned."""
    note: str | None
    """A text that the client has written about the return."""
    replacement_order_id: UUID | None = Field(description="The order that sends the pieces again. Null: none.")
    lines: list[ReturnLine]
    """The pieces in the return."""
    created_at: Moment
    updated_at: Moment
    approved_at: Moment | None
    """When the return was approved. Null if it has not been approved."""
    received_at: Moment | None
    """When the pieces arrived. Null if they have not arrived."""
    refused_at: Moment | None
    """When the return was refused. Null if it has not been refused."""


class ReturnFilters(ListParameters):
    """The filters of a list of returns."""

    client_id: Id | None = None
    order_id: Id | None = None
    status: ReturnStatus | None = None
