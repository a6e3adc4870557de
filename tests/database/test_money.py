"""Tests the functions and checks of the database for amounts of money."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.database.conftest import Database
from wecelebrate import schema
from wecelebrate.core.types import currencies, minor_units

FILES_OF_TABLES = """
select array_agg(pg_relation_filenode(oid) order by relname) from pg_class
where relname in ('products', 'products_by_price', 'orders', 'order_lines', 'sites')
"""


def value(database: Database, query: str, *parameters: object) -> object:
    with database.connect() as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return row[0]


def test_database_and_library_have_the_same_minor_units_for_every_currency(database: Database) -> None:
    for code in (*currencies(), "DEM", "ABC"):
        assert value(database, "select app.minor_units(%s)", code) == minor_units(code)


@pytest.mark.parametrize(
    ("amount", "currency", "exact"),
    [("12.5", "EUR", "12.50"), ("1200.00", "JPY", "1200"), ("1.25", "KWD", "1.250"), ("0", "CLP", "0")],
)
def test_an_exact_amount_has_the_decimals_of_its_currency(
    database: Database, amount: str, currency: str, exact: str
) -> None:
    assert value(database, "select app.exact_amount(%s, %s)::text", amount, currency) == exact


@pytest.mark.parametrize(("amount", "currency"), [("100.50", "JPY"), ("12.345", "EUR"), ("1.2345", "KWD")])
def test_an_amount_with_more_decimals_than_its_currency_is_refused(
    database: Database, amount: str, currency: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        value(database, "select app.exact_amount(%s, %s)", amount, currency)
    assert caught.value.diag.column_name == "price"


@pytest.mark.parametrize("amount", ["-0.01", "1e12", "0.0001", "NaN"])
@pytest.mark.parametrize(
    ("table", "column"),
    [("products", "price"), ("orders", "total_amount"), ("order_lines", "unit_price"), ("sites", "max_order_amount")],
)
def test_a_column_of_amounts_refuses_an_amount_outside_its_range(
    database: Database, table: str, column: str, amount: str
) -> None:
    with database.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("set local session_replication_role = replica")
        connection.execute(f"update {table} set {column} = %s".encode(), [amount])


FIRST_LATER_MIGRATION = 19
"""The number of the first migration of the release."""


def test_the_migration_does_not_rewrite_tables_or_rebuild_the_index_of_prices(
    fresh: Callable[[], Database], tmp_path: Path
) -> None:
    new, earlier = fresh(), tmp_path / "earlier"

    def later(_folder: str, names: list[str]) -> list[str]:
        others = {"functions", "access.toml", "__pycache__"}
        return [
            name for name in names
            if name in others or name.endswith(".py") or (name[:4].isdigit() and int(name[:4]) >= FIRST_LATER_MIGRATION)
        ]  # fmt: skip

    shutil.copytree(schema.FOLDER, earlier, ignore=later)
    schema.migrate(new.url("wc_migrate"), earlier)
    before = value(new, FILES_OF_TABLES)
    for name in ("0019_money", "0020_order_emails"):
        shutil.copy(schema.FOLDER / "tables" / f"{name}.sql", earlier / "tables")
    assert schema.migrate(new.url("wc_migrate"), earlier)[:2] == ["0019_money", "0020_order_emails"]
    assert value(new, FILES_OF_TABLES) == before
    assert value(new, "select indisvalid from pg_index where indexrelid = 'orders_by_folded_customer_email'::regclass")
