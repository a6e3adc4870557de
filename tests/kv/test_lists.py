"""Tests whole documents inside lists.

A record that exists only in a list becomes a row, and each document is counted once.
"""

from typing import Any

import pytest

from tests.kv.moving import Move, gift, order


def only(move: Move, prefix: str) -> str:
    """Return the key of the only document in a list whose key begins with the prefix."""
    [row] = move.rows("select key from kv.ids where list is not null and starts_with(key, %s)", prefix)
    key: str = row["key"]
    return key


def states(move: Move) -> dict[str, str]:
    """Map the key of each document in a list to its outcome."""
    rows = move.rows("select key, state, alias from kv.ids where list is not null order by key")
    return {row["key"]: "alias" if row["alias"] and row["state"] == "mapped" else row["state"] for row in rows}


def test_a_gift_that_exists_only_in_a_list_becomes_a_product(move: Move) -> None:
    move.put("gifts:all", [gift("g-only", catalogId="c-a", name="Lamp", price="7,50 €"), "g-gone", {"id": "g-none"}])
    move.run()
    product = move.row("products", "gifts:all::g-only")
    assert (product["name"], float(product["price"])) == ("Lamp", 7.5)
    assert "price_from_text" in move.notes("gifts:all::g-only")
    counts = move.value("select kv.account('{production}')")
    assert (counts["documents"], counts["rows"], counts["left_over"]) == (6, 5, {"list": 1})
    assert move.rows("select * from kv.index_lists()") == [{"dangling": 2, "repeated": 0}]


def test_a_document_has_priority_over_its_copy_in_a_list(move: Move) -> None:
    move.put("gifts:all", [gift("g-a", catalogId="c-a", name="Stale", extra=1), gift("g-b", catalogId="c-a")])
    move.put("gifts:g-b", gift("g-b", catalogId="c-a"))
    move.run()
    assert move.row("products", "gift:g-a")["name"] == "Mug"
    assert move.id("gifts:all::g-a") == move.id("gift:g-a")
    assert (move.notes("gifts:all::g-a"), move.notes("gifts:all::g-b")) == ({"other_document"}, {"same_document"})
    remainders = move.rows("select key, value from kv.remainders where key like 'gifts:all::%%'")
    assert remainders == [{"key": "gifts:all::g-a", "value": {"name": "Stale", "extra": 1}}]
    counts = move.value("select kv.account('{production}')")
    assert (counts["documents"], counts["rows"], counts["aliases"]) == (8, 5, 2)


def test_the_list_copy_of_a_quarantined_document_is_quarantined(move: Move) -> None:
    move.put("gift:g-b", gift("g-b", catalogId="c-a", price="on request"))
    move.put("gifts:all", [gift("g-b", catalogId="c-a", price=3)])
    move.run()
    assert move.reason("gift:g-b") == move.reason("gifts:all::g-b") == "price_unreadable"
    move.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-b'")
    move.run()
    assert move.row("products", "gifts:all::g-b")["price"] == 3


def test_a_list_of_any_type_can_contain_the_only_copy_of_a_document(move: Move) -> None:
    move.put("clients:all", [{"id": "x", "name": "Client x"}])
    move.put("catalogs:all", [{"id": "c-x", "name": "Range", "type": "manual", "ownerId": "x"}])
    move.put("sites:all", [{"id": "s-x", "name": "Shop", "clientId": "x", "catalogId": "c-x"}])
    move.put("catalog_gifts:c-x", [gift("g-x")])  # Only the key of the list contains the catalog of the gift.
    move.put("orders:all", [order("o-1", siteId="s-x", giftId="g-x")])
    move.put("order_index:by_site:s-x", [order("o-2", siteId="s-x", giftId="g-x")])
    move.put("user_orders:u", [order("o-3", siteId="s-x", giftId="g-x")])
    move.put("catalog_index:by_type:manual", [{"id": "c-y", "name": "Other", "type": "manual", "ownerId": "x"}])
    move.put("employees:all", [{"id": "e-1", "name": "Nobody"}])
    move.run()
    assert set(states(move).values()) == {"mapped"} and len(states(move)) == 8
    client = move.id("clients:all::x")
    assert move.row("catalogs", "catalog_index:by_type:manual::c-y")["owner_client_id"] == client
    assert move.row("products", "catalog_gifts:c-x::g-x")["catalog_id"] == move.id("catalogs:all::c-x")
    for key in ("orders:all::o-1", "order_index:by_site:s-x::o-2", "user_orders:u::o-3"):
        assert move.row("orders", key)["client_id"] == client


