"""Tests that `app.enter` returns the tenant, the limits and the kill switches, and evaluates the heartbeat.

Also tests the idempotency keys of saved responses.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row

from infra.local.postgres import DATABASE, Postgres
from tests.database import world
from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.replicas import started, wait_for_replay
from tests.database.world import A_CATALOG, A_SITE, A, B
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
OLD_ENTER = (
    "select role, admin_role, client_ids, editor_ids, site_id, tier, caught_up from app.enter(%s, %s, %s, %s, %s, %s)"
)
"""The statement with which the previous release calls `app.enter`."""


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def enter(connection: psycopg.Connection, caller: Caller, statement: str = ENTER) -> dict[str, Any]:
    """Call `app.enter` in a transaction that is rolled back, and return the result."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql.SQL(statement), caller.parameters[: statement.count("%s")]).fetchone()
        assert row
        return row


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller.entered], ids=lambda caller: caller.name)
def test_app_enter_returns_the_context_of_the_caller(
    connections: dict[str, psycopg.Connection], caller: Caller
) -> None:
    context = enter(connections[caller.login], caller)
    for column, ids in (("client_ids", caller.clients), ("editor_ids", caller.edits), ("owner_ids", caller.owns)):
        assert frozenset(context[column] or ()) == ids
    assert context["site_id"] == caller.site
    site = next((row.values for row in world.ROWS if row.table == "sites" and row.values["id"] == caller.site), {})
    assert (context["site_client_id"], context["site_catalog_id"]) == (site.get("client_id"), site.get("catalog_id"))
    limited = caller.site is not None or (caller.role == "app_client" and caller.login != "wc_worker")
    limited = limited or caller.name == "A's owner at a worker"
    assert context["requests_per_hour"] == (1000 if limited else None)
    assert context["caught_up"] is True
    ended = any(row.table == "revoked_sessions" and row.values["subject"] == caller.subject for row in world.ROWS)
    times: set[str] = (
        {"sessions_not_before"} if ended and caller.site is None and caller.login != "wc_public" else set()
    )
    switches = context["kill_switches"]
    assert {name: switches[name] for name in switches.keys() - times} == {"cache": "off", "limits": "off"}
    assert times <= switches.keys()


@pytest.mark.parametrize(
    "caller",
    [caller for caller in CALLERS if caller.entered and caller.login != "wc_kv"],  # this release adds the login wc_kv
    ids=lambda caller: caller.name,
)
def test_the_previous_release_can_still_call_app_enter(
    connections: dict[str, psycopg.Connection], caller: Caller
) -> None:
    old, new = (enter(connections[caller.login], caller, statement) for statement in (OLD_ENTER, ENTER))
    assert old == {column: new[column] for column in old}


def test_a_member_of_several_clients_has_the_limit_of_the_best_tier(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update clients set tier = 'professional' where id = %s", [B])
    superuser.execute("set local session authorization wc_api")
    context = enter(superuser, BY_NAME["owner of A and viewer of B"])
    assert (context["tier"], context["requests_per_hour"]) == ("professional", 10000)
    context = enter(superuser, BY_NAME["A's owner"])
    assert (context["tier"], context["requests_per_hour"]) == ("standard", 1000)


def test_a_storefront_has_the_same_request_limit_as_its_client(superuser: psycopg.Connection) -> None:
    superuser.execute("update clients set tier = 'enterprise' where id = %s", [A])
    superuser.execute("set local session authorization wc_public")
    context = enter(superuser, BY_NAME["visitor of A"])
    assert (context["tier"], context["requests_per_hour"]) == ("enterprise", 100000)
    assert (context["site_id"], context["site_client_id"], context["site_catalog_id"]) == (A_SITE, A, A_CATALOG)


def test_every_kill_switch_has_its_default_in_an_empty_table(superuser: psycopg.Connection) -> None:
    superuser.execute("delete from kill_switches")
    superuser.execute("delete from revoked_sessions")
    superuser.execute("set local session authorization wc_api")
    assert enter(superuser, BY_NAME["A's owner"])["kill_switches"] == {}


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        ("reads", "primary", True),
        ("reads", "off", False),
        ("cache", "primary", False),
        ("limits", "on", False),
        ("writes", "off", False),
        ("reads", None, False),
    ],
)
def test_a_kill_switch_accepts_only_the_value_that_differs_from_its_default(
    superuser: psycopg.Connection, name: str, value: str | None, *, is_valid: bool
) -> None:
    superuser.execute("delete from kill_switches")
    superuser.execute("delete from revoked_sessions")
    insert = "insert into kill_switches (name, value) values (%s, %s)"
    if is_valid:
        superuser.execute(insert, [name, value])
    else:
        with pytest.raises(errors.IntegrityError), superuser.transaction():
            superuser.execute(insert, [name, value])


