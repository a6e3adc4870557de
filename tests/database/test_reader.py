"""Reads go to the replica, writes to the primary; and a replica that is gone or behind is no error."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from infra.local.database import prepare
from infra.local.endpoints import Endpoints
from infra.local.postgres import DATABASE, Postgres
from infra.local.processes import free_port
from tests.database import world
from tests.platform import Platform, ok
from wecelebrate import database
from wecelebrate.database import Caller, Transaction, reading, writing
from wecelebrate.errors import Problem, Unavailable
from wecelebrate.settings import settings

GET_SITE = "select * from app.site_view where id = $%"


def calls(url: str, query: str) -> int:
    """How often a server has run a query that reads like this."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select sum(calls) from pg_stat_statements where query like %s", [query]).fetchone()
        return int((row and row[0]) or 0)


def test_what_the_cache_does_not_have_is_read_from_the_replica(platform: Platform, cloud: Endpoints) -> None:
    tenant = platform.tenant()
    sites = [platform.site(tenant.client_id, tenant.catalog_id)["id"] for _ in range(20)]
    ok(tenant.owner.get(f"/v1/sites/{tenant.site_id}"))
    primary, replica = calls(cloud.database, GET_SITE), calls(cloud.replica, GET_SITE)
    for site in sites:
        ok(tenant.owner.get(f"/v1/sites/{site}"))
    assert calls(cloud.replica, GET_SITE) - replica >= 20
    # Other tests may read on the primary meanwhile, but these requests did not.
    assert calls(cloud.database, GET_SITE) - primary < 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A primary and a replica of this module's own, which it may stop."""
    servers = Postgres(tmp_path_factory.mktemp("postgres"), free_port(), free_port(), durable=False)
    with servers:
        prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
        with psycopg.connect(servers.primary_url) as connection:
            world.seed(connection)
        yield servers
    servers.erase()


@pytest.fixture(autouse=True)
def function(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as a function that uses the servers, when the test does."""
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
    monkeypatch.setattr(database, "READER_REST", 0.3)
    settings.cache_clear()
    caught_up(servers)
    yield
    for endpoint in (database._reader, database._reader_of_last_resort, database._writer):
        endpoint.drop()
        endpoint.resting_until = 0
    settings.cache_clear()


def caught_up(servers: Postgres) -> None:
    """Wait until the replica has all that the primary has."""
    with (
        psycopg.connect(servers.primary_url) as primary,
        psycopg.connect(servers.replica_url, autocommit=True) as replica,
    ):
        row = primary.execute("select pg_current_wal_lsn()::text").fetchone()
        while replica.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", row).fetchone() != (True,):
            time.sleep(0.01)


OWNER = Caller(subject="a-owner")


def on_replica(tx: Transaction) -> bool:
    row = tx.cursor().execute("select pg_is_in_recovery() as replica").fetchone()
    return bool(row and row["replica"])


def becomes(expected: bool, asked: Callable[[], bool]) -> bool:
    """Whether it becomes so within some seconds."""
    deadline = time.monotonic() + 10
    while asked() != expected:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def read() -> bool:
    with reading(OWNER) as tx:
        return on_replica(tx)


def test_reading_is_on_the_replica_and_writing_on_the_primary(servers: Postgres) -> None:
    for _ in range(3):
        assert read()
        with writing(OWNER) as tx:
            assert not on_replica(tx)


def test_a_reader_that_has_not_caught_up_hands_its_reads_to_the_primary(servers: Postgres) -> None:
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
                found = tx.cursor().execute("select name from sites where id = %s", [world.A_SITE]).fetchone()
                assert found == {"name": "changed"}
            assert read(), "who wrote nothing still reads there"
        finally:
            replica.execute("select pg_wal_replay_resume()")
    caught_up(servers)
    with reading(behind) as tx:
        assert on_replica(tx)


@pytest.mark.parametrize("min_xids", [(), ("999999999",)])
def test_reading_writes_nothing_wherever_it_is(servers: Postgres, min_xids: tuple[str, ...]) -> None:
    with pytest.raises(Problem), reading(Caller(subject="a-owner", min_xids=min_xids)) as tx:
        assert on_replica(tx) == (min_xids == ())
        tx.cursor().execute("update sites set name = 'written'")
    with writing(OWNER) as tx:
        assert tx.cursor().execute("select from sites where name = 'written'").fetchone() is None


def test_without_a_replica_reads_go_to_the_primary_until_it_is_back(servers: Postgres) -> None:
    assert read()
    servers.replica_server.stop()
    try:
        began = time.monotonic()
        assert not read()
        assert time.monotonic() - began < 2
        for _ in range(20):
            assert not read()
        with writing(OWNER) as tx:
            assert not on_replica(tx)
    finally:
        servers.replica_server.start()
    assert becomes(True, read)


def test_without_a_primary_reads_go_on_and_writes_say_so(servers: Postgres) -> None:
    assert read()
    servers.primary_server.stop()
    try:
        assert read()
        with pytest.raises(Unavailable), writing(OWNER):
            raise AssertionError("nobody gets here")
    finally:
        servers.primary_server.start()
    with writing(OWNER) as tx:
        assert not on_replica(tx)
