"""Tests that the daily figures of every snapshot equal a count of the orders, even during concurrent orders and
rollups."""

import runpy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infra.functions import FUNCTIONS
from tests.database.conftest import Database
from tests.database.order_totals import (
    ADMIN,
    COUNT_DELTAS,
    DIFFERENCE,
    LOCAL_DIFFERENCE,
    OWN_ZONE_DIFFERENCE,
    ROLLUP,
    SITES,
    SYSTEM,
    acting,
    allow_every_change,
    enter,
    place,
    rollup_all,
    run_transactions,
    value,
)
from tests.database.world import A_SITE, B_SITE, A, B
from wecelebrate.core import batches
from wecelebrate.core.database import endpoints
from wecelebrate.core.settings import settings
from wecelebrate.orders import rollup


@pytest.fixture
def observer(own_database: Database) -> Iterator[psycopg.Connection]:
    """Open a connection of the superuser, who sees every row. The fixture checks the figures before and after the
    test.
    """
    with own_database.connect(autocommit=True) as connection:
        allow_every_change(connection)
        for difference in (DIFFERENCE, LOCAL_DIFFERENCE, OWN_ZONE_DIFFERENCE):
            assert connection.execute(difference).fetchall() == []
        yield connection
        for difference in (DIFFERENCE, LOCAL_DIFFERENCE, OWN_ZONE_DIFFERENCE):
            assert connection.execute(difference).fetchall() == []


def rollup_while(database: Database, is_active: Callable[[], bool]) -> int:
    """Roll up five deltas at a time while `is_active` returns true. Return the number of processed deltas."""
    total = 0
    with database.connect("wc_worker") as connection:
        for _ in range(10_000):
            if not is_active():
                break
            enter(connection, SYSTEM)
            total += int(value(connection, ROLLUP, 5))
            connection.commit()
    return total


def change_zones_while(database: Database, is_active: Callable[[], bool]) -> int:
    """Change the time zones of clients while `is_active` returns true. Return the number of changes."""
    changes = 0
    with database.connect(autocommit=True) as connection:
        while is_active():
            zone = ("Europe/Berlin", "Asia/Kathmandu", "America/Havana", "UTC")[changes % 4]
            connection.execute("update clients set timezone = %s", [zone])
            changes += 1
            time.sleep(0.05)
        connection.execute("update clients set timezone = 'UTC'")
    return changes


def test_order_figures_are_exact_during_concurrent_orders_and_rollups(
    own_database: Database, observer: psycopg.Connection
) -> None:
    reads = mixed = 0
    with ThreadPoolExecutor(7) as threads:
        writers = [threads.submit(run_transactions, own_database, seed, 60) for seed in range(4)]

        def are_writing() -> bool:
            return not all(writer.done() for writer in writers)

        rollups = [threads.submit(rollup_while, own_database, are_writing) for _ in range(2)]
        zones = threads.submit(change_zones_while, own_database, are_writing)
        for _ in range(10_000):
            if not are_writing():
                break
            assert observer.execute(DIFFERENCE).fetchall() == []
            assert observer.execute(LOCAL_DIFFERENCE).fetchall() == []
            assert observer.execute(OWN_ZONE_DIFFERENCE).fetchall() == []
            reads += 1
            mixed += value(observer, "select exists (table order_deltas) and exists (table order_daily_totals)")
        for writer in writers:
            writer.result()
        assert min(rollup.result() for rollup in rollups) > 0
        assert zones.result() > 0
    assert reads >= 10
    assert mixed >= 5, "at least 5 reads must combine rows of both tables"


def test_the_totals_are_exact_without_deltas_after_a_complete_rollup(
    own_database: Database, observer: psycopg.Connection
) -> None:
    run_transactions(own_database, 7, 40)
    assert value(observer, COUNT_DELTAS) > 0
    rollup_all(own_database)
    assert value(observer, COUNT_DELTAS) == 0
    zeros = value(observer, "select count(*) from order_daily_totals where orders <= 0")
    assert zeros == 0, "a day without orders must have no row"
    assert value(observer, "select count(*) from order_slot_totals where orders <= 0") == 0
    total = value(observer, "select sum(orders) from order_daily_totals")
    assert total == value(observer, "select count(*) from orders")


def test_concurrent_rollups_process_each_delta_only_once(own_database: Database, observer: psycopg.Connection) -> None:
    rollup_all(own_database)
    for n in range(300):
        client, site = SITES[n % 3]
        place(observer, client=client, site=site, at=f"2026-04-{n % 28 + 1} 12:00Z", amount=n)
    with ThreadPoolExecutor(4) as threads:
        total = sum(threads.map(lambda max_rows: rollup_all(own_database, max_rows), (3, 5, 7, 11)))
    assert (total, value(observer, COUNT_DELTAS)) == (300, 0)


