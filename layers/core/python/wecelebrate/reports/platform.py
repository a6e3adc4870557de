"""The report of the platform for admins. It compares the clients, orders, jobs and storage with the plan of the
platform.
"""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Forbidden
from wecelebrate.core.types import Moment
from wecelebrate.jobs.types import JobStatus, JobType
from wecelebrate.reports.client import sql
from wecelebrate.reports.models import DaySales, PeriodFilters, Sales
from wecelebrate.reports.scope import period_of
from wecelebrate.usage import requests_of_platform

MAX_CLIENTS = 50
"""The report lists only the clients with the most orders. This is the number of these clients."""


class PlanYear(BaseModel):
    """The expected figures of one year in the plan of the platform."""

    year: int
    """The year of the plan, from 1."""
    clients: int
    """The number of clients."""
    sites: int
    """The number of sites."""
    products: int
    """The number of products."""
    orders_per_month: int
    """The number of orders in a month."""


PLAN = (
    PlanYear(year=1, clients=10, sites=50, products=10_000, orders_per_month=1_000),
    PlanYear(year=2, clients=50, sites=200, products=50_000, orders_per_month=10_000),
    PlanYear(year=3, clients=200, sites=1_000, products=200_000, orders_per_month=50_000),
)
"""The growth that the scalability plan expects."""


class Growth(BaseModel):
    """The number of objects."""

    total: int
    """All objects."""
    active: int
    """The active objects."""
    new: int
    """The objects that were created in the period."""


class ClientSales(Sales):
    """The orders of one client."""

    client_id: UUID
    name: str | None
    """The name of the client."""


class CurrencySales(Sales):
    """The orders in one currency."""


class JobFigures(BaseModel):
    """The jobs of one type and status."""

    type: JobType
    """What the jobs do."""
    status: JobStatus
    """The status of the jobs."""
    jobs: int
    """The number of jobs."""
    seconds_p90: float | None = Field(
        description="The 90th percentile of the time until a job ended. Null if no job has ended."
    )


class Storage(BaseModel):
    """The size of stored data, in bytes."""

    database_bytes: int
    """The size of the database on disk."""
    image_bytes: int
    """The size of the original images."""
    upload_bytes: int
    """The size of the uploaded files."""


class RequestFigures(BaseModel):
    """The requests of the last 24 hours. They do not depend on the period of the report."""

    requests: int
    """The number of requests, including the requests of visitors."""
    throttled: int
    """The number of requests that exceeded a limit."""


class PlatformReport(BaseModel):
    """The report of the platform."""

    first_day: date
    """The first day (UTC)."""
    last_day: date
    """The last day (UTC)."""
    generated_at: Moment
    """When the figures were read."""
    clients: Growth
    """The clients."""
    sites: Growth
    """The sites."""
    products: int
    """The number of products."""
    orders: int
    """The number of orders that are not cancelled."""
    orders_before: int
    """The number of orders in the preceding period of the same length."""
    orders_per_month: float
    """The average number of orders in 30 days of the period."""
    revenue: list[CurrencySales]
    """The orders by currency."""
    by_client: list[ClientSales]
    """The 50 clients with the most orders."""
    by_day: list[DaySales]
    """The orders by day (UTC)."""
    jobs: list[JobFigures]
    """The jobs that were created in the period."""
    requests: RequestFigures | None = Field(
        description="The requests of the last 24 hours. Null if the cache, which counts them, does not respond."
    )
    storage: Storage
    """The size of stored data."""
    events: int
    """The number of events of visitors that were accepted in the period."""
    plan: list[PlanYear]
    """The expected figures of all years in the plan."""
    plan_year: int = Field(
        description=(
            "The first year of the plan whose figures are not exceeded. 4 if the figures of all three years are "
            "exceeded."
        )
    )


def get(tx: Transaction, filters: PeriodFilters) -> PlatformReport:
    """Return the report of the platform. Raises Invalid. Raises Forbidden unless the caller is an admin."""
    if tx.context.admin_role not in ("super_admin", "admin"):
        raise Forbidden
    period = period_of(filters, "UTC")
    days = {"first_day": period.first_day, "last_day": period.last_day}
    figures = json.loads(sql.platform_figures(tx, **days, max_clients=MAX_CLIENTS))
    figures["orders_per_month"] = round(figures["orders"] * 30 / ((period.last_day - period.first_day).days + 1), 1)
    usage = requests_of_platform(tx)
    figures["requests"] = usage and {"requests": usage.requests, "throttled": usage.throttled}
    return PlatformReport(
        **days, **figures, plan=list(PLAN), plan_year=_plan_year(figures), generated_at=datetime.now(UTC)
    )


def _plan_year(figures: dict[str, Any]) -> int:
    """Return the first year of the plan whose figures are at least as high as the current figures. If the current
    figures are higher than all years of the plan, return 4."""
    for expected in PLAN:
        if (
            figures["clients"]["active"] <= expected.clients
            and figures["sites"]["active"] <= expected.sites
            and figures["products"] <= expected.products
            and figures["orders_per_month"] <= expected.orders_per_month
        ):
            return expected.year
    return len(PLAN) + 1
