"""Tests the functions that read orders through an index on `lower`. Queries of a caller cannot use this index.

The functions return exactly the orders that the policies show to the caller, and read only a few orders.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.test_injection import CONTEXT
from tests.database.test_queries import QUERIES
from tests.database.world import A_OTHER_SITE, A_SITE, B_SITE, A, B, ident

FUNCTION = "select app.count_returning_buyers(%(client)s, %(site)s, %(buyers)s::text[], %(first)s::timestamptz[])"
QUERY = """
select count(*) from unnest(%(buyers)s::text[], %(first)s::timestamptz[]) b (buyer, first_at)
where exists (
  select from orders o
  where o.client_id = %(client)s and coalesce(o.customer_subject, lower(o.customer_email)) = b.buyer
    and o.created_at < b.first_at and o.status <> 'cancelled' and (%(site)s::uuid is null or o.site_id = %(site)s))
"""
"""Selects the same count with a query of the caller. The policies apply to this query."""
ADDRESSES = "select unnest(app.order_ids_of_addresses(%(client)s, %(after)s, %(last)s))"
ADDRESSES_QUERY = """
select id from orders
where client_id = %(client)s and customer_email <> '' and (%(after)s::text is null or lower(customer_email) > %(after)s)
  and (%(last)s::text is null or lower(customer_email) <= %(last)s)
"""
"""Selects the same orders with a query of the caller."""
RANGES = [(None, None), (None, "c@test"), ("c@test", None), ("c@test", "late@test"), ("late@test", "c@test")]
SCOPES = [(client, site) for client in (A, B, ident("no client")) for site in (None, A_SITE, A_OTHER_SITE, B_SITE)]
BUYERS = ("customer", "c@test", "early@test", "late@test", "cancelled@test", "nobody@test")
CALLERS_BY_NAME = {caller.name: caller for caller in CALLERS}
BUYER_COUNT = 1_000
ROLES = ("app_admin", "app_client")
"""The roles that may execute the function."""


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def insert_order(superuser: psycopg.Connection, client: UUID, site: UUID, email: str, *, at: str, status: str) -> None:
    superuser.execute(
        "insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount,"
        " currency, created_at, shipping_address, items)"
        " values (%s, %s, app.uuid7()::text, 'C', %s, %s, 1, 'EUR', %s, '{}', '[]')",
        [client, site, email, status, at],
    )


@pytest.fixture
def buyers(superuser: psycopg.Connection) -> psycopg.Connection:
    """Create orders of both clients at three sites: orders before and after the middle of 2025, and cancelled
    orders.
    """
    superuser.execute("set local session_replication_role = replica")
    for client, site in ((A, A_SITE), (A, A_OTHER_SITE), (B, B_SITE)):
        insert_order(superuser, client, site, "Late@test", at="2025-08-01Z", status="pending")
        insert_order(superuser, client, site, "cancelled@test", at="2025-01-01Z", status="cancelled")
    insert_order(superuser, A, A_SITE, "Early@test", at="2025-01-01Z", status="shipped")
    insert_order(superuser, B, B_SITE, "C@TEST", at="2025-01-01Z", status="shipped")
    superuser.execute("set local session_replication_role = origin")
    return superuser


def run(
    superuser: psycopg.Connection, caller: Caller, query: str, values: Mapping[str, Any], injected: str = ""
) -> list[Any] | None:
    """Return the sorted results of a query, or None if the caller may not execute the statement."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                superuser.execute(injected.encode())
                return sorted(result for (result,) in superuser.execute(query.encode(), values).fetchall())
            except errors.InsufficientPrivilege:
                return None


def count(superuser: psycopg.Connection, caller: Caller, query: str, client: UUID, site: UUID | None) -> Any:
    """Return the count for a client and a site, or None if the caller may not execute the statement."""
    result = run(superuser, caller, query, parameters(client, site))
    return None if result is None else result[0]


def parameters(client: UUID, site: UUID | None) -> Mapping[str, Any]:
    """Return the parameters of the count, whose report begins in the middle of 2025."""
    return {"client": client, "site": site, "buyers": list(BUYERS), "first": ["2025-07-01Z"] * len(BUYERS)}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_the_count_contains_exactly_the_visible_orders_of_the_caller(
    buyers: psycopg.Connection, caller: Caller
) -> None:
    for scope in SCOPES:
        counted = count(buyers, caller, FUNCTION, *scope)
        if caller.role in ROLES:
            assert counted == count(buyers, caller, QUERY, *scope) is not None, scope
        else:
            assert not counted, scope


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_a_range_of_addresses_contains_exactly_the_visible_orders_of_the_caller(
    buyers: psycopg.Connection, caller: Caller
) -> None:
    for client in (A, B, ident("no client")):
        for after, last in RANGES:
            values = {"client": client, "after": after, "last": last}
            returned = run(buyers, caller, ADDRESSES, values)
            if caller.role in ROLES:
                assert returned == run(buyers, caller, ADDRESSES_QUERY, values) is not None, values
            else:
                assert not returned, values


