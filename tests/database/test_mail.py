"""Who may cause a mail: the functions that write it with their own rights ask that themselves."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import CALLERS, A, B, Caller, ident

BY_NAME = {caller.name: caller for caller in CALLERS}
OWN, GUEST, ELSEWHERE, OTHERS = (ident(f"{name} order") for name in ("A's", "A's guest's", "A's elsewhere", "B's"))
ORDERS = {OWN: A, GUEST: A, ELSEWHERE: A, OTHERS: B}
JOBS = {"A's": A, "B's": B, "platform's": None}
EVERYBODY = [caller for caller in CALLERS if caller.entered]


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection whose work is undone; it acts as others in their sessions."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]] | None:
    """What a function answers a caller; None where the caller may not even call it."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                return superuser.execute(statement.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None


def writes_for(caller: Caller, client: UUID | None) -> bool:
    return caller.admin_role is not None or (client is not None and client in caller.edits)


@pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)
@pytest.mark.parametrize("template", ["order_confirmation", "order_shipped"])
def test_the_mail_of_an_order_is_caused_by_whom_the_order_concerns(
    superuser: psycopg.Connection, caller: Caller, template: str
) -> None:
    caused = {
        order
        for order in ORDERS
        if act(superuser, caller, "select client_id, job_id from app.queue_order_mail(%s, %s, '{}')", order, template)
    }
    customer = {"customer of A": {OWN}, "A's customer at a worker": {OWN}, "customer of B": {OTHERS}}
    expected = {order for order, client in ORDERS.items() if writes_for(caller, client)}
    if template == "order_confirmation":
        expected |= customer.get(caller.name, set())
    assert caused == expected


@pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)
def test_the_end_of_a_job_is_told_by_who_writes_for_its_client(superuser: psycopg.Connection, caller: Caller) -> None:
    superuser.execute("update jobs set status = 'completed'")
    told = {
        name
        for name in JOBS
        if act(superuser, caller, "select client_id from app.queue_job_mail(%s, 'x@test')", _job(superuser, name))
    }
    everything = caller.name == "system"
    assert told == {name for name, client in JOBS.items() if everything or writes_for(caller, client)}


def _job(superuser: psycopg.Connection, name: str) -> UUID:
    row = superuser.execute("select job_id from drops where key = %s", [name]).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


PLACED = """
insert into orders (id, client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items,
  created_at)
select %s, client_id, site_id, 'G', 'g@test', 1, '{}', '[]', now() - %s * interval '1 microsecond'
from orders where id = %s
"""


@pytest.mark.parametrize(("ago", "causes"), [(0, True), (1, False)])
def test_a_guest_causes_the_confirmation_of_what_this_transaction_orders(
    superuser: psycopg.Connection, ago: int, causes: bool
) -> None:
    placed = uuid4()
    superuser.execute(PLACED, [placed, ago, OWN])
    asked = "select job_id from app.queue_order_mail(%s, 'order_confirmation', '{}')"
    assert bool(act(superuser, BY_NAME["visitor of A"], asked, placed)) == causes
    assert not act(superuser, BY_NAME["visitor of nothing"], asked, placed)
    assert not act(superuser, BY_NAME["customer of B"], asked, placed)


def test_nobody_else_may_call_them(superuser: psycopg.Connection) -> None:
    for statement in (
        "select app.create_mail(%s, 'order_shipped', null, 'x@test', '{}', 'high')",
        "select app.queue_order_mail(%s, 'job_finished', '{}')",
    ):
        for caller in EVERYBODY:
            assert not act(superuser, caller, statement, A)


@pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)
def test_whether_an_address_is_suppressed_is_told_to_who_writes_for_the_client(
    superuser: psycopg.Connection, caller: Caller
) -> None:
    told = {
        client
        for client in (A, B)
        if act(superuser, caller, "select cause from app.find_mail_suppression(%s, 'GONE@test')", client)
    }
    assert told == {client for client in (A, B) if writes_for(caller, client) and caller.role != "app_support"}


@pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)
def test_the_look_of_mails_is_shown_to_the_members_of_the_client(superuser: psycopg.Connection, caller: Caller) -> None:
    seen = {
        client
        for client in (A, B)
        if act(superuser, caller, "select client_name from app.mail_branding(%s, null)", client)
    }
    assert seen == {client for client in (A, B) if caller.admin_role is not None or client in caller.clients}


def test_the_site_of_another_client_lends_no_look(superuser: psycopg.Connection) -> None:
    row = superuser.execute("select site_id from orders where id = %s", [OTHERS]).fetchone()
    assert row is not None
    looks = act(superuser, BY_NAME["A's owner"], "select site_name from app.mail_branding(%s, %s)", A, row[0])
    assert looks == [(None,)]


def test_a_mail_points_at_no_order_of_another_client(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation), superuser.transaction():
        superuser.execute(
            "insert into mails (client_id, template, order_id, recipient) values (%s, 'order_shipped', %s, 'x@test')",
            [A, OTHERS],
        )


def test_an_address_is_suppressed_once_a_client_until_it_is_let_go(superuser: psycopg.Connection) -> None:
    again = "insert into mail_suppressions (client_id, address, cause) values (%s, 'gone@test', 'complaint')"
    for client in (A, None):
        with pytest.raises(errors.UniqueViolation), superuser.transaction():
            superuser.execute(again, [client])
    superuser.execute("update mail_suppressions set released_at = now()")
    superuser.execute(again, [A])
