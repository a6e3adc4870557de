"""Tests that injected SQL of any login can access only rows that the caller can also access without injected SQL."""

from contextlib import suppress

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, LOGINS, Caller
from tests.database.conftest import Database
from tests.database.probe import blind_update, entered, promised, shown
from tests.database.world import A_JOB, A_SITE, B_SITE, A, B
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
VICTIMS = [BY_NAME[name] for name in ("customer of A", "A's owner", "service for A")]
INSPECTED = (
    *("clients", "client_users", "sites", "products", "orders", "order_deltas", "order_daily_totals", "jobs"),
    *("cache_invalidations", "app.replica_heartbeat", "kill_switches", "idempotency_keys", "app.seal_key"),
)

CONTEXT = f"""
set local app.subject = 'super'; set local app.admin_role = 'super_admin'; set local app.client_ids = '{{{B}}}';
set local app.editor_ids = '{{{B}}}'; set local app.owner_ids = '{{{B}}}'; set local app.site_id = '{B_SITE}'
"""
TEXT_ENTER = "select role from app.enter('super', null, null, null, '{}', null)"
ROLES = sorted({role for roles in LOGINS.values() for role in roles})

ATTACKS: dict[str, str] = {
    **{f"set role {role}": f"set role {role}" for role in ROLES},
    "set_config role": "select set_config('role', 'app_admin', true)",
    "reset role": "reset role",
    "reset role, then another": "reset role; set role app_admin",
    "set session role": "set session role app_admin",
    "session authorization": "set session authorization postgres",
    "session authorization of another login": "set session authorization wc_worker",
    "session authorization default": "set session authorization default",
    "another context": CONTEXT,
    "another context by set_config": f"select set_config('app.client_ids', '{{{B}}}', true)",
    "another context, for the session": f"select set_config('app.client_ids', '{{{B}}}', false)",
    "another context with another role": f"{CONTEXT}; set role app_admin",
    "no seal": "reset app.seal",
    "a computed seal": f"{CONTEXT}; select set_config('app.seal', app.seal('app_admin'), true); set role app_admin",
    "an empty seal": f"{CONTEXT}; set local app.seal = ''",
    "the key": "select key from app.seal_key",
    "resolve the caller": "select app.resolve_caller('super', null, null)",
    "establish a context": "select app.establish_context('super', null, null, null, null)",
    "establish a context as the login": (
        "reset role; select app.establish_context('super', null, null, null, null); set role app_admin"
    ),
    "enter again": TEXT_ENTER,
    "enter again as the login": f"reset role; {TEXT_ENTER}",
    "enter again after a savepoint": f"savepoint s; reset role; rollback to savepoint s; reset role; {TEXT_ENTER}",
    "enter again in a block": f"reset role; do $$ begin perform * from ({TEXT_ENTER}) e; end $$",
    "enter again in a function's text": f"reset role; select query_to_xml($${TEXT_ENTER}$$, true, false, '')",
    "enter again with a prepared statement": (
        "reset role; prepare again as select role, admin_role, client_ids, editor_ids, owner_ids, site_id,"
        " site_client_id, site_catalog_id, tier, requests_per_hour, caught_up, kill_switches"
        " from app.enter($1, $2, $3, $4, $5, $6); execute again('super', null, null, null, '{}', null)"
    ),
    "row security off": "set local row_security = off",
    "replication role": "set local session_replication_role = replica",
    "a new superuser": "create role mine superuser login; set role mine",
    "a granted role": "grant app_admin to current_user",
    "a policy": "create policy mine on products using (true)",
    "row-level security switched off": "alter table orders disable row level security",
    "row-level security suspended": "select app.suspend_row_security('orders', 'mine', 60)",
    "a suspension": (
        "insert into row_security_suspensions (table_name, reason, privileges, suspended_by, expires_at)"
        " values ('orders', 'mine', '[]', 'me', now())"
    ),
    "a definer function": "create function public.mine() returns void security definer language sql as ''",
    "a file": "copy orders to '/tmp/orders'",
    "a program": "copy orders to program 'cat'",
    "partitions": "select app.create_event_partitions(current_date)",
    "a kill switch": "insert into kill_switches (name, value) values ('reads', 'primary'); delete from kill_switches",
    "the outbox": "select app.claim_invalidations('0 s', 10000); delete from cache_invalidations",
    "the outbox as the login": (
        "reset role; select app.delete_sent_invalidations(array(select id from cache_invalidations));"
        " set role app_system; select app.claim_invalidations('0 s', 10000)"
    ),
    "a heartbeat": "select app.write_replica_heartbeat(); reset role; select app.write_replica_heartbeat()",
    "another caller's responses": (
        "update idempotency_keys set subject = 'a-owner'; update idempotency_keys set body = 'mine'"
    ),
    "the backfill": (
        "select kv.start_backfill('{production}', null); select kv.continue_backfill(id, 100) from kv.runs;"
        " select kv.status(); update kv.ids set old_id = 'mine'; set role app_mirror; delete from kv.quarantine"
    ),
    "the mirror": (
        "select kv.switch_mirror(true, '{production}', null); select kv.save_mirror(true, '{production}', null);"
        " select kv.give_revisions('', 1000); select kv.lock_rows(null, '%'); select kv.forget(1000);"
        " select kv.lock_written('{gift:1}', '{}'); select kv.fold(100); select kv.fold_keys('{gift:1}');"
        " select kv.fold_written('{gift:1}', '{}'); select kv.fold_selected(null, '%');"
        " select kv.mirror_status(); update kv.mirror set enabled = true; select kv.enable_triggers(true);"
        " alter table products enable always trigger mirror_update; select * from kv.history"
    ),
    "the comparison": (
        "select kv.start_comparison('site', null, null); select kv.compared('site', '{site:1}', '{}', '{}', true);"
        " select kv.repair_record('kv', 'site', 'site:1', null, '{}');"
        " select kv.is_document_newer('site', 'a', null, '{}'); update kv.differences set repaired_at = now();"
        " select app.record_comparison('kv_comparison.start', null, '{}'); delete from kv.comparisons"
    ),
    "the stages": (
        "select kv.change_stage('product', null, 'tables', 100, 100, null); select kv.hold_stages();"
        " select kv.list_stages(); select kv.cutover_facts('product', null); select kv.try_canary('product');"
        " select app.write_canary('canary-' || repeat('0', 32)); select app.oldest_transaction();"
        " select kv.record_shadow_reads('{gift:1}', '{gift:1}'); select kv.answer('gift:1', '{}', 0);"
        " select app.record_stage_change('rollback', null, 'product', '{}');"
        " select set_config('kv.leads', 'tables', false), set_config('app.kv_stage', 'tables', false);"
        " update kv.stages set leads = 'tables'; insert into kv.stages (entity, changed_by) values ('site', 'me')"
    ),
    "the retirement": (
        "select kv.start_retirement('product', 1); select kv.change_retirement('product', 'archiving', null);"
        " select kv.delete_archived('product'); select kv.restore_part('product', 1, '{}');"
        " select kv.begin_archive_part('product', 100, 1000000); select kv.next_deleted_part('product');"
        " select kv.retirement_facts('product'); select kv.retirement_status(); select kv.lock_retirement('product');"
        " select kv.prove_archive_part('product', 1, '1', repeat('0', 64), repeat('0', 64));"
        " select kv.give_up_part('product', 1, 'x'); select kv.continue_ending('product', 5);"
        " select app.record_retirement('undo', 'product', '{}'); select kv.watched_entities();"
        " select kv.report_troubles();"
        ' select kv.record_traffic(\'[{"kind": "read", "key": "gift:1", "requests": 1, "age": 0}]\');'
        " update kv.retirements set status = 'undone'; delete from kv.traffic; select * from kv.archive_secrets"
    ),
    "a rollup": "select app.rollup_order_deltas()",
    "the session of another caller": "reset role; select app.reset_session(); set role app_admin",
    "defaults of the session": (
        "set default_transaction_read_only = on; set transform_null_equals = on; set array_nulls = off"
    ),
    "a role in a prepared statement": "prepare mine as select set_config('role', 'app_admin', false); execute mine",
    "a context of the session": (
        f"select set_config('app.editor_ids', '{{{B}}}', false), set_config('app.seal', '', false)"
    ),
    "a stored role": "reset role; alter role wc_api set role = app_admin; alter role wc_public set role = app_customer",
    "a password": "reset role; alter role wc_migrate password 'mine'",
    "a temporary table": "create temp table sites as select * from orders; set search_path = pg_temp, public",
    "a temporary function": "create function pg_temp.f() returns uuid[] language sql return '{}'::uuid[]",
    "a file of large objects": "select lo_import('/etc/passwd', 1); select lo_get(1); select lo_export(1, '/tmp/x')",
    "a large object": "select lo_from_bytea(0, 'x')",
    "a foreign server": "create extension dblink; select * from dblink('dbname=postgres', 'select 1') t (n int)",
    "a file of the server": "select pg_read_file('/etc/passwd'), pg_ls_dir('/')",
    "channels and locks": "listen mine; notify mine, 'x'; select pg_advisory_lock(1); select pg_advisory_unlock_all()",
    "the domain of another site": "update sites set domain = 'b.test', domain_verified_at = now()",
    "a verification": "select app.verify_site_domain(id, domain) from sites",
    "a delta": f"insert into order_deltas select app.uuid7(), '{B}', current_date, 'USD', 'pending', 1, 1",
}


