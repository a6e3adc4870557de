"""Tests that only certain callers can publish events and change endpoints. The SECURITY DEFINER functions must check
the caller.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_SITE, B_SITE, A, B, ident

WEBHOOKS = {ident("A's webhook"): A, ident("B's webhook"): B}
DELIVERIES = {ident("A's delivery"): A, ident("B's delivery"): B}
SITES = {A_SITE: A, B_SITE: B}
ENTERED = [caller for caller in CALLERS if caller.entered]

each_caller = pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update webhook_deliveries set status = 'failed'")
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> tuple[Any, ...] | None:
    """Call a function as a caller. Return its result, the endpoints with pending deliveries, and the endpoints with a
    new secret. Return None if the call is refused.
    """
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                result = superuser.execute(statement.encode(), values).fetchone()
            except errors.InsufficientPrivilege:
                return None
            superuser.execute("set local session authorization default")
            pending = superuser.execute("select webhook_id from webhook_deliveries where status = 'pending'").fetchall()
            secrets = superuser.execute("select webhook_id from webhook_secrets where secret = 'new'").fetchall()
    assert result is not None
    return result[0], {row[0] for row in pending}, {row[0] for row in secrets}


def acts_for(caller: Caller, client: UUID) -> bool:
    """Return whether a caller is allowed to publish events of a client."""
    visits = caller.site is not None and SITES[caller.site] == client
    return caller.admin_role is not None or client in caller.edits or caller.role == "app_system" or visits


def writes(caller: Caller, client: UUID) -> bool:
    """Return whether a caller is allowed to change the endpoints of a client."""
    return caller.admin_role in ("super_admin", "admin", "service") or client in caller.edits


@each_caller
@pytest.mark.parametrize("client", [A, B], ids=["A", "B"])
def test_only_callers_of_a_client_can_publish_its_events(
    superuser: psycopg.Connection, caller: Caller, client: UUID
) -> None:
    result = act(superuser, caller, "select app.publish_webhook_event(%s, 'job.failed', '{}')", client)
    if not acts_for(caller, client):
        assert result is None
    else:
        mine = {webhook for webhook, owner in WEBHOOKS.items() if owner == client}
        assert result == (1, mine, set())


@each_caller
def test_a_test_event_is_not_sent_to_the_endpoint_of_another_client(
    superuser: psycopg.Connection, caller: Caller
) -> None:
    for webhook, owner in WEBHOOKS.items():
        for client in (A, B):
            statement = "select app.publish_webhook_event(%s, 'webhook.test', '{}', %s)"
            result = act(superuser, caller, statement, client, webhook)
            if not acts_for(caller, client):
                assert result is None
            else:
                assert result == ((1, {webhook}, set()) if client == owner else (0, set(), set()))


@each_caller
def test_only_writers_of_an_endpoint_can_rotate_its_secret(superuser: psycopg.Connection, caller: Caller) -> None:
    for webhook, owner in WEBHOOKS.items():
        result = act(superuser, caller, "select app.rotate_webhook_secret(%s, 'new', 0)", webhook)
        if caller.role not in ("app_admin", "app_client"):
            assert result is None
        else:
            can_write = writes(caller, owner)
            assert result == (can_write, set(), {webhook} if can_write else set())


@each_caller
def test_only_writers_of_an_endpoint_can_replay_its_deliveries(superuser: psycopg.Connection, caller: Caller) -> None:
    for webhook, owner in WEBHOOKS.items():
        for delivery, client in (*DELIVERIES.items(), (None, owner)):
            statement = "select app.replay_webhook_deliveries(%s, %s, '2000-01-01', 10)"
            result = act(superuser, caller, statement, webhook, delivery)
            if caller.role not in ("app_admin", "app_client"):
                assert result is None
            else:
                can_write = writes(caller, owner) and client == owner
                assert result == (int(can_write), {webhook} if can_write else set(), set())


def test_an_event_cannot_be_published_without_a_context(superuser: psycopg.Connection) -> None:
    for caller in [caller for caller in CALLERS if not caller.entered]:
        with superuser.transaction(force_rollback=True):
            superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
            with pytest.raises(errors.InsufficientPrivilege), superuser.transaction():
                superuser.execute("select set_config('role', %s, true)", [caller.role])
                superuser.execute("select app.publish_webhook_event(%s, 'job.failed', '{}')", [A])


def test_a_disabled_endpoint_gets_no_deliveries(superuser: psycopg.Connection) -> None:
    superuser.execute("update webhooks set status = 'disabled', disabled_reason = 'gone', disabled_at = now()")
    system = next(caller for caller in ENTERED if caller.name == "system")
    assert act(superuser, system, "select app.publish_webhook_event(%s, 'job.failed', '{}')", A) == (0, set(), set())


@pytest.mark.parametrize(
    ("events", "is_subscribed"),
    [
        (["job.failed"], True),
        (["job.*"], True),
        (["*"], True),
        (["job.completed", "sync.*"], False),
        (["job"], False),
        (["jobs.*", "job.failed2"], False),
    ],
)
def test_an_endpoint_gets_only_events_that_it_subscribes_to(
    superuser: psycopg.Connection, events: list[str], is_subscribed: bool
) -> None:
    superuser.execute("update webhooks set events = %s", [events])
    system = next(caller for caller in ENTERED if caller.name == "system")
    result = act(superuser, system, "select app.publish_webhook_event(%s, 'job.failed', '{}')", A)
    assert result is not None
    assert result[0] == int(is_subscribed)
