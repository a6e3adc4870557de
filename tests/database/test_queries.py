"""Tests that every role can plan the named queries that it runs, and that no statement pins a session of RDS Proxy."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import aiosql
import psycopg
import pytest
from psycopg import sql

import wecelebrate
from tests.database.conftest import Database

PACKAGE = Path(str(wecelebrate.__file__)).parent
FILES = sorted(PACKAGE.rglob("queries.sql"))

MEMBERS = ("app_admin", "app_client")
BACK_OFFICE = ("app_admin", "app_support", "app_client")
STOREFRONT = ("app_anon", "app_customer")
AUDIENCES: dict[str, tuple[str, ...]] = {
    "audit": MEMBERS,
    "catalogs": MEMBERS,
    "clients": MEMBERS,
    "comparison": ("app_admin",),
    "erasures": MEMBERS,
    "events": ("app_system",),
    "exports": MEMBERS,
    "kill_switches": ("app_admin",),
    "idempotency": (*BACK_OFFICE, "app_customer"),
    "images": MEMBERS,
    "ingestion": (*MEMBERS, "app_system"),
    "inspection": ("app_admin",),
    "bulk_import": MEMBERS,
    "jobs": MEMBERS,
    "members": MEMBERS,
    "merge": MEMBERS,
    "kv": ("app_kv",),
    "mail": BACK_OFFICE,
    "mailings": MEMBERS,
    "mappings": BACK_OFFICE,
    "news": ("app_system",),
    "order_files": MEMBERS,
    "order_imports": MEMBERS,
    "orders": BACK_OFFICE,
    "products": BACK_OFFICE,
    "rejections": BACK_OFFICE,
    "reports": MEMBERS,
    "requests": ("app_client",),
    "quotas": MEMBERS,
    "schedules": MEMBERS,
    "sites": MEMBERS,
    "storefront": STOREFRONT,
    "sweeper": ("app_system",),
    "sync": ("app_system",),
    "uploads": MEMBERS,
    "usage": MEMBERS,
    "webhooks": MEMBERS,
}
"""Maps each domain to the roles that run the queries of this domain."""

EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "audit.record_reads": ("app_admin", "app_support"),
    "audit.record_job_read": ("app_admin", "app_support"),
    "audit.record_order_read": ("app_admin", "app_support"),
    "audit.delete_expired_entries": ("app_system",),
    "clients.create_client": ("app_admin",),
    "kv.list_families": ("app_admin",),
    "kv.start_run": ("app_admin",),
    "kv.continue_run": ("app_admin",),
    "kv.get_status": ("app_admin",),
    "kv.switch_mirror": ("app_admin",),
    "kv.give_revisions": ("app_admin",),
    "kv.get_mirror": ("app_admin",),
    "kv.list_stages": ("app_admin",),
    "kv.get_cutover_facts": ("app_admin",),
    "kv.list_mirror_functions": ("app_admin",),
    "kv.has_applied_functions": ("app_admin",),
    "kv.list_mirror_triggers": ("app_admin",),
    "kv.hold_stages": ("app_admin",),
    "kv.try_canary": ("app_admin",),
    "kv.get_oldest_transaction": ("app_admin",),
    "kv.change_stage": ("app_admin",),
    "kv.get_retirement_status": ("app_admin",),
    "kv.get_retirement_facts": ("app_admin",),
    "kv.lock_retirement": ("app_admin",),
    "kv.start_retirement": ("app_admin",),
    "kv.change_retirement": ("app_admin",),
    "kv.continue_ending": ("app_admin",),
    "kv.begin_archive_part": ("app_admin",),
    "kv.prove_archive_part": ("app_admin",),
    "kv.delete_archived": ("app_admin",),
    "kv.get_next_deleted_part": ("app_admin",),
    "kv.give_up_part": ("app_admin",),
    "kv.restore_part": ("app_admin",),
    "kill_switches.list_suspended_tables": ("app_system",),
    "kill_switches.restore_row_security": ("app_admin", "app_system"),
    "clients.list_memberships": ("app_client",),
    "clients.change_client": ("app_admin",),
    "catalogs.grant_catalog": ("app_admin",),
    "catalogs.revoke_catalog": ("app_admin",),
    "erasures.prepare_erasure": ("app_system",),
    "erasures.record_hashes": ("app_system",),
    "erasures.mark_documents": ("app_system",),
    "erasures.erase_document_copies": ("app_system",),
    "order_imports.import_orders": ("app_system",),
    "erasures.erase_orders": ("app_system",),
    "erasures.erase_addresses": ("app_system",),
    "erasures.erase_events": ("app_system",),
    "erasures.erase_responses": ("app_system",),
    "erasures.erase_mentions": ("app_system",),
    "erasures.end_exports": ("app_system",),
    "erasures.has_waiting_order_files": ("app_system",),
    "erasures.list_runs": ("app_system",),
    "erasures.list_remaining_orders": ("app_system",),
    "erasures.record_run_file": ("app_system",),
    "erasures.find_files_to_search": ("app_system",),
    "erasures.complete_erasure": ("app_system",),
    "erasures.continue_erasure": ("app_system",),
    "erasures.find_phrases_to_search": ("app_system",),
    "erasures.erase_job_of_file": ("app_system",),
    "erasures.has_number_of_others": ("app_system",),
    "erasures.list_identities": ("app_system",),
    "erasures.restore_erasure": ("app_system",),
    "erasures.start_retention_erasures": ("app_system",),
    "exports.find_export": ("app_system",),
    "exports.finish_export": ("app_system",),
    "exports.list_expired_exports": ("app_system",),
    "exports.remove_exports": ("app_system",),
    "images.list_images": BACK_OFFICE,
    "images.get_image": BACK_OFFICE,
    "images.get_catalog_owner": BACK_OFFICE,
    "images.due_catalogs": ("app_system",),
    "ingestion.store_answers": MEMBERS,
    "ingestion.accept_changes": MEMBERS,
    "events.get_event_target": STOREFRONT,
    "events.list_events": MEMBERS,
    "jobs.list_jobs": BACK_OFFICE,
    "jobs.get_job": (*BACK_OFFICE, "app_system"),
    "jobs.claim_job": ("app_system",),
    "jobs.claim_job_batch": ("app_system",),
    "jobs.expire_leases": ("app_system",),
    "jobs.delete_old_jobs": ("app_system",),
    "jobs.record_dead_letter": ("app_system",),
    "jobs.list_dead_letters": ("app_admin", "app_support"),
    "jobs.queue_states": ("app_admin", "app_support"),
    "jobs.count_dead_letters": ("app_admin", "app_support"),
    "jobs.get_dead_letter": ("app_admin", "app_support"),
    "jobs.mark_redriven": ("app_admin",),
    "jobs.mark_dismissed": ("app_admin",),
    "members.accept_invitation": ("app_customer",),
    "members.accept_machine_membership": ("app_customer",),
    "members.end_inactive_access": ("app_admin",),
    "members.is_member": ("app_admin",),
    "members.has_staff_role": ("app_admin",),
    "members.has_super_admin": ("app_admin",),
    "members.revoke_own_sessions": BACK_OFFICE,
    "members.revoke_member_sessions": ("app_admin",),
    "members.is_staff_address": ("app_admin",),
    "members.list_staff": ("app_admin",),
    "members.get_staff_member": ("app_admin",),
    "members.change_staff_member": ("app_admin",),
    "members.remove_staff_member": ("app_admin",),
    "merge.analyze_products": ("app_system",),
    "merge.analyze_staged": ("app_worker",),
    "merge.count_staged": ("app_worker",),
    "merge.save_staging": ("app_worker",),
    "merge.list_staged_jobs": ("app_worker",),
    "merge.combine_places": ("app_worker",),
    "merge.delete_staged_products": ("app_worker",),
    "merge.delete_staged_rejections": ("app_worker",),
    "products.apply_due_offers": ("app_system",),
    "products.settle_stock_holds": ("app_system",),
    "reports.catalog_figures": BACK_OFFICE,
    "reports.get_file": BACK_OFFICE,
    "reports.platform_figures": ("app_admin",),
    "mail.get_report_token": MEMBERS,
    "mailings.count_report_recipients": ("app_client",),
    "mailings.queue_report_mails": ("app_client",),
    "mailings.claim_due_subscriptions": ("app_system",),
    "mailings.record_start": ("app_system",),
    "mailings.set_next": ("app_system",),
    "mailings.get_report_of_token": ("app_anon",),
    "mailings.end_report_of_token": ("app_anon",),
    "schedules.claim_due": ("app_system",),
    "schedules.is_busy": (*MEMBERS, "app_system"),
    "schedules.request_run": (*MEMBERS, "app_system"),
    "schedules.skip_run": ("app_system",),
    "schedules.set_next_run": ("app_system",),
    "schedules.claim_late_runs": ("app_system",),
    "schedules.get_requested_run": ("app_system",),
    "schedules.finish_run": ("app_system",),
    "sync.lock_catalog": (*MEMBERS, "app_system"),
    "ingestion.list_superseded": (*MEMBERS, "app_system"),
    "sync.is_writable": BACK_OFFICE,
    "idempotency.lock_key": (*BACK_OFFICE, *STOREFRONT),
    "idempotency.find_guest_response": ("app_anon",),
    "idempotency.save_guest_response": ("app_anon",),
    "orders.list_own_orders": ("app_customer",),
    "orders.get_own_order": ("app_customer",),
    "orders.place_order": STOREFRONT,
    "orders.cancel_guest_order": STOREFRONT,
    "orders.cancel_own_order": ("app_customer",),
    "orders.confirm_guest_order": STOREFRONT,
    "orders.get_guest_order": STOREFRONT,
    "orders.expire_unconfirmed_order": ("app_system",),
    "mail.queue_lookup_mail": STOREFRONT,
    "mail.get_order_token": MEMBERS,
    "orders.rollup_deltas": ("app_system",),
    "products.rollup_facets": ("app_system",),
    "orders.ships_to_po_boxes": STOREFRONT,
    "order_files.list_destinations": BACK_OFFICE,
    "order_files.get_destination": (*BACK_OFFICE, "app_system"),
    "order_files.list_runs": BACK_OFFICE,
    "order_files.find_waiting_job": (*MEMBERS, "app_system"),
    "order_files.claim_due_destinations": ("app_system",),
    "order_files.set_next_run": ("app_system",),
    "order_files.record_outcome": ("app_system",),
    "order_files.get_unwritten_run": ("app_system",),
    "order_files.begin_export": ("app_system",),
    "order_files.list_exported_orders": ("app_system",),
    "order_files.release_refused_orders": ("app_system",),
    "order_files.forget_documents": ("app_system",),
    "order_files.finish_run": ("app_system",),
    "order_files.find_drop": ("app_system",),
    "order_files.lock_destination_intake": ("app_system",),
    "order_files.record_drop": ("app_system",),
    "mail.queue_order_mail": (*BACK_OFFICE, *STOREFRONT),
    "mail.queue_job_mail": (*BACK_OFFICE, "app_system"),
    "mail.list_mails_to_send": MEMBERS,
    "mail.queue_invitation_mail": MEMBERS,
    "mail.create_invitation_token": MEMBERS,
    "mail.mark_sent": MEMBERS,
    "mail.mark_not_sent": MEMBERS,
    "mail.record_event": ("app_system",),
    "mail.suppress": (*MEMBERS, "app_system"),
    "mail.release_suppression": MEMBERS,
    "webhooks.list_webhooks": BACK_OFFICE,
    "webhooks.get_webhook": BACK_OFFICE,
    "webhooks.publish": (*BACK_OFFICE, *STOREFRONT, "app_system"),
    "webhooks.list_deliveries": BACK_OFFICE,
    "webhooks.get_delivery": BACK_OFFICE,
    "webhooks.claim_batches": ("app_system",),
    "webhooks.record_attempts": ("app_system",),
    "webhooks.release_batches": ("app_system",),
    "webhooks.list_due_clients": ("app_system",),
    "webhooks.delete_expired_secrets": ("app_system",),
    "webhooks.fail_stranded_deliveries": ("app_system",),
    "webhooks.delete_old_deliveries": ("app_system",),
    "usage.list_client_ids": ("app_admin",),
}
"""Maps queries to the roles that run them, if these roles differ from the roles of the domain."""


def _queries() -> Iterator[tuple[str, str]]:
    for file in FILES:
        loaded = aiosql.from_path(file, "psycopg", mandatory_parameters=False)
        for name in loaded.available_queries:
            if not name.endswith("_cursor"):
                yield f"{file.parent.name}.{name}", getattr(loaded, name).sql


QUERIES = dict(_queries())


def numbered(query: str) -> tuple[str, int]:
    """Replace the named parameters of a query with $1, $2, …. Return the query and the number of parameters."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, query).replace("%%", "%"), len(names)


