"""Figures of a day are those of the orders: in every snapshot, while others order and fold, whatever is killed."""

import fcntl
import runpy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from infra.functions import FUNCTIONS
from tests.database import world
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_OTHER_SITE, A_SITE, B_SITE, CALLERS, A, B, Caller, ident
from wecelebrate import batches
from wecelebrate import database as function
from wecelebrate.database import ENTER
from wecelebrate.orders import days
from wecelebrate.settings import settings

BY_NAME = {caller.name: caller for caller in CALLERS}
ADMIN, SYSTEM = BY_NAME["admin"], BY_NAME["system"]

DIFFERENCE = """
with told as (
  select c.id, d.* from clients c cross join lateral app.daily_order_totals(c.id, '-infinity', 'infinity') d
), counted as (
  select client_id, (created_at at time zone 'UTC')::date, currency, status, count(*), sum(total_amount)
  from orders group by 1, 2, 3, 4
)
(table told except all table counted) union all (table counted except all table told)
"""
"""Figures that are not those of the orders; one statement, so one snapshot."""

PLACE = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, created_at,
  shipping_address, items)
select %(client)s, %(site)s, 'C', 'c@test', %(amount)s, %(currency)s, %(at)s, '{}', '[]'
from generate_series(1, %(count)s) returning id
"""
ORDER = {"client": A, "site": A_SITE, "amount": 1, "currency": "USD", "at": "2026-03-01 12:00Z", "count": 1}
FOLD = "select app.rollup_order_deltas(%s)"
DELTAS = "select count(*) from order_deltas"


@pytest.fixture(scope="module")
def shop(database: Database, state: Path, worker_id: str) -> Iterator[Database]:
    """A world of this module's own: its tests commit."""
    made = replace(database, name=f"order_days_{worker_id}")
    with (state / "world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made.migrate()
    with made.connect() as connection:
        world.seed(connection)
    yield made
    with database.connect(autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(made.name)))


@pytest.fixture
def onlooker(shop: Database) -> Iterator[psycopg.Connection]:
    """The superuser, who sees every row. The figures are right when a test begins, and when it ends."""
    with shop.connect(autocommit=True) as connection:
        assert connection.execute(DIFFERENCE).fetchall() == []
        yield connection
        assert connection.execute(DIFFERENCE).fetchall() == []


