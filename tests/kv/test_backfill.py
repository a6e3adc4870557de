"""Tests the backfill of a damaged store with the commands and the API. The module uses its own local cloud."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from infra.command.kv_inspection import Inspection
from tests.faults.environment import FULL
from tests.kv.store import SECRET, Sizes, generate
from tests.kv.store.truth import Truth
from tests.kv.store.writing import copy_to
from tests.platform import Platform, ok
from wecelebrate.kv.inspection.damage import DAMAGE

SIZES = (
    Sizes(clients=300, sites=600, gifts=30_000, orders=100_000, damage=0.002)
    if FULL
    else Sizes(clients=40, sites=60, gifts=1500, orders=2500, damage=0.003)
)
"""The full size has about 200,000 documents, the small size about 6,000."""
REASONS: dict[str, set[str]] = {
    "gift_price_unreadable": {"price_unreadable", "no_price"},
    "gift_price_negative": {"price_negative"},
    "gift_price_three_decimals": {"price_too_fine", "price_unreadable"},
    "gift_price_too_big": {"price_too_large"},
    "gift_sku_twice": {"sku_repeated"},
    "gift_catalog_unknown": {"unknown_catalog"},
    "gift_id_of_another": {"id_of_another_record"},
    "gift_currency_bad": {"currency_unknown"},
    "gift_not_an_object": {"not_an_object"},
    "gift_object_key": {"no_id"},
    "gift_id_empty": {"no_id"},
    "order_site_missing": {"no_site"},
    "order_site_unknown": {"unknown_site"},
    "order_quantity_bad": {"bad_quantity"},
    "order_too_many_lines": {"too_many_lines"},
    "gift_id_too_long": {"id_too_long"},
    "gift_too_deep": {"too_deep"},
    "site_client_missing": {"no_client"},
    "site_client_unknown": {"unknown_client"},
    "site_catalog_of_another_client": {"catalog_of_another_client"},
    "catalog_client_missing": {"no_owner"},
    "catalog_client_unknown": {"unknown_client"},
}
"""Maps each kind of damage to the possible reasons in the quarantine."""
NOTES: dict[str, str] = {
    "gift_price_with_currency": "price_from_text",
    "gift_price_comma": "price_from_text",
    "gift_price_in_value": "price_in_value",
    "gift_sku_missing": "no_sku",
    "gift_catalog_missing": "no_catalog",
    "gift_image_base64": "embedded_image",
    "gift_deleted": "soft_deleted",
    "gift_snake_case": "snake_case",
    "gift_stock_bad": "bad_stock",
    "gift_date_in_words": "date_in_words",
    "gift_date_missing": "no_date",
    "gift_double_encoded": "encoded_twice",
    "gift_both_keys_equal": "same_document",
    "gift_both_keys_differ": "other_document",
    "gift_list_copy_equal": "same_document",
    "gift_list_copy_differs": "other_document",
    "order_number_twice": "number_twice",
    "order_state_failed": "foreign_status",
    "order_client_of_another_site": "client_of_another_site",
    "order_gift_unknown": "unknown_gift",
    "order_total_missing": "total_computed",
    "order_total_zero": "total_computed",
    "order_total_disagrees": "total_disagrees",
    "order_email_missing": "no_email",
    "order_address_text": "address_from_text",
    "order_address_missing": "no_address",
    "order_date_bad": "unreadable_date",
    "order_deleted": "soft_deleted",
    "client_name_short": "short_name",
    "client_status_unknown": "foreign_status",
    "client_logo_base64": "embedded_image",
    "site_domain_twice": "domain_twice",
    "site_domain_url": "domain_from_url",
    "site_logo_base64": "embedded_image",
    "site_name_short": "no_name",
    "catalog_credentials": "connection_left_out",
}
"""Maps each kind of damage that the mapping corrects to its note."""
TABLES = (
    "clients", "catalogs", "sites", "products", "orders", "order_lines", "kv.ids", "kv.remainders", "kv.quarantine",
    "kv.notes", "order_deltas", "stock_holds", "mails", "webhook_deliveries", "order_events", "audit_log",
)  # fmt: skip


@pytest.fixture(scope="module")
def truths(own_platform: Platform) -> list[Truth]:
    """The expected results for a damaged store. The first backfill was killed, and the fixture `run` completes it."""
    with own_platform.database.transaction():
        truths = copy_to(own_platform.database, generate(SIZES))
    killed = _start(own_platform)
    deadline = time.monotonic() + 60
    while not own_platform.database.execute("select id from kv.runs where phase <> 'index'").fetchone():
        assert time.monotonic() < deadline and killed.poll() is None, "the run made no progress"
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=10)
    return truths


@pytest.fixture(scope="module")
def run(own_platform: Platform, truths: list[Truth]) -> dict[str, Any]:
    """The backfill run that was killed, and then completed by a second start of the command."""
    [killed] = own_platform.database.execute("select id, status from kv.runs").fetchall()
    run = _backfill(own_platform)
    assert (killed["status"], str(killed["id"])) == ("running", run["id"])
    return run


@pytest.fixture(scope="module")
def notes(own_platform: Platform, run: dict[str, Any]) -> dict[str, set[str]]:
    """Maps keys to the notes about the documents."""
    rows = own_platform.database.execute("select key, array_agg(note) as notes from kv.notes group by 1").fetchall()
    return {row["key"]: set(row["notes"]) for row in rows}


def _start(platform: Platform) -> "subprocess.Popen[str]":
    environment = {**os.environ, "WECELEBRATE_API": platform.endpoints.api, "WECELEBRATE_TOKEN": _token(platform)}
    command = [sys.executable, "-m", "infra.command", "kv", "backfill", "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _token(platform: Platform) -> str:
    return platform.admin.headers["authorization"].removeprefix("Bearer ")


def _backfill(platform: Platform) -> dict[str, Any]:
    process = _start(platform)
    output, errors = process.communicate(timeout=1200)
    assert process.returncode == 0, errors
    assert SECRET not in output + errors
    run: dict[str, Any] = json.loads(output)
    return run


def _fingerprint(platform: Platform) -> dict[str, Any]:
    each = " union all ".join(
        f"select '{table}' as name, count(*) as n, sum(hashtextextended(t::text, 0)) as hash from {table} t"
        for table in TABLES
    )
    return {row["name"]: (row["n"], row["hash"]) for row in platform.database.execute(each.encode()).fetchall()}


def test_every_document_is_counted_exactly_once_in_the_result_of_the_backfill(
    run: dict[str, Any], truths: list[Truth]
) -> None:
    counts = run["counts"]
    expected = Counter(truth.resolution for truth in truths)
    assert run["status"] == "complete"
    assert counts["documents"] == len(truths)
    assert counts["rows"] + counts["aliases"] + counts["quarantined"] + sum(counts["left_over"].values()) == len(truths)
    assert (counts["rows"], counts["aliases"], counts["quarantined"]) == (
        expected["row"], expected["alias"], expected["quarantine"],
    )  # fmt: skip
    assert counts["unaccounted"] == 0
    assert counts["dangling"] == sum(len(truth.dangling) for truth in truths)


def test_every_document_has_its_expected_outcome(
    own_platform: Platform, run: dict[str, Any], truths: list[Truth]
) -> None:
    rows = own_platform.database.execute("select key, state, alias, id from kv.ids").fetchall()
    outcomes = {
        row["key"]: "quarantine" if row["state"] == "quarantined" else "alias" if row["alias"] else "row"
        for row in rows
    }
    expected = {truth.key: truth.resolution for truth in truths if truth.entity}
    assert outcomes == expected
    ids = {row["key"]: row["id"] for row in rows}
    for truth in truths:
        assert truth.row_of is None or ids[truth.key] == ids[truth.row_of], truth


def test_the_quarantine_states_the_damage_of_each_document(
    own_platform: Platform, run: dict[str, Any], truths: list[Truth]
) -> None:
    rows = own_platform.database.execute("select key, reason from kv.quarantine").fetchall()
    reasons = {row["key"]: row["reason"] for row in rows}
    for truth in truths:
        if truth.reason:
            assert reasons[truth.key] in REASONS[truth.reason], truth


def test_the_notes_state_each_correction_of_a_document(notes: dict[str, set[str]], truths: list[Truth]) -> None:
    for truth in truths:
        for damage in truth.damage:
            if damage in NOTES:
                assert NOTES[damage] in notes.get(truth.key, set()), truth


def test_no_row_and_no_log_contains_a_secret(own_platform: Platform, run: dict[str, Any]) -> None:
    for table in (*TABLES, "kv.runs", "jobs", "cache_invalidations"):
        query = f"select count(*) as n from {table} t where position('{SECRET}' in t::text) > 0"
        row = own_platform.database.execute(query.encode()).fetchone()
        assert row == {"n": 0}, table
    assert SECRET not in own_platform.admin.get("/v1/admin/kv/status").text
    for log in (own_platform.state / "logs").rglob("*.log"):
        assert SECRET.encode() not in log.read_bytes(), log.name


def test_the_daily_totals_match_the_migrated_orders(own_platform: Platform, run: dict[str, Any]) -> None:
    figures = own_platform.database.execute(
        "select (select count(*) from orders o join kv.ids i on i.id = o.id and i.entity = 'order' and not i.alias)"
        " = (select sum(orders) from (select orders from order_deltas union all"
        " select orders from order_daily_totals) f)"
        " - (select count(*) from orders o where not exists (select from kv.ids i where i.id = o.id)) as is_exact"
    ).fetchone()
    assert figures == {"is_exact": True}


def test_migrated_orders_cause_no_mails_and_no_webhook_events_and_no_stock_holds(
    own_platform: Platform, run: dict[str, Any]
) -> None:
    for table, column in (("mails", "order_id"), ("order_events", "order_id"), ("stock_holds", "order_id")):
        query = f"select count(*) as n from {table} t join kv.ids i on i.id = t.{column}"
        assert own_platform.database.execute(query.encode()).fetchone() == {"n": 0}, table


def test_further_runs_of_the_backfill_change_nothing(own_platform: Platform, run: dict[str, Any]) -> None:
    before = _fingerprint(own_platform)
    for _ in range(2):
        counts = _backfill(own_platform)["counts"]
        assert counts == run["counts"]
    assert _fingerprint(own_platform) == before


def test_the_backfill_status_contains_advice_for_each_quarantine_reason(
    own_platform: Platform, run: dict[str, Any]
) -> None:
    response = own_platform.admin.get("/v1/admin/kv/status")
    assert response.status_code == 200
    state = response.json()
    assert state["run"]["status"] == "complete"
    assert sum(entity["rows"] for entity in state["entities"]) == run["counts"]["rows"]
    assert sum(reason["documents"] for reason in state["quarantine"]) == run["counts"]["quarantined"]
    assert all(reason["advice"] and 1 <= len(reason["keys"]) <= 5 for reason in state["quarantine"])


def _inspection(platform: Platform) -> Inspection:
    """Yield an inspection of the store, as the command creates it."""
    platform.wait_for_replica()
    inspection = Inspection()
    cursor: str | None = ""
    while cursor is not None:
        page = ok(platform.admin.get("/v1/admin/kv/documents", params={"limit": 1000, **_cursor(cursor)}))
        inspection.add(page["data"])
        cursor = page["next_cursor"]
    inspection.compare()
    return inspection


def _cursor(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _check_that_both_agree(platform: Platform) -> set[str]:
    """Compare the inspection with the quarantine, document by document. Return the reasons."""
    with _inspection(platform) as inspection:
        entities = {row["entity"]: row for row in inspection.entities()}
        rows = inspection.rows("select key, kind from damage")
    reasons_by_key: dict[str, set[str]] = {}
    for key, kind in rows:
        reasons_by_key.setdefault(key, set()).update(DAMAGE[kind].reasons)
    for row in ok(platform.admin.get("/v1/admin/kv/status"))["entities"]:
        inspected = entities[row["entity"]]
        assert (row["rows"], row["aliases"], row["quarantined"]) == (
            inspected["rows"], inspected["aliases"], inspected["quarantine"],
        )  # fmt: skip
    quarantine = platform.database.execute(
        "select q.key, q.reason from kv.quarantine q join kv.ids i using (key) where not i.alias"
    ).fetchall()
    for row in quarantine:
        assert row["reason"] in reasons_by_key.get(row["key"], set()), row
    leaders = {row["key"] for row in quarantine}
    assert {key for key, reasons in reasons_by_key.items() if reasons} == leaders
    return {row["reason"] for row in quarantine}


@pytest.mark.timeout(600)
def test_the_inspection_finds_exactly_the_quarantined_documents(own_platform: Platform, run: dict[str, Any]) -> None:
    reasons = _check_that_both_agree(own_platform)
    assert reasons >= {"id_too_long", "too_deep", "too_many_lines", "no_id", "sku_repeated"}
    [row] = own_platform.database.execute(
        "select s.key, s.value, (select c.old_id from kv.ids c join catalogs t on t.id = c.id"
        " where c.entity = 'catalog' and c.id <> p.catalog_id and not c.alias and c.state = 'mapped' limit 1) as other"
        " from kv.ids i join kv_store_6fcaeea3 s on s.key = i.key join products p on p.id = i.id"
        " where i.entity = 'product' and i.list is null and s.value ? 'catalogId' and not i.alias limit 1"
    ).fetchall()
    write = "update kv_store_6fcaeea3 set value = %s where key = %s"
    own_platform.database.execute(write, [Jsonb(row["value"] | {"catalogId": row["other"]}), row["key"]])
    try:
        _backfill(own_platform)
        assert _check_that_both_agree(own_platform) == reasons | {"catalog_changed"}
    finally:
        own_platform.database.execute(write, [Jsonb(row["value"]), row["key"]])
        assert _backfill(own_platform)["counts"] == run["counts"]


@pytest.mark.parametrize("role", ["admin", "support", "owner"])
def test_only_super_admins_can_run_the_backfill(own_platform: Platform, role: str) -> None:
    subject = role if role == "support" else own_platform.member(own_platform.client()["id"])
    if role == "admin":
        own_platform.database.execute(
            "insert into admin_users (user_id, email, role) values (%s, 'x@example.test', 'admin')", ["plain-admin"]
        )
        subject = "plain-admin"
    api = own_platform.api(subject)
    assert api.get("/v1/admin/kv/status").status_code == 403
    assert api.post("/v1/admin/kv/runs", json={}).status_code == 403


def test_a_request_for_an_unknown_backfill_run_gets_404(own_platform: Platform) -> None:
    path = "/v1/admin/kv/runs/0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d/batches"
    assert own_platform.admin.post(path).status_code == 404