def test_concurrent_rollups_process_different_deltas_without_waiting(
    own_database: Database, observer: psycopg.Connection
) -> None:
    rollup_all(own_database)
    place(observer, client=A, site=A_SITE)
    place(observer, client=B, site=B_SITE)
    with acting(own_database, SYSTEM) as first, acting(own_database, SYSTEM) as second:
        assert value(first, ROLLUP, 1) == 1
        assert value(second, ROLLUP, 100) == 1
        assert value(second, ROLLUP, 100) == 0
        second.commit()
        assert observer.execute(DIFFERENCE).fetchall() == []
        first.commit()
    assert value(observer, COUNT_DELTAS) == 0


@pytest.fixture
def run_schedule(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], int]]:
    """Return a function that runs the scheduled rollup once in this process.

    Each batch has three deltas. The argument is the time limit in seconds.
    """
    for name, setting in {
        "WRITER": own_database.address,
        "NAME": own_database.name,
        "LOGIN": "wc_worker",
        "PASSWORD": own_database.credentials.logins["wc_worker"],
    }.items():
        monkeypatch.setenv(f"WC_DATABASE_{name}", setting)
    settings.cache_clear()
    monkeypatch.setattr(rollup, "BATCH_SIZE", 3)
    handler = runpy.run_path(str(FUNCTIONS / "schedules/rollups/handler.py"))["handler"]

    def run(seconds: float) -> int:
        monkeypatch.setattr(batches, "MAX_SECONDS", seconds)
        return int(handler({}, None)["orders"])

    yield run
    endpoints.writer.drop()
    settings.cache_clear()


@pytest.mark.parametrize(("seconds", "counts"), [(45, [7, 0]), (-1, [3, 3, 1, 0])])
def test_the_scheduled_function_rolls_up_batches_until_its_time_limit(
    own_database: Database,
    observer: psycopg.Connection,
    run_schedule: Callable[[float], int],
    seconds: float,
    counts: list[int],
) -> None:
    rollup_all(own_database)
    for _ in range(7):
        place(observer)
    assert [run_schedule(seconds) for _ in counts] == counts
    assert value(observer, COUNT_DELTAS) == 0


def test_rollups_update_the_days_in_a_fixed_order(own_database: Database, observer: psycopg.Connection) -> None:
    rollup_all(own_database)
    dates = [f"2026-06-{n:02}" for n in range(1, 29)]
    for date in dates:
        place(observer, at=f"{date} 12:00Z")
    rollup_all(own_database)  # now each day has a row in order_daily_totals
    for date in reversed(dates):
        place(observer, at=f"{date} 12:00Z")
    lock = "select from order_daily_totals where client_id = %s and day = any (%s) for update"
    with own_database.connect() as holder, own_database.connect("wc_worker") as worker, ThreadPoolExecutor(1) as thread:
        holder.execute(lock, [A, dates[:1]])
        enter(worker, SYSTEM)
        worker.execute("set local lock_timeout = '10s'")
        rollup = thread.submit(value, worker, ROLLUP, 100)
        for _ in range(1000):
            is_waiting = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
            if value(observer, is_waiting, worker.info.backend_pid):
                break
            time.sleep(0.01)
        # The rollup waits for the lock of the first day. It has not locked the other days yet.
        observer.execute(f"{lock} nowait", [A, dates[1:]])
        holder.rollback()
        assert rollup.result() == 28
        worker.commit()


@pytest.mark.parametrize("end", ["rolled back", "killed"])
def test_an_interrupted_rollup_changes_nothing(own_database: Database, observer: psycopg.Connection, end: str) -> None:
    for client, site in SITES:
        place(observer, client=client, site=site)
    deltas = value(observer, COUNT_DELTAS)
    totals = observer.execute("table order_daily_totals").fetchall()
    with acting(own_database, SYSTEM) as worker:
        assert value(worker, ROLLUP, 100) >= 3
        if end == "killed":
            assert value(observer, "select pg_terminate_backend(%s, 5000)", worker.info.backend_pid)
            with pytest.raises(psycopg.OperationalError):
                worker.execute("select")
            worker.close()
        else:
            worker.rollback()
        assert value(observer, COUNT_DELTAS) == deltas
        assert sorted(observer.execute("table order_daily_totals")) == sorted(totals)
    assert rollup_all(own_database) == deltas


def test_a_rollup_and_concurrent_orders_of_one_client_do_not_wait_for_each_other(
    own_database: Database, observer: psycopg.Connection
) -> None:
    place(observer)
    deltas = value(observer, COUNT_DELTAS)
    with (
        acting(own_database, ADMIN) as first,
        acting(own_database, ADMIN) as second,
        acting(own_database, SYSTEM) as worker,
    ):
        placed = place(first)
        place(second)
        assert value(worker, ROLLUP, 100_000) == deltas, "the rollup must skip uncommitted deltas without waiting"
        place(first)
        first.execute("update orders set status = 'cancelled' where id = any (%s)", [placed])
        first.commit()
        worker.commit()
        place(second)
        second.commit()
    assert value(observer, COUNT_DELTAS) == 6
