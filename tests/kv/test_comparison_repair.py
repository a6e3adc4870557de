"""Tests repairs of differences between documents and rows, in both directions. The module uses its own local cloud."""

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.faults.environment import FULL
from tests.kv.commands import run
from tests.kv.comparing import FEW, OWN, TABLES, Damage, compare, damaged, fill, found, id_of, unnoticed, value
from tests.kv.moving import gift
from tests.kv.store import Sizes
from tests.kv.store.truth import Truth
from tests.platform import Platform

SIZES = Sizes(clients=20, sites=30, gifts=900, orders=900, damage=0.003) if FULL else FEW
"""If FULL is set, gifts and orders have several pages of `wecelebrate.kv.comparison.runs.PAGE_SIZE`. Otherwise each
entity has one page, because each test compares all documents several times."""


@pytest.fixture(scope="module")
def truths(own_platform: Platform) -> list[Truth]:
    """The expected results for a damaged store whose documents were mapped to rows."""
    return fill(own_platform, SIZES)


REPAIRED = [
    ("client", "client:own", "contact_email", "x@example.test"),
    ("site", "site:s-a", "branding", Jsonb({"color": "blue"})),
    ("product", "gift:g-a", "price", 20),
    ("product", "gift:g-a", "inventory_count", 8),
    ("order", "order:o-a", "customer_email", "x@example.test"),
]


def _values(platform: Platform, damages: list[Damage]) -> list[Any]:
    return [
        value(platform, f"select {column}::text from {TABLES[entity]} where id = %s", id_of(platform, key))
        for entity, key, column, _ in damages
    ]


def _documents(platform: Platform) -> dict[str, Any]:
    rows = platform.database.execute(
        "select key, value - '_rev' as value from kv_store_6fcaeea3 where jsonb_typeof(value) = 'object'"
    ).fetchall()
    return {row["key"]: {name: field for name, field in row["value"].items() if field is not None} for row in rows}


@pytest.mark.usefixtures("truths")
@pytest.mark.parametrize("source", ["kv", "tables"])
def test_changed_columns_are_repaired_from_documents_or_rows(own_platform: Platform, source: str) -> None:
    rows, documents = _values(own_platform, REPAIRED), _documents(own_platform)
    with damaged(own_platform, REPAIRED):
        changed = _values(own_platform, REPAIRED)
        repairs = compare(own_platform, "--repair", f"from={source}", code=0)["repairs"]
        assert repairs == {"repaired": 4, "unchanged": 0, "quarantined": 0, "newer": 0}
        after = _documents(own_platform)
        assert _values(own_platform, REPAIRED) == (rows if source == "kv" else changed)
        written = {key for key in documents if after[key] != documents[key]}
        assert written == ({key for _, key, _, _ in REPAIRED} if source == "tables" else set())
        repairs = compare(own_platform, "--repair", f"from={source}", code=0)["repairs"]
        assert repairs == {"repaired": 0, "unchanged": 0, "quarantined": 0, "newer": 0}
        assert _documents(own_platform) == after
        assert _values(own_platform, REPAIRED) == (rows if source == "kv" else changed)
    if source == "tables":
        # The rows have their original values again, and the documents now contain the damage. Repair the documents.
        assert after["gift:g-a"]["price"] == "20,00 €"
        compare(own_platform, "--repair", "from=tables", code=0)
        repaired = _documents(own_platform)
        # In the original document, the name was the address.
        assert repaired["order:o-a"].pop("customerName") == "a@b.example"
        assert repaired == documents


