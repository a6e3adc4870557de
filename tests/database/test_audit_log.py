"""Tests that entries can be added to the audit log and expire after two years, and that no role can change them."""

from collections.abc import Iterator
from contextlib import suppress
from typing import LiteralString

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_CATALOG, A_PRODUCT, A, ident
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
SYSTEM, OWNER = BY_NAME["system"], BY_NAME["A's owner"]
ROLES = ("app_owner", "app_definer", "app_migrate", "app_admin", "app_support", "app_client", "app_system", "postgres")


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    ["update audit_log set action = 'x'", "delete from audit_log where created_at > now() - interval '1 year'"],
)
def test_roles_cannot_change_or_delete_a_recent_entry(
    superuser: psycopg.Connection, role: str, statement: LiteralString
) -> None:
    superuser.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    with suppress(errors.InsufficientPrivilege):
        assert superuser.execute(statement).rowcount == 0


def test_the_sweeper_deletes_only_entries_that_are_older_than_two_years(superuser: psycopg.Connection) -> None:
    for name, age in (("older", "2 years 1 day"), ("younger", "2 years -1 day")):
        superuser.execute(
            "insert into audit_log (id, subject, action, object_id, created_at)"
            " values (%s, 's', 'a.b', 'o', now() - %s::interval)",
            [ident(name), age],
        )
    before = superuser.execute("select id from audit_log").fetchall()
    superuser.execute("set local session authorization wc_worker")
    with entered(superuser, SYSTEM):
        row = superuser.execute("select app.delete_expired_audit_entries(1000)").fetchone()
        superuser.execute("reset session authorization")
        after = superuser.execute("select id from audit_log").fetchall()
    assert row == (2,)
    assert set(before) - set(after) == {(ident("older"),), (ident("old entry"),)}


def test_injected_sql_cannot_replace_the_request_id_of_an_audit_entry(database: Database) -> None:
    with database.connect("wc_api") as connection, connection.transaction(force_rollback=True):
        connection.execute(ENTER, ["a-owner", "a@test", None, None, [], None, None, "request-1", "192.0.2.1"])
        connection.execute("update catalogs set name = 'one' where id = %s", [A_CATALOG])
        connection.execute("select set_config('app.request_id', 'forged', true)")
        connection.execute("update catalogs set name = 'two' where id = %s", [A_CATALOG])
        rows = connection.execute(
            "select subject, email, client_id, request_id, address, after ->> 'name' from audit_log"
            " where object_id = %s order by created_at",
            [str(A_CATALOG)],
        ).fetchall()
    assert rows == [
        ("a-owner", "a@test", A, "request-1", "192.0.2.1", "one"),
        ("a-owner", "a@test", A, None, None, "two"),
    ]


def test_only_a_separate_app_enter_statement_can_set_the_request_id(database: Database) -> None:
    with database.connect("wc_api") as connection, pytest.raises(psycopg.Error) as error:
        connection.execute("select app.establish_request('forged', '192.0.2.1')")
    assert error.value.sqlstate == "WC401"


def test_a_change_without_a_caller_is_recorded_with_the_name_of_the_login(superuser: psycopg.Connection) -> None:
    superuser.execute("update tiers set requests_per_hour = 7 where name = 'standard'")
    row = superuser.execute(
        "select subject, before, after from audit_log where action = 'tier.change' order by created_at desc limit 1"
    ).fetchone()
    assert row == ("login:postgres", {"requests_per_hour": 1000}, {"requests_per_hour": 7})


def test_an_audit_entry_contains_no_generated_columns(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set name = 'Café' where id = %s", [A_CATALOG])
    superuser.execute("update products set name = 'Crème', sku = 'É' where id = %s", [A_PRODUCT])
    rows = superuser.execute(
        "select action, after from audit_log where created_at = now() and object_id = any (%s) order by action",
        [[str(A_CATALOG), str(A_PRODUCT)]],
    ).fetchall()
    assert rows == [("catalog.change", {"name": "Café"}), ("product.change", {"name": "Crème", "sku": "É"})]


def test_changes_of_members_and_admins_are_recorded_without_email_addresses(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update client_users set role = 'viewer', email = 'new@test' where user_id = 'a-editor'")
    superuser.execute("update admin_users set role = 'super_admin' where user_id = 'support'")
    rows = superuser.execute(
        "select action, object_id, client_id, before, after from audit_log where created_at = now() order by action"
    ).fetchall()
    assert rows == [
        ("admin_user.change", "support", None, {"role": "support"}, {"role": "super_admin"}),
        (
            "member.change",
            "a-editor",
            A,
            {"role": "editor", "email": "[redacted]"},
            {"role": "viewer", "email": "[redacted]"},
        ),
    ]


@pytest.fixture
def owner(connections: dict[str, psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """A connection that has entered as the owner of client A."""
    with entered(connections["wc_api"], OWNER) as connection:
        yield connection


def test_an_entry_of_a_caller_contains_its_real_subject_and_is_not_verified(
    owner: psycopg.Connection,
) -> None:
    row = owner.execute("""
        insert into audit_log (subject, admin_role, email, request_id, action, client_id, object_id, written_by)
        select 'somebody', 'super_admin', 'x@example.test', 'forged', 'a.b', (app.client_ids())[1], 'o', 'app_definer'
        returning subject, admin_role, email, request_id, written_by
        """).fetchone()
    assert row == ("a-owner", None, None, None, "app_client")


def test_a_caller_outside_of_staff_cannot_record_staff_reads(owner: psycopg.Connection) -> None:
    with pytest.raises(errors.InsufficientPrivilege), owner.transaction():
        owner.execute("""select app.record_reads('order.read', '[{"object_id": "o"}]')""")


def test_a_support_user_can_record_its_own_reads(connections: dict[str, psycopg.Connection]) -> None:
    with entered(connections["wc_api"], BY_NAME["support"]) as connection:
        connection.execute("""select app.record_reads('order.read', '[{"object_id": "o"}]')""")


@pytest.mark.parametrize(
    "statement",
    ["alter table catalogs disable trigger all", "set local session_replication_role = replica"],
)
def test_a_caller_cannot_disable_the_triggers(owner: psycopg.Connection, statement: LiteralString) -> None:
    with pytest.raises(errors.InsufficientPrivilege), owner.transaction():
        owner.execute(statement)
