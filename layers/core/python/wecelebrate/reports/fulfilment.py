"""The report of fulfilment: how long orders take to be exported, shipped and delivered."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.database import Transaction
from wecelebrate.core.types import Id, Moment, Timezone, Whole
from wecelebrate.reports.client import sql
from wecelebrate.reports.models import PeriodFilters
from wecelebrate.reports.scope import Scope, scope_of

MAX_CARRIERS = 50
"""The report lists only the carriers with the most shipments. This is the number of these carriers."""


class FulfilmentFilters(PeriodFilters):
    """The parameters of the report of fulfilment."""

    site_id: Id | None = Field(default=None, description="Only the orders of this site.")
    timezone: Timezone | None = Field(
        default=None, description="The time zone of the days. The default is the time zone of the client."
    )
    late_after: Whole = Field(
        default=3, ge=1, le=365, description="An order is late if it was not shipped after this number of days."
    )


class ShippingTimes(BaseModel):
    """The times from the order to the shipping, and from the shipping to the delivery, in hours."""

    late: int = Field(
        description=(
            "The number of late orders, or the number of late shipments of a carrier. Orders that were shipped "
            "too late count, too."
        )
    )
    ship_p50: float | None = Field(
        description="The median time from the order to the shipment. Null if nothing was shipped."
    )
    ship_p90: float | None = Field(description="The 90th percentile of the time from the order to the shipment.")
    deliver_p50: float | None = Field(description="The median time from the shipment to the delivery.")
    deliver_p90: float | None = Field(description="The 90th percentile of the time from the shipment to the delivery.")


class Fulfilment(ShippingTimes):
    """The figures of a group of orders. All durations are in hours."""

    orders: int
    """The number of orders that are not cancelled."""
    exported: int = Field(description="The number of orders that were exported to an ERP system in an order file.")
    export_p50: float | None = Field(description="The median time from an order to its first export.")
    export_p90: float | None = Field(description="The 90th percentile of the time from an order to its first export.")
    shipped: int
    """The number of orders that were shipped, including the orders that were delivered later."""
    delivered: int
    """The number of orders that were delivered."""


class CountryFulfilment(Fulfilment):
    """The orders to one country."""

    country: str
    """The ISO 3166-1 code of the country. Empty if the address names no country."""


class CarrierFulfilment(ShippingTimes):
    """The shipments of one carrier. All durations are in hours."""

    carrier: str
    """The name of the carrier, in its most frequent spelling. Empty if the shipments name no carrier."""
    orders: int
    """The number of orders with a shipment of this carrier."""
    shipments: int
    """The number of shipments."""
    delivered: int
    """The number of shipments that were delivered."""


class FulfilmentReport(BaseModel):
    """The report of fulfilment."""

    client_id: UUID
    site_id: UUID | None
    first_day: date
    """The first day on which the orders were placed."""
    last_day: date
    """The last day on which the orders were placed."""
    timezone: str
    """The time zone of the days."""
    late_after: int
    """The number of days after which an order is late."""
    generated_at: Moment
    """When the figures were read."""
    total: Fulfilment
    """All orders of the period."""
    by_country: list[CountryFulfilment]
    """The orders by the country of the shipping address."""
    by_carrier: list[CarrierFulfilment]
    """The shipments of the 50 carriers with the most shipments."""


def get(tx: Transaction, client_id: UUID, filters: FulfilmentFilters) -> FulfilmentReport:
    """Return the report of fulfilment. Raises NotFound or Invalid."""
    scope: Scope = scope_of(tx, client_id, filters.site_id, filters.timezone, filters)
    figures = json.loads(
        sql.fulfilment(tx, **scope.parameters(), late_after=filters.late_after, max_carriers=MAX_CARRIERS)
    )
    return FulfilmentReport(**figures, **scope.fields(), late_after=filters.late_after, generated_at=datetime.now(UTC))
