"""Events of visitors. The app of a storefront reports what its visitors do, for example that a visitor views a product.

acceptance    checks a batch of events and sends it to the queue `events`
consent       decides which parts of an event may be stored, and removes the rest
times         corrects the time of an event by the clock of the platform
messages      creates the message of a batch, and reads it
storing       stores the events of many messages in one transaction
maintenance   creates and drops partitions, and deletes old rows

The table `analytics_events` stores the events. Orders are not stored as events, because reports count the rows of the
table `orders`.
"""

from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, queries
from wecelebrate.events.models import EventFilters

sql = queries(__file__)


def page(tx: Transaction, filters: EventFilters) -> pages.RenderedPage:
    """Return one page of the events that the caller can see, sorted from newest to oldest."""
    clients = tx.context.client_ids or []
    if len(clients) == 1 and filters.client_id is None:
        # With the filter `client_id`, an index returns the rows in the order of the page.
        filters = filters.model_copy(update={"client_id": clients[0]})
    return pages.list_page("events", sql.list_events, tx, filters, pages.NEWEST)
