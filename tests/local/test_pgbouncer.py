"""pgbouncer between functions and PostgreSQL, in transaction mode: what RDS Proxy is on AWS."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, pairwise
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import psutil
import psycopg
import pytest

from infra.local import pgbouncer
from infra.local.database import prepare
from infra.local.pgbouncer import PATIENCE, SERVER_CONNECTIONS, Pooler, find_pgbouncer
from infra.local.postgres import DATABASE, Postgres, Server
from infra.local.processes import LocalCloudError, free_port
from infra.local.unprivileged import Account
from tests.database import world
from wecelebrate.core.database import Caller, Transaction, endpoints, reading, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings

CLIENTS = 48
LOGINS = ("wc_public", "wc_api", "wc_worker")


@pytest.fixture(scope="module")
def servers(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A primary and a replica with two clients in them."""
    servers = Postgres(tmp_path_factory.mktemp("postgres"), free_port(), free_port(), durable=False)
    with servers:
        prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
        with psycopg.connect(servers.primary_url) as connection:
            world.seed(connection)
        yield servers
    servers.erase()


@pytest.fixture
def pooler(program: str, servers: Postgres) -> Iterator[Pooler]:
    with Pooler("writer", program, servers.primary_server, free_port()) as pooler:
        yield pooler


@pytest.fixture
def pool_of_two(program: str, servers: Postgres) -> Iterator[Pooler]:
    with Pooler("writer", program, servers.primary_server, free_port(), server_connections=2) as pooler:
        yield pooler


@pytest.fixture
def function(servers: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Makes this process a function that has one address for its writes and its reads."""

    def become(address: str) -> None:
        for name, value in {
            "DATABASE_WRITER": address,
            "DATABASE_READER": address,
            "DATABASE_NAME": DATABASE,
            "DATABASE_LOGIN": "wc_api",
            "DATABASE_PASSWORD": servers.credentials.logins["wc_api"],
        }.items():
            monkeypatch.setenv(f"WC_{name}", value)
        settings.cache_clear()

    yield become
    for endpoint in (endpoints.reader, endpoints.primary_reader, endpoints.writer):
        endpoint.drop()
        endpoint.skip_until = 0
    settings.cache_clear()


def connect(pooler: Pooler, login: str = "wc_api", **more: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection as functions have it."""
    password = pooler.credentials.logins[login]
    return psycopg.connect(
        host="127.0.0.1",
        port=pooler.port,
        dbname=DATABASE,
        user=login,
        password=password,
        prepare_threshold=None,
        connect_timeout=5,
        **more,
    )


def backends(server: Server) -> set[int]:
    """A server's processes for the functions' logins."""
    with server.connect() as connection:
        found = connection.execute("select pid from pg_stat_activity where usename = any(%s)", [list(LOGINS)])
        return {row[0] for row in found}


def cut(server: Server) -> None:
    """Cut all connections that functions' logins have to a server."""
    with server.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = any(%s)", [list(LOGINS)]
        )


def clients_of_sites(tx: Transaction) -> tuple[int, set[UUID]]:
    """Which server connection answers, and whose sites it shows."""
    rows = tx.cursor().execute("select pg_backend_pid() as pid, client_id from sites").fetchall()
    return rows[0]["pid"], {row["client_id"] for row in rows}


@pytest.mark.timeout(180)
def test_two_tenants_who_take_turns_on_a_connection_see_nothing_of_each_other(
    pool_of_two: Pooler, function: Callable[[str], None]
) -> None:
    function(pool_of_two.address)
    a, b = (Caller(subject="a-owner"), world.A), (Caller(subject="b-owner"), world.B)
    turns: dict[int, list[UUID]] = {}
    foreign = 0
    with connect(pool_of_two, autocommit=True) as nobody:
        for number in range(1000):
            (first, first_client), (second, second_client) = (a, b) if number % 2 else (b, a)
            with writing(first) as outer, reading(second) as inner:
                for tx, client in ((outer, first_client), (inner, second_client)):
                    pid, seen = clients_of_sites(tx)
                    foreign += seen != {client}
                    turns.setdefault(pid, []).append(client)
            if number % 50 == 0:
                left = nobody.execute(
                    "select current_user, nullif(current_setting('app.client_ids', true), ''), "
                    "nullif(current_setting('app.seal', true), ''), current_setting('statement_timeout')"
                )
                assert left.fetchone() == ("wc_api", None, None, "0")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    nobody.execute("select from sites")
    assert foreign == 0
    assert len(turns) == 2
    assert sum(map(len, turns.values())) == 2000
    for clients in turns.values():
        changes = sum(before != after for before, after in pairwise(clients))
        assert changes > 900, "they did not take turns on it"


