"""Checks facts about the database of an environment that only this database can show.

A test makes the same checks with the PostgreSQL of the local cloud. An operator makes them once after the first deploy.
"""

import time
from contextlib import suppress
from typing import Any

import psycopg

LOGGED = "check of the logs"
"""A part of a slow statement. The log must contain it."""
VALUE = "value-of-the-check"
"""The value of a parameter. The log must not contain it."""
SECONDS = 1.0
"""How long a reader may need to replay a transaction."""
_TABLE = "app.reader_check"


def run(writer: str, reader: str) -> dict[str, Any]:
    """Return the results of the checks: `readers` (null if the cluster has no reader), and `large_objects` (true if
    logins may not use the functions for large objects). Also run the statements for the check of the logs.

    writer, reader: connection strings of a login that may enter `app_owner`.
    """
    with psycopg.connect(reader, autocommit=True) as replica:
        has_reader = _value(replica, "select pg_is_in_recovery()")
        readers = _reader_waits(writer, replica) if has_reader else None
    with psycopg.connect(writer, autocommit=True) as primary:
        allowed = _value(primary, "select has_function_privilege('wc_api', 'lo_from_bytea(oid, bytea)', 'execute')")
        _log(primary)
    return {"readers": readers, "large_objects": not allowed}


def _reader_waits(writer: str, replica: psycopg.Connection) -> bool:
    """Return whether the reader knows which transactions it has replayed.

    While a transaction is open, the reader must report that it has not replayed it. After the commit, the reader must
    report that it has.
    """
    replayed = "select app.has_replayed(%s::text::xid8)"
    with psycopg.connect(writer) as first, psycopg.connect(writer, autocommit=True) as second:
        first.execute("set local role app_owner")
        # A check that was ended by force has left its table.
        first.execute(f"drop table if exists {_TABLE}")
        first.execute(f"create table {_TABLE} (id int)")
        xid = _value(first, "select pg_current_xact_id()::text")
        # A later transaction ends, so its commit reaches the reader while the first transaction is still open.
        second.execute("select pg_current_xact_id()")
        time.sleep(SECONDS)
        is_early = _value(replica, replayed, xid)
        first.commit()
        try:
            deadline = time.monotonic() + SECONDS
            while not (is_late := _value(replica, replayed, xid)) and time.monotonic() < deadline:
                time.sleep(0.05)
            exists = _value(replica, "select to_regclass(%s) is not null", _TABLE)
        finally:
            first.execute("set local role app_owner")
            first.execute(f"drop table {_TABLE}")
            first.commit()
    return not is_early and is_late and exists


def _log(primary: psycopg.Connection) -> None:
    """Run a slow statement and a failing statement, each with the value as a parameter."""
    primary.execute(f"select pg_sleep({SECONDS}), '{LOGGED}' || %s::text".encode(), [VALUE])
    with suppress(psycopg.DataError):
        primary.execute("select %s::text::uuid", [VALUE])


def _value(connection: psycopg.Connection, query: str, *parameters: str) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]
