"""Tests that the database gives a machine only the membership that the machine has accepted, even if callers can
execute SQL.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A, B
from wecelebrate import schema
from wecelebrate.core.database import ENTER

OWNER = next(caller for caller in CALLERS if caller.name == "A's owner")
ADMIN = next(caller for caller in CALLERS if caller.name == "admin")
ADD = """
insert into client_users (client_id, user_id, kind, role, is_active) values (%s, %s, 'machine', 'editor', true)
returning is_active
"""
ACTIVATE = "update client_users set is_active = true, role = 'viewer' where user_id = %s returning is_active, role"
RENAME = "update client_users set user_id = 'machine:renamed' where user_id = %s returning is_active"
SITES = """
with client as (insert into clients (name, slug) values ('Client', 'client') returning id)
insert into sites (client_id, name, max_recipient_mails) select id, quota::text, quota from client, unnest(%s) quota
"""


@pytest.mark.parametrize(("caller", "is_active"), [(OWNER, False), (ADMIN, True)], ids=["owner", "admin"])
def test_an_owner_who_executes_sql_cannot_give_a_machine_access(
    database: Database, caller: Caller, is_active: bool
) -> None:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(connection, caller):
            assert connection.execute(ADD, [A, "machine:m"]).fetchall() == [(is_active,)]
            assert connection.execute(ACTIVATE, ["machine:m"]).fetchall() == [(is_active, "viewer")]


def test_an_owner_cannot_use_the_access_of_a_machine_for_another_machine(database: Database) -> None:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute(ADD, [A, "machine:m"])
        connection.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(OWNER.login)))
        with entered(connection, OWNER):
            assert connection.execute(ACTIVATE, ["machine:m"]).fetchall() == [(True, "viewer")]
            assert connection.execute(RENAME, ["machine:m"]).fetchall() == [(False,)]


CLIENT = "insert into clients (id, name, slug) values (%s, 'Client', %s)"
ACCEPT = "select refusal from app.accept_machine(%s)"
ACCEPT_BEFORE = "select member_id from app.accept_machine_membership(%s)"
ACTIVE = "select client_id from client_users where user_id = %s and is_active"
REMOVE = "delete from client_users where client_id = %s and user_id = %s"
WAITING = """
select from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query like '%app.accept_machine(%'
"""
DEACTIVATE = "update clients set is_active = false where id = %s"


class Machine:
    """A machine, and the two clients that have prepared a membership of it. All changes are committed."""

    def __init__(self, database: Database, threads: ThreadPoolExecutor) -> None:
        self.database = database
        self.subject = f"machine:{uuid4().hex}"
        self.first, self.second = uuid4(), uuid4()
        self._threads = threads
        for client in (self.first, self.second):
            self.execute(CLIENT, [client, client.hex])
            self.add(client, is_active=False)

    def execute(self, statement: LiteralString, values: list[object]) -> None:
        with self.database.connect(autocommit=True) as connection:
            connection.execute(statement, values)

    def add(self, client: UUID, *, is_active: bool) -> None:
        self.execute(
            "insert into client_users (client_id, user_id, kind, role, is_active)"
            " values (%s, %s, 'machine', 'editor', %s)",
            [client, self.subject, is_active],
        )

    @contextmanager
    def entered(self) -> Iterator[psycopg.Connection]:
        """Open a transaction with the token of the machine. The transaction is committed at the end of the block."""
        with self.database.connect("wc_public") as connection:
            connection.execute(ENTER, [self.subject, None, None, None, [], None, None, None, None])
            yield connection

    def accept(self, client: UUID) -> str | None:
        with self.entered() as connection:
            row = connection.execute(ACCEPT, [client]).fetchone()
        assert row is not None
        refusal: str | None = row[0]
        return refusal

    def accept_later(self, client: UUID) -> Future[str | None]:
        """Accept the membership in another thread. Return when the statement waits for a lock."""
        future = self._threads.submit(self.accept, client)
        with self.database.connect(autocommit=True) as connection:
            for _ in range(500):
                if connection.execute(WAITING).fetchone() is not None:
                    return future
                if future.done():
                    break
                time.sleep(0.02)
        raise AssertionError("the acceptance does not wait")

    @property
    def clients(self) -> list[UUID]:
        with self.database.connect() as connection:
            rows = connection.execute(ACTIVE, [self.subject]).fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def machine(own_database: Database) -> Iterator[Machine]:
    with ThreadPoolExecutor(1) as threads:
        yield Machine(own_database, threads)


def test_a_machine_with_access_to_a_client_accepts_no_other_client(machine: Machine) -> None:
    assert machine.accept(machine.first) is None
    assert machine.accept(machine.second) == "elsewhere"
    assert machine.accept(uuid4()) == "unknown"
    assert machine.accept(machine.first) is None
    assert machine.clients == [machine.first]


def test_the_function_of_the_previous_release_makes_the_same_checks(machine: Machine) -> None:
    machine.accept(machine.first)
    for client, rows in ((machine.second, 0), (uuid4(), 0), (machine.first, 1)):
        with machine.entered() as connection:
            assert len(connection.execute(ACCEPT_BEFORE, [client]).fetchall()) == rows
    assert machine.clients == [machine.first]


def test_an_acceptance_of_a_concurrently_removed_membership_changes_nothing(machine: Machine) -> None:
    machine.execute(DEACTIVATE, [machine.first])
    machine.execute("update client_users set is_active = true where client_id = %s", [machine.first])
    with machine.database.connect() as connection:
        connection.execute(REMOVE, [machine.second, machine.subject])
        accepting = machine.accept_later(machine.second)
    assert accepting.result() == "unknown"
    assert machine.clients == [machine.first], "the machine keeps its earlier membership"


def test_an_acceptance_succeeds_after_a_concurrent_removal_at_another_client(machine: Machine) -> None:
    machine.accept(machine.first)
    with machine.database.connect() as connection:
        connection.execute(REMOVE, [machine.first, machine.subject])
        accepting = machine.accept_later(machine.second)
    assert accepting.result() is None
    assert machine.clients == [machine.second]


def test_an_acceptance_is_refused_if_a_concurrent_removal_is_rolled_back(machine: Machine) -> None:
    machine.accept(machine.first)
    with machine.database.connect() as connection:
        connection.execute(REMOVE, [machine.first, machine.subject])
        accepting = machine.accept_later(machine.second)
        connection.rollback()
    assert accepting.result() == "elsewhere"
    assert machine.clients == [machine.first]


def test_an_acceptance_is_refused_if_staff_concurrently_add_the_machine(machine: Machine) -> None:
    machine.execute(REMOVE, [machine.first, machine.subject])
    with machine.database.connect() as connection:
        connection.execute(ADD, [machine.first, machine.subject])
        accepting = machine.accept_later(machine.second)
    assert accepting.result() == "elsewhere"
    assert machine.clients == [machine.first]


def test_a_refused_acceptance_does_not_end_the_membership_of_an_inactive_client(machine: Machine) -> None:
    machine.accept(machine.first)
    machine.execute(DEACTIVATE, [machine.first])
    with machine.database.connect() as connection:
        connection.execute("update client_users set is_active = false where client_id = %s", [machine.first])
        connection.execute(ADD, [B, machine.subject])
        accepting = machine.accept_later(machine.second)
    assert accepting.result() == "elsewhere"
    assert machine.clients == [B]


def test_only_one_of_two_concurrent_acceptances_succeeds(machine: Machine) -> None:
    for _ in range(20):
        machine.execute("update client_users set is_active = false where user_id = %s", [machine.subject])
        clients = [machine.first, machine.second]
        with ThreadPoolExecutor(4) as threads:
            refusals = list(threads.map(machine.accept, clients * 2))
        assert refusals[:2] == refusals[2:]
        assert sorted(refusals[:2], key=str) == [None, "elsewhere"]
        assert machine.clients == [clients[refusals.index(None)]]


def test_a_site_of_an_earlier_release_keeps_at_most_ten_confirmations(
    fresh: Callable[[], Database], tmp_path: Path
) -> None:
    new, earlier = fresh(), tmp_path / "earlier"
    later = ("0073_*", "functions", "access.toml", "*.py", "__pycache__")
    shutil.copytree(schema.FOLDER, earlier, ignore=shutil.ignore_patterns(*later))
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        connection.execute(SITES, [[0, 5, 10, 11, 100]])
    shutil.copy(schema.FOLDER / "tables" / "0073_machine_memberships.sql", earlier / "tables")
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        kept = connection.execute("select name, max_recipient_mails from sites order by 2, name").fetchall()
    assert sorted(kept) == [("0", 0), ("10", 10), ("100", 10), ("11", 10), ("5", 5)]
