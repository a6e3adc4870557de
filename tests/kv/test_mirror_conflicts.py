"""Tests concurrent writes of documents and rows, and stale writes, i.e. writes that are based on an earlier revision.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift
from tests.platform import Platform

KEY = "gift:g-a"


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    with mirrored(own_platform) as mirror:
        mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity=10, color="red", settings={"a": 1, "b": 2}))
        yield mirror


def read(mirror: Mirror) -> dict[str, Any]:
    """Return the document with its revision, as an application reads it."""
    document: dict[str, Any] = mirror.value("select value from kv_store_6fcaeea3 where key = %s", KEY)
    return document


def test_a_stale_write_keeps_newer_values_of_unchanged_fields(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup", price=6)
    mirror.put(KEY, stale | {"color": "blue"})
    document = read(mirror)
    assert (document["name"], document["price"], document["color"]) == ("Cup", 6, "blue")
    row = mirror.row("products", KEY)
    assert (row["name"], row["price"]) == ("Cup", 6)
    assert mirror.conflicts() == set()


def test_a_stale_write_of_a_stock_changes_the_stock_by_the_difference(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, stale | {"availableQuantity": 8})
    assert read(mirror)["availableQuantity"] == 5
    assert mirror.row("products", KEY)["inventory_count"] == 5
    mirror.put(KEY, stale | {"availableQuantity": "9"})
    assert read(mirror)["availableQuantity"] == "4"
    assert mirror.row("products", KEY)["inventory_count"] == 4
    assert mirror.conflicts() == set()


def test_two_sales_of_the_same_number_of_pieces_reduce_the_stock_twice(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale | {"availableQuantity": 9, "updatedAt": "2026-02-20T11:00:00.000Z"})
    mirror.put(KEY, stale | {"availableQuantity": 9, "updatedAt": "2026-02-20T11:00:00.001Z"})
    assert mirror.row("products", KEY)["inventory_count"] == 8
    mirror.update("products", KEY, inventory_count=5)
    mirror.put(KEY, read(mirror) | {"_rev": stale["_rev"], "availableQuantity": 5})
    assert mirror.row("products", KEY)["inventory_count"] == 0
    assert mirror.conflicts() == set()


def test_a_stale_sale_above_the_stock_sets_the_stock_to_0_and_records_a_conflict(
    mirror: Mirror,
) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=1)
    mirror.put(KEY, stale | {"availableQuantity": 5})
    assert mirror.row("products", KEY)["inventory_count"] == 0
    assert mirror.conflicts() == {(KEY, "below_zero", "availableQuantity")}


def test_the_last_write_of_a_field_wins_and_records_a_conflict_without_values(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup")
    mirror.put(KEY, stale | {"name": "Bowl", "settings": {"a": 1, "b": 3}})
    assert mirror.row("products", KEY)["name"] == "Bowl"
    assert mirror.conflicts() == {(KEY, "both_changed", "name")}
    assert "Bowl" not in str(mirror.rows("select * from kv.conflicts"))


def test_nested_objects_are_merged_and_removed_fields_remain_removed(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale | {"settings": {"a": 5, "b": 2}, "tags": ["new"]})
    mirror.put(KEY, {k: v for k, v in stale.items() if k != "color"} | {"settings": {"a": 1, "b": 6}})
    document = read(mirror)
    assert document["settings"] == {"a": 5, "b": 6}
    assert document["tags"] == ["new"]
    assert "color" not in document


@pytest.mark.parametrize("sold_by_the_platform", [False, True])
def test_a_repeated_write_reduces_the_stock_once(mirror: Mirror, sold_by_the_platform: bool) -> None:
    stale = read(mirror)
    sale = stale | {"availableQuantity": 9, "name": "Cup", "updatedAt": "2026-02-20T11:00:00.000Z"}
    mirror.put(KEY, sale)
    if sold_by_the_platform:
        mirror.update("products", KEY, inventory_count=4, name="Bowl")
    before = read(mirror)
    mirror.put(KEY, sale)
    mirror.put(KEY, dict(reversed(sale.items())))
    assert read(mirror) == before
    assert mirror.row("products", KEY)["inventory_count"] == (4 if sold_by_the_platform else 9)
    assert mirror.conflicts() == set()


def test_a_repeated_sale_without_a_write_time_counts_once(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale | {"availableQuantity": 9})
    mirror.put(KEY, stale | {"availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 9
    assert mirror.conflicts() == {(KEY, "sale_in_doubt", "updatedAt")}


def test_repeating_a_write_without_a_sale_causes_no_conflict(mirror: Mirror) -> None:
    stale = read(mirror)
    for _ in range(2):
        mirror.put(KEY, stale | {"name": "Cup"})
    assert mirror.conflicts() == set()


def test_a_repeated_stale_write_is_merged_once(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=8)
    for _ in range(3):
        mirror.put(KEY, stale | {"availableQuantity": 7})
    assert mirror.row("products", KEY)["inventory_count"] == 5


def test_a_sale_in_the_platform_does_not_count_as_a_repeated_write(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, stale | {"availableQuantity": 7})
    assert mirror.row("products", KEY)["inventory_count"] == 4


def test_the_first_write_of_a_recreated_document_does_not_count_as_a_repeated_write(mirror: Mirror) -> None:
    for key in ("gift:new", "gifts:all"):
        for _ in range(2):
            new = gift("new", catalogId="c-a", sku="NEW")
            mirror.put(key, new if key == "gift:new" else [new])
            changed = new | {"_rev": 1, "name": "Cup"}
            mirror.put(key, changed if key == "gift:new" else [changed])
            assert "Cup" in str(mirror.document(key))
            mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])


def test_a_write_without_a_revision_replaces_all_fields_except_the_stock(mirror: Mirror) -> None:
    mirror.update("products", KEY, name="Cup", inventory_count=6)
    mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity=9))
    assert mirror.document(KEY) == gift("g-a", catalogId="c-a", availableQuantity=6)
    assert mirror.row("products", KEY)["inventory_count"] == 6
    assert mirror.conflicts() == {(KEY, "base_unknown", "availableQuantity")}


def test_a_write_without_a_revision_causes_no_conflict_if_the_stock_is_unchanged(mirror: Mirror) -> None:
    mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity="10", name="Cup"))
    assert mirror.document(KEY) == gift("g-a", catalogId="c-a", availableQuantity="10", name="Cup")
    assert mirror.conflicts() == set()


FORMS_OF_STOCK: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"quantity": 10}, {"quantity": 12}, {"quantity": 6}),
    ({"stock": 10}, {"availableQuantity": "12"}, {"availableQuantity": "6"}),
    ({"inventory": {"available": 10, "on": 1}}, {"inventory": {"available": 12}}, {"inventory": {"available": 6}}),
    ({"inventory": {"available": 10}}, {"inventory": 12}, {"inventory": 6}),
    ({"available_quantity": 10}, {}, {"available_quantity": 6}),
    ({"stock": 10}, {"stock": "many"}, {"stock": 6}),
    ({"stock": 10}, {"stock": None}, {"stock": 6}),
]


@pytest.mark.parametrize(("before", "stated", "after"), FORMS_OF_STOCK)
def test_a_write_without_a_revision_does_not_change_a_stock_in_any_format(
    mirror: Mirror, before: dict[str, Any], stated: dict[str, Any], after: dict[str, Any]
) -> None:
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a", **before))
    mirror.update("products", "gift:g-b", inventory_count=6)
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a", **stated))
    assert mirror.document("gift:g-b") == gift("g-b", catalogId="c-a", **after)
    assert mirror.row("products", "gift:g-b")["inventory_count"] == 6
    assert {kind for _, kind, _ in mirror.conflicts()} == {"base_unknown"}


def test_a_write_without_a_revision_can_add_a_stock_to_a_gift_without_stock(mirror: Mirror) -> None:
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a"))
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a", stock=3))
    assert mirror.row("products", "gift:g-b")["inventory_count"] == 3
    assert mirror.conflicts() == set()


@pytest.mark.parametrize("revision", ["forgotten", "future"])
def test_a_write_with_an_unknown_revision_keeps_the_stock_and_records_a_conflict(mirror: Mirror, revision: str) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup", inventory_count=6)
    mirror.database.execute("update kv.history set replaced_at = now() - interval '11 minutes'")
    stated = stale["_rev"] if revision == "forgotten" else 999
    mirror.put(KEY, stale | {"color": "blue", "availableQuantity": 9, "_rev": stated})
    document = read(mirror)
    assert (document["name"], document["color"], document["availableQuantity"]) == ("Mug", "blue", 6)
    assert mirror.row("products", KEY)["inventory_count"] == 6
    assert mirror.conflicts() == {(KEY, "base_unknown", ""), (KEY, "base_unknown", "availableQuantity")}


def test_a_write_without_changes_does_not_shorten_the_retention_of_its_base_version(
    mirror: Mirror,
) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale)
    mirror.database.execute("update kv.history set replaced_at = now() - interval '11 minutes'")
    mirror.update("products", KEY, inventory_count=6)
    mirror.put(KEY, stale | {"availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 5
    assert mirror.conflicts() == set()


def test_a_document_inside_a_json_string_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    stale = gift("g-b", catalogId="c-a", stock=10)
    mirror.put("gift:g-b", json.dumps(stale))
    mirror.update("products", "gift:g-b", inventory_count=6)
    mirror.put("gift:g-b", json.dumps(stale | {"name": "Cup"}))
    assert json.loads(mirror.document("gift:g-b")) == stale | {"name": "Cup", "stock": 6}
    assert mirror.row("products", "gift:g-b")["inventory_count"] == 6


@pytest.mark.parametrize("key", [KEY, "gift:production:g-a"])
def test_a_document_that_determines_its_row_again_does_not_restore_sold_pieces(mirror: Mirror, key: str) -> None:
    stale = read(mirror)
    if key == KEY:
        mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])
    mirror.update("products", KEY, inventory_count=6)
    mirror.put(key, stale | {"name": "Cup"})
    row = mirror.row("products", key)
    assert (row["name"], row["inventory_count"]) == ("Cup", 6)
    assert mirror.document(key)["availableQuantity"] == 6
    assert (key, "base_unknown", "availableQuantity") in mirror.conflicts()


def test_an_alias_that_replaces_a_deleted_document_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Old cup", stock=99))
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [KEY])
    row = mirror.row("products", "gifts:g-a")
    assert (row["name"], row["inventory_count"]) == ("Old cup", 10)
    assert mirror.document("gifts:g-a")["stock"] == 10


def test_a_stock_in_a_field_named_quantity_is_merged_in_a_stale_write(mirror: Mirror) -> None:
    mirror.put("gift:g-b", gift("g-b", catalogId="c-a", quantity=10))
    stale = mirror.value("select value from kv_store_6fcaeea3 where key = 'gift:g-b'")
    mirror.update("products", "gift:g-b", inventory_count=7)
    mirror.put("gift:g-b", stale | {"quantity": 9})
    assert mirror.document("gift:g-b")["quantity"] == 6
    assert mirror.row("products", "gift:g-b")["inventory_count"] == 6


def test_writing_the_same_document_again_creates_no_new_revision(mirror: Mirror) -> None:
    document = read(mirror)
    mirror.put(KEY, document)
    mirror.put(KEY, {k: v for k, v in document.items() if k != "_rev"})
    assert read(mirror) == document


@pytest.mark.parametrize("revision", ["1", -1, 1.5, True, None, [], 10**30, "x" * 1000, {"a": 1}])
def test_a_revision_that_is_not_a_number_is_ignored(mirror: Mirror, revision: Any) -> None:
    before = read(mirror)["_rev"]
    mirror.put(KEY, read(mirror) | {"_rev": revision, "name": "Cup"})
    assert read(mirror)["_rev"] == before + 1
    assert mirror.row("products", KEY)["name"] == "Cup"


@pytest.mark.parametrize("value", ["text", 5, None, [1], '{"id": "g-a", "availableQuantity": 10}'])
def test_a_document_that_is_not_an_object_is_stored_unchanged(mirror: Mirror, value: Any) -> None:
    mirror.put(KEY, value)
    assert mirror.value("select value from kv_store_6fcaeea3 where key = %s", KEY) == value
    mirror.update("products", KEY, brand="Acme")
    mirror.put(KEY, gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.row("products", KEY)["name"] == "Bowl"


def test_documents_without_a_revision_get_a_revision_before_they_are_read(mirror: Mirror) -> None:
    mirror.database.execute("alter table kv_store_6fcaeea3 disable trigger mirror_revision")
    mirror.database.execute("update kv_store_6fcaeea3 set value = value - '_rev'")
    mirror.put("session:x", {"token": "x"})
    mirror.database.execute("alter table kv_store_6fcaeea3 enable always trigger mirror_revision")
    mirror.database.execute("create or replace function kv.require_super_admin() returns void language sql as ''")
    key: str | None = ""
    while key is not None:
        key = mirror.value("select kv.give_revisions(%s, 2)", key)
    assert mirror.value("select count(*) from kv_store_6fcaeea3 where not value ? '_rev'") == 1
    assert mirror.rows("select from kv.ids where fingerprint is distinct from mapped_fingerprint") == []
    stale = read(mirror)
    assert stale["_rev"] == 0
    mirror.update("products", KEY, inventory_count=4)
    mirror.put(KEY, stale | {"availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 3


def test_a_document_of_the_maximum_size_can_be_written(mirror: Mirror) -> None:
    fill = 6_000_000 - len(str(Jsonb(gift("g-a", catalogId="c-a", fill="")).obj).replace("'", '"')) - 20
    mirror.put(KEY, gift("g-a", catalogId="c-a", fill="x" * fill, name="Cup"))
    assert mirror.row("products", KEY)["name"] == "Cup"


def test_a_document_that_leaves_the_quarantine_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    mirror.put(KEY, read(mirror) | {"price": "?"})
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, read(mirror) | {"price": 5, "availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 7
    assert mirror.document(KEY)["availableQuantity"] == 7
    assert (KEY, "base_unknown", "availableQuantity") in mirror.conflicts()
    mirror.put(KEY, read(mirror) | {"availableQuantity": 6})
    assert mirror.row("products", KEY)["inventory_count"] == 6


def test_a_document_that_leaves_the_quarantine_gets_the_stock_of_its_row(mirror: Mirror) -> None:
    mirror.put(KEY, read(mirror) | {"price": "?"})
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, read(mirror) | {"price": 5})
    assert (mirror.row("products", KEY)["inventory_count"], mirror.document(KEY)["availableQuantity"]) == (7, 7)
    assert {kind for _, kind, _ in mirror.conflicts()} == {"row_not_mirrored"}
    mirror.put(KEY, read(mirror) | {"availableQuantity": 6})
    assert mirror.row("products", KEY)["inventory_count"] == 6


def test_sales_of_an_old_application_during_the_quarantine_reduce_the_stock(mirror: Mirror) -> None:
    mirror.put(KEY, read(mirror) | {"price": "?"})
    mirror.put(KEY, read(mirror) | {"price": 5, "availableQuantity": 8})
    assert (mirror.row("products", KEY)["inventory_count"], mirror.document(KEY)["availableQuantity"]) == (8, 8)


def test_a_quarantined_document_of_a_row_with_two_documents_does_not_restore_sold_pieces(
    mirror: Mirror,
) -> None:
    mirror.put("gifts:g-a", gift("g-a", catalogId="c-a", availableQuantity=10))
    mirror.put(KEY, read(mirror) | {"catalogId": "nowhere"})
    mirror.database.execute(
        "update kv.ids set mapped_fingerprint = fingerprint, state = 'mapped' where key = 'gifts:g-a'"
    )
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, read(mirror) | {"catalogId": "c-a", "availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 7


@pytest.mark.parametrize("broken", ["text", [1], None])
def test_replacing_an_invalid_document_does_not_restore_sold_pieces(mirror: Mirror, broken: Any) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, broken)
    mirror.put(KEY, stale | {"name": "Cup"})
    row = mirror.row("products", KEY)
    assert (row["name"], row["inventory_count"]) == ("Cup", 7)
    assert mirror.document(KEY)["availableQuantity"] == 7
    assert read(mirror)["_rev"] > stale["_rev"] + 1000


def test_a_repair_from_documents_copies_the_stock_into_the_row(mirror: Mirror) -> None:
    mirror.database.execute("create or replace function kv.require_super_admin() returns void language sql as ''")
    with mirror.unnoticed():
        mirror.update("products", KEY, inventory_count=7)
    mirror.database.execute("select kv.repair_row('product', %s, %s)", [KEY, mirror.id(KEY)])
    assert mirror.row("products", KEY)["inventory_count"] == 10


def test_a_recreated_document_has_different_revisions_than_the_deleted_document(
    mirror: Mirror,
) -> None:
    stale = read(mirror)
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [KEY])
    mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity=10))
    first = read(mirror)["_rev"]
    for number in range(4):
        mirror.put(KEY, read(mirror) | {"availableQuantity": 9 - number})
        assert read(mirror)["_rev"] not in range(stale["_rev"] + 5)
    mirror.put(KEY, stale | {"name": "Cup"})
    assert (read(mirror)["_rev"], read(mirror)["availableQuantity"]) == (first + 5, 6)
    assert mirror.row("products", KEY)["inventory_count"] == 6


def test_the_document_of_a_restored_row_has_a_new_revision(mirror: Mirror) -> None:
    stale = read(mirror)
    row = mirror.row("products", KEY)
    mirror.delete("products", KEY)
    mirror.database.execute(
        "insert into products (id, catalog_id, sku, name, price, currency) values (%s, %s, 'X', 'Mug', 5, 'EUR')",
        [row["id"], row["catalog_id"]],
    )
    assert read(mirror)["_rev"] > stale["_rev"] + 1000
