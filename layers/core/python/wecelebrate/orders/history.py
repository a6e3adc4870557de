"""Reads the history of an order: its events, its lines, its shipments and its returns."""

from uuid import UUID

from wecelebrate import orders
from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.pages import ListParameters
from wecelebrate.orders.shipment_models import (
    BuyerShipments,
    GuestOrder,
    OrderLines,
    Return,
    ReturnFilters,
    Shipments,
)

sql = queries(__file__)


class LinkNotValid(NotFound):
    """The link is not valid any more. Ask for a new link.

    The token in the link has expired, is incomplete, or belongs to another shop.

    Ask for a new link: `POST /v1/storefront/{domain}/orders/lookup` with the order number and the e-mail address of the
    order.
    """

    code = "link_not_valid"


def events_page(tx: Transaction, order_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of the history of an order, sorted from newest to oldest. Raises NotFound."""
    orders.get(tx, order_id)
    return pages.list_page("order events", sql.list_events, tx, parameters, pages.NEWEST, order_id=order_id)


def lines(tx: Transaction, order_id: UUID) -> OrderLines:
    """Return the lines of an order. Raises NotFound."""
    orders.get(tx, order_id)
    return OrderLines(data=list(sql.list_lines(tx, order_id=order_id)))


def shipments(tx: Transaction, order_id: UUID) -> Shipments:
    """Return the shipments of an order. Raises NotFound."""
    orders.get(tx, order_id)
    return Shipments(data=list(sql.list_shipments(tx, order_id=order_id)))


def own_shipments(tx: Transaction, order_id: UUID) -> BuyerShipments:
    """Return the shipments of an order of the calling customer on the visited site. Raises NotFound."""
    orders.get_own(tx, order_id)
    return BuyerShipments(data=list(sql.list_shipments(tx, order_id=order_id)))


def returns_page(tx: Transaction, filters: ReturnFilters) -> pages.RenderedPage:
    """Return one page of the returns that the caller can see, sorted from newest to oldest."""
    return pages.list_page("returns", sql.list_returns, tx, filters, pages.NEWEST)


def returns_of_order(tx: Transaction, order_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of the returns of an order, sorted from newest to oldest. Raises NotFound."""
    orders.get(tx, order_id)
    filters = ReturnFilters(cursor=parameters.cursor, limit=parameters.limit, order_id=order_id)
    return pages.list_page("returns", sql.list_returns, tx, filters, pages.NEWEST)


def get_return(tx: Transaction, return_id: UUID) -> Return:
    """Return one return. Raises NotFound."""
    row = sql.get_return(tx, return_id=return_id)
    if row is None:
        raise NotFound
    return Return(**row)


def get_guest_order(tx: Transaction, token: str) -> GuestOrder:
    """Return the order of a guest. Raises LinkNotValid."""
    row = sql.get_guest_order(tx, token=token)
    if row is None:
        raise LinkNotValid
    return GuestOrder(**row)
