"""Tests the records of the Odoo API: links to other records, and the value `false` in blank fields."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read

RECORD = {
    "id": 7, "default_code": "CHAIR-1", "name": "Chair", "barcode": False, "list_price": 80.0, "standard_price": 41.0,
    "currency_id": [3, "CHF"], "categ_id": [5, "All / Furniture"], "active": True, "qty_available": 4.0,
}  # fmt: skip


def products(*records: dict[str, Any]) -> list[tuple[str, str, bool]]:
    reading = read(json.dumps(records), "feed.json", currency="CHF")
    return [(one.sku, f"{one.price} {one.currency}", one.is_active) for one in reading.products]


def test_a_link_to_a_record_is_read_as_the_name_of_the_record() -> None:
    reading = read(json.dumps([RECORD]), "feed.json", currency="EUR")
    assert (reading.product.currency, reading.product.category) == ("CHF", "All / Furniture")
    assert "barcode" not in reading.product.attributes


@pytest.mark.parametrize("blank", ["default_code", "list_price"])
def test_false_means_that_a_field_has_no_value(blank: str) -> None:
    assert products(RECORD, {**RECORD, "default_code": "CHAIR-2", blank: False}) == [("CHAIR-1", "80.00 CHF", True)]


def test_false_means_no_in_a_boolean_field() -> None:
    assert products({**RECORD, "active": False}) == [("CHAIR-1", "80.00 CHF", False)]
