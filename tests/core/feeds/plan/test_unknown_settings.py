"""Tests that a file is refused if its settings are unknown to this release, e.g. after a rollback to an older release.

If an unknown setting were ignored, products could get wrong prices, wrong SKUs, or wrong public columns.
"""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.plan.model import OPTIONS
from wecelebrate.ingestion.catalog_settings import check_settings

TEXT = "SKU;Name;Price;Cost\nA;Mug;12,50;7,00\nB;Cup;13,50;8,00\n"


@pytest.mark.parametrize(
    ("mapping", "name"),
    [
        ({"rounding": "up"}, "rounding"),
        ({"tax": "included"}, "tax"),
        ({"rounding": None}, "rounding"),
        ({"day_order": "year"}, "day_order"),
        ({"decimal": "'"}, "decimal"),
        ({"minor_units": "mills"}, "minor_units"),
        ({"price": {"columns": ["Price"], "round_to": "0.05"}}, "price.round_to"),
        ({"price": {"columns": ["Price"], "transform": ["net"]}}, "price.transform.0"),
        ({"price": {"columns": ["Price"], "transform": [{"add": "5"}]}}, "price.transform.0.add"),
        ({"price": {"columns": ["Price"], "transform": [{"multiply": "2"}, {"cap": "9"}]}}, "price.transform.1.cap"),
        ({"sku": {"columns": ["SKU"], "pad": 8}}, "sku.pad"),
        ({"sku": {"first_of": ["SKU", "Name"]}}, "sku.first_of"),
        ({"name": {"columns": ["Name"], "transform": [{"split": {"separator": " ", "from": 2}}]}}, "name.transform"),
    ],
)  # fmt: skip
def test_the_refusal_of_a_file_names_the_unknown_option_or_transformation(mapping: dict[str, Any], name: str) -> None:
    with pytest.raises(UnreadableFeed, match=r"sync settings") as refusal:
        read(TEXT, mapping=mapping)
    assert name in str(refusal.value)


def test_a_file_with_an_unknown_transformation_of_an_attribute_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match=r"Costs\.only_for"):
        read(TEXT, attributes={"Costs": {"columns": ["Cost"], "only_for": ["staff"]}})


@pytest.mark.parametrize(
    "memory",
    [
        {"month_first": "year"},
        {"decimal": {"mark": "'", "by": "values"}},
        {"columns": {"margin": [{"column": "Cost"}], "price": "Cost"}},
        {"columns": {"price": [{"name": "Cost"}]}},
        {"price": {"kind": "spot"}, "rounding": {"to": "0.05"}},
    ],
)
def test_a_stored_reading_of_a_later_release_does_not_affect_the_products(memory: dict[str, Any]) -> None:
    expected, reading = read(TEXT), read(TEXT, memory=memory)
    assert reading.products == expected.products
    assert [product.attributes for product in reading.products] == [{}, {}]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"rounding": "up"}, "rounding"),
        ({"hidden_columns": ["Cost"]}, "hidden_columns"),
        ({"on_doubt": "wait"}, "on_doubt"),
        ({"mode": "mirror"}, "mode"),
        ({"stock_means": "net"}, "stock_means"),
        ({"default_inventory_policy": "backorder"}, "default_inventory_policy"),
        ({"currency": ["EUR", "USD"]}, "currency"),
        ({"plausibility": {"most_new_percent": 5}}, "plausibility.most_new_percent"),
        ({"mapping": []}, "mapping"),
        ({"options": "utf-8"}, "options"),
        ({"stock_delay_minutes": "half an hour"}, "stock_delay_minutes"),
        ({"mapping": {"sku": "N" * 304, "minimum_price": "Cost"}}, "mapping.minimum_price"),
        ({"options": {"decimal": ",", "tax": "net"}}, "options.tax"),
        ({"options": {"day_order": "year"}}, "options.day_order"),
        ({"mapping": {"minimum_price": "Cost"}}, "mapping.minimum_price"),
        ({"mapping": {"price": {"columns": ["Price"], "round_to": "0.05"}}}, "mapping.price.round_to"),
        ({"attributes": {"Cost": {"columns": ["Cost"], "only_for": ["staff"]}}}, "attributes.Cost.only_for"),
    ],
)
def test_the_refusal_of_a_file_names_the_unknown_catalog_setting(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(UnreadableFeed, match="does not know the setting") as refusal:
        check_settings(settings)
    assert f"`{name}`" in str(refusal.value)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"options": dict.fromkeys(OPTIONS)},
        {"options": {"decimal": ",", "day_order": "day", "delimiter": ";"}, "mapping": {"sku": "SKU", "brand": None}},
        {"mapping": {"sku": "N" * 304, "price": "P" * 500}, "options": {"sheet": "S" * 104, "language": "l" * 300}},
        {"mapping": None, "options": None, "attributes": None, "private_columns": ["C" * 400]},
        {"mode": "full", "most_deactivated_percent": 5.0, "plausibility": {"enabled": None, "min_products": 3}},
        {"attributes": {"Projekt": "Projektname"}, "private_columns": ["Material"], "currency": "EUR"},
        {
            "mapping": {
                "price": {
                    "columns": ["VK"],
                    "transform": [{"multiply": "1.19"}, {"round": {"decimals": 2, "mode": "half_up"}}],
                }
            }
        },
        {"hold_hours": None, "stock_delay_minutes": 30, "stock_means": "physical", "on_doubt": "guess"},
    ],
)
def test_the_settings_of_this_release_are_accepted(settings: dict[str, Any]) -> None:
    check_settings(settings)
