"""Tests the floors of the benchmarks against the current schema."""

from pathlib import Path

from infra.bench import files
from infra.bench.platform import ACME, BenchPlatform
from infra.local.endpoints import Endpoints
from tests.database.conftest import Database


def test_the_floors_copy_and_merge_products_into_the_current_schema(
    own_database: Database, cloud: Endpoints, state: Path
) -> None:
    with own_database.connect(autocommit=True) as connection:
        platform = BenchPlatform(cloud, state, connection)
        connection.execute("insert into clients (id, name, slug) values (%s, 'bench', 'bench')", [ACME])
        catalog_id = platform.create_catalog()
        assert files.copy(platform, catalog_id, 20) > 0
        before = connection.execute(
            "select sku, p from products p where catalog_id = %s order by sku", [catalog_id]
        ).fetchall()
        assert [row[0] for row in before] == [f"SKU-{number:07d}" for number in range(20)]
        assert files.merge(platform, catalog_id, 20) > 0
        after = connection.execute(
            "select sku, p from products p where catalog_id = %s order by sku", [catalog_id]
        ).fetchall()
        assert after == before
