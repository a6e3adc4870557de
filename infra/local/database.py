"""Roles, logins and schema of the local database: what the deploy does on AWS."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from wecelebrate.migrations import migrate

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


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _set_password(connection: psycopg.Connection, login: str, password: str) -> None:
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(password)))
