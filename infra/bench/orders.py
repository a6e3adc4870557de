"""Measures how fast orders are placed, and how much CPU time an order takes.

The targets are multiples of the figures of a peer, Directus 12.3, or of a figure of the platform. The platform at the
commit d33676ca is called the baseline. This commit did not yet combine the mails and webhooks of one second in one
message. The baseline and Directus were measured in turns on one machine:

- With one connection, the baseline placed 25 orders/s, and Directus inserted 56 items/s.
- With eight connections, the baseline placed 35 orders/s, and Directus inserted 49 items/s.
- An order of the baseline took 60 ms of CPU time.

The limit of a row is the ratio of the baseline, multiplied by the target, and divided by the figure of the baseline.
This ratio is measured with the functions of the baseline. The figure is in the list above. The limit does not depend on
the speed of the machine.
"""

import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from infra.bench import catalogs
from infra.bench.cpu import CpuTime, cpu_of_requests, idle_cpu
from infra.bench.load import Connect, Send, Timings, both, get, load, open_connection
from infra.bench.platform import ACME, BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.local.processes import LocalCloudError

RUNS = 5
SECONDS = 3.0
"""The duration of each run, in seconds. It is longer than the runs of pages, because the workers send the mails of an
order at least one second after the order. The workers must be busy during most of the run."""
WARM_UP_SECONDS = 1.0
CONNECTIONS = 8
CPU_RUNS, CPU_ORDERS, CPU_REQUESTS, IDLE_SECONDS = 3, 150, 1_000, 5.0
MAILS_TIMEOUT = 300.0
"""The maximum time until the mails of a run are sent, in seconds. SES allows 14 mails a second."""

PRODUCTS, STOCK = 1_000, 1_000_000
LINES_PER_ORDER = 2
ORDERS_PER_ADDRESS = 40
"""The number of orders after which a visitor gets another IP address. A site accepts orders of at most 100 pieces a day
from one address."""

BASELINE_RATIO_ONE, BASELINE_RATIO_EIGHT, BASELINE_RATIO_CPU = 0.205, 0.267, 19.2
"""The ratios of the baseline, measured on 2026-11-27, while other programs used the machine. Measure these ratios again
whenever a floor changes. `infra.bench.running_cloud` measures the ratios of the baseline and of the current functions
in turns."""
ONE_LIMIT = Limit.at_least(round(BASELINE_RATIO_ONE * 1.5 * 56 / 25, 3))
"""The target is 1.5 times the rate of Directus, i.e. 1.5 * 56 orders/s. The baseline placed 25 orders/s."""
EIGHT_LIMIT = Limit.at_least(round(BASELINE_RATIO_EIGHT * 1.5 * 49 / 35, 3))
"""The target is 1.5 times the rate of Directus, i.e. 1.5 * 49 orders/s. The baseline placed 35 orders/s."""
CPU_LIMIT = Limit.at_most(round(BASELINE_RATIO_CPU * 20 / 60, 2))
"""The target is 20 ms. The baseline took 60 ms."""
ONE_PRODUCT_LIMIT = Limit.at_least(0.7)
"""Orders of the same product wait for each other. Their rate must be at least 70 % of the rate of other orders."""

_INSERT = """
with placed as (
  insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, shipping_address,
    items)
  values (%(client)s, %(site)s, %(name)s, %(email)s, %(total)s, 'USD', %(address)s, %(items)s)
  returning client_id, id
)
insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
select p.client_id, p.id, l.* from placed p, jsonb_to_recordset(%(items)s)
  l (line integer, product_id uuid, sku text, name text, quantity integer, unit_price numeric)
"""
"""Inserts an order and its lines without policies, triggers, foreign keys, stock, mails and webhooks."""
_ADDRESS = {"line1": "1 Main Street", "city": "Springfield", "country": "US", "postal_code": "62701", "region": "IL"}

_numbers = itertools.count()
"""Counts the orders of this process. With this number, each order has a different customer."""


