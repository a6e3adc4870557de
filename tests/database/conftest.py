"""Fixtures with databases on the PostgreSQL server of the test session. The local cloud uses a different database."""

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from infra.local.credentials import Credentials
from infra.local.database import prepare
from infra.local.endpoints import Endpoints
from tests.database import world
from tests.database.callers import LOGINS
from wecelebrate.core.database.endpoints import MeteredCursor

MIGRATED = "migrated"
"""The name of the database that the first test creates with all migrations. The other databases are copies of it."""


@dataclass(frozen=True)
class Database:
    """A database, and the connections that each login can open to the database."""

    address: str
    name: str
    credentials: Credentials

    def url(self, login: str = "postgres") -> str:
        """Return the connection string of a login. The default is the superuser."""
        password = self.credentials.superuser if login == "postgres" else self.credentials.logins[login]
        return f"postgresql://{login}:{password}@{self.address}/{self.name}"

    def connect(self, login: str = "postgres", *, autocommit: bool = False) -> psycopg.Connection:
        """Open a connection with the settings that Lambda functions use."""
        return psycopg.connect(self.url(login), prepare_threshold=None, autocommit=autocommit)

    def connect_as_function(self, login: str) -> psycopg.Connection[DictRow]:
        """Open a connection as the Lambda functions do. Its cursors return dicts and redact errors."""
        return psycopg.connect(
            self.url(login), prepare_threshold=None, row_factory=dict_row, cursor_factory=MeteredCursor
        )

    def migrate(self) -> list[str]:
        """Create the roles, the logins and the schema, and return the names of the applied files."""
        return prepare(self.address, self.credentials.superuser, self.name, self.credentials.logins)


@pytest.fixture(scope="session")
def server(cloud: Endpoints, state: Path) -> Database:
    """The database `postgres` on the PostgreSQL server of the test session."""
    return Database(urlsplit(cloud.database).netloc.rpartition("@")[2], "postgres", Credentials.of(state))


@pytest.fixture(scope="session")
def database(server: Database, state: Path, worker_id: str) -> Database:
    """A migrated database with the rows of the world. Each test must undo its changes."""
    return _create_world(Database(server.address, f"world_{worker_id}", server.credentials), state)


@pytest.fixture(scope="module", autouse=True)
def world_is_unchanged(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    """Fail if a test module commits changes to the rows of the world, because other modules would see these changes."""
    before = _fingerprints(database)
    yield
    assert _fingerprints(database) == before, f"{request.module.__name__} must use own_database for changes"


def _fingerprints(database: Database) -> dict[str, tuple[int, int]]:
    """Return the number of rows of each table, and the sum of the hashes of its rows."""
    each = sql.SQL("select {}, count(*), coalesce(sum(hashtext(r::text)), 0) from {} r")
    query = sql.SQL(" union all ").join(
        each.format(table, sql.Identifier(*table.split("."))) for table in sorted({row.table for row in world.ROWS})
    )
    with database.connect() as connection:
        return {table: (rows, total) for table, rows, total in connection.execute(query)}


@pytest.fixture(scope="module")
def own_database(database: Database, state: Path, request: pytest.FixtureRequest, worker_id: str) -> Iterator[Database]:
    """A database with the rows of the world for one test module. The tests of this module are allowed to commit
    changes."""
    name = f"{request.module.__name__.rpartition('.')[2]}_{worker_id}"
    yield _create_world(replace(database, name=name), state)
    with database.connect(autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def live(database: Database, state: Path, worker_id: str) -> Iterator[Database]:
    """A second database with the rows of the world. A test may change and delete these rows."""
    name = f"live_{worker_id}"
    live = _create_world(replace(database, name=name), state)
    with live.connect() as connection:
        # The triggers that compute the order figures did not run for all rows of the world.
        connection.execute("delete from order_deltas")
    yield live
    with database.connect(autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _create_world(database: Database, state: Path) -> Database:
    with (state / "world.lock").open("w") as lock:
        # The roles belong to the whole server. Without the lock, two processes could create the same role concurrently.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _copy_migrated(database)
    with database.connect() as connection:
        world.seed(connection)
    return database


def _copy_migrated(database: Database) -> None:
    """Create or replace a database as a copy of MIGRATED, because the migrations take much longer than a copy."""
    name, template = sql.Identifier(database.name), sql.Identifier(MIGRATED)
    with replace(database, name="postgres").connect(autocommit=True) as connection:
        is_template = connection.execute("select from pg_database where datname = %s and datistemplate", [MIGRATED])
        if is_template.rowcount == 0:
            replace(database, name=MIGRATED).migrate()
            connection.execute(sql.SQL("alter database {} is_template true").format(template))
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        create = "create database {} template {} owner wc_migrate"
        connection.execute(sql.SQL(create).format(name, template))
        # PostgreSQL does not copy the privileges of a database.
        connection.execute(sql.SQL("grant create on database {} to app_owner").format(name))
        connection.execute(sql.SQL("revoke temporary on database {} from public").format(name))
        privileges = connection.execute(
            "select datacl from pg_database where datname in (%s, %s)", [database.name, MIGRATED]
        ).fetchall()
        assert privileges[0] == privileges[1]


@pytest.fixture(scope="session")
def connections(database: Database) -> Iterator[dict[str, psycopg.Connection]]:
    """Maps each login to a connection in autocommit mode. The database contains the rows of the world.

    Tests must roll back their changes.
    """
    opened = {login: database.connect(login, autocommit=True) for login in LOGINS}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def fresh(server: Database, request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Return a function that creates an empty database. Its owner is wc_migrate. The fixture drops these databases."""
    names: list[str] = []

    def create() -> Database:
        name = f"fresh_{os.getpid()}_{len(names)}_{abs(hash(request.node.nodeid)) % 10**8}"
        names.append(name)
        with server.connect(autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} owner wc_migrate").format(sql.Identifier(name)))
        return Database(server.address, name, server.credentials)

    yield create
    with server.connect(autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
