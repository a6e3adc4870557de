"""Tests a mapping with a parent column. Variants inherit blank fields from their parent, which can be anywhere in the
file.
"""

import io
import json
import random
import tracemalloc
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Body, Reading, read
from tests.core.feeds.workbooks import table
from wecelebrate.feeds import Product, UnreadableFeed, open_feed, propose

PARENT = {"parent": "Parent SKU"}
HEADER = "SKU,Parent SKU,Name,Description,Category,Brand,Colour,EAN,Price,Stock,Image,Status\n"
TEE = "TEE,,T-Shirt,Soft cotton,Clothes,Acme,,4006381333931,,,https://x.example/t.jpg,active\n"
SMALL = "TEE-S,TEE,,,,,Blue,,19.90,3,,\n"
MEDIUM = "TEE-M,TEE,T-Shirt M,,,Other,Red,,21.00,4,https://x.example/m.jpg,inactive\n"
MUG = "MUG,,Mug,Blue mug,Cups,Acme,White,,9.00,5,,active\n"
LID = "LID,MUG,Lid,,,,,,2.00,1,,\n"


def accounted(text: str | bytes, mapping: dict[str, Any] = PARENT, name: str = "articles.csv") -> Reading:
    reading = read(text, mapping=mapping, name=name)
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read
    return reading


def products(text: str | bytes, mapping: dict[str, Any] = PARENT, name: str = "articles.csv") -> dict[str, Product]:
    reading = accounted(text, mapping, name)
    assert not reading.rejected
    return {product.sku: product for product in reading.products}


@pytest.mark.parametrize("seed", range(8))
def test_variants_inherit_blank_fields_from_a_parent_in_any_row(seed: int) -> None:
    rows = [TEE, SMALL, MEDIUM, MUG, LID]
    random.Random(seed).shuffle(rows)
    variants = products(HEADER + "".join(rows))
    assert set(variants) == {"TEE-S", "TEE-M", "MUG", "LID"}
    small, medium, lid = variants["TEE-S"], variants["TEE-M"], variants["LID"]
    assert (small.name, small.description, small.category, small.brand) == (
        "T-Shirt", "Soft cotton", "Clothes", "Acme",
    )  # fmt: skip
    assert (small.images, small.is_active, small.attributes) == (["https://x.example/t.jpg"], True, {"Colour": "Blue"})
    assert (medium.name, medium.brand, medium.category) == ("T-Shirt M", "Other", "Clothes")
    assert (medium.images, medium.is_active) == (["https://x.example/m.jpg"], False)
    assert (lid.name, lid.category, lid.attributes, str(lid.price)) == ("Lid", "Cups", {"Colour": "White"}, "2.00")
    assert variants["MUG"].rows + lid.rows + small.rows + medium.rows == 5


def test_a_parent_that_is_far_from_its_variants_is_found() -> None:
    others = "".join(f"P-{n},,Plate {n},,Plates,Acme,White,,5.00,1,,active\n" for n in range(5_000))
    for body in (SMALL + others + TEE, TEE + others + SMALL):
        variants = products(HEADER + body)
        assert (len(variants), variants["TEE-S"].name) == (5_001, "T-Shirt")


def test_stocks_and_identifiers_are_never_inherited() -> None:
    body = "MUG,,Mug,,Cups,,,4006381333931,9.00,5,,active\nMUG-2,MUG,,,,,,,8.00,,,\n"
    small = products(HEADER + body)["MUG-2"]
    assert (small.name, small.inventory_count, small.attributes) == ("Mug", None, {})
    assert (small.source["Name"], small.source["EAN"]) == ("", "")


def test_a_variant_without_a_price_is_rejected() -> None:
    reading = accounted(HEADER + MUG + "MUG-2,MUG,,,,,,,,3,,\n")
    assert ([product.sku for product in reading.products], reading.rejection.code) == (["MUG"], "empty")


@pytest.mark.parametrize("price", ["", "0", "0.00", "0,00 EUR", "-", "n/a"])
def test_a_parent_without_a_price_is_not_a_product(price: str) -> None:
    rows = f'TEE;;T-Shirt;"{price}"\nTEE-S;TEE;;19.90\n'
    assert set(products(f"SKU;Parent SKU;Name;Price\n{rows}")) == {"TEE-S"}


def test_a_parent_with_a_price_is_also_a_product() -> None:
    assert set(products(HEADER + TEE.replace(",,,https", ",25.00,2,https") + SMALL)) == {"TEE", "TEE-S"}


def test_parents_are_products_if_the_file_has_no_prices() -> None:
    assert set(products("SKU,Parent SKU,Name\nTEE,,T-Shirt\nTEE-S,TEE,\n")) == {"TEE", "TEE-S"}


def test_a_product_without_a_price_and_without_variants_is_rejected() -> None:
    rejection = accounted(HEADER + TEE + MUG).rejection
    assert (rejection.sku, rejection.reason) == ("TEE", "Price: is empty")
    assert rejection == accounted(HEADER + TEE + MUG, {}).rejection


