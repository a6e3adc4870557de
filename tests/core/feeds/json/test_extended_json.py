"""Tests that values of MongoDB Extended JSON are read as plain values."""

import json

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("price", "quantity"),
    [({"$numberInt": "12"}, {"$numberLong": "5"}), ({"$numberDecimal": "12.00"}, {"$numberInt": "5"}),
     ({"$numberDouble": "12.0"}, {"$numberDouble": "5.0"}), ({"$numberLong": 12}, {"$numberInt": 5})],
)  # fmt: skip
def test_a_typed_number_is_read_as_a_number(price: object, quantity: object) -> None:
    content = json.dumps([{"sku": "A", "name": "Cup", "price": price, "qty": quantity}])
    product = read(content, "feed.json").product
    assert (str(product.price), product.inventory_count) == ("12.00", 5)


def test_numbers_of_several_types_are_read_as_one_column() -> None:
    rows = [
        {"sku": "A", "name": "Cup", "price_cents": {"$numberInt": "1299"}, "was_cents": {"$numberInt": "1599"}},
        {"sku": "B", "name": "Mug", "price_cents": {"$numberLong": "120000"}, "was_cents": None},
    ]
    reading = read("\n".join(map(json.dumps, rows)), "feed.ndjson")
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (["12.99", "1200.00"], ())


@pytest.mark.parametrize("date", ["2026-03-01T00:00:00Z", {"$numberLong": "1772323200000"}])
def test_a_typed_date_is_read_as_a_date(date: object) -> None:
    content = json.dumps([{"sku": "A", "name": "Cup", "price": 5, "made": {"$date": date}}])
    assert dict(read(content, "feed.json", attributes={"made": "made"}).product.attributes) == {
        "made": "2026-03-01T00:00:00Z"
    }


@pytest.mark.parametrize(
    "price", [{"$numberInt": "x"}, {"$numberInt": None}, {"$date": True}, {"$date": {"$numberLong": "9" * 30}}]
)
def test_a_typed_value_that_is_invalid_is_not_a_number(price: object) -> None:
    reading = read(json.dumps([{"sku": "A", "name": "Cup", "price": price, "qty": 1}]), "feed.json")
    assert all(product.price is None for product in reading.products)
