"""Tests that a concurrent merge and order of a product have the same result as a merge and an order one after the
other.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.database import merging
from tests.database.conftest import Database
from tests.database.test_placing import GUEST, order, stock
from tests.database.world import A_CATALOG, CATALOG_OF

FIRST, SECOND = sorted(
    (product for product, catalog in CATALOG_OF.items() if catalog == A_CATALOG), key=lambda product: product.bytes
)[:2]
"""Two products. Merges and orders lock FIRST before SECOND."""


@pytest.fixture
def shop(own_database: Database) -> Database:
    """A database whose products FIRST and SECOND have 5 pieces, and are shown on the site."""
    with own_database.connect(autocommit=True) as connection:
        connection.execute("delete from stock_holds")
        connection.execute("delete from stock_reports")
        connection.execute("delete from site_product_exclusions")
        connection.execute("update products set inventory_count = 5, name = 'Mug', is_active = true")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
    return own_database


def as_of() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=20)


def place(database: Database, lines: dict[UUID, int]) -> Any:
    with database.connect(autocommit=True) as connection:
        return order(connection, GUEST, lines)[0]


def merge(database: Database, rows: dict[UUID, dict[str, Any]]) -> Any:
    with database.connect(autocommit=True) as connection:
        merging.stage(connection, [{"sku": str(product), **row} for product, row in rows.items()])
        return merging.merge(connection, as_of())


def opened(database: Database) -> psycopg.Connection:
    """Return a connection with an open transaction. Only an explicit commit ends the transaction."""
    connection = database.connect()
    connection.execute("select")
    return connection


def wait_for_lock(connection: psycopg.Connection, sessions: int) -> None:
    """Wait until the given number of sessions of the database wait for a lock."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    until = time.monotonic() + 30
    while connection.execute(waiting).fetchone() != (sessions,):
        assert time.monotonic() < until, "no session waits for the lock"
        time.sleep(0.01)


def meeting(
    database: Database, locked: UUID, waiting: Callable[[], Any], meanwhile: Callable[[], Any] | None = None
) -> Any:
    """Start `waiting` while another transaction locks a product. Then run `meanwhile`, and unlock the product.

    Return the result of `waiting`.
    """
    with ThreadPoolExecutor(1) as pool, database.connect(autocommit=True) as watcher, database.connect() as blocker:
        blocker.execute("select from products where id = %s for no key update", [locked])
        result: Future[Any] = pool.submit(waiting)
        wait_for_lock(watcher, 1)
        if meanwhile is not None:
            meanwhile()
        blocker.rollback()
        return result.result(timeout=30)


def stocks(database: Database) -> tuple[int, int]:
    with database.connect(autocommit=True) as connection:
        return stock(connection, FIRST), stock(connection, SECOND)


def test_an_order_before_the_merge_is_still_subtracted(shop: Database) -> None:
    assert place(shop, {FIRST: 5}) is None
    merge(shop, {FIRST: {"inventory_count": 5}})
    assert stocks(shop) == (0, 5)


def test_an_order_that_commits_while_the_merge_waits_is_still_subtracted(shop: Database) -> None:
    with ThreadPoolExecutor(1) as pool, shop.connect(autocommit=True) as watcher:
        with opened(shop) as buyer:
            assert order(buyer, GUEST, {FIRST: 2})[0] is None
            merged = pool.submit(merge, shop, {FIRST: {"inventory_count": 9}})
            wait_for_lock(watcher, 1)
            buyer.commit()
        merged.result(timeout=30)
    assert stocks(shop) == (7, 5)


@pytest.mark.parametrize("stated", [{"inventory_count": 5}, {"inventory_count": 5, "name": "Cup"}, {"name": "Cup"}])
def test_an_order_during_a_merge_without_stock_changes_is_still_subtracted(
    shop: Database, stated: dict[str, Any]
) -> None:
    rows = {FIRST: {"inventory_count": 9}, SECOND: stated}
    meeting(shop, FIRST, lambda: merge(shop, rows), lambda: place(shop, {SECOND: 2}))
    assert stocks(shop) == (9, 3)
    merge(shop, {SECOND: {"inventory_count": 5}})
    assert stocks(shop) == (9, 3)


def test_an_order_that_waits_for_the_merge_is_subtracted_from_the_new_stock(shop: Database) -> None:
    with opened(shop) as loader, shop.connect(autocommit=True) as watcher, ThreadPoolExecutor(1) as pool:
        merging.stage(loader, [{"sku": str(FIRST), "inventory_count": 1}])
        merging.merge(loader, as_of())
        placed = pool.submit(place, shop, {FIRST: 2})
        wait_for_lock(watcher, 1)
        loader.commit()
        assert placed.result(timeout=30) == "out_of_stock"
    assert place(shop, {FIRST: 1}) is None
    assert stocks(shop) == (0, 5)


def test_an_order_that_rolls_back_while_the_merge_waits_holds_no_pieces(shop: Database) -> None:
    with ThreadPoolExecutor(1) as pool, shop.connect(autocommit=True) as watcher:
        with opened(shop) as buyer:
            assert order(buyer, GUEST, {FIRST: 2})[0] is None
            merged = pool.submit(merge, shop, {FIRST: {"inventory_count": 9}})
            wait_for_lock(watcher, 1)
            buyer.rollback()
        merged.result(timeout=30)
    assert stocks(shop) == (9, 5)


def test_orders_and_merges_of_the_same_products_never_deadlock(shop: Database) -> None:
    """Orders contain the products in any order. Merges change the stock and other fields of all these products."""
    stop = threading.Event()
    failures: list[psycopg.Error] = []

    def run(act: Callable[[int], Any]) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                act(number)
            except psycopg.Error as error:
                failures.append(error)

    def buy(number: int) -> None:
        lines = (FIRST, SECOND) if number % 2 else (SECOND, FIRST)
        place(shop, dict.fromkeys(lines, 1))

    def load(number: int) -> None:
        rows = {product: {"inventory_count": number % 7, "name": f"Mug {number}"} for product in (SECOND, FIRST)}
        merge(shop, rows)

    with ThreadPoolExecutor(3) as pool:
        for act in (buy, buy, load):
            pool.submit(run, act)
        time.sleep(3)
        stop.set()
    assert failures == []
