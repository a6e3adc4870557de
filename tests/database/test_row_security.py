"""Tests that a login cannot access additional rows while the row-level security of a table is suspended, even with
injected SQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, LOGINS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.schema_folders import value, write_tables
from wecelebrate.core.database import ENTER
from wecelebrate.schema import access, migrate

SUSPEND = "select app.suspend_row_security(%s, %s, %s)"
BY_NAME = {caller.name: caller for caller in CALLERS}
SUPER = BY_NAME["super admin"]
OUTSIDERS = [caller for caller in CALLERS if caller.login != "wc_migrate"]
TABLES = ("clients", "orders", "jobs", "client_users", "analytics_events")


def suspend(database: Database, table: str, minutes: int = 5) -> None:
    with database.connect("wc_api") as connection:
        enter(connection, SUPER)
        connection.execute(SUSPEND, [table, "The policy fails", minutes])


def restore(database: Database, table: str) -> None:
    with database.connect("wc_api") as connection:
        enter(connection, SUPER)
        connection.execute("select app.restore_row_security(%s)", [table])


def enter(connection: psycopg.Connection, caller: Caller) -> None:
    connection.execute(ENTER, caller.parameters)


@contextmanager
def suspended(database: Database, table: str) -> Iterator[None]:
    suspend(database, table)
    try:
        yield
    finally:
        restore(database, table)
        assert drift(database) == []


def drift(database: Database) -> list[str]:
    with database.connect() as connection:
        return access.drift(connection, access.declared())


def reach(connection: psycopg.Connection, caller: Caller, table: str, role: str | None = None) -> dict[str, int]:
    """Return the number of rows that a caller can read, update and delete, after injected SQL has set the role."""
    name = sql.Identifier(table)
    column = sql.Identifier(access_key(table))
    statements = {
        "select": sql.SQL("select * from {}").format(name),
        "update": sql.SQL("update {} set {} = {}").format(name, column, column),
        "delete": sql.SQL("delete from {}").format(name),
    }
    rows = {}
    for verb, statement in statements.items():
        with entered(connection, caller):
            if role:
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            try:
                with connection.transaction():
                    rows[verb] = connection.execute(statement).rowcount
            except (errors.InsufficientPrivilege, errors.IntegrityError):
                rows[verb] = 0
    return rows


def access_key(table: str) -> str:
    return "name" if table == "clients" else "id"


@pytest.mark.parametrize("table", TABLES)
def test_logins_cannot_see_or_change_additional_rows_of_a_suspended_table(own_database: Database, table: str) -> None:
    connections = {login: own_database.connect(login, autocommit=True) for login in LOGINS}
    attacks: list[tuple[Caller, str | None]] = [(caller, None) for caller in OUTSIDERS]
    attacks += [(BY_NAME[name], "app_admin") for name in ("A's owner", "support", "service for A", "system")]
    attacks += [(BY_NAME[name], "app_system") for name in ("service for A", "staging")]
    before = [reach(connections[caller.login], caller, table, role) for caller, role in attacks]
    with suspended(own_database, table):
        during = [reach(connections[caller.login], caller, table, role) for caller, role in attacks]
        secured = "select relrowsecurity and relforcerowsecurity from pg_class where oid = %s::regclass"
        with own_database.connect() as connection:
            assert connection.execute(secured, [table]).fetchone() == (True,)
    for (caller, role), old, new in zip(attacks, before, during, strict=True):
        assert all(new[verb] <= old[verb] for verb in old), (caller.name, role, old, new)
        if caller.admin_role and caller.role == "app_admin" and role is None:
            assert new == {"select": old["select"], "update": 0, "delete": 0}, caller.name
        elif not caller.entered or role:
            assert set(new.values()) == {0}, (caller.name, role, new)
    after = [reach(connections[caller.login], caller, table, role) for caller, role in attacks]
    assert after == before
    for connection in connections.values():
        connection.close()


def test_a_privilege_that_is_granted_during_a_suspension_has_no_effect_yet(
    own_database: Database,
) -> None:
    with suspended(own_database, "orders"):
        with own_database.connect() as connection:
            connection.execute("grant select on orders to app_client")
            connection.execute("create policy extra on orders for select to app_worker using (true)")
        owner = BY_NAME["A's owner"]
        with own_database.connect("wc_api", autocommit=True) as connection:
            assert reach(connection, owner, "orders")["select"] == 0
        suspend(own_database, "orders", minutes=10)
        granted = "select has_table_privilege('app_client', 'orders', 'select')"
        assert value(own_database, granted) is False
        roles = (
            "select polroles::regrole[]::text from pg_policy where polrelid = 'orders'::regclass and polname = 'extra'"
        )
        assert value(own_database, roles) == "{app_owner}"
        restore(own_database, "orders")
        assert value(own_database, granted) is True
        assert value(own_database, roles) == "{app_worker}"
        with own_database.connect() as connection:
            connection.execute("drop policy extra on orders")


def test_a_suspension_can_end_even_if_recorded_roles_and_columns_are_missing(
    own_database: Database,
) -> None:
    role = f"app_gone_{own_database.name}"
    with own_database.connect() as connection:
        connection.execute(f"create role {role}".encode())
        connection.execute("alter table orders add column gone text, add column kept text")
        connection.execute(f"grant select (id, gone), update (kept) on orders to {role}, app_client".encode())
        connection.execute(f"grant delete on orders to {role}".encode())
        connection.execute(f"create policy gone on orders to {role} using (true)".encode())
        connection.execute(f"create policy partly on orders for delete to {role}, app_worker using (true)".encode())
    try:
        suspend(own_database, "orders")
        with own_database.connect() as connection:
            connection.execute(f"drop role {role}".encode())
            connection.execute("alter table orders drop column gone")
        restore(own_database, "orders")
        policies = """select array_agg(polname || ' ' || polroles::regrole[]::text order by polname) from pg_policy
            where polrelid = 'orders'::regclass and polname in ('gone', 'partly')"""
        assert value(own_database, policies) == ["partly {app_worker}"]
        assert value(own_database, "select has_column_privilege('app_client', 'orders', 'kept', 'update')") is True
    finally:
        with own_database.connect() as connection:
            connection.execute("drop policy if exists partly on orders")
            connection.execute("alter table orders drop column if exists kept")
            connection.execute("revoke select (id) on orders from app_client")
    assert drift(own_database) == []


def test_a_suspension_cannot_begin_while_a_migration_runs(own_database: Database) -> None:
    with own_database.connect("wc_migrate") as migration:
        migration.execute("select pg_advisory_xact_lock(7243219080)")
        with pytest.raises(errors.LockNotAvailable, match="a migration is running"):
            suspend(own_database, "orders")


def test_a_migration_ends_a_suspension_that_began_during_the_migration(own_database: Database, tmp_path: Path) -> None:
    third = "set local role app_owner; create table seen as select app.current_suspensions(false) as name"
    folder = write_tables(
        tmp_path, m9001_first="select 1", m9002_second="-- no-transaction\nselect 1;\n", m9003_third=third
    )

    def report(name: str) -> None:
        if name == "9002_second":  # only this migration runs without the lock
            suspend(own_database, "orders")

    migrate(own_database.url("wc_migrate"), folder, report)
    assert value(own_database, "select count(*) from seen") == 0
    assert value(own_database, "select count(*) from app.current_suspensions(false)") == 0
    with own_database.connect() as connection:
        connection.execute("drop table seen")
    assert drift(own_database) == []
