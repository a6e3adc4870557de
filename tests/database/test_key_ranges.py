"""Tests that a request for the documents with a key prefix uses the primary key, and reads only these documents."""

from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.test_queries import QUERIES
from wecelebrate.kv.requests import Filter

OLD_APPLICATIONS = next(caller for caller in CALLERS if caller.name == "old applications")
LAST = "\U0010ffff"


@pytest.mark.parametrize(
    ("pattern", "key_range"),
    [
        (None, (None, None)),
        ("", (None, None)),
        ("%", (None, None)),
        ("_ite:%", (None, None)),
        ("\\%%", (None, None)),
        ("site:%", ("site:", "site;")),
        ("site:1", ("site:1", "site:2")),
        ("catalog_gifts:%", ("catalog", "cataloh")),
        ("a\\_b%", ("a", "b")),
        ("\ud7ff%", ("\ud7ff", "\ue000")),
        (f"a{LAST}%", (f"a{LAST}", "b")),
        (f"{LAST}%", (LAST, None)),
    ],
)
def test_the_key_range_begins_with_the_text_before_the_first_wildcard(
    pattern: str | None, key_range: tuple[str | None, str | None]
) -> None:
    assert Filter(pattern=pattern).key_range == key_range


@given(prefix=st.text(min_size=1), rest=st.text())
def test_each_key_with_the_prefix_is_in_the_key_range(prefix: str, rest: str) -> None:
    first, end = Filter(pattern=f"{prefix}%").key_range
    literal = prefix.partition("%")[0].partition("_")[0].partition("\\")[0]
    key = literal + rest
    assert (first is None or first.encode() <= key.encode()) and (end is None or key.encode() < end.encode())


@pytest.mark.parametrize("name", ["read_documents", "read_answers", "count_documents", "fold_documents"])
def test_a_request_for_a_prefix_reads_no_other_documents(database: Database, name: str) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("set local session_replication_role = replica")
        connection.execute(
            "insert into kv_store_6fcaeea3 select 'many:' || n, to_jsonb(repeat('x', 200))"
            " from generate_series(1, 5000) n"
        )
        connection.execute("insert into kv_store_6fcaeea3 select 'few:' || n, '1' from generate_series(1, 5) n")
        connection.execute("set local session_replication_role = origin")
        connection.execute("analyze kv_store_6fcaeea3")
        assert rows_read(connection, name, "few:%") < 100


def rows_read(connection: psycopg.Connection, name: str, pattern: str) -> int:
    """Return the number of documents that a query reads."""
    first, end = Filter(pattern=pattern).key_range
    values: dict[str, Any] = {
        "keys": None,
        "pattern": pattern,
        "first_key": first,
        "end_key": end,
        "columns": "key,value",
    }
    values |= {"descending": False, "limit": 1000, "offset": 0}
    reads = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'kv_store_6fcaeea3'"
    connection.execute(f"set local session authorization {OLD_APPLICATIONS.login}".encode())
    with entered(connection, OLD_APPLICATIONS):
        [(before,)] = connection.execute(reads).fetchall()
        connection.execute(QUERIES[f"kv.{name}"].encode(), values)
        [(after,)] = connection.execute(reads).fetchall()
    return int(after - before)
