"""Tests that `migrate` applies changed function files in one transaction. An older release does not apply its function
files.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.database.conftest import Database
from tests.database.schema_folders import start_migrate, value, write_functions, write_tables
from wecelebrate import schema
from wecelebrate.schema import MigrationError, access, migrate

Fresh = Callable[[], Database]
SCHEMA = "create schema app"
FUNCTION = "create or replace function app.{name}() returns int language sql return {n}"
MAX_FUNCTION_LINES = 60
MAX_LINE_LENGTH = 120
FILES = [*schema.migrations(), *schema.function_files()]


@pytest.fixture(scope="module")
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The schema folder of a small release. It has two function files, which define `app.one` and `app.two`."""
    write_tables(tmp_path, m0001_schema=SCHEMA)
    return write_functions(tmp_path, one=FUNCTION.format(name="one", n=1), two=FUNCTION.format(name="two", n=2))


def test_only_changed_function_files_are_applied_again(fresh: Fresh, database: Database, release: Path) -> None:
    new = fresh()
    assert migrate(new.url("wc_migrate"), release) == ["0001_schema", "functions/one", "functions/two"]
    write_functions(release, two=FUNCTION.format(name="two", n=22))
    assert migrate(new.url("wc_migrate"), release) == ["functions/two"]
    assert value(new, "select array[app.one(), app.two()]") == [1, 22]


def test_a_rollback_to_an_earlier_release_restores_its_functions(
    fresh: Fresh, database: Database, release: Path
) -> None:
    new = fresh()
    for n in (1, 11, 1):
        write_functions(release, one=FUNCTION.format(name="one", n=n))
        migrate(new.url("wc_migrate"), release)
        assert value(new, "select app.one()") == n


def test_a_failed_function_file_changes_no_function(fresh: Fresh, database: Database, release: Path) -> None:
    new = fresh()
    migrate(new.url("wc_migrate"), release)
    write_functions(release, one=FUNCTION.format(name="one", n=11), two="select 1 / 0")
    with pytest.raises(
        MigrationError, match=r"functions/two\.sql failed, and no function was changed: division by zero"
    ):
        migrate(new.url("wc_migrate"), release)
    assert value(new, "select app.one()") == 1
    write_functions(release, two=FUNCTION.format(name="two", n=22))
    assert migrate(new.url("wc_migrate"), release) == ["functions/one", "functions/two"]


def test_a_function_file_cannot_change_the_result_type_of_a_function(
    fresh: Fresh, database: Database, release: Path
) -> None:
    new = fresh()
    migrate(new.url("wc_migrate"), release)
    write_functions(release, one=FUNCTION.format(name="one", n=1).replace("returns int", "returns bigint"))
    with pytest.raises(MigrationError, match="cannot change return type of existing function"):
        migrate(new.url("wc_migrate"), release)


def test_an_older_release_does_not_change_the_functions_of_a_newer_database(
    fresh: Fresh, database: Database, release: Path
) -> None:
    new = fresh()
    migrate(new.url("wc_migrate"), release)
    write_tables(release, m0002_later="create schema later")
    write_functions(release, one=FUNCTION.format(name="one", n=11))
    assert migrate(new.url("wc_migrate"), release) == ["0002_later", "functions/one"]
    (release / "tables" / "0002_later.sql").unlink()
    write_functions(release, one=FUNCTION.format(name="one", n=1))
    assert migrate(new.url("wc_migrate"), release) == []
    assert value(new, "select app.one()") == 11


def test_concurrent_runs_of_migrate_replace_a_changed_function_only_once(
    fresh: Fresh, database: Database, release: Path
) -> None:
    new = fresh()
    migrate(new.url("wc_migrate"), release)
    slow = "; select pg_sleep(1)"
    write_functions(release, one=FUNCTION.format(name="one", n=11) + slow, two=FUNCTION.format(name="two", n=22))
    runs = [start_migrate(new, release) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], outputs
    assert sorted(out for out, _ in outputs) == ["", "functions/one functions/two"]


def test_every_function_is_declared_in_the_access_matrix(superuser: psycopg.Connection) -> None:
    assert access.undeclared_functions(superuser, access.declared()) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("alter function app.has_replayed owner to wc_api", "app.has_replayed: owner is wc_api, but must be app_owner"),
        (
            "alter function app.transaction_writes security invoker",
            "app.transaction_writes: security is invoker, but must be definer",
        ),
        (
            "alter function app.transaction_writes set search_path = public",
            "app.transaction_writes: settings is ('search_path=public',),"
            " but must be ('search_path=pg_catalog, public, pg_temp',)",
        ),
        (
            "grant execute on function app.transaction_writes to public",
            "app.transaction_writes: public must not have the privilege execute",
        ),
        (
            "revoke execute on function app.daily_order_totals from app_client",
            "app.daily_order_totals: app_client must have the privilege execute",
        ),
        ("drop function app.daily_order_totals", "app.daily_order_totals: the function does not exist"),
    ],
)
def test_a_function_that_differs_from_the_matrix_is_reported(database: Database, change: str, difference: str) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(change.encode())
        assert difference in access.drift(connection, access.declared())


