"""Writes of documents whose base is an earlier revision, and writers of both worlds at the same time.

The module has a cloud of its own, because the mirror is switched for a whole platform.
"""

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
    """A store with the client `a`, its catalog, site and gift, whose mirror is on."""
    with mirrored(own_platform) as mirror:
        mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity=10, color="red", settings={"a": 1, "b": 2}))
        yield mirror


def read(mirror: Mirror) -> dict[str, Any]:
    """Return the document with its revision, as an application reads it."""
    document: dict[str, Any] = mirror.value("select value from kv_store_6fcaeea3 where key = %s", KEY)
    return document


def test_a_stale_write_keeps_the_fields_that_it_did_not_change(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup", price=6)
    mirror.put(KEY, stale | {"color": "blue"})
    document = read(mirror)
    assert (document["name"], document["price"], document["color"]) == ("Cup", 6, "blue")
    row = mirror.row("products", KEY)
    assert (row["name"], row["price"]) == ("Cup", 6)
    assert mirror.conflicts() == set()


def test_a_stale_write_of_the_stock_changes_it_by_the_difference(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=7)
    mirror.put(KEY, stale | {"availableQuantity": 8})
    assert read(mirror)["availableQuantity"] == 5
    assert mirror.row("products", KEY)["inventory_count"] == 5
    mirror.put(KEY, stale | {"availableQuantity": "9"})
    assert read(mirror)["availableQuantity"] == "4"
    assert mirror.row("products", KEY)["inventory_count"] == 4
    assert mirror.conflicts() == set()


def test_two_writers_who_sell_the_same_number_sell_twice(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale | {"availableQuantity": 9})
    mirror.put(KEY, stale | {"availableQuantity": 9})
    assert mirror.row("products", KEY)["inventory_count"] == 8
    mirror.update("products", KEY, inventory_count=5)
    mirror.put(KEY, read(mirror) | {"_rev": stale["_rev"], "availableQuantity": 5})
    assert mirror.row("products", KEY)["inventory_count"] == 0
    assert mirror.conflicts() == set()


def test_a_stale_write_that_sells_more_than_the_stock_leaves_0_and_is_noted(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, inventory_count=1)
    mirror.put(KEY, stale | {"availableQuantity": 5})
    assert mirror.row("products", KEY)["inventory_count"] == 0
    assert mirror.conflicts() == {(KEY, "below_zero", "availableQuantity")}


def test_the_last_writer_wins_a_field_that_both_changed_and_it_is_noted_without_its_value(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup")
    mirror.put(KEY, stale | {"name": "Bowl", "settings": {"a": 1, "b": 3}})
    assert mirror.row("products", KEY)["name"] == "Bowl"
    assert mirror.conflicts() == {(KEY, "both_changed", "name")}
    assert "Bowl" not in str(mirror.rows("select * from kv.conflicts"))


def test_objects_inside_are_merged_and_removed_fields_stay_removed(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.put(KEY, stale | {"settings": {"a": 5, "b": 2}, "tags": ["new"]})
    mirror.put(KEY, {k: v for k, v in stale.items() if k != "color"} | {"settings": {"a": 1, "b": 6}})
    document = read(mirror)
    assert document["settings"] == {"a": 5, "b": 6}
    assert document["tags"] == ["new"]
    assert "color" not in document


def test_a_write_without_a_revision_replaces_the_document(mirror: Mirror) -> None:
    mirror.update("products", KEY, name="Cup")
    mirror.put(KEY, gift("g-a", catalogId="c-a"))
    assert mirror.document(KEY) == gift("g-a", catalogId="c-a")
    assert mirror.conflicts() == set()


def test_a_write_whose_base_is_forgotten_wins_and_is_noted(mirror: Mirror) -> None:
    stale = read(mirror)
    mirror.update("products", KEY, name="Cup")
    mirror.database.execute("update kv.history set replaced_at = now() - interval '11 minutes'")
    mirror.put(KEY, stale | {"color": "blue"})
    assert read(mirror)["name"] == "Mug"
    assert mirror.conflicts() == {(KEY, "base_unknown", "")}


def test_writing_the_same_document_again_makes_no_revision(mirror: Mirror) -> None:
    document = read(mirror)
    mirror.put(KEY, document)
    mirror.put(KEY, {k: v for k, v in document.items() if k != "_rev"})
    assert read(mirror) == document


@pytest.mark.parametrize("revision", ["1", -1, 1.5, True, None, [], 10**30, "x" * 1000, {"a": 1}])
def test_a_revision_that_is_no_number_counts_as_none(mirror: Mirror, revision: Any) -> None:
    before = read(mirror)["_rev"]
    mirror.put(KEY, read(mirror) | {"_rev": revision, "name": "Cup"})
    assert read(mirror)["_rev"] == before + 1
    assert mirror.row("products", KEY)["name"] == "Cup"


@pytest.mark.parametrize("value", ["text", 5, None, [1], '{"id": "g-a", "name": "Cup"}'])
def test_a_document_that_is_no_object_is_stored_as_it_is(mirror: Mirror, value: Any) -> None:
    mirror.put(KEY, value)
    assert mirror.value("select value from kv_store_6fcaeea3 where key = %s", KEY) == value
    mirror.update("products", KEY, brand="Acme")
    mirror.put(KEY, gift("g-a", catalogId="c-a", name="Bowl"))
    assert mirror.row("products", KEY)["name"] == "Bowl"


def test_documents_without_a_revision_get_one_before_they_are_read(mirror: Mirror) -> None:
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


def test_a_document_of_the_greatest_size_is_written(mirror: Mirror) -> None:
    fill = 6_000_000 - len(str(Jsonb(gift("g-a", catalogId="c-a", fill="")).obj).replace("'", '"')) - 20
    mirror.put(KEY, gift("g-a", catalogId="c-a", fill="x" * fill, name="Cup"))
    assert mirror.row("products", KEY)["name"] == "Cup"
