"""Tests statements that change many products. The mirror writes the documents later, but old applications always read
current values.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from infra.local.credentials import Credentials
from tests.kv.commands import command
from tests.kv.conftest import MERGE, PATH
from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift
from tests.platform import TLS, Json, Platform, Tenant

MANY = 250
"""A number of rows that is too large for one statement to mirror immediately."""
INSERT = (
    "insert into products (catalog_id, sku, name, price, currency, inventory_count, inventory_policy)"
    " select c.id, 'bulk-' || n, 'Bulk ' || n, 5, 'EUR', 100, 'tracked' from catalogs c, generate_series(1, %s) n"
    " where c.id = %s"
)


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    with mirrored(own_platform) as mirror:
        yield mirror


def insert(mirror: Mirror, count: int = MANY) -> None:
    """Insert products into the catalog of the client `a`, in one statement."""
    mirror.database.execute(INSERT, [count, mirror.id("catalogs:c-a")])
    mirror.end()


def update(mirror: Mirror, assignments: str) -> None:
    """Update all products of the client `a`, in one statement."""
    mirror.database.execute(f"update products set {assignments} where catalog_id = %s".encode(),
                            [mirror.id("catalogs:c-a")])  # fmt: skip
    mirror.end()


def documents(mirror: Mirror) -> dict[str, Any]:
    """Return the documents of the products that were inserted in bulk, by SKU."""
    rows = mirror.rows("select value from kv_store_6fcaeea3 where value ->> 'sku' like 'bulk-%%'")
    return {row["value"]["sku"]: row["value"] for row in rows}


def test_documents_of_many_new_products_are_written_later(mirror: Mirror) -> None:
    insert(mirror)
    assert documents(mirror) == {}
    assert mirror.fold() == MANY
    written = documents(mirror)
    assert len(written) == MANY
    assert (written["bulk-7"]["name"], written["bulk-7"]["price"], written["bulk-7"]["availableQuantity"]) == (
        "Bulk 7", 5, 100,
    )  # fmt: skip
    assert (written["bulk-7"]["catalogId"], written["bulk-7"]["_rev"]) == ("c-a", 1)
    assert mirror.value("select count(*) from kv.dirty") == 0
    assert mirror.value("select count(*) from kv.ids where fingerprint is distinct from mapped_fingerprint") == 0
    assert mirror.conflicts() == set()
    assert mirror.fold() == 0


def test_documents_of_few_products_are_written_immediately(mirror: Mirror) -> None:
    insert(mirror, 199)
    assert len(documents(mirror)) == 199
    assert mirror.value("select count(*) from kv.dirty") == 0


def test_a_bulk_update_writes_only_the_changed_fields_of_a_document(
    mirror: Mirror,
) -> None:
    for number in range(3):
        fields = {"price": "19,99 €", "catalogId": "c-a", "availableQuantity": 4, "colour": "red"}
        mirror.put(f"gift:text-{number}", gift(f"text-{number}", **fields))
    insert(mirror)
    mirror.fold()
    before = mirror.document("gift:text-1")
    update(mirror, "name = name || ' new', inventory_count = 3")
    assert mirror.document("gift:text-1") == before
    mirror.fold()
    assert mirror.document("gift:text-1") == before | {"name": "Mug new", "availableQuantity": 3}
    assert mirror.document("gift:text-1")["price"] == "19,99 €"
    assert {document["_rev"] for document in documents(mirror).values()} == {2}
    assert mirror.conflicts() == set()


def test_a_bulk_update_keeps_the_revisions_of_unchanged_products(mirror: Mirror) -> None:
    insert(mirror)
    mirror.fold()
    update(mirror, "price = case sku when 'bulk-7' then 6 else price end")
    mirror.fold()
    revisions = {sku: document["_rev"] for sku, document in documents(mirror).items()}
    assert revisions.pop("bulk-7") == 2
    assert set(revisions.values()) == {1}


def test_a_bulk_delete_of_products_deletes_their_documents(mirror: Mirror) -> None:
    insert(mirror)
    mirror.fold()
    mirror.database.execute("delete from products where sku like 'bulk-%%'")
    mirror.end()
    assert len(documents(mirror)) == MANY
    assert mirror.fold() == MANY
    assert documents(mirror) == {}
    assert mirror.value("select count(*) from kv.ids where state = 'deleted'") == MANY


def test_a_bulk_write_of_products_without_documents_is_not_mirrored(mirror: Mirror, own_platform: Platform) -> None:
    catalog = own_platform.database.execute(
        "insert into catalogs (owner_client_id, name, type, status) select id, 'Hidden', 'erp', 'active'"
        " from clients order by created_at limit 1 returning id"
    ).fetchone()
    assert catalog is not None
    mirror.database.execute("delete from kv.ids where id = %s", [catalog["id"]])
    mirror.database.execute(INSERT, [MANY, catalog["id"]])
    assert mirror.value("select count(*) from kv.dirty") == 0


def test_a_document_in_a_list_gets_the_values_of_a_bulk_update(mirror: Mirror) -> None:
    mirror.put("gifts:all", [gift("listed", catalogId="c-a")])
    insert(mirror)
    mirror.fold()
    update(mirror, "price = 8")
    mirror.fold()
    assert mirror.items("gifts:all")["listed"]["price"] == 8


def test_a_bulk_write_does_not_overwrite_an_unmapped_document(mirror: Mirror) -> None:
    insert(mirror)
    mirror.fold()
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", price="free"))
    assert mirror.reason("gift:g-a") == "price_unreadable"
    update(mirror, "price = 8")
    mirror.fold()
    assert mirror.document("gift:g-a")["price"] == "free"
    assert ("gift:g-a", "row_not_mirrored", "") in mirror.conflicts()


def test_a_bulk_write_does_not_overwrite_a_document_written_while_the_mirror_was_off(mirror: Mirror) -> None:
    insert(mirror)
    mirror.fold()
    edited = mirror.document("gift:g-a") | {"name": "Renamed", "price": 6}
    with mirror.unnoticed():
        mirror.database.execute("update kv_store_6fcaeea3 set value = %s where key = 'gift:g-a'", [Jsonb(edited)])
    update(mirror, "description = 'New'")
    mirror.fold()
    assert mirror.document("gift:g-a") == edited
    assert ("gift:g-a", "row_not_mirrored", "") in mirror.conflicts()


def test_a_row_change_does_not_overwrite_a_document_written_while_the_mirror_was_off(
    mirror: Mirror,
) -> None:
    edited = mirror.document("gift:g-a") | {"name": "Renamed"}
    with mirror.unnoticed():
        mirror.database.execute("update kv_store_6fcaeea3 set value = %s where key = 'gift:g-a'", [Jsonb(edited)])
    mirror.update("products", "gift:g-a", price=9)
    assert mirror.document("gift:g-a") == edited
    assert ("gift:g-a", "row_not_mirrored", "") in mirror.conflicts()


def test_the_second_document_of_a_product_keeps_its_different_fields(mirror: Mirror) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Cup"))
    insert(mirror)
    mirror.fold()
    names = {key: mirror.document(key)["name"] for key in ("gift:g-a", "gifts:g-a")}
    assert len(set(names.values())) == 2
    update(mirror, "price = 8")
    mirror.fold()
    assert {key: mirror.document(key)["name"] for key in names} == names
    assert {mirror.document(key)["price"] for key in names} == {8}


def test_a_repair_from_outdated_documents_changes_no_row(mirror: Mirror) -> None:
    insert(mirror)
    mirror.fold()
    update(mirror, "price = 7, inventory_count = 40")
    row = mirror.rows("select id, price, inventory_count from products where sku = 'bulk-1'")[0]
    key = mirror.value("select key from kv.ids where id = %s", row["id"])
    mirror.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
    mirror.database.execute("select kv.repair_row('product', %s, %s)", [key, row["id"]])
    mirror.database.execute("reset role; reset search_path")
    mirror.end()
    assert mirror.rows("select id, price, inventory_count from products where sku = 'bulk-1'") == [row]
    assert mirror.fold() == MANY + 1  # including the gift of the client
    assert documents(mirror)["bulk-1"]["price"] == 7


def test_several_bulk_updates_of_a_product_change_its_document_once(mirror: Mirror) -> None:
    insert(mirror)
    update(mirror, "price = 6")
    update(mirror, "price = 7")
    assert mirror.fold() == MANY + 1  # including the gift of the client
    assert {document["price"] for document in documents(mirror).values()} == {7}


@pytest.fixture
def tenant(own_platform: Platform) -> Iterator[Tenant]:
    """A tenant that was created while the mirror was on, so its documents exist in the store."""
    result = command(own_platform, "mirror", "on", "--currency", "EUR")
    assert result.returncode == 0, result.stderr
    yield own_platform.tenant()
    own_platform.eventually(lambda: command(own_platform, "mirror", "off").returncode == 0, within=60)


@pytest.fixture
def store(own_platform: Platform) -> Iterator[httpx.Client]:
    """An HTTP client that accesses the store as an old application does."""
    headers = {"apikey": Credentials.of(own_platform.state).kv_key, "Content-Type": "application/json"}
    with httpx.Client(
        base_url=own_platform.endpoints.api, headers=headers, verify=TLS, trust_env=False, timeout=60
    ) as client:
        yield client


def read(store: httpx.Client, key: str) -> Any:
    [row] = store.get(PATH, params={"select": "value", "key": f"eq.{key}"}).json()
    return row["value"]


def ids(platform: Platform, tenant: Tenant) -> list[str]:
    """Return the ids of the products of a tenant, in the order of their SKUs."""
    rows = platform.database.execute("select id::text from products where catalog_id = %s order by sku",
                                     [tenant.catalog_id]).fetchall()  # fmt: skip
    return [row["id"] for row in rows]


def rows(stock: int, price: str = "5.00") -> bytes:
    """Return a file with MANY products."""
    lines = [f"B-{number:04d},Bulk {number},{price},EUR,{stock}\n" for number in range(MANY)]
    return ("sku,name,price,currency,stock\n" + "".join(lines)).encode()


def test_a_stale_write_after_a_sync_reduces_the_stock_only_once(
    own_platform: Platform, tenant: Tenant, store: httpx.Client
) -> None:
    assert own_platform.sync(tenant.catalog_id, "first.csv", rows(100))["counts"]["created"] == MANY
    first, second, *_ = ids(own_platform, tenant)
    stale, before = read(store, f"gift:{first}"), read(store, f"gift:{second}")
    assert (stale["availableQuantity"], stale["price"]) == (100, 5)
    assert own_platform.sync(tenant.catalog_id, "second.csv", rows(50, "6.00"))["counts"]["updated"] == MANY
    assert store.post(
        PATH, json={"key": f"gift:{first}", "value": stale | {"availableQuantity": 99}}, headers=MERGE
    ).is_success
    merged = read(store, f"gift:{first}")
    assert (merged["availableQuantity"], merged["price"]) == (49, 6)
    fresh = read(store, f"gift:{second}")
    assert (fresh["availableQuantity"], fresh["price"]) == (50, 6)
    assert fresh["_rev"] == before["_rev"] + 1
    stocks = own_platform.database.execute(
        "select id::text, inventory_count as stock from products where id = any (%s::uuid[])", [[first, second]]
    ).fetchall()
    assert {row["id"]: row["stock"] for row in stocks} == {first: 49, second: 50}


def test_writing_a_stale_list_after_a_sync_reduces_the_stock_only_once(
    own_platform: Platform, tenant: Tenant, store: httpx.Client
) -> None:
    item = gift("listed", sku="B-0003", catalogId=tenant.catalog_id, availableQuantity=100)
    assert store.post(PATH, json={"key": "gifts:all", "value": [item]}, headers=MERGE).is_success
    stale = read(store, "gifts:all")
    assert own_platform.sync(tenant.catalog_id, "all.csv", rows(80))["counts"]["updated"] == 1
    [sold] = stale
    sold["availableQuantity"] -= 1
    assert store.post(PATH, json={"key": "gifts:all", "value": [sold]}, headers=MERGE).is_success
    [item] = read(store, "gifts:all")
    stock = own_platform.database.execute(
        "select inventory_count as n from products where catalog_id = %s and sku = 'B-0003'", [tenant.catalog_id]
    ).fetchone()
    assert (item["availableQuantity"], stock) == (79, {"n": 79})
    store.delete(PATH, params={"key": "eq.gifts:all"})


def test_the_sweeper_writes_documents_that_no_application_reads(own_platform: Platform, tenant: Tenant) -> None:
    own_platform.sync(tenant.catalog_id, "all.csv", rows(7))
    chosen = ids(own_platform, tenant)

    def are_written() -> bool:
        row = own_platform.database.execute(
            "select count(*) as n from kv_store_6fcaeea3 where value ->> 'id' = any (%s)", [chosen]
        ).fetchone()
        return row is not None and row["n"] == MANY

    own_platform.eventually(are_written, within=60)
    status: Json = json.loads(command(own_platform, "mirror", "status", "--json").stdout)
    assert (status["unwritten"], status["conflicts"]) == (0, [])


def test_the_mirror_cannot_be_switched_off_before_it_has_written_all_documents(
    own_platform: Platform, tenant: Tenant
) -> None:
    database = own_platform.database
    database.execute("select pg_advisory_lock(hashtextextended('kv.fold', 0))")  # this lock blocks the sweeper
    try:
        database.execute("insert into kv.dirty (entity, row_id) values ('product', gen_random_uuid())")
        result = command(own_platform, "mirror", "off")
    finally:
        database.execute("select pg_advisory_unlock(hashtextextended('kv.fold', 0))")
    assert result.returncode == 5
    assert "Try again" in result.stderr
