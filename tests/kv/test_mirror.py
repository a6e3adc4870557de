"""Tests the mirror. A write of a document changes its row in the same transaction, and a write of a row changes its
documents.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift, order
from tests.platform import Platform


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    with mirrored(own_platform) as mirror:
        yield mirror


def test_a_new_document_becomes_a_row_immediately(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1"))
    assert mirror.row("clients", "client:a")["name"] == "Client a"
    assert mirror.row("sites", "site:s-a")["catalog_id"] == mirror.id("catalogs:c-a")
    assert mirror.row("products", "gift:g-a")["price"] == 5
    assert mirror.row("orders", "order:o1")["total_amount"] == 10


def test_a_changed_document_changes_its_row(mirror: Mirror) -> None:
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Cup", price="7,50 €", availableQuantity=3))
    row = mirror.row("products", "gift:g-a")
    assert (row["name"], row["price"], row["inventory_count"]) == ("Cup", 7.5, 3)


def test_a_document_can_restore_a_value_that_was_changed_in_its_row(
    mirror: Mirror,
) -> None:
    before = mirror.document("gift:g-a")
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.document("gift:g-a")["name"] == "Cup"
    mirror.put("gift:g-a", before)
    assert mirror.row("products", "gift:g-a")["name"] == before["name"] == "Mug"


def test_a_document_cannot_reopen_a_site_that_was_closed_in_the_platform(
    mirror: Mirror,
) -> None:
    site = mirror.document("site:s-a")
    mirror.update("sites", "site:s-a", status="inactive")
    assert mirror.document("site:s-a")["status"] == "inactive"
    mirror.put("site:s-a", site)
    assert mirror.row("sites", "site:s-a")["status"] == "inactive"
    mirror.update("sites", "site:s-a", status="active")
    mirror.put("site:s-a", site | {"status": "inactive"})
    assert mirror.row("sites", "site:s-a")["status"] == "inactive"


def test_a_changed_row_does_not_overwrite_a_document_in_quarantine(mirror: Mirror) -> None:
    sold = mirror.document("gift:g-a") | {"availableQuantity": 3, "price": "?"}
    mirror.put("gift:g-a", sold)
    assert mirror.reason("gift:g-a") == "price_unreadable"
    mirror.update("products", "gift:g-a", inventory_count=9)
    assert mirror.document("gift:g-a") == sold
    assert ("gift:g-a", "row_not_mirrored", "") in mirror.conflicts()


@pytest.mark.parametrize("with_revision", [True, False])
def test_a_stale_write_does_not_restore_the_data_of_an_erased_person(mirror: Mirror, with_revision: bool) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    stale = mirror.value("select value from kv_store_6fcaeea3 where key = 'order:o1'")
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    mirror.put("order:o1", stale if with_revision else {name: stale[name] for name in stale if name != "_rev"})
    assert "Jane" not in mirror.value("select value::text from kv_store_6fcaeea3 where key = 'order:o1'")


def test_an_erased_person_disappears_from_lists_of_orders(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    mirror.put("orders:all", [order("o2", userName="Bob"), order("o1", userName="Jane Roe")])
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    listed = mirror.value("select value from kv_store_6fcaeea3 where key = 'orders:all'")
    assert "Jane" not in str(listed)
    assert [each["id"] for each in listed] == ["o2", "o1"]
    assert listed[0]["userName"] == "Bob"


def test_a_written_list_of_documents_becomes_rows_immediately(mirror: Mirror) -> None:
    listed = [gift(f"g-{number}", catalogId="c-a") for number in range(3)]
    mirror.put("gifts:all", listed)
    skus = [f"SKU-g-{number}" for number in range(3)]
    rows = mirror.rows("select name from products where sku = any (%s) order by sku", skus)
    assert [row["name"] for row in rows] == ["Mug"] * 3
    mirror.put("gifts:all", [listed[0] | {"name": "Cup"}, *listed[1:]])
    rows = mirror.rows("select name from products where sku = any (%s) order by sku", skus)
    assert [row["name"] for row in rows] == ["Cup", "Mug", "Mug"]


def test_documents_of_one_statement_are_mapped_in_the_order_of_their_references(mirror: Mirror) -> None:
    documents = {
        "catalogs:c-b": {"id": "c-b", "name": "Range", "type": "manual", "ownerId": "b"},
        "client:b": {"id": "b", "name": "Client b"},
        "gift:g-b": gift("g-b", catalogId="c-b"),
        "order:o-b": order("o-b", siteId="s-b", giftId="g-b"),
        "site:s-b": {"id": "s-b", "name": "Shop", "clientId": "b", "catalogId": "c-b"},
    }
    mirror.database.execute(
        "insert into kv_store_6fcaeea3 select key, value from jsonb_each(%s) on conflict (key) do nothing",
        [Jsonb(documents)],
    )
    assert mirror.rows("select key, reason from kv.quarantine") == []
    assert mirror.row("orders", "order:o-b")["client_id"] == mirror.id("client:b")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("gift:bad", {"id": "bad", "price": "free", "catalogId": "c-a"}, "price_unreadable"),
        ("gift:text", "no object", "not_an_object"),
        ("order:bad", {"id": "bad", "siteId": "nowhere", "createdAt": "2026-01-01", "giftId": "g-a"}, "unknown_site"),
        ("site:bad", {"id": "bad", "clientId": "nobody"}, "unknown_client"),
        ("gift:[object Object]", {"name": "Mug"}, "no_id"),
    ],
)
def test_a_bad_document_is_accepted_and_quarantined(mirror: Mirror, key: str, value: Any, reason: str) -> None:
    mirror.put(key, value)
    assert mirror.document(key) == value
    assert mirror.reason(key) == reason


def test_an_unexpected_error_of_the_mapping_does_not_prevent_the_write(mirror: Mirror) -> None:
    broken = "create or replace function kv.map_product(old_id text, value jsonb) returns kv.mapping language plpgsql"
    mirror.database.execute(
        f"set local role app_mirror; {broken} stable as $$ begin return missing(); end $$; reset role"
    )
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Cup"))
    assert mirror.document("gift:g-a")["name"] == "Cup"
    assert mirror.row("products", "gift:g-a")["name"] == "Mug"
    assert mirror.conflicts() == {("gift:g-a", "document_not_mirrored", "42883")}


def test_an_unexpected_error_of_the_mirror_does_not_prevent_a_write_of_a_row(mirror: Mirror) -> None:
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.leading_key(entity text, id uuid) returns text"
        " language plpgsql stable as $$ begin return missing(); end $$; reset role"
    )
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.row("products", "gift:g-a")["name"] == "Cup"
    assert mirror.conflicts() == {(f"gift:{mirror.id('gift:g-a')}", "row_not_mirrored", "42883")}


@pytest.mark.parametrize("key", ["order:o1", "gift:g-a", "site:s-a", "catalogs:c-a", "client:a"])
def test_deleting_a_document_deletes_no_row(mirror: Mirror, key: str) -> None:
    mirror.put("order:o1", order("o1"))
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])
    assert mirror.value("select state from kv.ids where key = %s", key) == "gone"
    for table, name in (("orders", "order:o1"), ("products", "gift:g-a"), ("clients", "client:a")):
        assert mirror.row(table, name)


def test_the_next_document_of_a_row_determines_its_values_after_a_deletion(
    mirror: Mirror,
) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Old cup"))
    assert mirror.row("products", "gift:g-a")["name"] == "Mug"
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    assert mirror.row("products", "gifts:g-a")["name"] == "Old cup"


def test_a_changed_row_does_not_restore_its_deleted_document(mirror: Mirror) -> None:
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.rows("select key from kv_store_6fcaeea3 where key like 'gift%%'") == []


def test_mirrored_orders_send_no_messages_and_count_exactly_once_in_the_daily_totals(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1"))
    mirror.put("order:o1", order("o1", status="shipped"))
    for table in ("mails", "webhook_deliveries", "order_events", "stock_holds"):
        assert mirror.value(f"select count(*) from {table} where xmin = pg_current_xact_id()::xid") == 0, table
    totals = mirror.rows(
        "select status, sum(orders) as orders, sum(amount) as amount from order_deltas where client_id = %s"
        " group by 1 order by 1",
        mirror.id("client:a"),
    )
    assert {row["status"]: (row["orders"], row["amount"]) for row in totals if row["orders"]} == {"shipped": (1, 10)}


def test_a_changed_row_changes_its_document_without_a_second_write_of_the_row(mirror: Mirror) -> None:
    revision = mirror.revision("gift:g-a")
    version = mirror.value("select xmin::text || ctid from products where id = %s", mirror.id("gift:g-a"))
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.document("gift:g-a") == gift("g-a", catalogId="c-a", name="Cup")
    assert mirror.revision("gift:g-a") == (revision or 0) + 1
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.revision("gift:g-a") == (revision or 0) + 2
    assert mirror.row("products", "gift:g-a")["name"] == "Bowl"
    assert version


FORMS = [
    ({"price": "19,99 €", "currency": "EUR"}, {"price": 21.5}, {"price": "21,50 €"}),
    ({"price": "EUR 19.99"}, {"price": 21}, {"price": "EUR 21.00"}),
    ({"price": {"amount": "5", "currency": "EUR"}}, {"price": 7}, {"price": {"amount": "7", "currency": "EUR"}}),
    ({"price": 5, "value": "5.00"}, {"price": 6}, {"price": 6, "value": "6.00"}),
    ({"name": None, "title": "Mug"}, {"name": "Cup"}, {"title": "Cup"}),
    ({"available_quantity": "7"}, {"inventory_count": 4}, {"available_quantity": "4"}),
    ({"inventory": {"available": 7, "reserved": 1}}, {"inventory_count": 4},
     {"inventory": {"available": 4, "reserved": 1}}),
    ({"stock": 7, "quantity": 7}, {"inventory_count": 4}, {"stock": 4, "quantity": 4}),
    ({"status": "inStock"}, {"name": "Cup"}, {"status": "inStock", "name": "Cup"}),
    ({"status": "inStock"}, {"is_active": False}, {"status": "inactive"}),
    ({"isActive": True, "status": None}, {"is_active": False}, {"isActive": False}),
    ({"description": "A mug"}, {"description": None}, {"description": None}),
    ({"image": "https://a.example/1.png"}, {"images": ["https://a.example/2.png"]},
     {"image": "https://a.example/2.png", "images": ["https://a.example/2.png"]}),
    ({"createdAt": "February 20, 2026", "tags": ["a"]}, {"brand": "Acme"},
     {"createdAt": "February 20, 2026", "tags": ["a"], "brand": "Acme"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "columns", "changed"), FORMS)
def test_a_row_change_keeps_the_format_and_the_name_of_the_document_field(
    mirror: Mirror, fields: dict[str, Any], columns: dict[str, Any], changed: dict[str, Any]
) -> None:
    document = (
        gift("g-a", catalogId="c-a", **fields) if "price" not in fields else (gift("g-a", catalogId="c-a") | fields)
    )
    mirror.put("gift:g-a", document)
    assert mirror.reason("gift:g-a") is None
    mirror.update("products", "gift:g-a", **columns)
    assert mirror.document("gift:g-a") == document | changed
    before = mirror.row("products", "gift:g-a")
    mirror.put("gift:g-a", document | changed | {"touched": True})
    after = mirror.row("products", "gift:g-a")
    assert {name: after[name] for name in columns} == {name: before[name] for name in columns}


def test_the_backfill_does_not_map_a_mirrored_document_again(mirror: Mirror) -> None:
    mirror.update("products", "gift:g-a", name="Cup")
    mirror.update("clients", "client:a", name="Client A", contact_email="a@b.example")
    open_keys = "select key from kv.ids where fingerprint is distinct from mapped_fingerprint"
    assert mirror.rows(open_keys) == []
    mirror.database.execute("set local role app_mirror; select kv.index_documents('', '{production}', 100)")
    assert mirror.rows(open_keys) == []


def test_changed_rows_of_each_entity_change_their_documents(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1"))
    mirror.update("clients", "client:a", name="Client A", is_active=False)
    mirror.update("catalogs", "catalogs:c-a", name="All", status="active")
    mirror.update("sites", "site:s-a", name="Store", branding={"color": "#fff"}, catalog_id=None)
    mirror.update("orders", "order:o1", status="processing", customer_name="B")
    assert mirror.document("client:a") == {"id": "a", "name": "Client A", "status": "inactive"}
    assert mirror.document("catalogs:c-a")["name"] == "All"
    assert mirror.document("catalogs:c-a")["status"] == "active"
    site = mirror.document("site:s-a")
    assert (site["name"], site["branding"], site["catalogId"]) == ("Store", {"color": "#fff"}, None)
    assert mirror.document("order:o1") == order("o1", status="processing", customerName="B")


def test_a_new_row_of_a_mirrored_client_gets_a_document(
    mirror: Mirror,
) -> None:
    catalog, client, site = mirror.id("catalogs:c-a"), mirror.id("client:a"), mirror.id("site:s-a")
    product = mirror.value(
        "insert into products (catalog_id, sku, name, price, currency, inventory_count)"
        " values (%s, 'N1', 'Pen', 2.5, 'EUR', 9) returning id",
        catalog,
    )
    items = [{"line": 1, "product_id": str(product), "sku": "N1", "name": "Pen", "quantity": 2, "unit_price": "2.50"}]
    placed = mirror.value(
        "insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency,"
        " shipping_address, items) values (%s, %s, 'A', 'a@b.example', 5, 'EUR', '{}', %s) returning id",
        client, site, Jsonb(items),
    )  # fmt: skip
    document = mirror.document(f"gift:{product}")
    assert document | {"price": 2.5, "availableQuantity": 9, "catalogId": "c-a", "sku": "N1"} == document
    ordered = mirror.document(f"order:{placed}")
    assert ordered | {"siteId": "s-a", "clientId": "a", "totalAmount": 5, "giftId": str(product)} == ordered
    revision = {"_rev": mirror.revision(f"gift:{product}")}
    mirror.put(f"gift:{product}", document | revision | {"name": "Blue pen", "availableQuantity": 8})
    mirror.put(f"order:{placed}", ordered | {"status": "shipped"})
    assert mirror.rows("select key, reason from kv.quarantine") == []
    row = mirror.row("products", f"gift:{product}")
    assert (row["name"], row["inventory_count"]) == ("Blue pen", 8)
    assert mirror.row("orders", f"order:{placed}")["status"] == "shipped"


def test_rows_of_a_client_without_a_document_get_no_documents(mirror: Mirror) -> None:
    with mirror.unnoticed():
        client = mirror.value("insert into clients (name, slug) values ('Other', 'other-of-the-test') returning id")
    before = mirror.value("select count(*) from kv_store_6fcaeea3")
    mirror.database.execute("insert into sites (client_id, name) values (%s, 'New')", [client])
    mirror.database.execute("update sites set name = 'Newer' where client_id = %s", [client])
    mirror.database.execute("insert into catalogs (owner_client_id, name, type) values (%s, 'C', 'manual')", [client])
    assert mirror.value("select count(*) from kv_store_6fcaeea3") == before


def test_a_deleted_row_deletes_its_documents(mirror: Mirror) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a"))
    mirror.database.execute("delete from products where id = %s", [mirror.id("gift:g-a")])
    assert mirror.rows("select key from kv_store_6fcaeea3 where key like 'gift%%'") == []
    assert mirror.rows("select key from kv.history where key like 'gift%%'") == []


def test_a_reference_to_a_catalog_or_site_of_another_client_changes_no_row(mirror: Mirror) -> None:
    mirror.tenant("b")
    mirror.put("site:s-x", {"id": "s-x", "name": "Shop", "clientId": "a", "catalogId": "c-b"})
    assert mirror.reason("site:s-x") == "catalog_of_another_client"
    assert mirror.rows("select from sites where id = %s", mirror.id("site:s-x")) == []
    mirror.put("site:s-a", {"id": "s-a", "name": "Shop", "clientId": "b", "catalogId": "c-b"})
    assert mirror.reason("site:s-a") == "client_changed"
    assert mirror.row("sites", "site:s-a")["client_id"] == mirror.id("client:a")


def test_a_document_with_the_id_of_an_existing_client_cannot_change_the_client(mirror: Mirror) -> None:
    with mirror.unnoticed():
        client = mirror.value("insert into clients (name, slug) values ('Other', 'other-of-the-test') returning id")
    mirror.put(f"client:{client}", {"id": str(client), "name": "Taken"})
    assert mirror.reason(f"client:{client}") == "id_in_use"
    assert mirror.value("select name from clients where id = %s", client) == "Other"


ORIGINS = [
    "select set_config('kv.origin', 'kv', true)",
    "select set_config('kv.origin', 'tables', false), set_config('app.origin', 'kv', false)",
    "select set_config('app.subject', 'service:kv', true)",
    "set local kv.mirror = 'off'",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_session_setting_of_a_caller_does_not_stop_the_mirror(mirror: Mirror, origin: str) -> None:
    mirror.database.execute(origin.encode())
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.document("gift:g-a")["name"] == "Cup"
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.row("products", "gift:g-a")["name"] == "Bowl"


def test_the_mirror_works_with_the_session_replication_role_replica(mirror: Mirror) -> None:
    mirror.database.execute("set local session_replication_role = replica")
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.row("products", "gift:g-a")["name"] == "Bowl"
    mirror.update("products", "gift:g-a", name="Cup")
    assert mirror.document("gift:g-a")["name"] == "Cup"


def test_writes_of_logical_replication_are_mirrored_without_statement_triggers(mirror: Mirror) -> None:
    for name in ("mirror_insert", "mirror_update", "mirror_delete"):
        mirror.database.execute(f"alter table kv_store_6fcaeea3 disable trigger {name}")
    mirror.database.execute("set local session_replication_role = replica")
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.row("products", "gift:g-a")["name"] == "Bowl"
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    assert mirror.value("select state from kv.ids where key = 'gift:g-a'") == "gone"


def test_documents_without_an_entity_get_no_revision_and_no_row(mirror: Mirror) -> None:
    for key in ("session:x", "clients:all", "sites:slug:s", "employees:1", "client:a:site:s-a", "catalogs:a:b"):
        mirror.put(key, {"id": "x"})
        mirror.put(key, {"id": "y"})
        assert mirror.revision(key) is None, key
        assert mirror.rows("select from kv.ids where key = %s", key) == [], key
    assert mirror.rows("select from kv.history where not kv.is_entity_key(key)") == []


def test_the_mirror_handles_exactly_the_keys_of_the_entity_families(mirror: Mirror) -> None:
    keys = [
        f"{head}{middle}:{end}"
        for head in ("client", "clients", "site", "sites", "catalog", "catalogs", "gift", "gifts", "order", "orders",
                     "employees", "session", "hris_connection_1", "user_orders", "xclient")
        for middle in ("", ":production", ":slug", ":a:site", ":x:y", ":")
        for end in ("1", "all", "", "catalog_config", "a b", "%")
    ]  # fmt: skip
    wrong = mirror.rows(
        "select k from unnest(%s::text[]) k where kv.is_entity_key(k) <> coalesce((select f.meaning in"
        " ('client', 'site', 'catalog', 'product', 'order') from app.kv_key_families() f"
        " where split_part(k, ':', 1) = any (f.heads) and k ~ f.pattern limit 1), false)",
        keys,
    )
    assert wrong == []


def test_an_erased_person_disappears_from_the_document_and_from_its_history(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe", note="for Jane"))
    mirror.put("order:o1", order("o1", userName="Jane Roe", note="for Jane Roe"))
    assert mirror.rows("select from kv.history where key = 'order:o1'")
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    text = mirror.value("select value::text from kv_store_6fcaeea3 where key = 'order:o1'")
    assert "Jane" not in text and "a@b.example" not in text
    assert mirror.rows("select from kv.history where key = 'order:o1'") == []


def test_all_triggers_of_a_mirror_that_is_off_are_disabled(own_platform: Platform) -> None:
    states = own_platform.database.execute(
        "select distinct tgenabled from pg_trigger where tgname like 'mirror%' and not tgisinternal"
    ).fetchall()
    assert states == [{"tgenabled": "D"}]


def test_only_the_migration_role_is_a_member_of_the_role_of_the_mirror(own_platform: Platform) -> None:
    members = own_platform.database.execute(
        "select r.rolname from pg_roles r where pg_has_role(r.oid, 'app_mirror', 'member') and not r.rolsuper"
        " and r.rolname <> 'app_mirror'"
    ).fetchall()
    assert [row["rolname"] for row in members] == ["wc_migrate"]


BROKEN = (
    "set local role app_mirror; create or replace function kv.check_products(drafts kv.draft[], currency text)"
    " returns kv.draft[] language plpgsql stable as $$ begin return missing(); end $$; reset role"
)
"""SQL that makes the mapping of gifts fail with an error that does not depend on the documents."""


def waiting(mirror: Mirror) -> set[str]:
    """Return the documents that the gate `backfill` counts."""
    mirror.database.execute("create or replace function kv.require_super_admin() returns void language sql as ''")
    keys = {
        row["key"]
        for row in mirror.rows(
            "select key from kv.ids where state in ('pending', 'mapped')"
            " and fingerprint is distinct from mapped_fingerprint"
        )
    }
    assert mirror.value("select kv.cutover_facts('product', null) ->> 'pending'") == str(len(keys))
    return keys


@pytest.mark.parametrize("replicated", [False, True])
def test_the_backfill_maps_documents_whose_mapping_failed(mirror: Mirror, replicated: bool) -> None:
    mirror.put("gifts:all", [gift("g-1", catalogId="c-a")])
    mirror.database.execute(BROKEN.encode())
    if replicated:
        mirror.database.execute("set local session_replication_role = replica")
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", name="Cup", category="Cups"))
    mirror.put("gift:new", gift("new", catalogId="c-a"))
    mirror.put("gifts:all", [gift("g-1", catalogId="c-a"), gift("g-2", catalogId="c-a")])
    mirror.database.execute("set local session_replication_role = origin")
    assert waiting(mirror) == {"gift:g-a", "gift:new", "gifts:all::g-1", "gifts:all::g-2"}


def test_the_backfill_completes_a_deletion_whose_mapping_failed(mirror: Mirror) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Alias"))
    mirror.database.execute(BROKEN.encode())
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    assert waiting(mirror) == {"gift:g-a"}


def test_the_backfill_maps_the_remaining_documents_of_the_rows_after_many_deletions(mirror: Mirror) -> None:
    for prefix in ("gifts", "gift"):
        mirror.database.execute(
            "insert into kv_store_6fcaeea3 select %s || ':' || n, jsonb_build_object('id', n::text, 'name', %s::text,"
            " 'price', 5, 'currency', 'EUR', 'catalogId', 'c-a') from generate_series(1, 500) n",
            [prefix, prefix],
        )
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", name="gifts"))
    mirror.database.execute("delete from kv_store_6fcaeea3 where key like 'gift:%'")
    assert mirror.value("select count(*) from products where name = 'gifts'") == 500
    assert len(waiting(mirror)) == 1
    mirror.run()
    assert mirror.value("select count(*) from products where name = 'gifts'") == 501


@pytest.mark.parametrize("entity", ["product", "site"])
def test_the_comparison_gate_counts_unmirrored_rows_after_the_comparison(mirror: Mirror, entity: str) -> None:
    client, other = mirror.id("client:a"), mirror.value("select gen_random_uuid()")
    mirror.database.execute("create or replace function kv.require_super_admin() returns void language sql as ''")

    def unmirrored(client_id: object) -> int:
        facts = mirror.value("select kv.cutover_facts(%s, %s) -> 'comparison'", entity, client_id)
        count: int = facts["unmirrored"]
        return count

    mirror.database.execute(
        "insert into kv.comparisons (entity, status, requested_by, started_at, ended_at)"
        " values (%s, 'complete', 'me', clock_timestamp(), clock_timestamp())",
        [entity],
    )
    mirror.update("products", "gift:g-a", name="Cup")
    mirror.update("sites", "site:s-a", name="Cups")
    assert [unmirrored(None), unmirrored(client)] == [0, 0]
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.changed_columns(entity text, old_row jsonb,"
        " new_row jsonb) returns jsonb language plpgsql stable as $$ begin return missing(); end $$; reset role"
    )
    for number in range(2):
        mirror.update("products", "gift:g-a", name=f"Cup {number}")
        mirror.update("sites", "site:s-a", name=f"Cups {number}")
    assert [unmirrored(None), unmirrored(client), unmirrored(other)] == [1, 1, 0]
    mirror.database.execute("update kv.comparisons set started_at = clock_timestamp()")
    assert [unmirrored(None), unmirrored(client)] == [0, 0]


@pytest.mark.parametrize("key", ["order:o1", "orders:o1", "user_orders:u"])
def test_a_write_that_cannot_be_checked_does_not_restore_erased_data(mirror: Mirror, key: str) -> None:
    jane = order("o1", userName="Jane Roe")
    mirror.put("order:o1", jane)
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.document_of(entity text, old_id text, r jsonb)"
        " returns jsonb language plpgsql stable as $$ begin return missing(); end $$; reset role"
    )
    with pytest.raises(psycopg.errors.UndefinedFunction), mirror.database.transaction():
        mirror.put(key, [jane] if key == "user_orders:u" else jane)
    stored = mirror.value("select string_agg(value::text, '') from kv_store_6fcaeea3")
    assert "Jane" not in stored
    mirror.put("order:o2", order("o2", userName="Bob"))  # this order does not need the check, which fails
    assert mirror.document("order:o2")["userName"] == "Bob"


NESTED: dict[str, Any] = {
    "a list in a list": lambda jane: ["o0", [jane, "o9"]],
    "a list in two lists": lambda jane: [[[jane]]],
    "an object without an id": lambda jane: [{"month": "2026-02", "orders": [jane]}],
    "an object instead of a list": lambda jane: {"orders": [jane]},
    "a document instead of a list": lambda jane: jane,
    "JSON in a string": lambda jane: [json.dumps([jane])],
    "a list that is JSON in a string": lambda jane: json.dumps([[jane]]),
    "an object with an id": lambda jane: [{"id": "page-1", "orders": [jane]}],
    "an object whose id is null": lambda jane: [{"id": None, "orders": [jane]}],
    "an object with an id instead of a list": lambda jane: {"id": "u", "orders": [jane]},
    "an object with an id in an object": lambda jane: [{"month": "2026-02", "user": {"id": "u", "orders": [jane]}}],
    "an object with an id as JSON in a string": lambda jane: [json.dumps({"id": "page-1", "orders": [jane]})],
    "a list with an object with an id as JSON in a string": lambda jane: json.dumps([{"id": "p", "orders": [jane]}]),
    "an object that looks like an order": lambda jane: [{"id": "u", "email": "u@x.example", "items": [jane]}],
    "another order": lambda jane: [order("o5", userName="Eve", related=[jane])],
    "JSON in a string of another order": lambda jane: [order("o5", userName="Eve", related=json.dumps(jane))],
}
"""Lists of orders that contain a document in a form that the mirror does not map."""


@pytest.mark.parametrize("form", NESTED)
def test_erased_data_cannot_return_inside_a_list_of_orders(mirror: Mirror, form: str) -> None:
    jane, bob = order("o1", userName="Jane Roe", customerName="Jane Roe"), order("o2", userName="Bob Low")
    mirror.put("order:o1", jane)
    mirror.put("order:o2", bob)
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    mirror.put("user_orders:u", NESTED[form](jane))
    mirror.put("order_index:u", NESTED[form](jane))
    mirror.put("order_index:u", NESTED[form](jane | {"status": "delivered"}))
    stored = mirror.value("select string_agg(value::text, '') from kv_store_6fcaeea3")
    for table in ("history", "conflicts", "writes"):
        stored += mirror.value(f"select coalesce(string_agg(t::text, ''), '') from kv.{table} t")
    assert "Jane" not in stored and "o1" in mirror.value(
        "select value::text from kv_store_6fcaeea3 where key = 'user_orders:u'"
    )
    mirror.put("user_orders:v", NESTED[form](bob))  # documents of other persons remain unchanged
    kept = mirror.value("select value::text from kv_store_6fcaeea3 where key = 'user_orders:v'")
    assert len(re.sub(r'\\?"_rev\\?": 1,? ?', "", kept)) == len(json.dumps(NESTED[form](bob), ensure_ascii=False))


def erase_order(mirror: Mirror) -> None:
    """Erase the person of the order `o1`, as an erasure job does."""
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    mirror.database.execute("select kv.erase_remainders_of_orders(array[%s])", [mirror.id("order:o1")])


def erase_copies(mirror: Mirror, *addresses: str) -> int:
    """Remove the copies inside other documents, as an erasure job does. Return the number of transactions."""
    key: str | None = ""
    count = 0
    while key is not None:
        client = mirror.id("client:a")
        key = mirror.value("select kv.erase_copies(%s, %s, %s, 2)", client, list(addresses), key)
        count += 1
    mirror.end()
    return count


def everything(mirror: Mirror) -> str:
    """Return all document content in the store and the mirror as one text."""
    text: str = mirror.value("select string_agg(value::text, '') from kv_store_6fcaeea3")
    for table in ("history", "conflicts", "writes", "remainders"):
        text += mirror.value(f"select coalesce(string_agg(t::text, ''), '') from kv.{table} t")
    return text


@pytest.mark.parametrize("form", NESTED)
def test_an_erasure_finds_copies_of_an_order_inside_stored_documents(mirror: Mirror, form: str) -> None:
    jane, bob = order("o1", userName="Jane Roe", customerName="Jane Roe"), order("o2", userName="Bob Low")
    mirror.put("order:o1", jane)
    for key in ("user_orders:u", "order_index:u", "orders:all"):
        mirror.put(key, NESTED[form](jane))
    for number in (5, 6):  # two versions of other orders: a field without a column contains copies of the order
        copies = NESTED[form](jane)
        mirror.put(f"order:o{number}", order(f"o{number}", userName="Eve", related=copies, text=json.dumps([copies])))
        mirror.put(f"order:o{number}", mirror.document(f"order:o{number}") | {"status": "processing"})
    mirror.put("user_orders:v", [order("o7", userName="Eve", related=[jane]), "o8"])
    mirror.put("user_orders:w", NESTED[form](bob))
    kept = mirror.document("user_orders:w")
    erase_order(mirror)
    assert "Jane" in everything(mirror)
    assert erase_copies(mirror) > 3
    assert "Jane" not in everything(mirror)
    assert mirror.document("user_orders:w") == kept, "documents of other persons stay as they are"
    assert mirror.document("order:o5")["userName"] == "Eve"
    assert [len(mirror.document("user_orders:v")), mirror.document("user_orders:v")[1]] == [2, "o8"]
    unmapped = "select count(*) from kv.ids where fingerprint is distinct from mapped_fingerprint and has_row"
    assert mirror.value(unmapped) == 0, "the mirror maps nothing again"
    stored = mirror.rows("select * from kv_store_6fcaeea3 order by key")
    erase_copies(mirror)
    assert mirror.rows("select * from kv_store_6fcaeea3 order by key") == stored, "a repeated step changes nothing"


@pytest.mark.parametrize("form", NESTED)
def test_erased_data_cannot_return_inside_another_order(mirror: Mirror, form: str) -> None:
    jane = order("o1", userName="Jane Roe", customerName="Jane Roe")
    mirror.put("order:o1", jane)
    erase_order(mirror)
    for status in ("pending", "processing"):
        mirror.put("order:o5", order("o5", userName="Eve", status=status, related=NESTED[form](jane)))
        assert "Jane" not in everything(mirror)
        assert mirror.document("order:o5")["status"] == status


def test_an_item_with_too_many_levels_is_erased_if_it_contains_the_address(mirror: Mirror) -> None:
    deep: Any = [order("o1", userName="Jane Roe", userEmail="jane@a.example")]
    other: Any = [order("o2", userName="Bob Low", userEmail="bob@a.example")]
    coded: Any = order("o1", userName="Jane Roe", userEmail="jane@a.example")
    for _ in range(40):
        deep, other = [deep], [other]
    for _ in range(12):
        coded = json.dumps([coded]) if len(json.dumps(coded)) < 500_000 else coded
    mirror.put("user_orders:u", [deep, other, coded, "o3"])
    mirror.put("order:o1", order("o1", userName="Jane Roe", userEmail="jane@a.example"))
    erase_order(mirror)
    erase_copies(mirror, "jane@a.example")
    assert "Jane" not in everything(mirror)
    first, *_, last = mirror.document("user_orders:u")
    assert (first, last) == (other, "o3")


def test_an_item_with_too_many_levels_of_another_person_or_client_is_kept(mirror: Mirror) -> None:
    mirror.tenant("b")
    deep: Any = ["joann@a.example", "Ann <ann@a.example>", "ann@a.example.test"]
    for _ in range(40):
        deep = [deep]
    other: Any = [order("o3", siteId="s-b", userEmail="ann@a.example", data=json.dumps(deep))]
    for _ in range(40):
        other = [other]
    parts = [{"id": "p", "orderNumber": "p"}]  # the value makes the order irregular
    marked = order("o1", userEmail="ann@a.example", data=deep, parts=parts)
    other_client = order("o4", siteId="s-b", userEmail="ann@a.example", data=deep, parts=parts)
    other_person = order("o2", userEmail="joann@a.example", data=deep, parts=parts)
    mirror.put("orders:all", [other_person, other, json.dumps(marked), marked, other_client, "o5"])
    client, addresses = mirror.id("client:a"), ["ann@a.example"]
    mirror.value("select kv.mark_erased_orders(%s, %s, '2026-08-01', '', 2000)", client, addresses)
    before = mirror.document("orders:all")
    erase_copies(mirror, *addresses)
    after = mirror.document("orders:all")
    assert [item for item in before if item not in after] == before[2:4]
    assert [item for item in before if item in after] == after


@pytest.mark.parametrize("name", ["customerEmail", "userEmail", "user_email"])
def test_an_object_in_an_order_with_the_address_of_an_erased_person_is_erased(mirror: Mirror, name: str) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe", userEmail="jane@a.example"))
    mirror.put("order:o2", order("o2", userName="Eve", related=[{"id": "o1", name: "jane@a.example"}]))
    erase_order(mirror)
    erase_copies(mirror, "jane@a.example")
    assert "jane@" not in everything(mirror)
    mirror.put("order:o3", order("o3", userName="Eve", related=[{"id": "o1", name: "jane@a.example"}]))
    assert "jane@" not in everything(mirror)


def test_the_customer_and_the_lines_of_an_order_with_an_erased_id_are_kept(
    mirror: Mirror,
) -> None:
    mirror.tenant("b")
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    erase_order(mirror)
    bob = order(
        "o2", customer={"id": "o1", "email": "bob@a.example", "phone": "1"},
        items=[
            {"id": "o1", "sku": "MUG", "quantity": 2, "total": 9, "recipientEmail": "x@a.example"},
            {"id": "o1", "productId": "mug", "customerEmail": "x@a.example"},
        ],
        payment={"id": "o1", "orderNumber": "#o2", "total": 9},
        related=[order("o1", siteId="s-b", userName="Eve"), order("o1", orderNumber="#b7", userName="Eve")],
    )  # fmt: skip
    mirror.put("order:o2", bob)
    assert mirror.document("order:o2") == bob, "a write"
    mirror.put("user_orders:u", [bob, {"id": "page", "orders": [bob]}])
    assert mirror.document("user_orders:u")[1]["orders"] == [bob], "a write of a list"
    erase_copies(mirror)
    assert mirror.document("order:o2") == bob, "an erasure"
    mirror.put("order:o3", order("o3", related=[order("o1", userName="Jane Roe")]))
    assert "Jane" not in everything(mirror), "the order of the client itself"


def test_an_erasure_reads_documents_in_pages_of_limited_size(
    mirror: Mirror,
) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    mirror.put("orders:all", [order(f"p{n}", note="x" * 900_000) for n in range(6)])
    mirror.put("orders:all", [order(f"p{n}", note="x" * 900_000, status="processing") for n in range(6)])
    values = "(select key, value from kv_store_6fcaeea3 union all select key, value from kv.history"
    values += " union all select key, value from kv.remainders) v"
    keys: list[str] = []
    while page := mirror.value("select kv.next_keys_of_copies(%s, 2000)", keys[-1] if keys else ""):
        size = mirror.value(f"select sum(octet_length(value::text)) from {values} where key = any (%s)", page)
        assert len(page) == 1 or size <= 8_000_000
        keys += page
    stored = mirror.rows(f"select distinct key from {values} where key ~ '^(orders?|user_orders|order_index):'")
    assert keys == sorted(row["key"] for row in stored)
    assert len(keys) > 6


def test_an_erasure_changes_no_document_while_the_mirror_is_off(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    mirror.put("user_orders:u", [[order("o1", userName="Jane Roe")]])
    erase_order(mirror)
    mirror.database.execute("update kv.mirror set enabled = false")
    assert erase_copies(mirror, "jane@a.example") == 1
    assert "Jane" in everything(mirror)


def test_order_lines_with_the_id_of_an_erased_order_are_not_erased(mirror: Mirror) -> None:
    mirror.put("order:1", order("1", userName="Jane Roe"))
    mirror.update("orders", "order:1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    line = {"id": "1", "name": "Mug", "quantity": 2, "unitPrice": 5}
    bob = order(
        "2", items=[line], gift={"id": "1", "name": "Mug", "status": "active"}, related=[{"email": "x@y.example"}]
    )
    mirror.put("user_orders:v", [bob, {"id": "page", "orders": [bob]}])
    [first, page] = mirror.document("user_orders:v")
    assert first | page["orders"][0] == bob | {"_rev": first["_rev"]}


def test_erased_data_cannot_return_inside_a_large_list_of_orders(mirror: Mirror) -> None:
    jane = order("o1", userName="Jane Roe", customerName="Jane Roe")
    mirror.put("order:o1", jane)
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    # The list gets no revisions, because they would make the list larger than the maximum size of a value.
    others = [order(f"p{n}") for n in range(300)]
    written = [jane, *others, json.dumps(jane), {"id": "page", "orders": [jane]}]
    size = (5_999_000 - len(json.dumps(written))) // 300 - len(', "note": ""')
    for other in others:
        other["note"] = "x" * size
    mirror.put("user_orders:u", written)
    stored = mirror.document("user_orders:u")
    assert "Jane" not in json.dumps(stored) and [stored[0]["id"], stored[-1]["orders"][0]["id"]] == ["o1", "o1"]
    assert stored[1:-2] == others


def test_a_list_of_orders_with_too_many_levels_is_refused_after_an_erasure(mirror: Mirror) -> None:
    deep: Any = [order("o1", userName="Jane Roe")]
    for _ in range(40):
        deep = [deep]
    mirror.put("user_orders:u", deep)
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    mirror.put("user_orders:u", [])
    mirror.update("orders", "order:o1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now")
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="too deep"), mirror.database.transaction():
        mirror.put("user_orders:u", deep)
    assert mirror.document("user_orders:u") == []


def test_an_erasure_fails_if_a_document_cannot_be_written(mirror: Mirror) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.document_of(entity text, old_id text, r jsonb)"
        " returns jsonb language plpgsql stable as $$ begin return missing(); end $$; reset role"
    )
    with pytest.raises(psycopg.errors.UndefinedFunction), mirror.database.transaction():
        mirror.update("orders", "order:o1", customer_name="", customer_email="", shipping_address={}, erased_at="now")
    assert mirror.row("orders", "order:o1")["erased_at"] is None
