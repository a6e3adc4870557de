"""Creates the roles, the logins and the schema of the local database. On AWS, the deploy creates them."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from infra.local.processes import LocalCloudError
from wecelebrate.schema import migrate

MIGRATOR = "wc_migrate"
_REVOKE = """
do $$
declare
  function regprocedure;
begin
  perform pg_advisory_xact_lock(hashtext('wecelebrate bootstrap'));
  for function in
    select p.oid from pg_catalog.pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
    where p.pronamespace = 'pg_catalog'::regnamespace and acl.grantee = 0
      and (p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite', 'pg_terminate_backend', 'pg_cancel_backend',
             'pg_logical_emit_message'))
  loop
    execute format('revoke execute on function %s from public', function);
  end loop;
end
$$
"""
"""Revokes the permission to call some functions of PostgreSQL that no release uses. Injected SQL could use them for
effects that no policy and no rollback prevents: row-level security does not apply to large objects, and a login can end
the sessions of other callers. On Aurora, this permission cannot be revoked, because RDS owns the functions
(docs/runbook.md)."""


def prepare(
    primary: str,
    superuser_password: str,
    database: str,
    passwords: Mapping[str, str],
    report: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Create `database` if it does not exist, apply new migrations, and set the password of each login.

    Return the names of the applied migrations. The function is idempotent, and several processes can call it at the
    same time.

    primary: `host:port` of the primary. passwords: maps logins to their passwords. report: a function that is called
    with a line of text for each step.
    """
    host, _, port = primary.rpartition(":")
    server = psycopg.conninfo.make_conninfo(host=host, port=port, user="postgres", password=superuser_password)
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(hashtext('wecelebrate bootstrap'))")
            if not _exists(connection, "select 1 from pg_roles where rolname = %s", MIGRATOR):
                connection.execute("create role wc_migrate login noinherit createrole")
            # With this permission, migrations let an SQL function see the transactions of all logins. A cutover from
            # the key-value store must wait until these transactions have ended.
            connection.execute("grant pg_read_all_stats to wc_migrate with admin option")
            _set_password(connection, MIGRATOR, passwords[MIGRATOR])
        if not _exists(connection, "select 1 from pg_database where datname = %s", database):
            create = sql.SQL("create database {} owner wc_migrate").format(sql.Identifier(database))
            # Another process may have created the database after the check above.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(create)
    with psycopg.connect(server, dbname=database, autocommit=True) as connection:
        connection.execute(sql.SQL("alter database {} owner to wc_migrate").format(sql.Identifier(database)))
        connection.execute(_REVOKE)
    url = psycopg.conninfo.make_conninfo(
        host=host, port=port, dbname=database, user=MIGRATOR, password=passwords[MIGRATOR]
    )
    applied = migrate(url, report=report)
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('wecelebrate bootstrap'))")
        for login, password in passwords.items():
            _set_password(connection, login, password)
    return applied


def wait_for_replica(primary_url: str, replica_url: str, timeout: float = 30.0) -> None:
    """Write a heartbeat to the primary, and wait until the replica has replayed the heartbeat and all earlier changes.

    Functions use the heartbeat to compute the lag of the replica. Raises LocalCloudError if the replica replays nothing
    for `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    with psycopg.connect(primary_url, autocommit=True) as primary, psycopg.connect(replica_url) as replica:
        replica.autocommit = True
        primary.execute("select app.write_replica_heartbeat()")
        written = primary.execute("select pg_current_wal_flush_lsn()").fetchone()
        assert written is not None
        replayed = None
        while not _exists(replica, "select 1 where pg_last_wal_replay_lsn() >= %s::pg_lsn", written[0]):
            position = replica.execute("select pg_last_wal_replay_lsn()").fetchone()
            if position != replayed:
                replayed, deadline = position, time.monotonic() + timeout
            if time.monotonic() > deadline:
                raise LocalCloudError(
                    f"the replica has replayed no change of the primary for {timeout:.0f} s: see the log of `replica`"
                )
            time.sleep(0.01)


def _exists(connection: psycopg.Connection, query: str, value: str) -> bool:
    return connection.execute(query.encode(), [value]).fetchone() is not None


def _set_password(connection: psycopg.Connection, login: str, password: str) -> None:
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(password)))
