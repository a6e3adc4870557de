"""Starts a primary and a replica for one test module."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from infra.local.database import prepare
from infra.local.postgres import DATABASE, Postgres
from infra.local.processes import free_port
from tests.database import world


@contextmanager
def started(folder: Path) -> Iterator[Postgres]:
    """Start a primary and a replica with the rows of the world, and erase both servers at the end."""
    servers = Postgres(folder, free_port(), free_port(), durable=False)
    with servers:
        prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
        with psycopg.connect(servers.primary_url) as connection:
            world.seed(connection)
        yield servers
    servers.erase()


def wait_for_replay(servers: Postgres) -> None:
    """Wait until the replica has replayed everything that the primary has written."""
    with (
        psycopg.connect(servers.primary_url) as primary,
        psycopg.connect(servers.replica_url, autocommit=True) as replica,
    ):
        row = primary.execute("select pg_current_wal_lsn()::text").fetchone()
        while replica.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", row).fetchone() != (True,):
            time.sleep(0.01)
