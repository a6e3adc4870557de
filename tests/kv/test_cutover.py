"""Tests cutovers and rollbacks with the commands, the API and the facade.

The module uses its own local cloud, because the stages of a cutover and the mirror affect a whole platform.
"""

import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from infra.local.credentials import Credentials
from tests.kv.commands import command, run
from tests.kv.conftest import MERGE, PATH
from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate.schema import migrate

RECORDS = 10_000
"""The number of records in the tests that measure the share of reads from the tables."""
GATES = ["mirror", "triggers", "backfill", "quarantine", "comparison", "shadow", "transactions", "canary"]
STAGES = "/v1/admin/kv/stages"


@pytest.fixture(scope="module")
def on(own_platform: Platform) -> Iterator[Json]:
    """Switch the mirror on, run a complete backfill, and return the state of the mirror."""
    state = run(own_platform, "mirror", "on", "--currency", "EUR")
    run(own_platform, "backfill")
    yield state
    for entity in ("client", "catalog", "site", "product", "order"):
        run(own_platform, "rollback", entity)
    # While a transaction is open, the command answers after two seconds that it must be repeated.
    own_platform.eventually(lambda: command(own_platform, "mirror", "off").returncode == 0, within=60)


@pytest.fixture(autouse=True)
def rolled_back(own_platform: Platform, on: Json) -> Iterator[None]:
    """Roll everything back after each test."""
    yield
    own_platform.database.execute("delete from kv.stages; delete from kv.shadow_reads; delete from kv.differences")
    own_platform.database.execute("delete from kv.comparisons")


@pytest.fixture
def tenant(own_platform: Platform) -> Tenant:
    """A tenant that was created while the mirror was on, so its documents exist in the store."""
    return own_platform.tenant()


@pytest.fixture
def store(own_platform: Platform) -> Iterator[httpx.Client]:
    """An HTTP client that accesses the store as an old application does."""
    headers = {"apikey": Credentials.of(own_platform.state).kv_key, "Content-Type": "application/json"}
    with httpx.Client(
        base_url=own_platform.endpoints.api, headers=headers, verify=TLS, trust_env=False, timeout=60
    ) as client:
        yield client


def overridden(*gates: str) -> list[str]:
    """Return the options that override gates."""
    return [part for gate in gates for part in ("--override", gate)] + ["--reason", "a test"]


def write(store: httpx.Client, key: str, value: Any) -> httpx.Response:
    return store.post(PATH, json={"key": key, "value": value}, headers=MERGE)


def read(store: httpx.Client, key: str) -> Any:
    [row] = store.get(PATH, params={"select": "value", "key": f"eq.{key}"}).json()
    return row["value"]


def compared(platform: Platform, entity: str, *, hours: int = 0, client_id: str | None = None) -> str:
    """Record a full comparison without differences, and return its id."""
    row = platform.database.execute(
        "insert into kv.comparisons (entity, client_id, status, requested_by, started_at, ended_at) values"
        " (%s, %s, 'complete', 'me', clock_timestamp(), clock_timestamp() - make_interval(hours => %s)) returning id",
        [entity, client_id, hours],
    ).fetchone()
    assert row is not None
    return str(row["id"])


def failed(platform: Platform, entity: str, *, client_id: str | None = None, reads: int = 25) -> dict[str, str]:
    """Try a cutover, and return the gates that have not passed, with their advice."""
    response = platform.api("admin").put(
        f"{STAGES}/{entity}", json={"leads": "tables", "reads": reads, "client_id": client_id}
    )
    assert response.status_code in (200, 409), response.text
    problem = response.json()
    assert response.status_code == 200 or problem["code"] == "kv_gates_failed", problem
    return {error["pointer"]: error["detail"] for error in problem.get("errors", [])}


def shadowed(platform: Platform, store: httpx.Client, tenant: Tenant) -> None:
    """Simulate enough shadow reads to pass the shadow gate. A shadow read compares a document with its row."""
    product = platform.product(tenant)
    run(platform, "shadow", "product", "--percent", "100", "--client", tenant.client_id)
    read(store, f"gift:{product['id']}")
    platform.database.execute("update kv.shadow_reads set reads = 1000")


