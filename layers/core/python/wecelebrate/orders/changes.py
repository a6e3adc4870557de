"""Changes of orders: the source of a change, and the errors with which a change is refused.

Functions of the database make all changes (functions/order_changes.sql). Each function returns the events of the
change, or the reason why it changed nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from wecelebrate.addresses import not_shipped
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from wecelebrate.core.problem_document import FieldError

Source = Literal["api", "file"]
Event = Mapping[str, Any]
"""An event of a change. It has a `type`, and the details that are stored with the event."""


class OrderState(Conflict):
    """The order is in a state that does not allow this.

    An order is pending, then processing, shipped and delivered. It can be cancelled until it is shipped. In a partly
    shipped order, the pieces that are not shipped can be cancelled. All other changes are refused. `detail` names the
    state.

    Read the order with `GET /v1/orders/{order_id}`, and its history with `GET /v1/orders/{order_id}/events`.
    """

    code = "order_state"


class Unchanged(OrderState):
    """The order is in a state that does not allow this.

    The order or the return already has the requested state, because the same change was made before.
    """


class OrderHasProblem(Conflict):
    """The order has a problem that must be resolved before it is processed.

    `detail` names the problem. For example, `unconfirmed` means that the guest has not confirmed the order with the
    link in the mail.

    Resolve the problem, and then remove it from the order: `PATCH /v1/orders/{order_id}` with `{"problem": null}`.
    """

    code = "order_has_problem"


class PiecesNotLeft(Conflict):
    """The order has fewer pieces left than the request names.

    A piece can be shipped or cancelled once, and only shipped pieces can be returned or replaced. `errors` names the
    lines and their remaining pieces.

    Read the lines with `GET /v1/orders/{order_id}/lines`, and send the request with fewer pieces.
    """

    code = "pieces_not_left"


class OrderExported(Conflict):
    """The ERP has this order and must agree to the cancellation.

    The order was exported to the ERP system. The warehouse may already be packing it.

    Cancel the pieces in the ERP system first. Then send the request with `"is_confirmed": true`.
    """

    code = "order_exported"


class CancelWindowClosed(Conflict):
    """The buyer can no longer cancel this order.

    A site can allow buyers to cancel an order within some minutes after they have placed it (`cancel_window_minutes`).

    Ask the shop to cancel the order.
    """

    code = "cancel_window_closed"


class ShipmentDiffers(Conflict):
    """The order already has a shipment with this number and other pieces.

    A number identifies one shipment of the order. The pieces of a shipment cannot change.

    Use another number for a new shipment, or omit the number.
    """

    code = "shipment_differs"


@dataclass(frozen=True)
class News:
    """The source of a change, and the state that the order must have."""

    source: Source = "api"
    expected: datetime | None = None
    """The value that `updated_at` of the order must have. None means that any value is accepted."""


class Changed(Exception):
    """The order no longer has the `expected` state."""


def check(row: Mapping[str, Any], field: str = "/lines") -> list[Event]:
    """Return the events of a change. If the change was refused, raise the error that states the reason.

    `row` has the columns `refusal`, `detail` and `news`. `field` is the JSON pointer to the list of lines in the
    request.

    Raises NotFound, Forbidden, Changed, OrderState, Unchanged, OrderHasProblem, PiecesNotLeft, OrderExported,
    CancelWindowClosed, ShipmentDiffers or Invalid.
    """
    refusal = row["refusal"]
    if refusal is None:
        return list(row["news"])
    raise _PROBLEMS[refusal](row["detail"], field)


def _lines(indexes: Sequence[int], field: str, detail: str) -> list[FieldError]:
    return [FieldError(pointer=f"{field}/{index}/line", detail=detail) for index in indexes]


def _too_many(detail: Any, field: str) -> Problem:
    return PiecesNotLeft(
        errors=[
            FieldError(
                pointer=f"{field}/{line['at']}/{line.get('field', 'quantity')}",
                detail="exceeds the 1 piece left" if line["left"] == 1 else f"exceeds the {line['left']} pieces left",
            )
            for line in detail
        ]
    )


def _state(detail: Any, _: str) -> Problem:
    return OrderState(f"The state is `{detail}`.")


_PROBLEMS: Mapping[str, Callable[[Any, str], Exception]] = {
    "not_found": lambda *_: NotFound(),
    "forbidden": lambda *_: Forbidden(),
    "changed": lambda *_: Changed(),
    "status": _state,
    "unchanged": lambda detail, _: Unchanged(f"The state already is `{detail}`."),
    "problem": lambda detail, _: OrderHasProblem(f"The problem is `{detail}`."),
    "unknown_lines": lambda detail, field: Invalid(
        errors=_lines(detail, field, "is not a line of the order. `GET /v1/orders/{order_id}/lines` lists the lines")
    ),
    "too_many": _too_many,
    "nothing_left": lambda *_: PiecesNotLeft("No piece of the order is left."),
    "shipment_lines": lambda detail, field: ShipmentDiffers(
        errors=_lines(detail, field, "has another quantity in the shipment with this number")
    ),
    "unknown_shipment": lambda *_: Invalid(
        errors=[FieldError(pointer="/shipment", detail="is not the number of a shipment of the order")]
    ),
    "unknown_return": lambda *_: Invalid(
        errors=[FieldError(pointer="/return_id", detail="is not a return of the order that has no replacement yet")]
    ),
    "exported": lambda *_: OrderExported(),
    "country": lambda detail, _: not_shipped(detail, "/shipping_address/country"),
    "reserved": lambda *_: Invalid(
        errors=[FieldError(pointer="/problem", detail="is reserved: only the platform asks guests to confirm")]
    ),
    "window": lambda *_: CancelWindowClosed(),
    "gone": lambda detail, _: OrderState(
        f"The products of the lines {', '.join(map(str, detail))} do not exist any more."
    ),
}
