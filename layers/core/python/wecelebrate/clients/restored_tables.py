"""The tables with rows of clients, and the rules for copying these rows from a restored database.

The list of tables comes from the system catalog of PostgreSQL. A table without a column that names the client raises an
error until a developer decides how to restore the table. Therefore no new table is forgotten.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

MAX_KEYS = 20
"""The maximum number of differing rows whose keys a report lists for each table."""
ROLE = "app_migrate"
"""The role that sees the rows of all clients. In each database, the login must be allowed to switch to this role."""

_FIGURES = "triggers compute it from the copied orders"
_FACETS = "triggers compute it from the copied products"
_PLATFORM = "it belongs to the platform, and not to a client"
_SHORT_LIVED = "its rows are kept for at most a week, and would repeat work that was already done"
NOT_COPIED: Mapping[str, str] = {
    "admin_users": _PLATFORM,
    "app.replica_heartbeat": _PLATFORM,
    "app.seal_key": _PLATFORM,
    "kill_switches": _PLATFORM,
    "kv_store_6fcaeea3": "the client of a key of the old applications is not known",
    "row_security_suspensions": _PLATFORM,
    "schema_functions": _PLATFORM,
    "schema_migrations": _PLATFORM,
    "tiers": _PLATFORM,
    "revoked_sessions": "a session that was ended must not become valid again",
    "audit_log": "its rows are never deleted, and the audit log records the copy itself",
    "erasures": "an erasure is repeated from the list of erasures, not from a backup",
    "order_daily_totals": _FIGURES,
    "order_deltas": _FIGURES,
    "order_local_totals": _FIGURES,
    "order_slot_totals": _FIGURES,
    "facet_counts": _FACETS,
    "facet_deltas": _FACETS,
    "app.staged_products": _SHORT_LIVED,
    "app.staged_products_intake": _SHORT_LIVED,
    "app.staged_rejections": _SHORT_LIVED,
    "app.staged_rejections_intake": _SHORT_LIVED,
    "cache_invalidations": _SHORT_LIVED,
    "event_receipts": _SHORT_LIVED,
    "guest_mails": _SHORT_LIVED,
    "idempotency_keys": _SHORT_LIVED,
    "order_news_refusals": _SHORT_LIVED,
    "order_quantities": _SHORT_LIVED,
    "webhook_deliveries": "its endpoint has already received the events",
    "dead_letters": "an operator has already handled it",
}
"""The tables that are not copied, each with the reason."""

ACCESS: Mapping[str, str] = {
    "client_users": "it lets a person use the client",
    "invitations": "its code lets a person become a member",
    "catalog_grants": "it lets another client read a catalog",
    "webhooks": "it sends events to a URL",
    "webhook_secrets": "it signs the events",
    "order_destinations": "it sends orders to a bucket",
    "schedules": "it loads files into a catalog",
    "report_subscriptions": "it sends figures to persons",
    "report_recipients": "it sends figures to a person",
}
"""The tables that are copied only if the operator names them, each with the reason. An owner of the client can have
deleted a missing row on purpose, e.g. the membership of a person who was dismissed."""
REFERENCES: Mapping[str, str] = {
    "product_id": "products",
    "order_id": "orders",
    "site_id": "sites",
    "catalog_id": "catalogs",
}
"""Maps a column to the table to which it refers. Some of these columns have no foreign key."""


_WEAK = {"sites": {"catalog_id": "catalogs"}}
"""Weak references without a foreign key. Maps a table to its columns, and each column to the table to which it refers.