@dataclass(frozen=True)
class Shop:
    """A site that sells products with a large stock."""

    site_id: UUID
    domain: str
    products: Sequence[tuple[str, str, str]]
    """The id, the SKU and the name of each product."""

    @classmethod
    def create(cls, platform: BenchPlatform, client_id: UUID = ACME) -> "Shop":
        """Create a catalog with PRODUCTS products for a client, and a site that shows these products."""
        catalog = catalogs.create_filled_catalog(platform, PRODUCTS, client_id)
        database = platform.database
        database.execute("update products set inventory_count = %s where catalog_id = %s", [STOCK, catalog])
        platform.settle()
        domain = platform.create_site(catalog, client_id)
        site = database.execute("select id from sites where domain = %s", [domain]).fetchone()
        assert site is not None
        products = database.execute("select id::text, sku, name from products where catalog_id = %s", [catalog])
        return cls(site[0], domain, products.fetchall())


@measures("orders-1", "orders-8", "orders-one-product", "orders-cpu")
def orders(platform: BenchPlatform) -> Iterator[Row]:
    """Measure orders of guests: with one connection, with eight connections, and all for the same product.

    Last, measure the CPU time of an order in the whole local cloud, including its mail.
    """
    # All requests are for one client. The rate limit of the client would reject most requests.
    platform.database.execute("update tiers set requests_per_hour = 10000000 where name = 'enterprise'")
    shop = Shop.create(platform)
    api = platform.endpoints.api
    health = get(api, {}, lambda: "/v1/health")
    floor = both(health, insert(platform.endpoints.database, shop))
    many, same = place(api, shop), place(api, shop, hot=True)
    for connect in (many, same):
        wait_for_mails(platform, partial(load, connect, CONNECTIONS, WARM_UP_SECONDS))
    load(floor, CONNECTIONS, WARM_UP_SECONDS)
    pairs = [(_rate(platform, many, 1), load(floor, 1, SECONDS).per_second) for _ in range(RUNS)]
    floor_name = "/v1/health and the bare insert"
    yield Row.of_pairs("orders-1", pairs, "orders/s", floor_name=floor_name, limit=ONE_LIMIT)
    of_many, pairs = [], []
    for _ in range(RUNS):
        rate = _rate(platform, many, CONNECTIONS)
        of_many.append((rate, load(floor, CONNECTIONS, SECONDS).per_second))
        pairs.append((_rate(platform, same, CONNECTIONS), rate))
    note = f"{CONNECTIONS} connections"
    yield Row.of_pairs("orders-8", of_many, "orders/s", floor_name=floor_name, limit=EIGHT_LIMIT, note=note)
    floor_name = f"orders of {PRODUCTS:,} products"
    yield Row.of_pairs(
        "orders-one-product", pairs, "orders/s", floor_name=floor_name, limit=ONE_PRODUCT_LIMIT, note=note
    )
    yield _cpu_row(platform, many, health)


def place(api: str, shop: Shop, *, hot: bool = False) -> Connect:
    """Return a function that opens an HTTP connection and yields `send`. Each call of `send` places an order.

    Each order has a different guest. If `hot` is true, all orders contain the same product.
    """

    @contextmanager
    def connect() -> Iterator[Send]:
        connection = open_connection(api, own_address=True)
        dice = random.Random(next(_numbers))  # noqa: S311 - the choice of products is not secret
        count = itertools.count(1)

        def send() -> str:
            nonlocal connection
            if next(count) % ORDERS_PER_ADDRESS == 0:
                connection.close()
                connection = open_connection(api, own_address=True)
            products = [shop.products[0], dice.choice(shop.products[1:])] if hot else dice.sample(shop.products, 2)
            body = json.dumps(_order([product[0] for product in products[:LINES_PER_ORDER]]))
            path = f"/v1/storefront/{shop.domain}/orders"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            if response.status != 201:
                raise LocalCloudError(f"POST {path}: {response.status} {content[:500]!r}")
            return "201"

        try:
            yield send
        finally:
            connection.close()

    return connect


def insert(database: str, shop: Shop) -> Connect:
    """Return a function that opens a PostgreSQL connection and yields `send`.

    Each call of `send` inserts an order and its lines.
    """

    @contextmanager
    def connect() -> Iterator[Send]:
        with psycopg.connect(database, autocommit=True, prepare_threshold=None) as connection:
            connection.execute(
                "set session_replication_role = replica"
            )  # the insert runs without triggers and foreign keys
            dice = random.Random(next(_numbers))  # noqa: S311 - the choice of products is not secret

            def send() -> str:
                connection.execute(_INSERT, _row(shop, dice))
                return "insert"

            yield send

    return connect


