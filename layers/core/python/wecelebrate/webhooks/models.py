"""Webhooks: the endpoints of clients, and the deliveries to these endpoints."""

from typing import Annotated, ClassVar, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from wecelebrate.core.models import ABSENT, Input, Object, Patch, Secret
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Count, HttpUrl, Id, Moment, Name, Timestamp

EventName = Literal[
    "job.completed",
    "job.failed",
    "job.cancelled",
    "job.awaiting_approval",
    "job.awaiting_decision",
    "import.completed",
    "import.failed",
    "sync.completed",
    "sync.failed",
    "order.created",
    "order.processed",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.updated",
    "shipment.updated",
    "return.requested",
    "return.approved",
    "return.received",
    "return.refused",
    "report.ready",
    "inventory.low",
    "inventory.short",
    "webhook.test",
]
SUBSCRIBABLE = sorted(
    {"*"}
    | {name for event in get_args(EventName) for name in (event, f"{event.partition('.')[0]}.*")}
    - {"webhook.test", "webhook.*"}
)
"""The possible subscriptions: one event (e.g. `job.failed`), all events of a resource (e.g. `job.*`), or all events
(`*`).
"""

WebhookStatus = Literal["enabled", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed"]


def _check_subscription(name: str) -> str:
    if name not in SUBSCRIBABLE:
        raise ValueError(f"must be one of {', '.join(SUBSCRIBABLE)}")
    return name


Subscription = Annotated[str, AfterValidator(_check_subscription), Field(json_schema_extra={"enum": SUBSCRIBABLE})]
Subscriptions = Annotated[list[Subscription], Field(min_length=1, max_length=50)]
EndpointUrl = Annotated[HttpUrl, Field(description="An https URL on the public internet, on port 443.")]
"""The URL of an endpoint. `outbound` refuses http, except for the hosts in an exception list in the settings. Only the
local cloud has such a list.
"""


class NewWebhook(Input):
    """A new endpoint."""

    client_id: Id
    url: EndpointUrl
    events: Subscriptions
    """The events that the endpoint gets. `job.*` means all events whose names begin with `job.`."""
    description: Name | None = None
    """A text about the endpoint. The people who manage the endpoint see this text."""


class WebhookPatch(Patch):
    """A change of an endpoint.

    If the request contains `url` or `status`, the count of consecutive failures becomes 0.
    """

    url: EndpointUrl = ABSENT
    events: Subscriptions = ABSENT
    description: Name | None = None
    status: WebhookStatus = ABSENT
    """`disabled`: the endpoint gets no events."""


class Webhook(BaseModel):
    """An endpoint, without its secret."""

    id: UUID
    client_id: UUID
    url: str
    """The URL to which the events are sent."""
    description: str | None
    events: list[str]
    status: WebhookStatus
    disabled_reason: Literal["by_hand", "gone", "failing"] | None = Field(
        description=(
            "`by_hand`: a user has disabled the endpoint. `gone`: the endpoint has responded with status 410. "
            "`failing`: for at least three days, all attempts have failed."
        )
    )
    disabled_at: Moment | None
    """When the endpoint was disabled. Null if it is not disabled."""
    created_at: Moment
    updated_at: Moment


class WebhookWithSecret(Webhook):
    """An endpoint with its new secret. Store the secret, because no later response contains it."""

    secret: Annotated[str | None, Secret] = Field(
        description=(
            "The secret that signs deliveries. It begins with `whsec_`. Null if the response to an idempotency "
            "key is repeated, because the platform does not store responses with secrets. If the first response "
            "was lost, rotate the secret."
        )
    )


class Rotation(Input):
    """The rotation of a secret."""

    overlap_hours: Count = Field(
        default=24,
        le=168,
        description="The number of hours for which deliveries are also signed with the previous secret.",
    )


class WebhookFilters(ListParameters):
    """The filters of a list of endpoints."""

    client_id: Id | None = None
    status: WebhookStatus | None = None


class Attempt(BaseModel):
    """One attempt to send a delivery."""

    at: Moment
    """When the attempt was made."""
    status: int | None = Field(description="The status code of the response. Null if there was no response.")
    error: str | None = Field(description="Why the attempt failed. Null if the delivery arrived.")
    milliseconds: int
    """How long the attempt took, in milliseconds."""


class Delivery(BaseModel):
    """The delivery of one event to one endpoint.

    Every attempt sends the id of the delivery in the header `webhook-id`.
    """

    id: UUID
    client_id: UUID
    webhook_id: UUID
    """The endpoint."""
    event: str
    """The name of the event."""
    status: DeliveryStatus
    """The state of the delivery."""
    attempts: int
    """The number of attempts so far."""
    next_at: Moment | None = Field(
        description="The time of the next attempt. If the endpoint is paused, the attempt is made later."
    )
    last_at: Moment | None
    """When the last attempt was made. Null if no attempt was made."""
    last_status: int | None
    """The status code of the last response. Null if there was no response."""
    last_error: str | None
    """Why the last attempt failed. Null if the last attempt did not fail."""
    last_milliseconds: int | None
    """How long the last attempt took, in milliseconds."""
    created_at: Moment
    delivered_at: Moment | None
    """When the delivery arrived. Null if the delivery has not arrived."""


class DeliveryDetails(Delivery):
    """A delivery with its payload and its attempts."""

    payload: Object = Field(description="The body of the request.")
    last_body: str | None = Field(description="The first 2 KB of the body of the last response.")
    log: list[Attempt] = Field(description="The last 20 attempts, oldest first.")


class DeliveryFilters(ListParameters):
    """The filters of a list of deliveries."""

    client_id: Id | None = None
    webhook_id: Id | None = None
    event: EventName | None = None
    status: DeliveryStatus | None = None


class ReplayFilters(Input):
    """The filters that select the failed deliveries to replay."""

    place: ClassVar[str] = ""

    since: Timestamp = Field(
        description="Replay the failed deliveries whose events were published at or after this time."
    )


class ReplayResult(BaseModel):
    """The number of replayed deliveries."""

    deliveries: int
    """The number of deliveries that are sent again."""
    has_more: bool = Field(description="Whether more failed deliveries remain. Repeat the request to replay them.")