@pytest.fixture
def superuser(shop: Database) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back."""
    with shop.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


@contextmanager
def acting(shop: Database, caller: Caller) -> Iterator[psycopg.Connection]:
    """A transaction as the caller that waits for no lock, for the test to end."""
    with shop.connect(caller.login) as connection:
        enter(connection, caller)
        connection.execute("set local lock_timeout = '1s'")
        yield connection
        if not connection.closed:
            connection.rollback()


def enter(connection: psycopg.Connection, caller: Caller) -> None:
    connection.execute(ENTER, caller.parameters)


def value(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row
    return row[0]


def place(connection: psycopg.Connection, **changed: object) -> list[UUID]:
    return [made for (made,) in connection.execute(PLACE, {**ORDER, **changed})]


def fold_all(shop: Database, most: int = 100) -> int:
    """Fold until nothing is left to fold; how many deltas that were."""
    folded = 0
    with shop.connect("wc_worker") as connection:
        for _ in range(1000):
            enter(connection, SYSTEM)
            last = int(value(connection, FOLD, most))
            connection.commit()
            folded += last
            if last == 0:
                return folded
    raise AssertionError("there is no end to the deltas")


PLACES = ((A, A_SITE), (A, A_OTHER_SITE), (B, B_SITE))
STATUSES = ("pending", "processing", "shipped", "delivered", "cancelled")


def change(connection: psycopg.Connection, rng: Random, mine: list[UUID]) -> None:
    """One thing that happens to orders: placed, moved on, repriced, carried elsewhere, deleted."""
    order = rng.choice(mine) if mine else None
    what = rng.random() if order else 0.0
    client, site = rng.choice(PLACES)
    at = f"2026-03-0{rng.randint(1, 3)} {rng.choice(('00:00:00', '23:59:59.999999'))}Z"
    currency = rng.choice(("USD", "EUR"))
    amount = rng.randint(0, 99_999) / 100
    if what < 0.4:
        ordered = {"client": client, "site": site, "at": at, "currency": currency, "amount": amount}
        mine += place(connection, **ordered, count=rng.randint(1, 4))
    elif what < 0.6:
        connection.execute("update orders set status = %s where id = %s", [rng.choice(STATUSES), order])
    elif what < 0.7:
        some = rng.sample(mine, min(len(mine), 5))
        connection.execute("update orders set status = %s where id = any (%s)", [rng.choice(STATUSES), some])
    elif what < 0.8:
        connection.execute("update orders set total_amount = %s where id = %s", [amount, order])
    elif what < 0.9:
        connection.execute(
            "update orders set client_id = %s, site_id = %s, created_at = %s, currency = %s where id = %s",
            [client, site, at, currency, order],
        )
    else:
        connection.execute("delete from orders where id = %s", [order])


def live(shop: Database, seed: int, changes: int) -> None:
    """A history of one transaction after another, some of which are rolled back."""
    rng = Random(seed)
    mine: list[UUID] = []
    with shop.connect("wc_api") as connection:
        for _ in range(changes):
            before = list(mine)
            enter(connection, ADMIN)
            for _ in range(rng.randint(1, 3)):
                change(connection, rng, mine)
            if rng.random() < 0.1:
                connection.rollback()
                mine = before
            else:
                connection.commit()


def fold_while(shop: Database, ordering: Callable[[], bool]) -> int:
    """Fold a few at a time; how many that were."""
    folded = 0
    with shop.connect("wc_worker") as connection:
        for _ in range(10_000):
            if not ordering():
                break
            enter(connection, SYSTEM)
            folded += int(value(connection, FOLD, 5))
            connection.commit()
    return folded


def test_every_snapshot_is_exact_while_many_order_and_two_fold(shop: Database, onlooker: psycopg.Connection) -> None:
    reads = both = 0
    with ThreadPoolExecutor(6) as threads:
        histories = [threads.submit(live, shop, seed, 60) for seed in range(4)]

        def ordering() -> bool:
            return not all(history.done() for history in histories)

        folds = [threads.submit(fold_while, shop, ordering) for _ in range(2)]
        for _ in range(10_000):
            if not ordering():
                break
            assert onlooker.execute(DIFFERENCE).fetchall() == []
            reads += 1
            both += value(onlooker, "select exists (table order_deltas) and exists (table order_daily_totals)")
        for history in histories:
            history.result()
        assert min(fold.result() for fold in folds) > 0
    assert reads >= 10
    assert both >= 5, "of what was read some was folded and some was not"


def test_after_a_fold_of_everything_the_days_alone_are_exact(shop: Database, onlooker: psycopg.Connection) -> None:
    live(shop, 7, 40)
    assert value(onlooker, DELTAS) > 0
    fold_all(shop)
    assert value(onlooker, DELTAS) == 0
    assert value(onlooker, "select count(*) from order_daily_totals where orders <= 0") == 0, (
        "a day of nothing is no row"
    )
    assert value(onlooker, "select sum(orders) from order_daily_totals") == value(
        onlooker, "select count(*) from orders"
    )


def test_many_folds_at_once_lose_and_double_nothing(shop: Database, onlooker: psycopg.Connection) -> None:
    fold_all(shop)
    for n in range(300):
        client, site = PLACES[n % 3]
        place(onlooker, client=client, site=site, at=f"2026-04-{n % 28 + 1} 12:00Z", amount=n)
    with ThreadPoolExecutor(4) as threads:
        folded = sum(threads.map(lambda most: fold_all(shop, most), (3, 5, 7, 11)))
    assert (folded, value(onlooker, DELTAS)) == (300, 0)


def test_two_folds_share_the_deltas_out_and_the_second_does_not_wait(
    shop: Database, onlooker: psycopg.Connection
) -> None:
    fold_all(shop)
    place(onlooker, client=A, site=A_SITE)
    place(onlooker, client=B, site=B_SITE)
    with acting(shop, SYSTEM) as first, acting(shop, SYSTEM) as second:
        assert value(first, FOLD, 1) == 1
        assert value(second, FOLD, 100) == 1
        assert value(second, FOLD, 100) == 0
        second.commit()
        assert onlooker.execute(DIFFERENCE).fetchall() == []
        first.commit()
    assert value(onlooker, DELTAS) == 0


@pytest.fixture
def run(shop: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], int]]:
    """The function of the schedule, in this process: one run of so many seconds, with batches of three."""
    for name, given in {
        "WRITER": shop.address,
        "NAME": shop.name,
        "LOGIN": "wc_worker",
        "PASSWORD": shop.credentials.logins["wc_worker"],
    }.items():
        monkeypatch.setenv(f"WC_DATABASE_{name}", given)
    settings.cache_clear()
    monkeypatch.setattr(days, "BATCH", 3)
    handler = runpy.run_path(str(FUNCTIONS / "schedules/order_days/handler.py"))["handler"]

    def run(longest: float) -> int:
        monkeypatch.setattr(batches, "LONGEST", longest)
        return int(handler({}, None)["folded"])

    yield run
    function._writer.drop()
    settings.cache_clear()


@pytest.mark.parametrize(("longest", "folded"), [(45, [7, 0]), (-1, [3, 3, 1, 0])])
def test_a_run_of_the_schedule_folds_batch_after_batch_as_long_as_there_is_time(
    shop: Database, onlooker: psycopg.Connection, run: Callable[[float], int], longest: float, folded: list[int]
) -> None:
    fold_all(shop)
    for _ in range(7):
        place(onlooker)
    assert [run(longest) for _ in folded] == folded
    assert value(onlooker, DELTAS) == 0


def test_folds_meet_in_the_days_in_one_order_so_none_waits_for_one_that_waits_for_it(
    shop: Database, onlooker: psycopg.Connection
) -> None:
    fold_all(shop)
    days = [f"2026-06-{n:02}" for n in range(1, 29)]
    for day in days:
        place(onlooker, at=f"{day} 12:00Z")
    fold_all(shop)  # so that each day has a row
    for day in reversed(days):
        place(onlooker, at=f"{day} 12:00Z")
    lock = "select from order_daily_totals where client_id = %s and day = any (%s) for update"
    with shop.connect() as holder, shop.connect("wc_worker") as fold, ThreadPoolExecutor(1) as thread:
        holder.execute(lock, [A, days[:1]])
        enter(fold, SYSTEM)
        fold.execute("set local lock_timeout = '10s'")
        folding = thread.submit(value, fold, FOLD, 100)
        for _ in range(1000):
            waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
            if value(onlooker, waits, fold.info.backend_pid):
                break
            time.sleep(0.01)
        # It waits for the first day, and holds none of those after it.
        onlooker.execute(f"{lock} nowait", [A, days[1:]])
        holder.rollback()
        assert folding.result() == 28
        fold.commit()


def test_a_fold_may_get_the_later_of_two_deltas_first(superuser: psycopg.Connection) -> None:
    while_out_of_order = []
    superuser.execute("delete from order_deltas")
    (order,) = place(superuser, at="2026-07-01 12:00Z", amount=10)
    superuser.execute("update orders set total_amount = 15 where id = %s", [order])
    superuser.execute("update order_deltas set id = 'ffffffff-ffff-7fff-bfff-ffffffffffff' where orders = 1")
    for _ in range(2):
        assert value(superuser, FOLD, 1) == 1
        while_out_of_order += superuser.execute(
            "select orders, amount from order_daily_totals where day = '2026-07-01'"
        ).fetchall()
    assert while_out_of_order == [(0, 5), (1, 15)]


@pytest.mark.parametrize("end", ["rolled back", "killed"])
def test_a_fold_that_is_broken_off_has_done_nothing(shop: Database, onlooker: psycopg.Connection, end: str) -> None:
    for client, site in PLACES:
        place(onlooker, client=client, site=site)
    waiting = value(onlooker, DELTAS)
    days = onlooker.execute("table order_daily_totals").fetchall()
    with acting(shop, SYSTEM) as fold:
        assert value(fold, FOLD, 100) >= 3
        if end == "killed":
            assert value(onlooker, "select pg_terminate_backend(%s, 5000)", fold.info.backend_pid)
            with pytest.raises(psycopg.OperationalError):
                fold.execute("select")
            fold.close()
        else:
            fold.rollback()
        assert value(onlooker, DELTAS) == waiting
        assert sorted(onlooker.execute("table order_daily_totals")) == sorted(days)
    assert fold_all(shop) == waiting


def test_orders_of_one_client_wait_neither_for_each_other_nor_for_a_fold(
    shop: Database, onlooker: psycopg.Connection
) -> None:
    place(onlooker)
    waiting = value(onlooker, DELTAS)
    with acting(shop, ADMIN) as one, acting(shop, ADMIN) as other, acting(shop, SYSTEM) as fold:
        placed = place(one)
        place(other)
        assert value(fold, FOLD, 100_000) == waiting, "what is not committed is not folded, nor waited for"
        place(one)
        one.execute("update orders set status = 'cancelled' where id = any (%s)", [placed])
        one.commit()
        fold.commit()
        place(other)
        other.commit()
    assert value(onlooker, DELTAS) == 6


WRITES = {
    "an upsert of what is there": """
        insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount,
          shipping_address, items)
        select client_id, site_id, order_number, 'C', 'c', 5, '{}', '[]' from orders
        on conflict (client_id, order_number) do update set total_amount = 7""",
    "a merge": """
        merge into orders o using orders p on o.id = p.id
        when matched and o.customer_subject is null then delete
        when matched then update set currency = 'CHF'""",
    "orders that are taken away and placed anew": """
        with gone as (delete from orders returning *)
        insert into orders (client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items)
        select client_id, site_id, customer_name, customer_email, total_amount + 1, '{}', '[]' from gone""",
    "a write within a read": """
        with one as (update orders set status = 'shipped' where order_number < 'F'),
             other as (update orders set total_amount = 3 where order_number >= 'F')
        select 1""",
    "nothing": "delete from orders where false",
}


@pytest.mark.parametrize("how", WRITES)
def test_however_orders_are_written_it_is_noted(superuser: psycopg.Connection, how: str) -> None:
    superuser.execute("delete from order_lines")
    superuser.execute(sql.SQL(WRITES[how]))
    assert superuser.execute(DIFFERENCE).fetchall() == []


def test_what_moves_no_figure_is_not_noted(superuser: psycopg.Connection) -> None:
    before = value(superuser, DELTAS)
    superuser.execute("update orders set status = status, customer_name = 'renamed', metadata = '{\"a\": 1}'")
    superuser.execute("update orders set site_id = %s where client_id = %s", [A_OTHER_SITE, A])
    assert value(superuser, DELTAS) == before


def test_a_statement_is_noted_by_the_day_and_not_by_the_order(superuser: psycopg.Connection) -> None:
    superuser.execute("delete from order_deltas")
    place(superuser, count=1000, at="2026-05-05 05:05Z", amount=2)
    noted = superuser.execute("select orders, amount from order_deltas").fetchall()
    assert noted == [(1000, 2000)]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_day_is_one_of_utc_wherever_one_is(superuser: psycopg.Connection, zone: str) -> None:
    superuser.execute("delete from order_deltas")
    superuser.execute(sql.SQL("set local time zone {}").format(sql.Literal(zone)))
    place(superuser, at="2026-03-01 00:00Z")
    place(superuser, at="2026-03-01 23:59:59Z")
    assert superuser.execute("select distinct day::text from order_deltas").fetchall() == [("2026-03-01",)]


@pytest.mark.parametrize("most", [0, -1, 100_001, None])
def test_a_fold_is_bounded(shop: Database, most: int | None) -> None:
    with acting(shop, SYSTEM) as system, pytest.raises(errors.InvalidParameterValue):
        system.execute(FOLD, [most])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_folding_is_for_schedules(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    with entered(connections[caller.login], caller) as connection:
        if caller.role in ("app_system", "app_definer"):
            connection.execute(FOLD, [1])
        else:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(FOLD, [1])


DAILY = "select sum(orders)::integer from app.daily_order_totals(%s, '-infinity', 'infinity')"
READERS = ("app_admin", "app_client", "app_system", "app_owner")


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_each_caller_adds_up_its_own_clients(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    with entered(connections[caller.login], caller) as connection:
        if caller.role not in READERS:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(DAILY, [A])
            return
        seen = {A, B} if caller.role in ("app_admin", "app_system") else caller.clients
        for client, orders in ((A, 3), (B, 1)):
            assert value(connection, DAILY, client) == (orders if caller.entered and client in seen else None)


@pytest.mark.parametrize("name", ["A's editor", "owner of A and viewer of B", "service for A"])
def test_what_a_client_changes_is_noted_as_its_own(superuser: psycopg.Connection, name: str) -> None:
    caller = BY_NAME[name]
    superuser.execute("delete from order_deltas")
    superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
    enter(superuser, caller)
    superuser.execute("update orders set status = 'shipped' where status = 'pending'")
    superuser.execute("set local session authorization default")
    superuser.execute("set local role postgres")
    noted = superuser.execute("select distinct client_id, sum(orders) over () from order_deltas").fetchall()
    assert noted == [(A, 0)]


def test_a_client_that_may_not_write_notes_nothing(superuser: psycopg.Connection) -> None:
    before = value(superuser, DELTAS)
    superuser.execute("set local session authorization wc_api")
    enter(superuser, BY_NAME["A's viewer"])
    assert superuser.execute("update orders set status = 'shipped'").rowcount == 0
    superuser.execute("set local session authorization default")
    superuser.execute("set local role postgres")
    assert value(superuser, DELTAS) == before


def test_nobody_calls_what_notes_orders(connections: dict[str, psycopg.Connection]) -> None:
    for caller in CALLERS:
        with entered(connections[caller.login], caller) as connection:
            refusals = (errors.InsufficientPrivilege, errors.FeatureNotSupported)  # a trigger function is not called
            with pytest.raises(refusals), connection.transaction():
                connection.execute("select app.record_order_deltas()")


def test_a_report_reads_its_client_and_days_by_index(shop: Database) -> None:
    with acting(shop, BY_NAME["A's owner"]) as client:
        client.execute("set local enable_seqscan = off")
        plan = client.execute(
            "explain select day, sum(orders) from app.daily_order_totals(%s, '2026-03-01', '2026-03-31') group by day",
            [A],
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    for index in ("order_daily_totals_pkey", "order_deltas_by_client"):
        assert index in text
    ranges = [line for (line,) in plan if "Index Cond" in line]
    assert len(ranges) == 2
    assert all(str(A) in line and "2026-03-01" in line and "2026-03-31" in line for line in ranges)


def test_an_order_that_is_deleted_leaves_its_client_free_to_go(superuser: psycopg.Connection) -> None:
    """Before its deltas are folded, and the fold goes on afterwards."""
    client, site = ident("a client that goes"), ident("a site that goes")
    superuser.execute("insert into clients (id, name, slug) values (%s, 'client', 'goes')", [client])
    superuser.execute("insert into sites (id, client_id, name) values (%s, %s, 'site')", [site, client])
    place(superuser, client=client, site=site)
    superuser.execute("delete from orders where client_id = %s", [client])
    superuser.execute("delete from sites where id = %s", [site])
    superuser.execute("delete from clients where id = %s", [client])
    for _ in range(1000):
        if not value(superuser, FOLD, 1):
            break
    assert value(superuser, DELTAS) == 0
    assert value(superuser, "select count(*) from order_daily_totals where client_id = %s", client) == 0
    assert superuser.execute(DIFFERENCE).fetchall() == []
