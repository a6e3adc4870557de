"""Placing an order: stock, order, confirmation and webhook in one transaction."""

from typing import Any

from wecelebrate import webhooks
from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import Conflict, FieldError, Invalid, Problem
from wecelebrate.mail.asking import order_confirmation
from wecelebrate.orders.models import NewOrder, PlacedOrder

sql = queries(__file__)

MOST = "99999999.99"
"""What an order comes to at most."""


class OutOfStock(Conflict):
    """There is less of a product than was ordered."""

    code = "out_of_stock"


class TotalChanged(Conflict):
    """This costs something else than the customer was told: show the new total and ask again."""

    code = "total_changed"


def place(tx: Transaction, new: NewOrder) -> PlacedOrder:
    """Order on the site that is visited, and have it confirmed.

    Raises Invalid for what the site does not show, OutOfStock, TotalChanged.
    """
    _each_once(new)
    given = new.model_dump(mode="json", exclude={"total_amount"}) | {"expected_total": new.total_amount}
    given["shipping_address"] = new.shipping_address.model_dump(mode="json", exclude_none=True)
    found = sql.place_order(tx, **as_json(given, "lines", "shipping_address", "metadata"))
    if found["refusal"]:
        raise _refused(new, found["refusal"], found["detail"])
    row, low = found["placed"], found["low_stock"]
    placed = PlacedOrder(**row)
    order_confirmation(tx, placed.id)
    told = {"order_id": placed.id, "order_number": placed.order_number, "status": placed.status}
    webhooks.publish(tx, row["client_id"], "order.created", told | {"site_id": row["site_id"]})
    if low:
        webhooks.publish(tx, row["client_id"], "inventory.low", low)
    return placed


def _each_once(new: NewOrder) -> None:
    seen = set()
    for number, line in enumerate(new.lines):
        if line.product_id in seen:
            raise Invalid(errors=[FieldError(pointer=f"/lines/{number}/product_id", detail="is in a line before")])
        seen.add(line.product_id)


def _refused(new: NewOrder, refusal: str, about: Any) -> Problem:
    """The problem of what app.place_order refuses."""
    match refusal:
        case "not_shown":
            detail = "names nothing that is sold here"
            return Invalid(errors=[FieldError(pointer=f"/lines/{at}/product_id", detail=detail) for at in about])
        case "out_of_stock":
            short = [(one["at"], one["left"]) for one in about]
            return OutOfStock(
                errors=[FieldError(pointer=f"/lines/{at}/quantity", detail=f"{left} are left") for at, left in short]
            )
        case "currencies":
            detail = f"have prices in {' and '.join(sorted(about))}: an order has one currency"
            return Invalid(errors=[FieldError(pointer="/lines", detail=detail)])
        case "total" if new.total_amount is not None and len(about) <= len(MOST):
            return TotalChanged(errors=[FieldError(pointer="/total_amount", detail=f"is {about} now")])
        case "total":
            detail = f"come to {about}: an order has at most {MOST}"
            return Invalid(errors=[FieldError(pointer="/lines", detail=detail)])
    raise ValueError(refusal)
