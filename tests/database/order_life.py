"""Helpers for tests of the life of an order. They place orders as any caller, and call the functions that change
orders.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.test_placing import GUEST, act, order, stock
from tests.database.world import A_PRODUCT

BY_NAME = {caller.name: caller for caller in CALLERS}
EDITOR, VIEWER, ADMIN, SYSTEM = (BY_NAME[name] for name in ("A's editor", "A's viewer", "admin", "system"))
CUSTOMER = BY_NAME["customer of A"]

PROCESS = "select refusal, detail, news from app.process_order(%s, %s, %s, %s, %s)"
SHIP = "select refusal, detail, news from app.ship_order(%s, %s, %s, %s, %s)"
DELIVER = "select refusal, detail, news from app.deliver_order(%s, %s, %s, %s, %s)"
CANCEL = "select refusal, detail, news from app.cancel_order(%s, %s, %s, %s, %s, %s)"
CANCEL_LINES = "select refusal, detail, news from app.cancel_order_lines(%s, %s, %s, %s, %s, %s, %s)"
CHANGE = "select refusal, detail, news from app.change_order(%s, %s, %s, %s, %s)"
RETURN = "select refusal, detail, news, return_id from app.request_return(%s, %s, %s, %s, %s)"
DECIDE = "select refusal, detail, news from app.decide_return(%s, %s, %s, %s, %s)"
RECEIVE = "select refusal, detail, news from app.receive_return(%s, %s, %s, %s, %s, %s)"
REPLACE = "select refusal, detail, news, replacement_id from app.replace_order(%s, %s, %s, %s, %s)"
CANCEL_OWN = "select refusal, detail, news from app.cancel_own_order(%s, %s, %s)"


@dataclass(frozen=True)
class Outcome:
    """The result of a function that changes an order."""

    refusal: str | None
    detail: Any
    news: list[dict[str, Any]] | None
    created: UUID | None = None
    """The id of the new return or order."""

    @property
    def types(self) -> list[str]:
        """The types of the events, in the order of the events."""
        return [event["type"] for event in self.news or []]


class Orders:
    """Orders of the client A. Each method calls the SQL function with the same name. The default caller is an
    editor.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def place(self, lines: Mapping[UUID, int] | None = None, caller: Caller = GUEST) -> UUID:
        """Place an order on the site of A."""
        refusal, detail, placed, _ = order(self.connection, caller, dict(lines or {A_PRODUCT: 3}))
        assert refusal is None, (refusal, detail)
        return UUID(placed["id"])

    def call(self, statement: str, *values: Any, caller: Caller = EDITOR) -> Outcome:
        """Call a function."""
        ((refusal, detail, news, *created),) = act(self.connection, caller, statement, *values)
        return Outcome(refusal, detail, news, *created)

    def process(
        self,
        order_id: UUID,
        number: str | None = None,
        *,
        source: str = "api",
        at: datetime | None = None,
        expected: datetime | None = None,
        caller: Caller = EDITOR,
    ) -> Outcome:
        return self.call(PROCESS, order_id, number, source, at, expected, caller=caller)

    def ship(
        self,
        order_id: UUID,
        lines: Mapping[int, int] | None = None,
        *,
        source: str = "api",
        at: datetime | None = None,
        expected: datetime | None = None,
        caller: Caller = EDITOR,
        **shipment: str,
    ) -> Outcome:
        values = shipment | ({} if lines is None else {"lines": _lines(lines)})
        return self.call(SHIP, order_id, Jsonb(values), source, at, expected, caller=caller)

    def deliver(
        self,
        order_id: UUID,
        number: str | None = None,
        *,
        source: str = "api",
        at: datetime | None = None,
        expected: datetime | None = None,
        caller: Caller = EDITOR,
    ) -> Outcome:
        shipment = None if number is None else Jsonb({"number": number})
        return self.call(DELIVER, order_id, shipment, source, at, expected, caller=caller)

    def cancel(
        self,
        order_id: UUID,
        *,
        confirmed: bool = False,
        source: str = "api",
        at: datetime | None = None,
        expected: datetime | None = None,
        caller: Caller = EDITOR,
    ) -> Outcome:
        return self.call(CANCEL, order_id, "a reason", confirmed, source, at, expected, caller=caller)

    def cancel_lines(
        self, order_id: UUID, lines: Mapping[int, int], *, confirmed: bool = False, caller: Caller = EDITOR
    ) -> Outcome:
        values = (order_id, Jsonb(_lines(lines)), None, confirmed, "api", None, None)
        return self.call(CANCEL_LINES, *values, caller=caller)

    def change(self, order_id: UUID, note: str | None = None, *, caller: Caller = EDITOR, **changes: Any) -> Outcome:
        return self.call(CHANGE, order_id, Jsonb(changes), note, "api", None, caller=caller)

    def request_return(
        self, order_id: UUID, lines: Mapping[int, int] | None = None, *, caller: Caller = EDITOR
    ) -> Outcome:
        json_lines = None if lines is None else Jsonb(_lines(lines))
        return self.call(RETURN, order_id, json_lines, "broken", "api", None, caller=caller)

    def decide(self, return_id: UUID | None, decision: str, *, caller: Caller = EDITOR) -> Outcome:
        return self.call(DECIDE, return_id, decision, None, "api", None, caller=caller)

    def receive(
        self,
        return_id: UUID | None,
        lines: list[dict[str, int]] | None = None,
        *,
        restock: bool = False,
        caller: Caller = EDITOR,
    ) -> Outcome:
        json_lines = None if lines is None else Jsonb(lines)
        return self.call(RECEIVE, return_id, json_lines, restock, None, "api", None, caller=caller)

    def replace(
        self,
        order_id: UUID,
        lines: Mapping[int, int] | None = None,
        return_id: UUID | None = None,
        *,
        caller: Caller = EDITOR,
    ) -> Outcome:
        json_lines = None if lines is None else Jsonb(_lines(lines))
        return self.call(REPLACE, order_id, json_lines, return_id, "api", None, caller=caller)

    def row(self, order_id: UUID, *columns: str) -> Any:
        """Return columns of an order as a tuple. If `columns` has one column, return only its value."""
        query = f"select {', '.join(columns)} from orders where id = %s"
        row = self.connection.execute(query.encode(), [order_id]).fetchone()
        assert row is not None
        return row[0] if len(columns) == 1 else row

    def status(self, order_id: UUID) -> str:
        return str(self.row(order_id, "status"))

    def events(self, order_id: UUID) -> list[str]:
        """Return the types of an order's events, from oldest to newest."""
        query = "select type from order_events where order_id = %s order by created_at, id"
        return [kind for (kind,) in self.connection.execute(query, [order_id])]

    def pieces(self, order_id: UUID, line: int = 1) -> tuple[int, int, int]:
        """Return the numbers of shipped, cancelled and returned pieces of a line."""
        query = (
            "select shipped_quantity, cancelled_quantity, returned_quantity from order_lines"
            " where order_id = %s and line = %s"
        )
        row = self.connection.execute(query, [order_id, line]).fetchone()
        assert row is not None
        return row

    def stock(self, product: UUID = A_PRODUCT) -> int:
        return stock(self.connection, product)


def _lines(lines: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"line": line, "quantity": quantity} for line, quantity in lines.items()]


@pytest.fixture
def orders(database: Database) -> Iterator[Orders]:
    """Orders in a transaction that is rolled back. The stock of each product is 10, and no site limits an order."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 10, is_active = true")
        connection.execute("delete from site_product_exclusions")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        yield Orders(connection)
