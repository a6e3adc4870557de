"""Tests that only certain callers can queue a mail. Definer functions write the mails, and must therefore check the
caller.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A, B, ident

BY_NAME = {caller.name: caller for caller in CALLERS}
OWN, GUEST, ELSEWHERE, OTHERS = (ident(f"{name} order") for name in ("A's", "A's guest's", "A's elsewhere", "B's"))
ORDERS = {OWN: A, GUEST: A, ELSEWHERE: A, OTHERS: B}
JOBS = {"A's": A, "B's": B, "platform's": None}
ENTERED = [caller for caller in CALLERS if caller.entered]


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]] | None:
    """Run a statement as the caller. Return the rows, or None if the statement is not allowed."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                return superuser.execute(statement.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None


def writes_for(caller: Caller, client: UUID | None) -> bool:
    return caller.admin_role is not None or (client is not None and client in caller.edits)


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
@pytest.mark.parametrize("template", ["order_confirmation", "order_shipped"])
def test_only_the_customer_or_a_writer_can_queue_a_mail_about_an_order(
    superuser: psycopg.Connection, caller: Caller, template: str
) -> None:
    queued = {
        order
        for order in ORDERS
        if act(superuser, caller, "select client_id, job_id from app.queue_order_mail(%s, %s, '{}')", order, template)
    }
    customer = {"customer of A": {OWN}, "A's customer at a worker": {OWN}, "customer of B": {OTHERS}}
    expected = {order for order, client in ORDERS.items() if writes_for(caller, client)}
    if template == "order_confirmation":
        expected |= customer.get(caller.name, set())
    assert queued == expected


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_writers_of_the_client_can_queue_a_mail_about_a_job(superuser: psycopg.Connection, caller: Caller) -> None:
    superuser.execute("update jobs set status = 'completed'")
    queued = {
        name
        for name in JOBS
        if act(superuser, caller, "select client_id from app.queue_job_mail(%s, 'x@test')", _job(superuser, name))
    }
    everything = caller.name == "system"
    assert queued == {name for name, client in JOBS.items() if everything or writes_for(caller, client)}


WRITTEN = """
select relname, n_tup_ins from pg_stat_xact_user_tables where relname in ('mails', 'jobs', 'guest_mails') order by 1
"""


def test_a_lookup_writes_the_same_rows_for_existing_and_unknown_orders(superuser: psycopg.Connection) -> None:
    visitor = BY_NAME["visitor of A"]
    [(number,)] = superuser.execute("select order_number from orders where id = %s", [GUEST]).fetchall()
    counts = "select (select count(*) from mails), (select count(*) from jobs), (select count(*) from guest_mails)"
    stored = {}
    before: tuple[Any, dict[str, int]]
    after: tuple[Any, dict[str, int]]
    for given in (number, "UNKNOWN"):
        with superuser.transaction(force_rollback=True):
            before = superuser.execute(counts).fetchone(), dict(superuser.execute(WRITTEN).fetchall())
            superuser.execute("set local session authorization wc_public")
            with entered(superuser, visitor):
                [row] = superuser.execute(
                    "select client_id, job_id is null from app.queue_lookup_mail(%s, 'c@test', 'address')", [given]
                ).fetchall()
                superuser.execute("set local session authorization default")
                after = superuser.execute(counts).fetchone(), dict(superuser.execute(WRITTEN).fetchall())
            assert row == (A, given == "UNKNOWN")
            assert (before[0] == after[0]) == (given == "UNKNOWN")
            stored[given] = {name: count - before[1].get(name, 0) for name, count in after[1].items()}
    assert stored[number] == stored["UNKNOWN"] == {"guest_mails": 1, "jobs": 1, "mails": 1}


def _job(superuser: psycopg.Connection, name: str) -> UUID:
    row = superuser.execute("select job_id from drops where key = %s", [name]).fetchone()
    assert row is not None
    job_id: UUID = row[0]
    return job_id


PLACED = """
insert into orders (id, client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items,
  created_at, updated_at)
select %s, client_id, site_id, 'G', 'g@test', 1, '{}', '[]', now() - %s * interval '1 microsecond',
  now() - %s * interval '1 microsecond'
from orders where id = %s
"""


@pytest.mark.parametrize(("placed_ago", "changed_ago", "can_queue"), [(0, 0, True), (2, 0, True), (2, 1, False)])
def test_a_guest_can_queue_a_confirmation_only_in_the_transaction_of_the_order(
    superuser: psycopg.Connection, placed_ago: int, changed_ago: int, can_queue: bool
) -> None:
    placed = uuid4()
    superuser.execute(PLACED, [placed, placed_ago, changed_ago, OWN])
    queue = "select job_id from app.queue_order_mail(%s, 'order_confirmation', '{}')"
    assert bool(act(superuser, BY_NAME["visitor of A"], queue, placed)) == can_queue
    assert not act(superuser, BY_NAME["visitor of nothing"], queue, placed)
    assert not act(superuser, BY_NAME["customer of B"], queue, placed)


def test_callers_cannot_queue_mails_with_other_functions_or_templates(
    superuser: psycopg.Connection,
) -> None:
    for statement in (
        "select app.create_mail(%s, 'order_shipped', null, 'x@test', '{}', 'high')",
        "select app.queue_order_mail(%s, 'job_finished', '{}')",
    ):
        for caller in ENTERED:
            assert not act(superuser, caller, statement, A)


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_writers_of_a_client_see_its_suppressions(superuser: psycopg.Connection, caller: Caller) -> None:
    visible = {
        client
        for client in (A, B)
        if act(superuser, caller, "select cause from app.find_mail_suppression(%s, 'GONE@test')", client)
    }
    assert visible == {client for client in (A, B) if writes_for(caller, client) and caller.role != "app_support"}


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_members_of_a_client_see_its_branding(superuser: psycopg.Connection, caller: Caller) -> None:
    visible = {
        client
        for client in (A, B)
        if act(superuser, caller, "select client_name from app.mail_branding(%s, null)", client)
    }
    assert visible == {client for client in (A, B) if caller.admin_role is not None or client in caller.clients}


def test_a_client_cannot_read_the_branding_of_a_site_of_another_client(superuser: psycopg.Connection) -> None:
    row = superuser.execute("select site_id from orders where id = %s", [OTHERS]).fetchone()
    assert row is not None
    branding = act(superuser, BY_NAME["A's owner"], "select site_name from app.mail_branding(%s, %s)", A, row[0])
    assert branding == [(None,)]


def test_a_mail_cannot_reference_an_order_of_another_client(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation), superuser.transaction():
        superuser.execute(
            "insert into mails (client_id, template, order_id, recipient) values (%s, 'order_shipped', %s, 'x@test')",
            [A, OTHERS],
        )


def test_a_client_has_at_most_one_active_suppression_for_an_address(superuser: psycopg.Connection) -> None:
    insert = "insert into mail_suppressions (client_id, address, cause) values (%s, 'gone@test', 'complaint')"
    for client in (A, None):
        with pytest.raises(errors.UniqueViolation), superuser.transaction():
            superuser.execute(insert, [client])
    superuser.execute("update mail_suppressions set released_at = now()")
    superuser.execute(insert, [A])