All other weak references have a foreign key with `on delete set null`, which is read from the database.
"""


class TenantError(Exception):
    """The rows of the client cannot be copied."""


@dataclass(frozen=True)
class Table:
    """A table with rows of clients."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    """All stored columns, except the columns that PostgreSQL generates."""
    condition: str
    """The SQL condition that selects the rows of the client `%(client)s`."""
    weak: Mapping[str, str]
    """Maps each column with a weak reference to the table to which the column refers.

    If the row to which the column refers is not copied, the column becomes null. The row with the column is still
    copied.
    """


@dataclass(frozen=True)
class Comparison:
    """The differences between the restored and the live database, for the rows of a client in one table."""

    client: UUID
    table: Table
    missing: tuple[tuple[str, ...], ...]
    """The keys of the rows that only the restored database has."""
    different: tuple[tuple[str, ...], ...]
    equal: int
    only_live: int
    """The number of rows that only the live database has, because they were created after the backup."""

    @property
    def summary(self) -> dict[str, Any]:
        """The counts, and the keys of some rows that differ."""
        return {
            "table": self.table.name,
            "missing": len(self.missing),
            "equal": self.equal,
            "different": len(self.different),
            "only_live": self.only_live,
            "different_keys": ["/".join(key) for key in self.different[:MAX_KEYS]],
        }


def compare(
    restored: psycopg.Connection,
    live: psycopg.Connection,
    client: UUID,
    only: Collection[str] = (),
    without: Collection[str] = (),
) -> list[Comparison]:
    """Compare the rows of a client, in parent tables before child tables.

    only: the tables to compare. If it is empty, all tables are compared. without: the tables to leave out. Raises
    TenantError.
    """
    _enter(restored, live)
    parameters = {"client": client}
    comparisons = []
    live_tables = tables(live)
    if unknown := {*only, *without} - {table.name for table in live_tables}:
        raise TenantError(f"{', '.join(sorted(unknown))}: not a table whose rows are compared")
    for table in live_tables:
        if table.name in without or (only and table.name not in only):
            continue
        old, new = (_fingerprints(connection, table, parameters) for connection in (restored, live))
        common = old.keys() & new.keys()
        different = tuple(sorted(key for key in common if old[key] != new[key]))
        missing = tuple(sorted(old.keys() - new.keys()))
        comparisons.append(
            Comparison(client, table, missing, different, len(common) - len(different), len(new.keys() - old.keys()))
        )
    return comparisons


def client_id(connection: psycopg.Connection, slug: str) -> UUID:
    """Return the id of a client. Raises TenantError if no client has the slug."""
    connection.execute(f"set role {ROLE}")
    row = connection.execute("select id from clients where slug = %s", [slug]).fetchone()
    if row is None:
        raise TenantError(f"the restored database has no client '{slug}'")
    return UUID(str(row[0]))


def tables(connection: psycopg.Connection) -> list[Table]:
    """Return the tables whose rows are copied, parents first.

    Raises TenantError for a table that this module does not mention.
    """
    by_name = {table.name: table for table in _read_tables(connection)}
    parents: dict[str, set[str]] = {name: set() for name in by_name}
    for child, parent in connection.execute(
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint"
        " where contype = 'f' and conrelid <> confrelid"
    ):
        if child in by_name and parent in by_name:
            parents[child].add(parent)
    for name, table in by_name.items():
        parents[name] |= {REFERENCES[column] for column in table.columns if column in REFERENCES} - {name}
    return [by_name[name] for name in TopologicalSorter(parents).static_order()]


def _read_tables(connection: psycopg.Connection) -> Iterator[Table]:
    rows = connection.execute(
        """
        select c.oid::regclass::text,
          array(select a.attname::text from pg_index i join pg_attribute a
                on a.attrelid = c.oid and a.attnum = any (i.indkey)
                where i.indrelid = c.oid and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)),
          array(select a.attname::text from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                order by a.attnum),
          (select coalesce(jsonb_object_agg(a.attname, f.confrelid::regclass::text), '{}')
           from pg_constraint f
             join pg_attribute a on a.attrelid = c.oid and a.attnum = any (coalesce(f.confdelsetcols, f.conkey))
           where f.conrelid = c.oid and f.contype = 'f' and f.confdeltype = 'n')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('public', 'app')
        """
    ).fetchall()
    for name, key, columns, weak in rows:
        if name not in NOT_COPIED:
            yield Table(name, tuple(key), tuple(columns), _condition(name, columns), weak | _WEAK.get(name, {}))


def _condition(table: str, columns: Sequence[str]) -> str:
    owned = "catalog_id in (select id from catalogs where owner_client_id = %(client)s)"
    if table == "clients":
        return "id = %(client)s"
    if table == "catalogs":
        return "owner_client_id = %(client)s"
    if table == "catalog_grants":
        return f"client_id = %(client)s or {owned}"
    if "client_id" in columns:
        return "client_id = %(client)s"
    if "catalog_id" in columns:
        return owned
    raise TenantError(f"{table}: decide in clients/restored_tables.py whether its rows are copied")


def _enter(restored: psycopg.Connection, live: psycopg.Connection) -> None:
    """Switch to the role that sees all rows, and check that both databases have the same schema."""
    releases = []
    for connection in (restored, live):
        connection.execute("reset role")
        releases.append(connection.execute("select name, checksum from schema_migrations order by name").fetchall())
        connection.execute(f"set role {ROLE}")
    if releases[0] != releases[1]:
        raise TenantError("the databases have different migrations: migrate the restored database first")


def _fingerprints(
    connection: psycopg.Connection, table: Table, parameters: Mapping[str, Any]
) -> dict[tuple[str, ...], str]:
    query = sql.SQL("select md5(to_jsonb(r)::text), {} from {} r where " + table.condition).format(  # noqa: S608
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in table.key),
        sql.Identifier(*table.name.split(".")),
    )
    return {tuple(key): digest for digest, *key in connection.execute(query, parameters)}
