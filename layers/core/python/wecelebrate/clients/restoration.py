"""Copies the rows of one client from a restored database into the live database.

The rows of the client in the two databases are compared. Missing rows are copied. Rows that exist are reported, and
their values change only if the operator names the columns (`overwriting`). Rows of other clients are not read or
written. Figures and facets are not copied, because triggers compute them again from the copied rows.

Some missing rows give access, or send data to another system. A user can have deleted such a row on purpose, so these
rows are reported, and copied only if the operator names their table. All changes are in one transaction of the live
database.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from wecelebrate.clients import overwriting
from wecelebrate.clients.overwriting import Selection
from wecelebrate.clients.restored_tables import (
    ACCESS,
    REFERENCES,
    Comparison,
    Table,
    TenantError,
    client_id,
    compare,
)

BATCH_ROWS = 500
"""The number of rows that one statement copies."""
MAX_SKIPPED = 200
"""The maximum number of skipped rows that a report names."""
VERSION = 3
"""The version of the report. If the report of a comparison has an older version than the command, the deployed function
does not know all options. The command then stops before it writes.
"""
_PARENTS = {
    "webhook_secrets": ("webhook_id", "webhooks"),
    "order_exports": ("destination_id", "order_destinations"),
    "order_export_runs": ("destination_id", "order_destinations"),
    "order_file_drops": ("destination_id", "order_destinations"),
    "report_recipients": ("member_id", "client_users"),
}
"""Maps a table to a column, and to the table of ACCESS to which this column refers.

A row is not copied if the live database does not have the row to which this column refers.
"""


@dataclass(frozen=True)
class Request:
    """What an operator wants to compare and to restore."""

    client: str
    """The slug of the client."""
    copy: bool = False
    """Whether missing rows and old values are written. If it is false, the databases are only compared."""
    access: frozenset[str] = frozenset()
    """The tables of ACCESS whose rows are copied. A grant of a catalog that another client owns is never copied."""
    only: frozenset[str] = frozenset()
    """The selected tables. If it is empty, all tables are selected."""
    without: frozenset[str] = frozenset()
    """The tables that are not compared or copied, e.g. because a table has too many rows for the function."""
    skip_conflicts: bool = False
    """Whether rows that conflict with live rows are skipped. If it is false, a conflict is an error."""
    values: Selection | None = None
    """The values to show and, with `copy`, to put back."""
    shown: str | None = None
    """The digest of the differences that the operator has seen. Required to put values back."""

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """Return the request in an event for the function `deploy-migrate`. Raises TenantError."""
        names = event.get("values") or ()
        if names and event.get("copy") and not event.get("shown"):
            raise TenantError("values are put back only after a comparison: compare first, and give the digest")
        only, without = event.get("only") or (), event.get("without") or ()
        for table in dict.fromkeys(name.partition(".")[0] for name in names):
            if table in without or (only and table not in only):
                raise TenantError(f"`{table}` is not compared: --only must name it, and --without must not")
        return cls(
            client=event["client"],
            copy=bool(event.get("copy")),
            access=frozenset(event.get("with_access") or ()),
            only=frozenset(only),
            without=frozenset(without),
            skip_conflicts=bool(event.get("skip_conflicts")),
            values=overwriting.select(names, event.get("catalog"), event.get("rows") or ()) if names else None,
            shown=event.get("shown"),
        )


def run(restored: str, live: str, request: Request) -> dict[str, Any]:
    """Compare a client in two databases, and return a JSON document. With `copy`, copy missing rows and restore values.

    restored, live: connection strings of a login that may enter `app_migrate`. Raises TenantError.
    """
    with psycopg.connect(restored, prepare_threshold=None) as old, psycopg.connect(live, prepare_threshold=None) as new:
        old.read_only = True
        comparisons = compare(old, new, client_id(old, request.client), request.only, request.without)
        values = request.values
        different = overwriting.differences(old, new, comparisons, values) if values else []
        digest = overwriting.digest_of(different)
        copied: dict[str, int] = {}
        overwritten: dict[str, int] = {}
        skipped: list[dict[str, str]] = []
        if request.copy:
            if values and request.shown != digest:
                raise TenantError(overwriting.CHANGED)
            copied, skipped = copy_missing(old, new, comparisons, request.access, skip=request.skip_conflicts)
            overwritten = overwriting.put_back(old, new, comparisons, values, different) if values else {}
    return {
        "version": VERSION,
        "tables": [comparison.summary for comparison in comparisons],
        "copied": copied,
        "different": len(different),
        "digest": digest,
        "differences": [each.summary for each in different[: overwriting.MAX_DIFFERENCES]],
        "overwritten": overwritten,
        "skipped": len(skipped),
        "skipped_rows": skipped[:MAX_SKIPPED],
    }


def copy_missing(
    restored: psycopg.Connection,
    live: psycopg.Connection,
    comparisons: Iterable[Comparison],
    access: Collection[str] = (),
    *,
    skip: bool = False,
) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Copy the missing rows. Return the number of copied rows for each table, and the skipped rows with the reasons.

    access: the tables of ACCESS whose rows are copied. A grant of a catalog that another client owns is never copied.
    skip: leave out rows that conflict with rows of the live database, and rows that belong to such a row.

    Jobs that had not ended are copied as cancelled, so that no job runs a second time. A site is copied without its
    catalog if its client may no longer read the catalog. Rows of a catalog that now belongs to another client are not
    copied.

    The caller commits the transaction of `live`. If `skip` is false, raises TenantError if a copied row conflicts with
    a live row, e.g. because another client uses the same name.
    """
    copied: dict[str, int] = {}
    skipped: list[dict[str, str]] = []
    refused: list[dict[str, str]]
    for comparison in comparisons:
        table = comparison.table
        if table.name in ACCESS and table.name not in access:
            continue
        count = 0
        for first in range(0, len(comparison.missing), BATCH_ROWS):
            keys = comparison.missing[first : first + BATCH_ROWS]
            rows = list(_allowed(live, table.name, _rows(restored, table, keys), comparison.client))
            if skipped:
                rows, refused = _without_parents(table, rows, skipped)
                skipped += refused
            try:
                with live.transaction():
                    _insert(live, table, rows)
                count += len(rows)
            except psycopg.errors.IntegrityError as error:
                if not skip:
                    message = f"{table.name}: a row cannot be copied: {error.diag.message_primary}"
                    raise TenantError(message) from error
                refused = _insert_each(live, table, rows)
                count += len(rows) - len(refused)
                skipped += refused
        if count:
            copied[table.name] = count
    return copied, skipped