def defined(file: schema.SchemaFile) -> list[str]:
    """Return the names and the argument lists of the functions that a file defines."""
    functions = re.findall(r"create (?:or replace )?function ([\w.]+)\s*(\([^$]*?\))\s*(?:returns|language)", file.sql)
    return [f"{name}{arguments}" for name, arguments in functions]


SIGNATURES = Path(__file__).with_name("function_signatures.txt")
"""The file with the signatures of all functions of all commits on `main`. Lines are added, but never removed."""


def dropped_functions() -> set[str]:
    """Return the signatures of the functions that migrations drop, without spaces."""
    statements = [
        statement
        for migration in schema.migrations()
        for statement in re.findall(r"^drop function (?:if exists )?([^;]+);", migration.sql, re.MULTILINE)
    ]
    return {"".join(signature.split()) for drop in statements for signature in re.findall(r"[\w.]+\([^)]*\)", drop)}


def test_each_function_of_earlier_commits_exists_or_is_dropped_by_a_migration() -> None:
    """If a release removes a function without dropping it, the function remains in older databases. `migrate` then
    fails, because access.toml does not contain the function.
    """
    text = (schema.FOLDER / "schema.sql").read_text("utf-8")
    headings = re.findall(r"^-- Function ([^;]+?\)),\s+owner", text, re.MULTILINE)
    assert len(headings) == len(re.findall(r"^-- Function ", text, re.MULTILINE))
    current = {" ".join(heading.split()) for heading in headings}
    recorded = SIGNATURES.read_text("utf-8").splitlines()
    assert sorted(current - set(recorded)) == [], f"add these lines to {SIGNATURES.name}, and remove no line"
    assert recorded == sorted(set(recorded))
    removed = {"".join(signature.split()) for signature in set(recorded) - current}
    assert sorted(removed - dropped_functions()) == [], "keep the old overload, or drop it in a migration"


REPLACED = {"app.catalog_ids()", "app.owned_catalog_ids()", "app.writable_catalog_ids()"}
"""The functions that a later migration replaces. These functions cannot be in a function file, because policies use
them.
"""


def test_each_function_is_defined_once_unless_a_migration_replaces_it() -> None:
    names = Counter(name for file in FILES for name in defined(file))
    assert len(names) > 60
    assert {name for name, count in names.items() if count > 1} == REPLACED


def test_function_files_contain_only_repeatable_statements() -> None:
    for file in schema.function_files():
        statements = re.sub(r"(\$\w*\$).*?\1", "", re.sub(r"--[^\n]*", "", file.sql), flags=re.DOTALL)
        assert re.match(r"\s*set local role app_\w+;", statements), (
            f"{file.name} must begin with `set local role` and its owner"
        )
        assert re.findall(r"^create (?!or replace (?:function|view|trigger) ).*", statements, re.MULTILINE) == []
        assert re.findall(r"^(?:drop|alter|insert|update|delete)\b.*", statements, re.MULTILINE) == []


STORED = """
with recursive used (oid) as (
  select d.refobjid
  from pg_depend d
  where d.refclassid = 'pg_proc'::regclass
    and (d.classid in ('pg_policy'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass)
      or d.classid = 'pg_class'::regclass and exists (
        select from pg_class c where c.oid = d.objid and c.relkind in ('i', 'I')))
  union
  select d.refobjid from used u join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = u.oid
  where d.refclassid = 'pg_proc'::regclass
)
select n.nspname || '.' || p.proname
from used u join pg_proc p on p.oid = u.oid join pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'app'
"""
"""Selects the functions that policies, defaults, constraints and indexes use, directly or through other functions."""


def test_a_function_with_stored_results_is_not_defined_in_a_function_file(
    superuser: psycopg.Connection,
) -> None:
    stored = {name for (name,) in superuser.execute(STORED.encode()).fetchall()}
    assert {"app.uuid7", "app.client_ids", "app.context", "app.may_read_product", "app.order_number"} <= stored
    replaceable = {name.partition("(")[0] for file in schema.function_files() for name in defined(file)}
    assert stored & replaceable == set()


def test_functions_and_lines_of_sql_files_have_a_maximum_length() -> None:
    long_functions: dict[str, int] = {}
    for file in FILES:
        assert [line for line in file.sql.splitlines() if len(line) > MAX_LINE_LENGTH] == [], file.name
        functions = re.finditer(
            r"^create (?:or replace )?function ([\w.]+).*?(?:^\$\$;|^end;|^return .*?;)", file.sql, re.M | re.S
        )
        for function in functions:
            lines = function[0].count("\n") + 1
            if lines > MAX_FUNCTION_LINES:
                long_functions[function[1]] = lines
    assert set(long_functions) == {"app.place_order"}, long_functions