def test_20_server_connections_serve_48_clients_of_all_logins(pooler: Pooler) -> None:
    done = Event()

    def ask(login: str) -> int:
        with connect(pooler, login, autocommit=True) as connection:
            for _ in range(10):
                connection.execute("select pg_sleep(0.02)")
        return 10

    def watch() -> int:
        most = 0
        while not done.is_set():
            most = max(most, len(backends(pooler.server)))
        return most

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        watching = pool.submit(watch)
        asked = [pool.submit(ask, login) for _, login in zip(range(CLIENTS), cycle(LOGINS), strict=False)]
        try:
            assert sum(future.result() for future in asked) == CLIENTS * 10
        finally:
            done.set()
        most = watching.result()
    assert most == SERVER_CONNECTIONS


def test_a_server_connection_that_was_cut_is_replaced_unseen(pooler: Pooler, function: Callable[[str], None]) -> None:
    function(pooler.address)
    pids = set()
    for _ in range(10):
        with writing(Caller(subject="a-owner")) as tx:
            pids.add(clients_of_sites(tx)[0])
        cut(pooler.server)
        gone = time.monotonic() + 5
        while pids & backends(pooler.server):
            assert time.monotonic() < gone
    assert len(pids) == 10


def test_a_pooler_that_is_started_again_is_found_again(pooler: Pooler, function: Callable[[str], None]) -> None:
    function(pooler.address)
    with writing(Caller(subject="a-owner")) as tx:
        clients_of_sites(tx)
    assert pooler.process.pid is not None
    os.kill(pooler.process.pid, signal.SIGKILL)
    pooler.start()
    with writing(Caller(subject="a-owner")) as tx:
        assert clients_of_sites(tx)[1] == {world.A}


def test_a_transaction_does_not_wait_long_for_a_server_connection(
    program: str, servers: Postgres, function: Callable[[str], None]
) -> None:
    with Pooler("reader", program, servers.primary_server, free_port(), server_connections=1) as pooler:
        function(pooler.address)
        with connect(pooler) as busy:
            busy.execute("select 1")
            began = time.monotonic()
            with pytest.raises(Unavailable), writing(Caller(subject="a-owner")):
                raise AssertionError("nobody gets here")
            assert PATIENCE["reader"] <= time.monotonic() - began < PATIENCE["reader"] + 1
        with writing(Caller(subject="a-owner")) as tx:
            assert clients_of_sites(tx)[1] == {world.A}


def test_a_server_that_comes_back_is_found_without_a_failed_transaction(pooler: Pooler, servers: Postgres) -> None:
    with connect(pooler, autocommit=True) as early:
        early.execute("select 1")
        servers.primary_server.stop()
        servers.primary_server.start()
        time.sleep(1)
        for login in LOGINS:
            with connect(pooler, login, autocommit=True) as connection:
                assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"options": "-c work_mem=1MB"}, "unsupported startup parameter"),
        ({"password": "wrong"}, "password authentication failed|SASL authentication failed"),
        ({"user": "wc_migrate"}, "password authentication failed|SASL authentication failed|no such user"),
        ({"dbname": "postgres"}, "no such database|does not exist"),
    ],
)
def test_what_a_session_of_the_pooler_cannot_be(pooler: Pooler, more: dict[str, str], complaint: str) -> None:
    """Migrations go to the writer itself: their login has no entry here."""
    login = {"dbname": DATABASE, "user": "wc_api", "password": pooler.credentials.logins["wc_api"]}
    with pytest.raises(psycopg.OperationalError, match=complaint):
        psycopg.connect(psycopg.conninfo.make_conninfo(host="127.0.0.1", port=pooler.port, **(login | more)))


def test_it_runs_without_privileges_and_its_passwords_are_for_its_user_alone(pooler: Pooler) -> None:
    assert pooler.process.pid is not None
    assert psutil.Process(pooler.process.pid).uids().effective != 0
    (users,) = pooler.server.home.glob("pool-writer/users.txt")
    assert users.stat().st_mode & 0o777 == 0o600


def test_a_port_in_use_is_named(pooler: Pooler, program: str, servers: Postgres) -> None:
    second = Pooler("writer", program, servers.primary_server, pooler.port)
    with pytest.raises(LocalCloudError, match=rf"port {pooler.port} is in use.*WECELEBRATE_PORT_POOLER_WRITER"):
        second.start()


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program of this name on PATH."""
    file = tmp_path / "pgbouncer"
    file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pgbouncer.VARIABLE, raising=False)
    return str(file)


def test_it_is_found_on_path(planted: str) -> None:
    assert find_pgbouncer(Account()) == planted


def test_it_can_be_switched_off(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pgbouncer.VARIABLE, "off")
    assert find_pgbouncer(Account()) is None
    monkeypatch.setenv(pgbouncer.VARIABLE, "of")
    with pytest.raises(LocalCloudError, match="WECELEBRATE_POOLER=of is neither on nor off"):
        find_pgbouncer(Account())


def test_one_that_its_user_cannot_run_is_as_good_as_none(planted: str) -> None:
    """pytest's folders are closed to others."""
    Path(planted).parent.chmod(0o700)
    assert find_pgbouncer(Account(65534, 65534)) is None


def test_a_machine_without_it_has_no_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert find_pgbouncer(Account()) is None
