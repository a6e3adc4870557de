"""Tests the mirror with documents in lists. A changed row changes its document in a list.

When an application writes a list, the mirror merges the list document by document.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import json
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift, order
from tests.platform import Platform

LIST = "gifts:all"
FIRST, SECOND = f"{LIST}::g-1", f"{LIST}::g-2"
MAX_CPU_SECONDS = 5.0
"""The maximum CPU time for the change of a list of 5 MB, in seconds. The test does not limit the elapsed time, because
other programs affect it.
"""


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on, with two gifts that only a list contains."""
    with mirrored(own_platform) as mirror:
        gifts = [gift(f"g-{number}", catalogId="c-a", availableQuantity=10, color="red") for number in (1, 2)]
        mirror.put(LIST, [gifts[0], "g-9", {"id": "g-8"}, gifts[1]])
        yield mirror


def stored(mirror: Mirror, key: str = LIST) -> list[Any]:
    """Return a list as an application reads the list."""
    value: list[Any] = mirror.value("select value from kv_store_6fcaeea3 where key = %s", key)
    return value


def changed(items: list[Any], id: str, **fields: Any) -> list[Any]:
    """Return a copy of a list in which the fields of one document are changed."""
    return [item | fields if isinstance(item, dict) and item["id"] == id else item for item in items]


def stock(mirror: Mirror, key: str = FIRST) -> int:
    """Return the stock in the row of a document."""
    count: int = mirror.row("products", key)["inventory_count"]
    return count


def test_a_sale_in_the_platform_changes_the_document_in_a_list(mirror: Mirror) -> None:
    before = stored(mirror)
    mirror.update("products", FIRST, inventory_count=7, name="Cup")
    assert stored(mirror) == changed(before, "g-1", availableQuantity=7, name="Cup", _rev=2)
    assert mirror.conflicts() == set()
    assert mirror.rows("select key from kv.ids where fingerprint is distinct from mapped_fingerprint") == []
    assert mirror.rows("select from kv.list_changes") == []


def test_changed_rows_update_their_list_at_the_end_of_the_transaction(mirror: Mirror) -> None:
    for count in (8, 7):
        mirror.database.execute("update products set inventory_count = %s where sku like 'SKU-g-_'", [count])
        assert [item["availableQuantity"] for item in mirror.items(LIST).values() if "name" in item] == [10, 10]
    mirror.end()
    assert [(item["availableQuantity"], item["_rev"]) for item in mirror.items(LIST).values() if "name" in item] == [
        (7, 2), (7, 2),
    ]  # fmt: skip
    earlier = mirror.rows("select key, rev from kv.history where key like 'gifts:%%' order by 1")
    assert earlier == [{"key": FIRST, "rev": 1}, {"key": SECOND, "rev": 1}]


def test_writing_a_stale_list_keeps_the_changes_of_other_writers(mirror: Mirror) -> None:
    stale = stored(mirror)
    mirror.update("products", FIRST, inventory_count=7, name="Cup")
    mirror.put(LIST, changed(stored(mirror), "g-2", color="green"))
    mirror.put(LIST, changed(stale, "g-1", availableQuantity=9, color="blue"))
    first, second = mirror.items(LIST)["g-1"], mirror.items(LIST)["g-2"]
    assert (first["availableQuantity"], first["name"], first["color"]) == (6, "Cup", "blue")
    assert (stock(mirror), second["color"]) == (6, "green")
    assert mirror.conflicts() == set()


def test_a_repeated_write_of_a_list_reduces_the_stock_once(mirror: Mirror) -> None:
    sale = changed(stored(mirror), "g-1", availableQuantity=9)
    mirror.put(LIST, sale)
    mirror.update("products", FIRST, name="Cup")
    before = stored(mirror)
    mirror.put(LIST, sale)
    assert (stored(mirror), stock(mirror)) == (before, 9)


def test_a_list_without_revisions_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    stale = [{k: v for k, v in item.items() if k != "_rev"} if isinstance(item, dict) else item
             for item in stored(mirror)]  # fmt: skip
    mirror.update("products", FIRST, inventory_count=7)
    mirror.put(LIST, changed(stale, "g-1", name="Cup"))
    assert (mirror.items(LIST)["g-1"]["availableQuantity"], mirror.items(LIST)["g-1"]["name"]) == (7, "Cup")
    assert stock(mirror) == 7
    assert mirror.conflicts() == {(FIRST, "base_unknown", "availableQuantity")}


