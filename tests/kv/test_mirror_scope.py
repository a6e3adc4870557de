"""Tests which writes the mirror handles. Special cases are deleted rows, other environments, settings of sites, and
large statements.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift
from tests.platform import Platform

DELETED = {("gift:g-a", "row_deleted", "")}


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    with mirrored(own_platform) as mirror:
        yield mirror


def products(mirror: Mirror) -> int:
    """Return the number of products of the catalog."""
    count: int = mirror.value("select count(*) from products where catalog_id = %s", mirror.id("catalogs:c-a"))
    return count


def test_a_written_list_does_not_restore_a_deleted_row(mirror: Mirror) -> None:
    mirror.put("gifts:all", [gift("g-1", catalogId="c-a"), gift("g-2", catalogId="c-a")])
    stale = mirror.value("select value from kv_store_6fcaeea3 where key = 'gifts:all'")
    mirror.delete("products", "gifts:all::g-1")
    assert list(mirror.items("gifts:all")) == ["g-2"]
    assert mirror.conflicts() == set()
    for name in ("Bowl", "Cup"):
        first = mirror.items("gifts:all").get("g-1", stale[0])
        mirror.put("gifts:all", [first, mirror.items("gifts:all")["g-2"] | {"name": name}])
        assert products(mirror) == 2
        assert mirror.conflicts() == {("gifts:all::g-1", "row_deleted", "")}
    assert mirror.reason("gifts:all::g-1") == "row_deleted"
    assert len(mirror.rows("select from kv.conflicts")) == 1


@pytest.mark.parametrize("key", ["gift:g-a", "gifts:g-a", "gifts:all"])
@pytest.mark.parametrize("with_revision", [True, False])
def test_a_written_document_does_not_restore_a_deleted_row(mirror: Mirror, key: str, with_revision: bool) -> None:
    stale = mirror.value("select value from kv_store_6fcaeea3 where key = 'gift:g-a'")
    mirror.delete("products", "gift:g-a")
    written = stale if with_revision else {name: stale[name] for name in stale if name != "_rev"}
    mirror.put(key, [written] if key == "gifts:all" else written)
    mirror.run()
    assert products(mirror) == 0
    full_key = "gifts:all::g-a" if key == "gifts:all" else key
    assert mirror.reason(full_key) == "row_deleted"
    assert mirror.conflicts() == {(full_key, "row_deleted", "")}
    counts = mirror.value("select kv.account('{production}')")
    assert counts["left_over"]["row_deleted"] == 1 and counts["unaccounted"] == 0


def test_deleting_a_document_removes_its_quarantine_entry(mirror: Mirror) -> None:
    stale = mirror.document("gift:g-a")
    mirror.delete("products", "gift:g-a")
    mirror.put("gift:g-a", stale)
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    assert mirror.reason("gift:g-a") is None
    mirror.put("gift:g-a", stale)
    assert (mirror.reason("gift:g-a"), products(mirror)) == ("row_deleted", 0)


def test_a_document_cannot_restore_a_row_that_was_deleted_after_the_document(mirror: Mirror) -> None:
    stale = mirror.document("gift:g-a")
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    mirror.delete("products", "gift:g-a")
    mirror.put("gift:g-a", stale)
    assert (products(mirror), mirror.conflicts()) == (0, DELETED)


def test_a_restored_row_is_linked_to_its_old_id_again(mirror: Mirror) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a"))
    mirror.database.execute("create temp table kept on commit drop as select * from products where id = %s",
                            [mirror.id("gift:g-a")])  # fmt: skip
    mirror.delete("products", "gift:g-a")
    mirror.database.execute("insert into products (id, catalog_id, sku, name, price, currency, inventory_count)"
                            " select id, catalog_id, sku, name, price, currency, 4 from kept")  # fmt: skip
    assert mirror.conflicts() == set()
    assert mirror.document("gift:g-a")["id"] == "g-a"
    mirror.put("gift:g-a", mirror.document("gift:g-a") | {"name": "Cup"})
    assert mirror.row("products", "gift:g-a")["name"] == "Cup"
    assert mirror.reason("gift:g-a") is None


def test_rows_of_another_environment_change_documents_only_if_the_environment_is_mirrored(mirror: Mirror) -> None:
    document = {"id": "x", "name": "Client x"}
    mirror.put("client:test:x", document)
    mirror.run("test")
    mirror.update("clients", "client:test:x", name="Client X")
    assert mirror.document("client:test:x") == document
    mirror.database.execute("update kv.mirror set environments = '{production,test}'")
    mirror.update("clients", "client:test:x", name="Client Y")
    assert mirror.document("client:test:x") == document | {"name": "Client Y"}
    mirror.database.execute("update kv.mirror set environments = '{test}'")
    mirror.update("clients", "client:a", name="Client A")
    mirror.database.execute("insert into catalogs (owner_client_id, name, type) values (%s, 'New', 'manual')",
                            [mirror.id("client:a")])  # fmt: skip
    assert mirror.document("client:a")["name"] == "Client a"
    assert mirror.value("select count(*) from kv_store_6fcaeea3 where key like 'catalogs:%%'") == 1


def test_a_deleted_row_of_another_environment_deletes_no_document(mirror: Mirror) -> None:
    mirror.put("client:test:x", {"id": "x", "name": "Client x"})
    mirror.run("test")
    mirror.delete("clients", "client:test:x")
    assert mirror.document("client:test:x") == {"id": "x", "name": "Client x"}
    mirror.run("test")
    assert mirror.rows("select from clients where id = %s", mirror.id("client:test:x")) == []


def excluded(mirror: Mirror) -> set[UUID]:
    """Return the products that the site excludes."""
    rows = mirror.rows("select product_id from site_product_exclusions where site_id = %s", mirror.id("site:s-a"))
    return {row["product_id"] for row in rows}


@pytest.mark.parametrize("key", ["sites:s-a:catalog_config", "site_catalog_config:s-a", "site_configs:s-a"])
def test_written_settings_of_a_site_exclude_products_immediately(mirror: Mirror, key: str) -> None:
    mirror.put("gift:drink", gift("drink", catalogId="c-a", category="Drinks"))
    settings = {"excludedSkus": ["sku-g-a"], "excludedCategories": ["drinks"], "excludedBrands": ["Acme"]}
    mirror.put(key, settings)
    assert excluded(mirror) == {mirror.id("gift:g-a"), mirror.id("gift:drink")}
    mirror.put("gift:late", gift("late", catalogId="c-a", brand="ACME"))
    mirror.put("gift:free", gift("free", catalogId="c-a"))
    assert excluded(mirror) == {mirror.id(f"gift:{name}") for name in ("g-a", "drink", "late")}
    mirror.database.execute("delete from site_product_exclusions where product_id = %s", [mirror.id("gift:late")])
    mirror.put(key, settings | {"excludedSkus": []})
    mirror.put("gift:late", gift("late", catalogId="c-a", brand="ACME", name="Cup"))
    assert excluded(mirror) == {mirror.id("gift:g-a"), mirror.id("gift:drink")}


def test_settings_that_were_written_before_their_site_exclude_products(mirror: Mirror) -> None:
    mirror.put("site_configs:s-b", {"excludedSkus": ["SKU-g-a"]})
    mirror.put("site:s-b", {"id": "s-b", "name": "Shop", "clientId": "a", "catalogId": "c-a"})
    query = "select product_id from site_product_exclusions where site_id = %s"
    assert mirror.value(query, mirror.id("site:s-b")) == mirror.id("gift:g-a")


def test_a_site_without_a_catalog_gets_the_catalog_that_its_settings_name(mirror: Mirror) -> None:
    mirror.put("site:s-b", {"id": "s-b", "name": "Shop", "clientId": "a"})
    assert mirror.row("sites", "site:s-b")["catalog_id"] is None
    mirror.put("sites:s-b:catalog_config", {"catalogId": "c-a"})
    assert mirror.row("sites", "site:s-b")["catalog_id"] == mirror.id("catalogs:c-a")


@pytest.mark.parametrize("value", [None, [], "text", {"excludedSkus": 7}, {"exclusions": [1]}, '{"excludedSkus": ["'])
def test_settings_in_an_unknown_format_exclude_no_products(mirror: Mirror, value: Any) -> None:
    mirror.put("site_configs:s-a", value)
    mirror.put("site_configs:nowhere", {"excludedSkus": ["SKU-g-a"]})
    assert excluded(mirror) == set()
    assert mirror.conflicts() == set()


def test_a_statement_maps_at_most_500_documents_and_the_backfill_maps_the_rest(mirror: Mirror) -> None:
    documents = {f"gift:m-{n:03}": gift(f"m-{n:03}", catalogId="c-a") for n in range(503)}
    mirror.database.execute("insert into kv_store_6fcaeea3 select key, value from jsonb_each(%s)", [Jsonb(documents)])
    assert products(mirror) == 501
    assert [(kind, field) for _, kind, field in mirror.conflicts()] == [("document_not_mirrored", "too_many")]
    mirror.run(size=100)
    assert products(mirror) == 504
    assert mirror.rows("select from kv.ids where fingerprint is distinct from mapped_fingerprint") == []


def test_an_update_of_the_current_row_of_a_cursor_changes_the_document(mirror: Mirror) -> None:
    mirror.put("gifts:all", [gift("g-1", catalogId="c-a")])
    ids = [mirror.id("gift:g-a"), mirror.id("gifts:all::g-1")]
    mirror.database.execute(
        f"declare prices cursor for select id from products where id in ('{ids[0]}', '{ids[1]}') for update".encode()
    )
    for price in (7, 8):
        mirror.database.execute("fetch next from prices")
        mirror.database.execute("update products set price = %s where current of prices", [price])
    mirror.database.execute("close prices")
    mirror.end()
    prices = {mirror.document("gift:g-a")["price"], mirror.items("gifts:all")["g-1"]["price"]}
    assert prices == {7, 8} == {int(mirror.row("products", key)["price"]) for key in ("gift:g-a", "gifts:all::g-1")}


def test_updates_in_a_function_that_a_cursor_calls_change_the_documents(mirror: Mirror) -> None:
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a"))
    mirror.database.execute(
        "create function pg_temp.reprice(id uuid) returns numeric language sql as"
        " 'update public.products p set price = p.price + 1 where p.id = $1 returning p.price'"
    )
    catalog = mirror.id("catalogs:c-a")
    mirror.database.execute(
        f"declare portal cursor for select pg_temp.reprice(id) from products where catalog_id = '{catalog}'".encode()
    )
    mirror.database.execute("fetch 1 from portal")
    mirror.database.execute("fetch 1 from portal")
    assert mirror.document("gift:g-a")["price"] == mirror.document("gift:g-b")["price"] == 6


def test_a_sale_does_not_read_the_settings_of_sites(mirror: Mirror) -> None:
    mirror.put("site_configs:s-a", {"excludedBrands": ["Acme"]})
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.settings_keys_of(site_ids uuid[]) returns text[]"
        " language plpgsql stable as $$ begin if cardinality(site_ids) > 0 then raise division_by_zero; end if;"
        " return '{}'; end $$; reset role"
    )
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", price=6, stock=3, name="Cup"))
    assert mirror.row("products", "gift:g-a")["inventory_count"] == 3
    mirror.put("gift:g-a", gift("g-a", catalogId="c-a", price=6, stock=3, name="Cup", brand="Acme"))
    assert mirror.row("products", "gift:g-a")["brand"] is None
    assert mirror.conflicts() == {("gift:g-a", "document_not_mirrored", "22012")}
