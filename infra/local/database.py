"""Roles, logins and schema of the local database: what the deploy does on AWS."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from infra.local.processes import LocalCloudError
from wecelebrate.schema import migrate

MIGRATOR = "wc_migrate"


def prepare(
    primary: str,
    superuser_password: str,
    database: str,
    passwords: Mapping[str, str],
    report: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Bring `database` at `primary` (host:port) to this release, and give each login its password.

    Safe to run twice and from two places at once. Returns the names of the migrations that were applied.
    """
    host, _, port = primary.rpartition(":")
    server = psycopg.conninfo.make_conninfo(host=host, port=port, user="postgres", password=superuser_password)
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(hashtext('wecelebrate bootstrap'))")
            if not _exists(connection, "select 1 from pg_roles where rolname = %s", MIGRATOR):
                connection.execute("create role wc_migrate login noinherit createrole")
            _set_password(connection, MIGRATOR, passwords[MIGRATOR])
        if not _exists(connection, "select 1 from pg_database where datname = %s", database):
            create = sql.SQL("create database {} owner wc_migrate").format(sql.Identifier(database))
            # Another run may make it in between.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(create)
    with psycopg.connect(server, dbname=database, autocommit=True) as connection:
        connection.execute(sql.SQL("alter database {} owner to wc_migrate").format(sql.Identifier(database)))
    url = psycopg.conninfo.make_conninfo(
        host=host, port=port, dbname=database, user=MIGRATOR, password=passwords[MIGRATOR]
    )
    applied = migrate(url, report=report)
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('wecelebrate bootstrap'))")
        for login, password in passwords.items():
            _set_password(connection, login, password)
    return applied


def catch_up(primary_url: str, replica_url: str, within: float = 30.0) -> None:
    """Wait until the replica has replayed what the primary has written, then let the heart beat that readers are judged
    by. Raises LocalCloudError."""
    deadline = time.monotonic() + within
    with psycopg.connect(primary_url, autocommit=True) as primary, psycopg.connect(replica_url) as replica:
        replica.autocommit = True
        primary.execute("select app.write_replica_heartbeat()")
        written = primary.execute("select pg_current_wal_flush_lsn()").fetchone()
        assert written is not None
        while not _exists(replica, "select 1 where pg_last_wal_replay_lsn() >= %s::pg_lsn", written[0]):
            if time.monotonic() > deadline:
                raise LocalCloudError(f"the replica does not catch up with the primary within {within:.0f} s")
            time.sleep(0.01)


def _exists(connection: psycopg.Connection, query: str, value: str) -> bool:
    return connection.execute(query.encode(), [value]).fetchone() is not None


def _set_password(connection: psycopg.Connection, login: str, password: str) -> None:
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(password)))
