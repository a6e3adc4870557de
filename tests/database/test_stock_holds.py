"""Tests that orders hold pieces of their products, and that each order event returns the correct pieces to the
stock.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Database
from tests.database.test_placing import GUEST, order, stock
from tests.database.world import A_PRODUCT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back. The stock of each product is 10."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 10")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        yield connection


def place(superuser: psycopg.Connection, quantity: int, product: UUID = A_PRODUCT, at: datetime = NOON) -> str:
    """Place an order at the given time, and return its id."""
    refusal, detail, placed, _ = order(superuser, GUEST, {product: quantity})
    assert refusal is None, (refusal, detail)
    superuser.execute("update stock_holds set since = %s where order_id = %s", [at, placed["id"]])
    return str(placed["id"])


def call(superuser: psycopg.Connection, function: str, *values: Any) -> Any:
    """Call a function that changes orders with the role of the function's owner, and return the result."""
    with superuser.transaction():
        superuser.execute("set local role app_definer")
        row = superuser.execute(f"select app.{function}({', '.join(['%s'] * len(values))})".encode(), values).fetchone()
        superuser.execute("reset role")
    return row and row[0]


def report(superuser: psycopg.Connection, count: int, at: datetime, product: UUID = A_PRODUCT) -> None:
    """Store a reported stock like a load, but without a check of the caller."""
    superuser.execute(
        "insert into stock_reports (product_id, catalog_id, reported_count, reported_at)"
        " select id, catalog_id, %s, %s from products where id = %s on conflict (product_id)"
        " do update set reported_count = excluded.reported_count, reported_at = excluded.reported_at",
        [count, at, product],
    )
    call(superuser, "recompute_stock", [product], [0])


def test_an_order_holds_its_pieces(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 3)
    rows = superuser.execute("select line, part, pieces from stock_holds where order_id = %s", [placed]).fetchall()
    assert rows == [(1, 1, 3)]
    assert stock(superuser, A_PRODUCT) == 7


def test_a_cancelled_order_returns_its_pieces_to_the_stock_once(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 3)
    assert call(superuser, "release_held_pieces", placed, None, None, NOON) == 3
    assert stock(superuser, A_PRODUCT) == 10
    assert call(superuser, "release_held_pieces", placed, None, None, NOON) == 0
    assert call(superuser, "release_held_pieces", placed, 1, 2, NOON) == 0
    assert stock(superuser, A_PRODUCT) == 10


def test_shipped_pieces_do_not_return_to_the_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 5)
    assert call(superuser, "ship_held_pieces", placed, 1, 2, NOON) == 2
    assert call(superuser, "ship_held_pieces", placed, 1, 1, NOON) == 1
    assert call(superuser, "release_held_pieces", placed, 1, 1, NOON) == 1
    assert stock(superuser, A_PRODUCT) == 6
    assert call(superuser, "release_held_pieces", placed, None, None, NOON) == 1
    assert call(superuser, "ship_held_pieces", placed, 1, 5, NOON) == 0
    assert stock(superuser, A_PRODUCT) == 7


def test_a_stock_count_before_an_order_does_not_return_the_pieces_of_the_order(
    superuser: psycopg.Connection,
) -> None:
    placed = place(superuser, 10)
    report(superuser, 10, NOON - timedelta(minutes=1))
    assert stock(superuser, A_PRODUCT) == 0
    call(superuser, "acknowledge_holds", placed, NOON + timedelta(minutes=5))
    assert stock(superuser, A_PRODUCT) == 0
    report(superuser, 12, NOON + timedelta(minutes=4))
    assert stock(superuser, A_PRODUCT) == 2
    report(superuser, 12, NOON + timedelta(minutes=5))
    assert stock(superuser, A_PRODUCT) == 12
    assert call(superuser, "release_held_pieces", placed, None, None, NOON + timedelta(minutes=6)) == 10
    assert stock(superuser, A_PRODUCT) == 22
    report(superuser, 22, NOON + timedelta(minutes=6))
    assert stock(superuser, A_PRODUCT) == 22


def test_returned_pieces_count_as_stock_until_the_next_stock_report(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 4)
    call(superuser, "ship_held_pieces", placed, 1, 4, NOON)
    assert call(superuser, "restock_pieces", placed, 1, 3, NOON + timedelta(hours=2)) == 3
    assert stock(superuser, A_PRODUCT) == 9
    report(superuser, 6, NOON + timedelta(hours=1))
    assert stock(superuser, A_PRODUCT) == 9
    report(superuser, 9, NOON + timedelta(hours=2))
    assert stock(superuser, A_PRODUCT) == 9


def test_a_deleted_product_does_not_prevent_a_cancellation(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 4)
    superuser.execute("delete from products where id = %s", [A_PRODUCT])
    assert call(superuser, "release_held_pieces", placed, None, None, NOON) == 0
    assert superuser.execute("select count(*) from stock_holds where order_id = %s", [placed]).fetchone() == (0,)


def test_a_replacement_takes_its_pieces_from_the_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 4)
    superuser.execute("delete from stock_holds where order_id = %s", [placed])
    superuser.execute("update products set inventory_count = 3 where id = %s", [A_PRODUCT])
    assert call(superuser, "open_holds", placed) == [{"at": 0, "left": 3}]
    assert stock(superuser, A_PRODUCT) == 3
    superuser.execute("update products set inventory_count = 5 where id = %s", [A_PRODUCT])
    assert call(superuser, "open_holds", placed) is None
    assert stock(superuser, A_PRODUCT) == 1
    assert call(superuser, "release_held_pieces", placed, None, None, None) == 4
    assert stock(superuser, A_PRODUCT) == 5


def test_held_pieces_cannot_be_released_without_a_line_number(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 4)
    with pytest.raises(errors.InvalidParameterValue):
        call(superuser, "release_held_pieces", placed, None, 1, None)
