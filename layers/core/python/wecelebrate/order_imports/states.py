"""The numbers of shipped, cancelled and returned pieces of an imported order."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


class BadState(Exception):
    """The lines contradict each other, or they contradict the status of the order."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass
class Line:
    """A line of an order.

    If `shipped`, `cancelled` or `returned` is None, the file does not state the number of pieces.
    """

    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    image: str | None = None
    shipped: int | None = None
    cancelled: int | None = None
    returned: int | None = None

    def as_json(self, position: int) -> dict[str, Any]:
        """Return the line in the form that app.import_orders reads."""
        return {
            "line": position, "sku": self.sku, "name": self.name, "quantity": self.quantity,
            "unit_price": str(self.unit_price), "image": self.image, "shipped": self.shipped,
            "cancelled": self.cancelled, "returned": self.returned,
        }  # fmt: skip


def settle(lines: list[Line], status: str) -> bool:
    """Cancel the pieces for which the order has credits, and remove the credits.

    A credit is a line with a quantity below 0. It credits pieces of the lines with the same SKU and the same price in
    the same order. The credited pieces become cancelled pieces, and the total of the order becomes lower. Returns
    whether all pieces of the order are credited. Raises BadState.
    """
    credit_lines = [line for line in lines if line.quantity < 0]
    if not credit_lines:
        return False
    lines[:] = [line for line in lines if line.quantity > 0]
    if not lines:
        reason = "The order has only quantities below 0: it is a credit of another order, which the file does not name."
        raise BadState("credit", reason)
    for line in lines:
        line.cancelled = line.cancelled or 0
    for credit in credit_lines:
        left = -credit.quantity
        for line in lines:
            if (line.sku, line.unit_price) == (credit.sku, credit.unit_price):
                pieces = min(left, line.quantity - (line.cancelled or 0))
                line.cancelled = (line.cancelled or 0) + pieces
                left -= pieces
        if left:
            reason = f"The order has a quantity of {credit.quantity}, and not as many pieces of this SKU and price."
            raise BadState("credit", reason)
    return status != "cancelled" and all(line.cancelled == line.quantity for line in lines)


def complete(lines: Sequence[Line], status: str, stated: str | None) -> str:
    """Fill in missing numbers of pieces, and return the fulfilment of the order. Raises BadState.

    If the file does not state the numbers, all pieces of a shipped or delivered order are shipped, and all pieces of a
    cancelled order are cancelled. `stated` is the fulfilment that the file states.
    """
    if stated == "partial" and all(line.shipped is None for line in lines):
        reason = "Only some pieces were shipped. Send also the lines, with `shipped_quantity`, in `lines_upload_id`."
        raise BadState("no_shipped_quantity", reason)
    is_shipped = status in ("shipped", "delivered")
    for line in lines:
        if line.cancelled is None or status == "cancelled":
            line.cancelled = line.quantity if status == "cancelled" else 0
        if line.shipped is None:
            line.shipped = line.quantity - line.cancelled if is_shipped else 0
        line.returned = line.returned or 0
        if min(line.shipped, line.cancelled, line.returned) < 0 or line.returned > line.shipped:
            raise BadState("bad_pieces", "More pieces were returned than shipped, or a number of pieces is below 0.")
        if line.shipped + line.cancelled > line.quantity:
            raise BadState("bad_pieces", "More pieces were shipped and cancelled than ordered.")
    shipped = sum(line.shipped or 0 for line in lines)
    kept = sum(line.quantity - (line.cancelled or 0) for line in lines)
    if (shipped > 0) != is_shipped or (status == "delivered" and shipped < kept):
        raise BadState("bad_pieces", f"The shipped pieces do not fit to the status {status}.")
    return "none" if shipped == 0 else "full" if shipped == kept else "partial"
