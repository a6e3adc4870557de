"""If a function dies between its commit and its cache invalidation, the sweeper invalidates the cache within seconds.

The test blocks the function in its commit (`blocked_commits`), kills the function, and then completes the commit.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psycopg
import pytest

from tests.faults.blocked_commits import blocked_commits, blocking_commits
from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.load import MAX_STALE_SECONDS
from tests.platform import TLS, Json, Platform, Tenant, ok

pytestmark = pytest.mark.slow

DEATHS = 200 if FULL else 20
BATCH_SIZE = 10
"""The number of functions that die at the same time."""
FUNCTION = "api-products-write"


def kill_function(platform: Platform) -> int:
    """Kill every busy process of the function that writes products. Return the number of killed processes."""
    functions = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
    pids = functions[FUNCTION]["busy"]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def read_price(tenant: Tenant, product: Json) -> str:
    """Read a product through the API. Return the price in the response."""
    return str(ok(tenant.owner.get(f"/v1/products/{product['id']}"))["price"])


def is_committed(platform: Platform, tenant: Tenant, price: str) -> bool:
    """Whether all products of the tenant have the price `price` in the database."""
    query = "select distinct price::text from products where catalog_id = %s"
    return platform.database.execute(query, [tenant.catalog_id]).fetchall() == [{"price": price}]


def kill_in_commit(platform: Platform, tenant: Tenant, products: list[Json], price: str) -> float:
    """Change the price of each product, kill each function during its commit, and complete the commits.

    Return the time at which all commits were complete.
    """
    headers = {"Authorization": tenant.owner.headers["Authorization"], "If-Match": "*"}

    def write(product: Json) -> int:
        url = f"{platform.endpoints.api}/v1/products/{product['id']}"
        return httpx.patch(url, json={"price": price}, headers=headers, timeout=30, verify=TLS).status_code

    with blocking_commits(platform), ThreadPoolExecutor(len(products)) as pool:
        responses = [pool.submit(write, product) for product in products]
        platform.eventually(lambda: len(blocked_commits(platform)) == len(products), within=20, every=0.01)
        assert kill_function(platform) == len(products)
        assert {response.result() for response in responses} == {500}
    return time.monotonic()


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("sweeper")
def test_the_sweeper_invalidates_values_that_were_changed_by_killed_functions(
    own_platform: Platform, figure: Figure
) -> None:
    platform = own_platform
    tenant = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    products = [platform.product(tenant, price="1.00") for _ in range(BATCH_SIZE)]
    stale_seconds, stale_responses, reverted_responses = 0.0, 0, 0
    for turn in range(DEATHS // BATCH_SIZE):
        new_price = f"{turn + 2}.00"
        for product in products:
            assert read_price(tenant, product) == f"{turn + 1}.00"  # This read stores the product in the cache.
        committed_at = kill_in_commit(platform, tenant, products, new_price)
        platform.eventually(partial(is_committed, platform, tenant, new_price), within=5, every=0.002)
        fresh_products: set[str] = set()
        while len(fresh_products) < len(products):
            for product in products:
                sent_at = time.monotonic()
                if read_price(tenant, product) == new_price:
                    fresh_products.add(product["id"])
                else:
                    stale_responses += 1
                    reverted_responses += product["id"] in fresh_products
                    stale_seconds = max(stale_seconds, sent_at - committed_at)
            assert time.monotonic() - committed_at < 60
            time.sleep(0.05)
    figure("killed functions", DEATHS, "deaths")
    figure("killed functions: outdated responses", stale_responses, "responses")
    figure("killed functions: outdated for", stale_seconds, "s", MAX_STALE_SECONDS)
    figure("killed functions: outdated again after a current response", reverted_responses, "responses", 0)
    assert stale_responses > 0, "some responses must be outdated, otherwise the test is not valid"


def test_sent_invalidations_are_deleted_from_the_outbox(own_platform: Platform) -> None:
    tenant = own_platform.tenant()
    own_platform.product(tenant)

    def outbox_rows() -> int:
        row = own_platform.database.execute("select count(*) as n from cache_invalidations").fetchone()
        assert row is not None
        return int(row["n"])

    own_platform.eventually(lambda: outbox_rows() == 0, within=MAX_STALE_SECONDS + 60)


@pytest.mark.timeout(120)
def test_the_sweeper_sends_all_unsent_invalidations_at_once(
    own_platform: Platform, sweeper: None, figure: Figure
) -> None:
    """Fill the outbox with unsent invalidations, as an outage of Redis does."""
    tenant = own_platform.tenant()
    product = own_platform.product(tenant, price="1.00")
    path = f"/v1/products/{product['id']}"
    assert read_price(tenant, product) == "1.00"
    with psycopg.connect(own_platform.endpoints.database, autocommit=True) as database:
        for number in range(150):
            database.execute("update products set price = %s where id = %s", [f"{number}.00", product["id"]])
    changed_at = time.monotonic()
    own_platform.eventually(
        lambda: ok(tenant.owner.get(path))["price"] == "149.00", within=MAX_STALE_SECONDS + 5, every=0.02
    )
    figure("150 unsent invalidations: outdated for", time.monotonic() - changed_at, "s", MAX_STALE_SECONDS)
