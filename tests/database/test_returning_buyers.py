"""Tests that the count of returning buyers contains exactly the orders that the caller can see, and reads few orders."""

import json
from collections.abc import Iterator
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
"""The same count as a query of the caller, to which the policies apply."""
SCOPES = [(client, site) for client in (A, B, ident("no client")) for site in (None, A_SITE, A_OTHER_SITE, B_SITE)]
BUYERS = ("customer", "c@test", "early@test", "late@test", "cancelled@test", "nobody@test")
CALLERS_BY_NAME = {caller.name: caller for caller in CALLERS}
ROLES = ("app_admin", "app_client")
"""The roles that may execute the function."""


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def insert_order(superuser: psycopg.Connection, client: UUID, site: UUID, email: str, at: str, status: str) -> None:
    superuser.execute(
        "insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount,"
        " currency, created_at, shipping_address, items)"
        " values (%s, %s, app.uuid7()::text, 'C', %s, %s, 1, 'EUR', %s, '{}', '[]')",
        [client, site, email, status, at],
    )


@pytest.fixture
def buyers(superuser: psycopg.Connection) -> psycopg.Connection:
    """Orders of both clients at three sites: before and after the middle of 2025, and cancelled ones."""
    superuser.execute("set local session_replication_role = replica")
    for client, site in ((A, A_SITE), (A, A_OTHER_SITE), (B, B_SITE)):
        insert_order(superuser, client, site, "Late@test", "2025-08-01Z", "pending")
        insert_order(superuser, client, site, "cancelled@test", "2025-01-01Z", "cancelled")
    insert_order(superuser, A, A_SITE, "Early@test", "2025-01-01Z", "shipped")
    insert_order(superuser, B, B_SITE, "C@TEST", "2025-01-01Z", "shipped")
    superuser.execute("set local session_replication_role = origin")
    return superuser


def count(
    superuser: psycopg.Connection, caller: Caller, query: str, scope: tuple[UUID, UUID | None], injected: str = ""
) -> Any:
    """Return the count for a client and a site, or None if the caller may not execute the statement."""
    client, site = scope
    values = {"client": client, "site": site, "buyers": list(BUYERS), "first": ["2025-07-01Z"] * len(BUYERS)}
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                superuser.execute(injected.encode())
                [(result,)] = superuser.execute(query.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None
            return result


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_the_count_contains_exactly_the_orders_that_the_policies_of_the_caller_show(
    buyers: psycopg.Connection, caller: Caller
) -> None:
    for scope in SCOPES:
        counted = count(buyers, caller, FUNCTION, scope)
        if caller.role in ROLES:
            assert counted == count(buyers, caller, QUERY, scope) is not None, scope
        else:
            assert not counted, scope


def test_a_member_counts_its_own_client_at_all_sites_and_no_other_client(buyers: psycopg.Connection) -> None:
    owner = CALLERS_BY_NAME["A's owner"]
    assert [count(buyers, owner, FUNCTION, (A, site)) for site in (None, A_SITE, A_OTHER_SITE, B_SITE)] == [1, 1, 0, 0]
    assert [count(buyers, owner, FUNCTION, (B, site)) for site in (None, A_SITE, B_SITE)] == [0, 0, 0]
    assert count(buyers, CALLERS_BY_NAME["B's owner"], FUNCTION, (B, None)) == 1


@pytest.mark.parametrize("name", ["A's owner", "service for A"])
def test_a_context_that_a_caller_has_written_itself_shows_no_orders(buyers: psycopg.Connection, name: str) -> None:
    for injected in (CONTEXT, f"{CONTEXT}; set role app_admin"):
        assert count(buyers, CALLERS_BY_NAME[name], FUNCTION, (B, None), injected) == 0


def test_the_details_of_a_report_read_each_order_only_a_few_times(superuser: psycopg.Connection) -> None:
    buyers = 1_000
    superuser.execute("set local session_replication_role = replica")
    superuser.execute(
        "insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount,"
        " currency, created_at, shipping_address, items)"
        " select %s, %s, 'many-' || n, 'C', 'c' || n %% %s || '@test', 'shipped', 1, 'EUR',"
        "   timestamptz '2025-01-01 12:00Z' + n / %s * interval '40 days', '{}', '[]'"
        " from generate_series(0, 2 * %s - 1) n",
        [A, A_SITE, buyers, buyers, buyers],
    )
    superuser.execute("set local session_replication_role = origin")
    values = {"client_id": A, "site_id": None, "zone": "UTC", "first_day": "2025-02-01", "last_day": "2025-02-28"}
    rows_read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'orders'"
    owner = CALLERS_BY_NAME["A's owner"]
    superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(owner.login)))
    with entered(superuser, owner):
        [(before,)] = superuser.execute(rows_read).fetchall()
        query = QUERIES["reports.client_details"].encode()
        [(details,)] = superuser.execute(query, {**values, "max_products": 20}).fetchall()
        [(after,)] = superuser.execute(rows_read).fetchall()
    assert json.loads(details)["customers"] == {"customers": buyers, "returning": buyers}
    # A query of the caller reads the 2,000 orders once for each buyer: 2,000,000 rows.
    assert after - before < 20 * buyers
