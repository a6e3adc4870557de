"""Changes of orders: the source of a change, and the problems for which a change is refused.

All changes run as functions of the database (functions/order_changes.sql). Each function returns the events of the
change, or the reason why nothing was changed.
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
"""An event of a change: its `type`, and the details of the stored event."""


class OrderState(Conflict):
    """The order is in a state that does not allow this.

    An order is pending, then processing, shipped and delivered. It can be cancelled until it is shipped. Pieces of a
    shipped order can be cancelled, if they are not shipped. All other changes are refused. `detail` names the state.

    Read the order at `GET /v1/orders/{order_id}`, and its history at `GET /v1/orders/{order_id}/events`.
    """

    code = "order_state"


class Unchanged(OrderState):
    """The order is in a state that does not allow this.

    The order, or the return, already has the requested state. The same news was applied before.
    """


class OrderHasProblem(Conflict):
    """The order has a problem that must be resolved before it is processed.

    `detail` names the problem. `unconfirmed` means that the guest has not confirmed the order with the link of the
    mail.

    Resolve the problem, and then clear the field: `PATCH /v1/orders/{order_id}` with `{"problem": null}`.
    """

    code = "order_has_problem"


class PiecesNotLeft(Conflict):
    """The order has fewer pieces left than the request names.

    Pieces can be shipped or cancelled once, and only shipped pieces can be returned or replaced. `errors` names the
    lines and the pieces that they have left.

    Read the lines at `GET /v1/orders/{order_id}/lines`, and send the request with fewer pieces.
    """

    code = "pieces_not_left"


class OrderExported(Conflict):
    """The ERP has this order and must agree to the cancellation.

    The order was exported to the ERP, which may already pack it.

    Cancel the pieces in the ERP first, and send the request with `"is_confirmed": true`.
    """

    code = "order_exported"


class CancelWindowClosed(Conflict):
    """The buyer can no longer cancel this order.

    A site can let its buyers cancel orders for some minutes after placing them (`cancel_window_minutes`).

    Ask the shop to cancel the order.
    """

    code = "cancel_window_closed"


class ShipmentDiffers(Conflict):
    """The order already has a shipment with this number and other pieces.

    A number identifies one shipment of the order. The pieces of a shipment do not change.

    Use another number for another shipment, or leave the number out.
    """

    code = "shipment_differs"


@dataclass(frozen=True)
class News:
    """The source of a change, and the state that the order must have."""

    source: Source = "api"
    expected: datetime | None = None
    """The value of `updated_at` that the order must have. None means any value."""


class Changed(Exception):
    """The order no longer has the `expected` state."""


def check(row: Mapping[str, Any], field: str = "/lines") -> list[Event]:
    """Return the events of a change. If the change was refused, the function raises the problem that gives the reason.

    `row` has the columns `refusal`, `detail` and `news`. `field` is the pointer of the list of lines in the request.

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