def test_a_document_that_returns_to_a_list_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    stale = stored(mirror)
    mirror.put(LIST, stale[3:])
    mirror.update("products", FIRST, inventory_count=7)
    mirror.put(LIST, stale)
    assert (mirror.items(LIST)["g-1"]["availableQuantity"], stock(mirror)) == (7, 7)
    assert mirror.conflicts() == {(FIRST, "base_unknown", "availableQuantity")}


def test_lists_and_documents_inside_a_json_string_keep_this_format(mirror: Mirror) -> None:
    mirror.put(LIST, json.dumps(stored(mirror)))
    mirror.put("catalog_gifts:c-a", [json.dumps(gift("g-3", catalogId="c-a", quantity=10))])
    mirror.update("products", FIRST, inventory_count=7)
    mirror.update("products", "catalog_gifts:c-a::g-3", inventory_count=6)
    assert json.loads(mirror.document(LIST))[0]["availableQuantity"] == 7
    [item] = stored(mirror, "catalog_gifts:c-a")
    assert json.loads(item) == gift("g-3", catalogId="c-a", quantity=6)


def test_a_sale_changes_all_documents_of_a_row(mirror: Mirror) -> None:
    document = gift("g-a", catalogId="c-a", stock=10)
    mirror.put("gift:g-a", document)
    mirror.put("gifts:g-a", document | {"name": "Other"})
    mirror.put("catalog_gifts:c-a", [document])
    mirror.update("products", "gift:g-a", inventory_count=6)
    assert mirror.document("gift:g-a")["stock"] == mirror.document("gifts:g-a")["stock"] == 6
    assert mirror.items("catalog_gifts:c-a")["g-a"]["stock"] == 6
    assert mirror.document("gifts:g-a")["name"] == "Other"
    assert mirror.row("products", "gift:g-a")["name"] == "Mug"


def test_a_changed_row_does_not_overwrite_a_quarantined_document_in_a_list(mirror: Mirror) -> None:
    mirror.put(LIST, changed(stored(mirror), "g-1", price="?", availableQuantity=3))
    mirror.update("products", FIRST, inventory_count=7)
    assert mirror.items(LIST)["g-1"]["availableQuantity"] == 3
    assert mirror.conflicts() == {(FIRST, "row_not_mirrored", "")}


def test_an_unexpected_error_in_a_list_does_not_prevent_a_write_of_a_row(mirror: Mirror) -> None:
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.keyed_items(list text, items jsonb)"
        " returns table (n bigint, item jsonb, key text) language plpgsql as $$ begin perform missing(); end $$;"
        " reset role"
    )
    mirror.update("products", FIRST, name="Cup")
    assert mirror.row("products", FIRST)["name"] == "Cup"
    assert mirror.conflicts() == {(LIST, "row_not_mirrored", "42883")}


def test_rows_of_each_entity_change_their_documents_in_lists(mirror: Mirror) -> None:
    mirror.put("clients:all", [{"id": "x", "name": "Client x"}])
    mirror.put("catalogs:all", [{"id": "c-x", "name": "Range", "type": "manual", "ownerId": "x"}])
    mirror.put("sites:all", [{"id": "s-x", "name": "Shop", "clientId": "x", "catalogId": "c-x", "status": "active"}])
    mirror.put("catalog_gifts:c-x", [gift("g-x")])
    mirror.put("user_orders:u", [order("o-x", siteId="s-x", giftId="g-x")])
    mirror.update("clients", "clients:all::x", name="Client X")
    mirror.update("catalogs", "catalogs:all::c-x", name="All")
    mirror.update("sites", "sites:all::s-x", status="inactive")
    mirror.update("orders", "user_orders:u::o-x", status="processing")
    assert mirror.items("clients:all")["x"]["name"] == "Client X"
    assert mirror.items("catalogs:all")["c-x"]["name"] == "All"
    assert mirror.items("sites:all")["s-x"]["status"] == "inactive"
    assert mirror.items("user_orders:u")["o-x"] == order("o-x", siteId="s-x", giftId="g-x") | {
        "status": "processing", "_rev": 2,
    }  # fmt: skip
    mirror.put("sites:all", changed(stored(mirror, "sites:all"), "s-x", status="active"))
    assert mirror.row("sites", "sites:all::s-x")["status"] == "inactive"


