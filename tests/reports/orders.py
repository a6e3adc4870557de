"""Places many orders at given times, and computes a report from these orders without SQL."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from tests.platform import Json, Platform, Tenant

STATUSES = ("pending", "processing", "shipped", "delivered", "cancelled")


@dataclass
class PlacedOrder:
    """One order of a generated history."""

    site_id: str
    created_at: datetime
    buyer: str
    status: str
    currency: str
    lines: list[tuple[str, int, Decimal]]
    """The SKU, the quantity and the price of each line."""
    id: UUID = field(default_factory=uuid4)

    @property
    def amount(self) -> Decimal:
        return sum((quantity * price for _, quantity, price in self.lines), Decimal(0))


def random_order(dice: random.Random, site_id: str, first: datetime, last: datetime) -> PlacedOrder:
    """Return an order at a random time. Names and currencies are inconsistent, as in real order files."""
    lines = [
        (f"SKU-{dice.randint(1, 8)}", dice.randint(1, 9), Decimal(dice.randint(0, 9999)) / 100)
        for _ in range(dice.randint(1, 3))
    ]
    return PlacedOrder(
        site_id=site_id,
        created_at=first + (last - first) * dice.random(),
        buyer=dice.choice(("Ann@Example.test", "ann@example.test", f"guest-{dice.randint(1, 30)}@example.test")),
        status=dice.choice(STATUSES),
        currency=dice.choice(("EUR", "EUR", "USD")),
        lines=lines,
    )


def insert(platform: Platform, tenant: Tenant, *orders: PlacedOrder) -> None:
    """Insert orders. The triggers of the tables record the orders in the same way as orders of the API."""
    with platform.database.transaction(), platform.database.cursor() as cursor:
        cursor.executemany(
            "insert into orders (id, client_id, site_id, customer_name, customer_email, status, total_amount, currency,"
            " created_at, shipping_address, items) values (%s, %s, %s, 'C', %s, %s, %s, %s, %s, '{}', %s)",
            [
                [o.id, tenant.client_id, o.site_id, o.buyer, o.status, o.amount, o.currency, o.created_at, Jsonb([])]
                for o in orders
            ],
        )
        cursor.executemany(
            "insert into order_lines (client_id, order_id, line, sku, name, quantity, unit_price)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                [tenant.client_id, order.id, number, sku, f"Product {sku}", quantity, price]
                for order in orders
                for number, (sku, quantity, price) in enumerate(order.lines, 1)
            ],
        )


@dataclass
class Expected:
    """The report of a list of orders, computed in Python with the time zones of Python."""

    orders: list[PlacedOrder]
    zone: str
    first_day: date
    last_day: date

    def kept(self) -> list[PlacedOrder]:
        """Return the orders of the period that are not cancelled."""
        return [order for order in self.in_period() if order.status != "cancelled"]

    def in_period(self) -> list[PlacedOrder]:
        return [order for order in self.orders if self.first_day <= self.local(order).date() <= self.last_day]

    def local(self, order: PlacedOrder) -> datetime:
        return order.created_at.astimezone(ZoneInfo(self.zone))

    def sections(self) -> Json:
        """Return the sections of the report that are sums over orders."""
        kept, everything = self.kept(), self.in_period()
        totals = []
        for currency in sorted({order.currency for order in everything}):
            counted = [order.amount for order in kept if order.currency == currency]
            cancelled = [o.amount for o in everything if o.currency == currency and o.status == "cancelled"]
            revenue = sum(counted, Decimal(0))
            average = str((revenue / len(counted)).quantize(Decimal("0.01"), "ROUND_HALF_UP")) if counted else None
            totals.append(
                {
                    "currency": currency,
                    "orders": len(counted),
                    "revenue": f"{revenue:.2f}",
                    "average": average,
                    "cancelled_orders": len(cancelled),
                    "cancelled_amount": f"{sum(cancelled, Decimal(0)):.2f}",
                }
            )
        return {
            "totals": totals,
            "by_status": _grouped(everything, lambda order: {"status": order.status}, "amount"),
            "by_day": _grouped(everything, lambda order: {"day": str(self.local(order).date())}, "revenue"),
            "by_hour": _grouped(kept, lambda order: {"hour": self.local(order).hour}, "revenue"),
        }

    def customers(self) -> Json:
        """Return the number of customers, and the number of returning customers.

        A returning customer has at least two orders before the end of the period.
        """
        buyers = Counter(order.buyer.lower() for order in self.kept())
        first_at = {buyer: min(o.created_at for o in self.kept() if o.buyer.lower() == buyer) for buyer in buyers}
        earlier = {
            order.buyer.lower()
            for order in self.orders
            if order.status != "cancelled" and order.created_at < first_at.get(order.buyer.lower(), order.created_at)
        }
        returning = [buyer for buyer, count in buyers.items() if count > 1 or buyer in earlier]
        return {"customers": len(buyers), "returning": len(returning)}

    def pieces(self) -> dict[tuple[str, str], int]:
        """Return the number of pieces of each SKU and currency."""
        pieces: dict[tuple[str, str], int] = defaultdict(int)
        for order in self.kept():
            for sku, quantity, _ in order.lines:
                pieces[sku, order.currency] += quantity
        return dict(pieces)


def _grouped(orders: list[PlacedOrder], key: Any, amount: str) -> list[Json]:
    """Group orders by a key and their currency.

    `amount` is the name of the sum. The sum `revenue` excludes cancelled orders, and the sum `amount` includes
    cancelled orders.
    """
    groups: dict[tuple[Any, ...], list[PlacedOrder]] = defaultdict(list)
    for order in orders:
        groups[*key(order).items(), ("currency", order.currency)].append(order)
    rows = []
    for names, members in groups.items():
        counted = [each for each in members if amount == "amount" or each.status != "cancelled"]
        total = sum((each.amount for each in counted), Decimal(0))
        rows.append(dict(names) | {"orders": len(counted), amount: f"{total:.2f}"})
    return rows


def sorted_rows(rows: list[Json]) -> list[Json]:
    """Sort rows by all their values, so that two lists can be compared."""
    return sorted(rows, key=lambda row: sorted((name, str(value)) for name, value in row.items()))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ONE_DAY = timedelta(days=1)
