"""Measures the report of a client with a million orders.

The targets are 10 ms for a month that is not cached, and 1.5 times `/v1/health` for a cached month. At reference speed
(`infra.bench.pages`), `/v1/health` takes 1.93 ms p50. Therefore the limit of the first row is 10 / 1.93 = 5.2. A job
reads the products and customers of the month, because the month has more than 50,000 orders. The third row compares the
query of the daily totals with a query that computes the same figures from the orders.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

from infra.bench.load import Connect, Timings, get, load, query
from infra.bench.platform import ACME, BenchPlatform
from infra.bench.rows import Limit, Row, measures

RUNS = 7
SECONDS = 1.0
ORDERS = 1_000_000
DAYS = 360
PERIODS = 320
"""The number of periods with the same length."""
MONTH_LIMIT = Limit.at_most(5.2)
CACHED_LIMIT = Limit.at_most(1.5)
FIGURES_LIMIT = Limit.at_most(0.2)
"""The query of the daily totals must be at least 5 times as fast as the query of the orders."""

_ORDERS = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount, currency,
  created_at, shipping_address, items)
select %(client)s, (select id from sites where client_id = %(client)s limit 1), 'BENCH' || n, 'C',
  'c' || n %% 200000 || '@example.test',
  (array['pending', 'processing', 'shipped', 'delivered', 'cancelled'])[1 + n %% 5], round((n %% 9999) / 100.0, 2),
  'EUR',
  timestamptz '2025-01-01Z' + random() * interval '1 day' * %(days)s, '{"country": "DE"}', '[]'
from generate_series(1, %(orders)s) n
"""
_FIGURES = """
select day, currency, sum(orders), sum(amount) from app.local_order_figures(%(client)s, '2025-03-01', '2025-03-31')
where hour = -1 and status <> 'cancelled' group by 1, 2
"""
_FROM_ORDERS = """
select (created_at at time zone 'UTC')::date, currency, count(*), sum(total_amount) from orders
where client_id = %(client)s and status <> 'cancelled' and created_at >= '2025-03-01Z' and created_at < '2025-04-01Z'
group by 1, 2
"""


@measures("report-month-1m-orders", "report-month-cached", "report-figures-1m-orders")
def reports(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the report of one month of a client with a million orders."""
    _create_orders(platform)
    api, owner = platform.endpoints.api, platform.headers()
    health = get(api, {}, lambda: "/v1/health")
    numbers = count()
    # Each request has a different period, so the response is never cached.
    uncached = get(api, owner, lambda: _path(next(numbers)))
    cached = get(api, owner, lambda: f"/v1/reports/clients/{ACME}?month=2025-03")
    yield _row("report-month-1m-orders", _pairs(uncached, health), "/v1/health", MONTH_LIMIT)
    yield _row("report-month-cached", _pairs(cached, health), "/v1/health", CACHED_LIMIT)
    url = platform.endpoints.replica
    totals, orders = (query(url, text, lambda: {"client": ACME}) for text in (_FIGURES, _FROM_ORDERS))
    yield _row("report-figures-1m-orders", _pairs(totals, orders), "the same figures from the orders", FIGURES_LIMIT)


def _path(number: int) -> str:
    """Return the path of a report that no request has read before. Its period is about a month long.

    Each period begins one day after the previous period. After PERIODS periods, the following periods are one day
    longer.
    """
    first_day = date(2025, 1, 1) + timedelta(days=number % PERIODS)
    last_day = first_day + timedelta(days=27 + number // PERIODS)
    return f"/v1/reports/clients/{ACME}?first_day={first_day}&last_day={last_day}"


def _create_orders(platform: BenchPlatform) -> None:
    """Create the orders without triggers. Then compute the totals in the same way as the migration of an old
    database."""
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        platform.database.execute(_ORDERS, {"client": ACME, "days": DAYS, "orders": ORDERS})
        platform.database.execute("set local session_replication_role = origin")
        platform.database.execute("select app.fill_order_slots()")
    for table in ("orders", "order_slot_totals", "order_local_totals"):
        platform.database.execute(f"vacuum analyze {table}".encode())


def _pairs(figure: Connect, floor: Connect) -> list[tuple[Timings, Timings]]:
    for connect in (figure, floor):
        load(connect, 1, SECONDS)
    return [(load(figure, 1, SECONDS), load(floor, 1, SECONDS)) for _ in range(RUNS)]


def _row(name: str, pairs: list[tuple[Timings, Timings]], floor_name: str, limit: Limit) -> Row:
    p50s = [(figure.p50, floor.p50) for figure, floor in pairs]
    return Row.of_pairs(name, p50s, "ms p50", floor_name=floor_name, limit=limit, note=f"{ORDERS:,} orders")
