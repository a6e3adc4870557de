"""Fifty clients take turns on two connections, and a tenth of their transactions is broken off: nobody sees a row of
somebody else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
import pytest

from infra.local.endpoints import Endpoints
from tests.faults.conftest import FULL, environment
from tests.faults.figures import Figure
from tests.platform import Platform
from wecelebrate.core.database import Caller, Transaction, endpoints, reading, writing
from wecelebrate.core.errors import Problem
from wecelebrate.core.settings import settings

TENANTS = 50
TRANSACTIONS = 10_000 if FULL else 1_000
BROKEN = TRANSACTIONS // 10

READS = {
    "sites": "select client_id::text as owner from sites",
    "clients": "select id::text as owner from clients",
    "members": "select client_id::text as owner from client_users",
    "catalogs": "select owner_client_id::text as owner from catalogs",
    "products": "select c.owner_client_id::text as owner from products p join catalogs c on c.id = p.catalog_id",
    "slowly": "select client_id::text as owner from sites, pg_sleep(0.001)",
}


class Broken(Exception):
    """The work on a transaction came to nothing."""


@pytest.fixture(scope="module")
def clients(platform_of_module: Platform) -> dict[str, str]:
    """Subject → its client, which has a site, a catalog and products."""
    made: dict[str, str] = {}
    mark = uuid4().hex[:8]
    for n in range(TENANTS):
        name = f"s-{mark}-{n}"
        row = platform_of_module.database.execute(
            """
            with client as (insert into clients (name, slug) values (%(name)s, %(name)s) returning id),
            member as (
              insert into client_users (client_id, user_id, email, role)
              select id, %(name)s, %(name)s || '@example.test', 'owner' from client
            ),
            catalog as (
              insert into catalogs (owner_client_id, name, type) select id, %(name)s, 'manual' from client returning id
            ),
            product as (
              insert into products (catalog_id, sku, name, price)
              select id, %(name)s || n, 'a product', 1 from catalog, generate_series(1, 3) n
            )
            insert into sites (client_id, name, domain)
            select id, %(name)s, %(name)s || '.test' from client returning client_id::text as id
            """,
            {"name": name},
        ).fetchone()
        assert row is not None
        made[name] = row["id"]
    return made


@pytest.fixture(scope="module")
def platform_of_module(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    with Platform.of(cloud, state) as platform:
        yield platform


@pytest.fixture
def function(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as the function that reads and writes products, without a cache."""
    for name, value in environment(state, "api-products-write").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WC_CACHE_URL", "")
    settings.cache_clear()
    yield
    for endpoint in (endpoints.reader, endpoints.primary_reader, endpoints.writer):
        endpoint.drop()
        endpoint.skip_until = 0
    settings.cache_clear()


