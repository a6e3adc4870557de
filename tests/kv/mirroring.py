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
        """Write a document, and end the transaction."""
        super().put(key, value)
        self.end()

    def end(self) -> None:
        """Run the deferred triggers of the end of a transaction, which write the lists."""
        self.database.execute("set constraints all immediate; set constraints all deferred")

    def items(self, key: str) -> dict[str, Any]:
        """Return the documents of a list by their ids, with their revisions."""
        value = self.value("select value from kv_store_6fcaeea3 where key = %s", key)
        return {item["id"]: item for item in value if isinstance(item, dict) and isinstance(item.get("id"), str)}

    def document(self, key: str) -> Any:
        """Return a document without its revision. Fails if it does not exist."""
        value = self.value("select value from kv_store_6fcaeea3 where key = %s", key)
        return {name: field for name, field in value.items() if name != "_rev"} if isinstance(value, dict) else value

    def revision(self, key: str) -> int | None:
        """Return the revision of a document."""
        revision: int | None = self.value("select kv.revision_of(value) from kv_store_6fcaeea3 where key = %s", key)
        return revision

    def update(self, table: str, key: str, **columns: Any) -> None:
        """Change columns of the row that a document leads to."""
        names = ", ".join(f"{name} = %s" for name in columns)
        values = [Jsonb(value) if isinstance(value, dict | list) else value for value in columns.values()]
        query = f"update {table} set {names} where id = %s"
        self.database.execute(query.encode(), [*values, self.id(key)])
        self.end()

    def delete(self, table: str, key: str) -> None:
        """Delete the row that a document leads to."""
        self.database.execute(f"delete from {table} where id = %s".encode(), [self.id(key)])
        self.end()

    def fold(self) -> int:
        """Write the documents of bulk writes, as the sweeper does. Returns the number of rows."""
        self.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
        rows: int = self.value("select kv.fold_each(array(select row_id from kv.dirty))")
        self.database.execute("reset role; reset search_path")
        self.end()
        return rows

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Write with the role of the mirror, so that nothing is mirrored."""
        self.database.execute("set local role app_mirror")
        yield
        self.database.execute("reset role")

    def conflicts(self) -> set[tuple[str, str, str]]:
        """Return the conflicts: their keys, kinds and fields."""
        return {(r["key"], r["kind"], r["field"]) for r in self.rows("select key, kind, field from kv.conflicts")}


@contextmanager
def mirrored(platform: Platform) -> Iterator[Mirror]:
    """Give a store with the client `a`, its catalog, site and gift. The mirror is on until the end of the block."""
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
