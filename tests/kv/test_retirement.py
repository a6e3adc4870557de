"""Tests retiring documents and undoing a retirement, with the command, the API and the facade.

The module uses its own local cloud, because a retirement affects a whole platform.
"""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from infra.local.credentials import Credentials
from tests.faults.environment import FULL
from tests.kv.commands import command, run
from tests.kv.comparing import FEW, fill
from tests.kv.conftest import MERGE, PATH
from tests.kv.moving import gift, order
from tests.kv.store import SECRET
from tests.platform import TLS, Json, Platform

ENTITIES = ("client", "catalog", "site", "product", "order")
FAMILIES = {
    "client": "^clients?:", "catalog": "^(catalogs?|catalog_index):", "site": "^sites?:",
    "product": "^(gifts?|catalog_gifts):", "order": "^(orders?|user_orders|order_index):",
}  # fmt: skip
"""Maps each entity to a pattern of keys. The pattern also matches the keys in OTHERS."""
OTHERS = "^sites:(slug:|[^:]+:catalog_config$)|^client:[^:]+:site:"
"""A pattern of keys that match FAMILIES, but belong to no entity."""
MARKS = ("kv.ids", "kv.remainders", "kv.notes", "kv.quarantine")
"""The tables in which the mapping stores information about documents."""
MANY = 20_000 if FULL else 2_000
"""The number of gifts in the test that kills the command during a retirement."""
ROUTE = "/v1/admin/kv/retirements"
CHANGE = "select kv.change_retirement(%s, %s, %s)"
FORMS: dict[str, Any] = {
    "gift:forms": gift("forms", catalogId="own", ä="ü\u2028\n\t\\n", n=1.0, big=12345678901234567890, x=[[{"": 0}]]),
    "gift:token": gift("token", catalogId="own", erp={"apiKey": "s3cr3t-1", "x": [1, "Bearer s3cr3t-2", {"pin": 3}]}),
    "gift:null": gift("null", catalogId="own", password=None, tags=[None, {}, []]),
    "catalogs:secret": {
        "id": "secret", "name": "ERP", "type": "erp", "ownerId": "own",
        "source": {"type": "erp", "apiConfig": {"credentials": {"user": "u", "password": "s3cr3t-3"}}},
    },
    "catalog_gifts:own": ["forms", "token", {"id": "forms", "_rev": 1}],
    "session:s3cr3t-4": {"user": "a"},
    "employees:kept": {"name": "Ann"},
    "sites:s-a:catalog_config": {"exclusions": {"excludedSkus": ["x"]}},
    "gift:staging:other": gift("other", catalogId="own"),
    "gift:bad-price": gift("bad-price", catalogId="own", price="on request"),
}  # fmt: skip
"""Documents whose exact text is difficult to restore, and documents that must remain in the store."""


@pytest.fixture(scope="module")
def moved(own_platform: Platform) -> Iterator[Platform]:
    """Prepare a platform whose documents agree with their rows, and whose tables lead and answer all reads."""
    fill(own_platform, FEW)
    with own_platform.database.transaction():
        for key, value in FORMS.items():
            own_platform.database.execute("insert into kv_store_6fcaeea3 values (%s, %s)", [key, Jsonb(value)])
    run(own_platform, "mirror", "on", "--currency", "EUR")
    run(own_platform, "backfill", "--currency", "EUR")
    overrides = [part for gate in ("comparison", "shadow", "quarantine") for part in ("--override", gate)]
    for entity in ENTITIES:
        run(own_platform, "cutover", entity, "--reads", "100", *overrides, "--reason", "a test")
    compare(own_platform)
    yield own_platform


@pytest.fixture(autouse=True)
def undone(own_platform: Platform, moved: Platform) -> Iterator[None]:
    """Undo all retirements after each test, and delete the traffic counts."""
    yield
    active = own_platform.database.execute("select entity from kv.retirements where status <> 'undone'").fetchall()
    for row in active:
        work(own_platform, row["entity"], target="active")
    own_platform.database.execute("delete from kv.traffic")


@pytest.fixture
def store(own_platform: Platform) -> Iterator[httpx.Client]:
    """An HTTP client that accesses the store as an old application does."""
    headers = {"apikey": Credentials.of(own_platform.state).kv_key, "Content-Type": "application/json"}
    with httpx.Client(
        base_url=own_platform.endpoints.api, headers=headers, verify=TLS, trust_env=False, timeout=60
    ) as client:
        yield client


def compare(platform: Platform) -> None:
    """Compare all documents with their rows, and repair the rows of damaged documents."""
    command(platform, "compare", "--repair", "from=kv")
    result = command(platform, "compare")
    assert result.returncode == 0, result.stdout


def documents(platform: Platform) -> dict[str, str]:
    """Return the text of each document in the store."""
    rows = platform.database.execute("select key, value::text as value from kv_store_6fcaeea3").fetchall()
    return {row["key"]: row["value"] for row in rows}


def marks(platform: Platform) -> dict[str, list[str]]:
    """Return the rows of the tables in MARKS."""
    return {
        table: [r["t"] for r in platform.database.execute(f"select t::text from {table} t order by 1".encode())]
        for table in MARKS
    }


def retire(platform: Platform, entity: str) -> Json:
    """Retire the documents of an entity, and return the plan."""
    assert put(platform, entity, target="retired", quiet_seconds=1).status_code == 200
    end_period(platform)
    return work(platform, entity, target="retired", delete=True)


def end_period(platform: Platform) -> None:
    """End the waiting period of retirements: move the times of retirements and requests one second into the past. The
    waiting period lasts one second in these tests.
    """
    platform.database.execute(
        "update kv.retirements set started_at = started_at - interval '1 second' where status = 'waiting';"
        " update kv.traffic set last_at = last_at - interval '1 second'"
    )


def work(platform: Platform, entity: str, **body: Any) -> Json:
    """Repeat a request until the retirement has reached its target. Return the last plan."""
    while True:
        response = put(platform, entity, **body)
        assert response.status_code == 200, response.text
        plan: Json = response.json()
        if (plan["retirement"] or {"status": "undone"})["status"] in ("retired", "undone"):
            return plan


def put(platform: Platform, entity: str, **body: Any) -> httpx.Response:
    return platform.api("admin").put(f"{ROUTE}/{entity}", json=body)


def failed(response: httpx.Response) -> set[str]:
    """Return the gates that have not passed."""
    assert response.status_code == 409, response.text
    assert response.json()["code"] == "kv_retirement_refused"
    return {error["pointer"] for error in response.json()["errors"]}