@pytest.fixture(scope="module")
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_can_be_planned_by_every_role_that_runs_it(superuser: psycopg.Connection, name: str) -> None:
    statement, parameters = numbered(QUERIES[name])
    for role in EXCEPTIONS.get(name, AUDIENCES[name.partition(".")[0]]):
        with superuser.transaction(force_rollback=True):
            superuser.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            if statement.startswith("analyze "):  # `analyze` has no plan
                superuser.execute(statement)
                continue
            planned = f"{name.replace('.', '_')}_{role}"
            superuser.execute(f"prepare {planned} as {statement}")
            # PostgreSQL resolves names when it plans a statement, and checks privileges when it executes the statement.
            nulls = f"({', '.join(['null'] * parameters)})" if parameters else ""
            superuser.execute(f"explain execute {planned}{nulls}")


def test_the_roles_are_declared_only_for_existing_domains_and_queries() -> None:
    assert set(EXCEPTIONS) <= set(QUERIES)
    assert set(AUDIENCES) == {file.parent.name for file in FILES}


STATEMENT = "(select|insert|update|delete|with|copy|set|declare|prepare|create|listen|lock) "
"""Matches the beginning of a string that looks like SQL."""


OUTSIDE_OF_THE_PROXY = ("first_admin.py", "overwriting.py", "restoration.py", "restored_tables.py")
"""The modules whose statements run in the function `deploy-migrate`. This function does not connect through RDS
Proxy.
"""