def inject(connection: psycopg.Connection, text: str, *, one_by_one: bool) -> None:
    """Run the injected text, either as a whole or statement by statement. Errors are ignored."""
    for statement in text.split("; ") if one_by_one and "$$" not in text else [text]:
        with suppress(psycopg.Error), connection.transaction():
            connection.execute(sql.SQL(statement))


def exposed_tables(connection: psycopg.Connection, victim: Caller) -> list[str]:
    """Return the tables in which the caller can read or change more rows than the matrix allows."""
    exposed = []
    for table in INSPECTED:
        allowed = promised(victim, table)
        visible = shown(connection, table) or frozenset()
        changed = blind_update(connection, table)
        if not visible <= (allowed.select or frozenset()) or (changed and changed[0] not in (0, allowed.blind_update)):
            exposed.append(table)
    return exposed


WITHOUT_GUARD = {
    "the seal": """
        create or replace function app.context(setting text) returns text language sql stable security definer
        as $$ select nullif(current_setting('app.' || setting, true), '') $$""",
    "the key of the seal": "grant execute on function app.seal(text) to public",
    "the check that app.enter is a statement of its own": """
        do $$ begin
          execute replace(pg_get_functiondef('app.establish_context'::regproc), 'current_query() !~', $r$'' ~$r$);
        end $$""",
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("victim", VICTIMS, ids=lambda caller: caller.name)
def test_an_attack_exposes_only_rows_that_the_matrix_allows(
    connections: dict[str, psycopg.Connection], victim: Caller, attack: str
) -> None:
    for one_by_one in (True, False):
        with entered(connections[victim.login], victim) as connection:
            inject(connection, ATTACKS[attack], one_by_one=one_by_one)
            assert exposed_tables(connection, victim) == []


@pytest.mark.parametrize(
    ("guard", "attack"),
    [
        ("the seal", "another context"),
        ("the key of the seal", "a computed seal"),
        ("the check that app.enter is a statement of its own", "enter again as the login"),
        ("the check that app.enter is a statement of its own", "enter again in a block"),
        ("the check that app.enter is a statement of its own", "establish a context as the login"),
    ],
)
def test_an_attack_succeeds_if_the_guard_against_the_attack_is_removed(
    database: Database, guard: str, attack: str
) -> None:
    victim = BY_NAME["A's owner"]
    with database.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute(WITHOUT_GUARD[guard])
        superuser.execute("set local session authorization wc_api")
        with entered(superuser, victim):
            inject(superuser, ATTACKS[attack], one_by_one=True)
            assert exposed_tables(superuser, victim) != []


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda caller: caller.name)
@pytest.mark.parametrize("end", ["commit", "rollback", "commit; reset role", "do $$ begin commit; end $$"])
def test_injected_sql_cannot_end_the_transaction_and_call_app_enter_again(
    database: Database, victim: Caller, end: str
) -> None:
    with database.connect(victim.login) as connection:
        connection.execute(ENTER, victim.parameters)
        with pytest.raises(psycopg.Error, match=r"a statement of its own|invalid transaction termination"):
            connection.execute(sql.SQL(f"{end}; begin; {TEXT_ENTER}"))
        connection.rollback()
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select * from sites")


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker", "wc_kv"])
@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table products (id uuid, name text)",
        "create temporary view products as select 1",
        "create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz'",
        "create domain pg_temp.uuid as text",
        "create table public.mine ()",
        "create function public.mine() returns void language sql as ''",
        "create function app.set_config(text, text, boolean) returns text language sql as ''",
        "create operator public.= (function = texteq, leftarg = uuid, rightarg = uuid)",
        "create schema mine",
        "create extension dblink",
    ],
)
def test_logins_cannot_create_objects(database: Database, login: str, statement: str) -> None:
    with database.connect(login, autocommit=True) as connection:
        for role in (login, *LOGINS[login]):
            with (
                pytest.raises((errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile)),
                connection.transaction(),
            ):
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                connection.execute(sql.SQL(statement))