def _row(shop: Shop, dice: random.Random) -> dict[str, object]:
    """Return the parameters of _INSERT for an order like the orders that `place` sends."""
    items = [
        {"line": line, "product_id": id_, "sku": sku, "name": name, "quantity": 1, "unit_price": "12.50", "image": None}
        for line, (id_, sku, name) in enumerate(dice.sample(shop.products, LINES_PER_ORDER), 1)
    ]
    new = _order([])
    return {
        "client": ACME,
        "site": shop.site_id,
        "name": new["customer_name"],
        "email": new["customer_email"],
        "total": "25.00",
        "address": Jsonb(_ADDRESS),
        "items": Jsonb(items),
    }


def _order(product_ids: list[str]) -> dict[str, object]:
    number = next(_numbers)
    return {
        "lines": [{"product_id": product_id, "quantity": 1} for product_id in product_ids],
        "customer_name": f"Guest {number}",
        "customer_email": f"guest-{number}@example.com",
        "shipping_address": _ADDRESS,
    }


def _rate(platform: BenchPlatform, connect: Connect, connections: int) -> float:
    """Place orders, and wait until their mails are sent. Return the orders per second. The waiting time does not
    count."""
    return wait_for_mails(platform, partial(load, connect, connections, SECONDS)).per_second


def wait_for_mails(platform: BenchPlatform, run: Callable[[], Timings], timeout: float = MAILS_TIMEOUT) -> Timings:
    """Run a load of orders, and wait until all their mails are sent.

    Raises LocalCloudError if the number of sent mails is wrong, or if the mails are not sent within `timeout` seconds.
    """
    before = _mails(platform)
    timings = run()
    deadline = time.monotonic() + timeout
    while (mails := _mails(platform) - before)["queued"]:
        if time.monotonic() > deadline:
            raise LocalCloudError(f"after {timeout:.0f} seconds, {mails['queued']} mails are not sent")
        time.sleep(0.2)
    if mails["sent"] + mails["delivered"] != timings.requests:
        raise LocalCloudError(f"{timings.requests} orders have these mails: {dict(mails)}")
    return timings


def _mails(platform: BenchPlatform) -> Counter[str]:
    """Return the number of order mails in each state."""
    states = "select state, count(*) from mails where order_id is not null group by state"
    return Counter(dict(platform.database.execute(states).fetchall()))


def _cpu_row(platform: BenchPlatform, many: Connect, health: Connect) -> Row:
    """Compare the CPU time of an order in all processes of the local cloud with the CPU time of a request to
    /v1/health.
    """
    state, details, pairs = platform.state, [], []

    def place_orders() -> int:
        return wait_for_mails(platform, partial(_count, many, CPU_ORDERS)).requests

    def request_health() -> int:
        return _count(health, CPU_REQUESTS).requests

    for _ in range(CPU_RUNS):
        idle = idle_cpu(state, IDLE_SECONDS)
        order = cpu_of_requests(state, place_orders, idle)
        details.append(order)
        pairs.append((order.total, cpu_of_requests(state, request_health, idle).total))
    note = f"of all processes, with the mail: {_median(details)}"
    return Row.of_pairs("orders-cpu", pairs, "ms CPU", floor_name="/v1/health", limit=CPU_LIMIT, note=note)


def _count(connect: Connect, requests: int) -> Timings:
    """Send `requests` requests over one connection."""
    remaining = iter(range(requests))

    @contextmanager
    def connect_counted() -> Iterator[Send]:
        with connect() as send:

            def send_counted() -> str:
                next(remaining)
                return send()

            yield send_counted

    return load(connect_counted, 1, MAILS_TIMEOUT)


def _median(times: Sequence[CpuTime]) -> CpuTime:
    """Return, for each part of the local cloud, the median of its CPU times."""
    return CpuTime({part: median(time.parts.get(part, 0.0) for time in times) for part in times[0].parts})
