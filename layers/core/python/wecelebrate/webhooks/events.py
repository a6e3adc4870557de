"""What clients can be told: each event with what it means, and the model of its data.

Their JSON schemas stand in the OpenAPI document, under `webhooks`. A model names what is promised; more may come along.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from wecelebrate.webhooks.models import EventName


class EventData(BaseModel):
    """What an event tells."""

    model_config = ConfigDict(extra="allow")


class JobData(EventData):
    """A job that ended, or waits for an approval."""

    job_id: UUID = Field(description="`GET /v1/jobs/{job_id}` says all about it.")
    type: str | None = Field(default=None, description="What kind of job.")
    status: str | None = Field(default=None, description="Where it stopped.")
    catalog_id: UUID | None = Field(default=None, description="The catalog that it is about.")
    source: dict[str, Any] | None = Field(default=None, description="The file that it is about.")
    counts: dict[str, int] | None = Field(default=None, description="What became of the rows.")
    error_code: str | None = Field(default=None, description="Of one that failed: stable.")
    error: str | None = Field(default=None, description="Of one that failed: why, for a person.")


class OrderData(EventData):
    """An order that came further."""

    order_id: UUID
    order_number: str | None = None
    site_id: UUID | None = None
    status: str | None = None


class ReportData(EventData):
    """A report that can be read."""

    job_id: UUID
    name: str | None = None


class LowProduct(BaseModel):
    """A product of which there is little left."""

    product_id: UUID
    sku: str
    name: str
    inventory_count: int = Field(description="What is left.")


class InventoryData(EventData):
    """Products of which there is little left, since one change of their catalog."""

    catalog_id: UUID
    low_inventory: int = Field(description="What the catalog says is little.")
    count: int = Field(description="How many products fell to it, or below.")
    products: list[LowProduct] = Field(description="At most 100 of them, by SKU.")


class TestData(EventData):
    """A trial."""

    webhook_id: UUID


@dataclass(frozen=True)
class Event:
    """One kind of event."""

    means: str
    data: type[EventData]


EVENTS: Mapping[EventName, Event] = {
    "job.completed": Event("A job was done.", JobData),
    "job.failed": Event("A job failed for good.", JobData),
    "job.cancelled": Event("A job was cancelled.", JobData),
    "job.awaiting_approval": Event("A job stopped before its first change until somebody approves of it.", JobData),
    "import.completed": Event("A bulk import was done.", JobData),
    "import.failed": Event("A bulk import failed for good.", JobData),
    "sync.completed": Event("A file of an ERP system is in its catalog.", JobData),
    "sync.failed": Event("A file of an ERP system could not be taken over.", JobData),
    "order.created": Event("An order was placed.", OrderData),
    "order.processed": Event("An order is being processed.", OrderData),
    "order.shipped": Event("An order was shipped.", OrderData),
    "order.delivered": Event("An order was delivered.", OrderData),
    "order.cancelled": Event("An order was cancelled.", OrderData),
    "report.ready": Event("A report can be read.", ReportData),
    "inventory.low": Event("Little is left of products of which there was more.", InventoryData),
    "webhook.test": Event("A trial: it goes to the endpoint it was asked for, whatever that subscribed to.", TestData),
}


def told(event: EventName, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event as JSON. Raises ValidationError for data that do not fit it."""
    return EVENTS[event].data.model_validate(dict(data)).model_dump(mode="json", exclude_unset=True)


def envelope(event: EventName) -> dict[str, Any]:
    """The JSON schema of the body that tells of an event."""
    return {
        "type": "object",
        "properties": {
            "type": {"const": event},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": EVENTS[event].data.model_json_schema(),
        },
        "required": ["type", "timestamp", "data"],
    }
