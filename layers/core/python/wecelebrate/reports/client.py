"""The report of a client: orders, revenue, products, customers and conversion."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.reports import periods
from wecelebrate.reports.models import ClientReport, ClientReportFilters
from wecelebrate.reports.periods import Period

sql = queries(__file__)

MAX_DETAILED_ORDERS = 50_000
"""The number of orders up to which the report contains figures of products and customers. To read so many orders takes
about half a second."""
MAX_PRODUCTS = 20
"""The number of products with the most pieces."""


@dataclass(frozen=True)
class _Scope:
    """What a report is about."""

    client_id: UUID
    site_id: UUID | None
    zone: str
    period: Period

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the queries."""
        return {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "zone": self.zone,
            "first_day": self.period.first_day,
            "last_day": self.period.last_day,
        }


def entry(filters: ClientReportFilters) -> Entry:
    """Return the cache entry of a report. A changed order, site or client invalidates it.

    A report of a closed period is cached for a day, and all others for a minute, because events invalidate nothing.
    """
    tags = ["orders:$client", "sites:$client"]
    if filters.client_id:
        tags.append(f"client:{filters.client_id}")
    values = filters.model_dump(mode="json", exclude={"format", "table"})
    # The time zone does not matter here: a period is closed only if it has ended in every time zone.
    period = _period(filters, "UTC")
    # The default period changes every day, so it is a part of the key.
    values |= {"until": str(periods.today("UTC"))} if not (filters.month or filters.last_day) else {}
    entity = keys.CLOSED_REPORT if period.is_closed else keys.OPEN_REPORT
    return keys.entry(entity, "client", tags=tags, filters=values)


def get(tx: Transaction, filters: ClientReportFilters) -> ClientReport:
    """Return the report of a client. Raises NotFound or Invalid."""
    scope = _scope(tx, filters)
    parameters = scope.parameters()
    report = {
        "client_id": scope.client_id,
        "site_id": scope.site_id,
        "first_day": scope.period.first_day,
        "last_day": scope.period.last_day,
        "timezone": scope.zone,
        "is_closed": scope.period.is_closed,
        "generated_at": datetime.now(UTC),
        "top_products": None,
        "customers": None,
        "conversion": None,
    }
    report |= json.loads(sql.client_figures(tx, **parameters))
    if sum(row["orders"] for row in report["by_status"]) <= MAX_DETAILED_ORDERS:
        report |= json.loads(sql.client_details(tx, **parameters, max_products=MAX_PRODUCTS))
    return ClientReport(**report)


def _scope(tx: Transaction, filters: ClientReportFilters) -> _Scope:
    client_id = filters.client_id or _only_client(tx)
    client = sql.get_client(tx, client_id=client_id)
    if client is None:
        raise NotFound
    zone = filters.timezone or client["timezone"]
    if filters.timezone and not sql.has_time_zone(tx, zone=zone):
        raise _invalid("timezone", "is not known to the database")
    return _Scope(client_id, filters.site_id, zone, _period(filters, zone))


def _period(filters: ClientReportFilters, zone: str) -> Period:
    return periods.period(filters.month, filters.first_day, filters.last_day, periods.today(zone))


def _only_client(tx: Transaction) -> UUID:
    clients = tx.context.client_ids or []
    if len(clients) != 1:
        raise _invalid("client_id", "must be set, because you can see several clients")
    return clients[0]


def _invalid(parameter: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(pointer=parameter, detail=detail)])
