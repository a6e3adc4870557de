"""Tests the stock of a file that an ERP system has counted. If the ERP system did not know an order at that time, the
pieces of the order are still subtracted.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.database import merging
from tests.database.conftest import Database
from tests.database.test_placing import BY_NAME, CUSTOMER, GUEST, act, order, stock
from tests.database.test_stock_holds import call
from tests.database.world import A_CATALOG, A_PRODUCT, B

SKU = str(A_PRODUCT)


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back. The stock of A_PRODUCT is 5."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 5")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        yield connection


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def place(superuser: psycopg.Connection, quantity: int, at: datetime) -> str:
    refusal, detail, placed, _ = order(superuser, GUEST, {A_PRODUCT: quantity})
    assert refusal is None, (refusal, detail)
    superuser.execute("update stock_holds set since = %s where order_id = %s", [at, placed["id"]])
    return str(placed["id"])


def load(superuser: psycopg.Connection, count: int, as_of: datetime | None, **row: Any) -> dict[str, Any]:
    merging.stage(superuser, [{"sku": SKU, "inventory_count": count, **row}])
    return merging.merge(superuser, as_of)


def settings(superuser: psycopg.Connection, **values: Any) -> None:
    superuser.execute(
        "update catalogs set sync_settings = sync_settings || %s where id = %s", [Jsonb(values), A_CATALOG]
    )


def test_pieces_that_were_ordered_after_a_stock_count_are_subtracted(
    superuser: psycopg.Connection,
) -> None:
    place(superuser, 5, ago(minutes=5))
    merged = load(superuser, 5, ago(minutes=20))
    assert stock(superuser, A_PRODUCT) == 0
    assert (int(merged["updated"]), merged["short_count"], merged["conflicts"]) == (0, 0, 0)
    merged = load(superuser, 5, ago(minutes=20))
    assert (int(merged["updated"]), stock(superuser, A_PRODUCT)) == (0, 0)


def test_loading_a_file_again_does_not_change_the_product(superuser: psycopg.Connection) -> None:
    place(superuser, 2, ago(minutes=5))
    load(superuser, 5, ago(minutes=20))
    read = "select xmin, ctid, updated_at from products where id = %s"
    before = superuser.execute(read, [A_PRODUCT]).fetchone()
    load(superuser, 5, ago(minutes=1))
    assert superuser.execute(read, [A_PRODUCT]).fetchone() == before
    assert superuser.execute(
        "select reported_at > now() - interval '2 min' from stock_reports r where product_id = %s", [A_PRODUCT]
    ).fetchone() == (True,)


@pytest.mark.parametrize(("means", "free"), [("free", 5), ("physical", 3)])
def test_an_acknowledged_order_is_subtracted_only_from_a_physical_stock(
    superuser: psycopg.Connection, means: str, free: int
) -> None:
    settings(superuser, stock_means=means)
    placed = place(superuser, 2, ago(hours=3))
    call(superuser, "acknowledge_holds", placed, ago(hours=2))
    load(superuser, 5, ago(hours=2, minutes=1))
    assert stock(superuser, A_PRODUCT) == 3
    load(superuser, 5, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == free


@pytest.mark.parametrize("means", ["free", "physical"])
def test_a_late_acknowledgement_takes_effect_at_the_time_that_it_contains(
    superuser: psycopg.Connection, means: str
) -> None:
    settings(superuser, stock_means=means)
    placed = place(superuser, 2, ago(hours=3))
    load(superuser, 5, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 3
    call(superuser, "acknowledge_holds", placed, ago(hours=2))
    assert stock(superuser, A_PRODUCT) == (5 if means == "free" else 3)


@pytest.mark.parametrize("means", ["free", "physical"])
def test_pieces_that_were_shipped_before_a_stock_count_are_not_subtracted(
    superuser: psycopg.Connection, means: str
) -> None:
    settings(superuser, stock_means=means)
    placed = place(superuser, 3, ago(hours=5))
    call(superuser, "ship_held_pieces", placed, 1, 2, ago(hours=2))
    load(superuser, 5, ago(hours=3))
    assert stock(superuser, A_PRODUCT) == 2
    load(superuser, 3, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 2
    call(superuser, "release_held_pieces", placed, None, None, ago(minutes=30))
    assert stock(superuser, A_PRODUCT) == 3


@pytest.mark.parametrize(
    ("means", "hours", "age", "free"),
    [
        ("free", None, 71, 3),
        ("free", None, 73, 5),
        ("physical", None, 73, 3),
        ("physical", None, 719, 3),
        ("physical", None, 721, 5),
        ("free", 4, 3, 3),
        ("free", 4, 5, 5),
        ("physical", 4, 5, 5),
        ("free", 0, 1, 5),
    ],
)
def test_an_unacknowledged_order_holds_its_pieces_for_the_hours_of_the_catalog(
    superuser: psycopg.Connection, means: str, hours: int | None, age: int, free: int
) -> None:
    settings(superuser, stock_means=means, hold_hours=hours)
    place(superuser, 2, ago(hours=age, minutes=1))
    load(superuser, 5, ago(minutes=1))
    assert stock(superuser, A_PRODUCT) == free


def test_a_changed_setting_applies_to_the_stock_of_earlier_files(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    call(superuser, "acknowledge_holds", placed, ago(hours=2))
    load(superuser, 5, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 5
    settings(superuser, stock_means="physical")
    assert stock(superuser, A_PRODUCT) == 3
    settings(superuser, hold_hours=1)
    assert stock(superuser, A_PRODUCT) == 5


def test_cancelling_an_order_that_the_erp_system_knew_adds_its_pieces(
    superuser: psycopg.Connection,
) -> None:
    placed = place(superuser, 2, ago(hours=5))
    call(superuser, "acknowledge_holds", placed, ago(hours=4))
    load(superuser, 3, ago(hours=3))
    assert stock(superuser, A_PRODUCT) == 3
    call(superuser, "release_held_pieces", placed, None, None, ago(hours=2))
    assert stock(superuser, A_PRODUCT) == 5
    load(superuser, 3, ago(hours=2, minutes=1))
    assert stock(superuser, A_PRODUCT) == 5
    load(superuser, 5, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 5


def test_cancelling_an_unknown_order_does_not_change_the_reported_stock(
    superuser: psycopg.Connection,
) -> None:
    placed = place(superuser, 2, ago(hours=5))
    load(superuser, 5, ago(hours=4))
    assert stock(superuser, A_PRODUCT) == 3
    call(superuser, "release_held_pieces", placed, None, None, ago(hours=3))
    assert stock(superuser, A_PRODUCT) == 5
    load(superuser, 5, ago(hours=4))
    assert stock(superuser, A_PRODUCT) == 5


def test_more_ordered_pieces_than_reported_pieces_result_in_a_stock_of_0(
    superuser: psycopg.Connection,
) -> None:
    first, second = place(superuser, 4, ago(minutes=9)), place(superuser, 1, ago(minutes=8))
    merged = load(superuser, 3, ago(minutes=20))
    assert stock(superuser, A_PRODUCT) == 0
    assert merged["short_count"] == 1
    name = f"Mug {A_PRODUCT}"
    assert merged["short"] == [{"product_id": SKU, "sku": SKU, "name": name, "reported_count": 3, "held_count": 5}]
    call(superuser, "release_held_pieces", second, None, None, None)
    assert stock(superuser, A_PRODUCT) == 0  # 4 pieces are still ordered, and the file reported 3
    call(superuser, "release_held_pieces", first, 1, 2, None)
    assert stock(superuser, A_PRODUCT) == 1


def test_a_row_can_contain_the_time_at_which_its_stock_was_counted(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    call(superuser, "acknowledge_holds", placed, ago(hours=2))
    load(superuser, 5, ago(hours=1), stock_as_of=ago(hours=2, minutes=30))
    assert stock(superuser, A_PRODUCT) == 3
    load(superuser, 5, ago(hours=2, minutes=30), stock_as_of=ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 5


def test_a_count_time_in_the_future_is_treated_as_now(superuser: psycopg.Connection) -> None:
    load(superuser, 5, ago(hours=-48))
    placed = place(superuser, 2, ago(minutes=0))
    load(superuser, 5, ago(hours=-48))
    assert stock(superuser, A_PRODUCT) == 3
    call(superuser, "acknowledge_holds", placed, ago(hours=-1))
    assert stock(superuser, A_PRODUCT) == 3


def test_the_stock_of_rows_without_a_count_time_is_the_current_free_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    load(superuser, 9, ago(hours=4))
    load(superuser, 6, None)
    assert stock(superuser, A_PRODUCT) == 6
    call(superuser, "acknowledge_holds", placed, ago(hours=3))
    assert stock(superuser, A_PRODUCT) == 6
    call(superuser, "release_held_pieces", placed, None, None, None)
    assert stock(superuser, A_PRODUCT) == 8


def test_a_stock_that_a_caller_writes_is_the_current_free_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    load(superuser, 9, ago(hours=4))
    act(
        superuser, BY_NAME["A's editor"], "update products set inventory_count = 6 where id = %s returning 1", A_PRODUCT
    )
    assert superuser.execute("select 1 from stock_reports where product_id = %s", [A_PRODUCT]).fetchone() is None
    call(superuser, "acknowledge_holds", placed, ago(hours=5))
    assert stock(superuser, A_PRODUCT) == 6
    call(superuser, "release_held_pieces", placed, None, None, None)
    assert stock(superuser, A_PRODUCT) == 8


def test_a_change_of_another_column_does_not_change_the_reported_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    load(superuser, 9, ago(hours=4))
    act(superuser, BY_NAME["A's editor"], "update products set name = 'n' where id = %s returning 1", A_PRODUCT)
    call(superuser, "release_held_pieces", placed, None, None, None)
    assert stock(superuser, A_PRODUCT) == 9


def test_a_row_without_a_stock_does_not_change_the_stock(superuser: psycopg.Connection) -> None:
    place(superuser, 2, ago(hours=3))
    load(superuser, 9, ago(hours=4))
    before = superuser.execute("select * from stock_reports where product_id = %s", [A_PRODUCT]).fetchone()
    merging.stage(superuser, [{"sku": SKU, "name": "renamed"}])
    merging.merge(superuser, ago(hours=1))
    assert stock(superuser, A_PRODUCT) == 7
    assert superuser.execute("select * from stock_reports where product_id = %s", [A_PRODUCT]).fetchone() == before


def test_the_stocks_of_all_places_are_added_before_the_orders_are_subtracted(superuser: psycopg.Connection) -> None:
    place(superuser, 2, ago(minutes=3))
    places = {"keeps_places": True, "sums_places": True}
    merging.stage(superuser, [{"sku": SKU, "inventory_count": 7, "stock_by_place": Jsonb({"A": 4, "B": 3})}])
    merging.merge(superuser, ago(minutes=20), **places)
    assert stock(superuser, A_PRODUCT) == 5
    merging.stage(superuser, [{"sku": SKU, "inventory_count": 1, "stock_by_place": Jsonb({"B": 1})}])
    merging.merge(superuser, ago(minutes=20), **places)
    assert stock(superuser, A_PRODUCT) == 3


def test_cancelled_pieces_return_to_a_product_that_was_untracked_before(
    superuser: psycopg.Connection,
) -> None:
    placed = place(superuser, 2, ago(hours=3))
    load(superuser, 5, ago(hours=4))
    load(superuser, 0, ago(hours=1), inventory_policy="untracked")
    assert stock(superuser, A_PRODUCT) == 0
    call(superuser, "acknowledge_holds", placed, ago(hours=3))
    assert stock(superuser, A_PRODUCT) == 0
    load(superuser, 4, ago(hours=4))
    assert stock(superuser, A_PRODUCT) == 2
    call(superuser, "release_held_pieces", placed, None, None, None)
    assert stock(superuser, A_PRODUCT) == 4


def test_an_order_of_an_untracked_product_holds_no_pieces(superuser: psycopg.Connection) -> None:
    superuser.execute(
        "update products set inventory_policy = 'untracked', inventory_count = 0 where id = %s", [A_PRODUCT]
    )
    refusal, _, placed, _ = order(superuser, GUEST, {A_PRODUCT: 3})
    assert refusal is None
    assert superuser.execute("select 1 from stock_holds where order_id = %s", [placed["id"]]).fetchone() is None
    load(superuser, 4, ago(minutes=20))
    assert call(superuser, "release_held_pieces", placed["id"], None, None, None) == 0
    assert stock(superuser, A_PRODUCT) == 4


def test_changing_the_stock_by_a_difference_changes_the_reported_stock(
    superuser: psycopg.Connection,
) -> None:
    change = "select app.change_stock(%s, %s)"
    editor = BY_NAME["A's editor"]
    for difference, free in ((-2, 3), (-6, 0), (2, 0), (2, 1), (4, 5)):
        assert act(superuser, editor, change, A_PRODUCT, difference) == [(True,)]
        assert stock(superuser, A_PRODUCT) == free
    place(superuser, 2, ago(hours=3))
    load(superuser, 5, ago(hours=4))
    assert act(superuser, editor, change, A_PRODUCT, -4) == [(True,)]
    assert stock(superuser, A_PRODUCT) == 0
    assert act(superuser, editor, change, A_PRODUCT, 3) == [(True,)]
    assert stock(superuser, A_PRODUCT) == 2


@pytest.mark.parametrize("name", ["B's owner", "A's viewer", "admin", "support", "A's owner"])
def test_only_writers_of_a_catalog_can_change_its_stock_by_a_difference(
    superuser: psycopg.Connection, name: str
) -> None:
    may = name in ("admin", "support", "A's owner")
    assert act(superuser, BY_NAME[name], "select app.change_stock(%s, 1)", A_PRODUCT) == [(may,)]
    assert stock(superuser, A_PRODUCT) == (6 if may else 5)


@pytest.mark.parametrize(
    "function",
    [
        "held_products(%s, array[%s::uuid])",
        "free_stock(%s, array[%s::uuid], '{5}', null)",
        "report_stock(%s, array[%s::uuid], '{5}', null)",
    ],
)
@pytest.mark.parametrize("name", ["B's owner", "A's viewer"])
def test_only_writers_of_a_catalog_can_report_its_stock_or_read_the_reported_stock(
    superuser: psycopg.Connection, name: str, function: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        act(superuser, BY_NAME[name], f"select app.{function}", A_CATALOG, A_PRODUCT)


def test_the_deletion_of_finished_stock_holds_does_not_change_the_stock(superuser: psycopg.Connection) -> None:
    shipped, cancelled, returned, forgotten, recent = (place(superuser, 1, ago(days=20)) for _ in range(5))
    load(superuser, 9, ago(days=6))
    call(superuser, "ship_held_pieces", shipped, 1, 1, ago(days=8))
    call(superuser, "release_held_pieces", cancelled, None, None, ago(days=9))
    call(superuser, "ship_held_pieces", returned, 1, 1, ago(days=12))
    call(superuser, "restock_pieces", returned, 1, 1, ago(days=10))
    superuser.execute("update stock_holds set since = now() where order_id = %s", [recent])
    call(superuser, "recompute_stock", [A_PRODUCT], [0])
    before = stock(superuser, A_PRODUCT)
    assert act(superuser, BY_NAME["system"], "select app.settle_stock_holds()") >= [(1,)]
    assert act(superuser, BY_NAME["system"], "select app.settle_stock_holds()") == [(0,)]
    remaining = superuser.execute(
        "select order_id::text, is_settled from stock_holds where product_id = %s order by 2", [A_PRODUCT]
    ).fetchall()
    assert remaining == [(recent, False), (forgotten, True)]
    assert stock(superuser, A_PRODUCT) == before == 8
    call(superuser, "recompute_stock", [A_PRODUCT], [0])
    assert stock(superuser, A_PRODUCT) == before
    assert call(superuser, "release_held_pieces", forgotten, None, None, None) == 1
    assert stock(superuser, A_PRODUCT) == before + 1
    assert call(superuser, "release_held_pieces", recent, None, None, None) == 1
    assert stock(superuser, A_PRODUCT) == before + 2


def test_the_deletion_of_finished_stock_holds_does_not_change_a_negative_stock(
    superuser: psycopg.Connection,
) -> None:
    place(superuser, 2, ago(days=20))
    act(superuser, BY_NAME["A's editor"], "select app.change_stock(%s, -4)", A_PRODUCT)
    assert stock(superuser, A_PRODUCT) == 0
    act(superuser, BY_NAME["system"], "select app.settle_stock_holds()")
    act(superuser, BY_NAME["A's editor"], "select app.change_stock(%s, 3)", A_PRODUCT)
    assert stock(superuser, A_PRODUCT) == 2


def test_only_writers_of_a_catalog_can_read_the_explanation_of_a_stock(superuser: psycopg.Connection) -> None:
    placed = place(superuser, 2, ago(hours=3))
    refusal, _, of_customer, _ = order(superuser, CUSTOMER, {A_PRODUCT: 1})
    assert refusal is None
    superuser.execute("update stock_holds set client_id = %s where order_id = %s", [B, of_customer["id"]])
    load(superuser, 9, ago(hours=4))
    explain = (
        "select inventory_count, stock_means, reported_count, held, order_count, orders from app.product_stock(%s, 9)"
    )
    ((free, means, reported, held, count, orders),) = act(superuser, BY_NAME["A's editor"], explain, A_PRODUCT)
    assert (free, means, reported, held, count) == (6, "free", 9, 3, 2)
    assert [(each["order_id"], each["pieces"]) for each in orders] == [(placed, 2), (None, 1)]
    assert orders[1]["order_number"] is None
    for name in ("B's owner", "A's viewer", "support"):
        assert act(superuser, BY_NAME[name], explain, A_PRODUCT) == []


def test_a_dry_run_shows_the_future_free_stock(superuser: psycopg.Connection) -> None:
    place(superuser, 2, ago(minutes=5))
    merging.stage(superuser, [{"sku": SKU, "inventory_count": 9}])
    staged, stored = merging.compare(superuser, ago(minutes=20))
    assert (staged["inventory_count"], stored["inventory_count"]) == (7, 3)
    assert stock(superuser, A_PRODUCT) == 3
    assert superuser.execute("select 1 from stock_reports where product_id = %s", [A_PRODUCT]).fetchone() is None
