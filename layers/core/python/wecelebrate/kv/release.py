"""Compares the functions and triggers of the mirror in the database with the functions and triggers of this release."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from wecelebrate.schema import function_files

_FUNCTION = "create or replace function kv."
_BODY = re.compile(r"\nas \$\$(.*?)\$\$", re.DOTALL)
_TABLES = ("clients", "catalogs", "sites", "products", "orders")
_STORE = "kv_store_6fcaeea3"
_TRIGGERS_OF_ROWS = {
    "mirror_revision": "revise_document",
    "mirror_list_revision": "revise_list",
    "mirror_replicated": "mirror_replicated_document",
}
"""The triggers of the store that run for each row, and the functions that they call."""
_TEXT = re.compile(r"~ ('[^']*')")
_ORIGIN = "CURRENT_USER <> 'app_mirror'::name"
"""The condition of the statement triggers. It excludes writes of the mirror itself."""


@lru_cache(maxsize=1)
def function_hashes() -> frozenset[tuple[str, str]]:
    """Return the name of each function of the schema `kv` and a hash of its text, as this release defines it.

    Functions with an SQL-standard body are not in the result, because PostgreSQL does not store their text.
    """
    return frozenset(_functions())


def _functions() -> Iterator[tuple[str, str]]:
    for file in function_files():
        for definition in file.sql.split(_FUNCTION)[1:]:
            body = _BODY.search(definition)
            if body is not None:
                yield definition.partition("(")[0], hashlib.sha256(body[1].encode()).hexdigest()


def _triggers() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Map the name of each trigger that the mirror needs to the function that it calls, and to parts of its definition.

    These parts are texts in the condition of the trigger, and the clause that says when the trigger is deferred.
    """
    verbs = ("insert", "update", "delete")
    rows = {f"{table}.mirror_{verb}": "mirror_rows" for table in _TABLES for verb in verbs}
    documents = {f"{_STORE}.mirror_{verb}": "mirror_documents" for verb in verbs}
    triggers = {name: (function, (_ORIGIN,)) for name, function in {**rows, **documents}.items()}
    sql = next(file.sql for file in function_files() if file.name == "functions/kv_mirror_switch")
    for name, function in _TRIGGERS_OF_ROWS.items():
        definition = sql.partition(f"create or replace trigger {name} ")[2].partition(";\n")[0]
        triggers[f"{_STORE}.{name}"] = (function, (_ORIGIN, *_TEXT.findall(definition)))
    triggers["list_changes.mirror_lists"] = ("write_lists", ("DEFERRABLE INITIALLY DEFERRED",))
    return triggers


def deviations(
    functions: Iterable[Mapping[str, Any]], triggers: Iterable[Mapping[str, Any]], *, are_applied: bool
) -> list[str]:
    """Return the functions and triggers that differ from this release. The name of a trigger includes its table.

    A trigger deviates if it is missing or disabled, calls another function, or has another condition. `are_applied`
    says whether all functions are unchanged since the last migration. If it is false and no function differs, the
    result names the schema, because a function whose text PostgreSQL does not store may have changed.
    """
    existing = {(row["name"], row["hash"]) for row in functions}
    names = {name for name, _ in function_hashes() - existing}
    if not are_applied and not names:
        names.add("functions of the schema kv")
    by_name = {row["name"]: row for row in triggers}
    for name, (function, parts) in _triggers().items():
        row = by_name.get(name)
        if row is None or row["calls"] != function or not all(part in row["definition"] for part in parts):
            names.add(name)
    for name, row in by_name.items():
        if row["enabled"] != ("R" if name.endswith(".mirror_replicated") else "A"):
            names.add(name)
    return sorted(names)
