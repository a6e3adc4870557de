"""Tests random histories of orders with every type of caller. The status of an order changes only in allowed steps, and
pieces return to the stock exactly once.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.callers import Caller
from tests.database.order_life import (
    ADMIN,
    BY_NAME,
    CANCEL_OWN,
    CUSTOMER,
    EDITOR,
    SYSTEM,
    VIEWER,
    Orders,
    Outcome,
    orders,
)
from tests.database.test_placing import act
from tests.database.world import A_EXCLUDED, A_PRODUCT, A_SITE
from tests.faults.environment import FULL

__all__ = ["orders"]

EXAMPLES = 300 if FULL else 15
"""The number of histories is 15 in `make test`, and 300 in `make faults`."""
STEPS = {
    "pending": {"processing", "cancelled"},
    "processing": {"shipped", "cancelled"},
    "shipped": {"delivered"},
    "delivered": set(),
    "cancelled": set(),
}
WRITERS = (
    EDITOR, ADMIN, SYSTEM, BY_NAME["A's owner"], BY_NAME["owner of A and viewer of B"], BY_NAME["super admin"],
    BY_NAME["support"], BY_NAME["service for A"], BY_NAME["service for the platform"],
    BY_NAME["A's owner at a worker"],
)  # fmt: skip
STRANGERS = (VIEWER, BY_NAME["B's owner"], BY_NAME["both, for B only"])
"""The callers that each function refuses."""
OUTSIDERS = tuple(
    BY_NAME[name] for name in ("visitor of A", "customer of A", "customer of B", "staging", "old applications")
)
"""The callers who may not call the functions at all."""
PRODUCTS = (A_PRODUCT, A_EXCLUDED)
STOCK = 10


@dataclass
class History:
    """An order and its replacements, and the changes that callers have made to these orders."""

    orders: Orders
    rng: Random
    ids: list[UUID] = field(default_factory=list)
    returns: list[UUID] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def run(self, name: str) -> None:
        """Try one change of a random order as a random caller, and check the effect of the change."""
        order_id = self.rng.choice(self.ids)
        (callers,) = self.rng.choices((WRITERS, STRANGERS, OUTSIDERS), weights=(8, 1, 1))
        caller = self.rng.choice(callers)
        before = self.state(order_id)
        try:
            outcome = getattr(self, name)(order_id, caller)
        except psycopg.errors.InsufficientPrivilege:
            assert callers is OUTSIDERS, (name, caller)
            outcome = Outcome("forbidden", None, None)
        after = self.state(order_id)
        if callers is not WRITERS and name != "cancel_own":
            assert outcome.refusal in ("forbidden", "not_found"), (name, outcome)
        if outcome.refusal is not None:
            assert before == after, (name, outcome)
        else:
            assert outcome.types, name
            self.done.add(name)
            assert after["version"] > before["version"]
        self.check_steps(order_id, before["status"], outcome)

    def check_steps(self, order_id: UUID, status: str, outcome: Outcome) -> None:
        for kind in outcome.types:
            if kind in ("processing", "shipped", "delivered", "cancelled"):
                assert kind in STEPS[status], (status, kind)
                status = kind
        assert self.orders.status(order_id) == status

    def state(self, order_id: UUID) -> dict[str, Any]:
        row = self.orders.connection.execute(
            "select to_jsonb(o) || jsonb_build_object('lines', (select jsonb_agg(to_jsonb(l) order by line)"
            " from order_lines l where l.order_id = o.id)) from orders o where id = %s",
            [order_id],
        ).fetchone()
        assert row is not None
        return dict(row[0])

    def source(self) -> str:
        return self.rng.choice(("api", "file"))

    def time(self) -> datetime | None:
        shift = timedelta(hours=self.rng.randint(-48, 48))
        return self.rng.choice((None, datetime.now(UTC) + shift))

    def lines(self) -> dict[int, int] | None:
        numbers = self.rng.sample((1, 2, 3), self.rng.randint(1, 2))
        return self.rng.choice((None, {number: self.rng.randint(1, 3) for number in numbers}))

    # The methods below are the changes.

    def process(self, order_id: UUID, caller: Caller) -> Outcome:
        number = self.rng.choice((None, "ERP-1", "ERP-2"))
        return self.orders.process(order_id, number, source=self.source(), at=self.time(), caller=caller)

    def ship(self, order_id: UUID, caller: Caller) -> Outcome:
        shipment: dict[str, Any] = self.rng.choice(({}, {"number": "A"}, {"number": "B", "tracking_number": "T"}))
        return self.orders.ship(order_id, self.lines(), source=self.source(), at=self.time(), caller=caller, **shipment)

    def deliver(self, order_id: UUID, caller: Caller) -> Outcome:
        number = self.rng.choice((None, "A", "B", "C"))
        return self.orders.deliver(order_id, number, source=self.source(), at=self.time(), caller=caller)

    def cancel(self, order_id: UUID, caller: Caller) -> Outcome:
        confirmed = self.rng.random() < 0.5
        return self.orders.cancel(order_id, confirmed=confirmed, source=self.source(), at=self.time(), caller=caller)

    def cancel_lines(self, order_id: UUID, caller: Caller) -> Outcome:
        return self.orders.cancel_lines(order_id, self.lines() or {1: 1}, confirmed=True, caller=caller)

    def cancel_own(self, order_id: UUID, _: Caller) -> Outcome:
        return self.orders.call(CANCEL_OWN, order_id, None, None, caller=CUSTOMER)

    def change(self, order_id: UUID, caller: Caller) -> Outcome:
        return self.orders.change(order_id, problem=self.rng.choice((None, None, "address")), caller=caller)

    def export(self) -> None:
        """Mark a random order as exported. This does not count as a change of the order."""
        order_id = self.rng.choice(self.ids)
        version = self.orders.row(order_id, "version")
        act(self.orders.connection, SYSTEM, "select app.mark_orders_exported(%s, now())", [order_id])
        assert self.orders.row(order_id, "version") == version

    def request_return(self, order_id: UUID, caller: Caller) -> Outcome:
        outcome = self.orders.request_return(order_id, self.lines(), caller=caller)
        self.returns += [] if outcome.created is None else [outcome.created]
        return outcome

    def replace(self, order_id: UUID, caller: Caller) -> Outcome:
        if caller is SYSTEM:
            caller = EDITOR
        outcome = self.orders.replace(order_id, self.lines(), caller=caller)
        self.ids += [] if outcome.created is None else [outcome.created]
        return outcome

    def decide_or_receive(self) -> None:
        """Approve, refuse or receive a random return. The return can belong to any order of the history."""
        if not self.returns:
            return
        return_id = self.rng.choice(self.returns)
        pieces = [{"line": 1, "quantity": self.rng.randint(0, 2), "restock": self.rng.randint(0, 2)}]
        match self.rng.randint(0, 3):
            case 0:
                self.orders.decide(return_id, "approved")
            case 1:
                self.orders.decide(return_id, "refused")
            case 2:
                self.orders.receive(return_id, pieces)
            case _:
                self.orders.receive(return_id, restock=self.rng.random() < 0.5)


INVARIANTS = {
    "the stock is what was neither sold nor comes back": """
        select p.id, p.inventory_count from products p where p.id = any (%(products)s) and p.inventory_count <>
          %(stock)s - (select coalesce(sum(l.quantity - l.cancelled_quantity), 0) from order_lines l
                       where l.product_id = p.id and l.order_id = any (%(orders)s))
                    + (select coalesce(sum(r.restocked_quantity), 0) from return_lines r
                       join order_lines l on l.order_id = r.order_id and l.line = r.line
                       where l.product_id = p.id and l.order_id = any (%(orders)s))""",
    "the open holds are the open pieces": """
        select l.order_id, l.line from order_lines l where l.order_id = any (%(orders)s)
          and l.quantity - l.shipped_quantity - l.cancelled_quantity <> (
            select coalesce(sum(h.pieces), 0) from stock_holds h where h.order_id = l.order_id and h.line = l.line
              and h.pieces > 0 and h.shipped_at is null and h.cancelled_at is null)""",
    "the shipped pieces are in shipments": """
        select l.order_id, l.line from order_lines l where l.order_id = any (%(orders)s)
          and l.shipped_quantity <> (
            select coalesce(sum(s.quantity), 0) from shipment_lines s
            where s.order_id = l.order_id and s.line = l.line)""",
    "the returned pieces are in returns that were not refused": """
        select l.order_id, l.line from order_lines l where l.order_id = any (%(orders)s) and l.returned_quantity <> (
          select coalesce(sum(coalesce(r.received_quantity, r.quantity)), 0) from return_lines r
          join returns t on t.id = r.return_id
          where r.order_id = l.order_id and r.line = l.line and t.status <> 'refused')""",
    "the total is that of the pieces that are not cancelled": """
        select o.id from orders o where o.id = any (%(orders)s) and o.status <> 'cancelled' and o.total_amount <> (
          select sum(l.unit_price * (l.quantity - l.cancelled_quantity)) from order_lines l where l.order_id = o.id)""",
    "a delivered order has all its pieces in delivered shipments": """
        select o.id from orders o where o.id = any (%(orders)s) and o.status = 'delivered' and (
          exists (select from order_lines l where l.order_id = o.id
                  and l.quantity <> l.shipped_quantity + l.cancelled_quantity)
          or exists (select from shipments s where s.order_id = o.id and s.status <> 'delivered'))""",
    "a cancelled order has no shipped pieces and no open pieces": """
        select o.id from orders o join order_lines l on l.order_id = o.id
        where o.id = any (%(orders)s) and o.status = 'cancelled' and l.cancelled_quantity <> l.quantity""",
    "an order that is not shipped has no shipment": """
        select o.id from orders o where o.id = any (%(orders)s) and (o.status in ('shipped', 'delivered'))
          <> exists (select from shipments s where s.order_id = o.id)""",
    "the fulfilment is that of the lines": """
        select o.id from orders o join order_lines l on l.order_id = o.id where o.id = any (%(orders)s)
        group by o.id having o.fulfilment <> case when sum(l.shipped_quantity) = 0 then 'none'
          when sum(l.shipped_quantity) = sum(l.quantity - l.cancelled_quantity) then 'full' else 'partial' end""",
    "the events tell how the order got its status": """
        select o.id from orders o where o.id = any (%(orders)s) and o.status <> coalesce((
          select e.to_status from order_events e where e.order_id = o.id and e.to_status is not null
          order by e.created_at desc, e.id desc limit 1), 'pending')""",
    "no event is missing": """
        select o.id from orders o where o.id = any (%(orders)s) and o.version <>
          (select coalesce(max(e.version), 1) from order_events e where e.order_id = o.id)""",
}
"""Maps each invariant to a query that selects the rows that violate the invariant."""


def check_invariants(connection: psycopg.Connection, ids: list[UUID], stock: int = STOCK) -> None:
    """Check the invariants of these orders. This function requires that no other order has taken pieces from the
    initial stock.
    """
    for name, query in INVARIANTS.items():
        values = {"orders": ids, "products": list(PRODUCTS), "stock": stock}
        assert connection.execute(query.encode(), values).fetchall() == [], name


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(seed=st.integers(0, 2**32), length=st.integers(5, 25))
def test_a_random_history_has_only_allowed_steps_and_satisfies_the_invariants(
    orders: Orders, seed: int, length: int
) -> None:
    with orders.connection.transaction(force_rollback=True):
        orders.connection.execute("update sites set cancel_window_minutes = 60 where id = %s", [A_SITE])
        history = History(orders, Random(seed))
        history.ids.append(orders.place({A_PRODUCT: 3, A_EXCLUDED: 2}, caller=CUSTOMER))
        names = (
            "process", "ship", "ship", "ship", "deliver", "cancel", "cancel_lines", "cancel_own", "change",
            "request_return", "replace",
        )  # fmt: skip
        for _ in range(length):
            history.run(history.rng.choice(names))
            history.decide_or_receive()
            if history.rng.random() < 0.1:
                history.export()
            check_invariants(orders.connection, history.ids)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_random_history_contains_every_type_of_change(orders: Orders, seed: int) -> None:
    done: set[str] = set()
    rng = Random(seed)
    for round_number in range(12):
        with orders.connection.transaction(force_rollback=True):
            orders.connection.execute("update sites set cancel_window_minutes = 60 where id = %s", [A_SITE])
            history = History(orders, rng, done=done)
            history.ids.append(orders.place({A_PRODUCT: 3, A_EXCLUDED: 2}, caller=CUSTOMER))
            for name in ("cancel_own",) if round_number == 0 else ("process", "ship", "cancel_lines", "deliver"):
                history.run(name)
            for _ in range(6):
                history.run(rng.choice(("ship", "deliver", "cancel", "change", "request_return", "replace")))
            check_invariants(orders.connection, history.ids)
    assert {"process", "ship", "deliver", "cancel_lines", "cancel_own", "request_return"} <= done
