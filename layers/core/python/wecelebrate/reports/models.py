"""Reports, and the parameters of their requests."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Amount, Day, Flag, Id, Moment, Timezone
from wecelebrate.orders.models import OrderStatus
from wecelebrate.reports.periods import Month

ReportFormat = Literal["json", "csv", "xlsx"]
ClientTable = Literal["days", "totals", "statuses", "sites", "hours", "products", "returned"]


class PeriodFilters(Input):
    """The days of a report."""

    place = ""

    month: Month | None = Field(default=None, description="A month, e.g. `2026-03`.")
    first_day: Day | None = Field(
        default=None, description="The first day. The default is the first day of the month of `last_day`."
    )
    last_day: Day | None = Field(default=None, description="The last day, which is included. The default is today.")


class ClientReportFilters(PeriodFilters):
    """The parameters of the report of a client."""

    site_id: Id | None = Field(default=None, description="Only the orders and visitors of this site.")
    timezone: Timezone | None = Field(
        default=None, description="The time zone of all days and hours. The default is the time zone of the client."
    )
    format: ReportFormat = "json"
    """The format of the response."""
    table: ClientTable = Field(default="days", description="The table of the report that a CSV file contains.")


class ClientReportRequest(ClientReportFilters):
    """The report that a job writes. It contains all figures, even if the period has many orders."""

    place = "/"

    client_id: Id | None = Field(
        default=None, description="The client. Members of one client can omit it. Admins must set it."
    )
    format: ReportFormat = "xlsx"
    """The format of the file."""
    notify: Flag = Field(default=False, description="Send the caller an e-mail when the file has been written.")


class CurrencyTotals(BaseModel):
    """The figures of all orders in one currency."""

    currency: str
    """An ISO 4217 code."""
    orders: int
    """The number of orders that are not cancelled."""
    revenue: Amount
    """The total amount of these orders."""
    average: Amount | None = Field(description="The revenue divided by the number of orders. Null without orders.")
    cancelled_orders: int
    """The number of cancelled orders."""
    cancelled_amount: Amount
    """The total amount of the cancelled orders."""


class StatusFigures(BaseModel):
    """The orders in one status."""

    status: OrderStatus
    """The current status of the orders."""
    currency: str
    """An ISO 4217 code."""
    orders: int
    """The number of orders."""
    amount: Amount
    """The total amount of the orders."""


class Sales(BaseModel):
    """Orders that are not cancelled."""

    currency: str
    """An ISO 4217 code."""
    orders: int
    """The number of orders."""
    revenue: Amount
    """The total amount of the orders."""


class SiteSales(Sales):
    """The orders of one site."""

    site_id: UUID
    name: str | None
    """The name of the site."""


class DaySales(Sales):
    """The orders of one day."""

    day: date
    """The local day. The list contains no days without orders."""


class HourSales(Sales):
    """The orders that were placed in one hour of the day. The orders of all days are added."""

    hour: int
    """The local hour, from 0 to 23."""


class ProductSales(Sales):
    """The sales of one product."""

    product_id: UUID | None = Field(description="The product. Null if the product was deleted.")
    sku: str
    """The SKU of the product when it was ordered."""
    name: str
    """The name of the product when it was last ordered."""
    quantity: int
    """The number of pieces."""


class ReturnedFigures(BaseModel):
    """The pieces of orders in one currency that customers have returned."""

    currency: str
    """An ISO 4217 code."""
    orders: int
    """The number of orders of the period with returned pieces."""
    quantity: int
    """The number of pieces in returns that were not refused."""
    amount: Amount
    """The sum of the prices of these pieces."""


class Customers(BaseModel):
    """The customers who placed orders that are not cancelled.

    A customer is the subject of a token, or the e-mail address of a guest.
    """

    customers: int
    """The number of customers."""
    returning: int = Field(
        description="The number of customers who have placed more than one order, including orders before this period."
    )


class Conversion(BaseModel):
    """The visits and the orders of the sites. Visits are counted from the events that have a session."""

    visits: int
    """The number of sessions."""
    with_product_view: int
    """The number of sessions with an event `product_view`."""
    with_cart: int
    """The number of sessions with an event `add_to_cart`."""
    with_checkout: int
    """The number of sessions with an event `checkout`."""
    orders: int
    """The number of orders that are not cancelled."""
    rate: float | None = Field(description="The number of orders divided by the number of visits. Null without visits.")


class ClientReport(BaseModel):
    """The report of a client."""

    client_id: UUID
    site_id: UUID | None
    first_day: date
    """The first day of the report."""
    last_day: date
    """The last day of the report."""
    timezone: str
    """The time zone of all days and hours."""
    is_closed: bool = Field(
        description="Whether the period is over, so that no new orders and events can be added to it."
    )
    generated_at: Moment
    """When the figures were read."""
    totals: list[CurrencyTotals]
    """The figures of all orders, by currency."""
    by_status: list[StatusFigures]
    """The orders by their status."""
    by_site: list[SiteSales]
    """The orders by site."""
    by_day: list[DaySales]
    """The orders by local day."""
    by_hour: list[HourSales]
    """The orders by the hour of the day."""
    top_products: list[ProductSales] | None = Field(
        description="The products with the most pieces. Null if the period has more than 50,000 orders."
    )
    returned: list[ReturnedFigures] | None = Field(
        description="The returned pieces, by currency. Null if the period has more than 50,000 orders."
    )
    customers: Customers | None = Field(description="Null if the period has more than 50,000 orders.")
    conversion: Conversion | None = Field(description="Null if the period has more than 50,000 orders.")
