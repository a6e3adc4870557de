"""Webhooks: a client's endpoints, and what was sent to them."""

from typing import Annotated, ClassVar, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from wecelebrate.core.models import ABSENT, Input, Moment, Object, Patch
from wecelebrate.core.pages import ListParameters

EventName = Literal[
    "job.completed",
    "job.failed",
    "job.cancelled",
    "job.awaiting_approval",
    "import.completed",
    "import.failed",
    "sync.completed",
    "sync.failed",
    "order.created",
    "order.processed",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "report.ready",
    "inventory.low",
    "webhook.test",
]
SUBSCRIBABLE = sorted(
    {"*"}
    | {name for event in get_args(EventName) for name in (event, f"{event.partition('.')[0]}.*")}
    - {"webhook.test", "webhook.*"}
)
"""What an endpoint may ask for: an event, all of a kind, or every one."""

Status = Literal["enabled", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed"]


def _known(name: str) -> str:
    if name not in SUBSCRIBABLE:
        raise ValueError(f"should be one of {', '.join(SUBSCRIBABLE)}")
    return name


Subscription = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": SUBSCRIBABLE})]
Subscriptions = Annotated[list[Subscription], Field(min_length=1, max_length=50)]
Description = Annotated[str, StringConstraints(max_length=500)]
Address = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048),
    Field(description="Of the public internet, with https, on port 443."),
]


class NewWebhook(Input):
    """What makes an endpoint."""

    client_id: UUID
    url: Address
    events: Subscriptions
    description: Description | None = None


class WebhookPatch(Patch):
    """A change of an endpoint. Enabling one that was disabled begins its count of failures anew."""

    url: Address = ABSENT
    events: Subscriptions = ABSENT
    description: Description | None = None
    status: Status = ABSENT


class Webhook(BaseModel):
    """An endpoint as it is read: its secret is not."""

    id: UUID
    client_id: UUID
    url: str
    description: str | None
    events: list[str]
    status: Status
    disabled_reason: Literal["by_hand", "gone", "failing"] | None = Field(
        description="`gone`: it answered 410. `failing`: for days it did nothing but fail."
    )
    disabled_at: Moment | None
    created_at: Moment
    updated_at: Moment


class WebhookWithSecret(Webhook):
    """An endpoint with a new secret, which is shown this once."""

    secret: str = Field(description="`whsec_…`: what its deliveries are signed with.")


class Rotation(Input):
    """How a secret is replaced."""

    overlap_hours: int = Field(default=24, ge=0, le=168, description="How long the secret before signs as well.")


class WebhookFilters(ListParameters):
    """What a list of endpoints may be asked."""

    client_id: UUID | None = None
    status: Status | None = None


class Attempt(BaseModel):
    """One attempt to deliver."""

    at: Moment
    status: int | None = Field(description="Of the answer; null when there was none.")
    error: str | None = Field(description="Why it counts as failed.")
    milliseconds: int


class Delivery(BaseModel):
    """One event on its way to one endpoint. Its id is the `webhook-id` of every attempt."""

    id: UUID
    client_id: UUID
    webhook_id: UUID
    event: str
    status: DeliveryStatus
    attempts: int
    next_at: Moment | None = Field(description="When it is tried next, unless its endpoint needs a pause.")
    last_at: Moment | None
    last_status: int | None
    last_error: str | None
    last_milliseconds: int | None
    created_at: Moment
    delivered_at: Moment | None


class DeliveryInFull(Delivery):
    """One delivery with all that is known of it."""

    payload: Object = Field(description="The body.")
    last_body: str | None = Field(description="The first 2 KB of the last answer.")
    log: list[Attempt] = Field(description="The last 20 attempts, oldest first.")


class DeliveryFilters(ListParameters):
    """What the log of deliveries may be asked."""

    client_id: UUID | None = None
    webhook_id: UUID | None = None
    event: EventName | None = None
    status: DeliveryStatus | None = None


class Since(Input):
    """Which deliveries are sent again."""

    place: ClassVar[str] = ""

    since: AwareDatetime = Field(description="Failed ones that were published since.")


class Replayed(BaseModel):
    """What is sent again."""

    deliveries: int
    has_more: bool = Field(description="Whether there are more: ask again.")
