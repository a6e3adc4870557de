"""Who may cause a webhook, and what signs it: the functions that act with their own rights ask that themselves."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_SITE, B_SITE, CALLERS, A, B, Caller, ident

WEBHOOKS = {ident("A's webhook"): A, ident("B's webhook"): B}
DELIVERIES = {ident("A's delivery"): A, ident("B's delivery"): B}
SITES = {A_SITE: A, B_SITE: B}
EVERYBODY = [caller for caller in CALLERS if caller.entered]

each_caller = pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection whose work is undone; it acts as others in their sessions."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update webhook_deliveries set status = 'failed'")
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> tuple[Any, ...] | None:
    """What a function answers a caller, and then the deliveries and secrets that there are; None where it may not."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                answered = superuser.execute(statement.encode(), values).fetchone()
            except errors.InsufficientPrivilege:
                return None
            superuser.execute("set local session authorization default")
            pending = superuser.execute("select webhook_id from webhook_deliveries where status = 'pending'").fetchall()
            secrets = superuser.execute("select webhook_id from webhook_secrets where secret = 'new'").fetchall()
    assert answered is not None
    return answered[0], {row[0] for row in pending}, {row[0] for row in secrets}


def acts_for(caller: Caller, client: UUID) -> bool:
    """Whether what a caller does is told to a client's endpoints."""
    visits = caller.site is not None and SITES[caller.site] == client
    return caller.admin_role is not None or client in caller.edits or caller.role == "app_system" or visits


def writes(caller: Caller, client: UUID) -> bool:
    """Whether a caller may change a client's endpoints."""
    return caller.admin_role in ("super_admin", "admin", "service") or client in caller.edits


@each_caller
@pytest.mark.parametrize("client", [A, B], ids=["A", "B"])
def test_an_event_is_published_by_who_acts_for_the_client_and_reaches_its_endpoints_alone(
    superuser: psycopg.Connection, caller: Caller, client: UUID
) -> None:
    done = act(superuser, caller, "select app.publish_webhook_event(%s, 'job.failed', '{}')", client)
    if not acts_for(caller, client):
        assert done is None
    else:
        mine = {webhook for webhook, owner in WEBHOOKS.items() if owner == client}
        assert done == (1, mine, set())


@each_caller
def test_a_trial_reaches_no_endpoint_of_another_client(superuser: psycopg.Connection, caller: Caller) -> None:
    for webhook, owner in WEBHOOKS.items():
        for client in (A, B):
            statement = "select app.publish_webhook_event(%s, 'webhook.test', '{}', %s)"
            done = act(superuser, caller, statement, client, webhook)
            if not acts_for(caller, client):
                assert done is None
            else:
                assert done == ((1, {webhook}, set()) if client == owner else (0, set(), set()))


@each_caller
def test_a_secret_is_replaced_by_who_writes_the_endpoint(superuser: psycopg.Connection, caller: Caller) -> None:
    for webhook, owner in WEBHOOKS.items():
        done = act(superuser, caller, "select app.rotate_webhook_secret(%s, 'new', 0)", webhook)
        if caller.role not in ("app_admin", "app_client"):
            assert done is None
        else:
            may = writes(caller, owner)
            assert done == (may, set(), {webhook} if may else set())


@each_caller
def test_deliveries_are_replayed_by_who_writes_their_endpoint(superuser: psycopg.Connection, caller: Caller) -> None:
    for webhook, owner in WEBHOOKS.items():
        for delivery, whose in (*DELIVERIES.items(), (None, owner)):
            statement = "select app.replay_webhook_deliveries(%s, %s, '2000-01-01', 10)"
            done = act(superuser, caller, statement, webhook, delivery)
            if caller.role not in ("app_admin", "app_client"):
                assert done is None
            else:
                may = writes(caller, owner) and whose == owner
                assert done == (int(may), {webhook} if may else set(), set())


def test_nothing_is_published_without_a_context(superuser: psycopg.Connection) -> None:
    for caller in [caller for caller in CALLERS if not caller.entered]:
        with superuser.transaction(force_rollback=True):
            superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
            with pytest.raises(errors.InsufficientPrivilege), superuser.transaction():
                superuser.execute("select set_config('role', %s, true)", [caller.role])
                superuser.execute("select app.publish_webhook_event(%s, 'job.failed', '{}')", [A])


def test_endpoints_that_are_disabled_are_told_nothing(superuser: psycopg.Connection) -> None:
    superuser.execute("update webhooks set status = 'disabled', disabled_reason = 'gone', disabled_at = now()")
    system = next(caller for caller in EVERYBODY if caller.name == "system")
    assert act(superuser, system, "select app.publish_webhook_event(%s, 'job.failed', '{}')", A) == (0, set(), set())


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (["job.failed"], True),
        (["job.*"], True),
        (["*"], True),
        (["job.completed", "sync.*"], False),
        (["job"], False),
        (["jobs.*", "job.failed2"], False),
    ],
)
def test_an_endpoint_is_told_of_what_it_asked_for(superuser: psycopg.Connection, events: list[str], told: bool) -> None:
    superuser.execute("update webhooks set events = %s", [events])
    system = next(caller for caller in EVERYBODY if caller.name == "system")
    done = act(superuser, system, "select app.publish_webhook_event(%s, 'job.failed', '{}')", A)
    assert done is not None
    assert done[0] == int(told)
