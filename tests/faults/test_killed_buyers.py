"""Buyers repeat requests, and functions are killed while they place orders. Each idempotency key creates one order.

In small size, the test uses 10 keys with 20 requests each, and kills 20 functions. In full size, it uses 1,000 keys,
and kills 500 functions.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from tests.faults.blocked_commits import blocked_commits, blocking_commits
from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant
from tests.platform.api import address
from tests.platform.orders import BERLIN

pytestmark = pytest.mark.slow

KEYS = 1_000 if FULL else 10
REQUESTS = 20
"""The number of concurrent requests with the same key."""
KILLS = 500 if FULL else 20
"""The number of killed functions: half during their commit, half at random times."""
BATCH_SIZE = 10
"""The number of functions that are killed at the same time."""
MAX_LIFE_SECONDS = 0.12
"""The longest time that a function runs before the test kills it at a random time, in seconds."""
MAX_RETRY_SECONDS = 15
"""The longest time after which a repeated request must get its order, in seconds."""
FUNCTION = "api-orders-place"
STOCK = 1_000_000


@dataclass
class Buyer:
    """A guest who repeats the request with the same key from one address until the order is placed."""

    platform: Platform
    shop: Tenant
    product: Json
    key: str = field(default_factory=lambda: uuid4().hex)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.platform.endpoints.api,
            headers={"Idempotency-Key": self.key},
            timeout=60,
            transport=httpx.HTTPTransport(verify=TLS, local_address=address()),
        )

    def send(self) -> httpx.Response:
        body = {
            "lines": [{"product_id": self.product["id"], "quantity": 1}],
            "customer_name": "Ann Lee",
            "customer_email": f"{self.key}@example.test",
            "shipping_address": BERLIN,
        }
        return self.client.post(f"/v1/storefront/{self.shop.domain}/orders", json=body)

    def send_until_placed(self) -> httpx.Response:
        """Repeat the request until its response contains the order. Fail if the idempotency key remains locked."""
        deadline = time.monotonic() + MAX_RETRY_SECONDS
        while True:
            response = self.send()
            if response.status_code == 201:
                return response
            is_transient = response.status_code in (500, 503) or response.json()["code"] == "idempotency_key_in_use"
            assert is_transient and time.monotonic() < deadline, (response.status_code, response.text)
            time.sleep(0.05)


@pytest.fixture
def new_buyer(own_platform: Platform) -> Iterator[Callable[[], Buyer]]:
    """Create buyers in a new shop. At the end, compare the orders, the stock and the mails.

    Each buyer orders another product, because the orders of one product wait for each other's commits.
    """
    shop = own_platform.tenant()
    own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [shop.client_id])
    buyers: list[Buyer] = []

    def buyer() -> Buyer:
        buyers.append(Buyer(own_platform, shop, own_platform.product(shop, inventory_count=STOCK)))
        return buyers[-1]

    yield buyer
    for each in buyers:
        each.client.close()
    check(own_platform, shop, [each.key for each in buyers])


def check(platform: Platform, shop: Tenant, keys: list[str]) -> None:
    """Check that each key has one order and one mail, and that only these orders have reduced the stock."""
    rows = platform.database.execute(
        "select customer_email from orders where client_id = %s", [shop.client_id]
    ).fetchall()
    assert sorted(row["customer_email"] for row in rows) == sorted(f"{key}@example.test" for key in keys)
    state = platform.database.execute(
        "select (select sum(inventory_count) from products where catalog_id = %(catalog)s) as stock,"
        " (select sum(pieces) from stock_holds where client_id = %(client)s) as held,"
        " (select count(*) from order_lines where client_id = %(client)s) as lines",
        {"catalog": shop.catalog_id, "client": shop.client_id},
    ).fetchone()
    assert state == {"stock": (STOCK - 1) * len(keys), "held": len(keys), "lines": len(keys)}

    def are_mailed() -> bool:
        mails = platform.database.execute(
            "select count(*) as mails, count(distinct order_id) as orders from mails where client_id = %s"
            " and template = 'order_confirmation' and state = 'sent'",
            [shop.client_id],
        ).fetchone()
        return mails == {"mails": len(keys), "orders": len(keys)}

    platform.eventually(are_mailed, within=600 if FULL else 90, every=0.5)


def kill_functions(platform: Platform) -> int:
    """Kill every busy process of the function that places orders. Return the number of killed processes."""
    functions = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
    killed = 0
    for pid in functions[FUNCTION]["busy"]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("sweeper")
def test_twenty_requests_with_the_same_key_place_one_order(new_buyer: Callable[[], Buyer], figure: Figure) -> None:
    with ThreadPoolExecutor(REQUESTS) as pool:
        for _ in range(KEYS):
            buyer = new_buyer()
            responses = list(pool.map(lambda _, each=buyer: each.send_until_placed(), range(REQUESTS)))
            assert len({response.json()["id"] for response in responses}) == 1
            assert sum("idempotent-replayed" not in response.headers for response in responses) == 1
    figure(f"keys that were sent {REQUESTS} times", KEYS, "keys")


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("sweeper")
def test_a_repeated_request_gets_the_order_of_a_killed_function(
    own_platform: Platform, new_buyer: Callable[[], Buyer], figure: Figure
) -> None:
    longest = 0.0
    for _ in range(KILLS // 2 // BATCH_SIZE):
        buyers = [new_buyer() for _ in range(BATCH_SIZE)]
        with blocking_commits(own_platform), ThreadPoolExecutor(BATCH_SIZE) as pool:
            responses = [pool.submit(buyer.send) for buyer in buyers]
            own_platform.eventually(
                lambda: len(blocked_commits(own_platform, "wc_public")) == BATCH_SIZE, within=30, every=0.01
            )
            assert kill_functions(own_platform) == BATCH_SIZE
            assert {response.result().status_code for response in responses} == {500}
        killed_at = time.monotonic()
        with ThreadPoolExecutor(BATCH_SIZE) as pool:
            for response in pool.map(Buyer.send_until_placed, buyers):
                assert "idempotent-replayed" in response.headers
        longest = max(longest, time.monotonic() - killed_at)
    figure("functions killed in the commit of an order", KILLS // 2, "deaths")
    figure("functions killed in the commit of an order: repeated requests", longest, "s", MAX_RETRY_SECONDS)


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("sweeper")
def test_killing_a_function_causes_no_second_order_and_no_locked_key(
    own_platform: Platform, new_buyer: Callable[[], Buyer], figure: Figure
) -> None:
    dice, kills, replayed, longest = random.Random(7), 0, 0, 0.0
    while kills < KILLS // 2:
        buyers = [new_buyer() for _ in range(BATCH_SIZE)]
        with ThreadPoolExecutor(BATCH_SIZE) as pool:
            responses = [pool.submit(buyer.send) for buyer in buyers]
            time.sleep(dice.uniform(0, MAX_LIFE_SECONDS))
            kills += kill_functions(own_platform)
            assert {response.result().status_code for response in responses} <= {201, 500, 503}
        killed_at = time.monotonic()
        with ThreadPoolExecutor(BATCH_SIZE) as pool:
            repeated = list(pool.map(Buyer.send_until_placed, buyers))
        replayed += sum("idempotent-replayed" in response.headers for response in repeated)
        longest = max(longest, time.monotonic() - killed_at)
    figure("functions killed at any time while they placed orders", kills, "deaths")
    figure("functions killed at any time: orders that were placed before", replayed, "orders")
    figure("functions killed at any time: repeated requests", longest, "s", MAX_RETRY_SECONDS)