class Turns:
    """Transactions of many callers, two at a time, each on a connection that all share."""

    def __init__(self, clients: dict[str, str], superuser: psycopg.Connection, seed: int) -> None:
        self.random = Random(seed)
        self.clients = clients
        self.superuser = superuser
        self.foreign: list[str] = []
        self.rows = self.done = self.broken = 0

    def play(self) -> None:
        """One turn: a caller on each connection, their statements in any order."""
        with ExitStack() as stack:
            callers = self.random.sample(sorted(self.clients), 2)
            open_ones: list[tuple[str, Transaction]] = []
            for subject, way in zip(callers, (reading, writing), strict=True):
                stack.enter_context(suppress(Broken, Problem))
                open_ones.append((subject, stack.enter_context(way(Caller(subject=subject)))))
            self.done += 2
            for _ in range(self.random.randint(2, 6)):
                subject, tx = self.random.choice(open_ones)
                self.look(subject, tx)
            subject, tx = open_ones[1]
            self.change(subject, tx)
            if self.broken < BROKEN and self.random.random() < 0.25:
                self.broken += 1
                self.random.choice([self.cancelled, self.terminated, self.closed, self.failed, self.gone])(tx)

    def look(self, subject: str, tx: Transaction) -> None:
        name = self.random.choice(sorted(READS))
        rows = tx.cursor().execute(READS[name].encode()).fetchall()
        assert rows, f"{subject} has {name}"
        self.rows += len(rows)
        self.foreign += [
            f"{subject}: {name} of {row['owner']}" for row in rows if row["owner"] != self.clients[subject]
        ]

    def change(self, subject: str, tx: Transaction) -> None:
        other = self.random.choice([one for one in self.clients.values() if one != self.clients[subject]])
        cursor = tx.cursor().execute("update sites set settings = '{}' where client_id = %s", [other])
        if cursor.rowcount:
            self.foreign.append(f"{subject}: changed a site of {other}")
        row = tx.cursor().execute("update sites set settings = settings returning client_id::text as owner").fetchall()
        self.foreign += [f"{subject}: changed {one['owner']}" for one in row if one["owner"] != self.clients[subject]]

    # How a transaction is broken off.

    def cancelled(self, tx: Transaction) -> None:
        threading.Timer(0.005, tx._connection.cancel).start()
        tx.cursor().execute("select pg_sleep(5)")

    def terminated(self, tx: Transaction) -> None:
        pid = tx._connection.info.backend_pid
        threading.Timer(0.005, lambda: self.superuser.execute("select pg_terminate_backend(%s)", [pid])).start()
        tx.cursor().execute("select pg_sleep(5)")

    def closed(self, tx: Transaction) -> None:
        tx._connection.close()

    def failed(self, tx: Transaction) -> None:
        tx.cursor().execute("select 1 / 0")

    def gone(self, tx: Transaction) -> None:
        raise Broken


def caught_up(platform: Platform) -> Callable[[], bool]:
    row = platform.database.execute("select pg_current_wal_flush_lsn() as lsn").fetchone()
    assert row is not None
    asked = "select pg_last_wal_replay_lsn() >= %s::pg_lsn as yes"
    return lambda: platform.replica.execute(asked, [row["lsn"]]).fetchone() == {"yes": True}


@pytest.mark.timeout(600)
def test_connections_that_all_share_show_nobody_a_row_of_somebody_else(
    function: None, clients: dict[str, str], platform_of_module: Platform, figure: Figure
) -> None:
    platform_of_module.eventually(caught_up(platform_of_module))
    began = time.monotonic()
    with psycopg.connect(platform_of_module.endpoints.database, autocommit=True) as superuser:
        turns = Turns(clients, superuser, seed=20)
        while turns.done < TRANSACTIONS:
            turns.play()
    figure("shared connections: transactions", turns.done, "transactions")
    figure("shared connections: broken off", turns.broken, "transactions")
    figure("shared connections: rows seen", turns.rows, "rows")
    figure("shared connections: rows of others", len(turns.foreign), "rows", 0)
    figure("shared connections: took", time.monotonic() - began, "s")
    assert turns.broken == BROKEN
    assert not turns.foreign, turns.foreign[:5]


@pytest.mark.parametrize(("way", "endpoint"), [(reading, endpoints.reader), (writing, endpoints.writer)])
def test_a_connection_between_two_transactions_is_nobodys(
    function: None,
    clients: dict[str, str],
    way: Callable[[Caller], AbstractContextManager[Transaction]],
    endpoint: endpoints.Endpoint,
) -> None:
    for subject in list(clients)[:3]:
        for breaks in (False, True):
            with suppress(Broken), way(Caller(subject=subject)) as tx:
                assert tx.context.role == "app_client"
                if breaks:
                    raise Broken
            if endpoint.connection is None:
                continue
            row = endpoint.connection.execute(
                "select current_user as role, coalesce(current_setting('app.client_ids', true), '') as ids,"
                " coalesce(current_setting('app.subject', true), '') as subject"
            ).fetchone()
            endpoint.connection.rollback()
            assert row == {"role": "wc_api", "ids": "", "subject": ""}
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                endpoint.connection.execute("select from sites")
            endpoint.connection.rollback()
