"""Tests that a worker can access only the staged rows of its job, and that no login can change a table or a
function.
"""

from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, LOGINS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_JOB, B_JOB

BY_NAME = {caller.name: caller for caller in CALLERS}
STAGING = BY_NAME["staging"]
FUNCTION_LOGINS = {login: roles for login, roles in LOGINS.items() if login != "wc_migrate"}
COPY: dict[str, tuple[str, tuple[object, ...]]] = {
    "products": ("copy app.staged_products_intake (job_id, fence, line, rows, sku) from stdin", (9, 1, 1, "new")),
    "rejections": (
        "copy app.staged_rejections_intake (job_id, fence, line, n, code, reason, raw) from stdin",
        (9, 1, 1, "c", "r", "{}"),
    ),
}
"""Maps each type of row to a COPY statement and to the values of all columns. The values omit the first column,
`job_id`.
"""
CHANGES = (
    "create policy spy on {} as restrictive for select using (true)",
    "drop policy client on {}",
    "alter table {} disable row level security",
    "alter table {} no force row level security",
    "create trigger spy after insert on {} for each row execute function app.refuse_audit_change()",
    "create rule spy as on insert to {} do nothing",
    "alter table {} alter sku set default 'x'",
    "comment on table {} is 'x'",
    "analyze {}",
    "truncate {}",
    "drop table {}",
)


def copy(connection: psycopg.Connection, kind: str, job_id: UUID) -> None:
    statement, values = COPY[kind]
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as stream:
        stream.write_row((job_id, *values))


@pytest.mark.parametrize("kind", COPY)
def test_a_worker_can_stage_rows_only_for_its_own_job(connections: dict[str, psycopg.Connection], kind: str) -> None:
    with entered(connections["wc_worker"], STAGING) as connection:
        copy(connection, kind, A_JOB)
        for job_id in (B_JOB, UUID(int=7)):
            with (
                pytest.raises(errors.InsufficientPrivilege, match="only rows of its own job"),
                connection.transaction(),
            ):
                copy(connection, kind, job_id)


@pytest.mark.parametrize("kind", COPY)
@pytest.mark.parametrize("name", ["staging without a job", "wc_worker with app_worker set by hand"])
def test_a_worker_without_a_job_cannot_stage_rows(
    connections: dict[str, psycopg.Connection], kind: str, name: str
) -> None:
    with entered(connections["wc_worker"], BY_NAME[name]) as connection:
        for job_id in (A_JOB, B_JOB):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                copy(connection, kind, job_id)


@pytest.mark.parametrize("name", [caller.name for caller in CALLERS if caller.login in FUNCTION_LOGINS])
@pytest.mark.parametrize("table", ["app.staged_products_intake", "app.staged_rejections_intake"])
def test_callers_cannot_read_or_change_the_rows_of_an_intake_table(
    connections: dict[str, psycopg.Connection], name: str, table: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        for text in ("select from {}", "update {} set line = 1", "delete from {}", "copy {} to stdout"):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL(text).format(sql.Identifier(*table.split("."))))


def test_the_roles_of_functions_own_no_objects(database: Database) -> None:
    with database.connect() as connection:
        roles = {*FUNCTION_LOGINS, *(role for roles in FUNCTION_LOGINS.values() for role in roles)}
        owned = connection.execute(
            """
            select pg_describe_object(classid, objid, objsubid), refobjid::regrole::text from pg_shdepend
            where deptype = 'o' and refclassid = 'pg_authid'::regclass
              and dbid = (select oid from pg_database where datname = current_database())
              and refobjid::regrole::text = any (%s)
            """,
            [sorted(roles)],
        )
        assert owned.fetchall() == []


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("login", FUNCTION_LOGINS)
def test_the_logins_of_functions_cannot_alter_tables(
    connections: dict[str, psycopg.Connection], login: str, change: str
) -> None:
    connection = connections[login]
    for role in (login, *FUNCTION_LOGINS[login]):
        for table in (("app", "staged_products"), ("app", "staged_products_intake"), ("public", "products")):
            with connection.transaction(force_rollback=True):
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                statement = sql.SQL(change).format(sql.Identifier(*table))
                if change.startswith("analyze"):
                    connection.execute(statement)  # `analyze` does not fail: it warns and skips the table
                    continue
                with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedObject)), connection.transaction():
                    connection.execute(statement)
