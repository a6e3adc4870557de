"""Tests that only certain callers can place an order. `app.place_order` must check the caller, because it runs as the
definer.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.world import A_CATALOG, A_EXCLUDED, A_INACTIVE, A_PRODUCT, B_PRODUCT, B_SITE
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
VISITORS = [caller for caller in CALLERS if caller.entered and caller.domain]
GUEST, CUSTOMER = BY_NAME["visitor of A"], BY_NAME["customer of A"]
PLACE = "select refusal, detail, placed, low_stock from app.place_order(%s, 'C', 'c@test', '{}', '{}', %s)"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back. The stock of each product is 10.

    No site limits the quantities of orders.
    """
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 10")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement as a caller, and return the resulting rows. If the statement fails, its changes are undone."""
    with superuser.transaction():
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        superuser.execute(ENTER, caller.parameters)
        rows = superuser.execute(statement.encode(), values).fetchall()
        superuser.execute("reset role")
        superuser.execute("reset session authorization")
    return rows


def order(
    superuser: psycopg.Connection, caller: Caller, lines: dict[UUID, int], expected_total: Decimal | None = None
) -> tuple[Any, ...]:
    """Place an order, and return the four results of `app.place_order`. `lines` maps products to quantities."""
    json_lines = Jsonb([{"product_id": str(product), "quantity": quantity} for product, quantity in lines.items()])
    (row,) = act(superuser, caller, PLACE, json_lines, expected_total)
    return row


def stock(superuser: psycopg.Connection, product: UUID) -> int:
    row = superuser.execute("select inventory_count from products where id = %s", [product]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.entered and caller not in VISITORS], ids=lambda each: each.name
)
def test_only_visitors_of_a_site_can_place_an_order(superuser: psycopg.Connection, caller: Caller) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        order(superuser, caller, {A_PRODUCT: 1})
    assert stock(superuser, A_PRODUCT) == 10


@pytest.mark.parametrize("caller", VISITORS, ids=lambda caller: caller.name)
def test_an_order_belongs_to_the_caller_and_the_current_site(superuser: psycopg.Connection, caller: Caller) -> None:
    shown = [row[0] for row in act(superuser, caller, "select id from products order by id")]
    everything = [row[0] for row in superuser.execute("select id from products order by id").fetchall()]
    for product in everything:
        refusal, detail, placed, _ = order(superuser, caller, {product: 2})
        if product not in shown:
            assert (refusal, detail, placed) == ("not_shown", [0], None)
            assert stock(superuser, product) == 10
            continue
        assert refusal is None
        row = superuser.execute(
            "select o.client_id = s.client_id, s.domain, customer_subject, total_amount, l.product_id, l.quantity"
            " from orders o join sites s on s.id = o.site_id join order_lines l on l.order_id = o.id where o.id = %s",
            [placed["id"]],
        ).fetchone()
        assert row == (True, caller.domain, caller.subject, 20, product, 2)
        assert stock(superuser, product) == 8
    assert set(shown) < set(everything)


@pytest.mark.parametrize(
    "product", [A_EXCLUDED, A_INACTIVE, B_PRODUCT], ids=["excluded", "inactive", "of another client"]
)
def test_an_order_with_a_hidden_product_does_not_change_the_stock(superuser: psycopg.Connection, product: UUID) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 1, product: 1})[:3] == ("not_shown", [1], None)
    assert stock(superuser, A_PRODUCT) == stock(superuser, product) == 10


def test_an_order_with_a_quantity_above_the_stock_does_not_change_the_stock(superuser: psycopg.Connection) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 11})[:3] == ("out_of_stock", [{"at": 0, "left": 10}], None)
    assert order(superuser, GUEST, {A_PRODUCT: 10})[0] is None
    assert order(superuser, GUEST, {A_PRODUCT: 1})[:3] == ("out_of_stock", [{"at": 0, "left": 0}], None)
    assert stock(superuser, A_PRODUCT) == 0


def test_an_order_with_an_unexpected_total_does_not_change_the_stock(superuser: psycopg.Connection) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 2}, expected_total=Decimal("19.99"))[:3] == ("total", "20.00", None)
    assert stock(superuser, A_PRODUCT) == 10
    assert order(superuser, GUEST, {A_PRODUCT: 2}, expected_total=Decimal(20))[0] is None


def test_an_order_with_a_total_above_the_maximum_does_not_change_the_stock(superuser: psycopg.Connection) -> None:
    superuser.execute("update products set price = 999999999999.99 where id = %s", [A_PRODUCT])
    assert order(superuser, GUEST, {A_PRODUCT: 10})[:3] == ("total", "9999999999999.90", None)
    assert stock(superuser, A_PRODUCT) == 10
    assert order(superuser, GUEST, {A_PRODUCT: 1})[2]["total_amount"] == "999999999999.99"


def test_low_stock_is_returned_only_once_for_a_catalog_of_the_client(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set low_inventory = 5")
    assert order(superuser, GUEST, {A_PRODUCT: 4})[3] is None
    low = order(superuser, GUEST, {A_PRODUCT: 1})[3]
    assert (low["catalog_id"], low["low_inventory"], low["count"]) == (str(A_CATALOG), 5, 1)
    assert [(each["product_id"], each["inventory_count"]) for each in low["products"]] == [(str(A_PRODUCT), 5)]
    assert order(superuser, GUEST, {A_PRODUCT: 1})[3] is None, (
        "low stock must be returned only by the order that caused it"
    )


def test_low_stock_is_not_returned_for_a_catalog_of_another_owner(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set low_inventory = 5, owner_client_id = null where id = %s", [A_CATALOG])
    assert order(superuser, GUEST, {A_PRODUCT: 5})[3] is None


def test_an_order_gets_a_different_order_number_if_the_first_number_already_exists(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("create sequence app.numbers")
    superuser.execute("grant usage on sequence app.numbers to app_definer")
    superuser.execute(
        "create or replace function app.order_number() returns text language sql volatile"
        " return 'N' || nextval('app.numbers') / 2"
    )
    placed = [order(superuser, GUEST, {A_PRODUCT: 1})[2] for _ in range(4)]
    assert [each["order_number"] for each in placed] == ["N0", "N1", "N2", "N3"], (
        "the sequence must have drawn N0, N1, N1, N2, N2, N3"
    )


SAVE = "select app.save_guest_response(%s, %s, 201, '{}', 'a response')"
FIND = "select request_hash, body from app.find_guest_response(%s, %s, '1 day')"


def test_a_guest_gets_a_saved_response_only_for_the_same_request_on_the_same_site(
    superuser: psycopg.Connection,
) -> None:
    act(superuser, GUEST, SAVE, "key", "hash")
    assert act(superuser, GUEST, FIND, "key", "hash") == [("hash", "a response")]
    assert act(superuser, GUEST, FIND, "key", "other") == [("hash", None)]
    assert act(superuser, GUEST, FIND, "another", "hash") == []
    elsewhere = replace(GUEST, domain="b.test", site=B_SITE)
    assert act(superuser, elsewhere, FIND, "key", "hash") == []


@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.entered and caller.role != "app_anon"], ids=lambda each: each.name
)
@pytest.mark.parametrize("statement", [SAVE, FIND], ids=["save", "find"])
def test_only_guests_can_use_the_idempotency_keys_of_guests(
    superuser: psycopg.Connection, caller: Caller, statement: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        act(superuser, caller, statement, "key", "hash")
