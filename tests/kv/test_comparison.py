"""Tests the command that compares documents with rows. The module uses its own local cloud."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from psycopg.types.json import Jsonb

from tests.faults.environment import FULL
from tests.kv.commands import command, run
from tests.kv.comparing import OWN, compare, damaged, fill, found, id_of, unnoticed, value
from tests.kv.store.truth import Truth
from tests.kv.test_mirror_writers import OldApplication
from tests.platform import Platform


@pytest.fixture(scope="module")
def truths(own_platform: Platform) -> list[Truth]:
    """The expected results for a damaged store whose documents were mapped to rows."""
    return fill(own_platform)


@pytest.mark.timeout(900)
def test_a_comparison_of_a_migrated_damaged_store_finds_no_difference(
    own_platform: Platform, truths: list[Truth]
) -> None:
    by_entity = compare(own_platform)
    assert found(own_platform) == set()
    del by_entity["repairs"], by_entity["newer"]
    quarantined = sum(truth.resolution == "quarantine" for truth in truths)
    aliases = sum(truth.resolution == "alias" for truth in truths)
    rows = sum(truth.resolution == "row" for truth in truths)
    assert sum(each["counts"].get("quarantined", 0) for each in by_entity.values()) == quarantined
    assert sum(each["counts"].get("aliases", 0) for each in by_entity.values()) == aliases
    equal = sum(each["counts"].get("equal", 0) + each["counts"].get("kept", 0) for each in by_entity.values())
    assert equal == rows + 11
    assert {each["status"] for each in by_entity.values()} == {"complete"}


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("truths")
def test_a_second_comparison_of_an_unchanged_store_recomputes_nothing(
    own_platform: Platform,
) -> None:
    first = compare(own_platform, code=0)
    buckets = "select coalesce(sum(hashtextextended(b::text, 0)), 0) from kv.buckets b where hash is not null"
    before = value(own_platform, buckets)
    second = compare(own_platform, "--full", code=0)
    assert before != 0
    assert value(own_platform, buckets) == before
    for entity in ("client", "catalog", "site", "product", "order"):
        assert second[entity]["counts"] == first[entity]["counts"]
        assert second[entity]["compared"] == first[entity]["compared"]


@pytest.mark.usefixtures("truths")
def test_a_comparison_continues_after_a_range_of_keys_whose_documents_were_deleted(own_platform: Platform) -> None:
    first = compare(own_platform, "--entity", "product", code=0)["product"]
    own_platform.database.execute("delete from kv.buckets where entity = 'product'")
    own_platform.database.execute(
        "insert into kv.buckets values ('product', 'a', 'b', 1, 1), ('product', 'gift', 'gift!', 1, 1)"
    )
    own_platform.database.execute("insert into kv.buckets values ('product', 'gift:', 'gift:!', 1, 1)")
    assert compare(own_platform, "--entity", "product", code=0)["product"]["counts"] == first["counts"]


COLUMNS = [
    ("client", "client:own", "name", "Someone else"),
    ("client", "client:own", "contact_email", "x@example.test"),
    ("client", "client:own", "tier", "enterprise"),
    ("client", "client:own", "is_active", False),
    ("catalog", "catalogs:own", "type", "erp"),
    ("catalog", "catalogs:own", "currency", "USD"),
    ("site", "site:s-a", "name", "Stop"),
    ("site", "site:s-a", "domain", "other.example.test"),
    ("site", "site:s-a", "status", "active"),
    ("site", "site:s-a", "branding", Jsonb({"color": "blue"})),
    ("site", "site:s-a", "catalog_id", None),
    ("product", "gift:g-a", "price", 20),
    ("product", "gift:g-a", "name", "Cup"),
    ("product", "gift:g-a", "sku", "other"),
    ("product", "gift:g-a", "inventory_count", 8),
    ("product", "gift:g-a", "is_active", False),
    ("product", "gift:g-a", "currency", "USD"),
    ("product", f"gift:{OWN}", "images", Jsonb([])),
    ("product", f"gift:{OWN}", "attributes", Jsonb({"a": [2], "b": 1})),
    ("order", "order:o-a", "total_amount", 11),
    ("order", "order:o-a", "status", "processing"),
    ("order", "order:o-a", "customer_email", "x@example.test"),
    ("order", "order:o-a", "shipping_address", Jsonb({"zip": "2", "city": "A"})),
    ("order", "order:o-a", "created_at", "2026-02-21T00:00:00Z"),
    ("order", "order:o-b", "order_number", "other"),
]


@pytest.mark.usefixtures("truths")
def test_a_comparison_finds_exactly_the_columns_changed_without_triggers(own_platform: Platform) -> None:
    compare(own_platform, code=0)
    with damaged(own_platform, COLUMNS):
        compare(own_platform, code=1)
        assert found(own_platform) == {(entity, key, "field", column) for entity, key, column, _ in COLUMNS}
    compare(own_platform, code=0)
    assert found(own_platform) == set()


@pytest.mark.usefixtures("truths")
def test_a_comparison_for_one_client_does_not_read_the_data_of_another_client(own_platform: Platform) -> None:
    own, other = id_of(own_platform, "client:own"), id_of(own_platform, "client:other")
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update products set name = 'Cup' where id = %s", [id_of(own_platform, "gift:g-b")]
        )
    arguments = ("--entity", "product", "--client")
    assert compare(own_platform, *arguments, str(own), code=0)["product"]["counts"]["equal"] >= 2
    assert compare(own_platform, *arguments, str(other), code=1)["product"]["compared"] == 2
    client = "select client_id from kv.differences where repaired_at is null"
    assert value(own_platform, client) == other
    compare(own_platform, *arguments, str(other), "--repair", "from=kv", code=0)
    result = command(own_platform, "compare", "--client", "0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d")
    assert result.returncode not in (0, 1)


def test_a_comparison_of_a_sample_compares_only_some_documents(own_platform: Platform, truths: list[Truth]) -> None:
    comparison = compare(own_platform, "--entity", "order", "--sample", "100", code=0)["order"]
    assert comparison["scope"] == "sample"
    documents = sum(truth.entity == "order" for truth in truths)
    assert 40 < comparison["compared"] - comparison["counts"]["rows"] < min(200, documents)


@pytest.mark.timeout(600)
def test_a_killed_comparison_continues_after_a_restart(own_platform: Platform, truths: list[Truth]) -> None:
    database = own_platform.database
    database.execute("delete from kv.buckets")
    token = own_platform.admin.headers["authorization"].removeprefix("Bearer ")
    api = own_platform.admin
    started = api.post("/v1/admin/kv/comparisons", json={"entity": "order"}).json()
    database.execute("set lock_timeout = '20s'")
    killed = subprocess.Popen(
        [sys.executable, "-m", "infra.command", "kv", "compare", "--entity", "order"],
        env={**os.environ, "WECELEBRATE_API": own_platform.endpoints.api, "WECELEBRATE_TOKEN": token},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not value(own_platform, "select compared from kv.comparisons where id = %s", started["id"]):
        assert time.monotonic() < deadline and killed.poll() is None, "the comparison made no progress"
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(timeout=10)
    resumed = compare(own_platform, "--entity", "order", code=0)["order"]
    whole = compare(own_platform, "--entity", "order", code=0)["order"]
    assert resumed["counts"] == whole["counts"]
    assert resumed["compared"] == whole["compared"]


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("truths")
def test_a_comparison_finds_no_difference_while_old_and_new_applications_write(
    own_platform: Platform,
) -> None:
    run(own_platform, "mirror", "on")
    stop = threading.Event()
    failures: list[str] = []

    def sell() -> None:
        with OldApplication(own_platform) as application:
            for number in range(10_000):
                if stop.is_set():
                    return
                document = application.client.get(
                    "/rest/v1/kv_store_6fcaeea3", params={"select": "value", "key": "eq.gift:g-a"}
                ).json()[0]["value"]
                changed = {**document, "stock": number % 50, "name": f"Mug {number}", "price": f"{number % 9 + 1},50 €"}
                if application.write({"gift:g-a": changed}) >= 300:
                    failures.append("the old application")

    def rename() -> None:
        path = f"/v1/products/{OWN}"
        for number in range(10_000):
            if stop.is_set():
                return
            response = own_platform.admin.patch(path, json={"name": f"Cup {number}", "price": f"{number % 7 + 1}.25"})
            if not response.is_success:
                failures.append(response.text)

    threads = [threading.Thread(target=sell), threading.Thread(target=rename)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6 if FULL else 3):
            compare(own_platform, "--entity", "product", code=0)
            assert found(own_platform) == set()
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=30)
        run(own_platform, "mirror", "off")
    assert failures == []


@pytest.mark.usefixtures("truths")
def test_the_status_and_the_audit_log_contain_the_last_comparisons(own_platform: Platform) -> None:
    compare(own_platform, code=0)
    state = run(own_platform, "status")
    assert [each["entity"] for each in state["comparisons"]] == ["catalog", "client", "order", "product", "site"]
    assert all(each["found"] == [] for each in state["comparisons"])
    printed = command(own_platform, "status").stdout
    assert "differences" in printed
    actions = own_platform.database.execute(
        "select distinct action from audit_log where action like 'kv_comparison%%' order by 1"
    ).fetchall()
    assert [row["action"] for row in actions] == ["kv_comparison.repair", "kv_comparison.start"]


@pytest.mark.parametrize("role", ["admin", "support", "owner"])
def test_only_super_admins_can_start_a_comparison(own_platform: Platform, role: str) -> None:
    subject = "support" if role == "support" else own_platform.member(own_platform.client()["id"])
    if role == "admin":
        own_platform.database.execute(
            "insert into admin_users (user_id, email, role) values ('no-super', 'y@example.test', 'admin')"
        )
        subject = "no-super"
    api = own_platform.api(subject)
    path = "/v1/admin/kv/comparisons"
    assert api.post(path, json={"entity": "site"}).status_code == 403
    missing = "0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d"
    assert api.post(f"{path}/{missing}/pages").status_code == 403
    assert api.post(f"{path}/{missing}/repairs", json={"source": "kv"}).status_code == 403
    assert own_platform.admin.post(f"{path}/{missing}/pages").status_code == 404
    assert own_platform.admin.post(f"{path}/{missing}/repairs", json={"source": "kv"}).status_code == 404
