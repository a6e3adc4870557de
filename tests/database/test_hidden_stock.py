"""Tests that refused orders do not reveal the exact stock, except for a low stock. They also do not reveal the orders
of other people.

A buyer whose order is always refused gets the same answer for every quantity of a line. Otherwise the buyer could find
the stock of another client by bisection, without buying a piece.

If the stock is too low, a guest gets the same answer for every e-mail address. Otherwise the guest could find the
number of pieces that were ordered with an address.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.callers import Caller
from tests.database.conftest import Database
from tests.database.test_placing import CUSTOMER, GUEST, act
from tests.database.world import A_OTHER_SITE, A_PRODUCT, A_SITE, B_SITE, SHARED_PRODUCT

STOCK = 120
QUANTITIES = (11, 59, 60, 61, 119, 120, 121, 9_999)
PLACE = (
    "select refusal, detail, placed from app.place_and_announce_order(%s, 'C', %s, '{\"country\": \"DE\"}', '{}', null,"
    " 'a hash')"
)
SHOPS = [
    pytest.param(GUEST, A_SITE, A_PRODUCT, id="own stock"),
    pytest.param(replace(GUEST, domain="other.a.test", site=A_OTHER_SITE), A_OTHER_SITE, SHARED_PRODUCT, id="shared"),
]


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = %s", [STOCK])
        connection.execute("delete from guest_mails")
        connection.execute(
            "update sites set max_line_quantity = 10000, max_daily_quantity = null, ship_to_countries = '{DE}',"
            " max_daily_quantity_per_address = null"
        )
        yield connection


def refusals(superuser: psycopg.Connection, caller: Caller, orders: list[dict[UUID, int]]) -> list[tuple[Any, ...]]:
    """Place orders that must all be refused, and return their answers."""
    answers = []
    for order in orders:
        lines = [{"product_id": str(product), "quantity": quantity} for product, quantity in order.items()]
        (row,) = act(superuser, caller, PLACE, Jsonb(lines), f"{uuid4().hex[:12]}@example.test")
        assert row[0] is not None, f"{order} was placed"
        answers.append(row)
    counts = "select (select count(*) from products where inventory_count <> %s), (select count(*) from guest_mails)"
    assert superuser.execute(counts, [STOCK]).fetchone() == (0, 0), "a refused order changes nothing"
    return answers


@pytest.mark.parametrize(("caller", "site", "product"), SHOPS)
@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ("confirm_guest_orders = true, max_recipient_mails = 0", "unconfirmable"),
        ("max_daily_quantity = 10", "daily_quantity"),
        ("max_daily_quantity_per_address = 10", "daily_quantity"),
    ],
)
def test_a_buyer_who_cannot_order_gets_the_same_answer_for_every_quantity(
    superuser: psycopg.Connection, *, caller: Caller, site: UUID, product: UUID, settings: str, refusal: str
) -> None:
    superuser.execute(f"update sites set {settings} where id = %s".encode(), [site])
    answers = refusals(superuser, caller, [{product: quantity} for quantity in QUANTITIES])
    assert [answers[0]] * len(answers) == answers
    # If the mailbox limit and the stock caused different refusals, a guest could find out whether other people have
    # ordered.
    of_stock = "out_of_stock" if product == A_PRODUCT else "shared_quantity"
    assert answers[0][0] == (of_stock if refusal == "unconfirmable" else refusal)
    (lowest,) = refusals(superuser, caller, [{product: 10}]) if refusal == "unconfirmable" else answers[:1]
    assert lowest[0] == refusal


@pytest.mark.parametrize(("caller", "site", "product"), SHOPS)
@pytest.mark.parametrize("stock", [0, 1, 5, 12, 21, 59])
@pytest.mark.parametrize("mails", ["", ", confirm_guest_orders = true, max_recipient_mails = 1"])
def test_a_refusal_because_of_the_stock_does_not_depend_on_earlier_orders(
    superuser: psycopg.Connection, *, caller: Caller, site: UUID, product: UUID, stock: int, mails: str
) -> None:
    superuser.execute(f"update sites set max_daily_quantity = 60{mails} where id = %s".encode(), [site])
    superuser.execute("delete from order_quantities")
    superuser.execute(
        "insert into order_quantities (client_id, site_id, product_id, buyer, quantity, created_at, is_tracked)"
        " select client_id, id, %s, 'email:victim@example.test', 57, clock_timestamp(), false from sites where id = %s",
        [product, site],
    )
    superuser.execute("update products set inventory_count = %s where id = %s", [stock, product])
    lowest = stock + 1 if product == A_PRODUCT else (stock + 1) // 2 + 1
    for quantity in range(lowest, 61):
        lines = Jsonb([{"product_id": str(product), "quantity": quantity}])
        answers = [
            act(superuser, caller, PLACE, lines, f"{name}@example.test")[0] for name in ("victim", uuid4().hex[:12])
        ]
        assert answers[0] == answers[1], quantity
        assert answers[0][0] in ("out_of_stock", "shared_quantity")


@pytest.mark.parametrize("stock", [0, 1, 5, 12, 18, 30, 59, STOCK])
@pytest.mark.parametrize("settings", ["max_daily_quantity = null", "max_daily_quantity = 60"])
def test_the_share_of_a_guest_does_not_depend_on_orders_at_other_clients(
    superuser: psycopg.Connection, stock: int, settings: str
) -> None:
    superuser.execute(f"update sites set {settings}".encode())
    superuser.execute("delete from order_quantities")
    superuser.execute(
        "insert into order_quantities (client_id, site_id, product_id, buyer, quantity, created_at, is_tracked)"
        " select client_id, id, %s, 'email:victim@example.test', 12, clock_timestamp(), true from sites where id = %s",
        [SHARED_PRODUCT, B_SITE],
    )
    superuser.execute("update products set inventory_count = %s where id = %s", [stock, SHARED_PRODUCT])
    shop = replace(GUEST, domain="other.a.test", site=A_OTHER_SITE)
    for quantity in range(1, 63):
        lines = Jsonb([{"product_id": str(SHARED_PRODUCT), "quantity": quantity}])
        answers = []
        for name in ("victim", uuid4().hex[:12]):
            superuser.execute("savepoint before_order")
            answers.append(act(superuser, shop, PLACE, lines, f"{name}@example.test")[0][:2])
            superuser.execute("rollback to savepoint before_order")
        assert answers[0] == answers[1], quantity
        assert answers[0][0] is not None or quantity <= (stock + 1) // 2


@pytest.mark.parametrize(("caller", "product"), [(shop.values[0], shop.values[2]) for shop in SHOPS])
@pytest.mark.parametrize("stock", [5, STOCK])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_refused_line_does_not_reveal_the_stock_of_another_line(
    superuser: psycopg.Connection, *, caller: Caller, product: UUID, stock: int, is_first: bool
) -> None:
    other = uuid4()
    copy = (
        "insert into products (id, catalog_id, sku, name, price, inventory_count) select %s, catalog_id, %s, 'B', 1, %s"
    )
    superuser.execute(f"{copy} from products where id = %s".encode(), [other, str(other), STOCK, product])
    superuser.execute("update products set inventory_count = %s where id = %s", [stock, other])
    orders = [{product: quantity, other: 10_000} for quantity in QUANTITIES]
    orders = [dict(reversed(order.items())) for order in orders] if is_first else orders
    if stock == STOCK:
        answers = refusals(superuser, caller, orders)
        assert {row["at"] for row in answers[0][1]} == {0, 1}, "each of the two lines can be the reason"
    else:
        superuser.execute("create temporary table before as select id, inventory_count from products")
        answers = [act(superuser, caller, PLACE, Jsonb(
            [{"product_id": str(each), "quantity": quantity} for each, quantity in order.items()]
        ), "c@example.test")[0] for order in orders]  # fmt: skip
        assert answers[0][1] == [{"at": 0 if is_first else 1, "left": stock}]
    assert [answers[0]] * len(answers) == answers


def test_the_mail_limit_does_not_apply_to_orders_without_a_confirmation(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update sites set confirm_guest_orders = true, max_recipient_mails = 0")
    lines = Jsonb([{"product_id": str(A_PRODUCT), "quantity": 1}])
    ((refusal, _, placed),) = act(superuser, CUSTOMER, PLACE, lines, "c@example.test")
    assert refusal is None
    mail = superuser.execute("select state, template from mails where order_id = %s", [placed["id"]]).fetchone()
    assert mail == ("suppressed", "order_confirmation")


def test_the_mail_with_the_link_of_a_new_order_counts_against_the_limits(superuser: psycopg.Connection) -> None:
    superuser.execute("update sites set confirm_guest_orders = true, max_recipient_mails = 2")
    lines = Jsonb([{"product_id": str(A_PRODUCT), "quantity": 1}])
    answers = [act(superuser, GUEST, PLACE, lines, "c@example.test")[0][0] for _ in range(4)]
    assert answers == [None, None, "unconfirmable", "unconfirmable"]
    states = superuser.execute("select state, template from mails where recipient = 'c@example.test'").fetchall()
    assert states == [("queued", "order_confirm_request")] * 2
