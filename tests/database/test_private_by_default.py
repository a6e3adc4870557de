"""Tests that unknown attributes of files become source data. Only editors of the owner can read source data."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.core.feeds.columns.test_visibility import COMPOUND, PRIVATE, PUBLIC, UNKNOWN
from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_CATALOG, A_PRODUCT, B_PRODUCT
from wecelebrate import schema
from wecelebrate.feeds.columns import properties
from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.schema import migrate

Json = dict[str, object]
MIGRATION = schema.FOLDER / "tables" / "0027_private_by_default.sql"
CATALOG = UUID(int=1)
BY_NAME = {caller.name: caller for caller in CALLERS}


def listed(name: str) -> set[str]:
    """Return the words in a constant list of the migration. `name` is the name of the list."""
    match = re.search(
        rf"\b{name} constant text\[\] := string_to_array\(\n(.*?), ' '\);", MIGRATION.read_text("utf-8"), re.S
    )
    assert match
    return set("".join(re.findall(r"'([^']*)'", match[1])).split())


def test_the_words_in_the_migration_equal_the_words_in_the_readers() -> None:
    assert listed("properties") == set(" ".join(properties.PROPERTIES.values()).split())
    assert listed("private_words") == {*properties.PRIVATE_WORDS.split(), *properties.OPERATIONAL_WORDS.split()}
    assert listed("private_stems") == set(properties.PRIVATE_STEMS.split())
    assert listed("product_words") == set(properties.PRODUCT_WORDS.split())
    assert listed("path_words") == set(properties.PATH_WORDS.split())
    assert listed("unit_words") == set(properties.UNIT_WORDS.split())


@pytest.fixture
def before(fresh: Callable[[], Database], database: Database, tmp_path: Path) -> tuple[Database, Path]:
    """A database with a catalog and the tables of the previous release, and the folder of that release's migrations."""
    new, tables = fresh(), tmp_path / "tables"
    tables.mkdir()
    for file in sorted((schema.FOLDER / "tables").glob("[0-9]*.sql")):
        if file.name < MIGRATION.name:
            shutil.copy(file, tables)
    migrate(new.url("wc_migrate"), tmp_path)
    with new.connect(autocommit=True) as connection:
        connection.execute("insert into catalogs (id, name, type) values (%s, 'C', 'erp')", [CATALOG])
    return new, tmp_path


def add(database: Database, sku: str, attributes: Json, source: Json | None) -> None:
    values = [CATALOG, sku, Jsonb(attributes), None if source is None else Jsonb(source)]
    insert = (
        "insert into products (catalog_id, sku, name, price, attributes, source_data) values (%s, %s, 'n', 1, %s, %s)"
    )
    with database.connect(autocommit=True) as connection:
        connection.execute(insert, [values[0], values[1], *values[2:]])


def migrated(before: tuple[Database, Path]) -> dict[str, tuple[Json, Json | None]]:
    """Apply the migration. Return the attributes and the source data of each SKU."""
    database, folder = before
    shutil.copy(MIGRATION, folder / "tables")
    assert migrate(database.url("wc_migrate"), folder) == [MIGRATION.stem]
    with database.connect() as connection:
        assert connection.execute("select count(*) from products where source_data is not null").fetchone() == (0,)
        rows = connection.execute(
            "select p.sku, p.attributes, s.data from products p"
            " left join product_sources s on (s.catalog_id, s.product_id) = (p.catalog_id, p.id)"
        ).fetchall()
    return {sku: (attributes, data) for sku, attributes, data in rows}


def test_the_migration_makes_the_same_decisions_as_the_readers(before: tuple[Database, Path]) -> None:
    names = [name for name in (*PUBLIC, *PRIVATE, *COMPOUND, *UNKNOWN) if name]
    row: Json = {name: f"value {number}" for number, name in enumerate(names)}
    add(before[0], "A", row, row)
    attributes, data = migrated(before)["A"]
    assert set(attributes) == {name for name in names if is_property(name)}
    assert data == row