def test_a_member_gets_only_the_orders_of_its_client(buyers: psycopg.Connection) -> None:
    owner = CALLERS_BY_NAME["A's owner"]
    late = {"client": A, "after": "early@test", "last": "late@test"}
    assert len(run(buyers, owner, ADDRESSES, late) or []) == 2
    assert run(buyers, owner, ADDRESSES, {**late, "client": B}) == []


def test_a_member_can_count_only_the_orders_of_its_client(buyers: psycopg.Connection) -> None:
    owner = CALLERS_BY_NAME["A's owner"]
    assert [count(buyers, owner, FUNCTION, A, site) for site in (None, A_SITE, A_OTHER_SITE, B_SITE)] == [1, 1, 0, 0]
    assert [count(buyers, owner, FUNCTION, B, site) for site in (None, A_SITE, B_SITE)] == [0, 0, 0]
    assert count(buyers, CALLERS_BY_NAME["B's owner"], FUNCTION, B, None) == 1


@pytest.mark.parametrize("name", ["A's owner", "service for A"])
def test_a_forged_context_shows_no_orders(buyers: psycopg.Connection, name: str) -> None:
    for injected in (CONTEXT, f"{CONTEXT}; set role app_admin"):
        assert run(buyers, CALLERS_BY_NAME[name], FUNCTION, parameters(B, None), injected) == [0]
        values = {"client": B, "after": None, "last": None}
        assert run(buyers, CALLERS_BY_NAME[name], ADDRESSES, values, injected) == []


@pytest.fixture
def many(superuser: psycopg.Connection) -> psycopg.Connection:
    """Create two orders of each of BUYER_COUNT buyers, in January and February 2025."""
    superuser.execute("set local session_replication_role = replica")
    superuser.execute(
        "insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount,"
        " currency, created_at, shipping_address, items)"
        " select %(client)s, %(site)s, 'many-' || n, 'C', 'C' || n %% %(count)s || '@test', 'shipped', 1, 'EUR',"
        "   timestamptz '2025-01-01 12:00Z' + n / %(count)s * interval '40 days', '{}', '[]'"
        " from generate_series(0, 2 * %(count)s - 1) n",
        {"client": A, "site": A_SITE, "count": BUYER_COUNT},
    )
    superuser.execute("set local session_replication_role = origin")
    superuser.execute("analyze orders")
    return superuser


def rows_read(superuser: psycopg.Connection, queries: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Any, int]:
    """Run queries as an owner of client A. Return the first row of the last query, and the number of orders that were
    read.
    """
    read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'orders'"
    owner = CALLERS_BY_NAME["A's owner"]
    superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(owner.login)))
    with entered(superuser, owner):
        [(before,)] = superuser.execute(read).fetchall()
        results = [superuser.execute(QUERIES[name].encode(), values).fetchall() for name, values in queries]
        [(after,)] = superuser.execute(read).fetchall()
    return results[-1][0], after - before


def test_the_details_of_a_report_do_not_read_all_orders_for_each_buyer(many: psycopg.Connection) -> None:
    values = {"client_id": A, "site_id": None, "zone": "UTC", "first_day": "2025-02-01", "last_day": "2025-02-28"}
    [details], read = rows_read(many, [("reports.client_details", {**values, "max_products": 20})])
    assert json.loads(details)["customers"] == {"customers": BUYER_COUNT, "returning": BUYER_COUNT}
    # A query of the caller would read 2,000 orders for each of the 1,000 buyers.
    assert read < 20 * BUYER_COUNT


def test_a_chunk_of_a_customer_export_does_not_read_all_orders(many: psycopg.Connection) -> None:
    values = {"scope": A, "site_id": None, "created_from": None, "created_to": None}
    keys = [f"c{number}@test" for number in range(100, 1000, 18)]
    chunks = [("exports.export_customers", {**values, "after_key": a, "last_key": b}) for a, b in pairwise(keys)]
    customer, read = rows_read(many, chunks)
    assert customer[1] == "c965@test"
    # Each of the 49 chunks would read 2,000 orders.
    assert read < 10 * BUYER_COUNT
