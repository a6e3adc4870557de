"""Places an order. One transaction changes the stock, and writes the order, its confirmation and its webhook events."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from wecelebrate import webhooks
from wecelebrate.addresses import PoBoxNotShipped, not_shipped, po_box_field
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Invalid, Problem, Unauthenticated
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.signing import keyed_hash
from wecelebrate.core.types.money import MAX_AMOUNT
from wecelebrate.mail.enqueue import announce_mail
from wecelebrate.orders.models import NewOrder, PlacedOrder

sql = queries(__file__)


class OutOfStock(Conflict):
    """The stock of a product is lower than the ordered quantity.

    Another customer may have ordered the last pieces. `errors` names the lines. The order was not placed.

    Show the remaining stock to the customer, and place the order again with a smaller quantity or without the product.
    """

    code = "out_of_stock"


class NotAvailable(Conflict):
    """Too few pieces are available, or a limit of the e-mail address is used up. Nothing was ordered.

    The response does not say which of the two is the reason. Otherwise a guest could find out the stock, or the orders
    of other people with this e-mail address. `errors` names the lines and the limits.

    Sign the customer in, because the limit of an e-mail address applies only to guests. You can also order at most 10
    pieces of each product: if such an order is refused, the response states the reason.
    """

    code = "not_available"


class CatalogNotActive(Conflict):
    """The catalog of this shop is not active, so nothing can be ordered.

    The shop shows no products because its catalog is a draft or was deactivated.

    The owner of the catalog can activate it: `PATCH /v1/catalogs/{catalog_id}` with `{"status": "active"}`.
    """

    code = "catalog_not_active"


class TotalChanged(Conflict):
    """The total differs from `total_amount`. Show the new total to the customer and place the order again.

    A price has changed since the customer saw the total. The order was not placed, because the customer did not agree
    to the new total.

    Read the products again, show the new total, and send it as `total_amount` when the customer agrees.
    """

    code = "total_changed"


class SignInRequired(Unauthenticated):
    """This site accepts orders only from customers who are signed in.

    The site does not allow orders of guests (`guest_orders` is false).

    Sign the customer in, and send the access token of the customer with the order.
    """

    code = "sign_in_required"


class OrderLimit(Invalid):
    """The order exceeds a limit of the site.

    A site can limit the quantity of a line and the amount of an order. `detail` names the limit.

    Reduce the quantity, or place several orders if the site allows it. `GET /v1/storefront/{domain}` shows the limits.
    """

    code = "order_limit"


class DailyOrderLimit(Conflict):
    """With this order, more pieces would be ordered in 24 hours than the site allows.

    A site can limit how many pieces a customer or an address can order in 24 hours. `detail` names the limit.

    Reduce the quantity, or place the order on another day.
    """

    code = "daily_order_limit"


class ConfirmationNotPossible(Conflict):
    """No mail with a link can be sent to the customer now, so nobody could confirm the order.

    On this site, a guest must confirm an order with a link in a mail. The number of these mails is limited. `detail`
    names the limit that is reached. Other people can cause this, because a guest can name any e-mail address. The order
    was not placed.

    Sign the customer in, because the limits do not apply to the verified address of a customer. You can also try again
    later.
    """

    code = "confirmation_not_possible"


def place(tx: Transaction, new: NewOrder, address: str | None) -> PlacedOrder:
    """Place an order on the visited site, and enqueue its confirmation.

    `address` is the IP address of the visitor. It is needed for the limits of the site. Only a keyed hash of the
    address is stored, for one day.

    Raises OutOfStock, NotAvailable, TotalChanged, CatalogNotActive, SignInRequired, OrderLimit, DailyOrderLimit,
    ConfirmationNotPossible, CountryNotShipped or PoBoxNotShipped. Raises Invalid for other problems, for example if the
    site does not show a product of the order.
    """
    _check_products_are_unique(new)
    _check_po_box(tx, new)
    parameters = new.model_dump(mode="json", exclude={"total_amount"}) | {"expected_total": new.total_amount}
    parameters["address"] = keyed_hash("order address", address) if address else None
    parameters["shipping_address"] = new.shipping_address.model_dump(mode="json", exclude_none=True)
    result = sql.place_order(tx, **as_json(parameters, "lines", "shipping_address", "metadata"))
    if result["refusal"]:
        raise _problem(result["refusal"], result["detail"])
    row = result["placed"]
    client_id = UUID(row["client_id"])
    if result["mail_job_id"]:
        announce_mail(tx, result["mail_job_id"], client_id)
    if result["has_deliveries"]:
        webhooks.announce(tx, client_id)
    return PlacedOrder(**row)


def _check_po_box(tx: Transaction, new: NewOrder) -> None:
    """Raise PoBoxNotShipped if the address is a post office box, and the site does not ship to post office boxes.

    The settings of the site are read only if the address is a post office box, because nearly all addresses are
    streets.
    """
    field = po_box_field(new.shipping_address.model_dump())
    if field and not sql.ships_to_po_boxes(tx):
        detail = "must not be a post office box: the site ships to streets and parcel lockers"
        raise PoBoxNotShipped(errors=[FieldError(pointer=f"/shipping_address/{field}", detail=detail)])


def _check_products_are_unique(new: NewOrder) -> None:
    product_ids = set()
    for index, line in enumerate(new.lines):
        if line.product_id in product_ids:
            detail = "is already in an earlier line: use one line per product"
            raise Invalid(errors=[FieldError(pointer=f"/lines/{index}/product_id", detail=detail)])
        product_ids.add(line.product_id)


def exceeds(line: Mapping[str, Any], lines: Sequence[Any]) -> str:
    """Return the error detail for a refused line. If the stock of a line is not low, the field `left` of this line is
    None.

    If several lines have stock that is not low, the response must not say which of these lines exceed their stock.
    Otherwise, a buyer could add a line that is always refused, and could find out the stock of another line without an
    order.
    """
    if line["left"] is not None:
        return f"exceeds the stock of {line['left']}"
    return "exceeds the stock" if len(lines) == 1 else "exceeds the stock, or another of these lines does"


def _exceeds_share(left: int | None, count: int) -> str:
    """Return the error detail for a quantity above a buyer's share of the stock.

    left: the number of pieces that the buyer can still order, or None if this number is high. count: the number of
    refused lines. If several lines have a high number, the response must not say which line is the reason.
    """
    number = "" if left is None else f"{left} "
    other = ", or another of these lines does" if left is None and count > 1 else ""
    return (
        f"exceeds the {number}pieces that you can still order{other}: no customer gets more than half of a shared stock"
        " in a day, and neither do all guests of a client together"
    )


def _not_available(lines: Sequence[Any], limits: Mapping[str, Any]) -> NotAvailable:
    """Return the problem for an order of a guest that the stock or a limit of the e-mail address does not allow."""
    reasons = []
    if limits["max"] is not None:
        reasons.append(f"guests with this e-mail address can order at most {limits['max']} pieces in 24 hours")
    if limits["must_confirm"]:
        reasons.append("a limit for mails may allow no mail in which the guest confirms the order")
    line_detail = "may exceed the pieces that are available: order at most 10 to get the exact reason"
    address_detail = f"may have used up its limit: {', and '.join(reasons)}. Sign in, because it applies only to guests"
    return NotAvailable(
        errors=[
            *(FieldError(pointer=f"/lines/{line['at']}/quantity", detail=line_detail) for line in lines),
            FieldError(pointer="/customer_email", detail=address_detail),
        ]
    )


def _problem(refusal: str, refusal_detail: Any) -> Problem:
    """Return the problem for an order that the query `place_order` has refused.

    The type of `refusal_detail` depends on `refusal`.
    """
    match refusal:
        case "out_of_stock" | "shared_quantity" if limits := refusal_detail[0].get("address_limits"):
            return _not_available(refusal_detail, limits)
        case "catalog":
            return CatalogNotActive()
        case "unconfirmable":
            return ConfirmationNotPossible(str(refusal_detail))
        case "country":
            return not_shipped(refusal_detail, "/shipping_address/country")
        case "not_shown":
            detail = "is not a product that this site shows"
            return Invalid(
                errors=[FieldError(pointer=f"/lines/{index}/product_id", detail=detail) for index in refusal_detail]
            )
        case "out_of_stock":
            return OutOfStock(
                errors=[
                    FieldError(pointer=f"/lines/{line['at']}/quantity", detail=exceeds(line, refusal_detail))
                    for line in refusal_detail
                ]
            )
        case "currencies":
            detail = f"must have prices in one currency, not in {' and '.join(sorted(refusal_detail))}"
            return Invalid(errors=[FieldError(pointer="/lines", detail=detail)])
        case "inexact":
            detail = "has a price that is finer than its currency. The price must be corrected first"
            return Invalid(
                errors=[FieldError(pointer=f"/lines/{index}/product_id", detail=detail) for index in refusal_detail]
            )
        case "total" if Decimal(refusal_detail) < MAX_AMOUNT:
            return TotalChanged(errors=[FieldError(pointer="/total_amount", detail=f"is now {refusal_detail}")])
        case "total":
            detail = f"must have a total below {MAX_AMOUNT:,}, not {refusal_detail}"
            return Invalid(errors=[FieldError(pointer="/lines", detail=detail)])
    return _limit_problem(refusal, refusal_detail)


_BUYERS = {
    "customer": ("/lines", "by one customer", ""),
    "email": (
        "/customer_email",
        "by guests with the same e-mail address",
        ": sign in to order more, because the orders of guests do not count against a customer",
    ),
    "address": ("/lines", "from one IP address", ""),
}
"""Maps each kind of buyer to three texts: the pointer, the name of the buyer, and the advice. The advice can be empty.

