"""Tests that read transactions use the replica, and that write transactions use the primary. A lagging or unavailable
replica causes no error.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Annotated, Any

import httpx
import psycopg
import pytest
from fastapi import Depends, FastAPI

from infra.local.endpoints import Endpoints
from infra.local.postgres import DATABASE, Postgres
from tests.database import world
from tests.database.replicas import started, wait_for_replay
from tests.platform import Platform, ok
from wecelebrate.core.database import (
    Caller,
    Transaction,
    endpoints,
    reading,
    reading_snapshot,
    retry_on_primary,
    transaction,
    writing,
)
from wecelebrate.core.database.errors import EndedByReplica
from wecelebrate.core.errors import Problem, Unavailable
from wecelebrate.core.http.routes import Deferred, DirectRoute
from wecelebrate.core.settings import settings

Opening = Callable[[Caller], AbstractContextManager[Transaction]]
GET_SITE = "select * from app.site_view where id = $%"


def calls(url: str, query: str) -> int:
    """Return how many times a server has run queries whose text matches the pattern `query`."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select sum(calls) from pg_stat_statements where query like %s", [query]).fetchone()
        return int((row and row[0]) or 0)


def test_a_request_reads_from_the_replica_after_a_cache_miss(platform: Platform, cloud: Endpoints) -> None:
    tenant = platform.tenant()
    sites = [platform.site(tenant.client_id, tenant.catalog_id)["id"] for _ in range(20)]
    ok(tenant.owner.get(f"/v1/sites/{tenant.site_id}"))
    primary, replica = calls(cloud.database, GET_SITE), calls(cloud.replica, GET_SITE)
    for site in sites:
        ok(tenant.owner.get(f"/v1/sites/{site}"))
    assert calls(cloud.replica, GET_SITE) - replica >= 20
    # These 20 requests must use the replica. Other tests can run this query on the primary at the same time.
    assert calls(cloud.database, GET_SITE) - primary < 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A primary and a replica. The tests can stop these servers, because no other module uses them."""
    with started(tmp_path_factory.mktemp("postgres")) as servers:
        yield servers


@pytest.fixture(autouse=True)
def function(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Configure this process like a Lambda function that uses `servers`, if a test uses the fixture `servers`."""
    if "servers" not in request.fixturenames:
        yield
        return
    servers: Postgres = request.getfixturevalue("servers")
    for name, value in {
        "DATABASE_WRITER": servers.primary,
        "DATABASE_READER": servers.replica,
        "DATABASE_NAME": DATABASE,
        "DATABASE_LOGIN": "wc_api",
        "DATABASE_PASSWORD": servers.credentials.logins["wc_api"],
    }.items():
        monkeypatch.setenv(f"WC_{name}", value)
    monkeypatch.setattr(transaction, "READER_RETRY_SECONDS", 0.3)
    settings.cache_clear()
    wait_for_replay(servers)
    yield
    for endpoint in (endpoints.reader, endpoints.primary_reader, endpoints.writer):
        endpoint.drop()
        endpoint.skip_until = 0
    settings.cache_clear()


OWNER = Caller(subject="a-owner")


def on_replica(tx: Transaction) -> bool:
    row = tx.cursor().execute("select pg_is_in_recovery() as replica").fetchone()
    return bool(row and row["replica"])


def becomes(expected: bool, condition: Callable[[], bool]) -> bool:
    """Return whether `condition` returns the expected value within 10 seconds."""
    deadline = time.monotonic() + 10
    while condition() != expected:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def reads_on_replica() -> bool:
    with reading(OWNER) as tx:
        return on_replica(tx)


def test_read_transactions_use_the_replica_and_write_transactions_use_the_primary(servers: Postgres) -> None:
    for _ in range(3):
        assert reads_on_replica()
        with writing(OWNER) as tx:
            assert not on_replica(tx)


def test_a_read_uses_the_primary_until_the_replica_has_replayed_the_write(servers: Postgres) -> None:
    with psycopg.connect(servers.replica_url, autocommit=True) as replica:
        replica.execute("select pg_wal_replay_pause()")
        try:
            with writing(OWNER) as tx:
                tx.cursor().execute("update sites set name = 'changed' where id = %s", [world.A_SITE])
                row = tx.cursor().execute("select pg_current_xact_id()::text as xid").fetchone()
                assert row
            behind = Caller(subject="a-owner", min_xids=(row["xid"],))
            with reading(behind) as tx:
                assert not on_replica(tx)
                row = tx.cursor().execute("select name from sites where id = %s", [world.A_SITE]).fetchone()
                assert row == {"name": "changed"}
            assert reads_on_replica(), "a caller that wrote nothing must still read on the replica"
        finally:
            replica.execute("select pg_wal_replay_resume()")
    wait_for_replay(servers)
    with reading(behind) as tx:
        assert on_replica(tx)


