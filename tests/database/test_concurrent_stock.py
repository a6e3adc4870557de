"""Tests that no piece is sold twice during concurrent orders, cancellations, returns and stock files. The test runs
with each type of ERP system.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import merging
from tests.database.conftest import Database
from tests.database.test_placing import GUEST, order, stock
from tests.database.test_stock_holds import call
from tests.database.world import A_CATALOG, A_PRODUCT
from tests.faults.environment import FULL

STOCK = 100
ROUNDS = 25 if FULL else 1
"""The number of rounds for each of the two types of ERP system is 1 in `make test`, and 25 in `make faults`."""
BUYERS = 1_000 if FULL else 60
THREADS = 6


@dataclass
class Erp:
    """An ERP system. It takes orders, ships them, and counts its stock. It uses the clock of this machine."""

    means: str
    count: int = STOCK
    lock: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def counted(self) -> tuple[int, datetime]:
        with self.lock:
            return self.count, datetime.now(UTC)


@dataclass
class Round:
    """One round of the test, with a shop that has 100 pieces of a product."""

    database: Database
    erp: Erp
    orders: list[tuple[str, int]] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    sold_out: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def guarded(self, work: Callable[[psycopg.Connection, random.Random], None], seed: int) -> None:
        try:
            with self.database.connect(autocommit=True) as connection:
                work(connection, random.Random(seed))
        except BaseException as error:
            self.failures.append(error)

    def buy(self, connection: psycopg.Connection, rng: random.Random) -> None:
        for _ in range(BUYERS // THREADS):
            quantity = rng.choice((1, 1, 1, 2, 3))
            refusal, detail, placed, _ = order(connection, GUEST, {A_PRODUCT: quantity})
            if refusal is None:
                self.orders.append((placed["id"], quantity))
                self.handle(connection, rng, placed["id"], quantity)
            else:
                assert refusal == "out_of_stock", (refusal, detail)
                self.sold_out += 1

    def handle(self, connection: psycopg.Connection, rng: random.Random, placed: str, quantity: int) -> None:
        """Simulate a part of the life of an order. The platform gets shipments and acknowledgements late."""
        erp, fate = self.erp, rng.random()
        if fate < 0.2:
            self.cancel(connection, placed, quantity)
        elif fate < 0.7:
            with erp.lock:
                at = datetime.now(UTC)
                erp.acknowledged.add(placed)
                erp.count -= quantity if erp.means == "free" else 0
            time.sleep(rng.random() * 0.01)
            call(connection, "acknowledge_holds", placed, at)
            if fate < 0.3:
                self.cancel(connection, placed, quantity)
            elif fate < 0.5:
                shipped = rng.randint(1, quantity)
                with erp.lock:
                    at = datetime.now(UTC)
                    erp.count -= shipped if erp.means == "physical" else 0
                time.sleep(rng.random() * 0.01)
                assert call(connection, "ship_held_pieces", placed, 1, shipped, at) == shipped
                if fate < 0.4:
                    with erp.lock:
                        erp.count += 1
                        assert call(connection, "restock_pieces", placed, 1, 1, datetime.now(UTC)) == 1

    def cancel(self, connection: psycopg.Connection, placed: str, quantity: int) -> None:
        with self.erp.lock:
            if self.erp.means == "free" and placed in self.erp.acknowledged:
                self.erp.count += quantity
            released = call(connection, "release_held_pieces", placed, None, None, datetime.now(UTC))
            assert released == quantity
            assert call(connection, "release_held_pieces", placed, None, None, None) == 0

    def sync(self, connection: psycopg.Connection, rng: random.Random) -> None:
        number = 0
        while not self.is_over.is_set():
            number += 1
            count, at = self.erp.counted()
            time.sleep(rng.random() * 0.02)
            self.load(connection, count, at, name=f"Mug {number % 3}")

    def load(self, connection: psycopg.Connection, count: int, at: datetime, **row: Any) -> None:
        merging.stage(connection, [{"sku": str(A_PRODUCT), "inventory_count": count, **row}])
        merging.merge(connection, at)

    def watch(self, connection: psycopg.Connection, rng: random.Random) -> None:
        while not self.is_over.is_set():
            assert sold(connection) <= STOCK
            time.sleep(0.002)


def sold(connection: psycopg.Connection) -> int:
    """Return the number of sold pieces: the ordered pieces minus the cancelled and returned pieces."""
    row = connection.execute(
        "select coalesce(sum(pieces), 0) from stock_holds where product_id = %s and cancelled_at is null", [A_PRODUCT]
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def connection(own_database: Database) -> Iterator[psycopg.Connection]:
    with own_database.connect(autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("means", ["free", "physical"])
def test_no_piece_is_sold_twice_during_concurrent_orders_and_stock_files(
    own_database: Database, connection: psycopg.Connection, means: str
) -> None:
    for number in range(ROUNDS):
        connection.execute("delete from stock_holds")
        connection.execute("delete from stock_reports")
        connection.execute("delete from order_quantities")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        settings = Jsonb({"stock_means": means})
        connection.execute("update catalogs set sync_settings = %s where id = %s", [settings, A_CATALOG])
        connection.execute("update products set inventory_count = %s where id = %s", [STOCK, A_PRODUCT])
        one = Round(own_database, Erp(means))
        with ThreadPoolExecutor(THREADS + 2) as pool:
            background = [pool.submit(one.guarded, work, number) for work in (one.sync, one.watch)]
            buyers = [pool.submit(one.guarded, one.buy, 1_000 * number + buyer) for buyer in range(THREADS)]
            for buyer in buyers:
                buyer.result()
            one.is_over.set()
            for task in background:
                task.result()
        assert one.failures == []  # no statement has failed or caused a deadlock
        assert 0 < sold(connection) <= STOCK

        # The stock that the platform computes does not depend on the order of the events.
        remaining = stock(connection, A_PRODUCT)
        call(connection, "recompute_stock", [A_PRODUCT], [0])
        assert stock(connection, A_PRODUCT) == remaining
        # After the next report of the ERP system, the stock plus the sold pieces equals the number of all pieces.
        count, at = one.erp.counted()
        one.load(connection, count, at)
        assert stock(connection, A_PRODUCT) + sold(connection) == STOCK
