"""Orders.

Visitors of a site place orders. The client of the site and the customer who placed an order can read the order.

The module `placing` places an order. `transitions` processes, ships, delivers and cancels orders. `returns` takes
pieces back and sends replacements. `buyers` contains the actions of customers and guests. `history` reads the events
and shipments of an order. `notifications` sends mails and webhook events about changes.

Every change of an order writes a delta for the totals of the day on which the order was placed. The module `rollup`
adds these deltas to the totals.
"""

from uuid import UUID

from wecelebrate import sites
from wecelebrate.core import pages
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.pages import ListParameters
from wecelebrate.orders.models import Order, OrderFilters, PlacedOrder, SiteOrderFilters

sql = queries(__file__)


def entry(order_id: UUID) -> Entry:
    """Return the cache entry for an order."""
    return keys.entry(keys.ORDER, order_id, tags=[f"order:{order_id}"])


def page_entry(filters: OrderFilters) -> Entry:
    """Return the cache entry for a page of orders."""
    return keys.entry(keys.ORDERS, tags=["orders:$client"], filters=filters.model_dump(mode="json"))


def site_page_entry(site_id: UUID, filters: SiteOrderFilters) -> Entry:
    """Return the cache entry for a page of a site's orders."""
    tags = ["orders:$client", f"site:{site_id}"]
    return keys.entry(keys.ORDERS, site_id, tags=tags, filters=filters.model_dump(mode="json"))


def page(tx: Transaction, filters: OrderFilters) -> pages.RenderedPage:
    """Return one page of the orders that the caller can see, sorted from newest to oldest."""
    clients = tx.context.client_ids or []
    if len(clients) == 1 and filters.client_id is None:
        # With the filter `client_id`, an index returns the rows in the order of the page. Without this filter,
        # PostgreSQL must sort the rows.
        filters = filters.model_copy(update={"client_id": clients[0]})
    return pages.list_page("orders", sql.list_orders, tx, filters, pages.NEWEST)


def site_page(tx: Transaction, site_id: UUID, filters: SiteOrderFilters) -> pages.RenderedPage:
    """Return one page of a site's orders, sorted from newest to oldest.

    Raises NotFound for a site that the caller cannot see.
    """
    sites.get(tx, site_id)
    return pages.list_page("orders", sql.list_orders, tx, filters, pages.NEWEST, site_id=site_id, client_id=None)


def get(tx: Transaction, order_id: UUID) -> Order:
    """Return one order. Raises NotFound."""
    row = sql.get_order(tx, order_id=order_id)
    if row is None:
        raise NotFound
    return Order(**row)


def own_page(tx: Transaction, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of the calling customer's orders on the visited site, sorted from newest to oldest."""
    return pages.list_page("own orders", sql.list_own_orders, tx, parameters, pages.NEWEST)


def get_own(tx: Transaction, order_id: UUID) -> PlacedOrder:
    """Return one order of the calling customer on the visited site.

    Raises NotFound for all other orders, including the orders of guests.
    """
    row = sql.get_own_order(tx, order_id=order_id)
    if row is None:
        raise NotFound
    return PlacedOrder(**row)
