"""What app.enter tells: the tenant of a site, limits, the heartbeat, switches; and answers, kept by their key."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row

from infra.local.database import prepare
from infra.local.postgres import DATABASE, Postgres
from infra.local.processes import free_port
from tests.database import world
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.test_reader import caught_up
from tests.database.world import A_CATALOG, A_SITE, CALLERS, A, B, Caller
from wecelebrate.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
OLD_ENTER = (
    "select role, admin_role, client_ids, editor_ids, site_id, tier, caught_up from app.enter(%s, %s, %s, %s, %s, %s)"
)
"""The statement of the release before."""


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def enter(connection: psycopg.Connection, caller: Caller, statement: str = ENTER) -> dict[str, Any]:
    """What app.enter tells, in a transaction that is undone."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql.SQL(statement), caller.parameters).fetchone()
        assert row
        return row


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller.entered], ids=lambda caller: caller.name)
def test_entering_tells_who_calls(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    told = enter(connections[caller.login], caller)
    for column, ids in (("client_ids", caller.clients), ("editor_ids", caller.edits), ("owner_ids", caller.owns)):
        assert frozenset(told[column] or ()) == ids
    assert told["site_id"] == caller.site
    site = next((row.values for row in world.ROWS if row.table == "sites" and row.values["id"] == caller.site), {})
    assert (told["site_client_id"], told["site_catalog_id"]) == (site.get("client_id"), site.get("catalog_id"))
    limited = caller.site is not None or (caller.role == "app_client" and caller.login != "wc_worker")
    limited = limited or caller.name == "A's owner at a worker"
    assert told["requests_per_hour"] == (1000 if limited else None)
    assert told["caught_up"] is True
    assert told["switches"] == {"cache": "off", "limits": "off"}


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller.entered], ids=lambda caller: caller.name)
def test_the_release_before_enters_as_before(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    old, new = (enter(connections[caller.login], caller, statement) for statement in (OLD_ENTER, ENTER))
    assert old == {column: new[column] for column in old}


def test_who_belongs_to_several_clients_has_the_limit_of_the_best_tier(superuser: psycopg.Connection) -> None:
    superuser.execute("update clients set tier = 'professional' where id = %s", [B])
    superuser.execute("set local session authorization wc_api")
    told = enter(superuser, BY_NAME["owner of A and viewer of B"])
    assert (told["tier"], told["requests_per_hour"]) == ("professional", 10000)
    told = enter(superuser, BY_NAME["A's owner"])
    assert (told["tier"], told["requests_per_hour"]) == ("standard", 1000)


def test_a_storefront_has_the_limit_of_its_client(superuser: psycopg.Connection) -> None:
    superuser.execute("update clients set tier = 'enterprise' where id = %s", [A])
    superuser.execute("set local session authorization wc_public")
    told = enter(superuser, BY_NAME["visitor of A"])
    assert (told["tier"], told["requests_per_hour"]) == ("enterprise", 100000)
    assert (told["site_id"], told["site_client_id"], told["site_catalog_id"]) == (A_SITE, A, A_CATALOG)


def test_without_switches_nothing_is_switched(superuser: psycopg.Connection) -> None:
    superuser.execute("delete from kill_switches")
    superuser.execute("set local session authorization wc_api")
    assert enter(superuser, BY_NAME["A's owner"])["switches"] == {}


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("reads", "primary", True),
        ("reads", "off", False),
        ("cache", "primary", False),
        ("limits", "on", False),
        ("writes", "off", False),
        ("reads", None, False),
    ],
)
def test_switches_have_a_default_and_one_other_value(
    superuser: psycopg.Connection, name: str, value: str | None, *, taken: bool
) -> None:
    superuser.execute("delete from kill_switches")
    insert = "insert into kill_switches (name, value) values (%s, %s)"
    if taken:
        superuser.execute(insert, [name, value])
    else:
        with pytest.raises(errors.IntegrityError), superuser.transaction():
            superuser.execute(insert, [name, value])