def test_a_document_in_a_list_cannot_refer_to_data_of_another_client(move: Move) -> None:
    move.tenant("b")
    move.put("sites:all", [{"id": "s-x", "name": "Shop", "clientId": "b", "catalogId": "c-a"}])
    move.put("catalogs:all", [{"id": "c-a", "name": "Taken", "type": "manual", "ownerId": "b"}])
    move.run()
    assert move.reason("sites:all::s-x") == "catalog_of_another_client"
    assert move.row("catalogs", "catalogs:c-a")["owner_client_id"] == move.id("client:a")


HOSTILE: list[tuple[Any, str, str | None]] = [
    (gift("100%_wool", catalogId="c-a"), "gifts:all::100%_wool", None),
    (gift("%", catalogId="c-a"), "gifts:all::%", None),
    (gift("_", catalogId="c-a"), "gifts:all::_", None),
    ({**gift("7", catalogId="c-a"), "id": 7}, "gifts:all::7", None),
    (gift("\\u0000", catalogId="c-a"), "gifts:all::\\u0000", None),
    (gift("gift:keyed", catalogId="c-a"), "gifts:all::gift:keyed", None),
    (gift("a:b:c:d", catalogId="c-a"), "gifts:all::a:b:c:d", "id_of_another_record"),
    (gift("x::y", catalogId="c-a"), "gifts:all:::", "id_of_another_record"),
    (gift(":x", catalogId="c-a"), "gifts:all:::", "id_of_another_record"),
    (gift("x" * 201, catalogId="c-a"), "gifts:all:::", "id_too_long"),
    ({**gift("x", catalogId="c-a"), "id": ["x"]}, "gifts:all:::", "no_id"),
    ({**gift("x", catalogId="c-a"), "id": {"x": 1}}, "gifts:all:::", "no_id"),
    ({**gift("x", catalogId="c-a"), "id": True}, "gifts:all:::", "no_id"),
    ({"name": "Nobody", "price": 1}, "gifts:all:::", "no_id"),
    (gift("[object Object]", catalogId="c-a"), "gifts:all::[object Object]", "no_id"),
]


@pytest.mark.parametrize(("item", "key", "reason"), HOSTILE)
def test_a_hostile_document_in_a_list_does_not_block_other_documents(
    move: Move, item: Any, key: str, reason: str | None
) -> None:
    move.put("gifts:all", [item, [item], [[]], None, True, 1.5, {}, "", gift("g-good", catalogId="c-a")])
    move.run()
    full_key = only(move, key)
    assert move.reason(full_key) == reason
    if reason is None:
        assert move.row("products", full_key)["name"] == "Mug"
    assert move.row("products", "gifts:all::g-good")["name"] == "Mug"
    counts = move.value("select kv.account('{production}')")
    assert (counts["documents"], counts["quarantined"], counts["unaccounted"]) == (7, int(reason is not None), 0)


def test_two_documents_in_a_list_with_the_same_id_become_one_product(move: Move) -> None:
    first = gift("g-x", catalogId="c-a", name="First")
    move.put("gifts:all", [first, gift("g-x", catalogId="c-a", name="Second"), first, {"id": "g-x"}, "g-x"])
    move.run()
    assert states(move) == {"gifts:all::g-x": "mapped", "gifts:all::g-x::2": "alias"}
    assert move.row("products", "gifts:all::g-x")["name"] == "First"
    assert move.value("select value from kv.remainders where key = 'gifts:all::g-x::2'") == {"name": "Second"}
    assert move.rows("select * from kv.index_lists()") == [{"dangling": 0, "repeated": 1}]


def test_several_documents_without_an_id_are_counted_separately(move: Move) -> None:
    move.put("gifts:all", [{"name": "A", "price": 1}, {"name": "B", "price": 1}, {"name": "A", "price": 1}])
    move.run()
    counts = move.value("select kv.account('{production}')")
    assert (counts["documents"], counts["quarantined"], counts["unaccounted"]) == (7, 2, 0)


