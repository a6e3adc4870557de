"""Puts back old values into rows that still exist in the live database but have changed since the backup.

Most mistakes delete no row. For example, `DELETE /v1/products/{id}` and a full file only deactivate products. Only the
client knows which version of a row is right, so an operator names the columns.

The operator first sees a preview: the number of differences, and the first differences. The operator then passes the
digest of all differences to the write. The write locks the rows, and fails if a value has changed since the preview.

Only values that members of the client enter can be put back. Stock, times, computed prices, and columns that control
who may see a row keep their live values.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import takewhile
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from wecelebrate.clients.restored_tables import Comparison, Table, TenantError

BATCH_ROWS = 500
"""The number of rows that one statement changes."""
MAX_DIFFERENCES = 200
"""The number of rows that a report shows. The counts in the report include all rows."""
MAX_VALUE_LENGTH = 300
"""The number of characters of a value that a report shows. Products can have values of 500 KiB."""
EQUAL_LENGTH = 10
"""The number of equal characters before the first difference that a shortened value shows."""

PRICE = ("price", "regular_price", "offers")
"""The columns that a trigger computes from each other. They must be put back together."""
VALUES: Mapping[str, tuple[str, ...]] = {
    "clients": ("name", "description", "logo_url", "contact_email", "contact_phone", "address", "settings", "timezone"),
    "catalogs": ("name", "status", "source_config", "sync_settings", "pricing_rules", "low_inventory"),
    "products": ("sku", "name", "description", "category", "brand", *PRICE, "images", "attributes", "is_active"),
    "product_sources": ("data",),
    "sites": (
        "name", "status", "branding", "settings", "guest_orders", "max_line_quantity", "max_daily_quantity",
        "max_daily_quantity_per_address", "max_order_amount", "max_recipient_mails", "cancel_window_minutes",
        "confirm_guest_orders", "confirm_within_hours", "order_page_url", "ship_to_countries", "ship_to_po_boxes",
    ),
}  # fmt: skip
"""The tables and columns whose values can be put back."""

SECRET: Mapping[str, tuple[str, ...]] = {
    "clients": ("contact_email", "contact_phone", "address", "settings"),
    "catalogs": ("source_config",),
    "sites": ("settings",),
}
"""The columns whose values are not shown: credentials and personal data. The audit log hides the same columns."""
NAMED: Mapping[str, tuple[str, ...]] = {"catalogs": ("source_config",)}
"""Columns with credentials. Because the client can have replaced the credentials since the backup, these columns are
put back only if the operator names them.
"""
HIDDEN = "[hidden]"
"""The text that replaces a secret value in a report."""

_ADMIN = "an admin of the platform decides it"
_COMPUTED = "the platform computes it"
_STOCK = "orders and files have changed the stock since the backup"
LIVE: Mapping[str, Mapping[str, str]] = {
    "clients": {
        "slug": _ADMIN, "tier": _ADMIN, "is_active": _ADMIN, "event_retention_months": _ADMIN,
        "order_retention_days": _ADMIN,
    },
    "catalogs": {
        "owner_client_id": _ADMIN, "type": "it cannot change", "source": "it cannot change",
        "currency": "it determines the currency of the products", "pricing": _COMPUTED, "priced_at": _COMPUTED,
        "last_sync_at": _COMPUTED,
    },
    "products": {
        "catalog_id": "a product cannot move", "currency": "the catalog determines it", "inventory_count": _STOCK,
        "inventory_policy": _STOCK, "source_data": "product_sources has it", "media": _COMPUTED,
        "offer_ends_at": _COMPUTED, "offer_changes_at": _COMPUTED,
    },
    "product_sources": {"stock_by_place": _STOCK},
    "sites": {
        "client_id": _ADMIN, "domain": "another site can have claimed it", "slug": "another site can have claimed it",
        "domain_token": "another site can have claimed the domain",
        "domain_verified_at": "another site can have claimed the domain",
        "catalog_id": "the client may no longer read the catalog",
        "event_storage": "the consent of visitors depends on it",
    },
}  # fmt: skip
"""The columns that cannot be put back, each with the reason. Keys and the times of a row cannot be put back either, but
are not listed here.
"""
CHANGED = "a value has changed since the comparison: compare again"
_LABELS = {"clients": "slug", "catalogs": "name", "sites": "name", "products": "sku"}
"""Maps tables to the column by which people recognise a row."""
_OWN_EXPRESSIONS = {
    # The trigger `set_price` computes the price from the regular price and the offers, if the regular price changes. If
    # the regular price does not change, the trigger uses a changed `price` as the new regular price.
    ("products", "price"): "case when l.regular_price = coalesce(n.regular_price, n.price) then l.price"
    " else n.price end",
    ("products", "regular_price"): "case when n.offers <> '[]' or l.offers <> '[]' or l.regular_price is not null"
    " then coalesce(n.regular_price, n.price) end",
}
"""Maps a table and a column to the SQL expression for the new value. Other columns get the value of the backup."""


@dataclass(frozen=True)
class Selection:
    """The values that an operator selects."""

    columns: Mapping[str, tuple[str, ...]]
    """Maps each table to the selected columns."""
    catalog: UUID | None = None
    """The catalog of the selected rows. If it is None, rows of all catalogs are selected."""
    rows: frozenset[str] = frozenset()
    """The keys or the names of the selected rows, e.g. SKUs. If the set is empty, all rows are selected."""


@dataclass(frozen=True)
class Difference:
    """A row whose selected values differ between the backup and the live database."""

    table: str
    key: tuple[str, ...]
    label: str
    values: Mapping[str, tuple[str, str]]
    """Maps each column to the live value and the value of the backup, as JSON. Long values are shortened around the
    first difference. Secret values are hidden.
    """
    digest: str
    """The digest of the key and of all complete values."""

    @property
    def summary(self) -> dict[str, Any]:
        """The row as a JSON document."""
        return {
            "table": self.table,
            "key": "/".join(self.key),
            "name": self.label,
            "values": {
                column: {"live": live, "restored": restored} for column, (live, restored) in self.values.items()
            },
        }


def select(names: Iterable[str], catalog: str | None = None, rows: Iterable[str] = ()) -> Selection:
    """Return the selection for names like `products` or `products.is_active`. Raises TenantError for any other name."""
    chosen: dict[str, set[str]] = {}
    for name in names:
        table, _, column = name.partition(".")
        if table not in VALUES:
            raise TenantError(f"`{table}`: only values of {', '.join(VALUES)} can be put back")
        if column and column not in VALUES[table]:
            reason = LIVE[table].get(column, "it has no such column")
            raise TenantError(f"`{name}` cannot be put back, because {reason}: use {', '.join(VALUES[table])}")
        wanted = PRICE if table == "products" and column in PRICE else (column,) if column else _of_table(table)
        chosen.setdefault(table, set()).update(wanted)
    columns = {table: tuple(each for each in VALUES[table] if each in wanted) for table, wanted in chosen.items()}
    try:
        return Selection(columns, UUID(catalog) if catalog else None, frozenset(rows))
    except ValueError as error:
        raise TenantError(f"`{catalog}` is not the id of a catalog") from error


def _of_table(table: str) -> tuple[str, ...]:
    return tuple(column for column in VALUES[table] if column not in NAMED.get(table, ()))


def differences(
    restored: psycopg.Connection, live: psycopg.Connection, comparisons: Iterable[Comparison], selection: Selection
) -> list[Difference]:
    """Return the rows whose selected values differ. Both connections must already have the role that sees all rows."""
    all_differences = []
    for comparison in comparisons:
        if comparison.table.name in selection.columns:
            for keys in _batches(comparison.different):
                all_differences += _compare(restored, live, comparison.table, keys, selection)
    return all_differences


def digest_of(changed: Iterable[Difference]) -> str:
    """Return the digest of all differences. A later comparison has the same digest only if it finds the same values."""
    digests = sha256()
    for each in changed:
        digests.update(each.digest.encode())
    return digests.hexdigest()


def put_back(
    restored: psycopg.Connection,
    live: psycopg.Connection,
    comparisons: Iterable[Comparison],
    selection: Selection,
    changed: Collection[Difference],
) -> dict[str, int]:
    """Lock the rows of `changed`, and write the selected values of the backup. Return the number of rows for each
    table.

    As after every change, triggers compute facets and prices, invalidate cached pages, and record the change in the
    audit log. The caller commits the transaction of `live`.

    Raises TenantError if a value has changed since `changed` was computed. Also raises TenantError if a value conflicts
    with another row, e.g. because another product now has the SKU.
    """
    counts = {}
    for comparison in comparisons:
        table, count = comparison.table, 0
        expected = {each.key: each.digest for each in changed if each.table == table.name}
        for keys in _batches([*expected]):
            locked = _compare(restored, live, table, keys, selection, lock=True)
            if {each.key: each.digest for each in locked} != {key: expected[key] for key in keys}:
                raise TenantError(f"{table.name}: {CHANGED}")
            try:
                count += _update(restored, live, table, keys, selection.columns[table.name])
            except psycopg.errors.IntegrityError as error:
                raise TenantError(f"{table.name}: a value cannot be put back: {error.diag.message_primary}") from error
        if count:
            counts[table.name] = count
    return counts


def _compare(
    restored: psycopg.Connection,
    live: psycopg.Connection,
    table: Table,
    keys: Sequence[tuple[str, ...]],
    selection: Selection,
    *,
    lock: bool = False,
) -> list[Difference]:
    """Return the rows of `keys` that differ. If `lock` is true, lock the live rows until the end of the transaction."""
    columns = selection.columns[table.name]
    hidden = SECRET.get(table.name, ())
    before = _values(restored, table, keys, columns, selection)
    now = _values(live, table, keys, columns, selection, lock=lock)
    differing = []
    for key in sorted(before.keys() & now.keys()):
        (old_label, old), (label, new) = before[key], now[key]
        if selection.rows and not selection.rows & {"/".join(key), label, old_label}:
            continue
        values = {
            column: (HIDDEN, HIDDEN) if column in hidden else _cut(new_value, old_value)
            for column, new_value, old_value in zip(columns, new, old, strict=True)
            if new_value != old_value
        }
        if values:
            complete = json.dumps([table.name, key, columns, new, old])
            differing.append(Difference(table.name, key, label, values, sha256(complete.encode()).hexdigest()))
    return differing


def _values(
    connection: psycopg.Connection,
    table: Table,
    keys: Sequence[tuple[str, ...]],
    columns: Sequence[str],
    selection: Selection,
    *,
    lock: bool = False,
) -> dict[tuple[str, ...], tuple[str, list[str]]]:
    """Map the key of each row to the row's name and the selected values as JSON."""
    query = sql.SQL("select array[{keys}], {label}::text, array[{values}] from {table} r where ({keys}) in ({wanted})")
    statement = query.format(
        keys=_key(table, "r"),
        label=sql.Identifier("r", _LABELS.get(table.name, table.key[-1])),
        values=sql.SQL(", ").join(
            sql.SQL("coalesce(to_jsonb({})::text, 'null')").format(sql.Identifier("r", column)) for column in columns
        ),
        table=_name(table),
        wanted=sql.SQL(", ").join(_placeholders(table) for _ in keys),
    )
    if lock:
        # Orders lock their products in the same order and in the same lock mode. Therefore an order and a restore
        # cannot cause a deadlock.
        statement += sql.SQL(" order by {} for no key update of r").format(
            sql.SQL(", ").join(sql.Identifier("r", column) for column in table.key)
        )
    rows = connection.execute(statement, [value for key in keys for value in key]).fetchall()
    if selection.catalog is not None:
        rows = _of_catalog(connection, table, rows, selection.catalog)
    return {tuple(key): (str(label), values) for key, label, values in rows}


