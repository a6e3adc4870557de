"""Fifty clients share two database connections, and a tenth of all transactions is interrupted. Nevertheless, no client
sees a row of another client.
"""

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
from tests.faults.environment import FULL, function_environment
from tests.faults.figures import Figure
from tests.platform import Platform
from wecelebrate.core.database import Caller, Transaction, endpoints, reading, writing
from wecelebrate.core.errors import Problem
from wecelebrate.core.settings import settings

TENANTS = 50
TRANSACTIONS = 10_000 if FULL else 1_000
INTERRUPTED = TRANSACTIONS // 10

READS = {
    "sites": "select client_id::text as owner from sites",
    "clients": "select id::text as owner from clients",
    "members": "select client_id::text as owner from client_users",
    "catalogs": "select owner_client_id::text as owner from catalogs",
    "products": "select c.owner_client_id::text as owner from products p join catalogs c on c.id = p.catalog_id",
    "slowly": "select client_id::text as owner from sites, pg_sleep(0.001)",
}


class WorkFailed(Exception):
    """The test raises this error to make a transaction fail."""


@pytest.fixture(scope="module")
def clients(platform_of_module: Platform) -> dict[str, str]:
    """Create clients, each with a site, a catalog and products. Map each owner's subject to the id of the client."""
    client_ids: dict[str, str] = {}
    run_id = uuid4().hex[:8]
    for n in range(TENANTS):
        name = f"s-{run_id}-{n}"
        row = platform_of_module.database.execute(
            """
            with client as (insert into clients (name, slug) values (%(name)s, %(name)s) returning id),
            member as (
              insert into client_users (client_id, user_id, email, role)
              select id, %(name)s, %(name)s || '@example.test', 'owner' from client
            ),
            catalog as (
              insert into catalogs (owner_client_id, name, type, status)
              select id, %(name)s, 'manual', 'active' from client returning id
            ),
            product as (
              insert into products (catalog_id, sku, name, price)
              select id, %(name)s || n, 'a product', 1 from catalog, generate_series(1, 3) n
            )
            insert into sites (client_id, name, domain, domain_verified_at)
            select id, %(name)s, %(name)s || '.test', now() from client returning client_id::text as id
            """,
            {"name": name},
        ).fetchone()
        assert row is not None
        client_ids[name] = row["id"]
    return client_ids


