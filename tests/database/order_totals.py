"""Helpers for tests of the daily figures: functions that place orders, change orders, and roll up deltas."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.world import A_OTHER_SITE, A_SITE, B_SITE, A, B
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
ADMIN, SYSTEM = BY_NAME["admin"], BY_NAME["system"]
SITES = ((A, A_SITE), (A, A_OTHER_SITE), (B, B_SITE))
STATUSES = ("pending", "processing", "shipped", "delivered", "cancelled")

DIFFERENCE = """
with figures as (
  select c.id, d.* from clients c cross join lateral app.daily_order_totals(c.id, '-infinity', 'infinity') d
), counted as (
  select client_id, (created_at at time zone 'UTC')::date, currency, status, count(*), sum(total_amount)
  from orders group by 1, 2, 3, 4
)
(table figures except all table counted) union all (table counted except all table figures)
"""
"""Selects the daily figures that differ from a direct count of the orders. The count and the figures are from the same
snapshot.
"""

LOCAL_DIFFERENCE = """
with zones (zone) as (
  values ('UTC'), ('Europe/Berlin'), ('Asia/Kathmandu'), ('America/Havana'), ('Australia/Lord_Howe')
), figures as (
  select zone, c.id, f.local_time::date, extract(hour from f.local_time), f.site_id, f.currency, f.status,
    sum(f.orders)::bigint, sum(f.amount)
  from zones cross join clients c cross join lateral app.order_figures(c.id, zone, '2000-01-01', '2100-01-01') f
  group by 1, 2, 3, 4, 5, 6, 7
), counted as (
  select zone, client_id, (created_at at time zone zone)::date, extract(hour from created_at at time zone zone),
    site_id, currency, status, count(*), sum(total_amount)
  from zones cross join orders group by 1, 2, 3, 4, 5, 6, 7
)
(table figures except all table counted) union all (table counted except all table figures)
"""
"""Selects the figures by local day and hour that differ from a direct count of the orders in the same snapshot."""

ROLLUP = "select app.rollup_order_deltas(%s)"
COUNT_DELTAS = "select count(*) from order_deltas"

TIMES = (
    *(f"2026-03-0{day} {time}Z" for day in (1, 2, 3) for time in ("00:00:00", "23:59:59.999999")),
    # times around local midnight, on days on which the clocks change
    *(
        "2026-03-28 22:59:59.999999Z",
        "2026-03-28 23:00Z",
        "2026-10-24 21:59Z",
        "2026-10-25 22:59Z",
        "2026-10-25 23:00Z",
    ),
    *("2026-11-01 03:59:59Z", "2026-11-01 04:00Z", "2026-11-01 04:59Z", "2026-11-01 05:00Z", "2026-03-01 18:15Z"),
)
"""The times at which `change_order` places orders."""

OWN_ZONE_DIFFERENCE = """
with figures as (
  select c.id, f.day, f.hour, f.site_id, f.currency, f.status, f.orders, f.amount
  from clients c cross join lateral app.local_order_figures(c.id, '2000-01-01', '2100-01-01') f
), placed as (
  select o.*, o.created_at at time zone c.timezone as local_time from orders o join clients c on c.id = o.client_id
), counted as (
  select client_id, local_time::date, -1::smallint, site_id, currency, status, count(*), sum(total_amount)
  from placed group by 1, 2, 4, 5, 6
  union all
  select client_id, local_time::date, extract(hour from local_time)::smallint,
    '00000000-0000-0000-0000-000000000000'::uuid, currency, 'kept', count(*), sum(total_amount)
  from placed where status <> 'cancelled' group by 1, 2, 3, 5
)
(table figures except all table counted) union all (table counted except all table figures)
"""
"""Selects the figures in the time zones of the clients that differ from a direct count of the orders."""

_PLACE = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, created_at,
  shipping_address, items)
select %(client)s, %(site)s, 'C', 'c@test', %(amount)s, %(currency)s, %(at)s, '{}', '[]'
from generate_series(1, %(count)s) returning id
"""
_ORDER = {"client": A, "site": A_SITE, "amount": 1, "currency": "USD", "at": "2026-03-01 12:00Z", "count": 1}