def test_who_switched_is_noted(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_api"], BY_NAME["admin"]) as admin:
        row = admin.execute("insert into kill_switches (name, value) values ('reads', 'primary') returning updated_by")
        assert row.fetchone() == ("admin",)


def test_a_primary_keeps_up_with_itself_however_old_the_heartbeat(superuser: psycopg.Connection) -> None:
    superuser.execute("update app.replica_heartbeat set written_at = '2001-01-01'")
    superuser.execute("set local session authorization wc_api")
    assert enter(superuser, BY_NAME["A's owner"])["caught_up"]


def test_the_system_beats(superuser: psycopg.Connection) -> None:
    at = "select array_agg(written_at = now()) from app.replica_heartbeat"
    for before in ("update app.replica_heartbeat set written_at = '2001-01-01'", "delete from app.replica_heartbeat"):
        superuser.execute(sql.SQL(before))
        superuser.execute("set local session authorization wc_worker")
        with superuser.transaction():
            superuser.execute(ENTER, BY_NAME["system"].parameters)
            superuser.execute("select app.write_replica_heartbeat()")
        superuser.execute("reset role")
        superuser.execute("set local session authorization default")
        assert superuser.execute(sql.SQL(at)).fetchone() == ([True],)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A primary and a replica of this module's own."""
    servers = Postgres(tmp_path_factory.mktemp("postgres"), free_port(), free_port(), durable=False)
    with servers:
        prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
        with psycopg.connect(servers.primary_url) as connection:
            world.seed(connection)
        yield servers
    servers.erase()


def test_a_reader_keeps_up_while_it_hears_the_heartbeat(servers: Postgres) -> None:
    beat = "update app.replica_heartbeat set written_at = now() - %s::interval"
    with psycopg.connect(servers.primary_url, autocommit=True) as primary:
        visible = Caller("", "wc_api", "app_client", "a-owner")
        replica = f"host=127.0.0.1 port={servers.replica.rpartition(':')[2]} dbname={DATABASE} user=wc_api"
        password = servers.credentials.logins["wc_api"]
        with psycopg.connect(replica, password=password, autocommit=True) as reader:
            for age, expected in (("0 s", True), ("40 s", True), ("50 s", False), ("0 s", True)):
                primary.execute(sql.SQL(beat), [age])
                caught_up(servers)
                assert enter(reader, visible)["caught_up"] is expected, age
            primary.execute("update app.replica_heartbeat set written_at = now() - interval '1 hour'")
            caught_up(servers)
            assert not enter(reader, visible)["caught_up"]
            primary.execute("delete from app.replica_heartbeat")
            caught_up(servers)
            assert enter(reader, visible)["caught_up"], "nobody has beaten yet: no opinion"
            assert reader.execute("select pg_is_in_recovery()").fetchone() == (True,)


KEEP = "insert into idempotency_keys (subject, key, request_hash) values (%s, %s, 'h')"


@pytest.mark.parametrize("name", ["admin", "support", "A's viewer", "customer of A"])
def test_answers_are_kept_for_their_caller_alone(connections: dict[str, psycopg.Connection], name: str) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        assert connection.execute(sql.SQL(KEEP), [caller.subject, "new"]).rowcount == 1
        seen = connection.execute("select distinct subject from idempotency_keys").fetchall()
        assert seen == [(caller.subject,)]
        answered = "update idempotency_keys set status = 201, headers = '{}', body = 'b'"
        assert connection.execute(sql.SQL(answered + " where key = 'new'")).rowcount == 1
        for statement, values in (
            (KEEP, ["b-owner", "new"]),
            ("update idempotency_keys set subject = %s", ["b-owner"]),
            ("delete from idempotency_keys where subject = %s", [caller.subject]),
        ):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL(statement), values)


def test_a_key_is_one_of_its_subject(superuser: psycopg.Connection) -> None:
    superuser.execute(sql.SQL(KEEP), ["x", "k" * 255])
    superuser.execute(sql.SQL(KEEP), ["y", "k" * 255])
    with pytest.raises(errors.UniqueViolation), superuser.transaction():
        superuser.execute(sql.SQL(KEEP), ["x", "k" * 255])
    for key in ("", "k" * 256):
        with pytest.raises(errors.CheckViolation), superuser.transaction():
            superuser.execute(sql.SQL(KEEP), ["x", key])


def test_the_sweeper_deletes_and_changes_none(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_worker"], BY_NAME["system"]) as system:
        with pytest.raises(errors.InsufficientPrivilege), system.transaction():
            system.execute("update idempotency_keys set body = 'b'")
        expired = "delete from idempotency_keys where created_at < now() + interval '1 s' and key = 'k'"
        assert system.execute(sql.SQL(expired)).rowcount == 7
