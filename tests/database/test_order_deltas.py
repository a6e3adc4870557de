"""Tests the deltas of orders: which statements write deltas, and which callers can read or roll up deltas."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.order_totals import (
    BY_NAME,
    COUNT_DELTAS,
    DIFFERENCE,
    LOCAL_DIFFERENCE,
    ROLLUP,
    SYSTEM,
    acting,
    allow_every_change,
    enter,
    place,
    value,
)
from tests.database.probe import entered
from tests.database.world import A_OTHER_SITE, A, B, ident


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        allow_every_change(connection)
        yield connection


def test_the_totals_are_exact_even_if_deltas_are_rolled_up_out_of_order(superuser: psycopg.Connection) -> None:
    totals = []
    superuser.execute("delete from order_deltas")
    (order,) = place(superuser, at="2026-07-01 12:00Z", amount=10)
    superuser.execute("update orders set total_amount = 15 where id = %s", [order])
    superuser.execute("update order_deltas set id = 'ffffffff-ffff-7fff-bfff-ffffffffffff' where orders = 1")
    for _ in range(2):
        assert value(superuser, ROLLUP, 1) == 1
        totals += superuser.execute("select orders, amount from order_daily_totals where day = '2026-07-01'").fetchall()
    assert totals == [(0, 5), (1, 15)]


STATEMENTS = {
    "upsert of existing orders": """
        insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount,
          shipping_address, items)
        select client_id, site_id, order_number, 'C', 'c', 5, '{}', '[]' from orders
        on conflict (client_id, order_number) do update set total_amount = 7""",
    "merge": """
        merge into orders o using orders p on o.id = p.id
        when matched and o.customer_subject is null then delete
        when matched then update set currency = 'CHF'""",
    "delete and insert in one statement": """
        with deleted as (delete from orders returning *)
        insert into orders (client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items)
        select client_id, site_id, customer_name, customer_email, total_amount + 1, '{}', '[]' from deleted""",
    "two updates inside a select": """
        with first as (update orders set status = 'shipped' where order_number < 'F'),
             second as (update orders set total_amount = 3 where order_number >= 'F')
        select 1""",
    "delete of no row": "delete from orders where false",
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_order_deltas_are_exact_after_every_type_of_statement(
    superuser: psycopg.Connection, statement: str
) -> None:
    superuser.execute("delete from order_lines")
    superuser.execute(sql.SQL(STATEMENTS[statement]))
    assert superuser.execute(DIFFERENCE).fetchall() == []


def test_a_statement_writes_deltas_only_if_it_changes_the_figures(superuser: psycopg.Connection) -> None:
    before = value(superuser, COUNT_DELTAS)
    superuser.execute("update orders set status = status, customer_name = 'renamed', metadata = '{\"a\": 1}'")
    superuser.execute("update orders set site_id = site_id, created_at = date_bin('1 s', created_at, '2000-01-01Z')")
    assert value(superuser, COUNT_DELTAS) == before
    superuser.execute("update orders set site_id = %s where client_id = %s", [A_OTHER_SITE, A])
    assert value(superuser, COUNT_DELTAS) == before + 2, "the figures of both sites change"
    assert superuser.execute(DIFFERENCE).fetchall() == []
    assert superuser.execute(LOCAL_DIFFERENCE).fetchall() == []


def test_a_statement_writes_one_delta_per_day(superuser: psycopg.Connection) -> None:
    superuser.execute("delete from order_deltas")
    place(superuser, count=1000, at="2026-05-05 05:05Z", amount=2)
    deltas = superuser.execute("select orders, amount from order_deltas").fetchall()
    assert deltas == [(1000, 2000)]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_delta_has_the_utc_day_in_every_session_time_zone(superuser: psycopg.Connection, zone: str) -> None:
    superuser.execute("delete from order_deltas")
    superuser.execute(sql.SQL("set local time zone {}").format(sql.Literal(zone)))
    place(superuser, at="2026-03-01 00:00Z")
    place(superuser, at="2026-03-01 23:59:59Z")
    assert superuser.execute("select distinct day::text from order_deltas").fetchall() == [("2026-03-01",)]


@pytest.mark.parametrize("max_rows", [0, -1, 100_001, None])
def test_a_rollup_rejects_an_invalid_number_of_rows(database: Database, max_rows: int | None) -> None:
    with acting(database, SYSTEM) as system, pytest.raises(errors.InvalidParameterValue):
        system.execute(ROLLUP, [max_rows])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_only_the_system_can_roll_up_deltas(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    with entered(connections[caller.login], caller) as connection:
        if caller.role in ("app_system", "app_definer"):
            connection.execute(ROLLUP, [1])
        else:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(ROLLUP, [1])


TOTAL = "select sum(orders)::integer from app.daily_order_totals(%s, '-infinity', 'infinity')"
READERS = ("app_admin", "app_client", "app_system", "app_owner")


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_a_caller_reads_only_the_figures_of_its_clients(
    connections: dict[str, psycopg.Connection], caller: Caller
) -> None:
    with entered(connections[caller.login], caller) as connection:
        if caller.role not in READERS:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(TOTAL, [A])
            return
        visible = {A, B} if caller.role in ("app_admin", "app_system") else caller.clients
        for client, orders in ((A, 3), (B, 1)):
            expected = orders if caller.entered and client in visible else None
            assert value(connection, TOTAL, client) == expected


@pytest.mark.parametrize("name", ["A's editor", "owner of A and viewer of B", "service for A"])
def test_a_change_by_a_client_writes_only_deltas_of_that_client(superuser: psycopg.Connection, name: str) -> None:
    caller = BY_NAME[name]
    superuser.execute("delete from order_deltas")
    superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
    enter(superuser, caller)
    superuser.execute("update orders set status = 'shipped' where status = 'pending'")
    superuser.execute("set local session authorization default")
    superuser.execute("set local role postgres")
    deltas = superuser.execute("select distinct client_id, sum(orders) over () from order_deltas").fetchall()
    assert deltas == [(A, 0)]


def test_a_viewer_cannot_change_an_order_or_write_a_delta(superuser: psycopg.Connection) -> None:
    before = value(superuser, COUNT_DELTAS)
    superuser.execute("set local session authorization wc_api")
    enter(superuser, BY_NAME["A's viewer"])
    assert superuser.execute("update orders set status = 'shipped'").rowcount == 0
    superuser.execute("set local session authorization default")
    superuser.execute("set local role postgres")
    assert value(superuser, COUNT_DELTAS) == before


def test_callers_cannot_call_the_trigger_function_that_writes_deltas(
    connections: dict[str, psycopg.Connection],
) -> None:
    for caller in CALLERS:
        with entered(connections[caller.login], caller) as connection:
            # Roles with the privilege get FeatureNotSupported, because a statement cannot call a trigger function.
            refusals = (errors.InsufficientPrivilege, errors.FeatureNotSupported)
            with pytest.raises(refusals), connection.transaction():
                connection.execute("select app.record_order_deltas()")


def test_a_report_query_uses_the_indexes_on_client_and_day(database: Database) -> None:
    with acting(database, BY_NAME["A's owner"]) as client:
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


def test_a_client_with_remaining_order_deltas_can_be_deleted(
    superuser: psycopg.Connection,
) -> None:
    client, site = ident("a deleted client"), ident("a deleted site")
    superuser.execute("insert into clients (id, name, slug) values (%s, 'client', 'deleted')", [client])
    superuser.execute("insert into sites (id, client_id, name) values (%s, %s, 'site')", [site, client])
    place(superuser, client=client, site=site)
    superuser.execute("delete from orders where client_id = %s", [client])
    superuser.execute("delete from sites where id = %s", [site])
    superuser.execute("delete from clients where id = %s", [client])
    for _ in range(1000):
        if not value(superuser, ROLLUP, 1):
            break
    assert value(superuser, COUNT_DELTAS) == 0
    assert value(superuser, "select count(*) from order_daily_totals where client_id = %s", client) == 0
    assert superuser.execute(DIFFERENCE).fetchall() == []
