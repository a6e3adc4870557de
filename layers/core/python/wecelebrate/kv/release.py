"""Compares the functions and triggers of the mirror in the database with those of this release."""

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
_ORIGIN = "CURRENT_USER <> 'app_mirror'::name"
"""The condition of the triggers of statements: they do not mirror what the mirror has written."""


@lru_cache(maxsize=1)
def function_hashes() -> frozenset[tuple[str, str]]:
    """Return the name of each function of the schema `kv` and a hash of its text, as this release defines it.

    Functions with a body of the SQL standard are left out: PostgreSQL does not keep their text.
    """
    return frozenset(_functions())


def _functions() -> Iterator[tuple[str, str]]:
    for file in function_files():
        for definition in file.sql.split(_FUNCTION)[1:]:
            body = _BODY.search(definition)
            if body is not None:
                yield definition.partition("(")[0], hashlib.sha256(body[1].encode()).hexdigest()


def _triggers() -> Mapping[str, str]:
    """Map the name of each trigger that the mirror needs to the function that it calls."""
    rows = {f"{table}.mirror_{verb}": "mirror_rows" for table in _TABLES for verb in ("insert", "update", "delete")}
    documents = {f"{_STORE}.mirror_{verb}": "mirror_documents" for verb in ("insert", "update", "delete")}
    return {**rows, **documents, f"{_STORE}.mirror_revision": "revise_document"}


def deviations(functions: Iterable[Mapping[str, Any]], triggers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what is not as this release defines it: names of functions, and names of triggers with their tables.

    A trigger deviates if it is missing or disabled, calls another function, or has another condition.
    """
    existing = {(row["name"], row["hash"]) for row in functions}
    names = {name for name, _ in function_hashes() - existing}
    by_name = {row["name"]: row for row in triggers}
    for name, function in _triggers().items():
        row = by_name.get(name)
        has_origin = function == "revise_document"  # this trigger is for rows, and has a condition of its own
        if row is None or row["calls"] != function or not (has_origin or _ORIGIN in row["definition"]):
            names.add(name)
    for name, row in by_name.items():
        if row["enabled"] != ("R" if name.endswith(".mirror_replicated") else "A"):
            names.add(name)
    return sorted(names)
