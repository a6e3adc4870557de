"""Tests changes of both a document and its row since the last mapping of the document."""

from typing import Any

import pytest

from tests.kv.moving import Move, gift

SITE = {"id": "s-a", "name": "Shop", "clientId": "a", "catalogId": "c-a", "status": "active"}
CATALOG = {"id": "c-a", "name": "Range", "type": "manual", "ownerId": "a", "status": "active"}
DOCUMENTS = [("sites", "site:s-a", SITE), ("catalogs", "catalogs:c-a", CATALOG)]


def change(move: Move, table: str, key: str, **values: Any) -> None:
    """Change the row of a document, as an operator does."""
    for column, value in values.items():
        move.database.execute(f"update {table} set {column} = %s where id = %s".encode(), [value, move.id(key)])


@pytest.mark.parametrize(("table", "key", "document"), DOCUMENTS)
def test_a_document_does_not_reactivate_a_row_that_was_deactivated_in_the_platform(
    move: Move, table: str, key: str, document: Any
) -> None:
    move.put(key, document)
    move.run()
    change(move, table, key, status="inactive")
    for name in ("Renamed", "Renamed again"):
        move.put(key, {**document, "name": name})
        move.run()
        row = move.row(table, key)
        assert (row["status"], row["name"]) == ("inactive", name)
        assert "kept" in move.notes(key)
    move.put(key, {**document, "status": "draft"})
    move.run()
    assert move.row(table, key)["status"] == "inactive"
    assert move.value("select value ->> 'status' from kv.remainders where key = %s", key) == "draft"


@pytest.mark.parametrize(("table", "key", "document"), DOCUMENTS)
def test_a_row_gets_a_status_that_was_changed_only_in_the_document(
    move: Move, table: str, key: str, document: Any
) -> None:
    move.put(key, document)
    move.run()
    for status, expected in (("suspended", "inactive"), ("active", "active"), ("draft", "draft")):
        move.put(key, {**document, "status": status})
        move.run()
        assert move.row(table, key)["status"] == expected
        assert "kept" not in move.notes(key)


def test_a_changed_document_changes_a_row_that_was_equal_to_the_document(move: Move) -> None:
    move.run()
    change(move, "sites", "site:s-a", status="inactive")
    for status, expected in (("draft", "inactive"), ("inactive", "inactive"), ("active", "active")):
        move.put("site:s-a", {**SITE, "status": status})
        move.run()
        assert move.row("sites", "site:s-a")["status"] == expected


def test_a_row_without_a_recorded_base_version_keeps_its_status(move: Move) -> None:
    move.run()
    move.database.execute("update kv.ids set base = null")
    change(move, "sites", "site:s-a", status="inactive")
    move.put("site:s-a", {**SITE, "name": "Renamed"})
    move.run()
    row = move.row("sites", "site:s-a")
    assert (row["status"], row["name"]) == ("inactive", "Renamed")


def test_only_a_changed_field_of_a_document_changes_its_row(move: Move) -> None:
    document = gift("g-a", catalogId="c-a", description="Old", availableQuantity=9, attributes={"a": 1})
    move.put("gift:g-a", document)
    move.run()
    change(move, "products", "gift:g-a", name="Ours", price=7.5, inventory_count=3, description=None)
    move.put("gift:g-a", {**document, "sku": "NEW"})
    move.run()
    row = move.row("products", "gift:g-a")
    assert (row["name"], row["price"], row["inventory_count"], row["sku"]) == ("Ours", 7.5, 3, "NEW")
    assert (row["description"], row["attributes"]) == (None, {"a": 1})
    move.put("gift:g-a", {**document, "sku": "NEW", "name": "Theirs", "price": 8, "availableQuantity": 5})
    move.run()
    row = move.row("products", "gift:g-a")
    assert (row["name"], row["price"], row["inventory_count"]) == ("Theirs", 8, 5)


def test_a_field_that_was_removed_from_a_document_counts_as_changed(move: Move) -> None:
    move.put("client:a", {"id": "a", "name": "Client a", "description": "Old", "contactEmail": "a@b.example"})
    move.run()
    change(move, "clients", "client:a", contact_email="ours@b.example")
    move.put("client:a", {"id": "a", "name": "Client a", "contactEmail": "a@b.example"})
    move.run()
    row = move.row("clients", "client:a")
    assert (row["description"], row["contact_email"]) == (None, "ours@b.example")


def test_an_sku_change_in_the_platform_is_not_checked_for_duplicates(move: Move) -> None:
    move.run()
    change(move, "products", "gift:g-a", sku="OURS")
    move.put("gift:g-b", gift("g-b", catalogId="c-a", sku="SKU-g-a"))
    move.put("gift:g-a", gift("g-a", catalogId="c-a", category="New"))
    move.run()
    assert move.reason("gift:g-a") is None
    assert move.row("products", "gift:g-a")["sku"] == "OURS"
    assert move.row("products", "gift:g-b")["sku"] == "SKU-g-a"


def test_a_document_that_leaves_the_quarantine_is_compared_with_its_mapped_version(move: Move) -> None:
    move.run()
    change(move, "products", "gift:g-a", name="Ours")
    move.put("gift:g-a", gift("g-a", catalogId="c-a", price="?"))
    move.run()
    assert move.reason("gift:g-a") == "price_unreadable"
    move.put("gift:g-a", gift("g-a", catalogId="c-a", price=6))
    move.run()
    row = move.row("products", "gift:g-a")
    assert (row["name"], row["price"]) == ("Ours", 6)


def test_the_recorded_base_version_of_a_document_contains_only_hashes_of_values(move: Move) -> None:
    move.put("client:a", {"id": "a", "name": "Client a", "contactEmail": "planted@b.example"})
    move.run()
    bases = move.rows("select key, base from kv.ids where base is not null order by key")
    assert [row["key"] for row in bases] == ["catalogs:c-a", "client:a", "gift:g-a", "site:s-a"]
    assert "planted" not in str(bases) and "Client" not in str(bases)