@pytest.fixture(scope="module")
def platform_of_module(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    with Platform.of(cloud, state) as platform:
        yield platform


@pytest.fixture
def function(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process the environment of the function that writes products, but without a cache."""
    for name, value in function_environment(state, "api-products-write").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WC_CACHE_URL", "")
    settings.cache_clear()
    yield
    for endpoint in (endpoints.reader, endpoints.primary_reader, endpoints.writer):
        endpoint.drop()
        endpoint.skip_until = 0
    settings.cache_clear()


class Turns:
    """Runs transactions of many callers on two connections that all callers share.

    In each turn, two callers each have one open transaction.
    """

    def __init__(self, clients: dict[str, str], superuser: psycopg.Connection, seed: int) -> None:
        self.random = Random(seed)
        self.clients = clients
        self.superuser = superuser
        self.violations: list[str] = []
        self.rows = self.done = self.interrupted = 0

    def play(self) -> None:
        """Play one turn. Each connection serves one caller. The statements of the two callers alternate at random."""
        with ExitStack() as stack:
            callers = self.random.sample(sorted(self.clients), 2)
            open_transactions: list[tuple[str, Transaction]] = []
            for subject, is_write in zip(callers, (False, True), strict=True):
                stack.enter_context(suppress(WorkFailed, Problem))
                caller = Caller(subject=subject)
                transaction = writing(caller) if is_write else reading(caller)
                open_transactions.append((subject, stack.enter_context(transaction)))
            self.done += 2
            for _ in range(self.random.randint(2, 6)):
                subject, tx = self.random.choice(open_transactions)
                self.read(subject, tx)
            subject, tx = open_transactions[1]
            self.change(subject, tx)
            if self.interrupted < INTERRUPTED and self.random.random() < 0.25:
                self.interrupted += 1
                self.random.choice([self.cancel, self.terminate, self.close, self.fail, self.abandon])(tx)

    def read(self, subject: str, tx: Transaction) -> None:
        """Run a random query. Record every row that belongs to another client as a violation."""
        name = self.random.choice(sorted(READS))
        rows = tx.cursor().execute(READS[name].encode()).fetchall()
        assert rows, f"{subject} must see its own {name}"
        self.rows += len(rows)
        self.violations += [
            f"{subject}: {name} of {row['owner']}" for row in rows if row["owner"] != self.clients[subject]
        ]

    def change(self, subject: str, tx: Transaction) -> None:
        """Try to change the site of another client. Then change every site that the database lets the caller change."""
        other = self.random.choice(
            [client_id for client_id in self.clients.values() if client_id != self.clients[subject]]
        )
        cursor = tx.cursor().execute("update sites set settings = '{}' where client_id = %s", [other])
        if cursor.rowcount:
            self.violations.append(f"{subject}: changed a site of {other}")
        rows = tx.cursor().execute("update sites set settings = settings returning client_id::text as owner").fetchall()
        self.violations += [
            f"{subject}: changed {row['owner']}" for row in rows if row["owner"] != self.clients[subject]
        ]

    # The following functions interrupt a transaction.

    def cancel(self, tx: Transaction) -> None:
        threading.Timer(0.005, tx._connection.cancel).start()
        tx.cursor().execute("select pg_sleep(5)")

    def terminate(self, tx: Transaction) -> None:
        pid = tx._connection.info.backend_pid
        threading.Timer(0.005, lambda: self.superuser.execute("select pg_terminate_backend(%s)", [pid])).start()
        tx.cursor().execute("select pg_sleep(5)")

    def close(self, tx: Transaction) -> None:
        tx._connection.close()

    def fail(self, tx: Transaction) -> None:
        tx.cursor().execute("select 1 / 0")

    def abandon(self, tx: Transaction) -> None:
        raise WorkFailed


def replica_catches_up(platform: Platform) -> Callable[[], bool]:
    """Record the latest write of the primary. Return a function that checks whether the replica has this write."""
    row = platform.database.execute("select pg_current_wal_flush_lsn() as lsn").fetchone()
    assert row is not None
    has_replayed = "select pg_last_wal_replay_lsn() >= %s::pg_lsn as yes"
    return lambda: platform.replica.execute(has_replayed, [row["lsn"]]).fetchone() == {"yes": True}


@pytest.mark.timeout(600)
def test_shared_connections_never_show_a_row_of_another_client(
    function: None, clients: dict[str, str], platform_of_module: Platform, figure: Figure
) -> None:
    platform_of_module.eventually(replica_catches_up(platform_of_module))
    started = time.monotonic()
    with psycopg.connect(platform_of_module.endpoints.database, autocommit=True) as superuser:
        turns = Turns(clients, superuser, seed=20)
        while turns.done < TRANSACTIONS:
            turns.play()
    figure("shared connections: transactions", turns.done, "transactions")
    figure("shared connections: interrupted", turns.interrupted, "transactions")
    figure("shared connections: rows read", turns.rows, "rows")
    figure("shared connections: rows of other clients", len(turns.violations), "rows", 0)
    figure("shared connections: duration", time.monotonic() - started, "s")
    assert turns.interrupted == INTERRUPTED
    assert not turns.violations, turns.violations[:5]


@pytest.mark.parametrize(("begin", "endpoint"), [(reading, endpoints.reader), (writing, endpoints.writer)])
def test_a_connection_contains_no_caller_after_a_transaction(
    function: None,
    clients: dict[str, str],
    begin: Callable[[Caller], AbstractContextManager[Transaction]],
    endpoint: endpoints.Endpoint,
) -> None:
    for subject in list(clients)[:3]:
        for fails in (False, True):
            with suppress(WorkFailed), begin(Caller(subject=subject)) as tx:
                assert tx.context.role == "app_client"
                if fails:
                    raise WorkFailed
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
