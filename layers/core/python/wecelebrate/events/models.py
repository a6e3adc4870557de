"""Events of visitors."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from wecelebrate.core.models import Input, Object, checked_fields, json_bytes, normalized
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import Id, Moment, ShortLine, Timestamp
from wecelebrate.core.types.schema import DocumentedAs
from wecelebrate.sites.models import EventStorage

MAX_EVENTS = 100
"""The largest number of events in a request."""
MAX_BATCH_BYTES = 256 * 1024
"""The largest body of a request, in bytes."""
MAX_EVENT_BYTES = 16 * 1024
"""The largest size of an event as JSON, in bytes."""

EVENT_TYPE_PATTERN = r"^[a-z][a-z0-9_.]{0,63}$"
EventType = Annotated[str, StringConstraints(pattern=EVENT_TYPE_PATTERN)]
ORDER_TYPES = frozenset({"purchase", "order_completed", "order_placed"})
"""The types of events that a browser must not report. Purchases are counted from the orders, because a browser can
lose, repeat or invent a purchase."""


class NewEvent(Input):
    """An event that the app of a storefront reports. The event as JSON has at most 16,384 bytes."""

    id: Id = Field(
        description=(
            "The UUID that your app gives to the event. If the same event is sent again, it is stored only once."
        )
    )
    type: EventType = Field(
        description=(
            "The type of the event, e.g. `page_view`, `product_view`, `search`, `add_to_cart` or `checkout`. "
            "`purchase` is refused, because reports count purchases from the orders."
        )
    )
    at: Timestamp = Field(
        description=(
            "When the event happened, by the clock of the device. The platform corrects this time with `sent_at`."
        )
    )
    session_id: ShortLine | None = Field(
        default=None, description="The visit to which the event belongs. Conversion rates in reports need this field."
    )
    user_id: ShortLine | None = Field(
        default=None,
        description=(
            "The user's identifier in your app. The platform does not verify it. The default is the `sub` claim "
            "of the token."
        ),
    )
    consent: EventStorage | None = Field(
        default=None,
        description=(
            "What the visitor allows: `all`, `anonymous` or `none`. This value can only reduce the data that the "
            "site stores."
        ),
    )
    data: Object = Field(default_factory=dict, description="Your own data, e.g. the product. No personal data, please.")

    @field_validator("type")
    @classmethod
    def _is_no_order(cls, value: str) -> str:
        if value in ORDER_TYPES:
            raise ValueError("must not report an order, because orders are counted from the orders themselves")
        return value

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        value = checked_fields(cls, normalized(value, cls.place))
        if (size := json_bytes(value)) > MAX_EVENT_BYTES:
            raise ValueError(f"must have at most {MAX_EVENT_BYTES:,} bytes as JSON; this event has {size:,} bytes")
        return value


class EventBatch(Input):
    """Events of one visitor. The body of the request has at most 262,144 bytes."""

    sent_at: Timestamp | None = Field(
        default=None,
        description=(
            "When the batch is sent, by the same clock as `at`. The platform uses only the difference between the "
            "two times, so the clock can be wrong, even by years."
        ),
    )
    events: list[Annotated[Any, DocumentedAs(lambda: NewEvent)]] = Field(
        min_length=1,
        max_length=MAX_EVENTS,
        description="The events, in any order. An event that is not valid is refused, and the others are accepted.",
    )

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Normalize all fields except the events, because each event is checked separately."""
        if not isinstance(value, dict):
            return value
        rest = {name: member for name, member in value.items() if name != "events"}
        events = {name: member for name, member in value.items() if name == "events"}
        return checked_fields(cls, normalized(rest, cls.place) | events)


class RefusedEvent(BaseModel):
    """An event that was refused because it is not valid. Do not send the same event again."""

    index: int = Field(description="The position of the event in the request, from 0.")
    id: UUID | None = Field(description="The id of the event. Null if it has no valid id.")
    errors: list[FieldError]
    """The fields of the event that are not valid."""


class EventReceipt(BaseModel):
    """What happened to the events of a request."""

    accepted: int = Field(description="The number of events that will be stored within seconds.")
    withheld: int = Field(
        description="The number of events that are not stored, because the site or the visitor does not allow it."
    )
    refused: list[RefusedEvent]
    """The events that are not valid."""


class Event(BaseModel):
    """An event of a visitor."""

    id: UUID
    event_id: UUID | None = Field(description="The id that the app gave to the event.")
    client_id: UUID
    site_id: UUID | None
    type: str
    """What happened."""
    user_id: str | None
    """The user. Null if the user is not known or must not be stored."""
    session_id: str | None = Field(
        description=(
            "The visit. In an anonymous event, a text that changes every day (UTC) and does not identify the visitor."
        )
    )
    data: Object
    """The data that the app sent with the event."""
    is_anonymous: bool = Field(description="Whether personal data were removed before the event was stored.")
    is_time_clamped: bool = Field(
        description=(
            "Whether the platform has limited `created_at`, because the event arrived more than 7 days late, or "
            "its time was in the future."
        )
    )
    created_at: Moment = Field(description="When the event happened, corrected by the clock of the platform.")
    accepted_at: Moment = Field(description="When the platform accepted the event.")


class EventFilters(ListParameters):
    """The filters of a list of events."""

    client_id: Id | None = None
    site_id: Id | None = None
    type: EventType | None = Field(default=None, description="The exact type, e.g. `product_view`.")
    session_id: ShortLine | None = Field(default=None, description="The exact session, as the list shows it.")
    user_id: ShortLine | None = Field(default=None, description="The exact user.")
    created_from: Timestamp | None = Field(default=None, description="List events that happened at this time or later.")
    created_to: Timestamp | None = Field(default=None, description="List events that happened before this time.")
