"""Tests the rules for every function, role and schema of the database."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.callers import LOGINS
from tests.database.conftest import Database

OURS = (
    "n.nspname in ('app', 'public', 'kv')"
    " and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')"
)
# These functions create or analyze tables. PostgreSQL allows this only to the owner of the tables.
OWNED_BY_THE_OWNER = {
    "create_event_partitions",
    "analyze_products",
    "analyze_staged_products",
    "drop_event_partitions",
    "suspend_row_security",
    "restore_row_security",
    "switch_mirror",
}
"""The functions that only the owner of a table can execute, because they change the table or its statistics."""


@pytest.fixture(scope="module")
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


def functions(superuser: psycopg.Connection, columns: str, where: str) -> list[tuple[object, ...]]:
    query = f"select {columns} from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {OURS} and {where}"
    return superuser.execute(query.encode()).fetchall()


def test_definer_functions_have_a_safe_search_path(
    superuser: psycopg.Connection,
) -> None:
    path = "(select setting from unnest(proconfig) setting where setting ~ '^search_path=')"
    definers = functions(superuser, f"proname, {path}", "prosecdef")
    assert len(definers) >= 11
    for name, search_path in definers:
        assert str(search_path).startswith("search_path=pg_catalog"), name
        assert str(search_path).endswith(", pg_temp"), name


def test_definer_functions_belong_to_app_definer_or_to_app_mirror(superuser: psycopg.Connection) -> None:
    others = functions(
        superuser, "proname, proowner::regrole::text", "prosecdef and proowner <> 'app_definer'::regrole"
    )
    names = (
        "start_backfill", "continue_backfill", "status", "erase_remainders_of_orders", "mirror_documents",
        "mirror_replicated_document", "mirror_rows", "revise_document",
        "lock_rows", "lock_written", "fold", "fold_keys", "fold_selected", "fold_written",
        "has_dirty", "revise_list", "write_lists",
        "give_revisions", "forget",
        "is_mirrored", "save_mirror", "mirror_status", "mark_erased_orders", "erase_copies", "catalogs_of_products",
        "is_document_newer", "start_comparison", "lock_comparison", "next_documents", "compared",
        "rows_without_documents",
        "documents_missing_in_list", "owner_of", "record_page", "comparison_status", "next_open_record",
        "record_repair", "record_repair_start", "repair_record",
        "answer", "canary_name", "canary_row", "change_stage", "cutover_facts", "hold_stages", "is_dialed",
        "list_stages", "record_shadow_reads",
        "begin_archive_part", "change_retirement", "continue_ending", "delete_archived", "give_up_part",
        "lock_retirement", "next_deleted_part",
        "prove_archive_part", "record_traffic", "report_troubles", "restore_part", "retirement_facts",
        "retirement_status", "start_retirement", "watched_entities",
    )  # fmt: skip
    mirror = {(name, "app_mirror") for name in names}
    assert set(others) == {(name, "app_owner") for name in OWNED_BY_THE_OWNER} | mirror


def test_the_role_public_cannot_execute_definer_functions(superuser: psycopg.Connection) -> None:
    public = "(proacl is null or exists (select from aclexplode(proacl) where grantee = 0))"
    assert functions(superuser, "proname", f"prosecdef and {public}") == []


def test_the_role_public_can_execute_only_functions_that_do_not_read_rows(superuser: psycopg.Connection) -> None:
    public = "(proacl is null or exists (select from aclexplode(proacl) where grantee = 0))"
    assert {name for (name,) in functions(superuser, "proname", public)} == {
        "uuid7",
        "set_updated_at",
        "json_fits",
        "minor_units",
        "has_replayed",
        "is_caller_role",
        "merge_objects",
        "merge_patch",
        "fold",
        "fold_unicode",
        "product_query",
        "compile_pricing",
        "priced",
        "pricing_status",
        "rule_number",
        "selling_price",
    }


def test_functions_are_not_marked_leakproof(superuser: psycopg.Connection) -> None:
    assert functions(superuser, "proname", "proleakproof") == []


def test_roles_cannot_bypass_policies(superuser: psycopg.Connection) -> None:
    privileged = superuser.execute(
        "select rolname from pg_roles where (rolname ~ '^(app|wc)_')"
        " and (rolsuper or rolbypassrls or rolreplication or rolcreatedb or rolinherit)"
    )
    assert privileged.fetchall() == []
    creators = superuser.execute(
        "select rolname from pg_roles where rolname ~ '^(app|wc)_' and rolcreaterole"
    ).fetchall()
    assert creators == [("wc_migrate",)]
    logins = superuser.execute("select rolname from pg_roles where rolname ~ '^(app|wc)_' and rolcanlogin").fetchall()
    assert {name for (name,) in logins} == set(LOGINS)


def test_a_login_owns_no_object_except_the_database(superuser: psycopg.Connection) -> None:
    owned = superuser.execute(
        "select r.rolname, d.classid::regclass::text from pg_shdepend d join pg_roles r on r.oid = d.refobjid"
        " where d.deptype = 'o' and r.rolname ~ '^wc_'"
        " and d.dbid in (0, (select oid from pg_database where datname = current_database()))"
    )
    assert set(owned.fetchall()) <= {("wc_migrate", "pg_database")}


def test_a_login_cannot_use_the_privileges_of_its_roles_before_app_enter(database: Database) -> None:
    for login in ("wc_public", "wc_api", "wc_worker", "wc_kv"):
        with database.connect(login) as connection:
            usable = connection.execute(
                "select rolname from pg_roles where pg_has_role(oid, 'usage') and rolname <> current_user"
            )
            assert usable.fetchall() == [], login


def test_only_owners_can_create_objects_in_a_schema(superuser: psycopg.Connection) -> None:
    creators = superuser.execute(
        "select n.nspname, r.rolname from pg_namespace n, pg_roles r where n.nspname in ('app', 'public')"
        " and r.rolname ~ '^(app|wc)_' and has_schema_privilege(r.oid, n.oid, 'create') order by 1, 2"
    )
    assert set(creators.fetchall()) <= {
        ("app", "app_definer"),
        ("app", "app_owner"),
        ("public", "app_owner"),
        ("public", "wc_migrate"),
    }
