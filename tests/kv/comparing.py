"""Helpers for tests that compare a damaged store with its rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from tests.faults.environment import FULL
from tests.kv.commands import command, run
from tests.kv.moving import gift, order
from tests.kv.store import SECRET, Sizes, generate
from tests.kv.store.truth import Truth
from tests.kv.store.writing import copy_to
from tests.platform import Platform

SIZES = (
    Sizes(clients=300, sites=600, gifts=30_000, orders=100_000, damage=0.002)
    if FULL
    else Sizes(clients=20, sites=30, gifts=400, orders=600, damage=0.003)
)
FEW = SIZES if FULL else Sizes(clients=12, sites=20, gifts=60, orders=60, damage=0.003)
"""The size of a small store: about 600 documents, with each kind of damage. It is used by tests that change and compare
single documents many times. If FULL is set, the store is as large as SIZES.
"""
OWN = "2f0c5c0e-5c1d-4a53-8a4f-3d3f6d1f2a10"
"""An id that is a UUID, so a document and its row share this id."""
Found = set[tuple[str, str | None, str, str | None]]
"""A set of differences. Each difference has an entity, a key, a kind and a field."""
TABLES = {"client": "clients", "catalog": "catalogs", "site": "sites", "product": "products", "order": "orders"}
"""Maps each entity to its table."""
Damage = tuple[str, str, str, Any]
"""A changed column: the entity, the key of the document, the column and the new value."""


def fill(platform: Platform, sizes: Sizes = SIZES) -> list[Truth]:
    """Create a damaged store, and map its documents to rows. Return the expected result for each document."""
    documents = {
        "client:own": {"id": "own", "name": "Own client", "tier": "standard"},
        "client:other": {"id": "other", "name": "Other client"},
        "catalogs:own": {"id": "own", "name": "Range", "type": "manual", "ownerId": "own", "currency": "EUR"},
        "catalogs:other": {"id": "other", "name": "Range", "type": "manual", "ownerId": "other"},
        "site:s-a": {"id": "s-a", "name": "Shop", "clientId": "own", "catalogId": "own", "branding": {"color": "red"}},
        "site:s-b": {"id": "s-b", "name": "Shop", "client_id": "other", "catalog_id": "other"},
        "gift:g-a": gift("g-a", catalogId="own", price="19,90 €", createdAt="February 20, 2026", stock=7),
        f"gift:{OWN}": gift(OWN, catalogId="own", image="https://a.example/1.png", attributes={"b": 1, "a": [1.0]}),
        "gift:g-b": {"id": "g-b", "title": "Pen", "price": 5, "currency": "EUR", "catalog_id": "other", "in_stock": 1},
        "order:o-a": order("o-a", shippingAddress={"zip": "1", "city": "A"}, createdAt="20 February 2026"),
        "order:o-b": {
            "id": "o-b", "order_number": "#b", "site_id": "s-b", "gift_id": "g-b", "quantity": "2",
            "status": "confirmed", "total": "10.00", "currency": "EUR", "user_email": "b@c.example",
            "created_at": "2026-02-20T12:00:00+01:00",
        },
    }  # fmt: skip
    with platform.database.transaction():
        truths = copy_to(platform.database, generate(sizes))
        platform.database.cursor().executemany(
            "insert into kv_store_6fcaeea3 values (%s, %s)", [(key, Jsonb(value)) for key, value in documents.items()]
        )
    run(platform, "backfill")
    return truths


def compare(platform: Platform, *arguments: str, code: int | None = None) -> dict[str, Any]:
    """Run `wecelebrate kv compare --json`. Check that the output contains no secret. Map each entity to its
    comparison."""
    result = command(platform, "compare", "--json", *arguments)
    assert SECRET not in result.stdout + result.stderr
    assert result.returncode in (0, 1), result.stderr
    printed = json.loads(result.stdout)
    by_entity = {comparison["entity"]: comparison for comparison in printed["comparisons"]}
    has_differences = any(comparison["found"] for comparison in by_entity.values())
    assert result.returncode == (1 if has_differences else 0)
    assert code in (None, result.returncode), [each["found"] for each in printed["comparisons"]]
    return by_entity | {"repairs": printed.get("repairs"), "newer": printed.get("newer")}


def found(platform: Platform) -> Found:
    """Return the differences that are not repaired yet."""
    rows = platform.database.execute(
        "select entity, key, kind, field, confirmed from kv.differences where repaired_at is null"
    ).fetchall()
    assert all(row["confirmed"] for row in rows)
    return {(row["entity"], row["key"], row["kind"], row["field"]) for row in rows}


@contextmanager
def unnoticed(platform: Platform) -> Iterator[Platform]:
    """Disable triggers and foreign keys until the end of the block, to simulate damage."""
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        yield platform


def value(platform: Platform, query: str, *arguments: Any) -> Any:
    """Return the only value of a query."""
    [row] = platform.database.execute(query.encode(), arguments).fetchall()
    return next(iter(row.values()))


def id_of(platform: Platform, key: str) -> Any:
    """Return the id of the row that belongs to a document."""
    return value(platform, "select id from kv.ids where key = %s", key)


@contextmanager
def damaged(platform: Platform, damages: list[Damage]) -> Iterator[None]:
    """Change columns of rows without triggers. Restore the original values at the end of the block."""
    before = [
        (
            entity,
            key,
            column,
            value(platform, f"select {column} from {TABLES[entity]} where id = %s", id_of(platform, key)),
        )
        for entity, key, column, _ in damages
    ]
    try:
        write_columns(platform, damages)
        yield
    finally:
        write_columns(platform, before)


def write_columns(platform: Platform, columns: list[Damage]) -> None:
    """Change columns of rows without triggers."""
    with unnoticed(platform):
        for entity, key, column, new in columns:
            stored = Jsonb(new) if isinstance(new, dict | list) else new
            update = f"update {TABLES[entity]} set {column} = %s where id = %s"
            platform.database.execute(update.encode(), [stored, id_of(platform, key)])
