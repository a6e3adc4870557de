"""Tests that SQL of one caller in a pooled session does not affect the next caller of the session."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.world import B_SITE, B
from wecelebrate.core.database import ENTER, Caller, endpoints, transaction, writing
from wecelebrate.core.database.endpoints import Endpoint

BY_NAME = {caller.name: caller for caller in CALLERS}
ATTACKER, VICTIM = BY_NAME["A's owner"], BY_NAME["B's owner"]

LEFT_BEHIND = {
    "a search path": "set search_path = pg_temp, information_schema, public",
    "an empty search path": "set search_path = ''",
    "a role of a client": "set role app_client",
    "a role of the platform": "reset role; set role app_admin",
    "a role for the session": "set session role app_support",
    "a role by set_config": "select set_config('role', 'app_admin', false)",
    "a context": f"select set_config('app.client_ids', '{{{B}}}', false), set_config('app.seal', 'x', false)",
    "another context": "select set_config('app.admin_role', 'super_admin', false)",
    "read only": "set default_transaction_read_only = on",
    "the characteristics": "set session characteristics as transaction isolation level serializable, read only",
    "an isolation level": "set default_transaction_isolation = 'repeatable read'",
    "row security": "set row_security = off",
    "nulls that are equal": "set transform_null_equals = on",
    "no nulls in arrays": "set array_nulls = off",
    "backslashes in texts": "set standard_conforming_strings = off",
    "a limit of search results": "set gin_fuzzy_search_limit = 1",
    "a time zone": "set time zone 'Pacific/Kiritimati'",
    "a format of dates": "set datestyle = 'German, DMY'",
    "a format of intervals": "set intervalstyle = 'sql_standard'",
    "a format of bytes": "set bytea_output = 'escape'",
    "few digits": "set extra_float_digits = -15",
    "a long timeout": "set statement_timeout = 0; set lock_timeout = 1",
    "no timeout": "set idle_in_transaction_session_timeout = 0; set transaction_timeout = 0",
    "commits without durability": "set synchronous_commit = off",
    "a slow plan": "set enable_indexscan = off; set enable_seqscan = off; set plan_cache_mode = force_custom_plan",
    "much memory": "set work_mem = '2GB'; set hash_mem_multiplier = 1000",
    "parameters in the log": "set log_parameter_max_length_on_error = -1",
    "an application name": "set application_name = 'another'",
    "a prepared statement": "prepare theirs as select 1",
    "a cursor with hold": "declare theirs cursor with hold for select 1",
    "an advisory lock": "select pg_advisory_lock(18), pg_advisory_lock_shared(19)",
}

STATE = """
select
  (select array_agg(name || '=' || setting order by name) from pg_settings
   where source = 'session' and name !~ '^(app\\.|statement_timeout$|role$|application_name$|transaction_)'),
  (select array_agg(name) from pg_prepared_statements),
  (select array_agg(name) from pg_cursors where is_holdable),
  (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),
  current_setting('transaction_read_only'), current_setting('transaction_isolation'),
  current_setting('statement_timeout'),
  current_setting('search_path'), current_setting('role'), current_setting('application_name'),
  app.client_ids(), app.admin_role(), (select array_agg(id) from public.sites)
"""


@pytest.fixture
def pooled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """Open a session that functions share. Its settings and transactions are the same as in the sessions of the
    functions.
    """
    monkeypatch.setattr(endpoints, "connect", lambda _: database.connect("wc_api"))
    connection = Endpoint(read_only=False, retry_seconds=0).connected("")
    yield connection  # type: ignore[misc]
    connection.close()


def state(connection: psycopg.Connection) -> tuple[object, ...] | None:
    connection.execute(ENTER, VICTIM.parameters)
    return connection.execute(STATE).fetchone()


@pytest.mark.parametrize("text", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_the_session_state_of_the_previous_caller_is_removed(pooled: psycopg.Connection, text: str) -> None:
    clean = state(pooled)
    assert clean is not None
    assert clean[-1] == [B_SITE]
    pooled.rollback()
    pooled.execute(ENTER, ATTACKER.parameters)
    try:
        pooled.execute(sql.SQL(text))
        pooled.commit()
    except errors.UndefinedObject:  # transaction_timeout exists since PostgreSQL 17
        pooled.rollback()
    assert state(pooled) == clean
    pooled.execute("update sites set name = 'renamed'")
    pooled.rollback()


def test_the_statement_timeout_of_the_previous_caller_is_reset(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "connect", lambda _: database.connect_as_function("wc_api"))
    writer = Endpoint(read_only=False, retry_seconds=0)
    monkeypatch.setattr(transaction, "writer", writer)
    victim = Caller(subject=VICTIM.subject)
    for _ in range(5):
        connection = writer.connected("")
        connection.execute(ENTER, ATTACKER.parameters)
        connection.execute("set statement_timeout = 1; commit")
        with writing(victim) as tx:
            assert tx.context.client_ids == [B]
    writer.drop()


def test_a_listen_command_of_the_previous_caller_ends_when_the_next_transaction_commits(
    pooled: psycopg.Connection,
) -> None:
    pooled.execute(ENTER, ATTACKER.parameters)
    pooled.execute("listen theirs")
    pooled.commit()
    pooled.execute(ENTER, VICTIM.parameters)
    pooled.commit()
    assert pooled.execute("select count(*) from pg_listening_channels()").fetchone() == (0,)


def test_an_injected_set_role_gives_a_later_caller_no_access(
    pooled: psycopg.Connection,
) -> None:
    pooled.execute(ENTER, ATTACKER.parameters)
    pooled.execute("set role app_client")
    pooled.commit()
    assert pooled.execute("select count(*) from sites").fetchone() == (0,)


@pytest.mark.parametrize(
    "setting", ["transform_null_equals = on", "search_path = information_schema", "role = app_admin"]
)
def test_callers_cannot_enter_if_the_login_has_stored_settings(database: Database, setting: str) -> None:
    with database.connect() as superuser, superuser.transaction(force_rollback=True):
        # A login may store settings for itself with ALTER ROLE. No privilege can prevent this.
        superuser.execute(sql.SQL(f"alter role wc_api set {setting}"))
        superuser.execute("set local session authorization wc_api")
        with pytest.raises(psycopg.Error) as error, superuser.transaction():
            superuser.execute(ENTER, VICTIM.parameters)
        assert error.value.sqlstate == "WC503"


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker", "wc_kv", "wc_migrate"])
@pytest.mark.parametrize(
    "call",
    [
        *("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')", "lo_open(1, 131072)", "lo_get(1)", "lo_unlink(1)"),
        *("lo_put(1, 0, 'x')", "loread(0, 1)", "lowrite(0, 'x')", "lo_import('/etc/passwd')", "lo_export(1, '/tmp/x')"),
        *("pg_terminate_backend(1)", "pg_cancel_backend(1)", "pg_logical_emit_message(false, 'x', 'x')"),
        *("pg_read_file('/etc/passwd')", "pg_ls_dir('/')", "pg_reload_conf()", "pg_rotate_logfile()"),
    ],
)
def test_logins_cannot_call_functions_with_effects_outside_their_transaction(
    database: Database, login: str, call: str
) -> None:
    with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(sql.SQL(f"select pg_catalog.{call}"))
