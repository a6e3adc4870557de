"""Who may place an order, and of what: the function that writes it with its own rights asks that itself."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from tests.database.conftest import Database
from tests.database.world import (
    A_CATALOG,
    A_EXCLUDED,
    A_INACTIVE,
    A_PRODUCT,
    B_PRODUCT,
    B_SITE,
    CALLERS,
    Caller,
)
from wecelebrate.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
VISITORS = [caller for caller in CALLERS if caller.entered and caller.domain]
GUEST, CUSTOMER = BY_NAME["visitor of A"], BY_NAME["customer of A"]
PLACE = "select refusal, detail, placed, low_stock from app.place_order(%s, 'C', 'c@test', '{}', '{}', %s)"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection whose work is undone; it acts as others in their sessions. There are ten pieces of each product."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 10")
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement answers a caller; what it does stays, unless it fails."""
    with superuser.transaction():
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        superuser.execute(ENTER, caller.parameters)
        found = superuser.execute(statement.encode(), values).fetchall()
        superuser.execute("reset role")
        superuser.execute("reset session authorization")
    return found


def order(
    superuser: psycopg.Connection, caller: Caller, lines: dict[UUID, int], told: Decimal | None = None
) -> tuple[Any, ...]:
    """What came of an order of so many pieces of each product: refusal, what it is about, the order, what is low."""
    asked = Jsonb([{"product_id": str(product), "quantity": quantity} for product, quantity in lines.items()])
    (found,) = act(superuser, caller, PLACE, asked, told)
    return found


def left(superuser: psycopg.Connection, product: UUID) -> int:
    row = superuser.execute("select inventory_count from products where id = %s", [product]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.entered and caller not in VISITORS], ids=lambda each: each.name
)
def test_nobody_but_who_visits_a_site_places_an_order(superuser: psycopg.Connection, caller: Caller) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        order(superuser, caller, {A_PRODUCT: 1})
    assert left(superuser, A_PRODUCT) == 10


@pytest.mark.parametrize("caller", VISITORS, ids=lambda caller: caller.name)
def test_an_order_is_the_callers_on_the_site_that_is_visited(superuser: psycopg.Connection, caller: Caller) -> None:
    shown = [row[0] for row in act(superuser, caller, "select id from products order by id")]
    everything = [row[0] for row in superuser.execute("select id from products order by id").fetchall()]
    for product in everything:
        refusal, about, placed, _ = order(superuser, caller, {product: 2})
        if product not in shown:
            assert (refusal, about, placed) == ("not_shown", [0], None)
            assert left(superuser, product) == 10
            continue
        assert refusal is None
        row = superuser.execute(
            "select o.client_id = s.client_id, s.domain, customer_subject, total_amount, l.product_id, l.quantity"
            " from orders o join sites s on s.id = o.site_id join order_lines l on l.order_id = o.id where o.id = %s",
            [placed["id"]],
        ).fetchone()
        assert row == (True, caller.domain, caller.subject, 20, product, 2)
        assert left(superuser, product) == 8
    assert set(shown) < set(everything)


@pytest.mark.parametrize("product", [A_EXCLUDED, A_INACTIVE, B_PRODUCT], ids=["excluded", "inactive", "of another"])
def test_an_order_with_one_line_that_is_not_shown_takes_nothing(superuser: psycopg.Connection, product: UUID) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 1, product: 1})[:3] == ("not_shown", [1], None)
    assert left(superuser, A_PRODUCT) == left(superuser, product) == 10


def test_an_order_of_more_than_there_is_takes_nothing(superuser: psycopg.Connection) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 11})[:3] == ("out_of_stock", [{"at": 0, "left": 10}], None)
    assert order(superuser, GUEST, {A_PRODUCT: 10})[0] is None
    assert order(superuser, GUEST, {A_PRODUCT: 1})[:3] == ("out_of_stock", [{"at": 0, "left": 0}], None)
    assert left(superuser, A_PRODUCT) == 0


def test_an_order_that_costs_otherwise_than_was_told_takes_nothing(superuser: psycopg.Connection) -> None:
    assert order(superuser, GUEST, {A_PRODUCT: 2}, told=Decimal("19.99"))[:3] == ("total", "20.00", None)
    assert left(superuser, A_PRODUCT) == 10
    assert order(superuser, GUEST, {A_PRODUCT: 2}, told=Decimal(20))[0] is None


def test_an_order_that_comes_to_more_than_can_be_written_takes_nothing(superuser: psycopg.Connection) -> None:
    superuser.execute("update products set price = 99999999.99 where id = %s", [A_PRODUCT])
    assert order(superuser, GUEST, {A_PRODUCT: 10})[:3] == ("total", "999999999.90", None)
    assert left(superuser, A_PRODUCT) == 10
    assert order(superuser, GUEST, {A_PRODUCT: 1})[2]["total_amount"] == "99999999.99"


def test_what_falls_to_little_is_told_when_the_catalog_is_the_clients_own(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set low_inventory = 5")
    assert order(superuser, GUEST, {A_PRODUCT: 4})[3] is None
    low = order(superuser, GUEST, {A_PRODUCT: 1})[3]
    assert (low["catalog_id"], low["low_inventory"], low["count"]) == (str(A_CATALOG), 5, 1)
    assert [(one["product_id"], one["inventory_count"]) for one in low["products"]] == [(str(A_PRODUCT), 5)]
    assert order(superuser, GUEST, {A_PRODUCT: 1})[3] is None, "once"


def test_a_catalog_of_another_client_is_not_told_of(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set low_inventory = 5, owner_client_id = null where id = %s", [A_CATALOG])
    assert order(superuser, GUEST, {A_PRODUCT: 5})[3] is None


def test_a_number_that_is_taken_is_drawn_again(superuser: psycopg.Connection) -> None:
    superuser.execute("create sequence app.drawn")
    superuser.execute("grant usage on sequence app.drawn to app_definer")
    superuser.execute(
        "create or replace function app.order_number() returns text language sql volatile"
        " return 'N' || nextval('app.drawn') / 2"
    )
    placed = [order(superuser, GUEST, {A_PRODUCT: 1})[2] for _ in range(4)]
    assert [one["order_number"] for one in placed] == ["N0", "N1", "N2", "N3"], "of 0, 1, 1, 2, 2, 3"


KEEP = "select app.save_guest_response(%s, %s, 201, '{}', 'an answer')"
FIND = "select request_hash, body from app.find_guest_response(%s, %s, '1 day')"


def test_a_guests_key_answers_the_very_request_on_its_site_alone(superuser: psycopg.Connection) -> None:
    act(superuser, GUEST, KEEP, "key", "hash")
    assert act(superuser, GUEST, FIND, "key", "hash") == [("hash", "an answer")]
    assert act(superuser, GUEST, FIND, "key", "other") == [("hash", None)]
    assert act(superuser, GUEST, FIND, "another", "hash") == []
    elsewhere = replace(GUEST, domain="b.test", site=B_SITE)
    assert act(superuser, elsewhere, FIND, "key", "hash") == []


@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.entered and caller.role != "app_anon"], ids=lambda each: each.name
)
@pytest.mark.parametrize("statement", [KEEP, FIND], ids=["keep", "find"])
def test_guests_keys_are_for_guests(superuser: psycopg.Connection, caller: Caller, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        act(superuser, caller, statement, "key", "hash")
