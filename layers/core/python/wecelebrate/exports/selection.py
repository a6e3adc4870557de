"""Chooses the rows of an export, and divides them into chunks. One statement reads each chunk through an index."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.exports.models import ExportKind

sql = queries(__file__)

CHUNK_ROWS = 20_000
"""The number of rows in a chunk. A chunk of order lines contains all lines of CHUNK_ROWS orders."""


@dataclass(frozen=True)
class Chunk:
    """The rows that one statement reads."""

    query: Any
    """A query of `queries.sql`."""
    parameters: Mapping[str, Any]


def plan(
    tx: Transaction, kind: ExportKind, client_id: UUID | None, filters: Mapping[str, Any]
) -> tuple[Iterator[Chunk], int]:
    """Return the chunks of an export, and the number of its rows.

    A chunk contains rows of only one catalog or client. Therefore an index can return its rows in the order of the
    export.
    """
    chunks: list[Chunk] = []
    total = 0
    for scope, plan_query, query in _scopes(tx, kind, client_id, filters):
        parameters = {**filters, "scope": scope}
        planned = plan_query(tx, chunk=CHUNK_ROWS, **parameters)
        rows = int(planned["rows"])
        total += int(sql.count_order_lines(tx, **parameters)) if kind == "order_lines" else rows
        if rows:
            ids = planned.get("ids") or [None] * len(planned["keys"])
            bounds = [(None, None), *zip(planned["keys"], ids, strict=True), (None, None)]
            chunks += [
                Chunk(query, {**parameters, "after_key": a, "after_id": b, "last_key": c, "last_id": d})
                for (a, b), (c, d) in pairwise(bounds)
            ]
    return iter(chunks), total


def _scopes(
    tx: Transaction, kind: ExportKind, client_id: UUID | None, filters: Mapping[str, Any]
) -> Iterator[tuple[UUID, Any, Any]]:
    """Yield each catalog or client: its id, the query that counts its rows, and the query that returns its rows."""
    if kind == "products":
        for row in sql.list_catalogs(tx, catalog_id=filters["catalog_id"], client_id=client_id):
            own = (sql.plan_products, sql.export_products)
            yield row["id"], *((sql.plan_granted_products, sql.export_granted_products) if row["is_granted"] else own)
        return
    plan_query, query = {
        "orders": (sql.plan_orders, sql.export_orders),
        "order_lines": (sql.plan_orders, sql.export_order_lines),
        "events": (sql.plan_events, sql.export_events),
        "customers": (sql.plan_customers, sql.export_customers),
    }[kind]
    for row in list(sql.list_clients(tx, client_id=client_id)):
        yield row["id"], plan_query, query
