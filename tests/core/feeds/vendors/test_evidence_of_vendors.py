"""Tests that a vendor export is recognised only by column names that other systems do not use."""

import json

import pytest

from tests.core.feeds.feed_reading import read

TAXED = {"name": "Mug", "price_excluding_tax": 8.4, "price_including_tax": 10.0, "price_currency": "SGD"}


def lines(*records: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def test_records_with_usual_names_are_read_without_a_vendor_profile() -> None:
    reading = read(
        lines(
            {"id": "f1", "sku": "M-1", **TAXED, "tracks": 1, "quantity_on_hand": 4},
            {"id": "f2", "sku": "M-2", **TAXED, "tracks": 1, "quantity_on_hand": 0},
        ),
        "products.ndjson",
    )
    products = [(one.sku, str(one.price), one.currency, one.inventory_count) for one in reading.products]
    assert products == [("M-1", "10.00", "SGD", 4), ("M-2", "10.00", "SGD", 0)]


@pytest.mark.parametrize("sku", ["sku", "item_number", "article_code", "artikelnummer"])
@pytest.mark.parametrize("price", ["price_tax_excluded", "price_tax_excl", "price_including_tax"])
def test_an_internal_id_beside_a_sku_column_is_not_the_sku(sku: str, price: str) -> None:
    reading = read(f"id,{sku},name,{price}\n71,M-1,Mug,12.00\n72,M-2,Cup,13.00\n".encode(), "a.csv")
    assert [one.sku for one in reading.products] == ["M-1", "M-2"]


def test_an_export_with_a_vendor_specific_name_is_recognised() -> None:
    reading = read(b"id;Name;Price tax excluded;Image URLs (x,y,z...)\n71;Mug;12.00;\n72;Cup;13.00;\n", "a.csv")
    assert [one.sku for one in reading.products] == ["71", "72"]
    assert reading.feed.reading["profile"] == "prestashop"


def test_a_currency_column_outside_of_the_profile_is_read() -> None:
    reading = read(
        b"Reference;Name;Price tax excluded;Currency;Quantity\nM-1;Mug;12.00;CHF;3\nM-2;Cup;13.00;CHF;4\n", "a.csv"
    )
    assert [one.currency for one in reading.products] == ["CHF", "CHF"]


def test_a_record_whose_stock_is_not_counted_is_untracked() -> None:
    reading = read(
        lines(
            {"sku": "M-1", **TAXED, "has_inventory": True, "stock": 4},
            {"sku": "M-2", **TAXED, "has_inventory": False, "stock": 0},
        ),
        "products.ndjson",
    )
    assert [(one.inventory_policy, one.inventory_count) for one in reading.products] == [
        ("tracked", 4),
        ("untracked", 0),
    ]
