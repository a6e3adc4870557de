"""A writer that dies between its commit and the word to the cache: stale for as long as the sweeper takes, not longer.

A writer is held up in its commit (it waits for a standby that is not there), killed, and its commit let through.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psycopg
import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.load import BOUND
from tests.platform import TLS, Json, Platform, Tenant, ok
from wecelebrate import sweeper as sweeping

DEATHS = 200 if FULL else 20
AT_ONCE = 10
WRITER = "api-products-write"


@pytest.fixture
def waiting(own_platform: Platform) -> Iterator[None]:
    """Commits of wc_api wait for a standby that never comes; those of everybody else for none."""
    database = own_platform.database
    database.execute("alter system set synchronous_commit = local")
    database.execute("alter role wc_api set synchronous_commit = on")
    database.execute("alter system set synchronous_standby_names = 'nobody'")
    database.execute("select pg_reload_conf()")
    # What a role is set to counts from the next connection on.
    database.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'wc_api'")
    yield
    database.execute("alter role wc_api reset synchronous_commit")
    database.execute("alter system reset synchronous_standby_names")
    database.execute("select pg_reload_conf()")


def held(platform: Platform) -> list[int]:
    """The database's processes of writers that wait in their commit."""
    rows = platform.database.execute(
        "select pid from pg_stat_activity where wait_event = 'SyncRep' and usename = 'wc_api'"
    ).fetchall()
    return [row["pid"] for row in rows]


def kill_writers(platform: Platform) -> int:
    """Kill every process of the function that is at work."""
    health = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
    for pid in health[WRITER]["busy"]:
        os.kill(pid, signal.SIGKILL)
    return len(health[WRITER]["busy"])


def price(tenant: Tenant, product: Json) -> str:
    return str(ok(tenant.owner.get(f"/v1/products/{product['id']}"))["price"])


def committed(platform: Platform, tenant: Tenant, price: str) -> bool:
    """Whether all products have a price, in the database."""
    query = "select distinct price::text from products where catalog_id = %s"
    return platform.database.execute(query, [tenant.catalog_id]).fetchall() == [{"price": price}]


def die(platform: Platform, tenant: Tenant, products: list[Json], new: str) -> float:
    """A writer of each product dies in its commit; when the commits were let through."""
    headers = {"Authorization": tenant.owner.headers["Authorization"], "If-Match": "*"}

    def write(product: Json) -> int:
        url = f"{platform.endpoints.api}/v1/products/{product['id']}"
        return httpx.patch(url, json={"price": new}, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(len(products)) as pool:
        answers = [pool.submit(write, product) for product in products]
        platform.eventually(lambda: len(held(platform)) == len(products), within=20, every=0.01)
        assert kill_writers(platform) == len(products)
        assert {answer.result() for answer in answers} == {500}
    for pid in held(platform):
        platform.database.execute("select pg_cancel_backend(%s)", [pid])
    since = time.monotonic()
    platform.eventually(lambda: not held(platform), within=10, every=0.005)
    return since


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("sweeper")
def test_a_writer_that_dies_before_it_tells_the_cache_is_told_for_within_seconds(
    own_platform: Platform, request: pytest.FixtureRequest, figure: Figure
) -> None:
    platform = own_platform
    tenant = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    products = [platform.product(tenant, price="1.00") for _ in range(AT_ONCE)]
    request.getfixturevalue("waiting")
    longest, stale, revived = 0.0, 0, 0
    for turn in range(DEATHS // AT_ONCE):
        new = f"{turn + 2}.00"
        for product in products:
            assert price(tenant, product) == f"{turn + 1}.00"  # it lies in the cache
        since = die(platform, tenant, products, new)
        platform.eventually(partial(committed, platform, tenant, new), within=5, every=0.002)
        fresh: set[str] = set()
        while len(fresh) < len(products):
            for product in products:
                began = time.monotonic()
                is_new = price(tenant, product) == new
                if is_new:
                    fresh.add(product["id"])
                else:
                    stale += 1
                    revived += product["id"] in fresh
                    longest = max(longest, began - since)
            assert time.monotonic() - since < 60
            time.sleep(0.05)
    figure("dead writers", DEATHS, "deaths")
    figure("dead writers: stale answers until they were told for", stale, "answers")
    figure("dead writers: stale for", longest, "s", BOUND)
    figure("dead writers: stale again after it was fresh", revived, "answers", 0)
    assert stale > 0, "somebody saw the old price, or this test shows nothing"
    assert sweeping.AGE + sweeping.INTERVAL < BOUND


def test_what_was_told_leaves_the_outbox(own_platform: Platform) -> None:
    tenant = own_platform.tenant()
    own_platform.product(tenant)

    def left() -> int:
        row = own_platform.database.execute("select count(*) as n from cache_invalidations").fetchone()
        assert row is not None
        return int(row["n"])

    own_platform.eventually(lambda: left() == 0, within=BOUND + 60)


@pytest.mark.timeout(120)
def test_writers_that_cannot_reach_redis_leave_it_to_the_sweeper(
    own_platform: Platform, sweeper: None, figure: Figure
) -> None:
    """As after an outage of Redis: the sweeper tells all that it finds, at once."""
    tenant = own_platform.tenant()
    product = own_platform.product(tenant, price="1.00")
    place = f"/v1/products/{product['id']}"
    assert price(tenant, product) == "1.00"
    with psycopg.connect(own_platform.endpoints.database, autocommit=True) as behind_its_back:
        for number in range(150):
            behind_its_back.execute("update products set price = %s where id = %s", [number, product["id"]])
    began = time.monotonic()
    own_platform.eventually(lambda: ok(tenant.owner.get(place))["price"] == "149.00", within=BOUND + 5, every=0.02)
    figure("150 changes that nobody told: stale for", time.monotonic() - began, "s", BOUND)
