"""Writers whose transactions overlap read their own writes, from the replica and from the cache.

Transactions do not always commit in the order of their ids. Therefore a replica can have replayed one transaction, but
not yet a transaction with a lower id that committed later.
"""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from tests.faults.environment import FULL, function_environment
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant, created, ok
from wecelebrate.core.database import ENTER

WRITERS = 3
WRITES = 10_000 if FULL else 600
"""The number of writes of all writers together."""
API_WRITES = 10_000 if FULL else 150
MAX_OPEN_SECONDS = 0.004
"""The maximum time between the first and the last statement of a transaction. Transactions overlap during this time."""


@pytest.fixture(scope="module")
def tenant(own_platform: Platform) -> Tenant:
    """Return a tenant with a high rate limit."""
    tenant = own_platform.tenant()
    own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    # In the first minute after Redis has started, functions load all values from the primary. Skip this minute.
    own_platform.redis.hset("v1:local:public:recent", "since", "1")
    own_platform.wait_for_replica()
    return tenant


@contextmanager
def paused_replay(platform: Platform) -> Iterator[None]:
    """Pause the replay of the replica until the end of the block."""
    platform.replica.execute("select pg_wal_replay_pause()")
    try:
        platform.eventually(
            lambda: (
                platform.replica.execute("select pg_get_wal_replay_pause_state() = 'paused' as yes").fetchone()
                == {"yes": True}
            )
        )
        yield
    finally:
        platform.replica.execute("select pg_wal_replay_resume()")


@contextmanager
def reader_of(platform: Platform) -> Iterator[psycopg.Connection[DictRow]]:
    """Connect to the replica with the login of the API."""
    password = function_environment(platform.state, "api-products-read")["WC_DATABASE_PASSWORD"]
    with psycopg.connect(
        platform.endpoints.replica,
        user="wc_api",
        password=password,
        autocommit=True,
        row_factory=dict_row,
        prepare_threshold=None,  # psycopg must not prepare statements, because `app.enter` deallocates them
    ) as reader:
        yield reader


def is_caught_up(reader: psycopg.Connection[DictRow], subject: str, *xids: str) -> bool:
    """Return whether `app.enter` reports that the replica has replayed the given transactions."""
    row = reader.execute(sql.SQL(ENTER), [subject, None, None, None, list(xids), None, None, None, None]).fetchone()
    assert row
    return bool(row["caught_up"])


@pytest.fixture(scope="module", autouse=True)
def table(own_platform: Platform) -> None:
    """Create the table `interleaved`, which members of clients are allowed to read."""
    own_platform.database.execute("create table interleaved (id bigint primary key)")
    own_platform.database.execute("grant select on interleaved to app_client")
    own_platform.wait_for_replica()


def begin_write(connection: psycopg.Connection[DictRow], row_id: int) -> str:
    """Insert a row into the table `interleaved`. Do not commit. Return the id of the transaction."""
    row = connection.execute(
        "insert into interleaved values (%s) returning pg_current_xact_id()::text as xid", [row_id]
    ).fetchone()
    assert row
    return str(row["xid"])


@pytest.mark.slow
def test_a_replica_is_outdated_if_an_older_transaction_is_missing(own_platform: Platform, tenant: Tenant) -> None:
    owner = own_platform.member(tenant.client_id)
    primary_url = own_platform.endpoints.database
    with (
        psycopg.connect(primary_url, row_factory=dict_row) as first,
        psycopg.connect(primary_url, row_factory=dict_row) as second,
        psycopg.connect(primary_url, row_factory=dict_row) as third,
        reader_of(own_platform) as reader,
    ):
        oldest, aborted, youngest = begin_write(first, -1), begin_write(second, -2), begin_write(third, -3)
        second.rollback()
        third.commit()
        own_platform.wait_for_replica()
        with paused_replay(own_platform):
            assert not is_caught_up(reader, owner, oldest), "the transaction is still open"
            first.commit()
            assert not is_caught_up(reader, owner, oldest), "the replica has not replayed the commit"
            assert not is_caught_up(reader, owner, youngest, oldest)
            assert is_caught_up(reader, owner, youngest, aborted), "both transactions have ended"
            future = str(int(youngest) + 1_000_000)
            assert not is_caught_up(reader, owner, future), "the replica does not know this transaction"
        own_platform.wait_for_replica()
        assert is_caught_up(reader, owner, oldest, aborted, youngest)


