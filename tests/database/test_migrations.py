"""Migrations: applied once, whole or not at all, whoever runs them and however often."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Database
from wecelebrate import migrations
from wecelebrate.migrations import MigrationError, migrate

Fresh = Callable[[], Database]
NAMES = [migration.name for migration in migrations.migrations()]


def write(folder: Path, **files: str) -> Path:
    """Migrations of these names, `_` and all."""
    for name, text in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text, "utf-8")
    return folder


def run(database: Database, folder: Path, lease: int = 900) -> subprocess.Popen[str]:
    """`migrate` in a process of its own; it prints the names it applied."""
    program = f"""
import sys
from pathlib import Path
from wecelebrate import migrations
migrations.LEASE_SECONDS = {lease}
sys.stdout.write(" ".join(migrations.migrate(sys.argv[1], Path(sys.argv[2]))))
"""
    command = [sys.executable, "-c", program, database.url("wc_migrate"), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def value(database: Database, query: str, login: str = "postgres") -> object:
    with database.connect(login, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def wait_until(database: Database, query: str) -> None:
    deadline = time.monotonic() + 20
    while not value(database, query):
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


def test_a_second_run_applies_nothing(fresh: Fresh, database: Database) -> None:
    made = fresh()  # on a server that has the roles already
    assert migrate(made.url("wc_migrate")) == NAMES
    assert migrate(made.url("wc_migrate")) == []


def test_two_runs_at_once_do_every_step_once(fresh: Fresh, database: Database) -> None:
    made = fresh()
    runs = [run(made, migrations.FOLDER) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], said
    assert sorted(" ".join(out for out, _ in said).split()) == NAMES


def test_an_applied_migration_never_changes(fresh: Fresh, database: Database, tmp_path: Path) -> None:
    made = fresh()
    folder = write(tmp_path, m0001_first="create schema first")
    assert migrate(made.url("wc_migrate"), folder) == ["0001_first"]
    write(tmp_path, m0001_first="create schema edited")
    with pytest.raises(MigrationError, match="0001_first was applied as another text"):
        migrate(made.url("wc_migrate"), folder)
    assert value(made, "select to_regnamespace('edited')") is None


def test_a_migration_that_fails_changes_nothing(fresh: Fresh, database: Database, tmp_path: Path) -> None:
    made = fresh()
    folder = write(tmp_path, m0001_good="create schema good", m0002_bad="create schema bad; select 1 / 0")
    with pytest.raises(errors.DivisionByZero):
        migrate(made.url("wc_migrate"), folder)
    assert value(made, "select to_regnamespace('bad')") is None
    assert value(made, "select array_agg(name) from schema_migrations") == ["0001_good"]
    write(tmp_path, m0002_bad="create schema bad")
    assert migrate(made.url("wc_migrate"), folder) == ["0002_bad"]


INDEX = """-- no-transaction
-- What was interrupted left an index that is not valid.
set role pg_database_owner;
drop index concurrently if exists things_by_n;
create index concurrently things_by_n on things (n);
"""
TABLE = "set local role pg_database_owner; create table things as select generate_series(1, 100) as n"


def test_a_migration_without_transaction_that_was_killed_is_resumed(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    made = fresh()
    folder = write(tmp_path, m0001_table=TABLE)
    migrate(made.url("wc_migrate"), folder)
    write(tmp_path, m0002_index=INDEX)
    with made.connect() as other:
        # What is open holds up a concurrent index until it ends.
        other.execute("insert into things values (0)")
        killed = run(made, folder, lease=2)
        wait_until(made, "select exists (select from pg_index where not indisvalid)")
        killed.kill()
        killed.communicate()
        second = run(made, folder, lease=2)
        wait_until(made, "select leased_until < now() from schema_migrations where name = '0002_index'")
        other.rollback()
    out, said = second.communicate(timeout=60)
    assert (second.returncode, out) == (0, "0002_index"), said
    assert value(made, "select indisvalid from pg_index where indexrelid = 'things_by_n'::regclass")
    assert value(made, "select leased_until is null and applied_at is not null from schema_migrations where name ~ '2'")
    assert migrate(made.url("wc_migrate"), folder) == []


def test_a_migration_without_transaction_that_failed_keeps_nobody_waiting(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    made = fresh()
    folder = write(tmp_path, m0001_bad="-- no-transaction\nset role pg_database_owner;\nselect 1 / 0;\n")
    for _ in range(2):
        with pytest.raises(errors.DivisionByZero):
            migrate(made.url("wc_migrate"), folder)
    write(tmp_path, m0001_bad="-- no-transaction\nset role pg_database_owner;\nselect 1;\n")
    assert migrate(made.url("wc_migrate"), folder) == ["0001_bad"]


def test_two_runs_of_a_migration_without_transaction_take_turns(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    made = fresh()
    slow = "-- no-transaction\nset role pg_database_owner;\nselect pg_sleep(1);\ncreate table once ();\n"
    folder = write(tmp_path, m0001_slow=slow)
    runs = [run(made, folder) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], said
    assert sorted(out for out, _ in said) == ["", "0001_slow"]


def test_a_backfill_touches_rows_as_app_migrate_and_none_as_the_owner(database: Database) -> None:
    with database.connect("wc_migrate") as connection:
        backfill = "update orders set metadata = '{\"backfilled\": true}'"
        connection.execute("set local role app_owner")
        assert connection.execute(backfill).rowcount == 0
        connection.execute("set local role app_migrate")
        assert connection.execute(backfill).rowcount == 4
        connection.rollback()


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker"])
@pytest.mark.parametrize("role", ["app_owner", "app_definer", "app_migrate"])
def test_no_other_login_may_become_what_migrations_become(database: Database, login: str, role: str) -> None:
    with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(f"set role {role}".encode())


def test_the_login_of_migrations_is_no_superuser(database: Database) -> None:
    with database.connect("wc_migrate") as connection:
        assert connection.execute("show is_superuser").fetchone() == ("off",)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select * from orders")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("alter role wc_migrate superuser")
