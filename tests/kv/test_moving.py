"""Tests the migration of documents to rows: which documents belong to one row, and to which rows a document can
refer."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.kv.moving import Move, gift, order
from tests.platform import Platform
from wecelebrate.kv.reasons import ADVICE


def test_documents_become_rows_that_refer_to_each_other(move: Move) -> None:
    move.put("order:o-1", order("o-1"))
    move.run()
    client, catalog, site = move.id("client:a"), move.id("catalogs:c-a"), move.id("site:s-a")
    assert move.row("clients", "client:a")["name"] == "Client a"
    assert move.row("catalogs", "catalogs:c-a")["owner_client_id"] == client
    assert move.row("sites", "site:s-a")["catalog_id"] == catalog
    assert move.row("products", "gift:g-a")["catalog_id"] == catalog
    placed = move.row("orders", "order:o-1")
    assert (placed["client_id"], placed["site_id"], placed["total_amount"]) == (client, site, 10)
    [line] = move.rows("select * from order_lines where order_id = %s", placed["id"])
    assert (line["product_id"], line["quantity"], line["unit_price"]) == (move.id("gift:g-a"), 2, 5)


def test_several_documents_of_a_gift_with_different_keys_become_one_row(move: Move) -> None:
    move.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Older"))
    move.put("gift:production:g-a", gift("g-a", catalogId="c-a", name="Newest"))
    move.run()
    assert move.id("gift:g-a") == move.id("gifts:g-a") == move.id("gift:production:g-a")
    assert move.row("products", "gift:g-a")["name"] == "Newest"
    aliases = move.rows("select key from kv.ids where alias and entity = 'product' order by key")
    assert [row["key"] for row in aliases] == ["gift:g-a", "gifts:g-a"]
    assert move.notes("gifts:g-a") == {"other_document"}
    assert move.value("select value from kv.remainders where key = 'gifts:g-a'") == {"name": "Older"}


def test_an_identical_document_under_another_key_has_no_remainder(move: Move) -> None:
    move.put("gifts:g-a", gift("g-a", catalogId="c-a"))
    move.run()
    assert move.notes("gifts:g-a") == {"same_document"}
    assert move.rows("select from kv.remainders where key = 'gifts:g-a'") == []


def test_the_key_of_a_document_can_differ_from_its_id(move: Move) -> None:
    move.put("client:demo", {"id": "client-demo", "name": "Demo"})
    for name in ("demo", "client-demo"):
        move.put(f"site:of-{name}", {"id": f"of-{name}", "name": "Shop", "clientId": name})
    move.run()
    assert {move.row("sites", f"site:of-{name}")["client_id"] for name in ("demo", "client-demo")} == {
        move.id("client:demo")
    }


def test_a_document_that_states_the_id_of_another_document_changes_no_row(move: Move) -> None:
    move.put("gift:g-b", gift("g-a", catalogId="c-a", name="Foreign"))
    move.run()
    assert move.reason("gift:g-b") == "id_of_another_record"
    assert move.row("products", "gift:g-a")["name"] == "Mug"


def test_a_site_with_the_catalog_of_another_client_is_quarantined(move: Move) -> None:
    move.tenant("b")
    move.put("site:s-b", {"id": "s-b", "name": "Shop", "clientId": "b", "catalogId": "c-a"})
    move.run()
    assert move.reason("site:s-b") == "catalog_of_another_client"
    assert move.rows("select from sites where id = %s", move.id("site:s-b")) == []
    assert move.rows("select from catalog_grants where catalog_id = %s", move.id("catalogs:c-a")) == []


def test_a_site_shows_a_platform_catalog_only_after_a_grant(move: Move) -> None:
    shared_id = "catalog_legacy_default"
    move.put(f"catalogs:{shared_id}", {"id": shared_id, "name": "Shared", "type": "manual"})
    move.put("site:s-a", {"id": "s-a", "name": "Shop", "clientId": "a", "catalogId": shared_id})
    move.run()
    assert move.row("sites", "site:s-a")["catalog_id"] is None
    assert "catalog_needs_grant" in move.notes("site:s-a")
    shared = move.id(f"catalogs:{shared_id}")
    move.database.execute(
        "insert into catalog_grants (catalog_id, client_id) values (%s, %s)", [shared, move.id("client:a")]
    )
    move.run()
    assert move.row("sites", "site:s-a")["catalog_id"] == shared
    assert "catalog_needs_grant" not in move.notes("site:s-a")


def test_the_grant_of_a_site_is_locked_before_the_site_is_checked(move: Move, platform: Platform) -> None:
    shared_id = "catalog_legacy_default"
    move.put(f"catalogs:{shared_id}", {"id": shared_id, "name": "Shared", "type": "manual"})
    move.put("site:s-a", {"id": "s-a", "name": "Shop", "clientId": "a", "catalogId": shared_id})
    move.run()
    client, shared = move.id("client:a"), move.id(f"catalogs:{shared_id}")
    grant, lock = f"grant {shared} {client}", "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
    assert move.row("sites", "site:s-a")["catalog_id"] is None
    with psycopg.connect(platform.endpoints.database, autocommit=True) as other:
        # The transaction of the mirror has locked the grant. Therefore a concurrent revocation would have to wait.
        assert other.execute(lock, [grant]).fetchone() == (False,)
        assert other.execute(lock, [f"grant {move.id('catalogs:c-a')} {client}"]).fetchone() == (True,)


def test_a_document_cannot_change_a_row_that_was_not_migrated(move: Move) -> None:
    move.run()
    foreign = move.value(
        "insert into products (catalog_id, sku, name, price, currency) values (%s, 'X', 'Ours', 1, 'EUR') returning id",
        move.id("catalogs:c-a"),
    )
    move.put(f"gift:{foreign}", gift(str(foreign), catalogId="c-a", name="Taken"))
    move.run()
    assert move.reason(f"gift:{foreign}") == "id_in_use"
    assert move.value("select name from products where id = %s", foreign) == "Ours"


def test_a_document_with_the_row_id_of_another_document_is_quarantined(move: Move) -> None:
    move.run()
    derived = move.id("gift:g-a")
    move.put(f"gift:{derived}", gift(str(derived), catalogId="c-a", name="Taken"))
    move.run()
    assert move.reason("gift:g-a") or move.reason(f"gift:{derived}")
    assert move.row("products", "gift:g-a")["name"] == "Mug"


def test_the_client_of_an_order_is_the_client_of_its_site(move: Move) -> None:
    move.tenant("b")
    move.put("order:o-1", order("o-1", clientId="b", giftId="g-b", giftName="Theirs"))
    move.run()
    placed = move.row("orders", "order:o-1")
    assert placed["client_id"] == move.id("client:a")
    assert move.notes("order:o-1") >= {"client_of_another_site", "gift_of_another_client"}
    [line] = move.rows("select * from order_lines where order_id = %s", placed["id"])
    assert (line["product_id"], line["name"]) == (None, "Theirs")


def test_a_duplicate_order_number_of_a_client_gets_a_suffix(move: Move) -> None:
    for number in range(1, 6):
        move.put(f"order:o-{number}", order(f"o-{number}", orderNumber="#1"))
    move.run()
    numbers = [move.row("orders", f"order:o-{number}")["order_number"] for number in range(1, 6)]
    assert numbers[0] == "#1"
    assert len(set(numbers)) == 5 and all(number.startswith("#1-") for number in numbers[1:])
    assert move.value("select value ->> 'orderNumber' from kv.remainders where key = 'order:o-2'") == "#1"


@pytest.mark.parametrize(
    ("fields", "total", "note"),
    [
        ({"totalValue": 0}, 10, "total_computed"),
        ({"totalValue": None}, 10, "total_computed"),
        ({"totalValue": 12}, 12, "total_disagrees"),
        ({"totalValue": "10,00 €"}, 10, "total_from_text"),
        ({"unitPrice": None, "totalValue": 9}, 9, "price_from_total"),
        ({"unitPrice": None, "totalValue": 0}, 10, "price_of_product"),
        ({"items": [{"giftId": "g-a", "quantity": 1, "price": 4}, {"name": "X", "quantity": 2, "price": 3}],
          "totalValue": 10}, 10, "unknown_gift"),
    ],
)  # fmt: skip
def test_a_missing_order_total_is_computed(move: Move, fields: dict[str, Any], total: int, note: str) -> None:
    move.put("order:o-1", order("o-1", **fields))
    move.run()
    assert move.row("orders", "order:o-1")["total_amount"] == total
    assert note in move.notes("order:o-1")


def test_an_order_line_without_a_price_gets_the_regular_price(
    move: Move,
) -> None:
    move.run()
    product = "(select id from kv.ids where entity = 'product' and key = 'gift:g-a')"
    assert move.value(
        f"update products set offers = %s where id = {product} returning price", Jsonb([{"price": "4"}])
    ) == 4  # fmt: skip
    move.put("order:o-1", order("o-1", unitPrice=None, totalValue=0))
    move.run()
    assert move.row("orders", "order:o-1")["total_amount"] == 10


def test_an_order_total_that_is_not_divisible_by_the_quantity_is_not_rounded(move: Move) -> None:
    move.put("order:o-1", order("o-1", quantity=3, unitPrice=None, totalValue=10))
    move.run()
    assert move.reason("order:o-1") == "price_too_fine"


def test_a_migrated_order_sends_no_messages_and_holds_no_stock(move: Move) -> None:
    before = {table: move.value(f"select count(*) from {table}") for table in QUIET}
    move.put("order:o-1", order("o-1"))
    move.put("order:o-2", order("o-2", status="delivered"))
    move.run()
    assert {table: move.value(f"select count(*) from {table}") for table in QUIET} == before
    delivered = move.row("orders", "order:o-2")
    assert (delivered["fulfilment"], delivered["version"]) == ("full", 1)
    deltas = move.value("select sum(orders) from order_deltas where client_id = %s", move.id("client:a"))
    assert deltas == 2


QUIET = ("mails", "webhook_deliveries", "order_events", "stock_holds", "analytics_events", "shipments", "images")


def test_later_backfill_runs_apply_the_status_changes_of_an_order(move: Move) -> None:
    move.put("order:o-1", order("o-1"))
    move.run()
    move.put("order:o-1", order("o-1", status="delivered", deliveredAt="2026-02-22T00:00:00Z"))
    move.run()
    assert move.row("orders", "order:o-1")["status"] == "delivered"
    assert move.value("select shipped_quantity from order_lines where order_id = %s", move.id("order:o-1")) == 2
    move.put("order:o-1", order("o-1", status="pending"))
    move.run()
    assert move.reason("order:o-1") == "order_change_refused"
    assert move.row("orders", "order:o-1")["status"] == "delivered"


def test_the_document_of_an_erased_order_does_not_restore_the_personal_data(move: Move) -> None:
    move.put("order:o-1", order("o-1", giftMessage="For Ann"))
    move.run()
    assert move.value("select value ->> 'giftMessage' from kv.remainders where key = 'order:o-1'") == "For Ann"
    move.database.execute(
        "update orders set customer_name = 'Erased person', erased_at = now() where id = %s", [move.id("order:o-1")]
    )
    move.database.execute("select kv.erase_remainders_of_orders(%s)", [[move.id("order:o-1")]])
    move.put("order:o-1", order("o-1", giftMessage="For Ann and Bob"))
    move.run()
    assert move.reason("order:o-1") == "person_erased"
    assert move.row("orders", "order:o-1")["customer_name"] == "Erased person"
    assert move.rows("select from kv.remainders where key = 'order:o-1'") == []


def test_a_corrected_document_leaves_the_quarantine(move: Move) -> None:
    move.put("gift:g-1", gift("g-1", catalogId="c-a", price="on request"))
    move.run()
    assert move.reason("gift:g-1") == "price_unreadable"
    move.put("gift:g-1", gift("g-1", catalogId="c-a", price=7))
    move.run()
    assert move.reason("gift:g-1") is None
    assert move.row("products", "gift:g-1")["price"] == 7


def test_a_row_remains_if_its_document_becomes_unreadable(move: Move) -> None:
    move.run()
    move.put("gift:g-a", gift("g-a", catalogId="c-a", price="on request"))
    move.run()
    assert move.reason("gift:g-a") == "price_unreadable"
    assert move.row("products", "gift:g-a")["price"] == 5


def test_deleting_a_document_does_not_delete_its_row(move: Move) -> None:
    move.run()
    move.database.execute("delete from kv_store_6fcaeea3 where key = 'gift:g-a'")
    move.run()
    assert move.row("products", "gift:g-a")["is_active"] is True
    assert move.value("select state from kv.ids where key = 'gift:g-a'") == "gone"


def test_documents_of_other_environments_become_rows_only_if_a_run_includes_their_environment(move: Move) -> None:
    move.put("client:test:a", {"id": "a", "name": "Another client"})
    move.run()
    assert move.rows("select from kv.ids where key = 'client:test:a'") == []
    counts = move.value("select kv.account('{production}')")
    assert counts["left_over"]["other_environment"] == 1 and counts["unaccounted"] == 0
    move.run("production", "test")
    assert move.row("clients", "client:test:a")["name"] == "Another client"
    assert move.row("clients", "client:a")["name"] == "Client a"


def test_a_gift_whose_price_has_no_currency_requires_the_currency_option(move: Move) -> None:
    move.put("gift:g-a", gift("g-a", catalogId="c-a", currency=None))
    move.run()
    assert move.reason("gift:g-a") == "no_currency"
    move.run(currency="CHF")
    assert move.row("products", "gift:g-a")["currency"] == "CHF"


def test_all_prices_of_a_catalog_are_in_one_currency(move: Move) -> None:
    for number in range(3):
        move.put(f"gift:g-{number}", gift(f"g-{number}", catalogId="c-a", currency="USD" if number else "GBP"))
    move.put("gift:g-a", gift("g-a", catalogId="c-a", currency="USD"))
    move.run()
    assert move.reason("gift:g-0") == "currency_of_catalog"
    assert move.value("select currency from catalogs where id = %s", move.id("catalogs:c-a")) == "USD"


def test_a_list_of_ids_does_not_change_the_rows_of_its_documents(move: Move) -> None:
    move.put("gift:g-b", gift("g-b", catalogId="c-a"))
    move.put("gifts:all", ["g-a", "g-a", "g-gone", {"id": "g-b"}])
    move.put("client:b", {"id": "b", "name": "Unlisted"})
    move.run()
    listed = move.rows("select key from kv.ids where listed order by key")
    assert [row["key"] for row in listed] == ["gift:g-a", "gift:g-b"]
    assert move.row("products", "gift:g-b")["price"] == 5
    assert move.row("clients", "client:b")["name"] == "Unlisted"


def test_a_repeated_backfill_changes_no_row(move: Move) -> None:
    move.put("gift:bad", gift("bad", price="?"))
    move.put("order:o-1", order("o-1"))
    move.put("gifts:g-a", gift("g-a", catalogId="c-a", name="Other"))
    move.run()
    before = fingerprint(move)
    move.run()
    move.run()
    assert fingerprint(move) == before


ROWS_OF_THE_STORE = {
    "clients": "id in (select id from kv.ids)",
    "catalogs": "id in (select id from kv.ids)",
    "sites": "id in (select id from kv.ids)",
    "products": "catalog_id in (select id from kv.ids)",
    "orders": "client_id in (select id from kv.ids)",
    "order_lines": "client_id in (select id from kv.ids)",
    "audit_log": "client_id in (select id from kv.ids) or object_id in (select id::text from kv.ids)",
    "order_deltas": "client_id in (select id from kv.ids)",
    "kv.ids": "true",
    "kv.remainders": "true",
    "kv.quarantine": "true",
    "kv.notes": "true",
}
"""Maps each table to an SQL condition for the rows of the store's tenants. Other tests write rows of other tenants at
the same time."""


def fingerprint(move: Move) -> dict[str, Any]:
    """Count the rows of the store's tenants in each table, and add up the hashes of these rows."""
    return {
        table: move.rows(
            f"select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from {table} t where {condition}"
        )
        for table, condition in ROWS_OF_THE_STORE.items()
    }


def test_every_quarantine_reason_of_the_database_functions_has_advice(move: Move) -> None:
    sources = move.value(
        "select string_agg(pg_get_functiondef(oid), ' ') from pg_proc"
        " where pronamespace = 'kv'::regnamespace and prokind = 'f'"
    )
    for reason in ADVICE:
        assert f"'{reason}'" in sources or reason.startswith("total_"), reason