def _of_catalog(
    connection: psycopg.Connection, table: Table, rows: Sequence[tuple[Any, ...]], catalog: UUID
) -> list[tuple[Any, ...]]:
    """Return the rows that belong to a catalog. If the rows of the table belong to no catalog, the result is empty."""
    column = "id" if table.name == "catalogs" else "catalog_id"
    if column not in table.columns or table.name == "sites":
        return []
    query = sql.SQL("select array[{}] from {} r where {} = %s").format(
        _key(table, "r"), _name(table), sql.Identifier("r", column)
    )
    keys = {tuple(key) for (key,) in connection.execute(query, [catalog])}
    return [row for row in rows if tuple(row[0]) in keys]


def _update(
    restored: psycopg.Connection,
    live: psycopg.Connection,
    table: Table,
    keys: Sequence[tuple[str, ...]],
    columns: Sequence[str],
) -> int:
    # Keep the rows as text, because Python's numbers would lose digits of prices.
    query = sql.SQL("select coalesce('[' || string_agg(to_jsonb(r)::text, ',') || ']', '[]') from {} r").format(
        _name(table)
    ) + sql.SQL(" where ({}) in ({})").format(_key(table, "r"), sql.SQL(", ").join(_placeholders(table) for _ in keys))
    (rows,) = restored.execute(query, [value for key in keys for value in key]).fetchone() or ("[]",)
    update = sql.SQL(
        "update {table} l set {values} from jsonb_populate_recordset(null::{table}, %s::jsonb) n where {same}"
    ).format(
        table=_name(table),
        values=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), _new_value(table.name, column)) for column in columns
        ),
        same=sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier("l", column), sql.Identifier("n", column)) for column in table.key
        ),
    )
    return live.execute(update, [rows]).rowcount


def _new_value(table: str, column: str) -> sql.Composable:
    own = _OWN_EXPRESSIONS.get((table, column))
    return sql.SQL(own) if own else sql.Identifier("n", column)


def _key(table: Table, alias: str) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(alias, column)) for column in table.key)


def _placeholders(table: Table) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(table.key)))


def _name(table: Table) -> sql.Composable:
    return sql.Identifier(*table.name.split("."))


def _batches(keys: Sequence[tuple[str, ...]]) -> list[Sequence[tuple[str, ...]]]:
    return [keys[first : first + BATCH_ROWS] for first in range(0, len(keys), BATCH_ROWS)]


def _cut(live: str, restored: str) -> tuple[str, str]:
    """Return both values. If a value is too long, both begin shortly before the first difference, so that they never
    look equal.
    """
    if max(len(live), len(restored)) <= MAX_VALUE_LENGTH:
        return live, restored
    equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(live, restored, strict=False)))
    first = max(0, equal - EQUAL_LENGTH)
    return _part(live, first), _part(restored, first)


def _part(value: str, first: int) -> str:
    end = first + MAX_VALUE_LENGTH
    return f"{'…' if first else ''}{value[first:end]}{'…' if len(value) > end else ''}"
