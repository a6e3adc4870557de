"""Tests that the stock in the database equals the stock of a simple model after every step of random histories."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database import merging
from tests.database.conftest import Database
from tests.database.test_placing import BY_NAME, GUEST, act, order, stock
from tests.database.test_stock_holds import call
from tests.database.world import A_CATALOG, A_PRODUCT
from tests.faults.environment import FULL

EXAMPLES = 1_000 if FULL else 40
"""The number of histories is 40 in `make test`, and 1,000 in `make faults`."""
NEVER = 10**9
"""A number of minutes that is later than all times of a history."""


@dataclass
class Piece:
    """One ordered piece. Times are in minutes after the start of the history. A history starts 6 days ago."""

    order: str
    since: int
    acknowledged: int = NEVER
    shipped: int = NEVER
    cancelled: int | None = None
    returned: int | None = None


@dataclass
class Model:
    """The state that the platform must know: each single piece, and the last reported stock."""

    means: Literal["free", "physical"]
    hold_hours: int
    exact: int | None = 20
    """The free stock if a caller has set it, or if a file was loaded before the first order. If the value is None, the
    stock follows from `reported` and `pieces`.
    """
    reported: tuple[int, int] = (0, 0)
    """The reported stock and its time."""
    pieces: list[Piece] = field(default_factory=list)

    @property
    def free(self) -> int:
        if self.exact is not None:
            return max(self.exact, 0)
        count, at = self.reported
        return max(count - sum(self.missing(piece, at) for piece in self.pieces), 0)

    def missing(self, piece: Piece, at: int) -> int:
        """Return the number of pieces (-1, 0 or 1) by which a single piece reduces the stock that was counted at
        `at`.
        """
        known_at = min(piece.shipped, piece.since + 60 * self.hold_hours)
        if self.means == "free":
            known_at = min(known_at, piece.acknowledged)
        if piece.cancelled is not None:
            return -1 if known_at <= at < piece.cancelled else 0
        came_back = piece.returned is not None and piece.returned > at
        return int(known_at > at) - int(came_back)

    def back(self, count: int) -> None:
        """Add returned pieces to the stock, if the stock is exact."""
        if self.exact is not None:
            self.exact += count

    def of(self, order: str) -> list[Piece]:
        return [piece for piece in self.pieces if piece.order == order]

    def open(self, order: str) -> list[Piece]:
        return [piece for piece in self.of(order) if piece.shipped == NEVER and piece.cancelled is None]


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


TIMES = st.integers(min_value=0, max_value=6 * 24 * 60 - 1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["place", "place", "acknowledge", "ship", "cancel", "return", "file", "file", "set", "delta", "settle"]
        ),
        st.integers(min_value=0, max_value=9),
        st.integers(min_value=1, max_value=12),
        TIMES,
    ),
    min_size=3,
    max_size=14,
)


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=not FULL,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(means=st.sampled_from(["free", "physical"]), hold_hours=st.sampled_from([0, 2, 24, 72, 720]), steps=STEPS)
def test_the_stock_equals_the_stock_of_the_model_after_every_step(
    connection: psycopg.Connection,
    means: Literal["free", "physical"],
    hold_hours: int,
    steps: list[tuple[str, int, int, int]],
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("update products set inventory_count = 20")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        values = Jsonb({"stock_means": means, "hold_hours": hold_hours})
        connection.execute("update catalogs set sync_settings = %s where id = %s", [values, A_CATALOG])
        model, history = Model(means, hold_hours), History(connection, datetime.now(UTC) - timedelta(days=6))
        for action, which, count, minute in steps:
            getattr(history, action)(model, which, count, minute)
            assert stock(connection, A_PRODUCT) == model.free, (action, model)
        # The stock does not depend on the time at which it is computed.
        call(connection, "recompute_stock", [A_PRODUCT], [0])
        assert stock(connection, A_PRODUCT) == model.free


@dataclass
class History:
    """Makes each change in the database and in the model."""

    connection: psycopg.Connection
    start: datetime
    orders: list[str] = field(default_factory=list)

    def at(self, minute: int) -> datetime:
        return self.start + timedelta(minutes=minute)

    def chosen(self, which: int) -> str | None:
        return self.orders[which % len(self.orders)] if self.orders else None

    def place(self, model: Model, which: int, count: int, minute: int) -> None:
        refusal, _, placed, _ = order(self.connection, GUEST, {A_PRODUCT: count})
        assert (refusal == "out_of_stock") == (count > model.free), (refusal, model)
        if refusal:
            return
        # The order gets a time in the past. With a reported stock, this can change the free stock.
        statement = "update stock_holds set since = %s where order_id = %s"
        self.connection.execute(statement, [self.at(minute), placed["id"]])
        call(self.connection, "recompute_stock", [A_PRODUCT], [0])
        self.orders.append(placed["id"])
        model.pieces += [Piece(placed["id"], minute) for _ in range(count)]
        model.back(-count)

    def acknowledge(self, model: Model, which: int, count: int, minute: int) -> None:
        if chosen := self.chosen(which):
            call(self.connection, "acknowledge_holds", chosen, self.at(minute))
            for piece in model.open(chosen):
                piece.acknowledged = minute if piece.acknowledged == NEVER else piece.acknowledged

    def ship(self, model: Model, which: int, count: int, minute: int) -> None:
        if chosen := self.chosen(which):
            ended = model.open(chosen)[:count]
            assert call(self.connection, "ship_held_pieces", chosen, 1, count, self.at(minute)) == len(ended)
            for piece in ended:
                piece.shipped = minute

    def cancel(self, model: Model, which: int, count: int, minute: int) -> None:
        if chosen := self.chosen(which):
            ended = model.open(chosen)[:count]
            assert call(self.connection, "release_held_pieces", chosen, 1, count, self.at(minute)) == len(ended)
            for piece in ended:
                piece.cancelled = minute
            model.back(len(ended))

    # The method is added below, because `return` is a keyword.
    def restock(self, model: Model, which: int, count: int, minute: int) -> None:
        if chosen := self.chosen(which):
            shipped = [piece for piece in model.of(chosen) if piece.shipped != NEVER and piece.returned is None][:count]
            if shipped:
                assert call(self.connection, "restock_pieces", chosen, 1, len(shipped), self.at(minute)) == len(shipped)
                for piece in shipped:
                    piece.returned = minute
                model.back(len(shipped))

    def file(self, model: Model, which: int, count: int, minute: int) -> None:
        merging.stage(self.connection, [{"sku": str(A_PRODUCT), "inventory_count": count}])
        merged = merging.merge(self.connection, self.at(minute))
        if model.pieces:
            model.exact, model.reported = None, (count, minute)
            missing = sum(model.missing(piece, minute) for piece in model.pieces)
            assert merged["short_count"] == int(missing > count)
        else:
            model.exact = count

    def set(self, model: Model, which: int, count: int, minute: int) -> None:
        before = stock(self.connection, A_PRODUCT)
        statement = "update products set inventory_count = %s where id = %s returning 1"
        act(self.connection, BY_NAME["A's editor"], statement, count, A_PRODUCT)
        if before != count:
            model.exact = count

    def delta(self, model: Model, which: int, count: int, minute: int) -> None:
        difference = count if which % 2 else -count
        act(self.connection, BY_NAME["A's editor"], "select app.change_stock(%s, %s)", A_PRODUCT, difference)
        if model.exact is not None:
            model.exact += difference
        else:
            model.reported = (model.reported[0] + difference, model.reported[1])

    def settle(self, model: Model, which: int, count: int, minute: int) -> None:
        act(self.connection, BY_NAME["system"], "select app.settle_stock_holds()")


setattr(History, "return", History.restock)


def test_sold_pieces_do_not_return_to_the_stock_of_the_model() -> None:
    model = Model("free", 72)
    model.pieces, model.exact, model.reported = [Piece("a", 100) for _ in range(5)], None, (5, 90)
    assert model.free == 0
    for piece in model.pieces:
        piece.acknowledged = 110
    assert model.free == 0
    model.reported = (5, 110)
    assert model.free == 5