@contextmanager
def acting(database: Database, caller: Caller) -> Iterator[psycopg.Connection]:
    """Open a transaction of the caller. Each statement waits at most one second for a lock.

    The transaction is rolled back unless the test commits it.
    """
    with database.connect(caller.login) as connection:
        enter(connection, caller)
        connection.execute("set local lock_timeout = '1s'")
        yield connection
        if not connection.closed:
            connection.rollback()


def enter(connection: psycopg.Connection, caller: Caller) -> None:
    """Call `app.enter` as the caller."""
    connection.execute(ENTER, caller.parameters)


def allow_every_change(connection: psycopg.Connection) -> None:
    """Disable the trigger that allows only certain changes of an order. The deltas must be exact after every change.
    `connection` must belong to a superuser.
    """
    connection.execute("alter table orders disable trigger guard_change")


def value(connection: psycopg.Connection, query: str, *values: object) -> Any:
    """Return the first column of the first row."""
    row = connection.execute(query.encode(), values).fetchone()
    assert row
    return row[0]


def place(connection: psycopg.Connection, **changes: object) -> list[UUID]:
    """Place `count` orders and return their ids. `changes` replaces values of the default order."""
    return [order_id for (order_id,) in connection.execute(_PLACE, {**_ORDER, **changes})]


def rollup_all(database: Database, max_rows: int = 100) -> int:
    """Roll up all deltas, and return the number of deltas."""
    total = 0
    with database.connect("wc_worker") as connection:
        for _ in range(1000):
            enter(connection, SYSTEM)
            count = int(value(connection, ROLLUP, max_rows))
            connection.commit()
            total += count
            if count == 0:
                return total
    raise AssertionError("the rollup did not end after 1,000 calls")


def change_order(connection: psycopg.Connection, rng: Random, orders: list[UUID]) -> None:
    """Make one random change: place new orders, or change or delete orders whose ids are in `orders`."""
    order = rng.choice(orders) if orders else None
    kind = rng.random() if order else 0.0
    client, site = rng.choice(SITES)
    at = rng.choice(TIMES)
    currency = rng.choice(("USD", "EUR"))
    amount = rng.randint(0, 99_999) / 100
    if kind < 0.4:
        values = {"client": client, "site": site, "at": at, "currency": currency, "amount": amount}
        orders += place(connection, **values, count=rng.randint(1, 4))
    elif kind < 0.6:
        connection.execute("update orders set status = %s where id = %s", [rng.choice(STATUSES), order])
    elif kind < 0.7:
        sample = rng.sample(orders, min(len(orders), 5))
        connection.execute("update orders set status = %s where id = any (%s)", [rng.choice(STATUSES), sample])
    elif kind < 0.8:
        connection.execute("update orders set total_amount = %s where id = %s", [amount, order])
    elif kind < 0.9:
        connection.execute(
            "update orders set client_id = %s, site_id = %s, created_at = %s, currency = %s where id = %s",
            [client, site, at, currency, order],
        )
    else:
        connection.execute("delete from orders where id = %s", [order])


def run_transactions(database: Database, seed: int, count: int) -> None:
    """Run `count` transactions with random changes, one after the other. About one transaction in ten is rolled
    back.
    """
    rng = Random(seed)
    orders: list[UUID] = []
    with database.connect("wc_api") as connection:
        for _ in range(count):
            before = list(orders)
            enter(connection, ADMIN)
            for _ in range(rng.randint(1, 3)):
                change_order(connection, rng, orders)
            if rng.random() < 0.1:
                connection.rollback()
                orders = before
            else:
                connection.commit()