def test_writing_a_stale_list_does_not_restore_erased_data(mirror: Mirror) -> None:
    mirror.put("user_orders:u", [order("o-1", userName="Jane Roe")])
    stale = stored(mirror, "user_orders:u")
    mirror.put("user_orders:u", changed(stale, "o-1", note="for Jane Roe"))
    mirror.update(
        "orders", "user_orders:u::o-1", customer_name="erased", customer_email="", shipping_address={}, erased_at="now"
    )
    assert "Jane" not in str(mirror.rows("select value from kv.history"))
    for written in (stale, [order("o-1", userName="Jane Roe")]):
        mirror.put("user_orders:u", written)
        assert "Jane" not in str(stored(mirror, "user_orders:u"))


def test_documents_without_a_revision_in_lists_get_a_revision(mirror: Mirror) -> None:
    mirror.database.execute("alter table kv_store_6fcaeea3 disable trigger mirror_list_revision")
    mirror.database.execute("update kv_store_6fcaeea3 set value = '[{\"id\": \"g-1\", \"name\": \"A\"}, \"g-2\", 7]'"
                            " where key = 'gifts:all'")  # fmt: skip
    mirror.database.execute("alter table kv_store_6fcaeea3 enable always trigger mirror_list_revision")
    mirror.database.execute("create or replace function kv.require_super_admin() returns void language sql as ''")
    mirror.database.execute("select kv.give_revisions('', 100)")
    assert stored(mirror) == [{"id": "g-1", "name": "A", "_rev": 0}, "g-2", 7]


HOSTILE: list[Any] = [
    [[]], None, True, 1.5, {}, "", {"id": "g-1", "_rev": 5}, {"id": ["x"], "name": "A"}, {"name": "Nobody"},
    {"id": "g-1", "_rev": 10**30, "name": "B"}, {"id": "x::y", "_rev": -1, "name": "C"}, '{"id": "g-1", "na',
]  # fmt: skip


@pytest.mark.parametrize("item", HOSTILE)
def test_a_hostile_item_does_not_block_other_items_of_a_list(mirror: Mirror, item: Any) -> None:
    mirror.put(LIST, [item, *stored(mirror), item])
    mirror.put(LIST, [*stored(mirror), item])
    mirror.update("products", SECOND, inventory_count=6)
    assert mirror.items(LIST)["g-2"]["availableQuantity"] == 6
    assert {kind for _, kind, _ in mirror.conflicts()} <= {"base_unknown", "both_changed"}


def cpu_seconds(mirror: Mirror) -> float:
    """Return the CPU time that the server process of this connection has used."""
    times = psutil.Process(mirror.database.info.backend_pid).cpu_times()
    return float(times.user + times.system)


def test_a_list_of_5_mb_is_merged_and_written_in_seconds(mirror: Mirror) -> None:
    text = "A gift for many occasions. " * 480
    mirror.put(LIST, [gift(f"g-{n}", catalogId="c-a", description=text, stock=5) for n in range(400)])
    before = cpu_seconds(mirror)
    mirror.put(LIST, changed(stored(mirror), "g-7", stock=4))
    assert cpu_seconds(mirror) - before < MAX_CPU_SECONDS
    assert stock(mirror, f"{LIST}::g-7") == 4
    mirror.database.execute("update products set inventory_count = 2 where sku like 'SKU-g-%'")
    before = cpu_seconds(mirror)
    mirror.fold()
    assert cpu_seconds(mirror) - before < MAX_CPU_SECONDS
    assert {item["stock"] for item in mirror.items(LIST).values()} == {2}


def test_a_list_document_that_leaves_the_quarantine_does_not_restore_sold_pieces(mirror: Mirror) -> None:
    mirror.put(LIST, changed(stored(mirror), "g-1", price="?"))
    mirror.update("products", FIRST, inventory_count=7)
    mirror.put(LIST, changed(stored(mirror), "g-1", price=5, availableQuantity=9))
    assert stock(mirror) == 7
    assert mirror.items(LIST)["g-1"]["availableQuantity"] == 7


def test_removing_a_document_from_a_list_deletes_its_history_and_its_quarantine_entry(mirror: Mirror) -> None:
    mirror.put(LIST, changed(stored(mirror), "g-1", color="blue"))
    stale = stored(mirror)
    mirror.put(LIST, changed(stale, "g-1", price="?"))
    assert mirror.rows("select from kv.history where key = %s", FIRST)
    mirror.put(LIST, stored(mirror)[3:])
    assert mirror.rows("select from kv.history where key = %s", FIRST) == []
    assert mirror.reason(FIRST) is None
    mirror.put(LIST, stale)
    assert mirror.items(LIST)["g-1"]["_rev"] > stale[0]["_rev"] + 1000