def _without_parents(
    table: Table, rows: Iterable[dict[str, Any]], skipped: Iterable[Mapping[str, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return two lists: the rows that can be copied, and the refused rows, each with the reason.

    A row that belongs to a skipped row is refused. The database would refuse the row only if its table had a foreign
    key.

    If a row has a weak reference to a skipped row, the row is copied, and the reference becomes null. For example, a
    line of an order is copied without its product.
    """
    lost = {(each["table"], each["key"]) for each in skipped}
    kept, refused = [], []
    for row in rows:
        weak = {column: None for column, parent in table.weak.items() if (parent, str(row.get(column))) in lost}
        parents = ((parent, str((row | weak)[column])) for column, parent in REFERENCES.items() if row.get(column))
        parent = next((each for each in parents if each in lost), None)
        if parent is None:
            kept.append(row | weak)
        else:
            reason = f"it belongs to a row that is not copied: {parent[0]} {parent[1]}"
            refused.append({"table": table.name, "key": _key_of(table, row), "reason": reason})
    return kept, refused


def _key_of(table: Table, row: Mapping[str, Any]) -> str:
    return "/".join(str(row[column]) for column in table.key)


def _insert_each(live: psycopg.Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Insert each row in its own savepoint. Return the rows that the database refuses, with the reasons.

    If a row refers to a later row of the same table, or to a refused row, the database refuses it. The function
    therefore inserts such rows again after all other rows. Before this, it sets weak references to refused rows to
    null.
    """
    refused: dict[str, dict[str, str]] = {}
    again = []
    own = [column for column, parent in table.weak.items() if parent == table.name]
    for row in rows:
        if reason := _refusal(live, table, row):
            refused[_key_of(table, row)] = reason
            again += [row] if any(row[column] for column in own) else []
    for row in again:
        weak = {column: None for column in own if str(row[column]) in refused}
        if _refusal(live, table, {**row, **weak}) is None:
            del refused[_key_of(table, row)]
    return list(refused.values())


def _refusal(live: psycopg.Connection, table: Table, row: Mapping[str, Any]) -> dict[str, str] | None:
    """Insert a row. Return None, or the reason why the database refuses the row."""
    try:
        with live.transaction():
            _insert(live, table, [row])
    except psycopg.errors.IntegrityError as error:
        reason = f"{error.diag.constraint_name}: {error.diag.message_primary}"
        return {"table": table.name, "key": _key_of(table, row), "reason": reason}
    return None


def _allowed(
    live: psycopg.Connection, table: str, rows: Iterable[dict[str, Any]], client: UUID
) -> Iterator[dict[str, Any]]:
    """Yield the rows that may be copied, adapted to the live database."""
    foreign = _ids(live, "select id from catalogs where owner_client_id is distinct from %s", client)
    granted = _ids(live, "select catalog_id from catalog_grants where client_id = %s", client)
    column, parent = _PARENTS.get(table, ("", ""))
    parents = _ids(live, f"select id from {parent} where client_id = %s", client) if parent else set()  # noqa: S608
    for row in rows:
        catalog = row.get("catalog_id")
        if parent and row[column] not in parents:
            continue
        # The catalog can belong to another client, for example because it was moved after the backup.
        if catalog in foreign and (table in ACCESS or "client_id" not in row):
            continue
        if catalog in foreign - granted and table == "sites":
            yield {**row, "catalog_id": None}
        else:
            yield _ended(row) if table == "jobs" else row


def _ids(connection: psycopg.Connection, query: str, client: UUID) -> set[str]:
    return {str(row[0]) for row in connection.execute(query.encode(), [client])}


def _rows(connection: psycopg.Connection, table: Table, keys: Sequence[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    query = sql.SQL("select to_jsonb(r) from {} r where ({}) in ({})").format(
        sql.Identifier(*table.name.split(".")),
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in table.key),
        sql.SQL(", ").join(
            [sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(table.key)))] * len(keys)
        ),
    )
    for (row,) in connection.execute(query, [value for key in keys for value in key]):
        yield row


def _insert(connection: psycopg.Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    name = sql.Identifier(*table.name.split("."))
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    # The trigger of a parent table can have created the row already, e.g. the source data of a product.
    query = sql.SQL(
        "insert into {} ({}) select {} from jsonb_populate_recordset(null::{}, %s) on conflict ({}) do nothing"
    )
    connection.execute(query.format(name, columns, columns, name, key), [Jsonb(rows)])


def _ended(job: dict[str, Any]) -> dict[str, Any]:
    if job["status"] in ("completed", "failed", "cancelled"):
        return job
    reason = {"error_code": "cancelled", "error": "The job had not ended when the database was restored."}
    return {**job, **reason, "status": "cancelled", "leased_until": None, "completed_at": job["updated_at"]}
