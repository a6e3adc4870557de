"""Tests that triggers handle generated columns correctly. An update that changes no value is not a change of the
row.
"""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.database.conftest import Database
from tests.database.world import A_CATALOG

Columns = dict[str, set[str]]

GENERATED: Columns = {
    "clients": {"folded_name"},
    "catalogs": {"folded_name"},
    "sites": {"folded_name"},
    "schedules": {"folded_name"},
    "jobs": {"owner"},
    "products": {"folded_name", "folded_sku"},
}
"""Maps each table to its generated columns. A BEFORE trigger in PL/pgSQL sees null in these columns of NEW."""
NAMED = sorted(GENERATED.keys() - {"jobs"})
TRACES = "select (select count(*) from audit_log), (select count(*) from cache_invalidations)"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back. An earlier transaction has created the rows."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def columns(superuser: psycopg.Connection, generated: bool) -> Columns:
    """Return the generated columns of each table, or the columns that an update can write if `generated` is false."""
    rows = superuser.execute(
        "select attrelid::regclass::text, attname from pg_attribute a join pg_class c on c.oid = attrelid"
        " where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relkind in ('r', 'p')"
        " and attnum > 0 and not attisdropped and (attgenerated <> '') = %s",
        [generated],
    )
    columns: Columns = {}
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    return columns


def contents(superuser: psycopg.Connection, table: str) -> list[dict[str, object]]:
    rows = superuser.cursor(row_factory=dict_row).execute(
        sql.SQL("select * from {} t order by id").format(sql.Identifier(table))
    )
    return rows.fetchall()


def test_the_list_of_generated_columns_is_complete(superuser: psycopg.Connection) -> None:
    assert columns(superuser, generated=True) == GENERATED


@pytest.mark.parametrize("table", GENERATED)
def test_an_update_with_the_same_values_is_not_a_change(superuser: psycopg.Connection, table: str) -> None:
    before, traces = contents(superuser, table), superuser.execute(TRACES).fetchone()
    assert before
    for column in columns(superuser, generated=False)[table]:
        superuser.execute(sql.SQL("update {0} set {1} = {1}").format(sql.Identifier(table), sql.Identifier(column)))
    every = sql.SQL(", ").join(
        sql.SQL("{0} = t.{0}").format(sql.Identifier(column)) for column in columns(superuser, generated=False)[table]
    )
    superuser.execute(sql.SQL("update {} t set {}").format(sql.Identifier(table), every))
    assert contents(superuser, table) == before
    assert superuser.execute(TRACES).fetchone() == traces


@pytest.mark.parametrize("table", NAMED)
def test_a_new_name_changes_the_folded_name_and_updated_at(superuser: psycopg.Connection, table: str) -> None:
    before = contents(superuser, table)
    superuser.execute(sql.SQL("update {} set name = 'Straße É'").format(sql.Identifier(table)))
    now = superuser.execute("select now()").fetchone()
    assert now
    assert [row["updated_at"] for row in before] != [now[0]] * len(before)
    assert {(row["folded_name"], row["updated_at"]) for row in contents(superuser, table)} == {("strasse e", now[0])}


def test_a_new_sku_changes_the_folded_sku(superuser: psycopg.Connection) -> None:
    superuser.execute("update products set sku = 'ÉTÉ-' || id where catalog_id = %s", [A_CATALOG])
    rows = [row for row in contents(superuser, "products") if row["catalog_id"] == A_CATALOG]
    assert rows
    assert {row["folded_sku"] for row in rows} == {f"ete-{row['id']}" for row in rows}


@pytest.mark.parametrize("table", GENERATED)
def test_statements_cannot_write_a_generated_column(superuser: psycopg.Connection, table: str) -> None:
    for column in GENERATED[table]:
        write = sql.SQL("update {} set {} = null").format(sql.Identifier(table), sql.Identifier(column))
        with pytest.raises(psycopg.errors.GeneratedAlways), superuser.transaction():
            superuser.execute(write)
