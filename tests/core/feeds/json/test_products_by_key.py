"""Tests JSON objects whose values are the products, and files with several lists."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds import UnreadableFeed

MUG: dict[str, Any] = {"label": "Mug", "price": 9.5, "buy": 4.1, "qty": 3}
POT: dict[str, Any] = {"label": "Pot", "price": 19.5, "buy": 8.2, "qty": 0}


def reading_of(content: Any) -> Reading:
    return read(json.dumps(content), "feed.json")


def prices(reading: Reading) -> dict[str, str]:
    return {product.sku: f"{product.price}" for product in reading.products}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda products: products,
        lambda products: {"products": products},
        lambda products: {"status": "ok", "time": 1711963200, "products": products},
        lambda products: {"data": {"catalog": products, "next": None}},
        lambda products: {"items": products, "total": 2},
        lambda products: {"artikel": products},
    ],
)
def test_products_that_are_the_values_of_an_object_are_read(wrap: Any) -> None:
    reading = reading_of(wrap({"LMP-01": MUG, "SNR-2": POT}))
    assert prices(reading) == {"LMP-01": "9.50", "SNR-2": "19.50"}
    assert [(product.name, product.inventory_count) for product in reading.products] == [("Mug", 3), ("Pot", 0)]
    assert (reading.feed.questions, reading.rejected) == ((), [])
    assert not any("buy" in product.attributes for product in reading.products)


@pytest.mark.parametrize(
    ("names", "currency"),
    [
        (("상품명", "판매가", "재고"), "KRW"), (("bezeichnung", "vk_brutto", "bestand"), "EUR"),
        (("designation", "prix_ttc", "stock"), "EUR"), (("nombre", "pvp", "existencias"), "EUR"),
        (("название", "цена", "остаток"), "RUB"),
    ],
)  # fmt: skip
def test_the_keys_of_the_products_can_be_in_any_language(names: tuple[str, str, str], currency: str) -> None:
    products = {sku: dict(zip(names, (sku, 1200, 4), strict=True)) for sku in ("K-1", "K-2")}
    reading = read(json.dumps(products), "feed.json", currency=currency)
    assert [(product.sku, int(product.price or 0)) for product in reading.products] == [("K-1", 1200), ("K-2", 1200)]


@pytest.mark.parametrize("keys", [("1041", "1042"), ("-NaBcDeF1x", "-NaBcDeF2x"), ("A-1", "A-2")])
def test_a_number_inside_a_product_is_preferred_to_its_json_key(keys: tuple[str, str]) -> None:
    products = {keys[0]: MUG | {"sku": "MUG-R"}, keys[1]: POT | {"sku": "POT-B"}}
    assert prices(reading_of({"status": "ok", "data": products})) == {"MUG-R": "9.50", "POT-B": "19.50"}


def test_json_keys_that_might_be_row_numbers_lead_to_a_question() -> None:
    try:
        reading = reading_of({"1": MUG, "2": POT})
    except UnreadableFeed:
        return
    assert "identity" in {question.subject for question in reading.feed.questions}


@pytest.mark.parametrize(
    "keys", [("-NaBcDeF1x", "-NaBcDeF2x"), ("64f0c1a2b3c4d5e6f7a8b9c0", "64f0c1a2b3c4d5e6f7a8b9c1")]
)
def test_database_keys_identify_products_without_another_number(keys: tuple[str, str]) -> None:
    reading = reading_of({keys[0]: MUG, keys[1]: POT})
    assert ([product.sku for product in reading.products], reading.details["mapping"]["sku"]) == ([*keys], "_id")


def test_objects_with_one_text_per_language_are_not_products() -> None:
    texts = {"de": {"name": "Tasse", "price": 9}, "en": {"name": "Mug", "price": 9}}
    with pytest.raises(UnreadableFeed):
        reading_of({"texts": texts})


@pytest.mark.parametrize(
    "content",
    [
        {"u1": {"name": "Ann", "email": "a@x.example"}, "u2": {"name": "Bob", "email": "b@x.example"}},
        {"db": {"host": "a", "name": "shop"}, "cache": {"host": "b", "name": "cache"}},
    ],
)
def test_objects_without_a_price_or_a_stock_are_not_products(content: Any) -> None:
    with pytest.raises(UnreadableFeed):
        reading_of(content)


def test_all_products_with_the_same_json_key_are_read() -> None:
    reading = read(
        '{"A-1": {"name": "Mug", "price": 9}, "A-2": {"name": "Pot", "price": 8}, "A-1": {"name": "Jar", "price": 7}}',
        "a.json",
    )
    assert [product.sku for product in reading.products] == ["A-1", "A-2", "A-1"]


def test_reading_stops_if_an_object_of_products_ends_too_early() -> None:
    content = json.dumps({"products": {"A-1": MUG, "A-2": POT, "A-3": MUG}})
    reading = read(content[:-2], "feed.json")
    assert [product.sku for product in reading.products] == ["A-1", "A-2", "A-3"]
    assert (reading.rejection.code, reading.feed.ended_cleanly) == ("stopped", False)


LAMP, CUP, JAR = ({"sku": sku, "name": sku, "price": 9.5} for sku in ("LAMP", "CUP", "JAR"))


@pytest.mark.parametrize(
    ("content", "skus"),
    [
        ({"lamps": [LAMP], "cups": [CUP, JAR]}, ["LAMP", "CUP", "JAR"]),
        ({"lamps": [LAMP], "n": 3, "meta": {"a": 1}, "cups": [CUP], "x": ["x"], "jars": [JAR]}, ["LAMP", "CUP", "JAR"]),
        ({"berlin": {"products": [LAMP]}, "wien": {"name": "Wien", "products": [CUP, JAR]}}, ["LAMP", "CUP", "JAR"]),
        ({"data": {"products": [LAMP], "related": {"products": [CUP]}}}, ["LAMP"]),
        ({"products": [LAMP], "deleted": [CUP]}, ["LAMP"]),
        ({"lamps": [LAMP], "discontinued": [CUP]}, ["LAMP"]),
        ({"products": {"items": [LAMP]}, "customers": {"items": [{"id": 7, "email": "s@x.example"}]}}, ["LAMP"]),
        ({"customers": [{"id": 1, "name": "Smith", "email": "s@x.example"}], "stock": [LAMP, CUP]}, ["LAMP", "CUP"]),
        ({"categories": [{"id": 1, "name": "Cups"}], "shop": [CUP]}, ["CUP"]),
    ],
)  # fmt: skip
def test_all_lists_of_products_are_read_and_all_other_lists_are_ignored(content: Any, skus: list[str]) -> None:
    reading = reading_of(content)
    assert [product.sku for product in reading.products] == skus
    assert (reading.rejected, reading.feed.ended_cleanly) == ([], True)


def test_the_data_after_the_products_can_be_longer_than_a_record() -> None:
    content = json.dumps({"products": [LAMP], "log": ["x" * 1000] * 10_000})
    assert [product.sku for product in read(content, "feed.json").products] == ["LAMP"]