def objects(platform: Platform, retirement_id: str) -> dict[str, str]:
    """Map the key of each object of an archive to the lines of the object."""
    s3 = platform.s3
    bucket = archive_bucket(platform)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=retirement_id).get("Contents", [])
    return {
        each["Key"]: gzip.decompress(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()).decode()
        for each in listed
    }


def test_documents_can_be_retired_only_if_the_tables_answer_all_reads(moved: Platform) -> None:
    moved.database.execute("update kv.stages set reads = 99 where entity = 'product'")
    try:
        assert failed(put(moved, "product", target="retired")) == {"stage"}
        result = command(moved, "retire", "product")
        assert result.returncode != 0 and "kv cutover" in result.stderr
    finally:
        moved.database.execute("update kv.stages set reads = 100 where entity = 'product'")
    assert put(moved, "product", target="retired", dry_run=True).json()["retirement"] is None
    assert moved.database.execute("select from kv.retirements where status <> 'undone'").fetchall() == []


def test_only_writes_of_retired_entities_are_refused(moved: Platform, store: httpx.Client) -> None:
    run(moved, "retire", "product")
    before = documents(moved)
    for response in (
        store.post(PATH, json={"key": "gift:new", "value": {}}, headers=MERGE),
        store.post(PATH, json=[{"key": "session:x", "value": {}}, {"key": "gift:g-a", "value": {}}], headers=MERGE),
        store.post(PATH, json={"key": "gifts:all", "value": []}, headers=MERGE),
        store.patch(PATH, params={"key": "eq.gift:g-a"}, json={"value": {}}),
        store.delete(PATH, params={"key": "like.gift:g*"}),
    ):
        assert response.status_code == 410, response.text
        assert response.json()["code"] == "PT410"
        assert "kv retire" in response.json()["hint"]
    assert documents(moved) == before
    for key in ("session:y", "order:o-a", "sites:s-b:catalog_config", "catalog_stats:own"):
        response = store.post(PATH, json={"key": key, "value": json.loads(before.get(key, "{}"))}, headers=MERGE)
        assert response.status_code == 201, (key, response.text)
    store.delete(PATH, params={"key": "in.(session:y,sites:s-b:catalog_config,catalog_stats:own)"})


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("GET", {"key": "eq.gift:g-a"}),
        ("GET", {"key": "in.(session:s3cr3t-4,gift:nowhere)"}),
        ("HEAD", {"key": "like.gi*"}),
        ("GET", {"key": "eq.catalog_gifts:nowhere"}),
        ("GET", {}),
        ("DELETE", {"key": "eq.gift:g-a"}),
        ("DELETE", {"key": "eq.gift:nowhere"}),
        ("DELETE", {"key": "like.gift:nowhere*"}),
        ("PATCH", {"key": "eq.gift:nowhere"}),
    ],
)
def test_a_retirement_is_refused_while_an_application_uses_the_documents(
    moved: Platform, store: httpx.Client, method: str, parameters: dict[str, str]
) -> None:
    run(moved, "retire", "product", "--quiet", "20s")
    moved.database.execute("update kv.retirements set started_at = now() - interval '1 day'")
    moved.database.execute("delete from kv.traffic")
    store.request(method, PATH, params=parameters, json={"value": {}} if method == "PATCH" else None)
    before = documents(moved)
    assert failed(put(moved, "product", target="retired", delete=True)) == {"traffic"}
    result = command(moved, "retire", "product", "--yes")
    assert result.returncode == 1 and "traffic" in result.stdout
    assert documents(moved) == before
    moved.database.execute("update kv.traffic set last_at = last_at - interval '20 seconds'")
    assert "traffic" not in {
        gate["name"] for gate in put(moved, "product", target="retired").json()["gates"] if gate["state"] == "failed"
    }


def test_requests_for_keys_without_an_entity_do_not_block_a_retirement(moved: Platform, store: httpx.Client) -> None:
    run(moved, "retire", "order")
    moved.database.execute("delete from kv.traffic")
    for key in ("eq.session:s3cr3t-4", "eq.employees:kept", "like.employees:*", "eq.order_counter"):
        store.get(PATH, params={"key": key})
    reads = "select client_id, requests from kv.traffic where entity = 'order' and kind = 'read'"
    assert moved.database.execute(reads).fetchall() == []
    store.get(PATH, params={"key": "eq.order:o-a"})
    client = moved.database.execute("select client_id from orders join kv.ids using (id) where key = 'order:o-a'")
    assert moved.database.execute(reads).fetchall() == [{**client.fetchall()[0], "requests": 1}]
    status = run(moved, "status")
    assert [t["requests"] for t in status["traffic"] if (t["entity"], t["kind"]) == ("order", "read")] == [1]
    assert [r["status"] for r in status["retirements"]] == ["waiting"]


def test_a_retirement_requires_14_days_without_requests_by_default(moved: Platform) -> None:
    plan = run(moved, "retire", "order")
    assert plan["retirement"]["quiet_seconds"] == 14 * 24 * 60 * 60
    assert failed(put(moved, "order", target="retired", delete=True)) == {"period"}
    assert put(moved, "order", target="retired", quiet_seconds=5).status_code == 409
    moved.database.execute("update kv.retirements set started_at = now() - interval '13 days 23 hours'")
    assert failed(put(moved, "order", target="retired", delete=True)) == {"period"}
    moved.database.execute("update kv.retirements set started_at = now() - interval '14 days'")
    assert put(moved, "order", target="retired", delete=True).status_code == 200


def test_the_retire_command_deletes_no_documents_without_a_confirmation(moved: Platform) -> None:
    run(moved, "retire", "site", "--quiet", "1s")
    end_period(moved)
    before = documents(moved)
    result = command(moved, "retire", "site")
    assert result.returncode == 2 and "--yes" in result.stderr
    assert documents(moved) == before


def wait(platform: Platform, entity: str) -> None:
    """Start a retirement, and end its waiting period."""
    assert put(platform, entity, target="retired", quiet_seconds=1).status_code == 200
    end_period(platform)


def test_the_first_request_to_delete_documents_only_changes_the_status(moved: Platform) -> None:
    wait(moved, "catalog")
    before = documents(moved)
    plan = put(moved, "catalog", target="retired", delete=True).json()
    assert (plan["retirement"]["status"], plan["retirement"]["parts"]) == ("archiving", 0)
    assert documents(moved) == before
    response = moved.api("admin").put("/v1/admin/kv/stages/catalog", json={"leads": "kv"})
    assert response.status_code == 409 and "--undo" in response.json()["detail"]


