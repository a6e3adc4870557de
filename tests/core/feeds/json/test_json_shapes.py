"""Tests JSON in the formats of shop APIs: connections, options, named values and bulk results."""

import json
import tracemalloc
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Body, Reading, read
from wecelebrate.feeds import UnreadableFeed, open_feed


def names(document: Any) -> dict[str, str | None]:
    return {product.sku: product.name for product in read(json.dumps(document), name="feed.json").products}


@pytest.mark.parametrize(
    "options",
    [
        {"selectedOptions": [{"name": "Size", "value": "S"}]},
        {"options": [{"name": "Size", "value": "S"}]},
        {"options": [{"value": "S", "option": {"title": "Size"}}]},
        {"option_values": [{"option_display_name": "Size", "label": "S"}]},
        {"attributes": [{"id": 1, "name": "Size", "option": "S"}]},
    ],
)
def test_the_options_of_a_variant_are_added_to_its_name_and_to_its_attributes(options: Any) -> None:
    document = [{"title": "Hat", "handle": "hat", "variants": [{"sku": "HAT-S", "price": "5.00", **options}]}]
    product = read(json.dumps(document), name="feed.json").product
    assert (product.name, product.attributes["Size"]) == ("Hat \u2013 S", "S")


@pytest.mark.parametrize(
    "wrap", [lambda node: {"edges": [{"cursor": "x", "node": node}]}, lambda node: {"nodes": [node]}]
)
def test_connections_of_graphql_are_read_as_lists(wrap: Any) -> None:
    variant = {"sku": "HAT", "price": "5.00", "title": "Default Title"}
    product = {"id": "gid://shopify/Product/1", "title": "Hat", "handle": "hat", "variants": wrap(variant)}
    assert names({"data": {"products": wrap(product)}, "extensions": {"cost": {}}}) == {"HAT": "Hat"}
    assert names({"data": {"product": product}, "extensions": {"cost": {}}}) == {"HAT": "Hat"}


def test_the_names_of_named_values_become_column_names() -> None:
    document = [
        {
            "sku": "A",
            "name": "Hat",
            "price": 5,
            "attributes": [{"name": "Colour", "value": "Red"}, {"name": "Cost", "value": 2}],
        },
        {
            "sku": "B",
            "name": "Cap",
            "price": 6,
            "attributes": [{"name": "Colour", "value": {"key": "b", "label": "Blue"}}],
        },
    ]
    first, second = read(json.dumps(document), name="feed.json").products
    assert (first.attributes, second.attributes) == ({"Colour": "Red"}, {"Colour": "Blue"})


def test_a_product_without_variants_has_its_sku_beside_products_with_variants() -> None:
    document = [
        {
            "name": "Hat",
            "slug": "hat",
            "sku": "HAT",
            "price": "9",
            "variants": [{"price": "5", "sku": ""}, {"price": "6", "sku": "H-2"}],
        },
        {"name": "Cap", "slug": "cap", "sku": "CAP", "price": "7", "variants": []},
    ]
    products = read(json.dumps(document), name="feed.json").products
    assert [(product.sku, str(product.price)) for product in products] == [
        ("hat", "5.00"),
        ("H-2", "6.00"),
        ("CAP", "7.00"),
    ]


def test_the_stock_of_a_variant_replaces_the_stock_of_its_product() -> None:
    variant = {
        "sku": "HAT",
        "regular_price": "5.00",
        "manage_stock": True,
        "stock_quantity": 3,
        "stock_status": "instock",
    }
    document = [
        {"name": "Hat", "slug": "hat", "manage_stock": False, "stock_status": "outofstock", "variations": [variant]}
    ]
    product = read(json.dumps(document), name="feed.json").product
    assert (product.inventory_policy, product.inventory_count) == ("tracked", 3)