def test_each_failed_gate_has_advice_for_the_operator(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    gates = failed(own_platform, "product")
    assert gates.keys() == {"comparison", "shadow"}
    assert "wecelebrate kv compare" in gates["comparison"]
    assert "0 of 0 reads" in gates["shadow"]
    shadowed(own_platform, store, tenant)
    assert failed(own_platform, "product").keys() == {"comparison"}
    compared(own_platform, "product", hours=25)
    assert "older than 24 hours" in failed(own_platform, "product")["comparison"]
    comparison = compared(own_platform, "product")
    own_platform.database.execute(
        "insert into kv.differences (comparison_id, entity, client_id, key, kind) values (%s, 'product', %s, 'gift:x',"
        " 'row_missing')",
        [comparison, tenant.client_id],
    )
    assert "1 open differences" in failed(own_platform, "product")["comparison"]
    assert failed(own_platform, "product", client_id=own_platform.client()["id"]).keys() == {"shadow"}
    own_platform.database.execute("update kv.differences set repaired_at = now()")
    assert failed(own_platform, "product") == {}
    [stage] = [stage for stage in own_platform.api("admin").get(STAGES).json()["data"] if stage["client_id"] is None]
    assert (stage["leads"], stage["reads"]) == ("tables", 25)


def test_quarantined_documents_fail_the_gate_only_for_their_client(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    other = own_platform.tenant()
    product = own_platform.product(tenant)
    document = read(store, f"gift:{product['id']}")
    assert write(store, f"gift:{product['id']}", document | {"price": "free"}).status_code == 201
    try:
        assert "1 documents" in failed(own_platform, "product", client_id=tenant.client_id)["quarantine"]
        assert "quarantine" not in failed(own_platform, "product", client_id=other.client_id)
        assert "quarantine" not in failed(own_platform, "order")
    finally:
        current = read(store, f"gift:{product['id']}")
        assert write(store, f"gift:{product['id']}", current | {"price": document["price"]}).status_code == 201
    assert "quarantine" not in failed(own_platform, "product", client_id=tenant.client_id)


@contextmanager
def changed(platform: Platform, change: str, undo: str) -> Iterator[None]:
    """Change the schema until the end of the block."""
    platform.database.execute(change.encode())
    try:
        yield
    finally:
        platform.database.execute(undo.encode())


def test_the_gates_fail_after_a_write_with_a_disabled_trigger(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    product = own_platform.product(tenant)
    with changed(
        own_platform,
        "alter table products disable trigger mirror_update",
        "alter table products enable always trigger mirror_update",
    ):
        own_platform.database.execute("update products set name = 'Row' where id = %s", [product["id"]])
        gates = failed(own_platform, "product")
    assert "products.mirror_update" in gates["triggers"]
    assert "the row did not change its document" in gates["canary"]
    run(own_platform, "shadow", "product", "--percent", "100")
    assert read(store, f"gift:{product['id']}")["name"] == product["name"]
    assert "1 of 1 reads" in failed(own_platform, "product")["shadow"]
    rows = own_platform.database.execute(
        "select key, field, client_id::text from kv.differences where comparison_id is null"
    ).fetchall()
    assert rows == [{"key": f"gift:{product['id']}", "field": "name", "client_id": tenant.client_id}]


def test_the_gate_for_triggers_fails_if_a_function_or_a_trigger_condition_was_changed(own_platform: Platform) -> None:
    row = own_platform.database.execute("select pg_get_functiondef('kv.mirror_row'::regproc) as text").fetchone()
    assert row is not None
    with changed(own_platform, row["text"].replace("begin", "begin  -- patched", 1), row["text"]):
        assert "Different from the release: mirror_row." in failed(own_platform, "client")["triggers"]
    row = own_platform.database.execute(
        "select pg_get_triggerdef(oid) as text from pg_trigger"
        " where tgname = 'mirror_insert' and tgrelid = 'sites'::regclass"
    ).fetchone()
    assert row is not None
    replace = row["text"].replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER")
    enable = "; alter table sites enable always trigger mirror_insert"
    always_false = replace.replace("(CURRENT_USER <> 'app_mirror'::name)", "(false)")
    with changed(own_platform, always_false + enable, replace + enable):
        gates = failed(own_platform, "site")
    assert "sites.mirror_insert" in gates["triggers"]
    assert "triggers" not in failed(own_platform, "site")


@pytest.mark.slow
def test_the_gates_fail_while_an_old_transaction_is_running(own_platform: Platform) -> None:
    with psycopg.connect(own_platform.endpoints.database) as connection:
        connection.execute("select 1")
        time.sleep(61)
        assert "seconds old" in failed(own_platform, "client")["transactions"]
    assert "transactions" not in failed(own_platform, "client")


def test_the_canary_write_of_a_cutover_leaves_no_data(own_platform: Platform) -> None:
    for entity in ("client", "catalog", "site", "product", "order"):
        assert "canary" not in failed(own_platform, entity)
    left = own_platform.database.execute(
        "select key from kv_store_6fcaeea3 where key like '%%canary%%' union all select key from kv.ids"
        " where key like '%%canary%%' union all select name from clients where name like 'Canary%%'"
    ).fetchall()
    assert left == []


def test_overriding_a_gate_requires_a_reason_for_the_audit_log(own_platform: Platform) -> None:
    api = own_platform.api("admin")
    body = {"leads": "tables", "reads": 10, "overrides": ["comparison", "shadow"]}
    assert api.put(f"{STAGES}/order", json=body).status_code == 422
    result = command(own_platform, "cutover", "order", "--reads", "10", "--override", "comparison", "--reason", "x")
    assert result.returncode == 5
    assert "shadow: " in result.stderr
    assert api.get(STAGES).json() == {"data": []}
    changed = run(own_platform, "cutover", "order", "--reads", "10", *overridden("comparison", "shadow"))
    assert [gate["name"] for gate in changed["gates"]] == GATES
    states = {gate["name"]: gate["state"] for gate in changed["gates"]}
    assert {name for name, state in states.items() if state == "overridden"} == {"comparison", "shadow"}
    row = own_platform.database.execute(
        "select subject, object_id, details from audit_log where action = 'kv_stage.cutover' order by id desc limit 1"
    ).fetchone()
    assert row == {
        "subject": "admin",
        "object_id": "order",
        "details": {"leads": "tables", "reads": 10, "overridden": ["comparison", "shadow"], "reason": "a test"},
    }
    run(own_platform, "rollback", "order")
    row = own_platform.database.execute("select action from audit_log order by id desc limit 1").fetchone()
    assert row == {"action": "kv_stage.rollback"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reads": 5},
        {"leads": "kv", "reads": 5},
        {"leads": "tables"},
        {"leads": "tables", "reads": 101},
        {"leads": "tables", "reads": 1.5},
        {"shadow": -1},
        {"shadow": 1, "overrides": ["canary"], "reason": "x"},
        {"leads": "tables", "reads": 1, "overrides": ["all"], "reason": "x"},
        {"leads": "both", "reads": 1},
        {"client_id": "x", "shadow": 1},
    ],
)
def test_an_invalid_change_of_a_cutover_stage_is_refused(own_platform: Platform, body: Json) -> None:
    assert own_platform.api("admin").put(f"{STAGES}/product", json=body).status_code == 422


def test_unknown_entities_and_clients_are_refused(own_platform: Platform) -> None:
    api = own_platform.api("admin")
    unknown = "0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d"
    assert api.put(f"{STAGES}/session", json={"leads": "kv"}).status_code in (404, 422)
    assert api.get(f"{STAGES}/product/gates", params={"client_id": unknown}).status_code == 404
    for body in ({"leads": "kv"}, {"shadow": 1}, {"leads": "tables", "reads": 1}):
        assert api.put(f"{STAGES}/product", json=body | {"client_id": unknown}).status_code == 404


@pytest.mark.parametrize("role", ["admin", "support", "owner"])
def test_only_super_admins_can_see_and_change_cutover_stages(own_platform: Platform, role: str) -> None:
    subject = role if role == "support" else own_platform.member(own_platform.client()["id"])
    if role == "admin":
        own_platform.database.execute(
            "insert into admin_users (user_id, email, role) values ('stage-admin', 's@example.test', 'admin')"
        )
        subject = "stage-admin"
    api = own_platform.api(subject)
    assert api.get(STAGES).status_code == 403
    assert api.get(f"{STAGES}/product/gates").status_code == 403
    for body in ({"leads": "kv"}, {"shadow": 1}, {"leads": "tables", "reads": 1}):
        assert api.put(f"{STAGES}/product", json=body).status_code == 403
    assert own_platform.database.execute("select from kv.stages").fetchall() == []


def test_the_status_shows_the_stages_and_the_gates_and_the_counters(own_platform: Platform) -> None:
    run(own_platform, "shadow", "site", "--percent", "5")
    status = run(own_platform, "status")
    [stage] = status["stages"]
    assert (stage["entity"], stage["leads"], stage["shadow"], stage["shadow_reads"]) == ("site", "kv", 5, 0)
    [gates] = status["gates"]
    states = {gate["name"]: gate["state"] for gate in gates["gates"]}
    assert states == dict.fromkeys(GATES, "passed") | {
        "comparison": "failed", "shadow": "failed", "transactions": "untried", "canary": "untried",
    }  # fmt: skip
    printed = command(own_platform, "status").stdout
    assert "gates of site, all clients:" in printed
    assert "wecelebrate kv compare" in printed


def test_the_mirror_cannot_be_switched_off_while_the_tables_lead(own_platform: Platform) -> None:
    run(own_platform, "cutover", "order", "--reads", "0", *overridden("comparison", "shadow"))
    result = command(own_platform, "mirror", "off")
    assert result.returncode == 5
    assert "wecelebrate kv rollback" in result.stderr
    assert run(own_platform, "mirror", "status")["enabled"] is True


def test_a_bad_document_is_refused_with_advice_while_the_tables_lead(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    bad = {"id": "bad", "name": "Mug", "price": "free", "catalogId": tenant.catalog_id}
    run(own_platform, "cutover", "product", "--reads", "0", *overridden("comparison", "shadow"))
    response = write(store, "gift:bad", bad)
    assert response.status_code == 400
    assert response.json() == {
        "code": "23514",
        "message": 'The document "gift:bad" is refused: price_unreadable',
        "details": "The tables lead for each product. Nothing was written. Field: price",
        "hint": "Write a price with at most the decimals of its currency into the document, e.g. 19.99.",
    }
    missing = write(store, "gift:bad", bad | {"price": 5, "catalogId": "nowhere"})
    assert (missing.status_code, missing.json()["code"]) == (409, "23503")
    assert store.get(PATH, params={"select": "value", "key": "eq.gift:bad"}).json() == []
    run(own_platform, "rollback", "product")
    assert write(store, "gift:bad", bad).status_code == 201
    store.delete(PATH, params={"key": "eq.gift:bad"})


def fill(platform: Platform, tenant: Tenant, count: int) -> None:
    """Insert gifts of a tenant, both as documents and as rows. The gifts count as mapped."""
    id = "kv.id_of('product', 'production', 'share-' || n)"
    ids = f"from generate_series(1, {count}) n"
    with platform.database.transaction():
        platform.database.execute("set local role app_mirror")
        platform.database.execute(
            f"insert into products (id, catalog_id, sku, name, price, currency, images, attributes, inventory_count,"
            f" inventory_policy, is_active) select {id}, %s, 'share-' || n, 'Row', 5, 'USD', '[]', '{{}}', 0,"
            f" 'untracked', true {ids}".encode(),
            [tenant.catalog_id],
        )
        platform.database.execute(
            f"insert into kv_store_6fcaeea3 select 'gift:share-' || n, jsonb_build_object('id', 'share-' || n, 'name',"
            f" 'Mug', 'sku', 'share-' || n, 'price', 5, 'currency', 'USD', 'catalogId', %s::text) {ids}".encode(),
            [tenant.catalog_id],
        )
        platform.database.execute(
            "insert into kv.ids (key, entity, environment, old_id, id, state, has_row, fingerprint,"
            " mapped_fingerprint)"
            " select d.key, 'product', 'production', d.value ->> 'id', kv.id_of('product', 'production',"
            " d.value ->> 'id'), 'mapped', true, kv.fingerprint(d.value), kv.fingerprint(d.value)"
            " from kv_store_6fcaeea3 d where d.key like 'gift:share-%%'"
        )


def answered(store: httpx.Client) -> set[str]:
    """Return the keys of the gifts that the facade reads from their rows. Only the rows have the name `Row`."""
    keys = set()
    for offset in range(0, RECORDS, 1000):
        parameters = {"key": "like.gift:share-%", "limit": "1000", "offset": str(offset)}
        rows = store.get(PATH, params=parameters).json()
        assert len(rows) == 1000
        keys |= {row["key"] for row in rows if row["value"]["name"] == "Row"}
    return keys


@pytest.mark.slow
def test_the_facade_reads_a_fixed_share_of_the_records_from_rows(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    fill(own_platform, tenant, RECORDS)
    try:
        for client in (own_platform.client()["id"], tenant.client_id):
            run(
                own_platform, "cutover", "product", "--client", client, "--reads", "25",
                *overridden("comparison", "shadow"),
            )  # fmt: skip
            quarter = answered(store)
            if client != tenant.client_id:
                assert quarter == set()
        assert 0.235 <= len(quarter) / RECORDS <= 0.265
        assert answered(store) == quarter
        run(own_platform, "cutover", "product", "--client", tenant.client_id, "--reads", "50",
            *overridden("comparison", "shadow"))  # fmt: skip
        half = answered(store)
        assert quarter < half
        assert 0.485 <= len(half) / RECORDS <= 0.515
        started = time.monotonic()
        run(own_platform, "rollback", "product")
        assert time.monotonic() - started < 5
        assert answered(store) == set()
    finally:
        with own_platform.database.transaction():
            own_platform.database.execute("delete from products where sku like 'share-%%'")


@pytest.mark.slow
def test_no_request_fails_and_no_write_is_lost_during_a_rollback(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    products = [own_platform.product(tenant, inventory_count=1000) for _ in range(8)]
    keys = [f"gift:{product['id']}" for product in products]
    failures: list[Any] = []
    written: dict[str, str] = {}
    stop = threading.Event()

    def old_application(seed: int) -> None:
        choose = random.Random(seed)
        with httpx.Client(
            base_url=store.base_url, headers=store.headers, verify=TLS, trust_env=False, timeout=60
        ) as client:
            for number in range(10_000):
                if stop.is_set():
                    return
                key = choose.choice(keys[seed::2])
                document = read(client, key)
                name = f"{seed}-{number}"
                response = write(client, key, document | {"name": name})
                if response.status_code != 201 or read(client, key)["name"] != name:
                    failures.append(response.text)
                written[key] = name

    def platform_writer() -> None:
        with psycopg.connect(own_platform.endpoints.database, autocommit=True) as connection:
            for number in range(10_000):
                if stop.is_set():
                    return
                product = products[number % len(products)]
                try:
                    connection.execute("update products set brand = %s where id = %s", [f"b{number}", product["id"]])
                except psycopg.Error as error:
                    failures.append(error)

    threads = [threading.Thread(target=old_application, args=[seed]) for seed in (0, 1)]
    threads.append(threading.Thread(target=platform_writer))
    for thread in threads:
        thread.start()
    try:
        for reads in (50, 100):
            run(own_platform, "cutover", "product", "--reads", str(reads), *overridden("comparison", "shadow"))
            time.sleep(1)
            started = time.monotonic()
            run(own_platform, "rollback", "product")
            assert time.monotonic() - started < 5
            time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(written) > 2
    for product, key in zip(products, keys, strict=True):
        row = own_platform.database.execute(
            "select name, brand from products where id = %s", [product["id"]]
        ).fetchone()
        document = read(store, key)
        assert row == {"name": document["name"], "brand": document["brand"]}
        assert document["name"] == written.get(key, document["name"])


def test_shadow_reads_ignore_a_document_that_is_being_written(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    product = own_platform.product(tenant)
    key = f"gift:{product['id']}"
    run(own_platform, "shadow", "product", "--percent", "100", "--client", tenant.client_id)
    with own_platform.database.transaction():
        own_platform.database.execute("set local role app_mirror")
        own_platform.database.execute("update products set name = 'Row' where id = %s", [product["id"]])
    with psycopg.connect(own_platform.endpoints.database) as writer:
        writer.execute("update kv_store_6fcaeea3 set value = value where key = %s", [key])
        # The row differs, because a transaction is writing the document.
        assert read(store, key)["name"] == product["name"]
        writer.rollback()
    [stage] = own_platform.api("admin").get(STAGES).json()["data"]
    assert (stage["shadow_reads"], stage["mismatches"]) == (1, 0)
    for _ in range(2):
        assert read(store, key)["name"] == product["name"]
    [stage] = own_platform.api("admin").get(STAGES).json()["data"]
    assert (stage["shadow_reads"], stage["mismatches"]) == (3, 2)
    rows = own_platform.database.execute("select field, confirmed from kv.differences").fetchall()
    assert rows == [{"field": "name", "confirmed": True}]
    run(own_platform, "shadow", "product", "--percent", "0", "--client", tenant.client_id)
    [stage] = own_platform.api("admin").get(STAGES).json()["data"]
    assert (stage["shadow_reads"], stage["mismatches"]) == (0, 0)


@contextmanager
def led(platform: Platform, entity: str = "order") -> Iterator[None]:
    """Make the tables lead for an entity until the end of the block."""
    run(platform, "cutover", entity, "--reads", "0", *overridden("comparison", "shadow"))
    yield
    run(platform, "rollback", entity)


def test_an_environment_cannot_be_removed_from_the_mirror_while_the_tables_lead(own_platform: Platform) -> None:
    both = ("--environment", "production", "--environment", "test", "--currency", "EUR")
    run(own_platform, "mirror", "on", *both)
    with led(own_platform):
        result = command(own_platform, "mirror", "on", "--currency", "EUR")
        assert result.returncode == 5
        assert "The tables lead for order" in result.stderr
        assert run(own_platform, "mirror", "status")["environments"] == ["production", "test"]
        run(own_platform, "mirror", "on", *both, "--environment", "demo")
    assert run(own_platform, "mirror", "on", "--currency", "EUR")["environments"] == ["production"]


def test_the_mirror_cannot_be_switched_off_during_a_concurrent_cutover(own_platform: Platform) -> None:
    with psycopg.connect(own_platform.endpoints.database) as cutover:
        cutover.execute("select pg_advisory_xact_lock(hashtextextended('kv stages', 0))")
        cutover.execute(
            "insert into kv.stages (entity, leads, changed_by) values ('product', 'tables', 'another admin')"
        )
        results: list[subprocess.CompletedProcess[str]] = []
        switch = threading.Thread(target=lambda: results.append(command(own_platform, "mirror", "off")))
        switch.start()
        waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%%switch_mirror%%'"
        while switch.is_alive() and not own_platform.database.execute(waiting.encode()).fetchall():
            time.sleep(0.02)
        cutover.commit()
        switch.join()
    assert (results[0].returncode, "The tables lead for product" in results[0].stderr) == (5, True)
    assert run(own_platform, "mirror", "status")["enabled"] is True


def test_a_rollback_of_all_clients_includes_a_concurrent_first_stage(own_platform: Platform, tenant: Tenant) -> None:
    run(own_platform, "cutover", "product", "--reads", "5", *overridden("comparison", "shadow"))
    with psycopg.connect(own_platform.endpoints.database) as shadow:
        shadow.execute("select pg_advisory_xact_lock(hashtextextended('kv stage changes', 0))")
        shadow.execute(
            "insert into kv.stages (entity, client_id, leads, reads, changed_by)"
            " values ('product', %s, 'tables', 5, 'x')",
            [tenant.client_id],
        )
        rollback = threading.Thread(target=lambda: run(own_platform, "rollback", "product"))
        rollback.start()
        time.sleep(1.5)
        assert rollback.is_alive()
        shadow.commit()
        rollback.join()
    stages = own_platform.api("admin").get(STAGES).json()["data"]
    assert {(stage["client_id"], stage["leads"]) for stage in stages} == {(None, "kv"), (tenant.client_id, "kv")}


def test_the_shadow_gate_fails_until_a_full_comparison_closes_all_mismatches(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    shadowed(own_platform, store, tenant)
    own_platform.database.execute(
        "insert into kv.differences (entity, client_id, key, kind, field)"
        " values ('product', %s, 'gift:x', 'field', 'name')",
        [tenant.client_id],
    )
    for client in (None, tenant.client_id):
        assert "Open mismatches: 1" in failed(own_platform, "product", client_id=client)["shadow"]
    command(own_platform, "compare", "--entity", "product", "--json")
    assert "shadow" not in failed(own_platform, "product", client_id=tenant.client_id)


def test_documents_without_a_known_client_fail_the_gates_of_all_clients(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    orphan = {"id": "orphan", "siteId": "nowhere", "giftId": "g", "quantity": 1, "createdAt": "2026-02-20T11:00:00Z"}
    assert write(store, "order:orphan", orphan).status_code == 201
    try:
        for client in (None, tenant.client_id):
            assert "1 documents" in failed(own_platform, "order", client_id=client)["quarantine"]
    finally:
        store.delete(PATH, params={"key": "eq.order:orphan"})
    assert "quarantine" not in failed(own_platform, "order", client_id=tenant.client_id)


TRIGGERS = [
    ("kv_store_6fcaeea3", "mirror_list_revision", "disable"),
    ("kv_store_6fcaeea3", "mirror_replicated", "disable"),
    ("kv.list_changes", "mirror_lists", "disable"),
]


@pytest.mark.parametrize(("table", "name", "verb"), TRIGGERS)
def test_the_gate_for_triggers_fails_if_any_trigger_is_disabled_or_missing(
    own_platform: Platform, table: str, name: str, verb: str
) -> None:
    row = own_platform.database.execute(
        "select pg_get_triggerdef(oid) as text from pg_trigger where tgname = %s and tgrelid = %s::regclass",
        [name, table],
    ).fetchone()
    assert row is not None
    enable = f"alter table {table} enable {'replica' if name == 'mirror_replicated' else 'always'} trigger {name}"
    with changed(own_platform, f"alter table {table} {verb} trigger {name}", enable):
        assert name in failed(own_platform, "client")["triggers"]
    with changed(own_platform, f"drop trigger {name} on {table}", f"{row['text']}; {enable}"):
        assert name in failed(own_platform, "client")["triggers"]
    assert "triggers" not in failed(own_platform, "client")


def test_the_gate_for_triggers_fails_if_a_trigger_condition_is_narrower(
    own_platform: Platform,
) -> None:
    row = own_platform.database.execute(
        "select pg_get_triggerdef(oid) as text from pg_trigger where tgname = 'mirror_list_revision'"
    ).fetchone()
    assert row is not None
    replace = row["text"].replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER")
    enable = "; alter table kv_store_6fcaeea3 enable always trigger mirror_list_revision"
    with changed(own_platform, replace.replace("|order_index:", "") + enable, replace + enable):
        assert "mirror_list_revision" in failed(own_platform, "client")["triggers"]
    assert "triggers" not in failed(own_platform, "client")


def test_the_gate_for_triggers_fails_until_a_deploy_restores_a_changed_function(
    own_platform: Platform,
) -> None:
    row = own_platform.database.execute("select pg_get_functiondef('kv.revision_of'::regproc) as text").fetchone()
    assert row is not None
    assert "RETURN CASE" in row["text"]
    own_platform.database.execute(row["text"].replace("{1,15}", "{1,14}").encode())
    assert "functions of the schema kv" in failed(own_platform, "client")["triggers"]
    applied = migrate(own_platform.endpoints.database)
    assert "functions/kv_mirror_revisions" in applied
    assert "triggers" not in failed(own_platform, "client")
    enabled = "select from pg_trigger where tgname like 'mirror%%' and tgenabled = 'D'"
    assert own_platform.database.execute(enabled.encode()).fetchall() == []


def test_a_cutover_is_refused_if_checking_its_gates_blocks_writes_for_too_long(
    own_platform: Platform, store: httpx.Client, tenant: Tenant
) -> None:
    shadowed(own_platform, store, tenant)
    compared(own_platform, "product")
    slow = (
        "create or replace function kv.shadow_counts(entity text, client_id uuid) returns jsonb language plpgsql as $$"
        " begin if exists (select from pg_locks l where l.locktype = 'advisory' and l.pid = pg_backend_pid()"
        " and l.mode = 'ExclusiveLock') then perform pg_sleep(5); end if;"
        ' return \'{"shadow_reads": 1000, "mismatches": 0}\'; end $$'
    )
    before = own_platform.database.execute("select pg_get_functiondef('kv.shadow_counts'::regproc) as text").fetchone()
    assert before is not None
    with changed(own_platform, slow, before["text"]):
        started = time.monotonic()
        response = own_platform.api("admin").put(
            f"{STAGES}/product",
            json={"leads": "tables", "reads": 0, "overrides": ["triggers"], "reason": "a test"},
        )
    assert response.status_code == 409
    assert "too long while writes wait" in response.json()["detail"]
    assert time.monotonic() - started < 4.5
    assert not [s for s in own_platform.api("admin").get(STAGES).json()["data"] if s["leads"] == "tables"]