@pytest.mark.usefixtures("truths")
def test_a_repair_restores_rows_that_were_deleted_without_triggers(own_platform: Platform) -> None:
    deleted = {"product": "gift:g-a", "order": "order:o-a", "site": "site:s-b", "client": "client:other"}
    with unnoticed(own_platform):
        for entity, key in deleted.items():
            id = id_of(own_platform, key)
            own_platform.database.execute(f"delete from {TABLES[entity]} where id = %s".encode(), [id])
            own_platform.database.execute("delete from order_lines where order_id = %s", [id])
    compare(own_platform, code=1)
    assert found(own_platform) == {(entity, key, "row_missing", None) for entity, key in deleted.items()}
    repairs = compare(own_platform, "--repair", "from=kv", code=0)["repairs"]
    assert repairs == {"repaired": 4, "unchanged": 0, "quarantined": 0, "newer": 0}
    for entity, key in deleted.items():
        query = f"select count(*) from {TABLES[entity]} where id = %s"
        assert value(own_platform, query, id_of(own_platform, key)) == 1, key
    lines = "select count(*) from order_lines where order_id = %s"
    assert value(own_platform, lines, id_of(own_platform, "order:o-a")) == 1
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_a_repair_restores_documents_that_were_deleted_without_triggers(own_platform: Platform) -> None:
    deleted = {
        "product": "gift:g-a", "order": "order:o-a", "site": "site:s-a", "client": "client:own",
        "catalog": "catalogs:own",
    }  # fmt: skip
    documents = _documents(own_platform)
    with unnoticed(own_platform):
        for key in deleted.values():
            own_platform.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])
    compare(own_platform, code=1)
    missing = {(entity, key, "document_missing", None) for entity, key in deleted.items()}
    assert found(own_platform) == missing
    repairs = compare(own_platform, "--repair", "from=kv", code=1)["repairs"]
    assert repairs == {"repaired": 0, "unchanged": 5, "quarantined": 0, "newer": 0}
    assert found(own_platform) == missing
    repairs = compare(own_platform, "--repair", "from=tables", code=0)["repairs"]
    assert repairs == {"repaired": 5, "unchanged": 0, "quarantined": 0, "newer": 0}
    after = _documents(own_platform)
    assert after.keys() == documents.keys()
    for key in deleted.values():
        assert after[key]["id"] == documents[key]["id"]
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_a_repair_writes_a_missing_list_document_under_a_separate_key(
    own_platform: Platform,
) -> None:
    [row] = own_platform.database.execute(
        "select i.key, i.list, i.old_id from kv.ids i where i.entity = 'product' and i.list is not null and i.has_row"
        " and i.state = 'mapped' and not i.alias order by i.key limit 1"
    ).fetchall()
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update kv_store_6fcaeea3 s set value = (select jsonb_agg(e) from jsonb_array_elements(s.value) e"
            " where e ->> 'id' is distinct from %s) where key = %s",
            [row["old_id"], row["list"]],
        )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", row["key"], "document_missing", None)}
    repairs = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)["repairs"]
    assert repairs == {"repaired": 1, "unchanged": 0, "quarantined": 0, "newer": 0}
    stored = "select value ->> 'id' from kv_store_6fcaeea3 where key = %s"
    assert value(own_platform, stored, f"gift:{row['old_id']}") == row["old_id"]
    compare(own_platform, code=0)


@pytest.mark.usefixtures("truths")
def test_a_repair_replaces_a_document_that_was_copied_from_another_key(
    own_platform: Platform,
) -> None:
    own = f"gift:{OWN}"
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update kv_store_6fcaeea3 set value = (select value from kv_store_6fcaeea3 where key = 'gift:g-a')"
            " where key = %s",
            [own],
        )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", own, "field", "id")}
    result = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)
    assert result["repairs"] == {"repaired": 1, "unchanged": 0, "quarantined": 0, "newer": 0}
    assert value(own_platform, "select value ->> 'id' from kv_store_6fcaeea3 where key = %s", own) == OWN
    assert found(own_platform) == set()


@pytest.mark.usefixtures("truths")
def test_a_repair_maps_an_unmapped_document(own_platform: Platform) -> None:
    document = Jsonb(gift("g-new", catalogId="own"))
    own_platform.database.execute("insert into kv_store_6fcaeea3 values ('gift:g-new', %s)", [document])
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", "gift:g-new", "row_missing", None)}
    nothing = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=1)
    assert nothing["repairs"] == {"repaired": 0, "unchanged": 1, "quarantined": 0, "newer": 0}
    compare(own_platform, "--entity", "product", "--repair", "from=kv", code=0)
    assert value(own_platform, "select count(*) from products where id = %s", id_of(own_platform, "gift:g-new")) == 1


@pytest.mark.usefixtures("truths")
def test_a_row_without_a_document_is_a_difference_until_a_repair(own_platform: Platform) -> None:
    id = value(
        own_platform,
        "insert into products (catalog_id, sku, name, price, currency) values (%s, 'N1', 'Pen', 2.5, 'EUR')"
        " returning id",
        id_of(own_platform, "catalogs:own"),
    )
    compare(own_platform, "--entity", "product", code=1)
    assert found(own_platform) == {("product", None, "document_missing", None)}
    compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)
    assert value(own_platform, "select value ->> 'name' from kv_store_6fcaeea3 where key = %s", f"gift:{id}") == "Pen"


