"""Tests that the facets of a storefront equal a count of the products, and that the facets are computed without reading
all products.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.order_totals import SYSTEM, enter, value
from tests.database.probe import entered
from tests.database.world import A_CATALOG, A_SITE, LENT, A

BY_NAME = {caller.name: caller for caller in CALLERS}
VISITOR = BY_NAME["visitor of A"]
ROLLUP = "select app.rollup_facet_deltas(%s)"
FACETS = (
    "select app.product_facets(%(q)s, null, %(category)s, %(brand)s, %(price_min)s, %(price_max)s, %(n)s, %(stock)s)"
)
NO_FILTER: dict[str, Any] = dict.fromkeys(("q", "category", "brand", "price_min", "price_max", "stock")) | {"n": 100}
DIFFERENCE = """
with stored as (
  select catalog_id, facet, value, sum(products) as products
  from (select catalog_id, facet, value, products from facet_counts
        union all select catalog_id, facet, value, products from facet_deltas) s
  group by 1, 2, 3 having sum(products) <> 0
), counted as (
  select p.catalog_id, f.facet, f.value, count(*) as products
  from products p cross join lateral (values ('category', p.category), ('brand', p.brand)) f (facet, value)
  where p.is_active and f.value is not null group by 1, 2, 3
)
select * from stored full join counted using (catalog_id, facet, value)
where stored.products is distinct from counted.products
"""
"""Selects the facet values whose stored number of products differs from a count of the products."""
CATEGORIES = (None, "Mugs", "mugs", "Äpfel", "Zebra", "Birne")
BRANDS = (None, "acme", "Acme", "Ölmühle", "Zeta")


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def change_products(connection: psycopg.Connection, rng: Random, catalogs: tuple[UUID, ...]) -> None:
    """Make one random change: add, change, move or delete products."""
    catalog = rng.choice(catalogs)
    some = "id in (select id from products where sku like 'f-%%' and catalog_id = %(catalog)s order by sku limit %(n)s)"
    values = {
        "catalog": catalog,
        "other": rng.choice(catalogs),
        "n": rng.randint(1, 5),
        "category": rng.choice(CATEGORIES),
        "brand": rng.choice(BRANDS),
        "price": rng.randint(1, 20),
        "stock": rng.randint(0, 2),
        "active": rng.random() < 0.7,
        "prefix": f"f-{uuid4()}",
    }
    statements = (
        "insert into products (catalog_id, sku, name, price, category, brand, inventory_count, is_active)"
        " select %(catalog)s, %(prefix)s || n, (array['pear', 'apple'])[1 + n %% 2], %(price)s, %(category)s,"
        " %(brand)s, %(stock)s, %(active)s"
        " from generate_series(1, %(n)s) n",
        f"update products set category = %(category)s, is_active = %(active)s where {some}",
        f"update products set brand = %(brand)s, price = %(price)s where {some}",
        f"update products set inventory_count = %(stock)s where {some}",
        f"update products set catalog_id = %(other)s where {some}",
        f"delete from products where {some}",
        "insert into products (catalog_id, sku, name, price, category) values (%(catalog)s, %(prefix)s, 'x', 1, 'Mugs')"
        " on conflict (catalog_id, sku) do update set category = excluded.category",
    )
    statement = rng.choices(statements, weights=(6, 3, 2, 2, 1, 1, 1))[0]
    connection.execute(statement.encode(), values)


def as_visitor(connection: psycopg.Connection) -> Any:
    connection.execute(f"set local session authorization {VISITOR.login}".encode())
    return entered(connection, VISITOR)


def read_facets(connection: psycopg.Connection, filters: dict[str, Any]) -> dict[str, Any]:
    row = connection.execute(FACETS, filters).fetchone()
    assert row
    facets: dict[str, Any] = row[0]
    return facets


def expected_facets(rows: list[tuple[Any, ...]], filters: dict[str, Any]) -> dict[str, Any]:
    """Compute the facets from all products that the site shows: (category, brand, price, stock, name)."""

    def matches(row: tuple[Any, ...], without: str) -> bool:
        category, brand, price, stock, name = row
        return (
            (without == "category" or filters["category"] in (None, category))
            and (without == "brand" or filters["brand"] in (None, brand))
            and (without == "price" or (filters["price_min"] is None or price >= filters["price_min"]))
            and (without == "price" or (filters["price_max"] is None or price <= filters["price_max"]))
            and (filters["stock"] is None or stock > 0)
            and (filters["q"] is None or filters["q"] in name)
        )

    counts = {
        facet: Counter(row[position] for row in rows if matches(row, facet) and row[position] is not None)
        for position, facet in enumerate(("category", "brand"))
    }
    prices = [row[2] for row in rows if matches(row, "price")]
    ends = (str(min(prices)), str(max(prices))) if prices else (None, None)
    return {**counts, "price": ends}


@pytest.mark.parametrize("seed", range(6))
def test_facet_counts_with_all_filters_are_exact_after_random_changes(superuser: psycopg.Connection, seed: int) -> None:
    rng = Random(seed)
    superuser.execute("update products set is_active = false")
    for step in range(80):
        change_products(superuser, rng, (A_CATALOG, LENT))
        if step % 7 == 0:
            superuser.execute(ROLLUP.encode(), [rng.choice((1, 3, 100))])
    if seed % 2:
        superuser.execute(
            b"insert into site_product_exclusions (client_id, site_id, product_id)"
            b" select %s, %s, id from products where catalog_id = %s and sku like 'f-%%' order by sku limit 4"
            b" on conflict do nothing",
            [A, A_SITE, A_CATALOG],
        )
    rows = superuser.execute(
        b"select category, brand, price, inventory_count, name from products p where catalog_id = %s and is_active and"
        b" not exists (select from site_product_exclusions x where x.site_id = %s and x.product_id = p.id)",
        [A_CATALOG, A_SITE],
    ).fetchall()
    assert len(rows) >= 5
    assert superuser.execute(DIFFERENCE).fetchall() == []
    filters = [
        NO_FILTER | {"category": category, "brand": brand, "price_min": low, "price_max": high, "stock": stock, "q": q}
        for category in (None, "Mugs", "Äpfel", "absent")
        for brand in (None, "Acme")
        for low, high in ((None, None), (5, None), (None, 12), (5, 12))
        for stock in (None, ["in_stock"])
        for q in (None, "pear")
    ]
    with as_visitor(superuser):
        for filter_ in filters:
            facets = read_facets(superuser, filter_)
            expected = expected_facets(rows, filter_)
            for facet in ("category", "brand"):
                assert {bucket["value"]: bucket["count"] for bucket in facets[facet]} == expected[facet], filter_
                counts = [bucket["count"] for bucket in facets[facet]]
                assert counts == sorted(counts, reverse=True)
            assert (facets["price"]["min"], facets["price"]["max"]) == expected["price"], filter_


def test_the_number_of_facet_values_is_limited(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update products set is_active = false where catalog_id = %s", [A_CATALOG])
    for number, brand in enumerate(("Zebra", "apfel", "Äpfel", "Birne", "Birne")):
        superuser.execute(
            "insert into products (catalog_id, sku, name, price, brand) values (%s, %s, 'fruit', 1, %s)",
            [A_CATALOG, f"f{number}", brand],
        )
    with as_visitor(superuser):
        for limit, names in ((3, ["Birne", "apfel", "Äpfel"]), (100, ["Birne", "apfel", "Äpfel", "Zebra"])):
            facets = read_facets(superuser, NO_FILTER | {"n": limit})
            assert [bucket["value"] for bucket in facets["brand"]] == names


def test_a_change_of_stock_or_price_writes_no_facet_delta(superuser: psycopg.Connection) -> None:
    superuser.execute("update products set category = 'Mugs', brand = 'Acme'")
    superuser.execute("delete from facet_deltas")
    superuser.execute("update products set inventory_count = inventory_count + 1, price = price + 1, category = 'Mugs'")
    assert value(superuser, "select count(*) from facet_deltas") == 0


def test_a_chunk_of_a_sync_writes_one_facet_delta_per_value(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("delete from facet_deltas")
    superuser.execute(
        b"insert into products (catalog_id, sku, name, price, category, brand)"
        b" select %s, 'f' || n, 'x', 1, 'c' || n %% 4, 'b' || n %% 3 from generate_series(1, 1000) n",
        [A_CATALOG],
    )
    assert value(superuser, "select count(*) from facet_deltas") == 7


def test_the_facets_of_a_page_without_filters_do_not_read_all_products(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute(
        b"insert into products (catalog_id, sku, name, price, category, brand)"
        b" select %s, 'f' || n, 'x', n, 'c' || n %% 40, 'b' || n %% 200 from generate_series(1, 20000) n",
        [A_CATALOG],
    )
    superuser.execute(ROLLUP.encode(), [100_000])
    superuser.execute("analyze products, facet_counts, facet_deltas")
    superuser.execute("select pg_stat_force_next_flush()")
    read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_all_tables where relid = 'public.products'::regclass"
    with as_visitor(superuser):
        before = value(superuser, read)
        superuser.execute(FACETS, NO_FILTER)
        counted = value(superuser, read) - before
        superuser.execute(FACETS, NO_FILTER | {"category": "c1"})
        filtered = value(superuser, read) - before - counted
    assert counted <= 10
    assert 500 <= filtered <= 1_500, "a filter on the category reads only the 500 products of the category"


def change_in_transactions(database: Database, seed: int, count: int) -> None:
    rng = Random(seed)
    admin = BY_NAME["super admin"]
    with database.connect("wc_api") as connection:
        for _ in range(count):
            enter(connection, admin)
            for _ in range(rng.randint(1, 3)):
                try:
                    with connection.transaction():
                        change_products(connection, rng, (A_CATALOG, LENT))
                except psycopg.errors.DeadlockDetected:
                    pass  # expected if two writers change the same products in different orders
            if rng.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()


def test_facet_counts_are_exact_during_concurrent_changes_and_rollups(own_database: Database) -> None:
    reads = mixed = 0
    with own_database.connect(autocommit=True) as observer, ThreadPoolExecutor(5) as threads:
        writers = [threads.submit(change_in_transactions, own_database, seed, 40) for seed in range(3)]

        def roll_up() -> int:
            total = 0
            with own_database.connect("wc_worker") as connection:
                for _ in range(10_000):
                    if all(writer.done() for writer in writers):
                        break
                    enter(connection, SYSTEM)
                    total += int(value(connection, ROLLUP, 5))
                    connection.commit()
            return total

        rollups = [threads.submit(roll_up) for _ in range(2)]
        for _ in range(10_000):
            if all(writer.done() for writer in writers):
                break
            assert observer.execute(DIFFERENCE).fetchall() == []
            reads += 1
            mixed += value(observer, "select exists (table facet_deltas) and exists (table facet_counts)")
        for writer in writers:
            writer.result()
        assert sum(rollup.result() for rollup in rollups) > 0
        assert observer.execute(DIFFERENCE).fetchall() == []
    assert reads >= 10
    assert mixed >= 5, "at least 5 reads must combine rows of both tables"


def test_a_facet_value_without_products_has_no_row_after_the_rollup(superuser: psycopg.Connection) -> None:
    add = "insert into products (catalog_id, sku, name, price, brand) values (%s, 'gone', 'x', 1, 'Gone')"
    superuser.execute(add, [A_CATALOG])
    superuser.execute(ROLLUP.encode(), [1000])
    superuser.execute("delete from products where sku = 'gone'")
    superuser.execute(ROLLUP.encode(), [1000])
    assert value(superuser, "select count(*) from facet_counts where value = 'Gone'") == 0


@pytest.mark.parametrize("max_rows", [0, -1, 100_001, None])
def test_a_rollup_of_facets_rejects_an_invalid_number_of_rows(
    superuser: psycopg.Connection, max_rows: int | None
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        superuser.execute(ROLLUP.encode(), [max_rows])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_only_the_system_can_roll_up_facets(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    with entered(connections[caller.login], caller) as connection:
        if caller.role in ("app_system", "app_definer"):
            connection.execute(ROLLUP.encode(), [1])
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(ROLLUP.encode(), [1])


def test_thirty_thousand_long_category_names_are_counted_within_seconds(
    superuser: psycopg.Connection,
) -> None:
    # Folding all 30,000 names would take more than ten seconds.
    superuser.execute("set local session_replication_role = replica")
    superuser.execute(
        "insert into facet_counts (catalog_id, facet, value, products)"
        " select %s, 'category', lpad(n::text, 6, '0') || repeat('é', 294), 1000 from generate_series(1, 30000) n",
        [A_CATALOG],
    )
    superuser.execute(
        "insert into products (catalog_id, sku, name, price, currency, is_active, category)"
        " select %s, 'f-' || n, 'f', 1, 'EUR', true, lpad(n::text, 6, '0') || repeat('é', 294)"
        " from generate_series(1, 30000) n",
        [A_CATALOG],
    )
    superuser.execute("set local session_replication_role = origin")
    superuser.execute("analyze products, facet_counts")
    superuser.execute("set local session authorization wc_public")
    for filters in ({}, {"price_min": Decimal("0.5")}):
        with superuser.transaction(force_rollback=True), entered(superuser, VISITOR):
            superuser.execute("set local statement_timeout = '5s'")
            [(facets,)] = superuser.execute(FACETS.encode(), NO_FILTER | filters).fetchall()
            assert [each["value"][:6] for each in facets["category"]] == [f"{n:06}" for n in range(1, 101)]