def site_name(tx: Transaction) -> str:
    row = tx.cursor().execute("select name from sites where id = %s", [world.A_SITE]).fetchone()
    assert row is not None
    return str(row["name"])


def rename_site(name: str) -> None:
    with writing(OWNER) as tx:
        tx.cursor().execute("update sites set name = %s where id = %s", [name, world.A_SITE])


@pytest.mark.parametrize("primary", [False, True])
def test_all_statements_of_a_snapshot_see_the_same_rows(servers: Postgres, primary: bool) -> None:
    rename_site("before")
    wait_for_replay(servers)
    with reading_snapshot(OWNER, lambda tx: site_name(tx) == "before", primary=primary) as tx:
        assert on_replica(tx) is not primary
        rename_site("after")
        wait_for_replay(servers)
        assert site_name(tx) == "before"
        rows = tx.cursor().execute("select distinct client_id from sites").fetchall()
        assert rows == [{"client_id": world.A}]
    with reading(OWNER, primary=primary) as tx:  # this transaction uses the same connection
        assert site_name(tx) == "after"
        rename_site("later")
        wait_for_replay(servers)
        assert site_name(tx) == "later"


def test_a_snapshot_uses_the_primary_until_the_replica_has_replayed_the_change(
    servers: Postgres,
) -> None:
    with psycopg.connect(servers.replica_url, autocommit=True) as replica:
        replica.execute("select pg_wal_replay_pause()")
        try:
            rename_site("requested")
            with reading_snapshot(OWNER, lambda tx: site_name(tx) == "requested") as tx:
                assert (on_replica(tx), site_name(tx)) == (False, "requested")
        finally:
            replica.execute("select pg_wal_replay_resume()")
    wait_for_replay(servers)
    with reading_snapshot(OWNER, lambda tx: site_name(tx) == "requested") as tx:
        assert on_replica(tx)


@pytest.mark.usefixtures("immediate_conflicts")
def test_a_snapshot_is_reopened_on_the_primary_if_the_replica_ends_it(servers: Postgres) -> None:
    with pytest.raises(EndedByReplica), reading_snapshot(OWNER, lambda _: True) as tx:
        assert on_replica(tx)
        replay_lock(servers, tx)
    with reading_snapshot(OWNER, lambda _: True) as tx:
        assert not on_replica(tx)
    assert becomes(True, reads_on_replica)


@pytest.mark.parametrize("min_xids", [(), ("999999999",)])
def test_a_read_transaction_cannot_write_on_any_server(servers: Postgres, min_xids: tuple[str, ...]) -> None:
    with pytest.raises(Problem), reading(Caller(subject="a-owner", min_xids=min_xids)) as tx:
        assert on_replica(tx) == (min_xids == ())
        tx.cursor().execute("update sites set name = 'written'")
    with writing(OWNER) as tx:
        assert tx.cursor().execute("select from sites where name = 'written'").fetchone() is None


def test_read_transactions_use_the_primary_if_the_replica_is_down(servers: Postgres) -> None:
    assert reads_on_replica()
    servers.replica_server.stop()
    try:
        began = time.monotonic()
        assert not reads_on_replica()
        assert time.monotonic() - began < 2
        for _ in range(20):
            assert not reads_on_replica()
        with writing(OWNER) as tx:
            assert not on_replica(tx)
    finally:
        servers.replica_server.start()
    assert becomes(True, reads_on_replica)


def test_reads_succeed_and_writes_fail_if_the_primary_is_down(servers: Postgres) -> None:
    assert reads_on_replica()
    servers.primary_server.stop()
    try:
        assert reads_on_replica()
        with pytest.raises(Unavailable), writing(OWNER):
            raise AssertionError("the transaction must not begin")
    finally:
        servers.primary_server.start()
    with writing(OWNER) as tx:
        assert not on_replica(tx)


