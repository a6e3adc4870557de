"""Tests that documents of an attacker do not block other documents, do not change rows without permission, and do not
copy secrets."""

import random
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.kv.moving import Move, gift, order

UUIDS = [f"0197a5c0-6f3b-7d52-9c1e-5a8f{number}f7f1b3d" for number in ("000", "111", "222")]
"""Three UUIDs with the same first 12 and the same last 8 digits."""


def random_letters(number: int) -> str:
    """Return a random text that an index cannot compress. Each letter has three bytes."""
    return "".join(chr(random.Random(f"{number} {n}").randrange(0x4E00, 0x9F00)) for n in range(number))


def nested(depth: int) -> Any:
    """Return a token that is nested in the given number of objects."""
    value: Any = {"token": "x"}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_document_whose_id_is_too_long_does_not_block_other_documents(move: Move) -> None:
    move.put("client:x", {"id": random_letters(1024), "name": "Long"})
    move.put("client:" + random_letters(300), {"name": "Long key"})
    move.put(f"order:{random_letters(250)}:o-1", order("o-1"))
    move.run()
    assert move.reason("client:x") == "id_too_long"
    assert move.value("select count(*) from kv.quarantine where reason = 'id_too_long'") == 3
    assert move.row("products", "gift:g-a")["name"] == "Mug"
    move.run()
    assert move.value("select count(*) from kv.quarantine") == 3


@pytest.mark.parametrize("depth", [40, 900])
def test_a_document_with_too_many_nested_objects_does_not_block_other_documents(move: Move, depth: int) -> None:
    move.put("client:x", {"id": "x", "name": "Deep", "extra": nested(depth)})
    move.put("clients:a", {"id": "a", "name": "Alias", "extra": nested(depth)})
    move.run()
    assert move.reason("client:x") == "too_deep"
    assert move.row("clients", "clients:a")["name"] == "Client a"


def test_ids_with_the_same_beginning_get_different_slugs(move: Move) -> None:
    for id in UUIDS:
        move.put(f"client:{id}", {"id": id, "name": "Same"})
    move.run()
    assert len({move.row("clients", f"client:{id}")["slug"] for id in UUIDS}) == 3


def test_ids_with_the_same_end_get_different_order_numbers(move: Move) -> None:
    for id in UUIDS:
        move.put(f"order:{id}", order(id, orderNumber="N" * 60))
    move.run()
    assert len({move.row("orders", f"order:{id}")["order_number"] for id in UUIDS}) == 3


@pytest.mark.parametrize(("number", "reason"), [(1000, None), (1001, "too_many_lines"), (8000, "too_many_lines")])
def test_an_order_has_at_most_1000_lines(move: Move, number: int, reason: str | None) -> None:
    items = [{"giftId": "g-a", "quantity": 1, "price": 5}] * number
    move.put("order:o-1", order("o-1", items=items, totalValue=0))
    move.database.execute("set local statement_timeout = '20s'")
    move.run()
    assert move.reason("order:o-1") == reason
    if reason is None:
        assert move.row("orders", "order:o-1")["total_amount"] == 5 * number
        assert move.row("orders", "order:o-1")["items"][-1]["line"] == number


def test_a_gift_without_a_catalog_gets_the_only_catalog_that_lists_the_gift(move: Move) -> None:
    move.tenant("b")
    for name in ("one", "both"):
        move.put(f"gift:{name}", gift(name))
    move.put("catalog_gifts:c-a", ["one", "both", 7, {"id": "one"}])
    move.put("catalog_gifts:c-b", ["both"])
    move.run()
    assert move.row("products", "gift:one")["catalog_id"] == move.id("catalogs:c-a")
    assert move.reason("gift:both") == "no_catalog"


FAILING_TRIGGER = """
create function pg_temp.fail() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) ->> '{column}' = '{value}' then
    raise exception 'unforeseen' using errcode = '{code}';
  end if;
  return new;
end
$$;
create trigger fail before insert on {table} for each row execute function pg_temp.fail()
"""