def test_a_retirement_is_refused_after_a_concurrent_rollback(moved: Platform) -> None:
    wait(moved, "catalog")
    before = documents(moved)
    with psycopg.connect(moved.endpoints.database) as rollback, ThreadPoolExecutor(1) as pool:
        rollback.execute("select pg_advisory_xact_lock(hashtextextended('kv stage changes', 0))")
        rollback.execute("update kv.stages set leads = 'kv', reads = 0 where entity = 'catalog'")
        retiring = pool.submit(put, moved, "catalog", target="retired", delete=True)
        time.sleep(0.7)
        assert not retiring.done()
        rollback.commit()
        response = retiring.result()
    moved.database.execute("update kv.stages set leads = 'tables', reads = 100 where entity = 'catalog'")
    assert failed(response) == {"stage"}
    assert documents(moved) == before


def test_no_documents_are_deleted_after_a_rollback(moved: Platform) -> None:
    wait(moved, "catalog")
    assert put(moved, "catalog", target="retired", delete=True).status_code == 200
    before = documents(moved)
    stages = (
        "set local session_replication_role = replica;"
        " update kv.stages set leads = '{}', reads = {} where entity = 'catalog'"
    )
    with moved.database.transaction():
        moved.database.execute(stages.format("kv", 0).encode())
    response = put(moved, "catalog", target="retired", delete=True)
    with moved.database.transaction():
        moved.database.execute(stages.format("tables", 100).encode())
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert documents(moved) == before


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_undo_restores_every_byte_of_the_documents(moved: Platform, entity: str) -> None:
    before, marked = documents(moved), marks(moved)
    plan = retire(moved, entity)
    retirement = plan["retirement"]
    after = documents(moved)
    gone = before.keys() - after.keys()
    assert gone and gone <= of_keys(before, entity)
    assert after.items() <= before.items()
    assert (retirement["status"], retirement["deleted"], plan["kept"]) == (
        "retired", len(gone), len(of_keys(before, entity)) - len(gone))  # fmt: skip
    archived = objects(moved, retirement["id"])
    lines = [json.loads(line) for text in archived.values() for line in text.split("\n")]
    assert {line["key"] for line in lines} == gone and len(lines) == len(gone)
    assert "s3cr3t" not in str(archived) and SECRET not in str(archived)
    assert marks(moved) == marked
    work(moved, entity, target="active")
    assert documents(moved) == before
    assert marks(moved) == marked
    assert moved.database.execute("select from kv.archive_secrets").fetchall() == []
    actions = moved.database.execute(
        "select action, object_id, subject from audit_log where action like 'kv_retirement%%' order by id desc limit 6"
    ).fetchall()
    assert [a["action"].partition(".")[2] for a in reversed(actions)] == [
        "start", "archive", "delete", "complete", "undo", "undone"]  # fmt: skip
    assert {(a["object_id"], a["subject"]) for a in actions} == {(entity, "admin")}


def of_keys(stored: dict[str, str], entity: str) -> set[str]:
    """Return the keys of an entity. Omit keys that match OTHERS."""
    return {key for key in stored if re.match(FAMILIES[entity], key) and not re.match(OTHERS, key)}


def test_documents_without_a_row_remain_in_the_store(moved: Platform, store: httpx.Client) -> None:
    plan = retire(moved, "product")
    after = documents(moved)
    assert {"gift:staging:other", "gift:bad-price", "session:s3cr3t-4", "employees:kept"} <= after.keys()
    assert {"sites:s-a:catalog_config", "order:o-a", "catalogs:own"} <= after.keys()
    assert not {"gift:forms", "gift:token", "gift:g-a", "catalog_gifts:own"} & after.keys()
    assert plan["kept"] >= 2
    assert store.get(PATH, params={"key": "eq.gift:g-a"}).json() == []
    assert store.post(PATH, json={"key": "gift:g-a", "value": {}}, headers=MERGE).status_code == 410


def name(platform: Platform, value: str) -> None:
    """Change the name of a product."""
    query = "update products set name = %s where id = (select id from kv.ids where key = 'gift:g-a')"
    platform.database.execute(query, [value])


def test_the_platform_and_the_old_applications_work_after_a_retirement(moved: Platform) -> None:
    retire(moved, "product")
    marked = marks(moved)
    moved.database.execute(
        "update products set name = 'New name' where id = (select id from kv.ids where key = 'gift:g-a')"
    )
    run(moved, "backfill", "--currency", "EUR")
    assert "gift:g-a" not in documents(moved)
    assert {m for m in marks(moved)["kv.ids"] if m.startswith("(gift")} == {
        m for m in marked["kv.ids"] if m.startswith("(gift")}  # fmt: skip
    response = moved.api("admin").post("/v1/admin/kv/comparisons", json={"entity": "product"})
    assert response.status_code == 409 and "--undo" in response.json()["detail"]
    compare(moved)  # This compares only the documents of all other entities.
    result = command(moved, "rollback", "product")
    assert result.returncode != 0 and "--undo" in result.stderr
    run(moved, "retire", "product", "--undo")
    moved.eventually(lambda: json.loads(documents(moved)["gift:g-a"])["name"] == "New name", within=60)
    name(moved, "Mug")


def test_a_stale_write_after_an_undo_reduces_the_stock_exactly_once(moved: Platform, store: httpx.Client) -> None:
    stock = "select inventory_count as n from products where id = (select id from kv.ids where key = 'gift:g-a')"
    sale = "update products set inventory_count = inventory_count - 3 where id = (select id from kv.ids where key = %s)"

    def read() -> Json:
        [value] = store.get(PATH, params={"key": "eq.gift:g-a", "select": "value"}).json()
        document: Json = value["value"]
        return document

    first = read()
    field = next(name for name in ("availableQuantity", "inventory", "stock") if name in first)
    [before] = moved.database.execute(stock).fetchall()
    retire(moved, "product")
    moved.database.execute(sale, ["gift:g-a"])
    work(moved, "product", target="active")
    document = read()
    assert (document[field], document["_rev"]) == (before["n"] - 3, first["_rev"] + 1)
    moved.database.execute(sale, ["gift:g-a"])
    written = store.post(
        PATH, json={"key": "gift:g-a", "value": document | {field: document[field] - 1}}, headers=MERGE
    )
    assert written.is_success
    [after] = moved.database.execute(stock).fetchall()
    assert after["n"] == before["n"] - 3 - 3 - 1
    moved.database.execute(sale.replace("- 3", "+ 7"), ["gift:g-a"])


