"""Compares how fast the platform places orders with how fast Directus inserts items."""

from collections.abc import Iterator

from infra.bench.load import get, load
from infra.bench.orders import CONNECTIONS, RUNS, SECONDS, WARM_UP_SECONDS, Shop, place, wait_for_mails
from infra.bench.peers.directus import Directus
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures

LIMIT = Limit.at_least(1.5)
"""The minimum ratio of the orders that the platform places to the items that Directus inserts."""


@measures("orders-1-to-directus", "orders-8-to-directus")
def directus(platform: BenchPlatform) -> Iterator[Row]:
    """Measure orders and items in turns, on the same PostgreSQL server.

    An order reduces the stock, and has lines, a mail and events. An item is a row with the same content.
    """
    with Directus.started(platform.endpoints.database, platform.state.parent / "directus.log") as peer:
        platform.database.execute("update tiers set requests_per_hour = 10000000 where name = 'enterprise'")
        orders, items = place(platform.endpoints.api, Shop.create(platform)), peer.insert()
        wait_for_mails(platform, lambda: load(orders, CONNECTIONS, WARM_UP_SECONDS))
        load(items, CONNECTIONS, WARM_UP_SECONDS)
        ping = load(get(peer.url, {}, lambda: "/server/ping"), 1, WARM_UP_SECONDS)
        for connections in (1, CONNECTIONS):
            pairs = []
            for _ in range(RUNS):
                placed = wait_for_mails(platform, lambda: load(orders, connections, SECONDS))  # noqa: B023 - runs now
                pairs.append((placed.per_second, load(items, connections, SECONDS).per_second))
            name = f"orders-{connections}-to-directus"
            note = f"GET /server/ping of Directus: {ping.per_second:.0f} req/s"
            yield Row.of_pairs(name, pairs, "orders/s", floor_name="items of Directus", limit=LIMIT, note=note)