def test_an_unexpected_error_of_one_document_does_not_block_other_documents(move: Move) -> None:
    for number in range(5):
        move.put(f"client:n-{number}", {"id": f"n-{number}", "name": f"Client {number}"})
    move.put("clients:n-2", {"id": "n-2", "name": "Alias"})
    for table, column, value in (("clients", "name", "Client 2"), ("kv.ids", "old_id", "n-4")):
        trigger = FAILING_TRIGGER.format(table=table, column=column, value=value, code="P0001")
        move.database.execute(trigger.replace("fail()", f"fail_{column}()").encode())
    move.run()
    reasons = {number: move.reason(f"client:n-{number}") for number in range(5)}
    assert reasons == {0: None, 1: None, 2: "cannot_be_mapped", 3: None, 4: "cannot_be_mapped"}
    assert move.reason("clients:n-2") == "cannot_be_mapped"
    assert move.row("clients", "client:n-3")["name"] == "Client 3"


def test_a_database_failure_does_not_put_a_document_into_quarantine(move: Move) -> None:
    trigger = FAILING_TRIGGER.format(table="clients", column="name", value="Client a", code="40P01")
    move.database.execute(trigger.encode())
    with pytest.raises(Exception, match="unforeseen"):
        move.run()


def test_a_batch_of_the_backfill_has_a_maximum_size_in_bytes(move: Move) -> None:
    for number in range(3):
        move.put(f"gift:big-{number}", gift(f"big-{number}", catalogId="c-a", extra="x" * 600_000))
    move.run()
    move.database.execute("update kv.ids set mapped_fingerprint = null")
    run = "select to_jsonb(kv.map_batch(jsonb_populate_record(null::kv.runs, %s), 500))"
    state = {"phase": "product", "checkpoint": "", "environments": ["production"], "done": 0}
    move.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
    checkpoints = []
    while state["phase"] == "product":
        state = move.value(run, Jsonb(state))
        checkpoints.append(state["checkpoint"])
    move.database.execute("reset role; reset search_path")
    assert checkpoints == ["gift:big-0", "gift:big-1", "gift:g-a", ""]
    assert state["done"] == 4


IN_ONE_TRANSACTION = """
do $$
declare
  drafts kv.draft[] := kv.check_orders(kv.drafts('order', array['{id}'::uuid]), null);
begin
  update orders set customer_name = 'Erased person', customer_email = '', erased_at = now() where id = '{id}';
  perform kv.write_orders(drafts);
end
$$
"""


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_a_person_who_is_erased_during_a_batch_remains_erased(move: Move, status: str) -> None:
    move.put("order:o-1", order("o-1"))
    move.run()
    move.put("order:o-1", order("o-1", status=status, customerName="Ann"))
    move.database.execute("set local search_path = pg_catalog, public, app, kv, pg_temp")
    move.database.execute(IN_ONE_TRANSACTION.format(id=move.id("order:o-1")).encode())
    placed = move.row("orders", "order:o-1")
    assert (placed["customer_name"], placed["customer_email"], placed["status"]) == ("Erased person", "", "pending")


def test_an_order_is_locked_before_its_document_is_checked(move: Move) -> None:
    move.put("order:o-1", order("o-1"))
    move.run()
    id = move.id("order:o-1")
    locked_by = move.value("select xmax::text from orders where id = %s", id)
    move.database.execute("set local search_path = pg_catalog, public, app, kv, pg_temp")
    with move.database.transaction():  # In this savepoint, row locks have a different transaction id than the insert.
        move.database.execute("select kv.check_orders(kv.drafts('order', array[%s]), null)", [id])
        assert move.value("select xmax::text from orders where id = %s", id) != locked_by


