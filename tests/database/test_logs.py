"""Tests that logs do not contain the values of parameters and rows, because these values can be personal data."""

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from infra.local.endpoints import Endpoints
from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.world import A
from wecelebrate.core.database import ENTER
from wecelebrate.core.database.errors import to_problem

OWNER = next(caller for caller in CALLERS if caller.name == "A's owner")
Failure = Callable[[psycopg.Connection[DictRow], str], object]

FAILURES: dict[str, tuple[type[psycopg.Error], Failure]] = {
    "a value of the wrong type": (psycopg.DataError, lambda c, marker: c.execute("select %s::uuid", [marker])),
    "a value that is no date": (psycopg.DataError, lambda c, marker: c.execute("select %s::date", [marker])),
    "a value in JSON": (psycopg.DataError, lambda c, marker: c.execute("select %s::jsonb", ["{" + marker])),
    "an error with parameters": (psycopg.DataError, lambda c, marker: c.execute("select 1/0 where %s <> ''", [marker])),
    "a duplicate key": (
        psycopg.errors.UniqueViolation,
        lambda c, marker: c.execute(
            "insert into client_users (client_id, user_id, email) select %s, %s, 'x' from generate_series(1, 2)",
            [A, marker],
        ),
    ),
    "a violated check": (
        psycopg.errors.CheckViolation,
        lambda c, marker: c.execute(
            "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, %s)",
            [A, marker, marker, "x"],
        ),
    ),
    "many rows": (
        psycopg.DataError,
        lambda c, marker: c.cursor().executemany("select %s::int", [["1"], [marker]]),
    ),
}


def logs(state: Path) -> str:
    return "\n".join(file.read_text("utf-8", "replace") for file in (state / "logs").rglob("*.log"))


@pytest.mark.parametrize("failure", FAILURES)
def test_log_and_error_of_a_failing_statement_contain_no_values(database: Database, state: Path, failure: str) -> None:
    marker = f"ann-{uuid4().hex}@example.test"
    expected, fail = FAILURES[failure]
    with database.connect_as_function("wc_api") as connection:
        connection.execute(ENTER, OWNER.parameters)
        # Injected SQL may try to change what PostgreSQL logs.
        connection.execute("set local log_parameter_max_length_on_error = 0")
        with pytest.raises(expected) as caught:
            fail(connection, marker)
        connection.rollback()
    try:
        raise to_problem(caught.value) from caught.value
    except Exception as problem:
        text = "".join(traceback.format_exception(problem))
    assert str(caught.value.sqlstate) in text
    assert marker not in text
    assert marker not in str(caught.value)
    assert marker not in logs(state)


def test_the_log_of_a_slow_statement_contains_no_values(database: Database, state: Path) -> None:
    marker, mark = f"ann-{uuid4().hex}@example.test", f"slow-{uuid4().hex}"
    with database.connect("wc_api") as connection:
        connection.execute(f"/* {mark} */ select pg_sleep(0.6), %s::text".encode(), [marker])
    deadline = time.monotonic() + 10
    while mark not in logs(state) and time.monotonic() < deadline:
        time.sleep(0.05)
    lines = [line for line in logs(state).splitlines() if mark in line]
    assert any("duration: " in line and "pg_sleep" in line for line in lines)
    assert marker not in logs(state)


def test_a_failing_copy_statement_logs_no_values(database: Database, state: Path) -> None:
    marker = f"ann-{uuid4().hex}@example.test"
    with database.connect_as_function("postgres") as connection:
        connection.execute("create temporary table numbers (n int)")
        with pytest.raises(psycopg.DataError) as caught, connection.cursor().copy("copy numbers from stdin") as copy:
            copy.write_row([marker])
    assert marker not in "".join(traceback.format_exception(caught.value))
    assert marker not in logs(state)


@pytest.mark.parametrize("role", ["primary", "replica"])
def test_the_modules_of_postgresql_do_not_log_the_values_of_statements(
    database: Database, cloud: Endpoints, role: str
) -> None:
    url = database.url() if role == "primary" else cloud.replica
    with psycopg.connect(url) as connection:
        rows = connection.execute("select name, setting from pg_settings where name ~ 'log|preload'").fetchall()
    settings: dict[str, str] = dict(rows)
    assert settings["shared_preload_libraries"] == "pg_stat_statements"  # auto_explain would log parameters
    assert settings["log_parameter_max_length"] == settings["log_parameter_max_length_on_error"] == "0"
    assert settings["log_statement"] == "none"
