"""Tests JSON objects that contain one stock for each storage place. The key of such an object can be in any
language.
"""

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read


def products(key: str, *stocks: dict[str, int]) -> Reading:
    rows = [
        {"sku": f"T-{at}0", "name": f"Thing {at}", "price": 9.5 + at, key: stock} for at, stock in enumerate(stocks)
    ]
    return read(json.dumps({"products": rows}), "list.json")


@pytest.mark.parametrize(
    "key", ["existencia", "existencias", "inventario", "stocks", "zasoby", "estoque", "bestand", "keszlet", "остатки"]
)
def test_the_stocks_of_all_places_are_added_up(key: str) -> None:
    reading = products(key, {"CDMX": 40, "GDL": 12}, {"CDMX": 0, "GDL": -2}, {"CDMX": 8, "GDL": 0})
    assert [product.inventory_count for product in reading.products] == [52, 0, 8]


@pytest.mark.parametrize(
    ("stocks", "count"),
    [
        ({"total": 9, "blocked": 2}, 9), ({"available": 7, "incoming": 5}, 7), ({"onHand": 9, "onOrder": 4}, 9),
        ({"quantity": 9, "threshold": 2}, 9),
    ],
)  # fmt: skip
def test_keys_such_as_total_and_blocked_are_not_places(stocks: dict[str, int], count: int) -> None:
    assert [product.inventory_count for product in products("inventory", stocks, stocks).products] == [count, count]
