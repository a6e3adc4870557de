"""The requests that change an order after it was placed."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from wecelebrate.core.models import ABSENT, Input, Object, Patch, at_most
from wecelebrate.core.types import EmailAddress, Flag, HttpUrl, Id, Line, OrderNumber, ShortLine, Timestamp
from wecelebrate.orders.models import (
    MAX_LINES,
    MAX_METADATA_BYTES,
    MAX_QUANTITY,
    ShippingAddress,
    normalize_address,
)

MAX_REASON = 1000
"""The largest length of a reason or a note, in characters."""
ExternalNumber = Annotated[str, Line(100)]
ShipmentNumber = Annotated[
    str, Line(100), Field(description="The number of the shipment, which is unique in the order.")
]
Reason = Annotated[str, Line(MAX_REASON)]
ProblemCode = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="Your own code for a problem that must be resolved before the order is processed, e.g. `address`.",
    ),
]
LineNumber = Annotated[int, Field(strict=True, ge=1, le=MAX_LINES, description="The `line` of an item of the order.")]
Pieces = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]


class LinePieces(Input):
    """Pieces of a line of an order."""

    line: LineNumber
    quantity: Pieces | None = Field(default=None, description="The number of pieces. Null: all remaining pieces.")


SomeLines = Annotated[list[LinePieces], Field(min_length=1, max_length=MAX_LINES)]


class Processing(Input):
    """A request to start the processing of an order."""

    external_number: ExternalNumber | None = Field(default=None, description="The number of the order in the ERP.")
    processed_at: Timestamp | None = Field(default=None, description="When the processing began. Null: now.")


class NewShipment(Input):
    """A shipment of an order. If the order already has a shipment with the same number, the request is about that
    shipment.
    """

    number: ShipmentNumber | None = Field(
        default=None,
        description=(
            "The number of the shipment, which must be unique in the order. Null: the platform uses 1, 2, and so on."
        ),
    )
    carrier: ShortLine | None = None
    """The carrier, e.g. `DHL`."""
    tracking_number: ShortLine | None = None
    """The number with which the carrier tracks the parcel."""
    tracking_url: HttpUrl | None = None
    """The URL of the page on which the parcel can be tracked."""
    lines: SomeLines | None = Field(default=None, description="The pieces in the shipment. Null: all remaining pieces.")
    shipped_at: Timestamp | None = Field(default=None, description="When the shipment was shipped. Null: now.")


class OrderDelivery(Input):
    """The delivery of a shipment, or of all shipments of an order."""

    shipment: ShipmentNumber | None = Field(
        default=None, description="The number of the shipment. Null: all shipments of the order."
    )
    delivered_at: Timestamp | None = Field(default=None, description="When the shipment was delivered. Null: now.")


class Cancellation(Input):
    """The cancellation of an order."""

    reason: Reason | None = None
    """Why the order is cancelled."""
    is_confirmed: Flag = Field(
        default=False,
        description=(
            "Whether the ERP has confirmed the cancellation. If it is false, an exported order is not cancelled, "
            "but the ERP is asked to cancel it (`cancel_requested_at`)."
        ),
    )
    cancelled_at: Timestamp | None = Field(default=None, description="When the order was cancelled. Null: now.")


class LineCancellation(Cancellation):
    """The cancellation of pieces that are not shipped."""

    lines: SomeLines
    """The pieces to cancel."""


class OrderPatch(Patch):
    """A change of the data of an order other than its status."""

    customer_name: ShortLine = ABSENT
    """The corrected name of the customer. It can be changed only while nothing is shipped."""
    shipping_address: ShippingAddress = ABSENT
    """The corrected address. It replaces the whole address, so that fields that it does not contain are removed. It can
    be changed only while nothing is shipped.
    """
    external_number: ExternalNumber | None = Field(default=None, description="The number of the order in the ERP.")
    problem: ProblemCode | None = Field(default=None, description="Null: the problem is resolved.")
    metadata: Annotated[Object, at_most(MAX_METADATA_BYTES)] = ABSENT
    """Your own data, as a merge patch (RFC 7396) of the stored object."""
    note: Reason = ABSENT
    """Why the order is changed. The history of the order shows this text."""

    @model_validator(mode="after")
    def _address_of_its_country(self) -> Self:
        if "shipping_address" in self.model_fields_set:
            normalize_address(self.shipping_address)
        return self


class NewReturn(Input):
    """A return of shipped pieces."""

    lines: SomeLines | None = Field(default=None, description="The pieces that come back. Null: all shipped pieces.")
    reason: Reason | None = None
    """Why the pieces are returned."""


class ReturnDecision(Input):
    """The approval or refusal of a return."""

    note: Reason | None = None
    """A text about the decision."""


class ReceivedLine(Input):
    """The pieces of a line that have arrived."""

    line: LineNumber
    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)]
    """The number of pieces that have arrived."""
    restock: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)] = 0
    """How many of these pieces are added to the stock."""


class ReturnReceipt(Input):
    """The arrival of returned pieces."""

    lines: Annotated[list[ReceivedLine], Field(min_length=1, max_length=MAX_LINES)] | None = Field(
        default=None,
        description=(
            "The pieces that have arrived. If a line is missing, none of its pieces has arrived. Null: all pieces "
            "have arrived."
        ),
    )
    restock: Flag = Field(
        default=False, description="If `lines` is null: whether all pieces go back on sale. Not together with `lines`."
    )
    note: Reason | None = None
    """A text about the arrival."""


class NewReplacement(Input):
    """A request for an order that sends pieces of another order again, free of charge."""

    lines: SomeLines | None = Field(
        default=None,
        description="The pieces to send again. Null: all pieces of the return, or of the order if `return_id` is null.",
    )
    return_id: Id | None = Field(default=None, description="The return whose pieces are replaced.")


class BuyerCancellation(Input):
    """The cancellation of an order by its buyer."""

    reason: Reason | None = None
    """Why the buyer cancels the order."""


class OrderLookup(Input):
    """The request of a guest for a link to an order."""

    order_number: OrderNumber
    """The order number in the confirmation mail."""
    email: EmailAddress = Field(description="The e-mail address with which the order was placed.")


OrderToken = Annotated[str, Line(200), Field(description="The parameter `token` of the link in the mail.")]


class GuestParameters(Input):
    """The parameters of the request for the order of a guest."""

    place = ""

    token: OrderToken


class GuestConfirmation(Input):
    """The confirmation of an order by its guest."""

    token: OrderToken


class GuestCancellation(BuyerCancellation):
    """The cancellation of an order by its guest."""

    token: OrderToken