def test_deleting_a_list_deletes_the_history_of_its_documents(mirror: Mirror) -> None:
    mirror.put(LIST, changed(stored(mirror), "g-1", color="blue"))
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [LIST])
    assert mirror.rows("select from kv.history where key like 'gifts:all%%'") == []


def erase(mirror: Mirror, key: str) -> None:
    """Erase the person of an order, as the erasure worker does. Do not end the transaction."""
    mirror.database.execute(
        "update orders set customer_name = 'erased', customer_email = '', shipping_address = '{}', erased_at = now()"
        " where id = %s",
        [mirror.id(key)],
    )
    mirror.database.execute("select kv.erase_remainders_of_orders(array[%s])", [mirror.id(key)])


JANE = order("o-1", userName="Jane Roe", userEmail="jane@a.example")
OTHER_DOCUMENTS: list[tuple[str, Any]] = [
    ("order:o-1", JANE),
    ("orders:o-1", JANE),
    ("order:production:o-1", JANE),
    ("order:s-a:o-1", JANE),
    ("order:x-9", JANE),
    ("order:x-9", JANE | {"id": "order:s-a:o-1"}),
    ("orders:o-1", json.dumps(JANE)),
    ("user_orders:v", [JANE]),
    ("orders:all", [order("o-2"), JANE | {"note": "x"}, JANE]),
    ("order_index:jane", [json.dumps(JANE)]),
    ("user_orders:v", json.dumps([JANE])),
    ("user_orders:v", [JANE | {"id": "order:s-a:o-1"}]),
]


@pytest.mark.parametrize("first", ["order:o-1", "user_orders:u"])
@pytest.mark.parametrize(("key", "value"), OTHER_DOCUMENTS)
def test_erased_data_cannot_return_under_another_key_or_in_another_list(
    mirror: Mirror, first: str, key: str, value: Any
) -> None:
    mirror.put(first, [JANE] if first == "user_orders:u" else JANE)
    erase(mirror, f"{first}::o-1" if first == "user_orders:u" else first)
    mirror.end()
    mirror.put(key, value)
    everything = mirror.rows("select key, value from kv_store_6fcaeea3")
    for text in ("Jane", "jane@"):
        assert text not in str(everything)
        assert text not in str(mirror.rows("select value from kv.history"))
        assert text not in str(mirror.rows("select value from kv.remainders"))
    assert mirror.value("select count(*) from orders where customer_name like 'Jane%%'") == 0


def test_an_order_in_another_environment_is_not_erased(mirror: Mirror) -> None:
    mirror.put("order:o-1", JANE)
    erase(mirror, "order:o-1")
    mirror.end()
    mirror.put("order:test:o-1", JANE)
    assert mirror.document("order:test:o-1") == JANE
    mirror.put("order:o-2", JANE | {"id": "o-2"})
    assert mirror.row("orders", "order:o-2")["customer_name"] == "Jane Roe"


@pytest.mark.parametrize("environment", ["production", "test"])
def test_an_erasure_writes_lists_at_the_end_of_the_transaction(mirror: Mirror, environment: str) -> None:
    mirror.put("user_orders:u", json.dumps([JANE, "o-7"]))
    mirror.put("orders:all", [order("o-2"), JANE | {"totalValue": "?"}])
    assert mirror.reason("orders:all::o-1") is not None
    before = stored(mirror, "user_orders:u")
    mirror.database.execute("update kv.mirror set environments = array[%s]", [environment])
    erase(mirror, "user_orders:u::o-1")
    assert stored(mirror, "user_orders:u") == before  # A list is locked only at the end of the transaction.
    mirror.end()
    text = stored(mirror, "user_orders:u")
    assert isinstance(text, str)
    [document, other] = json.loads(text)
    assert (document["id"], document["customerName"], other) == ("o-1", "erased", "o-7")
    assert "Jane" not in str(stored(mirror, "orders:all"))
    assert len(stored(mirror, "orders:all")) == 2
    assert mirror.rows("select from kv.history where key like '%%::o-1'") == []


def test_an_erasure_fails_if_a_list_cannot_be_written(mirror: Mirror) -> None:
    mirror.put("user_orders:u", [JANE])
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.keyed_items(list text, items jsonb)"
        " returns table (n bigint, item jsonb, key text) language plpgsql as $$ begin perform missing(); end $$;"
        " reset role"
    )
    with pytest.raises(psycopg.errors.UndefinedFunction), mirror.database.transaction():
        erase(mirror, "user_orders:u::o-1")
        mirror.end()