def test_a_running_comparison_stops_when_its_documents_are_retired(moved: Platform) -> None:
    admin = moved.api("admin")
    started = admin.post("/v1/admin/kv/comparisons", json={"entity": "catalog"}).json()
    retire(moved, "catalog")
    after = documents(moved)
    for source in ("kv", "tables"):
        response = admin.post(f"/v1/admin/kv/comparisons/{started['id']}/repairs", json={"source": source})
        assert response.status_code == 409 and "--undo" in response.json()["detail"]
    response = admin.post(f"/v1/admin/kv/comparisons/{started['id']}/pages")
    assert response.status_code == 409 and "--undo" in response.json()["detail"]
    assert documents(moved) == after


def test_archived_secrets_of_a_recreated_document_are_kept_until_the_archive_expires(
    moved: Platform,
) -> None:
    before = documents(moved)
    retire(moved, "product")
    moved.database.execute("insert into kv_store_6fcaeea3 values ('gift:token', '{\"id\": \"token\"}')")
    work(moved, "product", target="active")
    kept = moved.database.execute("select key, value #>> '{}' as value from kv.archive_secrets").fetchall()
    assert {row["key"] for row in kept} == {"gift:token"} and "s3cr3t-1" in {row["value"] for row in kept}
    assert documents(moved)["gift:token"] != before["gift:token"]
    moved.database.execute(
        "update kv_store_6fcaeea3 set value = %s::jsonb where key = 'gift:token'", [before["gift:token"]]
    )
    moved.database.execute("delete from kv.archive_secrets")
    compare(moved)


def test_an_undo_does_not_restore_the_data_of_an_erased_person(moved: Platform) -> None:
    value = {**order("o-erased", siteId="s-a"), "userEmail": "erased@person.example", "customerName": "Erased Person"}
    moved.database.execute("insert into kv_store_6fcaeea3 values ('order:o-erased', %s)", [Jsonb(value)])
    compare(moved)
    before = documents(moved)
    retire(moved, "order")
    moved.database.execute(
        "update orders set erased_at = now(), customer_name = '', customer_email = '', shipping_address = '{}'"
        " where id = (select id from kv.ids where key = 'order:o-erased')"
    )
    run(moved, "retire", "order", "--undo")
    after = documents(moved)
    assert after.keys() == before.keys()
    assert {key for key in before if before[key] != after[key]} == {"order:o-erased"}
    assert "Erased Person" not in after["order:o-erased"] and "person.example" not in after["order:o-erased"]


def test_an_undo_does_not_restore_the_documents_of_deleted_rows(moved: Platform) -> None:
    for key, value in (
        ("gift:deleted", gift("deleted", catalogId="own")),
        ("catalog_gifts:own", ["forms", gift("in-list", catalogId="own"), gift("in-list-too", catalogId="own")]),
    ):
        moved.database.execute(
            "insert into kv_store_6fcaeea3 values (%s, %s) on conflict (key) do update set value = excluded.value",
            [key, Jsonb(value)],
        )
    compare(moved)
    rows = moved.database.execute(
        "select key, id from kv.ids where entity = 'product' and old_id in ('deleted', 'in-list') and has_row"
    ).fetchall()
    assert len(rows) == 2
    before = documents(moved)
    retire(moved, "product")
    assert before.keys() - documents(moved).keys() >= {"gift:deleted", "catalog_gifts:own"}
    moved.database.execute("delete from products where id = any (%s)", [[row["id"] for row in rows]])
    run(moved, "retire", "product", "--undo")
    after = documents(moved)
    assert before.keys() - after.keys() == {"gift:deleted"}
    assert {key for key in after if before[key] != after[key]} == {"catalog_gifts:own"}
    items = json.loads(after["catalog_gifts:own"])
    assert [item if isinstance(item, str) else item["id"] for item in items] == ["forms", "in-list-too"]
    assert command(moved, "compare", "--entity", "product").returncode == 0


def test_a_document_that_changed_after_it_was_archived_is_archived_again(moved: Platform) -> None:
    run(moved, "retire", "catalog", "--quiet", "1s")
    end_period(moved)
    before = documents(moved)
    moved.database.execute(
        "with r as (update kv.retirements set status = 'deleting' where status = 'waiting' returning id)"
        " insert into kv.archive_parts (retirement_id, number, object_key, after_key, last_key, keys, documents, bytes,"
        " stored_sha256, content_sha256, proven_at) select id, 1, 'x', '', 'z', '{catalogs:own}', 1, 1,"
        " repeat('0', 64), repeat('0', 64), now() from r"
    )
    plan = run(moved, "retire", "catalog", "--yes")
    assert plan["retirement"]["status"] == "retired"
    run(moved, "retire", "catalog", "--undo")
    assert documents(moved) == before


def use_version(platform: Platform, key: str, version: str) -> None:
    platform.database.execute("update kv.archive_parts set version_id = %s where object_key = %s", [version, key])


def test_an_undo_before_the_first_deletion_deletes_the_stored_secrets(moved: Platform) -> None:
    wait(moved, "product")
    before = documents(moved)
    assert put(moved, "product", target="retired", delete=True).status_code == 200
    with moved.database.transaction():
        moved.database.execute(
            "insert into kv.archive_parts (retirement_id, number, object_key, after_key, last_key, keys, documents,"
            " bytes, stored_sha256, content_sha256) select id, 1, 'x', '', 'z', '{gift:token}', 1, 1, repeat('0', 64),"
            " repeat('0', 64) from kv.retirements where status = 'archiving'"
        )
        moved.database.execute(
            "insert into kv.archive_secrets (retirement_id, number, key, path, value) select id, 1, 'gift:token',"
            " '{a}', '1' from kv.retirements where status = 'archiving'"
        )
    work(moved, "product", target="active")
    assert moved.database.execute("select from kv.archive_secrets").fetchall() == []
    assert documents(moved) == before


