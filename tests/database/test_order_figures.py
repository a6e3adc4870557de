"""Tests the figures of local days. A day begins at local midnight, even if the clocks change. Old orders are counted
only once.
"""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from infra.local.postgres import DATABASE
from tests.database.conftest import Database
from tests.database.order_totals import (
    LOCAL_DIFFERENCE,
    OWN_ZONE_DIFFERENCE,
    allow_every_change,
    place,
    run_transactions,
    value,
)
from tests.database.replicas import started, wait_for_replay
from tests.database.world import A, B
from wecelebrate.schema import migrate


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("delete from order_lines")
        connection.execute("delete from orders")
        yield connection


COUNT = "select coalesce(sum(orders), 0)::integer from app.order_figures(%s, %s, %s, %s)"
DAYS = {
    "a day of 24 hours": ("Europe/Berlin", "2026-03-14", "2026-03-13 23:00Z", "2026-03-14 23:00Z"),
    "the clocks go forward, 23 hours": ("Europe/Berlin", "2026-03-29", "2026-03-28 23:00Z", "2026-03-29 22:00Z"),
    "the clocks go back, 25 hours": ("Europe/Berlin", "2026-10-25", "2026-10-24 22:00Z", "2026-10-25 23:00Z"),
    "midnight occurs twice": ("America/Havana", "2026-11-01", "2026-11-01 04:00Z", "2026-11-02 05:00Z"),
    "midnight is missing": ("Africa/Cairo", "2026-04-24", "2026-04-23 22:00Z", "2026-04-24 21:00Z"),
    "the clocks change by half an hour": (
        "Australia/Lord_Howe",
        "2026-04-05",
        "2026-04-04 13:00Z",
        "2026-04-05 13:30Z",
    ),
    "an offset of 5:45 hours": ("Asia/Kathmandu", "2026-03-14", "2026-03-13 18:15Z", "2026-03-14 18:15Z"),
    "the earliest time zone": ("Pacific/Kiritimati", "2026-03-14", "2026-03-13 10:00Z", "2026-03-14 10:00Z"),
    "the latest time zone": ("Pacific/Pago_Pago", "2026-03-14", "2026-03-14 11:00Z", "2026-03-15 11:00Z"),
}


@pytest.mark.parametrize("case", DAYS)
def test_a_day_contains_exactly_the_orders_between_its_local_midnights(
    superuser: psycopg.Connection, case: str
) -> None:
    zone, day, begin, end = DAYS[case]
    for at, offset in ((begin, -1), (begin, 0), (end, -1), (end, 0)):
        moment = value(superuser, "select %s::timestamptz + %s * interval '1 microsecond'", at, offset)
        place(superuser, at=moment)
    for _ in range(2):
        assert value(superuser, COUNT, A, zone, day, day) == 2
        days = superuser.execute(
            "select sum(orders)::integer from app.order_figures(%s, %s, %s::date - 1, %s::date + 1)"
            " group by local_time::date order by local_time::date",
            [A, zone, day, day],
        ).fetchall()
        assert days == [(1,), (2,), (1,)]
        superuser.execute("select app.rollup_order_deltas()")
    assert value(superuser, COUNT, B, zone, day, day) == 0


def test_orders_of_earlier_releases_are_counted_once(fresh: Callable[[], Database]) -> None:
    database = fresh()
    migrate(database.url("wc_migrate"))
    with psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute("insert into clients (id, name, slug) values (%s, 'A client', 'a')", [A])
        connection.execute(
            "insert into sites (id, client_id, name, slug, domain_token) values (%s, %s, 'A site', 'a', 't')", [B, A]
        )
        place(connection, client=A, site=B, count=3)
        connection.execute("select app.rollup_order_deltas()")
        place(connection, client=A, site=B, count=2)
        # The database is now like a database of the previous release. That release wrote deltas without slots.
        connection.execute("delete from order_slot_totals")
        connection.execute("delete from order_local_totals")
        connection.execute("update order_deltas set slot = null, site_id = null")
        connection.execute("delete from schema_functions where name = 'functions/reports'")
        migrate(database.url("wc_migrate"))
        assert connection.execute(LOCAL_DIFFERENCE).fetchall() == []
        assert connection.execute(OWN_ZONE_DIFFERENCE).fetchall() == []
        place(connection, client=A, site=B)
        connection.execute("select app.rollup_order_deltas()")
        assert value(connection, COUNT, A, "UTC", "2026-03-01", "2026-03-01") == 6
        connection.execute("delete from schema_functions where name = 'functions/reports'")
        migrate(database.url("wc_migrate"))
        assert connection.execute(LOCAL_DIFFERENCE).fetchall() == []


@pytest.mark.timeout(180)
def test_the_order_figures_on_the_replica_are_exact(tmp_path_factory: pytest.TempPathFactory) -> None:
    with started(tmp_path_factory.mktemp("servers")) as servers:
        database = Database(servers.primary, DATABASE, servers.credentials)
        with database.connect() as connection:
            allow_every_change(connection)
        run_transactions(database, 11, 30)
        with psycopg.connect(servers.replica_url, autocommit=True) as replica:
            for _ in range(2):
                wait_for_replay(servers)
                assert replica.execute(LOCAL_DIFFERENCE).fetchall() == []
                assert replica.execute(OWN_ZONE_DIFFERENCE).fetchall() == []
                with psycopg.connect(servers.primary_url, autocommit=True) as primary:
                    primary.execute("select app.rollup_order_deltas(20)")
                    primary.execute("update clients set timezone = 'Asia/Kathmandu'")
