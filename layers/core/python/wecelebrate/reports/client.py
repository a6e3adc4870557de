"""The report of a client: orders, revenue, products, customers and conversion."""

import json
from datetime import UTC, datetime
from uuid import UUID

from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, queries
from wecelebrate.reports import periods
from wecelebrate.reports.models import ClientReport, ClientReportFilters
from wecelebrate.reports.scope import period_of, scope_of

sql = queries(__file__)

MAX_DETAILED_ORDERS = 50_000
"""If a period has more orders than this number, the report contains no figures of products and customers.

Reading this number of orders takes about half a second.
"""
MAX_PRODUCTS = 20
"""The report lists only the products with the most pieces. This is the number of these products."""


def entry(client_id: UUID, filters: ClientReportFilters) -> Entry:
    """Return the cache entry of a report. A change of an order, a site or the client invalidates the entry.

    A report of a closed period is cached for a day. All other reports are cached for a minute, because events of
    visitors do not invalidate a report.
    """
    tags = [f"orders:{client_id}", f"sites:{client_id}", f"client:{client_id}"]
    values = filters.model_dump(mode="json", exclude={"format", "table"})
    # Any time zone can be used here, because a period is closed only if it has ended in every time zone.
    is_closed = period_of(filters, "UTC").is_closed
    # The day is a part of the key, because the default period changes every day.
    values |= {"until": str(periods.today("UTC"))} if not (filters.month or filters.last_day) else {}
    entity = keys.CLOSED_REPORT if is_closed else keys.OPEN_REPORT
    return keys.entry(entity, "client", client_id, tags=tags, filters=values)


def get(tx: Transaction, client_id: UUID, filters: ClientReportFilters, *, complete: bool = False) -> ClientReport:
    """Return the report of a client. Raises NotFound or Invalid.

    If `complete` is true, the report contains all figures, even if it has more than MAX_DETAILED_ORDERS orders.
    """
    scope = scope_of(tx, client_id, filters.site_id, filters.timezone, filters)
    parameters = scope.parameters()
    report = scope.fields() | {
        "is_closed": scope.period.is_closed,
        "generated_at": datetime.now(UTC),
        "top_products": None,
        "returned": None,
        "customers": None,
        "conversion": None,
    }
    own_zone = {"zone": None} if scope.is_own_zone else {}
    report |= json.loads(sql.client_figures(tx, **(parameters | own_zone)))
    if complete or sum(row["orders"] for row in report["by_status"]) <= MAX_DETAILED_ORDERS:
        report |= json.loads(sql.client_details(tx, **parameters, max_products=MAX_PRODUCTS))
    return ClientReport(**report)
