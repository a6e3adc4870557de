"""Tests the value `false` in JSON fields of texts or numbers. Odoo writes `false` for a blank value."""

import json

from tests.core.feeds.feed_reading import read


def test_false_is_a_blank_value_in_a_field_with_texts() -> None:
    products = read(
        json.dumps(
            [
                {
                    "sku": "A",
                    "name": "Mug",
                    "price": 9.9,
                    "brand": "Acme",
                    "color": False,
                    "size": "S",
                    "organic": False,
                },
                {
                    "sku": "B",
                    "name": "Pot",
                    "price": 19.9,
                    "brand": False,
                    "color": "red",
                    "size": False,
                    "organic": True,
                },
            ]
        )
    ).products
    assert [(one.brand, one.attributes.get("color"), one.attributes.get("size")) for one in products] == [
        ("Acme", None, "S"), (None, "red", None),
    ]  # fmt: skip
    assert [one.attributes["organic"] for one in products] == ["false", "true"]


def test_a_text_field_with_only_false_is_blank() -> None:
    reading = read(json.dumps([{"sku": "A", "name": "Mug", "price": 9.9, "description": False, "brand": False}]))
    assert (reading.product.description, reading.product.brand) == (None, None)


def test_false_is_not_a_sku() -> None:
    reading = read(
        json.dumps(
            [
                {"default_code": "A-1", "name": "Mug", "list_price": 9.9},
                {"default_code": False, "name": "Pot", "list_price": 19.9},
            ]
        )
    )
    assert [one.sku for one in reading.products] == ["A-1"]
    assert reading.rejection.code == "empty"


def test_false_means_inactive_in_a_state_column_and_zero_in_a_stock_column() -> None:
    products = read(
        json.dumps(
            [
                {"sku": "A", "name": "Mug", "price": 9.9, "published": False, "stock": 4},
                {"sku": "B", "name": "Pot", "price": 19.9, "published": True, "stock": False},
            ]
        )
    ).products
    assert [(one.is_active, one.inventory_count) for one in products] == [(False, 4), (True, 0)]
