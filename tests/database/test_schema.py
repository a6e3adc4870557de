"""Tests the triggers, keys, constraints and partitions of the schema."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_SITE, B_SITE, A, B, ident

BY_NAME = {caller.name: caller for caller in CALLERS}


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def value(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    assert row
    return row[0]


def test_every_table_with_updated_at_has_a_trigger_that_sets_it(superuser: psycopg.Connection) -> None:
    tables = superuser.execute(
        "select attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = attrelid"
        " where attname = 'updated_at' and relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(tables) >= 8
    for (table,) in tables:
        superuser.execute(f"alter table {table} disable trigger user".encode())
        superuser.execute(f"update {table} set updated_at = '2001-01-01'".encode())
        superuser.execute(f"alter table {table} enable trigger user".encode())
        superuser.execute(f"update {table} set updated_at = '2002-02-02'".encode())
        assert value(superuser, f"select bool_and(updated_at = now()) from {table}"), table


ORDER = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount, currency,
  shipping_address, items)
values (%(client)s, %(site)s, %(number)s, 'C', 'c@test', %(status)s, %(total)s, %(currency)s, '{}', '[]')
"""
VALID = {"client": A, "site": A_SITE, "number": "X1", "status": "pending", "total": 1, "currency": "USD"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": "lost"}, errors.CheckViolation),
        ({"total": -1}, errors.CheckViolation),
        ({"total": 10**12}, errors.CheckViolation),
        ({"currency": "usd"}, errors.CheckViolation),
        ({"site": B_SITE}, errors.ForeignKeyViolation),
        ({"client": B}, errors.ForeignKeyViolation),
        ({"client": uuid4()}, errors.ForeignKeyViolation),
        ({"number": "0"}, errors.UniqueViolation),
    ],
)
def test_an_invalid_order_is_rejected(
    superuser: psycopg.Connection, change: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error), superuser.transaction():
        superuser.execute(ORDER, {**VALID, **change})


def test_two_clients_can_have_orders_with_the_same_order_number(superuser: psycopg.Connection) -> None:
    superuser.execute(ORDER, VALID)
    superuser.execute(ORDER, {**VALID, "client": B, "site": B_SITE})


def test_a_client_with_orders_cannot_be_deleted(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation), superuser.transaction():
        superuser.execute("delete from clients where id = %s", [A])


def test_the_partition_function_creates_only_missing_partitions(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_worker"], BY_NAME["system"]) as system:
        assert value(system, "select app.create_event_partitions('2031-03-31', 2)") == 3
        assert value(system, "select app.create_event_partitions('2031-04-01', 2)") == 1
        assert value(system, "select app.create_event_partitions('2031-03-01', 3)") == 0
        assert value(system, "select app.create_event_partitions(current_date)") == 0
        secured = system.execute(
            "select relname, relrowsecurity, relforcerowsecurity, relacl from pg_class"
            " where relname ~ '_2031_' and relkind = 'r' order by 1"
        )
        assert secured.fetchall() == [(f"analytics_events_2031_0{n}", True, True, None) for n in (3, 4, 5, 6)]


@pytest.mark.parametrize("ahead", [-1, 25, None])
def test_an_invalid_number_of_partitions_is_rejected(
    connections: dict[str, psycopg.Connection], ahead: int | None
) -> None:
    with (
        entered(connections["wc_worker"], BY_NAME["system"]) as system,
        pytest.raises((errors.InvalidParameterValue, errors.NullValueNotAllowed)),
        system.transaction(),
    ):
        system.execute("select app.create_event_partitions('2031-03-31', %s)", [ahead])


def test_an_event_for_a_month_without_a_partition_is_rejected(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_worker"], BY_NAME["system"]) as system:
        event = (
            "insert into analytics_events (client_id, event_type, event_data, accepted_at) values (%s, 'v', '{}', %s)"
        )
        system.execute(event, [A, datetime.now(UTC)])
        with pytest.raises(errors.CheckViolation, match="no partition"), system.transaction():
            system.execute(event, [A, datetime(2001, 1, 1, tzinfo=UTC)])


def test_an_event_id_is_recorded_only_once_for_each_client(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_worker"], BY_NAME["system"]) as system:
        receipt = "insert into event_receipts (client_id, event_id) values (%s, %s) on conflict do nothing"
        assert system.execute(receipt, [A, ident("A's event")]).rowcount == 0
        assert system.execute(receipt, [B, ident("A's event")]).rowcount == 1


def test_new_ids_are_uuids_of_version_7_and_sort_by_time(superuser: psycopg.Connection) -> None:
    ids: list[UUID] = []
    for _ in range(20):
        time.sleep(0.002)
        before = time.time_ns() // 1_000_000
        new = value(superuser, "select app.uuid7()")
        assert isinstance(new, UUID)
        ids.append(new)
        # RFC 9562: 48 bits of milliseconds, version 7, variant 10.
        assert before <= ids[-1].int >> 80 <= time.time_ns() // 1_000_000
        assert ids[-1].version == 7
        assert ids[-1].variant == "specified in RFC 4122"
    assert ids == sorted(ids)
    assert value(superuser, "select count(distinct app.uuid7()) from generate_series(1, 10000)") == 10_000