A guest can order with the e-mail address of another person. Such orders can use up the limit of this address for a day.
"""


def _limit_problem(refusal: str, refusal_detail: Any) -> Problem:
    """Return the problem for an order that exceeds a limit of the site. For another reason of refusal, raises
    ValueError.
    """
    match refusal:
        case "guests":
            return SignInRequired("Send the access token of a customer.")
        case "line_quantity":
            return OrderLimit(
                errors=[
                    FieldError(pointer=f"/lines/{line['at']}/quantity", detail=f"must be at most {line['max']}")
                    for line in refusal_detail
                ]
            )
        case "amount":
            detail = f"must have a total of at most {refusal_detail}"
            return OrderLimit(errors=[FieldError(pointer="/lines", detail=detail)])
        case "daily_quantity":
            pointer, buyer, way_out = _BUYERS[refusal_detail["buyer"]]
            detail = f"at most {refusal_detail['max']} pieces can be ordered {buyer} in 24 hours{way_out}"
            return DailyOrderLimit(errors=[FieldError(pointer=pointer, detail=detail)])
        case "shared_quantity":
            return DailyOrderLimit(
                errors=[
                    FieldError(
                        pointer=f"/lines/{line['at']}/quantity", detail=_exceeds_share(line["max"], len(refusal_detail))
                    )
                    for line in refusal_detail
                ]
            )
    raise ValueError(refusal)