def test_a_variant_without_its_parent_in_the_file_inherits_nothing() -> None:
    small = products(HEADER + SMALL + MUG)["TEE-S"]
    assert small.fields_set & {"name", "description", "category", "brand", "images", "is_active"} == set()
    assert {"price", "inventory_count"} <= small.fields_set
    assert small.attributes == {"Colour": "Blue"}


@pytest.mark.parametrize("seed", range(8))
def test_a_variant_inherits_from_the_nearest_parent_in_a_chain(seed: int) -> None:
    rows = [
        TEE, "TEE-B,TEE,,,Tops,,Blue,,,,https://x.example/b.jpg,\n", "TEE-B-S,TEE-B,,,,,,,19.90,3,,\n",
        "TEE-R,TEE,,,,,Red,,25.00,,,\n", "TEE-R-S,TEE-R,,,,,,,20.90,3,,\n",
    ]  # fmt: skip
    random.Random(seed).shuffle(rows)
    variants = products(HEADER + "".join(rows))
    assert {sku: (p.name, p.category, p.attributes, p.images) for sku, p in variants.items()} == {
        "TEE-B-S": ("T-Shirt", "Tops", {"Colour": "Blue"}, ["https://x.example/b.jpg"]),
        "TEE-R": ("T-Shirt", "Clothes", {"Colour": "Red"}, ["https://x.example/t.jpg"]),
        "TEE-R-S": ("T-Shirt", "Clothes", {"Colour": "Red"}, ["https://x.example/t.jpg"]),
    }


def test_cyclic_parents_and_chains_of_more_than_10_parents_are_rejected() -> None:
    reading = accounted(HEADER + "A,B,,,,,,,1.00,1,,\nB,C,,,,,,,1.00,1,,\nC,B,,,,,,,1.00,1,,\n" + MUG)
    assert [(item.sku, item.code) for item in reading.rejected] == [(sku, "bad_parent") for sku in "ABC"]
    assert '"B" and its parents name each other' in reading.rejected[0].reason
    deep = "".join(f"L{n},L{n + 1},,,,,,,1.00,1,,\n" for n in range(20)) + "L20,,Root,,,,,,1.00,1,,\n"
    reading = accounted(HEADER + deep)
    assert (len(reading.products), len(reading.rejected)) == (11, 10)
    assert "more than 10 parents" in reading.rejected[0].reason


def test_a_product_with_itself_or_0_as_its_parent_has_no_parent() -> None:
    rows = "A,A,Apple,,,,,,1.00,1,,\nB,0,Pear,,,,,,1.00,1,,\n"
    assert {sku: p.name for sku, p in products(HEADER + rows).items()} == {"A": "Apple", "B": "Pear"}


@pytest.mark.parametrize(
    ("sku", "parent"),
    [("1001", "1001.0"), ("1001.0", "1001.0"), ('"=""00123"""', "'00123"), ("Caf\u00e9", "Cafe\u0301"), ("A ", " A")],
)
def test_a_parent_is_found_by_every_spelling_of_its_sku(sku: str, parent: str) -> None:
    end = ".0" if sku.endswith(".0") else ""
    rows = f"{sku},,Mug,1.00\n1002{end},{parent},,2.00\n1003{end},{parent},,3.00\n"
    variants = accounted("SKU,Parent SKU,Name,Price\n" + rows).products
    assert [product.name for product in variants] == ["Mug", "Mug", "Mug"]


def test_the_last_row_of_a_repeated_parent_is_used() -> None:
    variants = accounted(HEADER + TEE + SMALL + TEE.replace("T-Shirt", "Tee")).products
    assert [(product.sku, product.name, product.rows) for product in variants] == [("TEE-S", "Tee", 3)]


def test_a_variant_inherits_a_field_only_if_all_columns_of_the_field_are_blank() -> None:
    header = "SKU,Parent SKU,Name,Price,Image 1,Image 2\n"
    rows = "A,,Mug,9.00,https://x.example/1.jpg,https://x.example/2.jpg\nB,A,,9.00,,https://x.example/3.jpg\n"
    mapping = {**PARENT, "images": {"columns": ["Image 1", "Image 2"]}}
    variants = products(header + rows, mapping)
    assert (variants["B"].name, variants["B"].images) == ("Mug", ["https://x.example/3.jpg"])


def test_the_sku_of_a_parent_can_be_computed_by_a_transformation() -> None:
    mapping = {
        "parent": {"columns": ["Code"], "transform": [{"regex": {"pattern": "^([A-Z]+)-.*", "group": 1}}]},
        "name": {"join": ["Marke", "Titel"]},
    }
    body = "Code,Marke,Titel,Price\nTEE-S,,,19.90\nTEE,Acme,Shirt,\nMUG,Acme,Mug,9.00\n"
    variants = products(body, mapping)
    assert {sku: product.name for sku, product in variants.items()} == {"TEE-S": "Acme Shirt", "MUG": "Acme Mug"}
    assert list(variants["TEE-S"].source) == ["Code", "Marke", "Titel", "Price"]