@lru_cache(maxsize=1)
def _texts() -> list[tuple[str, str]]:
    """Return all SQL that Lambda functions send: named queries, and strings in the Python package that look like SQL.

    The search runs only once, because it takes two seconds of CPU time.
    """
    return [*QUERIES.items(), *_strings()]


def _strings() -> Iterator[tuple[str, str]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        if "schema" in file.relative_to(PACKAGE).parts or file.name in OUTSIDE_OF_THE_PROXY:
            continue  # the steps of the deploy do not connect through RDS Proxy
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.strip()
                if re.match(STATEMENT, text, re.IGNORECASE):
                    yield f"{file.relative_to(PACKAGE)}:{node.lineno}", text


PINS = {
    "a setting of the session": r"^\s*(re)?set\s+(?!\()",
    "set_config": r"\bset_config\s*\(",
    "a named statement": r"^\s*(prepare|execute|deallocate)\b",
    "a server-side cursor": r"^\s*(declare|fetch|move|close)\b",
    "a sequence": r"\b(nextval|currval|setval|lastval)\s*\(",
    "a session lock": r"\bpg_(try_)?advisory_(?!xact_)(?!try_xact_)\w*lock",
    "a temporary table": r"\btemp(orary)?\s+(table|view|sequence)\b|\binto\s+temp\b",
    "listening": r"^\s*(un)?listen\b",
    "a discard": r"^\s*discard\b",
}
"""Patterns of statements that pin a session (see "Avoiding pinning an RDS Proxy" in the Amazon RDS User Guide)."""


@pytest.mark.parametrize("pin", PINS)
def test_statements_do_not_pin_a_session(pin: str) -> None:
    texts = dict(_texts())
    assert len(texts) > len(QUERIES)
    assert [place for place, text in texts.items() if re.search(PINS[pin], text, re.IGNORECASE)] == []


def test_statements_are_smaller_than_16_kib() -> None:
    assert [place for place, text in _texts() if len(text.encode()) >= 16 * 1024] == []


@pytest.mark.parametrize(
    ("pin", "text"),
    [
        ("a setting of the session", "set statement_timeout = 1"),
        ("set_config", "select set_config('a.b', '1', true)"),
        ("a named statement", "prepare q as select 1"),
        ("a server-side cursor", "declare c cursor for select 1"),
        ("a sequence", "select nextval('s')"),
        ("a session lock", "select pg_advisory_lock(1)"),
        ("a session lock", "select pg_try_advisory_lock(1)"),
        ("a temporary table", "create temp table t ()"),
        ("listening", "listen news"),
        ("a discard", "discard all"),
    ],
)
def test_a_statement_that_pins_a_session_is_detected(pin: str, text: str) -> None:
    assert re.search(PINS[pin], text, re.IGNORECASE)


def test_a_transaction_lock_is_not_reported_as_pinning() -> None:
    for text in ("select pg_advisory_xact_lock(1)", "select pg_try_advisory_xact_lock(1)"):
        assert not re.search(PINS["a session lock"], text)
