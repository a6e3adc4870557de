"""Checks properties of a deployed database that can differ between environments.

A test makes the same checks with the PostgreSQL of the local cloud. An operator makes them once after the first deploy.
"""

import time
from contextlib import suppress
from typing import Any

import psycopg

LOGGED = "check of the logs"
"""Text in a slow statement. The log of the database must contain this text."""
VALUE = "value-of-the-check"
"""The value of a parameter. The log of the database must not contain this value."""
SECONDS = 1.0
"""How long a reader may need to replay a transaction."""
_TABLE = "app.reader_check"


def run(writer: str, reader: str) -> dict[str, Any]:
    """Run the checks. Also run the statements for the check of the logs.

    The result `readers` is null if the cluster has no reader. The result `large_objects` is true if logins may not use
    the functions for large objects.

    `writer` and `reader` are connection strings of a login that may switch to the role `app_owner`.
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

    While a transaction is open, the reader must report that the transaction is not replayed. After the commit, the
    reader must report that the transaction is replayed.
    """
    replayed = "select app.has_replayed(%s::text::xid8)"
    with psycopg.connect(writer) as first, psycopg.connect(writer, autocommit=True) as second:
        first.execute("set local role app_owner")
        # If an earlier check was killed, its table still exists.
        first.execute(f"drop table if exists {_TABLE}")
        first.execute(f"create table {_TABLE} (id int)")
        xid = _value(first, "select pg_current_xact_id()::text")
        # Let a later transaction end, and its commit reach the reader, while the first transaction is still open.
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
