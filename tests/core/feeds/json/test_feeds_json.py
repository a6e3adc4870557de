"""Tests JSON and NDJSON files: the detection of the product list, the columns of nested values, and broken files."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

MUG = {"sku": "MUG", "name": "Mug", "price": 12.5}
HAT = {"sku": "HAT", "name": "Hat", "price": "3.90"}


@pytest.mark.parametrize(
    "document",
    [
        [MUG, HAT],
        {"products": [MUG, HAT]},
        {"meta": {"pages": [1, 2]}, "categories": [{"id": 1}], "data": {"products": [MUG, HAT], "total": 2}},
        {"anything": [MUG, HAT], "page": 1},
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_the_list_of_products_is_detected(document: Any, encoding: str) -> None:
    reading = read(json.dumps(document, indent=1), "feed.json", encoding=encoding)
    assert [(p.sku, p.line, str(p.price)) for p in reading.products] == [("MUG", 1, "12.50"), ("HAT", 2, "3.90")]
    assert reading.feed.ended_cleanly


@pytest.mark.parametrize("document", [MUG, {"product": MUG}])
def test_a_file_with_a_single_product_is_read(document: Any) -> None:
    assert read(json.dumps(document), "feed.json").product.sku == "MUG"


def test_nested_values_become_columns() -> None:
    record = {
        "sku": 4711,
        "name": "Mug",
        "price": {"amount": "12.50", "currency": "CHF"},
        "category": {"name": "Mugs"},
        "images": [
            {"src": "https://x.example/1.jpg", "alt": "a"},
            {"url": "https://x.example/2.jpg"},
            "https://x.example/3,4.jpg",
        ],
        "attributes": {"colour": "red"},
        "tags": ["gift", "new"],
        "active": False,
    }
    product = read(json.dumps([record]), "feed.json").product
    assert (product.sku, str(product.price), product.currency, product.category) == ("4711", "12.50", "CHF", "Mugs")
    assert product.images == ["https://x.example/1.jpg", "https://x.example/2.jpg", "https://x.example/3,4.jpg"]
    assert product.attributes == {"colour": "red", "tags": "gift, new"}
    assert not product.is_active
    assert product.source["price.amount"] == "12.50"


def test_no_digits_of_json_numbers_are_lost() -> None:
    text = '[{"sku": 00, "name": "x"}]'.replace("00", "12345678901234567890123") + "\n"
    assert read(text, "feed.json").product.sku == "12345678901234567890123"
    assert str(read('[{"sku": "A", "name": "x", "price": 0.1}]', "feed.json").product.price) == "0.10"


def test_a_field_is_not_set_if_the_record_lacks_its_key() -> None:
    reading = read(
        json.dumps([MUG, {"sku": "HAT", "stock": 3}, {"sku": "CARD", "name": "Card", "price": 1, "description": None}]),
        "feed.json",
    )
    mug, hat, card = reading.products
    assert mug.fields_set == {"sku", "name", "price"}
    assert hat.fields_set == {"sku", "inventory_count"}
    assert card.fields_set == {"sku", "name", "price", "description"}
    assert card.description is None


def test_a_key_is_read_even_if_only_the_last_record_has_it() -> None:
    records = [{"sku": f"S{n}", "name": "x", "price": 1} for n in range(1_500)]
    records.append({"sku": "LAST", "name": "x", "price": 1, "brand": "Acme", "colour": "red"})
    last = read(json.dumps(records), "feed.json").products[-1]
    assert (last.brand, last.attributes) == ("Acme", {"colour": "red"})


def test_the_records_before_an_invalid_record_are_read() -> None:
    text = json.dumps([MUG, HAT, MUG])
    reading = read(text[: text.rindex("{") + 1] + "?]", "feed.json")
    assert [p.sku for p in reading.products] == ["MUG", "HAT"]
    assert not reading.feed.ended_cleanly
    assert (reading.rejection.line, reading.rejection.rows, reading.rejection.code) == (3, 0, "stopped")
    assert "record 3 cannot be read" in reading.rejection.reason


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"sku": "A", "name": "x"} {"sku": "B"}]', "a comma or ] is missing"),
        ('[{"sku": "A", "name": "x"},', "record 2 cannot be read"),
        ('[{"sku": "A", "name": "x"}', "at the end of the file"),
        ('[{"sku": "A", "name": "x"}] trailing', "follows its end"),
        ('{"products": [{"sku": "A", "name": "x"}]', "the file ends too early"),
        ('[{"sku": "A", "name": "x"}, {"sku": "B", "na', "record 2 cannot be read"),
        ('[{"sku": "A", "name": "x"}, {"sku": "B", "price": 1', "record 2 cannot be read"),
    ],
)
def test_the_rejection_of_a_broken_list_states_the_problem(text: str, problem: str) -> None:
    reading = read(text, "feed.json")
    assert [p.sku for p in reading.products] == ["A"]
    assert problem in reading.rejection.reason
    assert not reading.feed.ended_cleanly


def test_the_rejection_of_a_non_object_states_its_record_number() -> None:
    reading = read(json.dumps([MUG, 5, HAT, "x"]), "feed.json")
    assert [(r.line, r.rows) for r in reading.rejected] == [(2, 1), (4, 1)]
    assert reading.rejected[0].reason == 'record 2: "5" is not an object'
    assert reading.feed.ended_cleanly


def test_an_invalid_ndjson_line_does_not_affect_other_lines() -> None:
    reading = read(f'{json.dumps(MUG)}\n{{"sku": "X", \n\n{json.dumps(HAT)}\n', "feed.ndjson")
    assert [(p.sku, p.line) for p in reading.products] == [("MUG", 1), ("HAT", 4)]
    assert reading.rejection.line == 2
    assert reading.rejection.reason.startswith("line 2 is not a JSON object")
    assert reading.details["format"] == "ndjson"


def test_ndjson_is_recognised_regardless_of_the_file_name() -> None:
    assert read(f"{json.dumps(MUG)}\n{json.dumps(HAT)}\n", "feed.txt").details["format"] == "ndjson"


def test_a_record_with_a_lone_surrogate_is_rejected() -> None:
    reading = read(
        '[{"sku": "A", "name": "\\ud800", "price": 1}, {"sku": "B", "name": "\\ud83c\\udf89", "price": 1}]', "feed.json"
    )
    assert [p.name for p in reading.products] == ["🎉"]
    assert (reading.rejection.code, reading.rejection.sku) == ("half_character", "A")


def test_a_record_with_a_nul_character_is_rejected() -> None:
    assert read('[{"sku": "A", "name": "x\\u0000", "price": 1}]', "feed.json").rejection.code == "nul_character"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "contains no records"),
        ('{"a": 1, "b": [1, 2]}', "no column contains a SKU"),
        ('[["sku", "name"], ["A", "x"]]', "values that are not objects"),
        ('{"a": {"b": ', "not valid JSON"),
        ('[{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_json_without_a_list_of_products_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableFeed, match=message):
        read(text, "feed.json")


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ('{"sku": "A", "name": "Mug", "price": "12.50", "price": "1.25"}', "price"),
        ('{"sku": "A", "sku": "B", "name": "Mug", "price": "12.50"}', "sku"),
        ('{"sku": "A", "name": "Mug", "price": {"amount": 5, "amount": 6}}', "amount"),
        ('{"name": "Mug", "name": "Cup", "variants": [{"sku": "A", "price": 5}]}', "name"),
        ('{"name": "Mug", "variants": [{"sku": "A", "price": 5, "price": 6}]}', "price"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_a_record_with_two_values_for_one_key_is_rejected(record: str, key: str, is_list: bool) -> None:
    other = '{"sku": "Z", "name": "Cup", "price": "4.00", "variants": []}'
    content, name = (f"[{record}, {other}]", "p.json") if is_list else (f"{record}\n{other}\n", "p.ndjson")
    reading = read(content, name)
    assert [product.sku for product in reading.products] == ["Z"]
    assert reading.rejection.code == "bad_json"
    assert f'the key "{key}" occurs twice, with different values' in reading.rejection.reason


def test_a_record_with_the_same_key_and_value_twice_is_read() -> None:
    reading = read('[{"sku": "A", "sku": "A", "name": "Mug", "price": 5}]', "p.json")
    assert reading.product.sku == "A"


def test_record_keys_that_consist_only_of_punctuation_are_read() -> None:
    reading = read(json.dumps([{"sku": "A", "name": "x", "price": 1, ".0": {"0": 1}, ".": 2}]), "feed.json")
    assert [p.sku for p in reading.products] == ["A"]