@pytest.mark.parametrize("path", ["''", "pg_temp, app, public", "public, app, pg_catalog", "information_schema"])
def test_a_hostile_search_path_does_not_change_results(database: Database, path: str) -> None:
    caller = BY_NAME["A's owner"]
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, caller):
        query = "select app.client_ids(), app.catalog_ids(), app.may_read_catalog(%s, %s), app.subject()"
        before = connection.execute(query, [A, A]).fetchone()
        connection.execute(sql.SQL("set local search_path = " + path))
        assert connection.execute(query, [A, A]).fetchone() == before
        assert connection.execute("select count(*) from public.sites").fetchone() == (2,)


def test_a_hostile_search_path_does_not_affect_the_next_caller_of_the_session(database: Database) -> None:
    with database.connect("wc_api") as connection:
        connection.execute(ENTER, BY_NAME["A's owner"].parameters)
        connection.execute("set search_path = pg_temp, pg_catalog, public")
        connection.commit()
        row = connection.execute(ENTER, BY_NAME["B's owner"].parameters).fetchone()
        assert row
        assert row[2] == [B]
        assert connection.execute("select array_agg(id) from sites").fetchone() == ([B_SITE],)


def test_a_context_cannot_be_reused_in_the_next_transaction(database: Database) -> None:
    names = ["subject", "email", "admin_role", "client_ids", "editor_ids", "owner_ids", "site_id", "job_id", "seal"]
    with database.connect("wc_worker") as connection:
        connection.execute(ENTER, ["service:drops", None, None, A, [], A_JOB, None, None, None])
        copies = [connection.execute("select current_setting(%s)", [f"app.{name}"]).fetchone() for name in names]
        assert connection.execute("select count(*) from sites").fetchone() == (2,)
        connection.commit()
        for name, value in zip(names, copies, strict=True):
            connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value[0] if value else ""])
        connection.execute("set local role app_client")
        assert connection.execute("select app.subject(), app.client_ids()").fetchone() == (None, None)
        assert connection.execute("select count(*) from sites").fetchone() == (0,)


