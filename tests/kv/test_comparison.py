"""The comparison of documents with rows, and the repair, with the command. The module has a cloud of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.faults.environment import FULL
from tests.kv.moving import gift, order
from tests.kv.store import SECRET, Sizes, generate
from tests.kv.store.truth import Truth
from tests.kv.store.writing import copy_to
from tests.kv.test_mirror_writers import OldApplication, command, run
from tests.platform import Platform

SIZES = (
    Sizes(clients=300, sites=600, gifts=30_000, orders=100_000, damage=0.002)
    if FULL
    else Sizes(clients=20, sites=30, gifts=400, orders=600, damage=0.003)
)
OWN = "2f0c5c0e-5c1d-4a53-8a4f-3d3f6d1f2a10"
"""An id that is a UUID, so the row has it, too."""
Found = set[tuple[str, str | None, str, str | None]]
"""Differences: the entity, the key, the kind and the field."""


@pytest.fixture(scope="module")
def truths(own_platform: Platform) -> list[Truth]:
    """The truth about the documents of a damaged store whose documents have become rows."""
    documents = {
        "client:own": {"id": "own", "name": "Own client", "tier": "standard"},
        "client:other": {"id": "other", "name": "Other client"},
        "catalogs:own": {"id": "own", "name": "Range", "type": "manual", "ownerId": "own", "currency": "EUR"},
        "catalogs:other": {"id": "other", "name": "Range", "type": "manual", "ownerId": "other"},
        "site:s-a": {"id": "s-a", "name": "Shop", "clientId": "own", "catalogId": "own", "branding": {"color": "red"}},
        "site:s-b": {"id": "s-b", "name": "Shop", "client_id": "other", "catalog_id": "other"},
        "gift:g-a": gift("g-a", catalogId="own", price="19,90 €", createdAt="February 20, 2026", stock=7),
        f"gift:{OWN}": gift(OWN, catalogId="own", image="https://a.example/1.png", attributes={"b": 1, "a": [1.0]}),
        "gift:g-b": {"id": "g-b", "title": "Pen", "price": 5, "currency": "EUR", "catalog_id": "other", "in_stock": 1},
        "order:o-a": order("o-a", shippingAddress={"zip": "1", "city": "A"}, createdAt="20 February 2026"),
        "order:o-b": {
            "id": "o-b", "order_number": "#b", "site_id": "s-b", "gift_id": "g-b", "quantity": "2",
            "status": "confirmed", "total": "10.00", "currency": "EUR", "user_email": "b@c.example",
            "created_at": "2026-02-20T12:00:00+01:00",
        },
    }  # fmt: skip
    with own_platform.database.transaction():
        truths = copy_to(own_platform.database, generate(SIZES))
        own_platform.database.cursor().executemany(
            "insert into kv_store_6fcaeea3 values (%s, %s)", [(key, Jsonb(value)) for key, value in documents.items()]
        )
    run(own_platform, "backfill")
    return truths


def compare(platform: Platform, *arguments: str, code: int | None = None) -> dict[str, Any]:
    """Run `wecelebrate kv compare --json`, and return the comparisons by entity. Prints no secret."""
    result = command(platform, "compare", "--json", *arguments)
    assert SECRET not in result.stdout + result.stderr
    assert result.returncode in (0, 1), result.stderr
    printed = json.loads(result.stdout)
    by_entity = {comparison["entity"]: comparison for comparison in printed["comparisons"]}
    has_differences = any(comparison["found"] for comparison in by_entity.values())
    assert result.returncode == (1 if has_differences else 0)
    assert code in (None, result.returncode), [each["found"] for each in printed["comparisons"]]
    return by_entity | {"repairs": printed.get("repairs")}


def found(platform: Platform) -> Found:
    """Return the differences that are open."""
    rows = platform.database.execute(
        "select entity, key, kind, field, confirmed from kv.differences where repaired_at is null"
    ).fetchall()
    assert all(row["confirmed"] for row in rows)
    return {(row["entity"], row["key"], row["kind"], row["field"]) for row in rows}


@contextmanager
def unnoticed(platform: Platform) -> Iterator[Platform]:
    """Write without triggers and foreign keys, as damage does."""
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        yield platform


def value(platform: Platform, query: str, *arguments: Any) -> Any:
    """Return the only value of a query."""
    [row] = platform.database.execute(query.encode(), arguments).fetchall()
    return next(iter(row.values()))


def id_of(platform: Platform, key: str) -> Any:
    """Return the id of the row that a document leads to."""
    return value(platform, "select id from kv.ids where key = %s", key)


@pytest.mark.timeout(900)
def test_a_damaged_store_that_was_copied_has_no_difference(own_platform: Platform, truths: list[Truth]) -> None:
    by_entity = compare(own_platform)
    assert found(own_platform) == set()
    del by_entity["repairs"]
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
def test_an_unchanged_store_is_not_compared_again_and_has_the_same_numbers(own_platform: Platform) -> None:
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
def test_a_range_whose_documents_have_disappeared_does_not_end_a_comparison(own_platform: Platform) -> None:
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
TABLES = {"client": "clients", "catalog": "catalogs", "site": "sites", "product": "products", "order": "orders"}


@contextmanager
def damaged(platform: Platform, damages: list[tuple[str, str, str, Any]]) -> Iterator[None]:
    """Change columns of rows without triggers. At the end, the rows are as before."""
    before = [
        (
            entity,
            key,
            column,
            value(platform, f"select {column} from {TABLES[entity]} where id = %s", id_of(platform, key)),
        )
        for entity, key, column, _ in damages
    ]
    try:
        _write(platform, damages)
        yield
    finally:
        _write(platform, before)


def _write(platform: Platform, columns: list[tuple[str, str, str, Any]]) -> None:
    with unnoticed(platform):
        for entity, key, column, new in columns:
            stored = Jsonb(new) if isinstance(new, dict | list) else new
            update = f"update {TABLES[entity]} set {column} = %s where id = %s"
            platform.database.execute(update.encode(), [stored, id_of(platform, key)])


@pytest.mark.usefixtures("truths")
def test_columns_that_were_changed_without_triggers_are_noticed_exactly(own_platform: Platform) -> None:
    compare(own_platform, code=0)
    with damaged(own_platform, COLUMNS):
        compare(own_platform, code=1)
        assert found(own_platform) == {(entity, key, "field", column) for entity, key, column, _ in COLUMNS}
    compare(own_platform, code=0)
    assert found(own_platform) == set()


REPAIRED = [
    ("client", "client:own", "contact_email", "x@example.test"),
    ("site", "site:s-a", "branding", Jsonb({"color": "blue"})),
    ("product", "gift:g-a", "price", 20),
    ("product", "gift:g-a", "inventory_count", 8),
    ("order", "order:o-a", "customer_email", "x@example.test"),
]


def _values(platform: Platform, damages: list[tuple[str, str, str, Any]]) -> list[Any]:
    return [
        value(platform, f"select {column}::text from {TABLES[entity]} where id = %s", id_of(platform, key))
        for entity, key, column, _ in damages
    ]


def _documents(platform: Platform) -> dict[str, Any]:
    rows = platform.database.execute(
        "select key, value - '_rev' as value from kv_store_6fcaeea3 where jsonb_typeof(value) = 'object'"
    ).fetchall()
    return {row["key"]: {name: field for name, field in row["value"].items() if field is not None} for row in rows}


@pytest.mark.usefixtures("truths")
@pytest.mark.parametrize("source", ["kv", "tables"])
def test_changed_columns_are_repaired_from_both_sides_and_a_second_repair_changes_nothing(
    own_platform: Platform, source: str
) -> None:
    rows, documents = _values(own_platform, REPAIRED), _documents(own_platform)
    with damaged(own_platform, REPAIRED):
        changed = _values(own_platform, REPAIRED)
        repairs = compare(own_platform, "--repair", f"from={source}", code=0)["repairs"]
        assert repairs == {"repaired": 4, "unchanged": 0, "quarantined": 0}
        after = _documents(own_platform)
        assert _values(own_platform, REPAIRED) == (rows if source == "kv" else changed)
        written = {key for key in documents if after[key] != documents[key]}
        assert written == ({key for _, key, _, _ in REPAIRED} if source == "tables" else set())
        repairs = compare(own_platform, "--repair", f"from={source}", code=0)["repairs"]
        assert repairs == {"repaired": 0, "unchanged": 0, "quarantined": 0}
        assert _documents(own_platform) == after
        assert _values(own_platform, REPAIRED) == (rows if source == "kv" else changed)
    if source == "tables":  # the rows are as before, and the documents have the damage
        assert after["gift:g-a"]["price"] == "20,00 €"
        compare(own_platform, "--repair", "from=tables", code=0)
        repaired = _documents(own_platform)
        assert repaired["order:o-a"].pop("customerName") == "a@b.example"  # the name was the address before
        assert repaired == documents


@pytest.mark.usefixtures("truths")
def test_rows_that_were_deleted_without_triggers_are_noticed_and_written_again(own_platform: Platform) -> None:
    deleted = {"product": "gift:g-a", "order": "order:o-a", "site": "site:s-b", "client": "client:other"}
    with unnoticed(own_platform):
        for entity, key in deleted.items():
            id = id_of(own_platform, key)
            own_platform.database.execute(f"delete from {TABLES[entity]} where id = %s".encode(), [id])
            own_platform.database.execute("delete from order_lines where order_id = %s", [id])
    compare(own_platform, code=1)
    assert found(own_platform) == {(entity, key, "row_missing", None) for entity, key in deleted.items()}
    repairs = compare(own_platform, "--repair", "from=kv", code=0)["repairs"]
    assert repairs == {"repaired": 4, "unchanged": 0, "quarantined": 0}
    for entity, key in deleted.items():
        query = f"select count(*) from {TABLES[entity]} where id = %s"
        assert value(own_platform, query, id_of(own_platform, key)) == 1, key
    lines = "select count(*) from order_lines where order_id = %s"
    assert value(own_platform, lines, id_of(own_platform, "order:o-a")) == 1
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_documents_that_were_deleted_without_triggers_are_noticed_and_written_again(own_platform: Platform) -> None:
    deleted = {
        "product": "gift:g-a", "order": "order:o-a", "site": "site:s-a", "client": "client:own",
        "catalog": "catalogs:own",
    }  # fmt: skip
    documents = _documents(own_platform)
    with unnoticed(own_platform):
        for key in deleted.values():
            own_platform.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])
    compare(own_platform, code=1)
    missing = {(entity, key, "document_missing", None) for entity, key in deleted.items()}
    assert found(own_platform) == missing
    repairs = compare(own_platform, "--repair", "from=kv", code=1)["repairs"]
    assert repairs == {"repaired": 0, "unchanged": 5, "quarantined": 0}
    assert found(own_platform) == missing
    repairs = compare(own_platform, "--repair", "from=tables", code=0)["repairs"]
    assert repairs == {"repaired": 5, "unchanged": 0, "quarantined": 0}
    after = _documents(own_platform)
    assert after.keys() == documents.keys()
    for key in deleted.values():
        assert after[key]["id"] == documents[key]["id"]
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_a_document_that_disappeared_from_a_list_is_noticed_and_written_under_a_key_of_its_own(
    own_platform: Platform,
) -> None:
    [row] = own_platform.database.execute(
        "select i.key, i.list, i.old_id from kv.ids i where i.entity = 'product' and i.list is not null and i.has_row"
        " and i.state = 'mapped' and not i.alias order by i.key limit 1"
    ).fetchall()
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update kv_store_6fcaeea3 s set value = (select jsonb_agg(e) from jsonb_array_elements(s.value) e"
            " where e ->> 'id' is distinct from %s) where key = %s",
            [row["old_id"], row["list"]],
        )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", row["key"], "document_missing", None)}
    repairs = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)["repairs"]
    assert repairs == {"repaired": 1, "unchanged": 0, "quarantined": 0}
    stored = "select value ->> 'id' from kv_store_6fcaeea3 where key = %s"
    assert value(own_platform, stored, f"gift:{row['old_id']}") == row["old_id"]
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_a_document_under_a_wrong_key_is_noticed_and_written_again_from_its_row(own_platform: Platform) -> None:
    own = f"gift:{OWN}"
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update kv_store_6fcaeea3 set value = (select value from kv_store_6fcaeea3 where key = 'gift:g-a')"
            " where key = %s",
            [own],
        )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", own, "field", "id")}
    result = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)
    assert result["repairs"] == {"repaired": 1, "unchanged": 0, "quarantined": 0}
    assert value(own_platform, "select value ->> 'id' from kv_store_6fcaeea3 where key = %s", own) == OWN
    assert found(own_platform) == set()


@pytest.mark.usefixtures("truths")
def test_a_document_that_no_run_has_seen_is_noticed_and_becomes_a_row(own_platform: Platform) -> None:
    document = Jsonb(gift("g-new", catalogId="own"))
    own_platform.database.execute("insert into kv_store_6fcaeea3 values ('gift:g-new', %s)", [document])
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", "gift:g-new", "row_missing", None)}
    nothing = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=1)
    assert nothing["repairs"] == {"repaired": 0, "unchanged": 1, "quarantined": 0}
    compare(own_platform, "--entity", "product", "--repair", "from=kv", code=0)
    assert value(own_platform, "select count(*) from products where id = %s", id_of(own_platform, "gift:g-new")) == 1


@pytest.mark.usefixtures("truths")
def test_a_new_row_of_an_old_client_has_no_document_until_it_is_repaired(own_platform: Platform) -> None:
    id = value(
        own_platform,
        "insert into products (catalog_id, sku, name, price, currency) values (%s, 'N1', 'Pen', 2.5, 'EUR')"
        " returning id",
        id_of(own_platform, "catalogs:own"),
    )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", None, "document_missing", None)}
    compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)
    assert value(own_platform, "select value ->> 'name' from kv_store_6fcaeea3 where key = %s", f"gift:{id}") == "Pen"


@pytest.mark.usefixtures("truths")
def test_a_comparison_of_one_client_does_not_see_the_data_of_another(own_platform: Platform) -> None:
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


def test_a_sample_compares_some_documents(own_platform: Platform, truths: list[Truth]) -> None:
    comparison = compare(own_platform, "--entity", "order", "--sample", "100", code=0)["order"]
    assert comparison["scope"] == "sample"
    documents = sum(truth.entity == "order" for truth in truths)
    assert 40 < comparison["compared"] - comparison["counts"]["rows"] < min(200, documents)


@pytest.mark.timeout(600)
def test_a_comparison_that_was_killed_continues(own_platform: Platform, truths: list[Truth]) -> None:
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
def test_writers_of_both_worlds_are_no_difference_while_the_mirror_is_on(own_platform: Platform) -> None:
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
def test_the_status_shows_the_last_comparisons_and_the_audit_log_names_them(own_platform: Platform) -> None:
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
def test_only_super_admins_compare(own_platform: Platform, role: str) -> None:
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
