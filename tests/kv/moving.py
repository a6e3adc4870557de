"""A small store whose documents become rows in a transaction that is rolled back."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.platform import Platform

ENTITIES = ("client", "catalog", "site", "product", "order")


class Move:
    """A small store, in a transaction that is rolled back."""

    def __init__(self, platform: Platform) -> None:
        self.database = platform.database

    def put(self, key: str, value: Any) -> None:
        """Write a document."""
        self.database.execute(
            "insert into kv_store_6fcaeea3 values (%s, %s) on conflict (key) do update set value = excluded.value",
            [key, Jsonb(value)],
        )

    def tenant(self, name: str = "a") -> None:
        """Write a client with a catalog, a site and a gift."""
        self.put(f"client:{name}", {"id": name, "name": f"Client {name}"})
        self.put(f"catalogs:c-{name}", {"id": f"c-{name}", "name": "Range", "type": "manual", "ownerId": name})
        site = {"id": f"s-{name}", "name": "Shop", "clientId": name, "catalogId": f"c-{name}", "status": "active"}
        self.put(f"site:s-{name}", site)
        self.put(f"gift:g-{name}", gift(f"g-{name}", catalogId=f"c-{name}"))

    def run(self, *environments: str, currency: str | None = None, size: int = 3) -> None:
        """Map all documents, in batches of `size`.

        Discard the query plans before each batch, as `kv.continue_backfill` does, because the tables had a different
        size in the previous batch.
        """
        names = list(environments or ("production",))
        self.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
        key: str | None = ""
        while key is not None:
            self.database.execute("discard plans")
            key = self.value("select kv.index_documents(%s, %s, %s)", key, names, size)
        self.database.execute("select kv.index_lists()")
        for entity in ENTITIES:
            after = ""
            while rows := self.rows(
                "select key, id from kv.ids where entity = %s and key > %s and environment = any (%s)"
                " and state <> 'gone' and fingerprint is distinct from mapped_fingerprint order by key limit %s",
                entity, after, names, size,
            ):  # fmt: skip
                self.database.execute("discard plans")
                self.database.execute("select kv.map_rows(%s, %s, %s)", [entity, [r["id"] for r in rows], currency])
                after = rows[-1]["key"]
            key = "" if entity == "product" else None
            while key is not None:
                self.database.execute("discard plans")
                key = self.value("select kv.copy_settings(%s, %s)", key, size)
        self.database.execute("reset role; reset search_path")

    def rows(self, query: str, *arguments: Any) -> list[DictRow]:
        """Return the rows of a query."""
        return self.database.execute(query.encode(), arguments).fetchall()

    def value(self, query: str, *arguments: Any) -> Any:
        """Return the only value of a query."""
        [row] = self.rows(query, *arguments)
        return next(iter(row.values()))

    def reason(self, key: str) -> str | None:
        """Return why a document is in quarantine."""
        rows = self.rows("select reason from kv.quarantine where key = %s", key)
        return rows[0]["reason"] if rows else None

    def notes(self, key: str) -> set[str]:
        """Return the notes about the corrections of a document."""
        return {row["note"] for row in self.rows("select note from kv.notes where key = %s", key)}

    def id(self, key: str) -> UUID:
        """Return the id of the row that belongs to a document."""
        id: UUID = self.value("select id from kv.ids where key = %s", key)
        return id

    def row(self, table: str, key: str) -> DictRow:
        """Return the row that belongs to a document."""
        [row] = self.rows(f"select t.* from {table} t where t.id = %s", self.id(key))
        return row


def gift(id: str, **fields: Any) -> dict[str, Any]:
    """Return the document of a gift."""
    return {"id": id, "name": "Mug", "sku": f"SKU-{id}", "price": 5, "currency": "EUR", **fields}


def order(id: str, **fields: Any) -> dict[str, Any]:
    """Return the document of an order of two mugs."""
    return {
        "id": id, "orderNumber": f"#{id}", "siteId": "s-a", "giftId": "g-a", "quantity": 2, "unitPrice": 5,
        "totalValue": 10, "currency": "EUR", "userEmail": "a@b.example", "createdAt": "2026-02-20T11:00:00Z",
        "status": "pending", **fields,
    }  # fmt: skip
