"""Tests the stages of a cutover. A stage determines whether the store or the tables lead, and whether reads return
documents or rows.

The module uses its own local cloud, because stages and the mirror affect a whole platform. Each test is a transaction
that is rolled back.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift, order
from tests.platform import Platform


class Store(Mirror):
    """A store whose mirror is on. The tests read the store as the facade does."""

    def stage(self, entity: str, client: str | None = None, **columns: Any) -> None:
        """Write the stage of an entity."""
        names = {"leads": "tables" if columns.get("reads") else "kv", "reads": 0, "shadow": 0} | columns
        id = None if client is None else self.id(client)
        self.database.execute(
            "insert into kv.stages (entity, client_id, leads, reads, shadow, changed_by)"
            " values (%s, %s, %s, %s, %s, 'me')"
            " on conflict on constraint stages_key"
            " do update set leads = excluded.leads, reads = excluded.reads, shadow = excluded.shadow",
            [entity, id, names["leads"], names["reads"], names["shadow"]],
        )

    def read(self, key: str) -> Any:
        """Read a document, and return the document without its revision."""
        value = self.answer(key)["value"]
        return {k: v for k, v in value.items() if k != "_rev"} if isinstance(value, dict) else value

    def answer(self, key: str, chance: float = 0.5) -> Any:
        """Read a document as the facade does. Return the row that the database returns."""
        self.enter()
        query = (
            "select coalesce(a.value, s.value) as value, a.agrees"
            " from kv_store_6fcaeea3 s left join lateral kv.answer(s.key, s.value, %s) a"
            " on kv.is_dialed() where s.key = %s"
        )
        [row] = self.rows(query, chance, key)
        self.leave()
        return row

    def enter(self) -> None:
        """Switch to the database role of the service for the old applications."""
        self.database.execute("set local session authorization wc_kv")
        self.database.execute(
            "select role from app.enter(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            ["service:kv", None, None, None, [], None, None, None, None],
        )

    def leave(self) -> None:
        """Use the role of the superuser again."""
        self.database.execute("reset session authorization")
        self.database.execute("reset role")

    def differences(self) -> list[tuple[str, str, str | None]]:
        """Return the differences that shadow reads have found."""
        rows = self.rows("select key, kind, field from kv.differences where comparison_id is null order by key, field")
        return [(row["key"], row["kind"], row["field"]) for row in rows]


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Store]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    with mirrored(own_platform):
        own_platform.database.prepare_threshold = None  # app.enter deallocates prepared statements
        yield Store(own_platform)


FORMS: dict[str, Any] = {
    "gift:plain": gift("plain", catalogId="c-a"),
    "gift:text": gift("text", catalogId="c-a", price="19,99 €", title="x", tags=["a"], availableQuantity="7"),
    "gift:value": {
        "id": "value", "gift_name": " Cup ", "value": 12, "catalog_id": "c-a", "currency": "EUR", "inStock": True,
    },
    "gift:flags": gift("flags", catalogId="c-a", status="discontinued", image="data:image/png;base64,AA", brand=None),
    "gift:stock": gift(
        "stock", catalogId="c-a", inventory={"available": 3, "reserved": 1}, attributes={"password": "x"}
    ),
    "order:zero": order("zero", totalValue=0, status="confirmed", shippingAddress="Main Street 1"),
    "order:sent": order("sent", status="in_transit", timeline=[{"date": "2026-02-20"}]),
    "order:words": order("words", createdAt="February 20, 2026", userEmail=None),
    "client:tier": {
        "id": "tier", "name": "T", "tier": "platinum", "status": "published", "contact": {"email": "a@b.example"},
    },
    "site:twice": {
        "id": "twice", "name": "x", "clientId": "a", "domain": "https://taken.test/shop", "catalogId": "nowhere",
    },
    "site:brand": {
        "id": "brand", "name": "Brand", "clientId": "a", "catalogId": "c-a", "siteUrl": "https://x.test/",
        "branding": {"primaryColor": "#fff", "logo": "no address"}, "settings": {"locale": "de"},
    },
    "catalogs:c-conn": {
        "id": "c-conn", "name": "C", "ownerId": "a", "source": {"type": "erp", "apiConfig": {"key": "x"}},
    },
}  # fmt: skip
"""Documents in the formats of the old applications, including documents that the mapping corrects."""


def put_forms(mirror: Store) -> None:
    mirror.put("site:first", {"id": "first", "name": "First", "clientId": "a", "domain": "taken.test"})
    for key, value in FORMS.items():
        mirror.put(key, value)
        assert mirror.reason(key) is None, key


@pytest.mark.parametrize("key", FORMS)
def test_a_read_returns_a_document_unchanged_if_the_document_agrees_with_its_row(mirror: Store, key: str) -> None:
    put_forms(mirror)
    for entity in ("client", "catalog", "site", "product", "order"):
        mirror.stage(entity, reads=100, shadow=100)
    stored = mirror.value("select value from kv_store_6fcaeea3 where key = %s", key)
    answer = mirror.answer(key)
    assert answer["value"] == stored
    open_site = key == "site:twice"  # This site waits for its catalog, so a read does not return the row of the site.
    assert answer["agrees"] is (None if open_site else True)


CHANGES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("products", "gift:text", {"price": "21.50"}, {"price": "21,50 €"}),
    ("products", "gift:text", {"inventory_count": 4}, {"availableQuantity": "4"}),
    ("products", "gift:value", {"name": "Mug"}, {"gift_name": "Mug"}),
    ("products", "gift:stock", {"inventory_count": 9}, {"inventory": {"available": 9, "reserved": 1}}),
    ("products", "gift:flags", {"is_active": True}, {"status": "active"}),
    ("clients", "client:tier", {"contact_email": "c@d.example"}, {"contact": {"email": "c@d.example"}}),
    ("sites", "site:brand", {"branding": {"color": "#000"}},
     {"branding": {"primaryColor": "#000", "logo": None}}),  # The row never contained this logo.
    ("orders", "order:zero", {"customer_name": "Ann"}, {"customerName": "Ann"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "key", "columns", "fields"), CHANGES)
def test_a_row_change_that_was_not_mirrored_is_read_in_the_document_format(
    mirror: Store, table: str, key: str, columns: dict[str, Any], fields: dict[str, Any]
) -> None:
    put_forms(mirror)
    entity = table.removesuffix("s")
    with mirror.unnoticed():
        mirror.update(table, key, **columns)
    before = mirror.document(key)
    assert mirror.read(key) == before
    mirror.stage(entity, reads=100)
    changed = {name: value for name, value in mirror.read(key).items() if name not in ("updatedAt", "updated_at")}
    assert changed == before | fields
    assert mirror.document(key) == before


def test_a_read_of_the_order_of_an_erased_person_returns_no_personal_data(mirror: Store) -> None:
    mirror.put("order:o1", order("o1", userName="Jane Roe"))
    with mirror.unnoticed():
        mirror.update("orders", "order:o1", customer_name="erased", customer_email="", erased_at="now")
    assert "Jane" in str(mirror.read("order:o1"))
    mirror.stage("order", reads=100)
    assert "Jane" not in str(mirror.read("order:o1"))


def test_a_read_of_an_alias_or_an_unmapped_document_returns_the_stored_document(mirror: Store) -> None:
    documents = {
        "gifts:g-a": gift("g-a", catalogId="c-a", name="Alias"),
        "gift:bad": gift("bad", catalogId="c-a", price="free"),
        "site_configs:s-a": {"name": "a setting"},
        "session:1": {"id": "1"},
        "gifts:all": ["g-a"],
    }
    for key, value in documents.items():
        mirror.put(key, value)
    with mirror.unnoticed():
        mirror.database.execute("update products set name = 'Row'")
    for entity in ("client", "catalog", "site", "product", "order"):
        mirror.stage(entity, reads=100)
    assert mirror.read("gift:g-a")["name"] == "Row"
    for key in documents:
        assert mirror.read(key) == mirror.document(key)


def test_increasing_the_share_of_table_reads_keeps_the_records_of_the_smaller_share(
    mirror: Store,
) -> None:
    mirror.database.execute(
        "insert into kv_store_6fcaeea3 select 'gift:' || n, jsonb_build_object('id', n::text, 'name', 'Mug',"
        " 'price', 5, 'currency', 'EUR', 'catalogId', 'c-a') from generate_series(1, 400) n"
    )
    with mirror.unnoticed():
        mirror.database.execute("update products set name = 'Row'")
    shares = []
    for reads in (0, 25, 25, 50, 100):
        mirror.stage("product", "client:a", reads=reads)
        shares.append(answered(mirror))
    assert shares[0] == set() and shares[1] == shares[2] and shares[2] < shares[3] < shares[4]
    assert len(shares[4]) == 401
    mirror.stage("product", "client:a", reads=0)
    assert answered(mirror) == set()


def answered(mirror: Store) -> set[str]:
    """Return the keys of the gifts whose reads return the row."""
    mirror.enter()
    rows = mirror.rows(
        "select s.key from kv_store_6fcaeea3 s cross join lateral kv.answer(s.key, s.value, 0.5) a"
        " where s.key like 'gift:%%' and a.value ->> 'name' = 'Row'"
    )
    mirror.leave()
    return {row["key"] for row in rows}


BAD: dict[str, tuple[Any, str, str]] = {
    "gift:bad": (gift("bad", catalogId="c-a", price="free"), "23514", "price_unreadable"),
    "gift:twin": (gift("twin", catalogId="c-a", sku="SKU-g-a"), "23505", "sku_repeated"),
    "gift:text": ("no object", "23514", "not_an_object"),
    "order:bad": (order("bad", siteId="nowhere"), "23503", "unknown_site"),
    "site:bad": ({"id": "bad", "clientId": "nobody"}, "23503", "unknown_client"),
}


@pytest.mark.parametrize("key", BAD)
def test_a_bad_document_is_refused_only_if_the_tables_lead(mirror: Store, key: str) -> None:
    value, code, reason = BAD[key]
    mirror.put(key, value)
    assert mirror.reason(key) == reason
    mirror.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])
    for entity in ("client", "catalog", "site", "product", "order"):
        mirror.stage(entity, leads="tables")
    with pytest.raises(psycopg.Error) as raised, mirror.database.transaction():
        mirror.put("gift:good", gift("good", catalogId="c-a"))
        mirror.put(key, value)
    assert (raised.value.sqlstate, raised.value.diag.constraint_name) == (code, reason)
    assert mirror.rows("select key from kv_store_6fcaeea3 where key in (%s, 'gift:good')", key) == []
    mirror.put("gift:good", gift("good", catalogId="c-a"))
    assert mirror.row("products", "gift:good")["name"] == "Mug"


def test_the_stage_of_the_client_determines_whether_a_bad_document_is_refused(mirror: Store) -> None:
    mirror.tenant("b")
    mirror.stage("product", leads="tables")
    mirror.stage("product", "client:b", leads="kv")
    mirror.stage("order", "client:b", leads="tables")
    mirror.put("gift:bad-b", gift("bad-b", catalogId="c-b", price="free"))
    assert mirror.reason("gift:bad-b") == "price_unreadable"
    mirror.put("gift:g-b", gift("g-b", catalogId="c-b", price="free"))
    assert mirror.reason("gift:g-b") == "price_unreadable"
    mirror.put("order:bad-a", order("bad-a", quantity="many"))
    for key, value in {
        "gift:bad-a": gift("bad-a", catalogId="c-a", price="free"),
        "gift:nowhere": gift("nowhere", catalogId="nowhere"),
        "order:bad-b": order("bad-b", siteId="s-b", giftId="g-b", quantity="many"),
    }.items():
        with pytest.raises(psycopg.IntegrityError), mirror.database.transaction():
            mirror.put(key, value)


def test_documents_that_cannot_be_mapped_together_are_refused_while_the_tables_lead(mirror: Store) -> None:
    many = (
        "insert into kv_store_6fcaeea3 select 'gift:' || n, jsonb_build_object('id', n::text, 'name', 'Mug',"
        " 'price', 5, 'currency', 'EUR', 'catalogId', 'c-a') from generate_series(1, 501) n"
    )
    mirror.stage("product", leads="tables")
    with pytest.raises(psycopg.errors.CheckViolation, match="too_many_documents"), mirror.database.transaction():
        mirror.database.execute(many.encode())
    mirror.stage("product", leads="kv")
    mirror.database.execute(many.encode())


def test_session_settings_do_not_change_the_stage(mirror: Store) -> None:
    with mirror.unnoticed():
        mirror.update("products", "gift:g-a", name="Row")
    settings = (
        "kv.leads",
        "kv.reads",
        "kv.stage",
        "kv.shadow",
        "app.kv_stage",
        "app.origin",
        "kv.origin",
        "app.mirror",
    )
    for name in settings:
        mirror.database.execute("select set_config(%s, 'tables', true)", [name])
    assert mirror.read("gift:g-a")["name"] == "Mug"
    mirror.put("gift:bad", gift("bad", catalogId="c-a", price="free"))
    mirror.stage("product", reads=100)
    for name in settings:
        mirror.database.execute("select set_config(%s, 'kv', true)", [name])
    assert mirror.read("gift:g-a")["name"] == "Row"
    with pytest.raises(psycopg.errors.CheckViolation), mirror.database.transaction():
        mirror.put("gift:worse", gift("worse", catalogId="c-a", price="free"))


def test_a_mismatch_is_recorded_once_per_field_without_values(mirror: Store) -> None:
    mirror.stage("product", shadow=100)
    with mirror.unnoticed():
        mirror.update("products", "gift:g-a", name="Row", price=9)
    stored = mirror.value("select value from kv_store_6fcaeea3 where key = 'gift:g-a'")
    assert mirror.answer("gift:g-a") == {"value": stored, "agrees": False}
    mirror.enter()
    for _ in range(3):
        mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{gift:g-a}')")
    mirror.leave()
    assert mirror.differences() == [("gift:g-a", "field", "name"), ("gift:g-a", "field", "price")]
    assert mirror.rows(
        "select client_id, sum(reads) as reads, sum(mismatches) as n from kv.shadow_reads group by 1"
    ) == [{"client_id": mirror.id("client:a"), "reads": 3, "n": 3}]


def test_a_missing_row_is_recorded_as_a_mismatch(mirror: Store) -> None:
    mirror.stage("product", shadow=100)
    mirror.database.execute("alter table products disable trigger mirror_delete")
    mirror.database.execute("delete from products where id = %s", [mirror.id("gift:g-a")])
    assert mirror.answer("gift:g-a")["agrees"] is False
    mirror.enter()
    mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{gift:g-a}')")
    mirror.leave()
    assert mirror.differences() == [("gift:g-a", "row_missing", None)]


def test_a_mismatch_is_recorded_only_if_a_second_read_confirms_the_difference(mirror: Store) -> None:
    mirror.stage("product", shadow=100)
    with mirror.unnoticed():
        mirror.update("products", "gift:g-a", name="Row")
    assert mirror.answer("gift:g-a")["agrees"] is False
    mirror.put("gift:g-a", mirror.document("gift:g-a") | {"name": "Row"})
    mirror.enter()
    mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{gift:g-a}')")
    mirror.leave()
    assert mirror.differences() == []
    assert mirror.value("select sum(mismatches) from kv.shadow_reads") == 0


def test_a_status_that_was_changed_in_the_platform_is_not_a_mismatch(mirror: Store) -> None:
    mirror.update("sites", "site:s-a", status="inactive")
    mirror.put("site:s-a", mirror.document("site:s-a") | {"status": "active"})
    assert "kept" in mirror.notes("site:s-a")
    mirror.stage("site", reads=100, shadow=100)
    answer = mirror.answer("site:s-a")
    assert (answer["value"]["status"], answer["agrees"]) == ("inactive", True)


def test_only_reads_of_old_applications_are_counted_and_return_rows(mirror: Store) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), mirror.database.transaction():
        mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{}')")
    mirror.stage("product", reads=100, shadow=100)
    [row] = mirror.rows("select a.value, a.agrees from kv.answer('gift:g-a', %s, 0) a", Jsonb({"x": 1}))
    assert row == {"value": {"x": 1}, "agrees": None}


@pytest.mark.parametrize("stage", ["reads", "shadow"])
def test_a_document_that_was_not_mirrored_is_returned_unchanged(mirror: Store, stage: str) -> None:
    mirror.stage("product", reads=100, shadow=100 if stage == "shadow" else 0)
    with mirror.unnoticed():
        mirror.update("products", "gift:g-a", name="Row")
        mirror.database.execute(
            "update kv_store_6fcaeea3 set value = value || '{\"name\": \"Late\"}' where key = 'gift:g-a'"
        )
    answer = mirror.answer("gift:g-a", chance=0.0)
    assert (answer["value"]["name"], answer["agrees"]) == ("Late", None)
    with mirror.unnoticed():
        mirror.database.execute(
            "update kv_store_6fcaeea3 set value = value || '{\"name\": \"Mug\"}' where key = 'gift:g-a'"
        )
    assert mirror.read("gift:g-a")["name"] == "Row"


FOREIGN: list[dict[str, Any]] = [
    gift("g-x", catalogId="c-b"),
    gift("g-x", catalogId="c-b", price="free"),
    gift("g-b", catalogId="c-b"),
    gift("g-a", catalogId="c-b"),
]


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_document_cannot_replace_a_document_while_the_tables_lead(mirror: Store, value: Any) -> None:
    mirror.tenant("b")
    mirror.stage("product", "client:a", leads="tables")
    with pytest.raises(psycopg.errors.CheckViolation), mirror.database.transaction():
        mirror.put("gift:g-a", value)
    mirror.put("gift:g-b", gift("g-y", catalogId="c-b"))
    mirror.put("gift:g-c", gift("g-c", catalogId="c-b", price="free"))
    mirror.stage("product", "client:a", leads="kv")
    mirror.put("gift:g-a", value)


def test_the_stage_of_the_owner_determines_whether_an_invalid_write_is_refused(
    mirror: Store,
) -> None:
    mirror.tenant("b")
    mirror.stage("product", "client:a", leads="tables")
    mirror.database.execute(
        "set local role app_mirror; create or replace function kv.check_products(drafts kv.draft[], currency text)"
        " returns kv.draft[] language plpgsql stable as $$ begin return missing(); end $$; reset role"
    )
    cups = gift("g-a", catalogId="c-a", name="Cup", category="Cups")
    for value in (cups, gift("g-a", catalogId="c-b"), gift("g-x", catalogId="c-b")):
        with pytest.raises(psycopg.errors.InternalError_, match="mapping_failed"), mirror.database.transaction():
            mirror.put("gift:g-a", value)
    mirror.put("gift:g-b", gift("g-b", catalogId="c-b", name="Cup"))


def test_a_bad_document_in_a_list_does_not_block_writes_of_other_documents(mirror: Store) -> None:
    mirror.tenant("b")
    bad = gift("bad", catalogId="c-a", price="free")
    items = [gift("g-1", catalogId="c-a"), bad, gift("g-2", catalogId="c-b")]
    mirror.put("gifts:all", items)
    assert mirror.reason("gifts:all::bad") == "price_unreadable"
    mirror.stage("product", leads="tables")
    mirror.put("gifts:all", [items[0] | {"name": "Cup"}, bad, items[2] | {"name": "Bowl"}])
    assert mirror.row("products", "gifts:all::g-1")["name"] == "Cup"
    assert mirror.row("products", "gifts:all::g-2")["name"] == "Bowl"
    for worse in (bad | {"price": "gratis"}, bad | {"id": "bad-2"}):
        with pytest.raises(psycopg.errors.CheckViolation, match="price_unreadable"), mirror.database.transaction():
            mirror.put("gifts:all", [*items, worse])
    mirror.put("gifts:all", [items[0], items[2]])
    mirror.put("gifts:all", [items[0], items[2] | {"name": "Pot"}])
    assert mirror.row("products", "gifts:all::g-2")["name"] == "Pot"


def test_a_read_without_a_difference_closes_the_mismatches_of_its_document(mirror: Store) -> None:
    mirror.stage("product", shadow=100)
    with mirror.unnoticed():
        mirror.update("products", "gift:g-a", name="Row")
    mirror.enter()
    mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{gift:g-a}')")
    mirror.database.execute("select kv.record_shadow_reads('{gift:g-b}', '{}')")
    mirror.leave()
    assert mirror.value("select count(*) from kv.differences where repaired_at is null") == 1
    mirror.enter()
    mirror.database.execute("select kv.record_shadow_reads('{gift:g-a}', '{}')")
    mirror.leave()
    assert mirror.value("select count(*) from kv.differences where repaired_at is null") == 0
