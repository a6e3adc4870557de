"""Tests concurrent changes of the same orders: exactly one change succeeds, the stock of each product is correct, and
no change causes a deadlock."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.callers import Caller
from tests.database.conftest import Database
from tests.database.order_life import (
    ADMIN,
    CANCEL,
    CANCEL_LINES,
    CANCEL_OWN,
    CUSTOMER,
    DELIVER,
    EDITOR,
    PROCESS,
    SHIP,
    SYSTEM,
)
from tests.database.order_totals import DIFFERENCE
from tests.database.test_order_histories import check_invariants
from tests.database.test_placing import PLACE
from tests.database.world import A_EXCLUDED, A_PRODUCT, A_SITE
from tests.faults.environment import FULL
from wecelebrate.core.database import ENTER

ORDERS = 1000 if FULL else 40
"""The number of orders is 40 in `make test`, and 1,000 in `make faults`."""
THREADS = 8
STOCK = 10

CHANGES: dict[str, tuple[Caller, str, tuple[object, ...]]] = {
    "cancel": (EDITOR, CANCEL, ("r", False, "api", None, None)),
    "cancel by the platform": (ADMIN, CANCEL, ("r", True, "api", None, None)),
    "cancel by the customer": (CUSTOMER, CANCEL_OWN, ("r", None)),
    "cancel by a file": (SYSTEM, CANCEL, ("r", False, "file", None, None)),
    "process": (SYSTEM, PROCESS, ("ERP-1", "file", None, None)),
    "ship one line": (EDITOR, SHIP, (Jsonb({"lines": [{"line": 2, "quantity": 1}]}), "api", None, None)),
    "ship": (SYSTEM, SHIP, (Jsonb({"number": "T1"}), "file", None, None)),
    "deliver": (SYSTEM, DELIVER, (None, "file", None, None)),
    "cancel a line": (EDITOR, CANCEL_LINES, (Jsonb([{"line": 1, "quantity": 1}]), None, True, "api", None, None)),
}
"""The competing changes. Each change has a caller, a statement, and the values of the statement after the order id."""


@pytest.fixture
def superuser(own_database: Database) -> Iterator[psycopg.Connection]:
    with own_database.connect(autocommit=True) as connection:
        connection.execute("delete from orders")
        connection.execute("update products set inventory_count = %s, is_active = true", [STOCK])
        connection.execute("delete from site_product_exclusions")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null,"
                           " cancel_window_minutes = 60")  # fmt: skip
        yield connection


def as_caller(database: Database, work: list[tuple[str, Caller, str, list[object]]]) -> list[tuple[str, str | None]]:
    """Run each statement in a separate transaction. Return the name of each change, and the refusal or None."""
    results: list[tuple[str, str | None]] = []
    connections: dict[str, psycopg.Connection] = {}
    try:
        for name, caller, statement, values in work:
            if caller.login not in connections:
                connections[caller.login] = database.connect(caller.login)
            connection = connections[caller.login]
            with connection.transaction():
                connection.execute(ENTER, caller.parameters)
                row = connection.execute(statement.encode(), values).fetchone()
                assert row is not None
                results.append((name, row[0]))
    finally:
        for connection in connections.values():
            connection.close()
    return results


def place_all(database: Database, count: int) -> list[UUID]:
    """Place orders of two products. Every second order lists the products in reverse."""
    ids: list[UUID] = []
    with database.connect(CUSTOMER.login) as connection:
        for number in range(count):
            products = [A_PRODUCT, A_EXCLUDED] if number % 2 else [A_EXCLUDED, A_PRODUCT]
            lines = [{"product_id": str(product), "quantity": 2} for product in products]
            with connection.transaction():
                connection.execute(ENTER, CUSTOMER.parameters)
                row = connection.execute(PLACE.encode(), [Jsonb(lines), None]).fetchone()
                assert row is not None
                assert row[0] is None, row
                ids.append(UUID(row[2]["id"]))
    return ids


def run_all(database: Database, work: list[tuple[str, Caller, str, list[object]]]) -> list[tuple[str, str | None]]:
    """Run the statements in threads. Raises the first error, e.g. a deadlock."""
    with ThreadPoolExecutor(THREADS) as pool:
        parts: list[Callable[[], list[tuple[str, str | None]]]] = [
            lambda part=work[start::THREADS]: as_caller(database, part)  # type: ignore[misc]
            for start in range(THREADS)
        ]
        return [result for future in [pool.submit(part) for part in parts] for result in future.result()]


def test_exactly_one_of_several_concurrent_order_changes_succeeds(
    own_database: Database, superuser: psycopg.Connection
) -> None:
    superuser.execute("update products set inventory_count = %s", [ORDERS * 4])
    ids = place_all(own_database, ORDERS)
    rng = Random(7)
    work = [
        (name, caller, statement, [order_id, *values])
        for order_id in ids
        for name, (caller, statement, values) in rng.sample(sorted(CHANGES.items()), len(CHANGES))
    ]
    results = run_all(own_database, work)
    assert len(results) == len(work)
    statuses = Counter(
        status for (status,) in superuser.execute("select status from orders where id = any (%s)", [ids])
    )
    assert set(statuses) <= {"cancelled", "shipped", "delivered"}
    won = Counter(name for name, refusal in results if refusal is None and name.startswith("cancel"))
    whole = won["cancel"] + won["cancel by the platform"] + won["cancel by the customer"] + won["cancel by a file"]
    assert whole <= statuses["cancelled"] <= whole + won["cancel a line"]
    check_invariants(superuser, ids, ORDERS * 4)
    assert superuser.execute(DIFFERENCE).fetchall() == []


def test_concurrent_cancellations_return_the_pieces_of_an_order_only_once(
    own_database: Database, superuser: psycopg.Connection
) -> None:
    (order_id,) = place_all(own_database, 1)
    caller, statement, values = CHANGES["cancel"]
    results = run_all(own_database, [("cancel", caller, statement, [order_id, *values])] * ORDERS)
    assert Counter(refusal for _, refusal in results) == {None: 1, "unchanged": ORDERS - 1}
    check_invariants(superuser, [order_id])


def test_concurrent_shipments_ship_each_piece_only_once(own_database: Database, superuser: psycopg.Connection) -> None:
    (order_id,) = place_all(own_database, 1)
    ship = [order_id, Jsonb({"lines": [{"line": 1, "quantity": 1}]}), "api", None, None]
    results = run_all(own_database, [("ship", EDITOR, SHIP, ship)] * 20)
    assert Counter(refusal for _, refusal in results) == {None: 2, "too_many": 18}
    check_invariants(superuser, [order_id])


def test_concurrent_orders_and_cancellations_of_products_do_not_deadlock(
    own_database: Database, superuser: psycopg.Connection
) -> None:
    superuser.execute("update products set inventory_count = %s", [ORDERS * 8])
    ids = place_all(own_database, ORDERS)
    caller, statement, values = CHANGES["cancel"]
    work: list[tuple[str, Caller, str, list[object]]] = []
    for number, order_id in enumerate(ids):
        products = [A_PRODUCT, A_EXCLUDED] if number % 2 else [A_EXCLUDED, A_PRODUCT]
        lines = Jsonb([{"product_id": str(product), "quantity": 2} for product in products])
        work.append(("place", CUSTOMER, PLACE, [lines, None]))
        work.append(("cancel", caller, statement, [order_id, *values]))
    assert {refusal for _, refusal in run_all(own_database, work)} == {None}
    placed = [order_id for (order_id,) in superuser.execute("select id from orders where site_id = %s", [A_SITE])]
    check_invariants(superuser, placed, ORDERS * 8)


def test_concurrent_expiry_and_confirmation_of_an_order_have_one_result(
    own_database: Database, superuser: psycopg.Connection
) -> None:
    superuser.execute("update products set inventory_count = %s", [ORDERS * 4])
    ids = place_all(own_database, ORDERS)
    superuser.execute(
        "update orders set problem = 'unconfirmed', confirm_by = now() - interval '1 minute' where id = any (%s)", [ids]
    )
    expire = "select (select null::text), count(*) from app.expire_unconfirmed_order()"
    work: list[tuple[str, Caller, str, list[object]]] = [("expire", SYSTEM, expire, [])] * (ORDERS * 2)
    for order_id in ids[::2]:
        caller, statement, values = CHANGES["cancel"]
        work.append(("cancel", caller, statement, [order_id, *values]))
    run_all(own_database, Random(3).sample(work, len(work)))
    statuses = {status for (status,) in superuser.execute("select status from orders where id = any (%s)", [ids])}
    assert statuses == {"cancelled"}
    check_invariants(superuser, ids, ORDERS * 4)
