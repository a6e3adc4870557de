"""Tests that an untracked product is always available, and that orders do not change its stock. Also tests that the
previous release still works.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.database import merging
from tests.database.callers import Caller
from tests.database.conftest import Database
from tests.database.test_placing import CUSTOMER, GUEST, act
from tests.database.world import A_CATALOG, A_EXCLUDED, A_PRODUCT, A_SITE, B

PLACE = "select refusal, detail, placed, low_stock from app.place_order(%s, 'C', 'c@test', '{}', '{}', null, null)"
STOCK = "select inventory_policy, inventory_count from products where id = %s"
ROW = "select xmin, ctid, updated_at from products where id = %s"
# The statements of the previous release. That release does not know the column inventory_policy.
PREVIOUS_CHANGE = """
    update products old
    set (sku, name, description, category, brand, price, currency, images, attributes, inventory_count, is_active) = (
      select sku, name, description, category, brand, app.exact_amount(price, currency), currency, images, attributes,
        inventory_count, is_active
      from jsonb_populate_record(null::products, case when %s
        then to_jsonb(old) || %s::jsonb else app.merge_patch(to_jsonb(old), %s::jsonb) end))
    where id = %s
    returning inventory_count
"""
PREVIOUS_CREATE = """
    insert into products (catalog_id, sku, name, price, currency, inventory_count, is_active)
    values (%s, 'previous', 'n', 1, 'USD', %s, true) returning id
"""


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back. No site limits the quantities of orders.

    A_PRODUCT is untracked, and all other products are sold out.
    """
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 0")
        connection.execute("update products set inventory_policy = 'untracked' where id = %s", [A_PRODUCT])
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        connection.execute("delete from site_product_exclusions")
        yield connection


def order(superuser: psycopg.Connection, caller: Caller, lines: dict[UUID, int]) -> tuple[Any, ...]:
    """Place an order, and return the four results of `app.place_order`. `lines` maps products to quantities."""
    json_lines = Jsonb([{"product_id": str(product), "quantity": quantity} for product, quantity in lines.items()])
    (row,) = act(superuser, caller, PLACE, json_lines)
    return row


def one(superuser: psycopg.Connection, statement: str, *values: Any) -> Any:
    row = superuser.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row


def stock(superuser: psycopg.Connection, product: UUID) -> tuple[str, int]:
    policy, count = one(superuser, STOCK, product)
    return policy, count


@pytest.mark.parametrize("caller", [GUEST, CUSTOMER], ids=lambda caller: caller.name)
def test_a_large_order_does_not_change_the_row_of_an_untracked_product(
    superuser: psycopg.Connection, caller: Any
) -> None:
    before = one(superuser, ROW, A_PRODUCT)
    for _ in range(3):
        refusal, _, placed, low = order(superuser, caller, {A_PRODUCT: 10_000})
        assert (refusal, placed["total_amount"], low) == (None, "100000.00", None)
        assert "left" not in placed["items"][0]
    assert one(superuser, ROW, A_PRODUCT) == before
    assert stock(superuser, A_PRODUCT) == ("untracked", 0)


def test_an_untracked_product_beside_a_sold_out_product_is_not_ordered(
    superuser: psycopg.Connection,
) -> None:
    lines = {A_PRODUCT: 50, A_EXCLUDED: 1}
    assert order(superuser, GUEST, lines)[:3] == ("out_of_stock", [{"at": 1, "left": 0}], None)
    superuser.execute("update products set inventory_count = 4 where id = %s", [A_EXCLUDED])
    assert order(superuser, GUEST, lines)[0] is None
    assert (stock(superuser, A_PRODUCT), stock(superuser, A_EXCLUDED)) == (("untracked", 0), ("tracked", 3))


