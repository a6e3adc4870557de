"""Describes the webhook events: the meaning of each event, and the model of its data.

The OpenAPI document contains the JSON schemas of these models, under `webhooks`. The fields of a model are not renamed
or removed. The data of an event can contain additional fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from wecelebrate.webhooks.models import EventName


class EventData(BaseModel):
    """The data of an event."""

    model_config = ConfigDict(extra="allow")


class JobData(EventData):
    """A job that has ended, or a job that waits for an approval or a decision."""

    job_id: UUID = Field(description="`GET /v1/jobs/{job_id}` returns the job.")
    type: str | None = Field(default=None, description="The type of the job.")
    status: str | None = Field(default=None, description="The status of the job when the event was published.")
    catalog_id: UUID | None = Field(default=None, description="The catalog that the job changes.")
    source: dict[str, Any] | None = Field(default=None, description="The file that the job processes.")
    counts: dict[str, int] | None = Field(default=None, description="The number of rows for each outcome.")
    error_code: str | None = Field(default=None, description="If the job failed: the stable code of the error.")
    error: str | None = Field(default=None, description="If the job failed: the error, as text for people.")


class OrderData(EventData):
    """An order with a new status."""

    order_id: UUID
    """The id of the order."""
    order_number: str | None = None
    """The order number. Show this number to users."""
    site_id: UUID | None = None
    status: str | None = None
    version: int | None = Field(
        default=None, description="Counts the changes of the order. The event with the highest number is the newest."
    )
    change: str | None = Field(
        default=None, description="What happened: the `type` of an event of `GET /v1/orders/{order_id}/events`."
    )


class ShipmentData(OrderData):
    """A new or changed shipment of an order."""

    shipment_id: UUID
    """The id of the shipment."""
    shipment_number: str
    """The number of the shipment in the order."""
    shipment_status: str = Field(description="`shipped` or `delivered`.")
    carrier: str | None = None
    """The carrier, e.g. `DHL`."""
    tracking_number: str | None = None
    """The number with which the carrier tracks the parcel."""
    tracking_url: str | None = None
    """The URL of the page on which the parcel can be tracked."""
    lines: list[dict[str, int]] = Field(description="The `line` and the `quantity` of the pieces in the shipment.")


class ReturnData(OrderData):
    """A return with a new status."""

    return_id: UUID = Field(description="`GET /v1/returns/{return_id}` returns the return.")
    number: int = Field(description="The number of the return within the order, from 1.")


class ReportData(EventData):
    """A report that is ready."""

    job_id: UUID
    name: str | None = None
    """The name of the report."""


class LowStockProduct(BaseModel):
    """A product with low stock."""

    product_id: UUID
    sku: str
    """The SKU of the product."""
    name: str
    """The name of the product."""
    inventory_count: int = Field(description="The units in stock.")


class LowStockData(EventData):
    """The products whose stock became low because of one change, order or load."""

    catalog_id: UUID
    low_inventory: int = Field(description="The threshold: the value of `low_inventory` of the catalog.")
    count: int = Field(description="The number of products whose stock fell to the threshold or below it.")
    products: list[LowStockProduct] = Field(description="These products in SKU order, at most 100.")


class ShortProduct(BaseModel):
    """A product with too little stock: customers have ordered more pieces than the ERP system has."""

    product_id: UUID
    sku: str
    """The SKU of the product."""
    name: str
    """The name of the product."""
    reported_count: int = Field(description="The stock in the file.")
    held_count: int = Field(description="The number of pieces of orders that the stock in the file still contains.")


class ShortStockData(EventData):
    """The products of a file with too little stock: customers have ordered more pieces than the file states."""

    catalog_id: UUID
    job_id: UUID
    """The job that loads the file."""
    count: int = Field(description="The number of these products.")
    products: list[ShortProduct] = Field(description="The first of these products in SKU order, at most 100.")


class TestData(EventData):
    """A test event."""

    webhook_id: UUID
    """The endpoint to which the test event is sent."""


@dataclass(frozen=True)
class Event:
    """The description of a type of event."""

    summary: str
    data: type[EventData]


EVENTS: Mapping[EventName, Event] = {
    "job.completed": Event("A job completed.", JobData),
    "job.failed": Event("A job failed and will not be retried.", JobData),
    "job.cancelled": Event("A job was cancelled.", JobData),
    "job.awaiting_approval": Event("A job waits for approval before it changes anything.", JobData),
    "job.awaiting_decision": Event("A job has questions about its file before it changes anything.", JobData),
    "import.completed": Event("A bulk import completed.", JobData),
    "import.failed": Event("A bulk import failed and will not be retried.", JobData),
    "sync.completed": Event("A file from an ERP system was merged into its catalog.", JobData),
    "sync.failed": Event("A file from an ERP system could not be merged into its catalog.", JobData),
    "order.created": Event("An order was placed.", OrderData),
    "order.processed": Event("An order is being processed.", OrderData),
    "order.shipped": Event("An order was shipped.", OrderData),
    "order.delivered": Event("An order was delivered.", OrderData),
    "order.cancelled": Event("An order was cancelled.", OrderData),
    "order.updated": Event(
        "An order changed, but not its status: pieces were cancelled, a guest confirmed it, or the ERP was asked to "
        "cancel it.",
        OrderData,
    ),
    "shipment.updated": Event("A shipment of an order is new, has new tracking data, or was delivered.", ShipmentData),
    "return.requested": Event("A return was opened.", ReturnData),
    "return.approved": Event("A return was approved.", ReturnData),
    "return.received": Event("The pieces of a return have arrived.", ReturnData),
    "return.refused": Event("A return was refused.", ReturnData),
    "report.ready": Event("A report is ready.", ReportData),
    "inventory.low": Event("The stock of products fell to the threshold of their catalog, or below it.", LowStockData),
    "inventory.short": Event("Customers have ordered more pieces of products than a file states.", ShortStockData),
    "webhook.test": Event(
        "A test event. It is sent to the endpoint in the request, even if the endpoint does not subscribe to it.",
        TestData,
    ),
}


def payload(event: EventName, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an event as JSON. Raises ValidationError if the data does not match the model of the event."""
    return EVENTS[event].data.model_validate(dict(data)).model_dump(mode="json", exclude_unset=True)


def envelope(event: EventName) -> dict[str, Any]:
    """Return the JSON schema of the request body with which an event is delivered."""
    return {
        "type": "object",
        "properties": {
            "type": {"const": event},
            "timestamp": {"type": "string", "format": "date-time", "description": "When the event was published."},
            "data": EVENTS[event].data.model_json_schema(),
        },
        "required": ["type", "timestamp", "data"],
    }
