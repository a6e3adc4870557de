"""Tests that several runs apply a migration exactly once, and that a failed migration changes nothing."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Database
from tests.database.schema_folders import start_migrate, value, wait_until, write_tables
from wecelebrate import schema
from wecelebrate.schema import MigrationError, migrate

Fresh = Callable[[], Database]
FILES = [file.name for file in (*schema.migrations(), *schema.function_files())]


def test_a_second_run_of_migrate_applies_no_file(fresh: Fresh, database: Database) -> None:
    new = (
        fresh()
    )  # The roles already exist, because they belong to the server, and the fixture `database` has created them.
    assert migrate(new.url("wc_migrate")) == FILES
    assert migrate(new.url("wc_migrate")) == []


def test_two_concurrent_runs_of_migrate_apply_each_file_only_once(fresh: Fresh, database: Database) -> None:
    new = fresh()
    runs = [start_migrate(new, schema.FOLDER) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], outputs
    assert sorted(" ".join(out for out, _ in outputs).split()) == sorted(FILES)


def test_an_edited_migration_is_refused(fresh: Fresh, database: Database, tmp_path: Path) -> None:
    new = fresh()
    folder = write_tables(tmp_path, m0001_first="create schema first")
    assert migrate(new.url("wc_migrate"), folder) == ["0001_first"]
    write_tables(tmp_path, m0001_first="create schema edited")
    with pytest.raises(MigrationError, match="0001_first was edited after it was applied"):
        migrate(new.url("wc_migrate"), folder)
    assert value(new, "select to_regnamespace('edited')") is None


def test_a_failed_migration_changes_nothing(fresh: Fresh, database: Database, tmp_path: Path) -> None:
    new = fresh()
    folder = write_tables(tmp_path, m0001_good="create schema good", m0002_bad="create schema bad; select 1 / 0")
    with pytest.raises(errors.DivisionByZero):
        migrate(new.url("wc_migrate"), folder)
    assert value(new, "select to_regnamespace('bad')") is None
    assert value(new, "select array_agg(name) from schema_migrations") == ["0001_good"]
    write_tables(tmp_path, m0002_bad="create schema bad")
    assert migrate(new.url("wc_migrate"), folder) == ["0002_bad"]


INDEX = """-- no-transaction
-- An interrupted run leaves an invalid index.
set role pg_database_owner;
drop index concurrently if exists things_by_n;
create index concurrently things_by_n on things (n);
"""
TABLE = "set local role pg_database_owner; create table things as select generate_series(1, 100) as n"


def test_a_killed_migration_without_a_transaction_is_resumed(fresh: Fresh, database: Database, tmp_path: Path) -> None:
    new = fresh()
    folder = write_tables(tmp_path, m0001_table=TABLE)
    migrate(new.url("wc_migrate"), folder)
    write_tables(tmp_path, m0002_index=INDEX)
    with new.connect() as other:
        # This open transaction blocks `create index concurrently` until the transaction ends.
        other.execute("insert into things values (0)")
        killed = start_migrate(new, folder, lease=2)
        wait_until(new, "select exists (select from pg_index where not indisvalid)")
        killed.kill()
        killed.communicate()
        second = start_migrate(new, folder, lease=2)
        wait_until(new, "select leased_until < now() from schema_migrations where name = '0002_index'")
        other.rollback()
    out, errors_out = second.communicate(timeout=60)
    assert (second.returncode, out) == (0, "0002_index"), errors_out
    assert value(new, "select indisvalid from pg_index where indexrelid = 'things_by_n'::regclass")
    assert value(new, "select leased_until is null and applied_at is not null from schema_migrations where name ~ '2'")
    assert migrate(new.url("wc_migrate"), folder) == []


def test_the_lease_ends_after_a_migration_without_a_transaction_fails(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    new = fresh()
    folder = write_tables(tmp_path, m0001_bad="-- no-transaction\nset role pg_database_owner;\nselect 1 / 0;\n")
    for _ in range(2):
        with pytest.raises(errors.DivisionByZero):
            migrate(new.url("wc_migrate"), folder)
    write_tables(tmp_path, m0001_bad="-- no-transaction\nset role pg_database_owner;\nselect 1;\n")
    assert migrate(new.url("wc_migrate"), folder) == ["0001_bad"]


def test_concurrent_runs_apply_a_migration_without_a_transaction_only_once(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    new = fresh()
    slow = "-- no-transaction\nset role pg_database_owner;\nselect pg_sleep(1);\ncreate table once ();\n"
    folder = write_tables(tmp_path, m0001_slow=slow)
    runs = [start_migrate(new, folder) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], outputs
    assert sorted(out for out, _ in outputs) == ["", "0001_slow"]


def test_a_backfill_can_change_rows_only_with_the_role_app_migrate(
    database: Database,
) -> None:
    with database.connect("wc_migrate") as connection:
        backfill = "update orders set metadata = '{\"backfilled\": true}'"
        connection.execute("set local role app_owner")
        assert connection.execute(backfill).rowcount == 0
        connection.execute("set local role app_migrate")
        assert connection.execute(backfill).rowcount == 4
        connection.rollback()


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker"])
@pytest.mark.parametrize("role", ["app_owner", "app_definer", "app_migrate"])
def test_only_the_migration_login_can_use_the_roles_of_migrations(database: Database, login: str, role: str) -> None:
    with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(f"set role {role}".encode())


def test_the_migration_login_is_not_a_superuser(database: Database) -> None:
    with database.connect("wc_migrate") as connection:
        assert connection.execute("show is_superuser").fetchone() == ("off",)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select * from orders")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("alter role wc_migrate superuser")