def test_only_the_tracked_products_of_an_order_are_reported_as_low_stock(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set low_inventory = 5")
    superuser.execute("update products set inventory_count = 6 where id = %s", [A_EXCLUDED])
    low = order(superuser, GUEST, {A_PRODUCT: 50, A_EXCLUDED: 1})[3]
    assert [product["product_id"] for product in low["products"]] == [str(A_EXCLUDED)]


def test_the_limits_of_a_site_apply_to_untracked_products(superuser: psycopg.Connection) -> None:
    superuser.execute("update sites set max_line_quantity = 20, max_daily_quantity = 30")
    assert order(superuser, GUEST, {A_PRODUCT: 21})[:2] == ("line_quantity", [{"at": 0, "max": 20}])
    assert order(superuser, GUEST, {A_PRODUCT: 20})[0] is None
    assert order(superuser, GUEST, {A_PRODUCT: 11})[:2] == ("daily_quantity", {"max": 30, "buyer": "email"})


def test_the_limit_of_shared_stock_does_not_apply_to_untracked_products(superuser: psycopg.Connection) -> None:
    superuser.execute("insert into catalog_grants (catalog_id, client_id) values (%s, %s)", [A_CATALOG, B])
    assert [order(superuser, GUEST, {A_PRODUCT: 10_000})[0] for _ in range(2)] == [None, None]
    superuser.execute("update products set inventory_count = 10 where id = %s", [A_EXCLUDED])
    refusal, detail, *_ = order(superuser, GUEST, {A_PRODUCT: 1, A_EXCLUDED: 6})
    assert (refusal, detail) == ("shared_quantity", [{"at": 1, "max": 5}])


def test_untracked_pieces_do_not_count_against_the_limit_of_shared_stock(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("insert into catalog_grants (catalog_id, client_id) values (%s, %s)", [A_CATALOG, B])
    assert order(superuser, GUEST, {A_PRODUCT: 1000})[0] is None
    superuser.execute(
        "update products set inventory_policy = 'tracked', inventory_count = 10 where id = %s", [A_PRODUCT]
    )
    assert order(superuser, GUEST, {A_PRODUCT: 6})[:2] == ("shared_quantity", [{"at": 0, "max": 5}])
    assert order(superuser, GUEST, {A_PRODUCT: 5})[0] is None
    assert order(superuser, GUEST, {A_PRODUCT: 1})[0] == "shared_quantity"
    superuser.execute(
        "update products set inventory_policy = 'untracked', inventory_count = 0 where id = %s", [A_PRODUCT]
    )
    assert order(superuser, GUEST, {A_PRODUCT: 1000})[0] is None


def test_untracked_pieces_count_against_the_daily_limit(superuser: psycopg.Connection) -> None:
    superuser.execute("update sites set max_daily_quantity = 100 where id = %s", [A_SITE])
    assert order(superuser, GUEST, {A_PRODUCT: 90})[0] is None
    superuser.execute(
        "update products set inventory_policy = 'tracked', inventory_count = 50 where id = %s", [A_PRODUCT]
    )
    # The refusal of a guest states both possible reasons for an order of more than 10 pieces.
    limits = {"max": 100, "must_confirm": False}
    refused = ("out_of_stock", [{"at": 0, "left": None, "address_limits": limits}])
    assert order(superuser, GUEST, {A_PRODUCT: 11})[:2] == refused
    assert order(superuser, GUEST, {A_PRODUCT: 10})[0] is None
    assert order(superuser, GUEST, {A_PRODUCT: 1})[:2] == ("daily_quantity", {"max": 100, "buyer": "email"})
    assert order(superuser, CUSTOMER, {A_PRODUCT: 41})[:2] == ("out_of_stock", [{"at": 0, "left": None}])
    assert order(superuser, CUSTOMER, {A_PRODUCT: 40})[0] is None


@pytest.mark.parametrize(("policy", "name"), [("counted", "policy_check"), (None, "inventory_policy")])
def test_the_database_refuses_an_unknown_inventory_policy(
    superuser: psycopg.Connection, policy: str | None, name: str
) -> None:
    with pytest.raises((errors.CheckViolation, errors.NotNullViolation), match=name):
        superuser.execute("update products set inventory_policy = %s where id = %s", [policy, A_PRODUCT])


def test_a_product_that_the_previous_release_creates_is_tracked(superuser: psycopg.Connection) -> None:
    for count in (0, 7):
        (product,) = one(superuser, PREVIOUS_CREATE, A_CATALOG, count)
        assert stock(superuser, product) == ("tracked", count)
        superuser.execute("delete from products where id = %s", [product])


@pytest.mark.parametrize("replace", [True, False], ids=["put", "patch"])
def test_a_stock_that_the_previous_release_writes_makes_a_product_tracked(
    superuser: psycopg.Connection, replace: bool
) -> None:
    change = Jsonb({"name": "renamed"})
    assert one(superuser, PREVIOUS_CHANGE, replace, change, change, A_PRODUCT) == (0,)
    assert stock(superuser, A_PRODUCT) == ("untracked", 0)
    change = Jsonb({"inventory_count": 7})
    assert one(superuser, PREVIOUS_CHANGE, replace, change, change, A_PRODUCT) == (7,)
    assert stock(superuser, A_PRODUCT) == ("tracked", 7)


def test_the_previous_release_can_place_orders_of_untracked_products(superuser: psycopg.Connection) -> None:
    place = "select refusal, placed, low_stock from app.place_order(%s, 'C', 'c@test', '{}', '{}', null)"
    lines = Jsonb([{"product_id": str(A_PRODUCT), "quantity": 500}])
    ((refusal, placed, low),) = act(superuser, GUEST, place, lines)
    assert (refusal, placed["total_amount"], low) == (None, "5000.00", None)


@pytest.mark.parametrize(
    ("count", "policy", "merged"),
    [
        (5, None, ("tracked", 5)),
        (0, None, ("tracked", 0)),
        (None, None, ("untracked", 0)),
        (None, "tracked", ("tracked", 0)),
        (0, "untracked", ("untracked", 0)),
    ],
)
def test_a_staged_row_of_the_previous_release_with_a_stock_is_tracked(
    superuser: psycopg.Connection, count: int | None, policy: str | None, merged: tuple[str, int]
) -> None:
    row = {"sku": str(A_PRODUCT), "inventory_count": count, "inventory_policy": policy}
    merging.stage(superuser, [row])
    updated = [merging.merge(superuser) for _ in range(2)]
    assert stock(superuser, A_PRODUCT) == merged
    assert [int(each["updated"]) for each in updated] == [int(merged != ("untracked", 0)), 0]
    assert [each["low_stock_count"] for each in updated] == [0, 0]


@pytest.mark.parametrize("word", ["'x'", "null", "'tracked'' or true --'"])
def test_a_search_with_an_unknown_stock_condition_is_refused(superuser: psycopg.Connection, word: str) -> None:
    nulls = ", null" * 7
    find = f"select app.find_products(%s, 'x'{nulls}, 'name', null, null, 9, array[{word}])"
    with pytest.raises(errors.InvalidParameterValue, match="is not a condition on the stock"):
        act(superuser, GUEST, find, A_CATALOG)