@pytest.mark.timeout(300)
def test_a_replica_that_has_caught_up_shows_every_row_of_the_transaction(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    owner = own_platform.member(tenant.client_id)
    own_platform.wait_for_replica()

    def write(writer: int) -> tuple[int, int]:
        """Write rows, and read each row if the replica has caught up. Return the number of reads and of stale reads."""
        dice = random.Random(writer)
        caught_up, stale = 0, 0
        with (
            psycopg.connect(own_platform.endpoints.database, row_factory=dict_row) as primary,
            reader_of(own_platform) as reader,
        ):
            for number in range(WRITES // WRITERS):
                row_id = number * WRITERS + writer
                xid = begin_write(primary, row_id)
                time.sleep(dice.uniform(0, MAX_OPEN_SECONDS))
                primary.commit()
                with reader.transaction():
                    if is_caught_up(reader, owner, xid):
                        caught_up += 1
                        stale += not reader.execute("select from interleaved where id = %s", [row_id]).rowcount
        return caught_up, stale

    with ThreadPoolExecutor(WRITERS) as pool:
        caught_up, stale = (sum(counts) for counts in zip(*pool.map(write, range(WRITERS)), strict=True))
    assert caught_up, "the replica has not answered any read"
    figure("interleaved transactions: stale own reads", stale, f"of {caught_up} on the replica, {WRITES} writes", 0)


def skus(client: httpx.Client, tenant: Tenant) -> set[str]:
    """Return the SKUs on the first page of the tenant's catalog. The cache can store this page."""
    page = ok(client.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": 1000}))
    return {product["sku"] for product in page["data"]}


@contextmanager
def api_client(platform: Platform, subject: str) -> Iterator[httpx.Client]:
    """Yield an HTTP client that, unlike `platform.api`, does not wait for the replica before a request."""
    headers = {"Authorization": f"Bearer {platform.issuer.token(subject)}", "If-Match": "*"}
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, timeout=30, verify=TLS) as client:
        yield client


def test_a_product_that_commits_late_is_listed_at_once(own_platform: Platform, tenant: Tenant) -> None:
    def create(client: httpx.Client, sku: str) -> Json:
        body = {"sku": sku, "name": sku, "price": "1.00"}
        return created(client.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=body))

    writer_subject, colleague_subject = (own_platform.member(tenant.client_id) for _ in range(2))
    own_platform.wait_for_replica()
    with (
        api_client(own_platform, writer_subject) as writer,
        api_client(own_platform, colleague_subject) as colleague,
        ThreadPoolExecutor(1) as pool,
    ):
        # The first product of a catalog sets the currency of the catalog. This creation would block other creations.
        create(writer, "FIRST")
        for number in range(5):
            late, early = f"LATE-{number}", f"EARLY-{number}"
            skus(writer, tenant)
            insert = "insert into products (catalog_id, sku, name, price) values (%s, %s, %s, 1)"
            # Another open transaction has inserted the SKU `late`. The request below gets a transaction id, and then
            # waits for this transaction.
            with own_platform.holding(insert, [tenant.catalog_id, late, late]) as held:
                creation = pool.submit(create, writer, late)
                held.wait_for(1)
                create(colleague, early)
                own_platform.wait_for_replica()
                own_platform.replica.execute("select pg_wal_replay_pause()")
            try:
                creation.result()
                assert {late, early} <= skus(writer, tenant), "the writer sees its own product"
                assert {late, early} <= skus(colleague, tenant)
            finally:
                own_platform.replica.execute("select pg_wal_replay_resume()")
            own_platform.wait_for_replica()
            for client in (writer, colleague):
                assert {late, early} <= skus(client, tenant), "the cache has stored an outdated list"


@pytest.mark.timeout(900)
def test_three_writers_to_one_catalog_read_their_own_writes_from_the_api(
    own_platform: Platform, tenant: Tenant, figure: Figure
) -> None:
    products = [own_platform.product(tenant, price="1.00") for _ in range(WRITERS)]
    subjects = [own_platform.member(tenant.client_id) for _ in range(WRITERS)]
    list_path = f"/v1/catalogs/{tenant.catalog_id}/products"
    own_platform.wait_for_replica()
    stop = threading.Event()

    def hold_transactions_open(seed: int) -> None:
        """Begin and end transactions that overlap the transactions of the API."""
        dice = random.Random(seed)
        with psycopg.connect(own_platform.endpoints.database, row_factory=dict_row) as connection:
            for number in count(1):
                if stop.is_set():
                    break
                begin_write(connection, -1000 * number - seed)
                time.sleep(dice.uniform(0, 5 * MAX_OPEN_SECONDS))
                connection.commit()

    def write(writer: int) -> int:
        """Change the price of a product, and read it back. Return the number of outdated responses."""
        product, outdated = products[writer], 0
        paths = (f"/v1/products/{product['id']}", list_path, f"{list_path}?updated_since=2020-01-01T00:00:00Z")
        with api_client(own_platform, subjects[writer]) as client:
            for number in range(API_WRITES // WRITERS):
                price = f"{number + 2}.00"
                ok(client.patch(paths[0], json={"price": price}))
                body = ok(client.get(paths[number % 3]))
                rows = body.get("data", [body])
                outdated += next(row["price"] for row in rows if row["id"] == product["id"]) != price
        return outdated

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        holders = [pool.submit(hold_transactions_open, seed) for seed in range(2)]
        try:
            outdated = sum(pool.map(write, range(WRITERS)))
        finally:
            stop.set()
        for holder in holders:
            holder.result()
    figure("interleaved writers of the API: stale own reads", outdated, f"of {API_WRITES}", 0)