def test_the_computed_keys_of_documents_in_lists_are_unique(move: Move) -> None:
    """The test uses a user name that ends like a computed key, and stores a document under a computed key."""
    for user, id in (("u", "v::o"), ("u::v", "o"), ("u:", "o"), ("u", ":o")):
        name = f"user_orders:{user}"
        items = move.rows("select value from kv_store_6fcaeea3 where key = %s", name)
        move.put(name, [*(items[0]["value"] if items else []), order(id)])
    move.put("gifts:all::g-x", gift("g-y", catalogId="c-a"))
    move.put("gifts:all", [gift("g-x", catalogId="c-a")])
    move.run()
    assert len(states(move)) == 5
    assert move.row("products", "gifts:all::g-x")["sku"] == "SKU-g-x"
    counts = move.value("select kv.account('{production}')")
    assert counts["left_over"]["unknown"] == 1 and counts["unaccounted"] == 0


@pytest.mark.parametrize("value", [{"id": "g-x"}, "g-x", 7, None, '[{"id": "g-x", "price'])
def test_a_list_key_whose_value_is_not_a_list_contains_no_documents(move: Move, value: Any) -> None:
    move.put("gifts:all", value)
    move.run()
    assert states(move) == {}


def test_lists_and_documents_inside_a_json_string_are_parsed(move: Move) -> None:
    move.put(
        "gifts:all", '[{"id": "g-x", "name": "Mug", "sku": "X", "price": 5, "currency": "EUR", "catalogId": "c-a"}]'
    )
    move.put("catalog_gifts:c-a", ['{"id": "g-y", "name": "Mug", "price": 5, "currency": "EUR"}'])
    move.run()
    assert set(states(move).values()) == {"mapped"} and len(states(move)) == 2


def test_an_order_in_a_list_can_have_a_complete_key_as_its_id(move: Move) -> None:
    key = "order:s-a:0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d"
    move.put(key, order(key, siteId=None))
    move.put("user_orders:u", [order(key, siteId="s-a"), order("order:s-a:0197a5c0-6f3b-7d52-9c1e-000000000000")])
    move.run()
    assert move.id(f"user_orders:u::{key}") == move.id(key)
    assert list(states(move).values()) == ["mapped", "alias"]


def test_removing_a_gift_from_its_list_keeps_the_row_of_the_gift(move: Move) -> None:
    move.put("gifts:all", [gift("g-x", catalogId="c-a"), gift("g-y", catalogId="c-a")])
    move.run()
    move.put("gifts:all", [gift("g-x", catalogId="c-a", name="Renamed")])
    move.run()
    assert states(move) == {"gifts:all::g-x": "mapped", "gifts:all::g-y": "gone"}
    assert move.row("products", "gifts:all::g-x")["name"] == "Renamed"
    assert move.row("products", "gifts:all::g-y")["is_active"] is True
    move.put("gift:g-x", gift("g-x", catalogId="c-a", name="Own key"))
    move.database.execute("delete from kv_store_6fcaeea3 where key = 'gifts:all'")
    move.run()
    assert move.row("products", "gift:g-x")["name"] == "Own key"
    assert set(states(move).values()) == {"gone"}


def test_no_secret_of_a_document_in_a_list_is_copied(move: Move) -> None:
    secrets = {"source": {"apiConfig": {"credentials": {"password": "planted"}}}, "ftpPassword": "planted"}
    move.put("catalogs:all", [{"id": "c-x", "name": "Range", "type": "erp", "ownerId": "a", **secrets}])
    move.put("catalogs:c-y", {"id": "c-y", "name": "Range", "type": "erp", "ownerId": "a"})
    move.put("catalog_index:by_type:erp", [{"id": "c-y", "name": "Range", "ownerId": "a", **secrets}])
    move.run()
    for table in ("catalogs", "kv.ids", "kv.remainders", "kv.notes", "kv.quarantine"):
        assert move.value(f"select count(*) from {table} t where t::text like '%%planted%%'") == 0


def test_the_documents_of_a_list_of_5_mb_become_rows(move: Move) -> None:
    gifts = [gift(f"g-{n}", catalogId="c-a", description="A gift for many occasions. " * 480) for n in range(400)]
    move.put("gifts:all", gifts)
    assert move.value("select octet_length(value::text) from kv_store_6fcaeea3 where key = 'gifts:all'") > 5_000_000
    move.database.execute("set local statement_timeout = '15s'")
    move.run(size=100)
    assert move.value("select count(*) from products where catalog_id = %s", move.id("catalogs:c-a")) == 401
