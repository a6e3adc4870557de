"""Compares the inspected documents of the key-value store with each other, and counts the damaged documents by kind.

The inspected documents are in a temporary database on the disk, so the memory of the command does not depend on the
size of the store. The database contains only keys, kinds of damage, and short hashes (tokens) of ids and references. It
contains no values of documents.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.command.output import Json
from wecelebrate.kv.inspection.damage import DAMAGE
from wecelebrate.kv.inspection.documents import ENVIRONMENT, LISTED, NAMELESS, OLDER, prefix_of, token_of

MAX_EXAMPLES = 3
_COMPARISONS = Path(__file__).with_suffix(".sql")
_ENTITIES = ("client", "site", "catalog", "product", "order")
_REFERENCES = ("catalog", "client", "domain", "gift", "key", "number", "row_catalog", "site", "sku", "user")
_TABLES = """
create table documents (
  key text, entity text, id text, form int, content text, held int, nameless int,
  catalog text, client text, domain text, gift text, key_id text, number text, row_catalog text, site text, sku text,
  user text
);
create table entries (list text, lists text, scope text, id text);
create table damage (kind text, key text);
create table prefixes (entity text, prefix text);
create table held_kinds (kind text);
create table constants (legacy_catalog text, environment int, older int, listed int);
"""


class Inspection:
    """Finds the damaged documents of a store. The caller first adds all documents, and then calls `compare` once."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(
            ""
        )  # With an empty name, SQLite creates a temporary file, and deletes it later.
        self._database.executescript(_TABLES)
        self._insert("prefixes", [(entity, prefix_of(entity)) for entity in _ENTITIES])
        self._insert("held_kinds", [(kind,) for kind in DAMAGE if _is_held(kind)])
        self._insert("constants", [(token_of("catalog_legacy_default"), ENVIRONMENT, OLDER, LISTED)])

    def __enter__(self) -> "Inspection":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            places = ", ".join("?" * len(rows[0]))
            self._database.executemany(f"insert into {table} values ({places})", rows)  # noqa: S608 - a constant

    def add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Add documents, as `GET /v1/admin/kv/documents` returns them."""
        rows: list[tuple[Any, ...]] = []
        entries: list[tuple[Any, ...]] = []
        damage: list[tuple[Any, ...]] = []
        for document in documents:
            entries += [(document["key"], document["lists"], document["id"], entry) for entry in document["entries"]]
            if document["entity"] == "list":
                continue
            kinds = [
                kind for kind in document["damage"] if kind in DAMAGE
            ]  # ignore kinds of damage that only a later release knows
            held = any(_is_held(kind) for kind in kinds)
            values = [document[name] for name in ("key", "entity", "id", "form", "content")]
            references = [document["references"].get(name) for name in _REFERENCES]
            rows.append((*values, held, not NAMELESS.isdisjoint(kinds), *references))
            damage += [(kind, document["key"]) for kind in kinds]
        self._insert("documents", rows)
        self._insert("entries", entries)
        self._insert("damage", damage)

    def compare(self) -> None:
        """Compare the documents with each other."""
        self._database.executescript(_COMPARISONS.read_text("utf-8"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the temporary database."""
        return self._database.execute(query).fetchall()

    def entities(self) -> Iterator[Json]:
        """Yield the counts of each entity: all documents, and the documents that become rows, become aliases, or are in
        quarantine."""
        cursor = self._database.execute("select * from entities order by entity")
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def damage(self) -> Iterator[Json]:
        """Yield each kind of damage with its number of documents and a few keys, in the order of `DAMAGE`."""
        counts: dict[str, int] = dict(self._database.execute("select kind, count(*) from damage group by kind"))
        for kind in sorted(counts, key=list(DAMAGE).index):
            keys = self._database.execute(
                "select distinct key from damage where kind = ? order by key limit ?", [kind, MAX_EXAMPLES]
            )
            yield {
                "damage": kind,
                "count": counts[kind],
                "becomes": DAMAGE[kind].outcome,
                "advice": DAMAGE[kind].advice,
                "examples": [key for (key,) in keys],
            }


def _is_held(kind: str) -> bool:
    return DAMAGE[kind].outcome == "quarantine"