def test_the_migration_hides_private_attributes_of_files_but_not_of_the_api(
    before: tuple[Database, Path],
) -> None:
    row: Json = {"sku": "A", "Cost Price": " 11.40 ", "Projekt": "Nord", "Colour": "red"}
    add(before[0], "file", {"Cost Price": "11.40", "Projekt": "Nord", "Colour": "red"}, row)
    add(before[0], "api", {"Cost Price": "11.40", "Projekt": "Nord", "nested": {"a": 1}}, None)
    add(before[0], "changed", {"Projekt": "Sued", "Cost Price": "9", "Own": "x"}, row)
    add(before[0], "delta", {"Cost Price": "11.40", "Projekt": "Nord", "Colour": "red"}, {"sku": "A", "Stock": "4"})
    features: Json = {"SUPPLIER_PID": "A", "attributes": "Farbe: rot\nEK: 7.31\nBrennt bei: 1240"}
    add(before[0], "features", {"Farbe": "rot", "EK": "7.31", "Brennt bei": "1240", "Neu": "x"}, features)
    saleor: Json = {"variant sku": "A", "Grade (product attribute)": "B", "attributes.level": "3"}
    add(before[0], "renamed", {"Grade": "B", "level": "3"}, saleor)
    products = migrated(before)
    assert products["file"] == ({"Colour": "red"}, row)
    assert products["api"] == ({"Cost Price": "11.40", "Projekt": "Nord", "nested": {"a": 1}}, None)
    assert products["changed"] == ({"Projekt": "Sued", "Own": "x"}, row)
    # The source row comes from a delta, and does not contain these attributes. An attribute with a known private name
    # is moved nevertheless, and its value does not change.
    assert products["delta"] == (
        {"Projekt": "Nord", "Colour": "red"}, {"sku": "A", "Stock": "4", "Cost Price": "11.40"},
    )  # fmt: skip
    assert products["features"] == (
        {"Farbe": "rot", "Neu": "x"}, {**features, "EK": "7.31", "Brennt bei": "1240"},
    )  # fmt: skip
    assert products["renamed"] == ({}, {**saleor, "Grade": "B", "level": "3"})


def test_the_migration_moves_attributes_that_were_columns_of_earlier_files(
    before: tuple[Database, Path],
) -> None:
    add(before[0], "delta", {"Projekt": "Nord", "Own": "x"}, {"sku": "A", "Stock": "4"})
    with before[0].connect(autocommit=True) as connection:
        connection.execute(
            "insert into jobs (catalog_id, type, requested_by, payload, result)"
            " values (%s, 'catalog_sync', 's', '{}', %s)",
            [CATALOG, Jsonb({"read_as": {"columns": ["sku", "Projekt", "Stock"]}})],
        )
    assert migrated(before)["delta"] == ({"Own": "x"}, {"sku": "A", "Stock": "4", "Projekt": "Nord"})


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def test_source_data_of_the_previous_release_is_moved(superuser: psycopg.Connection) -> None:
    read = "select p.source_data, s.data, p.updated_at = p.created_at from products p left join product_sources s"
    read += " on (s.catalog_id, s.product_id) = (p.catalog_id, p.id) where p.sku = 'old'"
    superuser.execute(
        "insert into products (catalog_id, sku, name, price, source_data) values (%s, 'old', 'n', 1, '{\"cost\": 1}')",
        [A_CATALOG],
    )
    assert superuser.execute(read.encode()).fetchone() == (None, {"cost": 1}, True)
    superuser.execute("update products set source_data = '{\"cost\": 2}' where sku = 'old'")
    assert superuser.execute(read.encode()).fetchone() == (None, {"cost": 2}, True)


def test_the_source_data_of_a_deleted_product_is_deleted(superuser: psycopg.Connection) -> None:
    product = superuser.execute(
        "insert into products (catalog_id, sku, name, price, source_data)"
        " values (%s, 'gone', 'n', 1, '{\"cost\": 1}') returning id",
        [A_CATALOG],
    ).fetchone()
    superuser.execute("delete from products where sku = 'gone'")
    sources = superuser.execute("select from product_sources where product_id = %s", product).fetchall()
    assert sources == []


def test_rows_of_the_previous_release_are_staged_without_an_ordinal(superuser: psycopg.Connection) -> None:
    row = superuser.execute(
        "insert into app.staged_products (job_id, fence, line, rows, sku) values (%s, 1, 1, 1, 's')"
        " returning ordinal, blank_attributes",
        [UUID(int=9)],
    ).fetchone()
    assert row == (0, None)


READERS = ("super admin", "admin", "A's owner", "A's editor", "owner of A and viewer of B", "service for A")
OTHERS = ("support", "A's viewer", "B's owner", "both, for B only", "visitor of A", "customer of A")
SQL: tuple[LiteralString, ...] = (
    "select data from product_sources where product_id = %s",
    "select data from app.product_source(%s) where data is not null",
)


@pytest.mark.parametrize("statement", SQL)
@pytest.mark.parametrize("name", [*READERS, *OTHERS])
def test_only_editors_of_the_owner_and_admins_can_read_source_data_with_any_sql(
    connections: dict[str, psycopg.Connection], name: str, statement: LiteralString
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        try:
            with connection.transaction():
                rows = connection.execute(statement, [A_PRODUCT]).fetchall()
        except errors.InsufficientPrivilege:
            rows = []
        assert bool(rows) == (name in READERS)
        with connection.transaction():
            assert connection.execute("select from products where source_data is not null").fetchall() == []


def test_an_editor_cannot_read_source_data_of_another_client(connections: dict[str, psycopg.Connection]) -> None:
    caller = BY_NAME["A's editor"]
    with entered(connections[caller.login], caller) as connection:
        for statement in SQL:
            assert connection.execute(statement, [B_PRODUCT]).fetchall() == []
