"""Tests the number of rows that a backfill reads.

The module uses its own local cloud. On a shared cloud, the table contains products of other tests, and its statistics
can be outdated. PostgreSQL would then read the whole table once for each batch.
"""

from collections.abc import Iterator

import pytest

from tests.kv.moving import Move
from tests.platform import Platform


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Iterator[Platform]:
    """A local cloud without products of other tests."""
    yield own_platform


def test_the_backfill_does_not_read_all_products_for_each_document(move: Move) -> None:
    count, rows_read = 600, "select seq_tup_read from pg_stat_xact_user_tables where relname = 'products'"
    move.database.execute(
        "insert into kv_store_6fcaeea3 select 'gift:many-' || n, jsonb_build_object('id', 'many-' || n, 'name', 'Mug',"
        " 'sku', 'many-' || n, 'price', 5, 'currency', 'EUR', 'catalogId', 'c-a') from generate_series(1, %s) n",
        [count],
    )
    before = move.value(rows_read)
    move.run(size=100)
    assert move.value("select count(*) from products where sku like 'many-%%'") == count
    # One sequential scan per document would read about 310,000 rows. One scan per batch reads about 1,500 rows.
    assert move.value(rows_read) - before < 20 * count