@pytest.mark.usefixtures("truths")
def test_a_repair_lists_and_keeps_documents_that_are_newer_than_their_rows(
    own_platform: Platform,
) -> None:
    written: dict[str, dict[str, Any]] = {
        "gift:g-a": {"price": "21,50 €", "stock": 6},
        "client:own": {"name": "Renamed"},
        "order:o-a": {"status": "shipped", "updatedAt": "2999-01-01T00:00:00.000Z"},
        "site:s-a": {"branding": {"color": "green"}, "updatedAt": "2999-01-01T00:00:00.000Z"},
    }
    before = _documents(own_platform)
    for key, fields in written.items():  # The mirror is off.
        own_platform.database.execute(
            "update kv_store_6fcaeea3 set value = value || %s where key = %s", [Jsonb(fields), key]
        )
    with damaged(own_platform, [("site", "site:s-a", "branding", Jsonb({"color": "blue"}))]):
        result = compare(own_platform, "--repair", "from=tables", code=1)
        assert result["repairs"] == {"repaired": 0, "unchanged": 0, "quarantined": 0, "newer": 4}
        assert set(result["newer"]) == set(written)
        after = _documents(own_platform)
        for key, fields in written.items():
            assert {name: after[key][name] for name in fields} == fields
        repairs = compare(own_platform, "--repair", "from=kv", code=0)["repairs"]
        assert repairs == {"repaired": 4, "unchanged": 0, "quarantined": 0, "newer": 0}
        assert value(own_platform, "select price from products where id = %s", id_of(own_platform, "gift:g-a")) == 21.5
    for key in written:
        own_platform.database.execute(
            "update kv_store_6fcaeea3 set value = %s where key = %s", [Jsonb(before[key]), key]
        )
    with unnoticed(own_platform):
        own_platform.database.execute(
            "update orders set status = 'pending', fulfilment = 'none', shipped_at = null, processed_at = null"
            " where id = %s",
            [id_of(own_platform, "order:o-a")],
        )


@pytest.mark.usefixtures("truths")
def test_a_repair_updates_a_document_whose_row_is_newer(own_platform: Platform) -> None:
    own_platform.database.execute(
        "update kv_store_6fcaeea3 set value = value || %s where key = 'client:own'",
        [Jsonb({"name": "Older", "updatedAt": "2020-01-01T00:00:00.000Z"})],
    )
    id = id_of(own_platform, "client:own")
    own_platform.database.execute("update clients set name = 'Newer' where id = %s", [id])
    result = compare(own_platform, "--entity", "client", "--repair", "from=tables", code=0)
    assert (result["repairs"]["repaired"], result["newer"]) == (1, [])
    assert _documents(own_platform)["client:own"]["name"] == "Newer"


@pytest.mark.usefixtures("truths")
def test_a_repair_does_not_change_a_newer_second_document_of_the_row(own_platform: Platform) -> None:
    """The repair changes only the document that determines the row."""
    other = gift("g-a", catalogId="own", name="Alias", stock=3)
    own_platform.database.execute("insert into kv_store_6fcaeea3 values ('gifts:g-a', %s)", [Jsonb(other)])
    run(own_platform, "backfill")
    own_platform.database.execute(
        "update kv_store_6fcaeea3 set value = value || %s where key = 'gifts:g-a'", [Jsonb({"stock": 2})]
    )
    with damaged(own_platform, [("product", "gift:g-a", "inventory_count", 9)]):
        compare(own_platform, "--entity", "product", "--repair", "from=tables", code=0)
        first, second = (_documents(own_platform)[key] for key in ("gift:g-a", "gifts:g-a"))
        assert (first.get("stock", first.get("availableQuantity")), second["stock"]) == (9, 2)
    own_platform.database.execute("delete from kv_store_6fcaeea3 where key = 'gifts:g-a'")


@pytest.mark.usefixtures("truths")
def test_a_repair_keeps_a_document_that_was_written_after_its_row_was_deleted(own_platform: Platform) -> None:
    own_platform.database.execute(
        "insert into kv_store_6fcaeea3 values ('gift:g-gone', %s), ('gift:g-late', %s)",
        [Jsonb(gift("g-gone", catalogId="own")), Jsonb(gift("g-late", catalogId="own"))],
    )
    run(own_platform, "backfill")
    own_platform.database.execute(
        "delete from products where id = any (%s)",
        [[id_of(own_platform, f"gift:g-{name}") for name in ("gone", "late")]],
    )
    own_platform.database.execute(
        "update kv_store_6fcaeea3 set value = value || '{\"name\": \"Cup\"}' where key = 'gift:g-late'"
    )
    result = compare(own_platform, "--entity", "product", "--repair", "from=tables", code=1)
    assert (result["repairs"]["newer"], result["newer"]) == (1, ["gift:g-late"])
    documents = _documents(own_platform)
    assert "gift:g-gone" not in documents
    assert documents["gift:g-late"]["name"] == "Cup"
