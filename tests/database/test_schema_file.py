"""Tests that the file schema/schema.sql contains the schema of a migrated database."""

from collections.abc import Callable

import psycopg
import pytest

from infra.local.schema_sql import major_version, schema_sql
from tests.database.conftest import Database
from wecelebrate.schema import FOLDER, migrate


def test_schema_sql_contains_the_schema_of_a_new_database(fresh: Callable[[], Database], database: Database) -> None:
    committed = (FOLDER / "schema.sql").read_text("utf-8")
    new = fresh()
    migrate(new.url("wc_migrate"))
    with psycopg.connect(new.url(), autocommit=True) as connection:
        generated = schema_sql(connection)
    if major_version(generated) != major_version(committed):
        pytest.skip("PostgreSQL versions print expressions differently")
    assert generated == committed, "run `wecelebrate schema > layers/core/python/wecelebrate/schema/schema.sql`"
