"""Determines the actual access of a caller. The functions try every verb on every row, and roll back each change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, sql

from tests.database.callers import Caller
from tests.database.world import HARMLESS, KEYS, MOVES, PARTITION, ROWS, Row, insertion
from wecelebrate.core.database import ENTER

TABLES = (*dict.fromkeys(row.table for row in ROWS), PARTITION)
"""The names of all tables in which the test data `world.ROWS` has rows, and the name of one partition."""

Move = tuple[str, UUID | str | None]
Result = tuple[int, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Reach:
    """The access that a caller has to a table. The value None means that the caller does not have the privilege."""

    select: frozenset[str] | None
    insert: frozenset[str]
    update: frozenset[str] | None
    delete: frozenset[str] | None
    blind_update: int
    """The number of rows changed by an UPDATE that has no WHERE clause. SELECT policies do not reduce this number."""
    blind_delete: bool
    """Whether a DELETE that has no WHERE clause deletes at least one row."""
    moves: frozenset[Move] = field(default_factory=frozenset)
    """Pairs of a column and a value. An UPDATE that has no WHERE clause can set the column to this value in all
    updatable rows."""


def rows_of(table: str) -> tuple[Row, ...]:
    """Return the seeded rows of a table. A partition has the rows of its parent."""
    return tuple(row for row in ROWS if row.table == (table if table != PARTITION else "analytics_events"))


def promised(caller: Caller, table: str) -> Reach:
    """Return the access that the matrix declares for the caller."""
    select, insert, update, delete = (caller.rows(table, verb) for verb in ("select", "insert", "update", "delete"))
    # A statement with WHERE or RETURNING needs rows that the caller may read.
    readable = select or []
    # Triggers do not allow an order, an entry of its history or an entry of the audit log to move to another client.
    # The triggers refuse this even if the caller may write for the other client.
    moves = {
        (column, target)
        for column, target in _moves(table)
        if update
        and all(caller.may_move(row, column, target) for row in update)
        and (table not in ("order_events", "audit_log") or column != "client_id")
        and (table != "orders" or not caller.entered or all(row.values[column] == target for row in update))
    }
    return Reach(
        select=_labels(select),
        insert=_labels(insert) or frozenset(),
        update=_labels(None if update is None else [row for row in update if row in readable]),
        delete=_labels(None if delete is None else [row for row in delete if row in readable]),
        blind_update=len(update or []),
        blind_delete=bool(delete),
        moves=frozenset(moves),
    )


def _labels(rows: list[Row] | None) -> frozenset[str] | None:
    return None if rows is None else frozenset(row.label for row in rows)


def _moves(table: str) -> list[Move]:
    columns = rows_of(table)[0].values.keys()
    return [(column, target) for column, targets in MOVES.items() if column in columns for target in targets]


def shown(connection: psycopg.Connection, table: str) -> frozenset[str] | None:
    """Return the labels of the rows that the caller sees. Return None if the caller does not have the privilege."""
    rows = rows_of(table)
    keys = sql.SQL(", ").join(map(sql.Identifier, KEYS.get(rows[0].table, ("id",))))
    result = attempt(connection, sql.SQL("select {} from {}").format(keys, sql.Identifier(*table.split("."))))
    # If a row was not seeded, its label is its key.
    labels = {row.key: row.label for row in rows}
    return None if result is None else frozenset(labels.get(key, str(key)) for key in result[1])


def blind_update(connection: psycopg.Connection, table: str) -> Result | None:
    """Try to update all rows without a WHERE clause, and roll back. The changed column does not affect the access to
    rows.
    """
    column, value = HARMLESS[rows_of(table)[0].table]
    update = sql.SQL("update {} set {} = %s").format(sql.Identifier(*table.split(".")), sql.Identifier(column))
    return attempt(connection, update, value)


def reached(connection: psycopg.Connection, table: str) -> Reach:
    """Return the actual access of the caller. The caller must have entered the transaction."""
    name = sql.Identifier(*table.split("."))
    rows = rows_of(table)
    keys = KEYS.get(rows[0].table, ("id",))
    is_key = sql.SQL(" and ").join(sql.SQL("{} = %s").format(sql.Identifier(key)) for key in keys)
    column, value = HARMLESS[rows[0].table]
    updates = sql.SQL("update {} set {} = %s where {}").format(name, sql.Identifier(column), is_key)
    blind = blind_update(connection, table)
    deleted = attempt(connection, sql.SQL("delete from {}").format(name))
    deletes = sql.SQL("delete from {} where {}").format(name, is_key)
    return Reach(
        select=shown(connection, table),
        insert=frozenset(
            row.label for row in rows if _affects_rows(attempt(connection, insertion(table, row), *row.values.values()))
        ),
        update=None
        if blind is None
        else frozenset(row.label for row in rows if _affects_rows(attempt(connection, updates, value, *row.key))),
        delete=None
        if deleted is None
        else frozenset(row.label for row in rows if _affects_rows(attempt(connection, deletes, *row.key))),
        blind_update=blind[0] if blind else 0,
        blind_delete=_affects_rows(deleted),
        moves=frozenset(
            (moved, target)
            for moved, target in (_moves(table) if blind and blind[0] else [])
            if _affects_rows(
                attempt(connection, sql.SQL("update {} set {} = %s").format(name, sql.Identifier(moved)), target)
            )
        ),
    )


def attempt(connection: psycopg.Connection, statement: sql.SQL | sql.Composed, *values: Any) -> Result | None:
    """Run a statement and roll it back. Return the row count and the rows, or None if the statement is refused.

    PostgreSQL checks policies before constraints. Therefore a row that violates a constraint has passed the policies.
    """
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(statement, values)
            return cursor.rowcount, cursor.fetchall() if cursor.description else []
    except errors.InsufficientPrivilege:
        return None
    except errors.IntegrityError:
        return 1, []


def _affects_rows(result: Result | None) -> bool:
    return result is not None and result[0] > 0


@contextmanager
def entered(connection: psycopg.Connection, caller: Caller) -> Iterator[psycopg.Connection]:
    """Open a transaction or a savepoint as the caller, and roll it back at the end of the `with` block."""
    with connection.transaction(force_rollback=True):
        if caller.entered:
            row = connection.execute(ENTER, caller.parameters).fetchone()
            assert row
            assert row[0] == caller.role
        elif caller.role != caller.login:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(caller.role)))
        yield connection
