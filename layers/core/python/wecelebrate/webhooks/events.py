"""The webhook events: the meaning of each, and the model of its data.

The OpenAPI document contains their JSON schemas, under `webhooks`. The fields of a model are stable; an event can have
more fields.
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
    """A job that ended, or that waits for approval."""

    job_id: UUID = Field(description="`GET /v1/jobs/{job_id}` returns the job.")
    type: str | None = Field(default=None, description="The type of the job.")
    status: str | None = Field(default=None, description="The status in which the job stopped.")
    catalog_id: UUID | None = Field(default=None, description="The catalog that the job changes.")
    source: dict[str, Any] | None = Field(default=None, description="The file that the job processes.")
    counts: dict[str, int] | None = Field(default=None, description="The number of rows by outcome.")
    error_code: str | None = Field(default=None, description="Why a failed job failed, as a stable code.")
    error: str | None = Field(default=None, description="Why a failed job failed, as text for people.")


class OrderData(EventData):
    """An order with a new status."""

    order_id: UUID
    order_number: str | None = None
    site_id: UUID | None = None
    status: str | None = None


class ReportData(EventData):
    """A report that is ready."""

    job_id: UUID
    name: str | None = None


class LowStockProduct(BaseModel):
    """A product with low stock."""

    product_id: UUID
    sku: str
    name: str
    inventory_count: int = Field(description="The units in stock.")


class LowStockData(EventData):
    """The products whose stock became low by one change of their catalog."""

    catalog_id: UUID
    low_inventory: int = Field(description="The threshold of the catalog.")
    count: int = Field(description="How many products fell to the threshold, or below it.")
    products: list[LowStockProduct] = Field(description="The first 100 of these products, by SKU.")


class TestData(EventData):
    """A test event."""

    webhook_id: UUID


@dataclass(frozen=True)
class Event:
    """A kind of event."""

    summary: str
    data: type[EventData]


EVENTS: Mapping[EventName, Event] = {
    "job.completed": Event("A job completed.", JobData),
    "job.failed": Event("A job failed and is not retried.", JobData),
    "job.cancelled": Event("A job was cancelled.", JobData),
    "job.awaiting_approval": Event("A job waits for approval before its first change.", JobData),
    "import.completed": Event("A bulk import completed.", JobData),
    "import.failed": Event("A bulk import failed and is not retried.", JobData),
    "sync.completed": Event("A file of an ERP system was merged into its catalog.", JobData),
    "sync.failed": Event("A file of an ERP system could not be merged into its catalog.", JobData),
    "order.created": Event("An order was placed.", OrderData),
    "order.processed": Event("An order is being processed.", OrderData),
    "order.shipped": Event("An order was shipped.", OrderData),
    "order.delivered": Event("An order was delivered.", OrderData),
    "order.cancelled": Event("An order was cancelled.", OrderData),
    "report.ready": Event("A report is ready.", ReportData),
    "inventory.low": Event("The stock of products fell to the threshold of their catalog.", LowStockData),
    "webhook.test": Event("A test. It is sent to the requested endpoint, whatever its subscriptions are.", TestData),
}


def payload(event: EventName, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event as JSON. Raises ValidationError if it does not match the event's model."""
    return EVENTS[event].data.model_validate(dict(data)).model_dump(mode="json", exclude_unset=True)


def envelope(event: EventName) -> dict[str, Any]:
    """The JSON schema of the body of an event's request."""
    return {
        "type": "object",
        "properties": {
            "type": {"const": event},
            "timestamp": {"type": "string", "format": "date-time", "description": "When the event was published."},
            "data": EVENTS[event].data.model_json_schema(),
        },
        "required": ["type", "timestamp", "data"],
    }