def connected(servers: Postgres, pid: int) -> bool:
    """Return whether a backend of the replica still runs."""
    with psycopg.connect(servers.replica_url) as replica:
        return replica.execute("select from pg_stat_activity where pid = %s", [pid]).fetchone() is not None


def terminate(url: str, tx: Transaction) -> None:
    """End the connection of the transaction, like a server that stops."""
    with psycopg.connect(url) as server:
        server.execute("select pg_terminate_backend(%s, 5000)", [tx.cursor().connection.info.backend_pid])


def terminate_on_replica(servers: Postgres, tx: Transaction) -> None:
    terminate(servers.replica_url, tx)


def replay_lock(servers: Postgres, tx: Transaction) -> None:
    """Make the replica replay a lock that conflicts with the next statement of the transaction."""
    tx.cursor().execute("select from sites")
    with psycopg.connect(servers.primary_url) as primary:
        primary.execute("lock table sites in access exclusive mode")
        primary.execute("select pg_current_xact_id()")
    tx.cursor().execute("select pg_sleep(10)")


def replay_lock_while_idle(servers: Postgres, tx: Transaction) -> None:
    """Make the replica end the connection of the transaction between two statements. The reason is a replayed lock."""
    pid = tx.cursor().connection.info.backend_pid
    tx.cursor().execute("select from sites")
    with psycopg.connect(servers.primary_url) as primary:
        primary.execute("lock table sites in access exclusive mode")
        primary.execute("select pg_current_xact_id()")
    assert becomes(False, lambda: connected(servers, pid))


@pytest.fixture
def immediate_conflicts(servers: Postgres) -> Iterator[None]:
    """Make the replica end conflicting transactions immediately. The default is 30 seconds."""
    with psycopg.connect(servers.replica_url, autocommit=True) as replica:
        replica.execute("alter system set max_standby_streaming_delay = 0")
        replica.execute("select pg_reload_conf()")
        yield
        replica.execute("alter system reset max_standby_streaming_delay")
        replica.execute("select pg_reload_conf()")


@pytest.mark.parametrize("end", [terminate_on_replica, replay_lock, replay_lock_while_idle])
@pytest.mark.usefixtures("immediate_conflicts")
def test_a_read_that_the_replica_ends_is_repeated_on_the_primary(
    servers: Postgres, end: Callable[[Postgres, Transaction], None]
) -> None:
    used_replica: list[bool] = []

    def read() -> object:
        with reading(OWNER) as tx:
            used_replica.append(on_replica(tx))
            if used_replica[-1]:
                end(servers, tx)
            return tx.cursor().execute("select id from sites where id = %s", [world.A_SITE]).fetchone()

    assert retry_on_primary(read) == {"id": world.A_SITE}
    assert used_replica == [True, False]
    assert becomes(True, reads_on_replica)


def call(endpoint: Callable[[Transaction], object], method: str, opening: Opening) -> httpx.Response:
    """Call an endpoint. `opening` opens its transaction."""
    app = FastAPI()
    route: dict[str, Any] = {"methods": [method], "route_class_override": DirectRoute, "response_model": None}

    async def deferred() -> Deferred:
        return Deferred(lambda: opening(OWNER))

    def run(tx: Annotated[Transaction, Depends(deferred)]) -> object:
        return endpoint(tx)

    app.router.add_api_route("/", run, **route)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.request(method, "/")

    return asyncio.run(send())


def test_an_endpoint_is_repeated_on_the_primary_if_the_replica_ends_its_read(servers: Postgres) -> None:
    used_replica: list[bool] = []

    def endpoint(tx: Transaction) -> bool:
        used_replica.append(on_replica(tx))
        if used_replica[-1]:
            terminate(servers.replica_url, tx)
        return on_replica(tx)

    assert call(endpoint, "GET", reading).json() is False
    assert used_replica == [True, False]


def test_an_endpoint_is_not_repeated_if_its_write_transaction_fails(servers: Postgres) -> None:
    used_replica: list[bool] = []

    def endpoint(tx: Transaction) -> None:
        used_replica.append(on_replica(tx))
        terminate(servers.primary_url, tx)
        on_replica(tx)

    endpoints.reader.skip_until = time.monotonic() + 10  # the test simulates that the replica is down as well
    with pytest.raises(Unavailable):
        call(endpoint, "POST", writing)
    assert used_replica == [False]
