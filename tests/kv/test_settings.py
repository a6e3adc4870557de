"""Tests the settings of sites. The migration copies exclusions of products, and reports all other settings."""

from typing import Any
from uuid import UUID

import pytest

from tests.kv.moving import Move, gift
from wecelebrate.kv.reasons import SETTINGS


def excluded(move: Move, site: str = "site:s-a") -> set[UUID]:
    """Return the products that a site excludes."""
    rows = move.rows("select product_id from site_product_exclusions where site_id = %s", move.id(site))
    return {row["product_id"] for row in rows}


def left(move: Move) -> dict[str, list[str]]:
    """Map each reason for which settings are not copied to the keys of these settings."""
    return {row["reason"]: row["keys"] for row in move.value("select kv.settings_left()")}


@pytest.fixture
def gifts(move: Move) -> None:
    """Write gifts of a catalog. Each gift differs from all other gifts in one field."""
    for name, fields in {
        "sku": {"sku": "SKU_1%"}, "number": {"sku": "7"}, "category": {"category": "Drinks"},
        "brand": {"brand": "Acme"}, "other": {},
    }.items():  # fmt: skip
        move.put(f"gift:{name}", gift(name, catalogId="c-a", **fields))


@pytest.mark.usefixtures("gifts")
@pytest.mark.parametrize("key", ["sites:s-a:catalog_config", "site_catalog_config:s-a", "site_configs:s-a"])
def test_excluded_products_in_the_settings_become_exclusions_of_the_site(move: Move, key: str) -> None:
    exclusions = {"excludedSkus": ["sku_1%", 7, "SKU%"], "excludedCategories": ["drinks"], "excluded_brands": ["ACME"]}
    move.put(key, {"siteId": "s-a", "assignmentStrategy": "exclusions", "exclusions": exclusions, "overrides": {}})
    move.run()
    assert excluded(move) == {move.id(f"gift:{name}") for name in ("sku", "number", "category", "brand")}
    assert left(move) == {}
    counts = move.value("select kv.account('{production}')")
    assert counts["left_over"] == {"setting": 1} and counts["unaccounted"] == 0


@pytest.mark.usefixtures("gifts")
def test_a_backfill_does_not_restore_an_exclusion_after_a_member_deleted_it(move: Move) -> None:
    move.put("site_configs:s-a", {"excludedSkus": ["SKU_1%"]})
    move.run()
    move.database.execute("delete from site_product_exclusions where site_id = %s", [move.id("site:s-a")])
    move.put("site_configs:s-a", {"excludedSkus": ["SKU_1%"], "excludedBrands": ["Acme"]})
    move.run()
    assert excluded(move) == {move.id("gift:brand")}
    move.put("gift:late", gift("late", catalogId="c-a", brand="Acme"))
    move.put("site_configs:s-a", {})
    move.run()
    assert excluded(move) == {move.id("gift:brand")}


def test_a_site_excludes_no_product_of_another_client(move: Move) -> None:
    move.tenant("b")
    move.put("sites:s-a:catalog_config", {"exclusions": {"excludedSkus": ["SKU-g-b", "SKU-g-a"]}})
    move.run()
    assert excluded(move) == {move.id("gift:g-a")}
    assert excluded(move, "site:s-b") == set()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("sites:s-a:catalog_config", {"exclusions": {"excludedTags": ["new"]}}, "excluded_tags"),
        ("sites:s-a:catalog_config", {"overrides": {"customPricing": {"g-a": 3}}}, "overrides"),
        ("sites:s-a:catalog_config", {"availability": {"from": "2026-01-01"}}, "availability"),
        ("site_configs:s-a", {"assignmentStrategy": "price_levels"}, "assignment"),
        ("site_configs:s-a", {"assignmentStrategy": "explicit"}, "assignment"),
        ("site_gift_config:s-a", {"gifts": []}, "assignment"),
        ("site-gift-assignment:s-a:g-a", {"enabled": True}, "assignment"),
        ("site_configs:%", {"excludedSkus": []}, "unknown_site"),
        ("site_configs:_", {"excludedSkus": ["%"]}, "unknown_site"),
        ("sites:s-a:catalog_config", [], "unreadable"),
        ("sites:s-a:catalog_config", {"exclusions": ["SKU-g-a"]}, "unreadable"),
        ("sites:s-a:catalog_config", {"exclusions": {"excludedSkus": "SKU-g-a"}}, "unreadable"),
        ("sites:s-a:catalog_config", {"exclusions": {"excludedSkus": [{"sku": "SKU-g-a"}]}}, "unreadable"),
        ("sites:s-a:catalog_config", {"exclusions": {"excludedSkus": [["SKU-g-a"]]}}, "unreadable"),
    ],
)
def test_settings_that_the_platform_does_not_support_are_reported(
    move: Move, key: str, value: Any, reason: str
) -> None:
    move.put(key, value)
    move.run()
    assert left(move) == {reason: [key]}
    assert reason in SETTINGS
    assert excluded(move) == set()


def test_no_secret_of_settings_is_copied(move: Move) -> None:
    move.put(
        "sites:s-a:catalog_config", {"exclusions": {"excludedSkus": ["SKU-g-a", "planted"]}, "password": "planted"}
    )
    move.run()
    assert excluded(move) == {move.id("gift:g-a")}
    for table in ("sites", "site_product_exclusions", "kv.exclusions", "kv.remainders", "kv.notes"):
        assert move.value(f"select count(*) from {table} t where t::text like '%%planted%%'") == 0
