"""If the replica is paused, lagging or killed, callers see their own writes, and the cache gets no outdated value."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant, ok

pytestmark = pytest.mark.slow

WRITES = 1000 if FULL else 30
PRODUCTS = 400 if FULL else 80
ENDED_TRANSACTIONS = 20 if FULL else 4
LAG_MILLISECONDS = 300


@pytest.fixture(scope="module")
def tenant(own_platform: Platform) -> Tenant:
    """Return a tenant with a high rate limit."""
    tenant = own_platform.tenant()
    own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    # Redis records recent transactions. Functions load all values from the primary until this record is a minute old.
    # Set the start of the record to a time in the past, so that functions use the replica at once.
    own_platform.redis.hset("v1:local:public:recent", "since", "1")
    return tenant


@contextmanager
def client_of(platform: Platform, tenant: Tenant, subject: str = "") -> Iterator[httpx.Client]:
    """Yield an HTTP client with the token of the member `subject`. The default is the tenant's owner.

    Unlike `platform.api`, this client does not wait for the replica before a request. The client sends `If-Match: *`.
    """
    platform.wait_for_replica()
    authorization = f"Bearer {platform.issuer.token(subject)}" if subject else tenant.owner.headers["Authorization"]
    headers = {"Authorization": authorization, "If-Match": "*"}
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, timeout=30, verify=TLS) as client:
        yield client


@contextmanager
def paused_replica(platform: Platform) -> Iterator[None]:
    """Pause the replay of the replica until the end of the block."""
    platform.replica.execute("select pg_wal_replay_pause()")
    try:
        yield
    finally:
        platform.replica.execute("select pg_wal_replay_resume()")


def read_price(response: httpx.Response, product: Json) -> str:
    """Return the price of a product from a response. The response is either the product or a list of products."""
    body: Any = ok(response)
    rows = body.get("data", [body])
    return next(str(row["price"]) for row in rows if row["id"] == product["id"])


@pytest.mark.timeout(300)
def test_callers_read_their_own_writes_while_the_replica_is_paused(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    product = own_platform.product(tenant, price="1.00")
    colleague = own_platform.member(tenant.client_id)
    product_path, list_path = f"/v1/products/{product['id']}", f"/v1/catalogs/{tenant.catalog_id}/products"
    # A write stores the changed product in the cache. A read stores a list in the cache, except a filtered list.
    paths = (product_path, list_path, f"{list_path}?updated_since=2020-01-01T00:00:00Z")
    lost_writes, outdated = 0, 0
    with client_of(own_platform, tenant) as writer, client_of(own_platform, tenant, colleague) as reader:
        assert read_price(reader.get(list_path), product) == "1.00"
        with paused_replica(own_platform):
            for number in range(2, WRITES + 2):
                ok(writer.patch(product_path, json={"price": f"{number}.00"}))
                lost_writes += read_price(writer.get(paths[number % 3]), product) != f"{number}.00"
                if number % 10 == 0:
                    outdated += read_price(reader.get(paths[number // 10 % 3]), product) != f"{number}.00"
        own_platform.eventually(
            lambda: (
                own_platform.replica.execute(
                    "select from products where id = %s and price = %s", [product["id"], WRITES + 1]
                ).fetchone()
                is not None
            )
        )
        cached = {read_price(client.get(path), product) for client in (writer, reader) for path in paths[:2]}
    figure("paused replica: own writes not read back", lost_writes, f"of {WRITES}", 0)
    figure("paused replica: outdated responses to others", outdated, f"of {WRITES // 10}")
    figure("paused replica: outdated values in the cache afterwards", len(cached - {f"{WRITES + 1}.00"}), "", 0)


def logged_metric(platform: Platform, function: str, metric: str) -> int:
    """Add up all values of a metric in the log of a function, and return the sum."""
    log: Path = platform.state / "logs" / "functions" / f"{function}.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith('{"_aws"')]
    return int(sum(line[metric][0] for line in lines if metric in line))


@contextmanager
def lagging_replica(platform: Platform) -> Iterator[None]:
    """Delay the replay of each transaction on the replica by LAG_MILLISECONDS until the end of the block."""
    try:
        platform.replica.execute(f"alter system set recovery_min_apply_delay = {LAG_MILLISECONDS}")
        platform.replica.execute("select pg_reload_conf()")
        yield
    finally:
        platform.replica.execute("alter system reset recovery_min_apply_delay")
        platform.replica.execute("select pg_reload_conf()")


def insert_uncached_products(platform: Platform, tenant: Tenant) -> list[Json]:
    """Insert products directly into the database, because the API would also store them in the cache."""
    platform.arrange(
        "insert into products (catalog_id, sku, name, price)"
        " select %s, 'uncached ' || n, 'uncached ' || n, 1.00 from generate_series(1, %s) n",
        [tenant.catalog_id, PRODUCTS],
    )
    rows = platform.database.execute(
        "select id::text from products where catalog_id = %s and sku like 'uncached %%'", [tenant.catalog_id]
    )
    return rows.fetchall()


@pytest.mark.timeout(300)
def test_most_values_come_from_a_lagging_replica_and_are_never_outdated(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    products = insert_uncached_products(own_platform, tenant)
    colleague = own_platform.member(tenant.client_id)
    changing = products[0]
    sent, acknowledged, stop = [1], [1], threading.Event()

    def write() -> None:
        with client_of(own_platform, tenant) as writer:
            while not stop.wait(0.2):
                sent[0] += 1
                ok(writer.patch(f"/v1/products/{changing['id']}", json={"price": f"{sent[0]}.00"}))
                acknowledged[0] = sent[0]

    time.sleep(1)  # Wait until the replica has the products.
    before = {
        metric: logged_metric(own_platform, "api-products-read", metric) for metric in ("CacheMiss", "ReaderHandedOver")
    }
    outdated = 0
    with lagging_replica(own_platform), client_of(own_platform, tenant, colleague) as reader:
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number, product in enumerate(products):
                assert read_price(reader.get(f"/v1/products/{product['id']}"), product) >= "1.00"
                if number % 8 == 0:
                    oldest = acknowledged[0]
                    outdated += float(read_price(reader.get(f"/v1/products/{changing['id']}"), changing)) < oldest
                time.sleep(0.01)
        finally:
            stop.set()
            thread.join()
    loads = logged_metric(own_platform, "api-products-read", "CacheMiss") - before["CacheMiss"]
    by_primary = logged_metric(own_platform, "api-products-read", "ReaderHandedOver") - before["ReaderHandedOver"]
    assert sent[0] > 3
    prefix = f"replica with {LAG_MILLISECONDS} ms lag"
    figure(f"{prefix}: responses older than an acknowledged write", outdated, f"of {PRODUCTS // 8}", 0)
    figure(f"{prefix}: share of loads by the primary", by_primary / loads, f"of {loads}", 0.2)


@contextmanager
def ended_transactions(platform: Platform) -> Iterator[Callable[[], int]]:
    """Repeatedly end transactions of functions on the replica. Yield a callable that returns their number."""
    ended, stop = [0], threading.Event()

    def end() -> None:
        with psycopg.connect(platform.endpoints.replica, autocommit=True) as replica:
            while not stop.is_set():
                ended[0] += replica.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'wc_api' and state = 'idle in transaction' and query like '%app.enter%'"
                ).rowcount

    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield lambda: ended[0]
    finally:
        stop.set()
        thread.join()


@pytest.mark.timeout(300)
def test_ending_a_transaction_on_the_replica_causes_no_error(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    own_platform.product(tenant)
    path = f"/v1/catalogs/{tenant.catalog_id}/products?updated_since=2020-01-01T00:00:00Z"
    requests, deadline = 0, time.monotonic() + 240
    with client_of(own_platform, tenant) as reader, ended_transactions(own_platform) as ended:
        # A function whose transaction was ended does not use the replica for the next 5 seconds.
        while ended() < ENDED_TRANSACTIONS:
            assert ok(reader.get(path))["data"]
            requests += 1
            assert time.monotonic() < deadline
    figure("transactions ended by the replica: errors", 0, f"of {requests} requests", 0)


@pytest.mark.timeout(300)
def test_a_killed_replica_causes_no_error_and_is_used_again_after_its_restart(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    product = own_platform.product(tenant)
    path = f"/v1/catalogs/{tenant.catalog_id}/products?updated_since=2020-01-01T00:00:00Z"
    slowest = 0.0
    with client_of(own_platform, tenant, own_platform.member(tenant.client_id)) as reader:
        for _ in range(5):
            read_price(reader.get(path), product)
        own_platform.replica.close()
        del own_platform.replica
        postmaster = own_platform.state / "postgres" / "replica" / "postmaster.pid"
        os.kill(int(postmaster.read_text("utf-8").split("\n", 1)[0]), signal.SIGKILL)
        killed_at = time.monotonic()
        while True:
            sent_at = time.monotonic()
            assert read_price(reader.get(path), product)
            slowest = max(slowest, time.monotonic() - sent_at)
            if sent_at - killed_at > 1 and replica_is_used(own_platform):
                break
            assert time.monotonic() - killed_at < 60
    figure("killed replica: slowest response", slowest, "s", 2)
    figure("killed replica: used again after", time.monotonic() - killed_at, "s", 30)


def replica_is_used(platform: Platform) -> bool:
    """Whether at least one function is connected to the replica."""
    try:
        with psycopg.connect(platform.endpoints.replica, autocommit=True, connect_timeout=1) as replica:
            row = replica.execute("select from pg_stat_activity where usename = 'wc_api'").fetchone()
            return row is not None
    except psycopg.OperationalError:
        return False