def test_an_alias_of_an_erased_order_does_not_restore_the_personal_data(move: Move) -> None:
    move.put("order:o-1", order("o-1"))
    move.put("orders:o-1", order("o-1", giftMessage="For Ann"))
    move.run()
    assert move.value("select value ->> 'giftMessage' from kv.remainders where key = 'orders:o-1'") == "For Ann"
    move.database.execute("update orders set erased_at = now() where id = %s", [move.id("order:o-1")])
    move.put("orders:o-1", order("o-1", giftMessage="For Ann and Bob"))
    move.run()
    assert move.reason("order:o-1") == move.reason("orders:o-1") == "person_erased"
    assert move.rows("select from kv.remainders where key in ('order:o-1', 'orders:o-1')") == []
    assert move.value("select kv.account('{production}')")["quarantined"] == 2


def test_a_product_never_moves_to_another_catalog(move: Move) -> None:
    move.tenant("b")
    move.run()
    move.put("gift:g-a", gift("g-a", catalogId="c-b", price=1))
    move.run()
    assert move.reason("gift:g-a") == "catalog_changed"
    product = move.row("products", "gift:g-a")
    assert (product["catalog_id"], product["price"]) == (move.id("catalogs:c-a"), 5)


def test_a_document_cannot_change_protected_columns_of_an_existing_row(move: Move) -> None:
    catalog = {"id": "c-2", "name": "Range", "type": "manual", "ownerId": "a"}
    move.put("catalogs:c-2", catalog)
    move.put("site:s-a", {"id": "s-a", "name": "Shop", "clientId": "a", "catalogId": "c-a", "domain": "a.example"})
    move.run()
    move.put("client:a", {"id": "a", "name": "Renamed", "tier": "enterprise", "status": "suspended"})
    move.put("site:s-a", {"id": "s-a", "name": "Renamed", "clientId": "a", "catalogId": "c-2", "domain": "b.example"})
    move.put("gift:g-a", gift("g-a", catalogId="c-a", name="Renamed", status="discontinued"))
    move.run()
    client, site = move.row("clients", "client:a"), move.row("sites", "site:s-a")
    product = move.row("products", "gift:g-a")
    assert (client["name"], client["tier"], client["is_active"]) == ("Renamed", "standard", True)
    assert (site["name"], site["domain"], site["catalog_id"]) == ("Renamed", "a.example", move.id("catalogs:c-a"))
    assert (product["name"], product["is_active"]) == ("Renamed", True)
    for key in ("client:a", "site:s-a", "gift:g-a"):
        assert "kept" in move.notes(key), key
    rest = move.value("select value from kv.remainders where key = 'site:s-a'")
    assert (rest["domain"], rest["catalogId"]) == ("b.example", "c-2")


def test_an_environment_with_the_name_of_a_site_id_does_not_hide_orders(move: Move) -> None:
    for name in ("s-a", "real"):
        move.put(f"environments:{name}", {"id": name})
        move.put(f"order:{name}:{UUIDS[0]}", order(UUIDS[0]))
    move.run()
    assert move.row("orders", f"order:s-a:{UUIDS[0]}")["total_amount"] == 10
    assert move.rows("select from kv.ids where key like %s", "order:real:%") == []


def test_a_document_cannot_refer_to_a_row_of_another_environment(move: Move) -> None:
    move.put("site:test:x", {"id": "x", "name": "Shop", "clientId": "client:a"})
    move.put("site:y", {"id": "y", "name": "Shop", "clientId": "client:a"})
    move.run("production", "test")
    assert move.reason("site:test:x") == "unknown_client"
    assert move.row("sites", "site:y")["client_id"] == move.id("client:a")


def test_a_catalog_without_an_owner_is_quarantined(move: Move) -> None:
    move.put("catalogs:c-1", {"id": "c-1", "name": "Range", "type": "manual", "status": "active"})
    move.run()
    assert move.reason("catalogs:c-1") == "no_owner"
