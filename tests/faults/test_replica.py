"""A replica that stands still, lags or dies: everybody reads what they wrote, and nothing old gets into the cache."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant, ok

WRITES = 1000 if FULL else 60
PAGES = 400 if FULL else 80
LAG = 300
"""Milliseconds."""


@pytest.fixture(scope="module")
def tenant(own_platform: Platform) -> Tenant:
    """A tenant that may ask as much as it takes."""
    tenant = own_platform.tenant()
    own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    # A memory of writes that is younger than a minute is not relied on: all reads would be the primary's.
    own_platform.redis.hset("v1:local:public:recent", "since", "1")
    return tenant


@contextmanager
def raw(platform: Platform, tenant: Tenant, subject: str = "") -> Iterator[httpx.Client]:
    """The tenant's owner, or somebody else, who is known to the replica, but waits for it no more, and asks for changes
    whatever the state is."""
    platform.catch_up()
    authorization = f"Bearer {platform.issuer.token(subject)}" if subject else tenant.owner.headers["Authorization"]
    headers = {"Authorization": authorization, "If-Match": "*"}
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, timeout=30, verify=TLS) as client:
        yield client


@contextmanager
def standing_still(platform: Platform) -> Iterator[None]:
    """While the replica replays nothing."""
    platform.replica.execute("select pg_wal_replay_pause()")
    try:
        yield
    finally:
        platform.replica.execute("select pg_wal_replay_resume()")


def price(answer: httpx.Response, product: Json) -> str:
    body: Any = ok(answer)
    rows = body.get("data", [body])
    return next(str(row["price"]) for row in rows if row["id"] == product["id"])


@pytest.mark.timeout(300)
def test_own_writes_are_read_back_while_the_replica_stands_still(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    product = own_platform.product(tenant, price="1.00")
    colleague = own_platform.member(tenant.client_id)
    one, many = f"/v1/products/{product['id']}", f"/v1/catalogs/{tenant.catalog_id}/products"
    ways = (one, many, f"{many}?updated_since=2020-01-01T00:00:00Z")  # written through, kept, never kept
    lost, old = 0, 0
    with raw(own_platform, tenant) as writer, raw(own_platform, tenant, colleague) as other:
        assert price(other.get(many), product) == "1.00"
        with standing_still(own_platform):
            for number in range(2, WRITES + 2):
                ok(writer.patch(one, json={"price": f"{number}.00"}))
                lost += price(writer.get(ways[number % 3]), product) != f"{number}.00"
                if number % 10 == 0:
                    old += price(other.get(ways[number // 10 % 3]), product) != f"{number}.00"
        own_platform.eventually(
            lambda: (
                own_platform.replica.execute(
                    "select from products where id = %s and price = %s", [product["id"], WRITES + 1]
                ).fetchone()
                is not None
            )
        )
        kept = [price(client.get(way), product) for client in (writer, other) for way in ways[:2]]
    figure("replica stands still: own writes not read back", lost, f"of {WRITES}", 0)
    figure("replica stands still: answers to others that were of the past", old, f"of {WRITES // 10}")
    figure("replica stands still: old answers in the cache afterwards", len(set(kept) - {f"{WRITES + 1}.00"}), "", 0)


def counted(platform: Platform, function: str, metric: str) -> int:
    """How often a function told CloudWatch of a metric."""
    log: Path = platform.state / "logs" / "functions" / f"{function}.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith('{"_aws"')]
    return int(sum(line[metric][0] for line in lines if metric in line))


@contextmanager
def lagging(platform: Platform) -> Iterator[None]:
    """While the replica replays every transaction a while later."""
    try:
        platform.replica.execute(f"alter system set recovery_min_apply_delay = {LAG}")
        platform.replica.execute("select pg_reload_conf()")
        yield
    finally:
        platform.replica.execute("alter system reset recovery_min_apply_delay")
        platform.replica.execute("select pg_reload_conf()")


def cold(platform: Platform, tenant: Tenant) -> list[Json]:
    """Products that nobody has read: what is created through the API is in the cache."""
    platform.arrange(
        "insert into products (catalog_id, sku, name, price)"
        " select %s, 'cold ' || n, 'cold ' || n, 1 from generate_series(1, %s) n",
        [tenant.catalog_id, PAGES],
    )
    made = platform.database.execute(
        "select id::text from products where catalog_id = %s and sku like 'cold %%'", [tenant.catalog_id]
    )
    return made.fetchall()


@pytest.mark.timeout(300)
def test_behind_a_lagging_replica_most_is_still_loaded_from_it_and_nothing_old(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    products = cold(own_platform, tenant)
    colleague = own_platform.member(tenant.client_id)
    changing = products[0]
    sent, known, stop = [1], [1], threading.Event()

    def write() -> None:
        with raw(own_platform, tenant) as writer:
            while not stop.wait(0.2):
                sent[0] += 1
                ok(writer.patch(f"/v1/products/{changing['id']}", json={"price": f"{sent[0]}.00"}))
                known[0] = sent[0]

    time.sleep(1)  # the replica has what stands above
    before = {
        metric: counted(own_platform, "api-products-read", metric) for metric in ("CacheMiss", "ReaderHandedOver")
    }
    stale = 0
    with lagging(own_platform), raw(own_platform, tenant, colleague) as reader:
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number, product in enumerate(products):
                assert price(reader.get(f"/v1/products/{product['id']}"), product) >= "1.00"
                if number % 8 == 0:
                    least = known[0]
                    stale += float(price(reader.get(f"/v1/products/{changing['id']}"), changing)) < least
                time.sleep(0.01)
        finally:
            stop.set()
            thread.join()
    fills = counted(own_platform, "api-products-read", "CacheMiss") - before["CacheMiss"]
    handed = counted(own_platform, "api-products-read", "ReaderHandedOver") - before["ReaderHandedOver"]
    assert sent[0] > 3
    figure(f"replica {LAG} ms behind: answers older than a write before them", stale, f"of {PAGES // 8}", 0)
    figure(f"replica {LAG} ms behind: loads that the primary had to answer", handed / fills, f"of {fills}", 0.2)


@pytest.mark.timeout(300)
def test_a_replica_that_dies_costs_no_answer_and_is_asked_again_once_it_is_back(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    product = own_platform.product(tenant)
    path = f"/v1/catalogs/{tenant.catalog_id}/products?updated_since=2020-01-01T00:00:00Z"
    slowest = 0.0
    with raw(own_platform, tenant, own_platform.member(tenant.client_id)) as reader:
        for _ in range(5):
            price(reader.get(path), product)
        own_platform.replica.close()
        del own_platform.replica
        postmaster = own_platform.state / "postgres" / "replica" / "postmaster.pid"
        os.kill(int(postmaster.read_text("utf-8").split("\n", 1)[0]), signal.SIGKILL)
        killed = time.monotonic()
        while True:
            began = time.monotonic()
            assert price(reader.get(path), product)
            slowest = max(slowest, time.monotonic() - began)
            if began - killed > 1 and asked_again(own_platform):
                break
            assert time.monotonic() - killed < 60
    figure("replica killed: slowest answer", slowest, "s", 2)
    figure("replica killed: asked again after", time.monotonic() - killed, "s", 30)


def asked_again(platform: Platform) -> bool:
    """Whether functions are connected to the replica."""
    try:
        with psycopg.connect(platform.endpoints.replica, autocommit=True, connect_timeout=1) as replica:
            found = replica.execute("select from pg_stat_activity where usename = 'wc_api'").fetchone()
            return found is not None
    except psycopg.OperationalError:
        return False