def test_a_key_that_first_occurs_in_a_late_record_does_not_shift_cells() -> None:
    lines = [
        {"title": f"P{n}", "handle": f"p{n}", "variants": [{"sku": f"S{n}", "price": "1.00"}]} for n in range(1_100)
    ]
    lines[-1]["late"] = "x"
    products = read("\n".join(map(json.dumps, lines)), name="feed.ndjson").products
    assert (products[-1].sku, products[-1].name) == ("S1099", "P1099")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def bulk(*lines: dict[str, Any] | str) -> Reading:
    return read("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), name="bulk.jsonl")


HAT = {"id": gid("Product", 1), "title": "Hat", "handle": "hat", "status": "ACTIVE"}
CAP = {"id": gid("Product", 2), "title": "Cap", "handle": "cap", "status": "DRAFT"}


def variant(number: int, parent: int, sku: str, size: str) -> dict[str, Any]:
    options = [{"name": "Size", "value": size}]
    return {
        "id": gid("ProductVariant", number), "sku": sku, "price": "5.00", "inventoryQuantity": number,
        "selectedOptions": options, "__parentId": gid("Product", parent),
    }  # fmt: skip


def test_bulk_result_lines_are_assigned_to_their_product_in_any_order() -> None:
    image = {"id": gid("MediaImage", 9), "image": {"url": "https://x.example/hat.jpg"}, "__parentId": gid("Product", 1)}
    reading = bulk(
        HAT, CAP, variant(4, 2, "CAP-S", "S"), variant(3, 1, "HAT-S", "S"), image, variant(5, 1, "HAT-L", "L")
    )
    facts = [(p.sku, p.name, p.inventory_count, p.is_active, p.images) for p in reading.products]
    images = ["https://x.example/hat.jpg"]
    assert facts == [
        ("HAT-S", "Hat \u2013 S", 3, True, images),
        ("HAT-L", "Hat \u2013 L", 5, True, images),
        ("CAP-S", "Cap \u2013 S", 4, False, []),
    ]


def test_a_variant_without_its_product_in_a_bulk_result_changes_only_itself() -> None:
    reading = bulk(HAT, variant(3, 1, "HAT-S", "S"), variant(7, 99, "LOST-S", "S"), "{broken")
    lost = next(product for product in reading.products if product.sku == "LOST-S")
    assert "name" not in lost.fields_set
    assert str(lost.price) == "5.00"
    assert (reading.rejection.line, reading.rejection.code) == (4, "bad_json")


def test_a_product_with_too_many_lines_in_a_bulk_result_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wecelebrate.feeds.json.lines.MAX_CHILDREN", 3)
    variants = [variant(n, 1, f"HAT-{n}", str(n)) for n in range(1, 6)]
    reading = bulk(HAT, *variants, CAP, variant(9, 2, "CAP-S", "S"))
    assert [product.sku for product in reading.products] == ["CAP-S"]
    assert (reading.rejection.line, reading.rejection.code) == (1, "too_long")


@pytest.mark.slow
def test_memory_use_does_not_depend_on_the_size_of_a_bulk_result() -> None:
    peaks = []
    for count in (1_000, 5_000):
        products = [json.dumps(HAT | {"id": gid("Product", n)}) for n in range(count)]
        variants = [json.dumps(variant(n, n, f"S{n}", "S")) for n in range(count)]
        body = Body("\n".join(products + variants).encode())
        tracemalloc.start()
        with open_feed(body, "bulk.jsonl", None, "EUR") as feed:
            assert sum(item.rows for item in feed) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 3 << 20


def test_products_that_are_the_values_of_an_object_are_refused_with_a_hint() -> None:
    others = [dict.fromkeys((f"{key}{n}" for n in range(4)), "x") for key in ("colour", "shape")]
    members = {"A-1": {"label": "Mug", "qty": 3} | others[0], "A-2": {"label": "Pot", "qty": 1} | others[1]}
    with pytest.raises(UnreadableFeed, match='"A-1", "A-2" of the object "products"'):
        read(json.dumps({"status": "ok", "time": 1711963200, "products": members}), "feed.json")


def test_translations_of_one_product_are_not_read_as_several_products() -> None:
    product = {"sku": "A-1", "price": 9.9, "texts": {"de": {"name": "Tasse"}, "en": {"name": "Mug"}}}
    assert read(json.dumps([product]), "feed.json").product.sku == "A-1"