def test_commands_are_not_inherited() -> None:
    header = "SKU,Parent SKU,Name,Price,Command\n"
    variants = products(header + "MUG,,Mug,9.00,DELETE\nMUG-2,MUG,,8.00,\n", {**PARENT, "command": "Command"})
    assert {sku: product.is_active for sku, product in variants.items()} == {"MUG": False, "MUG-2": True}


def test_the_stocks_of_a_variant_in_all_places_are_added_up() -> None:
    rows = "TEE,,T-Shirt,,,\nTEE-S,TEE,,North,3,19.90\nTEE-S,TEE,,South,4,19.90\nMUG,,Mug,North,1,9.00\n"
    variants = products("SKU,Parent SKU,Name,Warehouse,Qty,Price\n" + rows)
    assert variants["TEE-S"].stock_by_place == {"North": 3, "South": 4}
    assert (variants["TEE-S"].name, variants["TEE-S"].inventory_count, variants["TEE-S"].rows) == ("T-Shirt", 7, 3)


ROWS: list[dict[str, Any]] = [
    {"sku": "TEE-S", "parent": "TEE", "price": 19.9, "colour": "Blue"},
    {"sku": "TEE", "parent": None, "name": "T-Shirt", "category": "Clothes"},
    {"sku": "MUG", "parent": None, "name": "Mug", "price": 9.5},
]


def test_parents_are_found_in_json_and_xml_and_workbooks() -> None:
    columns = ["sku", "parent", "name", "price", "category", "colour"]
    rows = [columns, *([row.get(column) or "" for column in columns] for row in ROWS)]
    xml = "".join(f"<item>{''.join(f'<{k}>{v}</{k}>' for k, v in row.items() if v)}</item>" for row in ROWS)
    files: dict[str, bytes] = {
        "a.json": json.dumps(ROWS).encode(),
        "a.ndjson": "\n".join(map(json.dumps, ROWS)).encode(),
        "a.xml": f"<items>{xml}</items>".encode(),
        "a.xlsx": table(*rows),
    }
    for name, content in files.items():
        variants = products(content, {"parent": "parent"}, name)
        assert set(variants) == {"TEE-S", "MUG"}, name
        small = variants["TEE-S"]
        assert (small.name, small.category, str(small.price)) == ("T-Shirt", "Clothes", "19.90"), name


def test_variants_inherit_json_keys_that_first_occur_in_later_records() -> None:
    rows = [{"sku": f"P-{n}", "parent": "", "name": f"Plate {n}", "price": 5} for n in range(1_500)]
    rows[0] = {"sku": "TEE-S", "parent": "TEE", "price": 19}
    rows.append({"sku": "TEE", "parent": "", "name": "T-Shirt", "brand": "Acme", "colour": "Blue"})
    small = products(json.dumps(rows), {"parent": "parent"}, "a.json")["TEE-S"]
    assert (small.name, small.brand, small.attributes) == ("T-Shirt", "Acme", {"colour": "Blue"})


def test_a_mapped_parent_column_replaces_the_rule_of_a_known_export() -> None:
    header = "ID,Type,SKU,Name,In stock?,Stock,Regular price,Categories,Images,Parent,Model\n"
    rows = "1,simple,HD,Hoodie,1,,30,Clothes,,,\n7,simple,HD-B,,1,4,20,,,,HD\n"
    assert products(header + rows, {"parent": "Model"})["HD-B"].name == "Hoodie"


def test_a_proposal_shows_the_parent_and_the_inherited_values() -> None:
    proposal = propose(io.BytesIO((HEADER + SMALL + TEE + MUG).encode()), "a.csv", PARENT, "EUR")
    assert [(column.name, column.use) for column in proposal.columns if column.target == "parent"] == [
        ("Parent SKU", "field")
    ]
    assert [(row["product"]["sku"], row["product"]["name"]) for row in proposal.rows] == [
        ("TEE-S", "T-Shirt"), ("MUG", "Mug"),
    ]  # fmt: skip
    assert proposal.reading["columns"]["parent"][0]["column"] == "Parent SKU"


def test_a_mapped_parent_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match='take parent from the column "Mother"'):
        open_feed(Body((HEADER + MUG).encode()), "a.csv", {"parent": "Mother"}, "EUR")


@pytest.mark.slow
def test_memory_use_does_not_depend_on_the_number_of_rows() -> None:
    def peak(count: int) -> int:
        rows = "".join(f"V-{n},P-{n // 5},,,,,Blue,,1.00,1,,\n" for n in range(count))
        parents = "".join(f"P-{n},,Plate {n},{'x' * 200},,,,,,,,\n" for n in range(count // 5))
        feed = open_feed(Body((HEADER + rows + parents).encode()), "a.csv", PARENT, "EUR")
        tracemalloc.start()
        try:
            assert sum(item.rows for item in feed) == count + count // 5
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(500)
    assert peak(20_000) < peak(5_000) + 2_000_000
