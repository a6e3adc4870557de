"""A store whose mirror is on, in a transaction that is rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from tests.kv.moving import Move
from tests.platform import Platform


class Mirror(Move):
    """A store whose mirror is on, in a transaction that is rolled back."""

    def put(self, key: str, value: Any) -> None:
        """Write a document, and run the deferred triggers."""
        super().put(key, value)
        self.end()

    def end(self) -> None:
        """Run the deferred triggers, which write the lists. PostgreSQL runs these triggers at the end of a
        transaction."""
        self.database.execute("set constraints all immediate; set constraints all deferred")

    def items(self, key: str) -> dict[str, Any]:
        """Map the ids of the documents in a list to the documents. The documents contain their revisions."""
        value = self.value("select value from kv_store_6fcaeea3 where key = %s", key)
        return {item["id"]: item for item in value if isinstance(item, dict) and isinstance(item.get("id"), str)}

    def document(self, key: str) -> Any:
        """Return a document without its revision. Fail if the document does not exist."""
        value = self.value("select value from kv_store_6fcaeea3 where key = %s", key)
        return {name: field for name, field in value.items() if name != "_rev"} if isinstance(value, dict) else value

    def revision(self, key: str) -> int | None:
        """Return the revision of a document."""
        revision: int | None = self.value("select kv.revision_of(value) from kv_store_6fcaeea3 where key = %s", key)
        return revision

    def update(self, table: str, key: str, **columns: Any) -> None:
        """Change columns of the row that belongs to a document."""
        names = ", ".join(f"{name} = %s" for name in columns)
        values = [Jsonb(value) if isinstance(value, dict | list) else value for value in columns.values()]
        query = f"update {table} set {names} where id = %s"
        self.database.execute(query.encode(), [*values, self.id(key)])
        self.end()

    def delete(self, table: str, key: str) -> None:
        """Delete the row that belongs to a document."""
        self.database.execute(f"delete from {table} where id = %s".encode(), [self.id(key)])
        self.end()

    def fold(self) -> int:
        """Write the documents of bulk writes, as the sweeper does. Return the number of rows."""
        self.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
        rows: int = self.value("select kv.fold_each(array(select row_id from kv.dirty))")
        self.database.execute("reset role; reset search_path")
        self.end()
        return rows

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Write with the role of the mirror. Writes with this role are not mirrored."""
        self.database.execute("set local role app_mirror")
        yield
        self.database.execute("reset role")

    def conflicts(self) -> set[tuple[str, str, str]]:
        """Return the key, the kind and the field of each conflict."""
        return {(r["key"], r["kind"], r["field"]) for r in self.rows("select key, kind, field from kv.conflicts")}


@contextmanager
def mirrored(platform: Platform) -> Iterator[Mirror]:
    """Yield a store with the documents of the client `a`, a catalog, a site and a gift. The mirror is on until the end
    of the block."""
    platform.database.execute("begin")
    try:
        platform.database.execute("delete from kv_store_6fcaeea3")
        platform.database.execute(
            "set local role app_migrate; insert into kv.mirror (enabled) values (true)"
            " on conflict (is_only) do update set enabled = true; reset role"
        )
        platform.database.execute("select kv.enable_triggers(true)")
        mirror = Mirror(platform)
        mirror.tenant()
        yield mirror
    finally:
        platform.database.execute("rollback")
