"""Databases of the session's PostgreSQL, beside the cloud's own: migrated, and with two clients in them."""

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from infra.local.credentials import Credentials
from infra.local.database import prepare
from infra.local.endpoints import Endpoints
from tests.database import world


@dataclass(frozen=True)
class Database:
    """One database, and how each login reaches it."""

    address: str
    name: str
    credentials: Credentials

    def url(self, login: str = "postgres") -> str:
        """The connection string of a login; the superuser's without one."""
        password = self.credentials.superuser if login == "postgres" else self.credentials.logins[login]
        return f"postgresql://{login}:{password}@{self.address}/{self.name}"

    def connect(self, login: str = "postgres", *, autocommit: bool = False) -> psycopg.Connection:
        """A connection as functions have it."""
        return psycopg.connect(self.url(login), prepare_threshold=None, autocommit=autocommit)

    def migrate(self) -> list[str]:
        """Roles, logins and schema."""
        return prepare(self.address, self.credentials.superuser, self.name, self.credentials.logins)


@pytest.fixture(scope="session")
def server(cloud: Endpoints, state: Path) -> Database:
    """The session's PostgreSQL, by its database `postgres`."""
    return Database(urlsplit(cloud.database).netloc.rpartition("@")[2], "postgres", Credentials.of(state))


@pytest.fixture(scope="session")
def database(server: Database, state: Path, worker_id: str) -> Database:
    """A migrated database with the world in it: what a test changes there, it undoes."""
    made = Database(server.address, f"world_{worker_id}", server.credentials)
    with (state / "world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # roles are the server's: two runs of the first migration would meet
        made.migrate()
    with made.connect() as connection:
        world.seed(connection)
    return made


@pytest.fixture(scope="session")
def connections(database: Database) -> Iterator[dict[str, psycopg.Connection]]:
    """A connection of each login to the world, in autocommit. What a test does there, it rolls back."""
    opened = {login: database.connect(login, autocommit=True) for login in world.LOGINS}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def fresh(server: Database, request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Makes empty databases that belong to wc_migrate."""
    made: list[str] = []

    def make() -> Database:
        name = f"fresh_{os.getpid()}_{len(made)}_{abs(hash(request.node.nodeid)) % 10**8}"
        made.append(name)
        with server.connect(autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} owner wc_migrate").format(sql.Identifier(name)))
        return Database(server.address, name, server.credentials)

    yield make
    with server.connect(autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