@pytest.mark.parametrize("damage", ["deleted", "replaced"])
def test_an_undo_does_not_restore_a_damaged_archive_object(moved: Platform, damage: str) -> None:
    plan = retire(moved, "client")
    s3 = moved.s3
    [part] = moved.database.execute(
        "select * from kv.archive_parts where retirement_id = %s", [plan["retirement"]["id"]]
    )
    bucket = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "kv-archive" in b["Name"])
    body = s3.get_object(Bucket=bucket, Key=part["object_key"], VersionId=part["version_id"])["Body"].read()
    after, version = documents(moved), part["version_id"]
    if damage == "deleted":
        s3.delete_object(Bucket=bucket, Key=part["object_key"], VersionId=version)
    else:
        hostile = gzip.compress(gzip.decompress(body).replace(b"Own client", b"My client!"))
        version = s3.put_object(Bucket=bucket, Key=part["object_key"], Body=hostile)["VersionId"]
        moved.database.execute(
            "update kv.archive_parts set version_id = %s where object_key = %s", [version, part["object_key"]]
        )
    response = put(moved, "client", target="active")
    assert (response.status_code, response.json()["code"]) == (409, "kv_archive_damaged")
    assert part["object_key"] in response.json()["detail"]
    assert documents(moved) == after
    version = s3.put_object(Bucket=bucket, Key=part["object_key"], Body=body)["VersionId"]
    moved.database.execute(
        "update kv.archive_parts set version_id = %s where object_key = %s", [version, part["object_key"]]
    )


