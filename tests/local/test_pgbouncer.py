"""Tests pgbouncer in transaction mode between functions and PostgreSQL. On AWS, functions use RDS Proxy instead."""

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
from infra.local.pgbouncer import MAX_SERVER_CONNECTIONS, QUERY_WAIT_TIMEOUT, Pooler, find_pgbouncer
from infra.local.postgres import DATABASE, Postgres, Server
from infra.local.processes import LocalCloudError, free_port
from infra.local.unprivileged import Account
from tests.database import world
from tests.local.processes import wait_until
from wecelebrate.core.database import Caller, Transaction, endpoints, reading, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings

CLIENTS = 48
LOGINS = ("wc_public", "wc_api", "wc_worker", "wc_kv")


@pytest.fixture(scope="module")
def servers(pgbouncer_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A primary and a replica with the data of two clients."""
    servers = Postgres(tmp_path_factory.mktemp("postgres"), free_port(), free_port(), durable=False)
    with servers:
        prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
        with psycopg.connect(servers.primary_url) as connection:
            world.seed(connection)
        yield servers
    servers.erase()


@pytest.fixture
def pooler(pgbouncer_program: str, servers: Postgres) -> Iterator[Pooler]:
    with Pooler("writer", pgbouncer_program, servers.primary_server, free_port()) as pooler:
        yield pooler


@pytest.fixture
def pool_of_two(pgbouncer_program: str, servers: Postgres) -> Iterator[Pooler]:
    with Pooler("writer", pgbouncer_program, servers.primary_server, free_port(), server_connections=2) as pooler:
        yield pooler


@pytest.fixture
def act_as_function(servers: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Returns a helper that gives this process the settings of a function.

    The argument of the helper is the database address for both writes and reads.
    """

    def configure(address: str) -> None:
        for name, value in {
            "DATABASE_WRITER": address,
            "DATABASE_READER": address,
            "DATABASE_NAME": DATABASE,
            "DATABASE_LOGIN": "wc_api",
            "DATABASE_PASSWORD": servers.credentials.logins["wc_api"],
        }.items():
            monkeypatch.setenv(f"WC_{name}", value)
        settings.cache_clear()

    yield configure
    for endpoint in (endpoints.reader, endpoints.primary_reader, endpoints.writer):
        endpoint.drop()
        endpoint.skip_until = 0
    settings.cache_clear()


def connect(pooler: Pooler, login: str = "wc_api", **parameters: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect through the pooler, with the same parameters as functions."""
    password = pooler.credentials.logins[login]
    return psycopg.connect(
        host="127.0.0.1",
        port=pooler.port,
        dbname=DATABASE,
        user=login,
        password=password,
        prepare_threshold=None,
        connect_timeout=5,
        **parameters,
    )


def backends(server: Server) -> set[int]:
    """Return the pids of the server processes whose connections use the logins of functions."""
    with server.connect() as connection:
        rows = connection.execute("select pid from pg_stat_activity where usename = any(%s)", [list(LOGINS)])
        return {row[0] for row in rows}


def terminate_backends(server: Server) -> None:
    """Terminate all server processes whose connections use the logins of functions."""
    with server.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = any(%s)", [list(LOGINS)]
        )


def visible_clients(tx: Transaction) -> tuple[int, set[UUID]]:
    """Run a transaction. Return the pid of its server process, and the ids of the clients whose sites the transaction
    can see."""
    rows = tx.cursor().execute("select pg_backend_pid() as pid, client_id from sites").fetchall()
    return rows[0]["pid"], {row["client_id"] for row in rows}


@pytest.mark.timeout(180)
def test_two_tenants_on_one_server_connection_see_only_their_own_rows(
    pool_of_two: Pooler, act_as_function: Callable[[str], None]
) -> None:
    act_as_function(pool_of_two.address)
    a, b = (Caller(subject="a-owner"), world.A), (Caller(subject="b-owner"), world.B)
    clients_by_pid: dict[int, list[UUID]] = {}
    leaks = 0
    with connect(pool_of_two, autocommit=True) as without_caller:
        for number in range(1000):
            (first, first_client), (second, second_client) = (a, b) if number % 2 else (b, a)
            with writing(first) as outer, reading(second) as inner:
                for tx, client in ((outer, first_client), (inner, second_client)):
                    pid, visible = visible_clients(tx)
                    leaks += visible != {client}
                    clients_by_pid.setdefault(pid, []).append(client)
            if number % 50 == 0:
                session = without_caller.execute(
                    "select current_user, nullif(current_setting('app.client_ids', true), ''), "
                    "nullif(current_setting('app.seal', true), ''), current_setting('statement_timeout')"
                )
                assert session.fetchone() == ("wc_api", None, None, "0")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    without_caller.execute("select from sites")
    assert leaks == 0
    assert len(clients_by_pid) == 2
    assert sum(map(len, clients_by_pid.values())) == 2000
    for clients in clients_by_pid.values():
        changes = sum(before != after for before, after in pairwise(clients))
        assert changes > 900, "the tenants did not alternate on the server connection"


def test_20_server_connections_serve_48_clients_with_different_logins(pooler: Pooler) -> None:
    done = Event()

    def run_queries(login: str) -> int:
        with connect(pooler, login, autocommit=True) as connection:
            for _ in range(10):
                connection.execute("select pg_sleep(0.02)")
        return 10

    def count_backends() -> int:
        maximum = 0
        while not done.is_set():
            maximum = max(maximum, len(backends(pooler.server)))
        return maximum

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        counter = pool.submit(count_backends)
        queries = [pool.submit(run_queries, login) for _, login in zip(range(CLIENTS), cycle(LOGINS), strict=False)]
        try:
            assert sum(future.result() for future in queries) == CLIENTS * 10
        finally:
            done.set()
        maximum = counter.result()
    assert maximum == MAX_SERVER_CONNECTIONS


def test_a_terminated_server_connection_is_replaced_without_an_error(
    pooler: Pooler, act_as_function: Callable[[str], None]
) -> None:
    act_as_function(pooler.address)
    pids = set()
    for _ in range(10):
        with writing(Caller(subject="a-owner")) as tx:
            pids.add(visible_clients(tx)[0])
        terminate_backends(pooler.server)
        wait_until(lambda: not pids & backends(pooler.server), 5)
    assert len(pids) == 10


def test_functions_reconnect_to_a_restarted_pooler(pooler: Pooler, act_as_function: Callable[[str], None]) -> None:
    act_as_function(pooler.address)
    with writing(Caller(subject="a-owner")) as tx:
        visible_clients(tx)
    assert pooler.process.pid is not None
    os.kill(pooler.process.pid, signal.SIGKILL)
    pooler.start()
    with writing(Caller(subject="a-owner")) as tx:
        assert visible_clients(tx)[1] == {world.A}


def test_a_transaction_fails_if_all_server_connections_remain_in_use(
    pgbouncer_program: str, servers: Postgres, act_as_function: Callable[[str], None]
) -> None:
    with Pooler("reader", pgbouncer_program, servers.primary_server, free_port(), server_connections=1) as pooler:
        act_as_function(pooler.address)
        with connect(pooler) as busy:
            busy.execute("select 1")
            began = time.monotonic()
            with pytest.raises(Unavailable), writing(Caller(subject="a-owner")):
                raise AssertionError("the transaction must not start")
            assert QUERY_WAIT_TIMEOUT["reader"] <= time.monotonic() - began < QUERY_WAIT_TIMEOUT["reader"] + 1
        with writing(Caller(subject="a-owner")) as tx:
            assert visible_clients(tx)[1] == {world.A}


def test_transactions_succeed_after_a_server_restart(pooler: Pooler, servers: Postgres) -> None:
    with connect(pooler, autocommit=True) as earlier:
        earlier.execute("select 1")
        servers.primary_server.stop()
        servers.primary_server.start()
        time.sleep(1)
        for login in LOGINS:
            with connect(pooler, login, autocommit=True) as connection:
                assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"options": "-c work_mem=1MB"}, "unsupported startup parameter"),
        ({"password": "wrong"}, "password authentication failed|SASL authentication failed"),
        ({"user": "wc_migrate"}, "password authentication failed|SASL authentication failed|no such user"),
        ({"dbname": "postgres"}, "no such database|does not exist"),
    ],
)
def test_the_pooler_rejects_an_invalid_connection(pooler: Pooler, parameters: dict[str, str], message: str) -> None:
    """The pooler has no entry for the login `wc_migrate`, because migrations connect to the primary directly."""
    login = {"dbname": DATABASE, "user": "wc_api", "password": pooler.credentials.logins["wc_api"]}
    with pytest.raises(psycopg.OperationalError, match=message):
        psycopg.connect(psycopg.conninfo.make_conninfo(host="127.0.0.1", port=pooler.port, **(login | parameters)))


def test_only_the_account_of_pgbouncer_can_read_the_passwords(
    pooler: Pooler,
) -> None:
    assert pooler.process.pid is not None
    assert psutil.Process(pooler.process.pid).uids().effective != 0
    (users,) = pooler.server.home.glob("pool-writer/users.txt")
    assert users.stat().st_mode & 0o777 == 0o600


def test_the_error_for_a_port_in_use_mentions_the_port(
    pooler: Pooler, pgbouncer_program: str, servers: Postgres
) -> None:
    second = Pooler("writer", pgbouncer_program, servers.primary_server, pooler.port)
    with pytest.raises(LocalCloudError, match=rf"port {pooler.port} is in use.*WECELEBRATE_PORT_POOLER_WRITER"):
        second.start()


@pytest.fixture
def fake_pgbouncer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of an executable file called `pgbouncer`. The folder of this file is the only folder on PATH."""
    file = tmp_path / "pgbouncer"
    file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pgbouncer.VARIABLE, raising=False)
    return str(file)


def test_pgbouncer_is_found_in_the_search_path_of_the_shell(fake_pgbouncer: str) -> None:
    assert find_pgbouncer(Account()) == fake_pgbouncer


def test_poolers_can_be_switched_off(fake_pgbouncer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pgbouncer.VARIABLE, "off")
    assert find_pgbouncer(Account()) is None
    monkeypatch.setenv(pgbouncer.VARIABLE, "of")
    with pytest.raises(LocalCloudError, match="WECELEBRATE_POOLER=of is not valid: set it to on or off"):
        find_pgbouncer(Account())


def test_a_pgbouncer_program_that_the_account_cannot_run_is_ignored(fake_pgbouncer: str) -> None:
    """In this test, the account cannot enter the folder of the program."""
    Path(fake_pgbouncer).parent.chmod(0o700)
    assert find_pgbouncer(Account(65534, 65534)) is None


def test_find_pgbouncer_returns_none_if_pgbouncer_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert find_pgbouncer(Account()) is None
