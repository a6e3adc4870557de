"""Tests that new migrations build an index of an existing table outside a transaction. A build inside a transaction
blocks writes.
"""

import re
from pathlib import Path

import pytest

from wecelebrate import schema

TABLES = Path(schema.__file__).parent / "tables"
FIRST = 73
"""The first migration that the rule applies to. The migrations before it are already applied, and never change."""
MIGRATIONS = [path for path in sorted(TABLES.glob("*.sql")) if int(path.name[:4]) >= FIRST]
SMALL = {"client_users"}
"""Tables with few rows and few writes, whose indexes are built in milliseconds."""
_CREATED = re.compile(r"create (?:unlogged )?table (?:if not exists )?([\w.]+)")
_INDEX = re.compile(r"create (?:unique )?index (concurrently )?(?:if not exists )?\w+\s+on (?:only )?([\w.]+)")


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_indexes_of_existing_tables_are_built_concurrently(path: Path) -> None:
    text = path.read_text()
    others = SMALL.union(_CREATED.findall(text))
    blocking = [table for concurrently, table in _INDEX.findall(text) if table not in others and not concurrently]
    assert not blocking
    assert ("index concurrently" in text) == text.startswith("-- no-transaction\n")


def test_the_index_pattern_matches_create_index_concurrently() -> None:
    text = "\n".join(path.read_text() for path in MIGRATIONS)
    assert ("concurrently ", "mails") in _INDEX.findall(text)