def test_an_undo_restores_intact_objects_and_continues_after_a_repair(moved: Platform, store: httpx.Client) -> None:
    for name in "abcd":  # Each of these documents is a separate object.
        value = gift(f"large-{name}", catalogId="own", text=name * 1_900_000)
        moved.database.execute("insert into kv_store_6fcaeea3 values (%s, %s)", [f"gift:large-{name}", Jsonb(value)])
    compare(moved)
    before = documents(moved)
    retirement = retire(moved, "product")["retirement"]
    s3, bucket = moved.s3, archive_bucket(moved)
    parts = moved.database.execute(
        "select * from kv.archive_parts where retirement_id = %s order by number", [retirement["id"]]
    ).fetchall()
    lost, damaged = (next(p for p in parts if f"gift:large-{name}" in p["keys"]) for name in "bc")
    assert len(parts) >= 4 and lost["number"] < damaged["number"] < parts[-1]["number"]
    bodies = {}
    for part in (lost, damaged):
        key, version = part["object_key"], part["version_id"]
        bodies[key] = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    flipped = bytearray(bodies[damaged["object_key"]])
    flipped[len(flipped) // 2] ^= 0xFF  # damage the compressed data after the intact header
    s3.put_object(Bucket=bucket, Key=damaged["object_key"], Body=bytes(flipped))

    for _ in range(2):  # A repeated undo returns the same error.
        result = command(moved, "retire", "product", "--undo")
        assert result.returncode != 0
        assert lost["object_key"] in result.stderr and damaged["object_key"] in result.stderr
        after = documents(moved)
        assert before.keys() - after.keys() == {*lost["keys"], *damaged["keys"]}
        assert after.items() <= before.items()
    # Before the objects are repaired, a read returns the restored documents, and a write is refused.
    assert run(moved, "status")["retirements"][0]["status"] == "restoring"
    assert store.get(PATH, params={"key": f"eq.{lost['keys'][0]}"}).json() == []
    [restored] = store.get(PATH, params={"key": "eq.gift:large-a", "select": "value"}).json()
    assert restored["value"]["id"] == "large-a"
    assert store.post(PATH, json={"key": "gift:large-a", "value": {}}, headers=MERGE).status_code == 410
    assert store.post(PATH, json={"key": "session:y", "value": {}}, headers=MERGE).status_code == 201
    store.delete(PATH, params={"key": "eq.session:y"})

    s3.put_object(Bucket=bucket, Key=lost["object_key"], Body=bodies[lost["object_key"]])
    result = command(moved, "retire", "product", "--undo")
    assert result.returncode != 0
    assert lost["object_key"] not in result.stderr and damaged["object_key"] in result.stderr
    # The repaired object contains the same lines. Another program has compressed the lines.
    lines = gzip.decompress(bodies[damaged["object_key"]])
    s3.put_object(Bucket=bucket, Key=damaged["object_key"], Body=gzip.compress(lines, 1))
    assert command(moved, "retire", "product", "--undo").returncode == 0
    assert documents(moved) == before
    moved.database.execute("delete from kv_store_6fcaeea3 where key like 'gift:large-%'")


def test_an_undo_gives_up_only_documents_of_confirmed_lost_objects(moved: Platform, store: httpx.Client) -> None:
    for name in "abc":  # Each of these documents is a separate object.
        value = gift(f"large-{name}", catalogId="own", text=name * 1_900_000)
        moved.database.execute("insert into kv_store_6fcaeea3 values (%s, %s)", [f"gift:large-{name}", Jsonb(value)])
    compare(moved)
    before = documents(moved)
    retirement = retire(moved, "product")["retirement"]
    parts = moved.database.execute(
        "select * from kv.archive_parts where retirement_id = %s order by number", [retirement["id"]]
    ).fetchall()
    lost, damaged = (next(p for p in parts if f"gift:large-{name}" in p["keys"]) for name in "ab")
    intact = parts[-1]
    assert intact not in (lost, damaged)
    for part in (lost, damaged):
        moved.s3.delete_object(Bucket=archive_bucket(moved), Key=part["object_key"], VersionId=part["version_id"])

    response = put(moved, "product", target="retired", give_up=[lost["object_key"]])
    assert response.status_code == 422
    # The command prints the keys of the lost objects. It does not give up an object without a confirmation.
    result = command(moved, "retire", "product", "--undo", "--give-up")
    assert result.returncode == 2 and "--yes" in result.stderr
    for part in (lost, damaged):
        assert part["object_key"] in result.stderr
        assert f"{part['documents']:,} documents, from {part['keys'][0]} to {part['keys'][-1]}" in result.stderr
    assert run(moved, "status")["retirements"][0]["given_up"] == 0
    assert before.keys() - documents(moved).keys() == {*lost["keys"], *damaged["keys"]}
    # The undo gives up only the lost object in the request. The keys of intact and unknown objects have no effect.
    plan = put(moved, "product", target="active", give_up=[lost["object_key"], intact["object_key"], "x"]).json()
    assert [(g["object_key"], g["keys"]) for g in plan["given_up"]] == [(lost["object_key"], lost["keys"])]
    assert (plan["retirement"]["status"], plan["retirement"]["given_up"]) == ("restoring", len(lost["keys"]))
    assert put(moved, "product", target="active").json()["code"] == "kv_archive_damaged"
    assert store.post(PATH, json={"key": "gift:large-c", "value": {}}, headers=MERGE).status_code == 410
    # After the confirmation, the undo ends.
    result = command(moved, "retire", "product", "--undo", "--give-up", "--yes")
    assert result.returncode == 0, result.stderr
    assert set(damaged["keys"]) <= set(re.findall(r"[^ ,]+", result.stdout + result.stderr))
    after = documents(moved)
    assert after.items() <= before.items()
    assert before.keys() - after.keys() == {*lost["keys"], *damaged["keys"]}
    assert moved.database.execute("select from kv.archive_secrets").fetchall() == []
    steps = moved.database.execute(
        "select details ->> 'object' as object, details ->> 'first_key' as key from audit_log"
        " where action = 'kv_retirement.give_up' order by id desc limit 2"
    ).fetchall()
    assert [(s["object"], s["key"]) for s in steps] == [
        (damaged["object_key"], damaged["keys"][0]), (lost["object_key"], lost["keys"][0])]  # fmt: skip
    # A repair writes new documents from the rows.
    command(moved, "compare", "--entity", "product", "--repair", "from=tables")
    assert command(moved, "compare", "--entity", "product").returncode == 0
    written = documents(moved)
    for part in (lost, damaged):
        for key in (key for key in part["keys"] if key.startswith("gift:")):
            assert json.loads(written[key])["name"] == json.loads(before[key])["name"]
    moved.database.execute("delete from kv_store_6fcaeea3 where key like 'gift:large-%'")


def archive_bucket(platform: Platform) -> str:
    return next(str(b["Name"]) for b in platform.s3.list_buckets()["Buckets"] if "kv-archive" in b["Name"])


@pytest.mark.parametrize("count", [1, 250])
def test_an_undo_creates_documents_for_products_that_were_created_after_the_retirement(
    moved: Platform, count: int
) -> None:
    before = documents(moved)
    retire(moved, "product")
    insert = (
        "insert into products (catalog_id, sku, name, price, currency) select %s, 'new-' || n, 'New', 5, 'EUR'"
        " from generate_series(1, %s) n returning id::text"
    )
    [catalog] = moved.database.execute("select id from catalogs c where exists (select from kv.ids i"
                                       " where i.id = c.id and i.key = 'catalogs:own')").fetchall()  # fmt: skip
    [other] = moved.database.execute(  # This catalog of the platform has no document.
        "insert into catalogs (name, type, status) values ('Hidden', 'manual', 'active') returning id"
    ).fetchall()
    new = {row["id"] for row in moved.database.execute(insert, [catalog["id"], count])}
    moved.database.execute(insert, [other["id"], count])
    assert documents(moved).keys() <= before.keys()
    run(moved, "retire", "product", "--undo")
    moved.eventually(lambda: moved.database.execute("select from kv.dirty").fetchall() == [], within=60)
    after = documents(moved)
    assert {key: after[key] for key in before} == before
    assert {key.partition(":")[2] for key in after.keys() - before.keys()} == new
    created = json.loads(after[f"gift:{min(new)}"])
    assert (created["name"], created["catalogId"], created["_rev"]) == ("New", "own", 1)
    moved.database.execute("delete from products where sku like 'new-%%'")
    moved.database.execute("delete from catalogs where id = %s", [other["id"]])
    moved.eventually(lambda: documents(moved) == before, within=60)


def test_an_undo_waits_for_products_that_are_inserted_during_the_retirement(moved: Platform) -> None:
    before = documents(moved)
    retire(moved, "product")
    with psycopg.connect(moved.endpoints.database) as writer:
        [(id,)] = writer.execute(
            "insert into products (catalog_id, sku, name, price, currency) select id, 'late', 'Late', 5, 'EUR'"
            " from kv.ids where key = 'catalogs:own' returning id::text"
        ).fetchall()
        while (response := put(moved, "product", target="active")).status_code == 200:
            assert response.json()["retirement"]["status"] in ("restoring", "ending")
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        assert run(moved, "status")["retirements"][0]["status"] == "ending"
        writer.commit()
    work(moved, "product", target="active")
    moved.eventually(lambda: f"gift:{id}" in documents(moved), within=60)
    assert json.loads(documents(moved)[f"gift:{id}"])["name"] == "Late"
    moved.database.execute("delete from products where id = %s", [id])
    moved.eventually(lambda: documents(moved) == before, within=60)


def reach_end(platform: Platform) -> None:
    """Continue the undo of the product retirement until its status is `ending`, and one further request has run. All
    documents are then restored."""
    while (plan := put(platform, "product", target="active").json())["retirement"]["status"] != "ending":
        assert plan["retirement"]["status"] == "restoring"
    assert put(platform, "product", target="active").json()["retirement"]["status"] == "ending"


def test_an_undo_waits_only_for_transactions_that_began_before_its_end(moved: Platform) -> None:
    write = "lock table products in row exclusive mode"  # each statement that writes products takes this lock
    retire(moved, "product")
    with psycopg.connect(moved.endpoints.database) as first, psycopg.connect(moved.endpoints.database) as second:
        first.execute(write)
        reach_end(moved)
        assert put(moved, "product", target="active").json()["code"] == "conflict"
        second.execute(write)  # under load, a newer transaction is always running
        assert put(moved, "product", target="active").json()["code"] == "conflict"
        with ThreadPoolExecutor(1) as pool:
            command_ = pool.submit(command, moved, "retire", "product", "--undo")
            time.sleep(5)  # the command repeats refused requests
            assert not command_.done()
            first.commit()
            assert command_.result().returncode == 0, command_.result().stderr
        second.commit()


def test_orders_and_product_changes_do_not_wait_for_an_undo(moved: Platform) -> None:
    tenant = moved.tenant()
    product = moved.product(tenant, inventory_count=100)
    before = documents(moved)
    retire(moved, "product")
    reach_end(moved)
    with psycopg.connect(moved.endpoints.database) as blocker, ThreadPoolExecutor(1) as pool:
        blocker.execute("lock table kv.dirty in share mode")  # The search waits for this lock.
        ending = pool.submit(work, moved, "product", target="active")
        moved.eventually(
            lambda: (
                moved.database.execute(
                    "select from pg_locks where relation = 'kv.dirty'::regclass and not granted"
                ).fetchall()
                != []
            )
        )
        began = time.monotonic()
        moved.order(tenant, (product, 1))
        with psycopg.connect(moved.endpoints.database) as seller:
            seller.execute("set statement_timeout = '2s'")
            seller.execute("update products set inventory_count = 4 where id = (select id from kv.ids"
                           " where key = 'gift:g-a')")  # fmt: skip
        assert time.monotonic() - began < 5
        assert not ending.done()
        # The documents are restored, so the mirror writes the change at once.
        assert json.loads(documents(moved)["gift:g-a"])["stock"] == 4
        blocker.rollback()
        ending.result()
    moved.eventually(lambda: moved.database.execute("select from kv.dirty").fetchall() == [], within=60)
    after = documents(moved)
    ordered = f"gift:{product['id']}"
    assert (json.loads(before[ordered])["availableQuantity"], json.loads(after[ordered])["availableQuantity"]) == (
        100,
        99,
    )
    assert {key for key in before if before[key] != after.get(key)} == {"gift:g-a", ordered}


def test_no_product_change_is_lost_at_the_end_of_an_undo(moved: Platform) -> None:
    before = documents(moved)
    retire(moved, "product")
    names: dict[str, str] = {}

    def write(connection: psycopg.Connection[Any], name: str) -> None:
        """Insert a product, and rename all products of this test."""
        [(id,)] = connection.execute(
            "insert into products (catalog_id, sku, name, price, currency) select id, %s, 'First', 5, 'EUR'"
            " from kv.ids where key = 'catalogs:own' returning id::text",
            [f"late-{name}"],
        ).fetchall()
        names[id] = name
        connection.execute("update products set name = 'Renamed' where sku like 'late-%%'")

    with psycopg.connect(moved.endpoints.database) as other:
        write(other, "while the documents were retired")
        other.commit()
        write(other, "before the end, in a transaction that is committed later")
        reach_end(moved)
        with psycopg.connect(moved.endpoints.database, autocommit=True) as writer:
            writer.execute("set statement_timeout = '2s'")
            sku = "late-during the status ending"
            writer.execute("insert into products (catalog_id, sku, name, price, currency) select id, %s, 'Renamed', 5,"
                           " 'EUR' from kv.ids where key = 'catalogs:own'", [sku])  # fmt: skip
            [(id,)] = writer.execute("select id::text from products where sku = %s", [sku]).fetchall()
            names[id] = sku
        assert put(moved, "product", target="active").json()["code"] == "conflict"
        other.commit()
        step(moved, 3)
        write(other, "after the first step")
        other.commit()
        for _ in range(3):
            step(moved, 3)
        write(other, "after some steps, and committed after the undo")
        work(moved, "product", target="active")
        other.commit()
    moved.eventually(lambda: moved.database.execute("select from kv.dirty").fetchall() == [], within=60)
    after = documents(moved)
    written = {key.partition(":")[2]: json.loads(value) for key, value in after.items() if key not in before}
    assert written.keys() == names.keys()
    assert {document["name"] for document in written.values()} == {"Renamed"}
    assert {key: after[key] for key in before} == before
    moved.database.execute("delete from products where sku like 'late-%%'")
    moved.eventually(lambda: documents(moved) == before, within=60)


def step(platform: Platform, size: int) -> None:
    """Search the next `size` changed products at the end of an undo, as a request does."""
    assert as_admin(platform, "select kv.continue_ending(%s, %s)", "product", size) is False


def as_admin(platform: Platform, query: str, *arguments: Any) -> Any:
    """Run a query as the API does for a super admin, in a separate transaction. Return the only value."""
    with psycopg.connect(platform.endpoints.database, prepare_threshold=None) as connection:
        connection.execute("set local session authorization wc_api")
        connection.execute(
            "select role from app.enter(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            ["admin", None, None, None, [], None, None, None, None],
        )
        [value] = connection.execute(query.encode(), arguments).fetchone() or ()
        connection.execute("reset session authorization")
        return value


def test_a_retirement_with_the_status_ending_refuses_other_changes(moved: Platform) -> None:
    retire(moved, "product")
    reach_end(moved)
    step(moved, 3)
    for target in ("restoring", "ending", "retired", "archiving"):
        with pytest.raises(psycopg.errors.CheckViolation):
            as_admin(moved, CHANGE, "product", target, Jsonb({}))
    assert put(moved, "product", target="retired", delete=True).json()["code"] == "conflict"
    assert put(moved, "product", target="retired", dry_run=True).json()["retirement"]["status"] == "ending"


class PreviousRetirement(BaseModel):
    """The model of the previous release, which rejects the status `ending`."""

    status: Literal["waiting", "archiving", "deleting", "retired", "restoring", "undone"]
    documents: int
    deleted: int
    restored: int
    given_up: int


def previous_plan(platform: Platform) -> PreviousRetirement | None:
    """Read the retirement of products as the previous release does."""
    retirement = as_admin(platform, "select kv.retirement_facts(%s)", "product")["retirement"]
    [listed] = as_admin(platform, "select kv.retirement_status()")["retirements"] or [None]
    assert retirement == listed
    return retirement and PreviousRetirement.model_validate(retirement)


def previous_undo(platform: Platform) -> None:
    """Undo a retirement whose documents are not deleted, as the previous release does."""
    plan = previous_plan(platform)
    assert plan is not None
    if plan.status != "restoring":
        as_admin(platform, CHANGE, "product", "restoring", Jsonb({}))
        plan = previous_plan(platform)
    assert plan is not None and plan.status == "restoring"
    assert as_admin(platform, "select kv.next_deleted_part(%s, %s)", "product", 0) is None
    as_admin(platform, CHANGE, "product", "undone", Jsonb({}))
    assert previous_plan(platform) is None


@pytest.mark.parametrize("reached", ["archiving", "restoring", "ending", "searching"])
def test_the_previous_release_can_complete_an_undo_with_any_status(moved: Platform, reached: str) -> None:
    before = documents(moved)
    insert = (
        "insert into products (catalog_id, sku, name, price, currency) select id, %s, 'Late', 5, 'EUR'"
        " from kv.ids where key = 'catalogs:own' returning id::text"
    )
    if reached == "archiving":
        wait(moved, "product")
        assert put(moved, "product", target="retired", delete=True).json()["retirement"]["status"] == "archiving"
    else:
        retire(moved, "product")
    late = {row["id"] for sku in ("late-a", "late-b") for row in moved.database.execute(insert, [sku])}
    while reached == "restoring":
        plan = put(moved, "product", target="active").json()["retirement"]
        assert plan["status"] == "restoring"
        if plan["deleted"] == 0:
            break
    if reached in ("ending", "searching"):
        reach_end(moved)
    if reached == "searching":
        step(moved, 3)
    with psycopg.connect(moved.endpoints.database) as writer, ThreadPoolExecutor(1) as pool:
        late |= {id for (id,) in writer.execute(insert, ["late-c"])}
        undo = pool.submit(previous_undo, moved)
        time.sleep(0.5)
        writer.commit()
        undo.result()
    moved.eventually(lambda: moved.database.execute("select from kv.dirty").fetchall() == [], within=60)
    after = documents(moved)
    assert {key.partition(":")[2] for key in after.keys() - before.keys()} == late
    assert {key: after[key] for key in before} == before
    moved.database.execute("delete from products where sku like 'late-%%'")
    moved.eventually(lambda: documents(moved) == before, within=60)


def test_a_row_that_was_not_mirrored_after_the_comparison_blocks_a_retirement(moved: Platform) -> None:
    def gate() -> Json:
        gates = put(moved, "site", target="retired", dry_run=True).json()["gates"]
        [comparison] = [gate for gate in gates if gate["name"] == "comparison"]
        found: Json = comparison
        return found

    wait(moved, "site")
    assert gate()["state"] == "passed"
    moved.database.execute("select kv.note_conflict('site:s-a', 'row_not_mirrored', '', null, null)")
    try:
        assert (gate()["state"], "1 rows were not mirrored" in gate()["detail"]) == ("failed", True)
        assert failed(put(moved, "site", target="retired", delete=True)) == {"comparison"}
        assert command(moved, "compare", "--entity", "site").returncode == 0
        assert gate()["state"] == "passed"
    finally:
        moved.database.execute("delete from kv.conflicts where key = 'site:s-a'")


def test_a_row_that_commits_after_the_comparison_began_blocks_a_retirement(
    moved: Platform,
) -> None:
    def gates() -> dict[str, str]:
        stages = moved.api("admin").get("/v1/admin/kv/stages/site/gates").json()["data"]
        retirement = put(moved, "site", target="retired", dry_run=True).json()["gates"]
        return {
            f"{kind} {gate['name']}": gate["state"]
            for kind, found in (("cutover", stages), ("retirement", retirement))
            for gate in found
        }

    with psycopg.connect(moved.endpoints.database) as writer:
        writer.execute("select kv.note_conflict('site:s-a', 'row_not_mirrored', '', null, null)")
        assert command(moved, "compare", "--entity", "site").returncode == 0
        assert gates()["retirement comparison"] == gates()["cutover comparison"] == "passed"
        writer.commit()
    try:
        assert gates()["retirement comparison"] == gates()["cutover comparison"] == "failed"
        assert command(moved, "compare", "--entity", "site").returncode == 0
        assert gates()["retirement comparison"] == gates()["cutover comparison"] == "passed"
    finally:
        moved.database.execute("delete from kv.conflicts where key = 'site:s-a'")


@pytest.mark.parametrize(
    ("names", "pointer"),
    [(["a"] * 51, "/give_up"), (["a" * 201], "/give_up/0"), (["x", "a\nb"], "/give_up/1"), (["x", ""], "/give_up/1")],
)
def test_the_number_and_length_of_lost_object_names_are_limited(
    moved: Platform, names: list[str], pointer: str
) -> None:
    response = put(moved, "product", target="active", give_up=names)
    assert response.status_code == 422, response.text
    [error] = response.json()["errors"]
    assert error["pointer"] == pointer
    assert any(word in error["detail"] for word in ("at most 50", "at most 200", "line", "at least 1")), error
    assert put(moved, "product", target="active", give_up=["a" * 200] * 50).status_code == 200


def test_only_super_admins_can_retire_documents(moved: Platform) -> None:
    for caller in ("support", None):
        response = moved.api(caller).put(f"{ROUTE}/product", json={"target": "retired"})
        assert response.status_code == (401 if caller is None else 403)


@pytest.mark.timeout(600)
def test_a_retirement_and_its_undo_continue_after_their_worker_is_killed(moved: Platform) -> None:
    for first in range(0, MANY, 400):  # While the tables lead, a request can write at most 500 documents.
        moved.database.execute(
            "insert into kv_store_6fcaeea3 select 'gift:many-' || n, jsonb_build_object('id', 'many-' || n,"
            " 'name', 'Mug', 'sku', 'many-' || n, 'price', 5, 'currency', 'EUR', 'catalogId', 'own',"
            " 'text', repeat('x', 4000)) from generate_series(%s::integer, %s) n",
            [first, first + 399],
        )
    command(moved, "compare", "--entity", "product", "--repair", "from=kv")
    command(moved, "compare", "--entity", "product")
    before, marked, chance = documents(moved), marks(moved), random.Random(1)
    run(moved, "retire", "product", "--quiet", "1s")
    end_period(moved)
    for arguments in (("--yes",), ("--undo",)):
        for _ in range(6 if FULL else 2):
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.command", "kv", "retire", "product", *arguments],
                env={**os.environ, "WECELEBRATE_HOME": str(moved.state.parent)},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            until = time.monotonic() + 1 + 2 * chance.random()
            while time.monotonic() < until:  # This also terminates transactions that are running.
                moved.database.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wc_api'"
                    " and state = 'active' and random() < 0.1"
                    " and query ~ 'kv\\.(delete_archived|restore_part|prove_archive_part)'"
                )
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=10)
            complete(moved, before)
        run(moved, "retire", "product", *arguments)
        complete(moved, before)
        if arguments == ("--yes",):
            assert not {key for key in documents(moved) if key.startswith("gift:many-")}
    assert documents(moved) == before
    assert marks(moved) == marked
    moved.database.execute("delete from kv_store_6fcaeea3 where key like 'gift:many-%'")


def complete(platform: Platform, before: dict[str, str]) -> None:
    """Check that each document exists unchanged, in the store or in a verified part of the archive."""
    with platform.database.transaction():
        platform.database.execute("set transaction isolation level repeatable read")
        stored = documents(platform)
        [row] = platform.database.execute(
            "select coalesce(sum(documents), 0) as deleted from kv.archive_parts p join kv.retirements r"
            " on r.id = p.retirement_id and r.status <> 'undone' where p.deleted_at is not null"
        )
    assert stored.items() <= before.items()
    assert len(stored) + row["deleted"] == len(before)