def test_a_kill_switch_records_the_subject_that_set_it(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_api"], BY_NAME["admin"]) as admin:
        row = admin.execute("insert into kill_switches (name, value) values ('reads', 'primary') returning updated_by")
        assert row.fetchone() == ("admin",)


def test_the_primary_with_an_old_heartbeat_counts_as_caught_up(superuser: psycopg.Connection) -> None:
    superuser.execute("update app.replica_heartbeat set written_at = '2001-01-01'")
    superuser.execute("set local session authorization wc_api")
    assert enter(superuser, BY_NAME["A's owner"])["caught_up"]


def test_a_caller_with_the_system_role_can_write_the_heartbeat(superuser: psycopg.Connection) -> None:
    is_current = "select array_agg(written_at = now()) from app.replica_heartbeat"
    for before in ("update app.replica_heartbeat set written_at = '2001-01-01'", "delete from app.replica_heartbeat"):
        superuser.execute(sql.SQL(before))
        superuser.execute("set local session authorization wc_worker")
        with superuser.transaction():
            superuser.execute(ENTER, BY_NAME["system"].parameters)
            superuser.execute("select app.write_replica_heartbeat()")
        superuser.execute("reset role")
        superuser.execute("set local session authorization default")
        assert superuser.execute(sql.SQL(is_current)).fetchone() == ([True],)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Start a primary and a replica that only this module uses."""
    with started(tmp_path_factory.mktemp("postgres")) as servers:
        yield servers


def test_a_replica_with_a_recent_heartbeat_counts_as_caught_up(servers: Postgres) -> None:
    set_age = "update app.replica_heartbeat set written_at = now() - %s::interval"
    with psycopg.connect(servers.primary_url, autocommit=True) as primary:
        member = Caller("", "wc_api", "app_client", "a-owner")
        replica = f"host=127.0.0.1 port={servers.replica.rpartition(':')[2]} dbname={DATABASE} user=wc_api"
        password = servers.credentials.logins["wc_api"]
        with psycopg.connect(replica, password=password, autocommit=True) as reader:
            for age, expected in (("0 s", True), ("40 s", True), ("50 s", False), ("0 s", True)):
                primary.execute(sql.SQL(set_age), [age])
                wait_for_replay(servers)
                assert enter(reader, member)["caught_up"] is expected, age
            primary.execute("update app.replica_heartbeat set written_at = now() - interval '1 hour'")
            wait_for_replay(servers)
            assert not enter(reader, member)["caught_up"]
            primary.execute("delete from app.replica_heartbeat")
            wait_for_replay(servers)
            assert enter(reader, member)["caught_up"], "without a heartbeat no reader counts as lagging"
            assert reader.execute("select pg_is_in_recovery()").fetchone() == (True,)


SAVE = "insert into idempotency_keys (subject, key, request_hash) values (%s, %s, 'h')"


@pytest.mark.parametrize("name", ["admin", "support", "A's viewer", "customer of A"])
def test_a_caller_can_access_only_its_own_idempotency_keys(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        assert connection.execute(sql.SQL(SAVE), [caller.subject, "new"]).rowcount == 1
        subjects = connection.execute("select distinct subject from idempotency_keys").fetchall()
        assert subjects == [(caller.subject,)]
        respond = "update idempotency_keys set status = 201, headers = '{}', body = 'b'"
        assert connection.execute(sql.SQL(respond + " where key = 'new'")).rowcount == 1
        for statement, values in (
            (SAVE, ["b-owner", "new"]),
            ("update idempotency_keys set subject = %s", ["b-owner"]),
            ("delete from idempotency_keys where subject = %s", [caller.subject]),
        ):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL(statement), values)


def test_a_subject_can_save_an_idempotency_key_only_once(superuser: psycopg.Connection) -> None:
    superuser.execute(sql.SQL(SAVE), ["x", "k" * 255])
    superuser.execute(sql.SQL(SAVE), ["y", "k" * 255])
    with pytest.raises(errors.UniqueViolation), superuser.transaction():
        superuser.execute(sql.SQL(SAVE), ["x", "k" * 255])
    for key in ("", "k" * 256):
        with pytest.raises(errors.CheckViolation), superuser.transaction():
            superuser.execute(sql.SQL(SAVE), ["x", key])


def test_the_sweeper_can_delete_idempotency_keys_but_cannot_change_them(
    connections: dict[str, psycopg.Connection],
) -> None:
    with entered(connections["wc_worker"], BY_NAME["system"]) as system:
        with pytest.raises(errors.InsufficientPrivilege), system.transaction():
            system.execute("update idempotency_keys set body = 'b'")
        expired = "delete from idempotency_keys where created_at < now() + interval '1 s' and key = 'k'"
        assert system.execute(sql.SQL(expired)).rowcount == 7