def test_text_in_one_context_value_cannot_forge_other_context_values(
    connections: dict[str, psycopg.Connection],
) -> None:
    unit = chr(31)
    customer = BY_NAME["customer of A"]
    email = unit.join(["e@test", "", "", "", "", str(B_SITE)])
    with connections["wc_public"].transaction(force_rollback=True):
        connection = connections["wc_public"]
        connection.execute(ENTER, [customer.subject, email, customer.domain, None, [], None, None, None, None])
        forged = {"email": "e@test", "site_id": str(B_SITE), "job_id": unit.join(["", "", "", "", str(A_SITE), ""])}
        for name, value in forged.items():
            connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value])
        assert connection.execute("select app.email(), app.site_id()").fetchone() == (None, None)
        assert connection.execute("select count(*) from sites").fetchone() == (0,)


def test_a_context_ends_when_its_transaction_ends(database: Database) -> None:
    state = (
        "select current_user = session_user, current_setting('app.client_ids', true), current_setting('app.seal', true)"
    )
    with database.connect("wc_api") as connection:
        for n, (caller, sites) in enumerate([("A's owner", 2), ("B's owner", 1)] * 3):
            connection.execute(ENTER, BY_NAME[caller].parameters)
            assert connection.execute("select count(*) from sites").fetchone() == (sites,)
            if n % 3 == 0:
                connection.commit()
            elif n % 3 == 1:
                connection.rollback()
            else:
                with pytest.raises(errors.DivisionByZero):
                    connection.execute("select 1 / 0")
                connection.rollback()
            assert connection.execute(state).fetchone() == (True, "", "")
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("select count(*) from sites")
            connection.rollback()
