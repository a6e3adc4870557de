"""Tests that a query reads the context of its caller only once, and not for each row. Each read verifies the seal of
the context.
"""

import re
from pathlib import Path

import pytest

from tests.database.conftest import Database
from tests.database.world import A
from wecelebrate import schema
from wecelebrate.core.database import ENTER

PACKAGE = Path(schema.__file__).parent.parent
_COLUMN = r"\b(?<!new\.)(?!new\.)(?:\w+\.\w+|\w*(?:id|subject))"
PER_ROW = re.compile(_COLUMN + r" (?:=|<>) (?:any|all)? ?\(?app\.\w+\(\)")
"""Matches a comparison of a column with a function that reads the context. Comparisons in scalar subqueries do not
match.
"""
FOUND_BY_KEY = {
    "jobs where id = app.job_id()",
    "where o.id = $1",
    "where j.id = $1",
    "where w.id = $1",
    "where s.id = $1",
}
"""Queries that select at most one row by its key before the other conditions are evaluated."""


@pytest.mark.parametrize(
    ("login", "subject", "query"),
    [
        ("wc_api", "a-owner", "select app.catalog_ids()"),
        ("wc_api", "a-owner", "select app.owned_catalog_ids()"),
        ("wc_api", "a-owner", "select app.writable_catalog_ids()"),
        ("wc_api", "a-owner", "select app.granted_catalog_ids()"),
        ("wc_api", "a-owner", "select count(*) from catalogs"),
        ("wc_api", "a-owner", "select count(*) from app.catalog_view"),
    ],
)
def test_the_number_of_context_reads_does_not_depend_on_the_number_of_rows(
    own_database: Database, login: str, subject: str, query: str
) -> None:
    with own_database.connect(autocommit=True) as connection:
        connection.execute(f"alter database {own_database.name} set track_functions = 'all'".encode())

    def context_reads() -> int:
        with own_database.connect() as connection:
            connection.execute(f"set session authorization {login}".encode())
            connection.execute(ENTER, [subject, None, None, None, [], None, None, None, None])
            count = "select coalesce(sum(calls), 0) from pg_stat_xact_user_functions where funcname = 'seal'"
            row = connection.execute(count).fetchone()
            connection.execute(query.encode())
            after = connection.execute(count).fetchone()
            assert row
            assert after
            return int(after[0] - row[0])

    before = context_reads()
    with own_database.connect(autocommit=True) as connection:
        connection.execute(
            "insert into catalogs (owner_client_id, name, type) select %s, 'catalog ' || n, 'erp'"
            " from generate_series(1, 100) n",
            [A],
        )
        connection.execute("analyze catalogs")
    assert 0 < before == context_reads()


def statements(file: Path) -> list[str]:
    """Return the queries of a SQL file, each as one line without comments."""
    text = re.sub(r"--.*", "", file.read_text("utf-8"))
    return [" ".join(statement.split()) for statement in text.split(";")]


def test_queries_read_the_context_only_in_scalar_subqueries() -> None:
    files = [*PACKAGE.glob("schema/functions/*.sql"), *PACKAGE.rglob("queries.sql")]
    assert len(files) > 20
    comparisons = {
        match[0]
        for file in files
        for statement in statements(file)
        if not any(key in statement for key in FOUND_BY_KEY)
        for match in PER_ROW.finditer(statement)
    }
    assert not comparisons


def test_a_query_that_reads_the_context_for_each_row_is_detected() -> None:
    for query in ("where s.id = app.site_id()", "where owner_client_id = any (app.client_ids())"):
        assert PER_ROW.search(query)
    for query in (
        "where s.id = (select app.site_id())",
        "values (app.subject(), 1)",
        "id = any ((select app.ids())::uuid[])",
    ):
        assert not PER_ROW.search(query)
