"""Tests that the sample file of each vendor export is read correctly and without a question.

The samples are in tests/data/feeds, and contain invented products. A stock of `None` means that the file has no stock.
"""

import pytest

from tests.core.feeds.feed_reading import FEEDS, Reading, read_file
from wecelebrate.feeds import Product, open_feed

Values = tuple[str | None, str | None, int | str | None, bool]
"""The name, the price and the stock, and whether the product is active. A rejected row has an error code instead."""

SAMPLES: dict[str, tuple[str, dict[str, Values | str]]] = {
    "ebay-revise.csv": (
        "ebay revise",
        {
            "GK-1": ("Zinngießkanne", "29.50", 4, True),
            "GH-8": ("Gartenhandschuhe \u2013 8", "7.90", 6, True),
            "GH-9": ("Gartenhandschuhe \u2013 9", "8.40", 0, True),
            "PK-1": ("Pflanzkelle", "12.00", 2, False),
        },
    ),
    "quickbooks-items.iif": (
        "quickbooks iif",
        {
            "PADDLE-150": ("Ash paddle, 150 cm", "49.50", 7, True),
            "VEST-M": ("Float vest M", "89.00", 3, False),
        },
    ),
    "tiendanube.csv": (
        "tiendanube",
        {
            "FB-R": ("Fuente de barro \u2013 Rojo", "21500.00", 12, True),
            "FB-N": ("Fuente de barro \u2013 Negro", "22500.00", 0, True),
            "CP-1": ("Cuchara de palo", "3400.00", 40, False),
        },
    ),
    "nuvemshop.csv": (
        "tiendanube",
        {
            "PF-20": ("Panela de ferro \u2013 20 cm", "189.90", 7, True),
            "PF-24": ("Panela de ferro \u2013 24 cm", "229.90", 3, True),
            "CC-1": ("Concha de coco", "24.50", 0, False),
        },
    ),
    "rakuten.csv": (
        "rakuten",
        {
            "bowl-red": ("漆の椀 \u2013 朱", "4400.00", 7, True),
            "bowl-black": ("漆の椀 \u2013 黒", "4180.00", 0, True),
            "fan-1": ("うちわ", "1650.00", 3, False),
        },
    ),
    "trendyol.csv": (
        "trendyol",
        {
            "HAVLU-MAVI": ("Keten Havlu", "599.90", 21, True),
            "HAVLU-GRI": ("Keten Havlu", "599.90", 0, False),
            "ORTU-1": ("Masa Örtüsü", "1199.00", 6, True),
        },
    ),
    "amazon-listings-report.tsv": (
        "amazon listings report",
        {
            "BOARD-L": ("Cutting board", "32.99", 140, True),
            "SPAT-3": ("Spatula", "11.49", 0, False),
        },
    ),
    "bigcommerce-rest.json": (
        "json with variants",
        {
            "SH-S": ("Shirt \u2013 S", "25.00", 3, True),
            "SH-M": ("Shirt \u2013 M", "27.50", 0, True),
        },
    ),
    "commercetools-impex.csv": (
        "commercetools impex",
        {
            "TRAY-OAK": ("Tray", "34.00", None, True),
            "TRAY-ASH": ("Tray", "36.00", None, True),
        },
    ),
    "commercetools.json": (
        "commercetools json",
        {
            "JUG-RED": ("Jug", "12.50", 4, True),
            "JUG-BLUE": ("Jug", "13.00", 0, True),
            "BOWL": ("Bowl", "21.00", 9, False),
        },
    ),
    "commercetools.csv": (
        "commercetools",
        {
            "JUG-RED": ("Jug", "12.50", None, True),
            "JUG-BLUE": ("Jug", "13.00", None, True),
            "VASE": ("Vase", "99.00", None, False),
        },
    ),
    "ecwid.csv": (
        "ecwid",
        {
            "APRON-S": ("Apron \u2013 S", "39.50", 4, True),
            "APRON-L": ("Apron \u2013 L", "44.00", 0, True),
            "BOARD": ("Board", "29.00", 6, False),
        },
    ),
    "jtl.csv": (
        "jtl",
        {
            "JT-1-S": ("Leinentuch \u2013 Sand", "24.90", 12, True),
            "JT-1-M": ("Leinentuch \u2013 Moos", "26.90", 0, False),
            "JT-2": ("Seife", "4.50", 80, True),
        },
    ),
    "lightspeed-r-series.csv": (
        "lightspeed r-series",
        {
            "BIKE-1": ("City bike 28", "799.00", 3, True),
            "BELL-1": ("Bell", "12.50", 0, False),
        },
    ),
    "lightspeed-x-series.csv": (
        "lightspeed x-series",
        {
            "TEE-S": ("Tee \u2013 S", "24.95", 6, True),
            "TEE-M": ("Tee \u2013 M", "24.95", 3, True),
            "CARD": ("Gift card", "20.00", "untracked", False),
        },
    ),
    "magento-rest.json": (
        "magento rest",
        {
            "TOTE": ("Canvas tote", "34.00", 100, True),
            "SHIRT": "not_sold_itself",
            "SHIRT-S": ("Shirt S", "20.50", 0, False),
        },
    ),
    "magento-store-views.csv": (
        "magento",
        {
            "PAN-24": ("Pan 24 cm", "52.00", 12, True),
            "PAN": "not_sold_itself",
            "PAN-28": ("Pan 28 cm", "59.00", 3, False),
        },
    ),
    "matrixify.csv": (
        "shopify",
        {
            "NAP-RED": ("Napkin \u2013 Red", "10.00", 1, True),
            "NAP-BLUE": ("Napkin \u2013 Blue", "11.00", 1, False),
            "BOWL": ("Bowl", "25.00", 1, False),
            "CUP": "ignored",
        },
    ),
    "medusa-v2.csv": (
        "medusa",
        {
            "CAP-S": ("Cap \u2013 S", "11.00", 4, True),
            "CAP-M": ("Cap \u2013 M", "11.50", "untracked", True),
        },
    ),
    "medusa-v2.json": (
        "json with variants",
        {
            "BELT-S": ("Belt \u2013 S", "31.00", 4, True),
            "BELT-M": ("Belt \u2013 M", "32.00", "untracked", True),
        },
    ),
    "odoo-german.csv": (
        "odoo",
        {
            "TI-1": ("Tisch", "1250.00", 4, True),
            "ST-1": ("Stuhl", "60.00", 0, False),
        },
    ),
    "odoo-spanish.csv": (
        "odoo",
        {
            "ME-1": ("Mesa", "120.00", 4, True),
            "SI-1": ("Silla", "60.00", 0, False),
        },
    ),
    "opencart.csv": (
        "opencart",
        {
            "TP-1": ("Teapot", "100.00", 7, True),
            "KETTLE-9": ("Kettle", "85.50", 0, False),
        },
    ),
    "plentymarkets.csv": (
        "plentymarkets",
        {
            "PL-1001": ("Duftkerze Feige", "14.90", 12, True),
            "PL-1002": ("Duftkerze Pinie", "15.90", 0, False),
        },
    ),
    "prestashop-german.csv": (
        "prestashop",
        {
            "TA-1": ("Tasse", "25.00", 4, True),
            "SC-1": ("Schale", "10.00", 0, False),
        },
    ),
    "prestashop-spanish.csv": (
        "prestashop",
        {
            "TA-1": ('Taza "Señor"', "25.00", 4, True),
            "BO-1": ("Bol", "10.00", 0, False),
        },
    ),
    "shopify-bulk.jsonl": (
        "json with variants",
        {
            "STONE": ("Stone mug", "19.50", 7, True),
            "TOWEL-GREY": ("Tea towel \u2013 Grey", "12.00", 3, False),
            "TOWEL-RED": ("Tea towel \u2013 Red", "12.50", 0, False),
        },
    ),
    "shopify-graphql.json": (
        "json with variants",
        {
            "LAMP-S": ("Lamp \u2013 Small", "49.00", 3, True),
            "LAMP-L": ("Lamp \u2013 Large", "59.00", "untracked", True),
        },
    ),
    "shopify-sorted.csv": (
        "shopify",
        {
            "DISH": ("Soap dish", "14.00", 8, True),
            "HAT-RED": ("Wool hat \u2013 Red", "29.00", 12, True),
            "HAT-BLUE": ("Wool hat \u2013 Blue", "31.00", 4, True),
        },
    ),
    "shopware5.csv": (
        "shopware 5",
        {
            "SW-10": ("Becher", "18.00", 25, True),
            "SW-20": ("Schürze \u2013 Sand", "39.50", 4, True),
            "SW-20.1": ("Schürze \u2013 Moos", "44.00", 9, False),
        },
    ),
    "spryker-product-abstract.csv": (
        "spryker abstract products",
        {
            "CAM-1": "not_sold_itself",
        },
    ),
    "spryker-product-concrete.csv": (
        "spryker products",
        {
            "CAM-1-RED": ("Camera red", None, None, True),
            "CAM-1-BLUE": ("Camera blue", None, None, True),
        },
    ),
    "spryker-product-price.csv": (
        "spryker prices",
        {
            "CAM-1-RED": (None, "99.99", None, True),
            "CAM-1-BLUE": (None, "105.00", None, True),
        },
    ),
    "spryker-product-stock.csv": (
        "spryker stock",
        {
            "CAM-1-RED": (None, None, 12, True),
            "CAM-1-BLUE": (None, None, "untracked", True),
        },
    ),
    "woocommerce-german.csv": (
        "woocommerce",
        {
            "TASSE": ("Tasse", "9.90", 7, False),
            "KAPPE-R": ("Kappe - Rot", "12.50", 4, True),
        },
    ),
    "woocommerce-rest.json": (
        "woocommerce rest",
        {
            "MUG": ("Mug", "9.00", 4, False),
            "SCARF-RUST": ("Wool scarf - Rust", "35.00", 2, True),
            "SCARF-INK": ("Wool scarf - Ink", "36.00", 0, True),
        },
    ),
    "woocommerce-scattered.csv": (
        "woocommerce",
        {
            "BOARD": ("Board, oiled", "29.00", 6, True),
            "TIN": ("Tin", "7.00", 2, False),
            "APRON-SAND": ("Linen apron - Sand", "39.50", 4, True),
            "APRON-MOSS": ("Linen apron - Moss", "41.00", "untracked", True),
            "CANDLE-FIG": ("Candle - Fig", "14.00", 0, True),
        },
    ),
}

PRIVATE: dict[str, tuple[str, ...]] = {
    "woocommerce-scattered.csv": ("14.00", "11.20", "2.10"),
    "woocommerce-rest.json": ("12",),
    "magento-rest.json": ("11.00", "49", "166"),
    "magento-store-views.csv": ("S-9",),
    "shopify-sorted.csv": ("9.50", "4.00"),
    "matrixify.csv": ("3.00", "9.00"),
    "bigcommerce-rest.json": ("9",),
    "odoo-german.csv": ("610,00", "33,00"),
    "odoo-spanish.csv": ("80.0", "ver con Luis"),
    "shopware5.csv": ("6,20", "14,00"),
    "lightspeed-x-series.csv": ("7.10", "Mill Ltd", "M-1"),
    "lightspeed-r-series.csv": ("410.00", "Wheel Ltd"),
    "ecwid.csv": ("14.00", "11.20"),
    "opencart.csv": ("B-14",),
    "jtl.csv": ("9,10", "1,20"),
    "plentymarkets.csv": ("4.10",),
    "amazon-listings-report.tsv": ("slow supplier",),
    "trendyol.csv": ("750,00", "589,90", "18,5", "441"),
    "rakuten.csv": ("5500",),
}
"""Costs, suppliers and internal values that a sample contains."""


def values(reading: Reading) -> dict[str | None, Values | str]:
    result: dict[str | None, Values | str] = {}
    for item in reading.items:
        if not isinstance(item, Product):
            result[item.sku] = item.code
            continue
        is_stated = "inventory_count" in item.fields_set or item.inventory_policy is not None
        stock = "untracked" if item.inventory_policy == "untracked" else item.inventory_count
        price = None if item.price is None else str(item.price)
        result[item.sku] = (item.name, price, stock if is_stated else None, item.is_active)
    return result


@pytest.mark.parametrize("file", SAMPLES)
def test_each_sample_has_the_expected_products(file: str) -> None:
    profile, expected = SAMPLES[file]
    reading = read_file(file)
    assert reading.details["profile"] == profile
    assert values(reading) == expected


@pytest.mark.parametrize("file", sorted(path.name for path in FEEDS.iterdir() if path.suffix not in (".md", "")))
def test_a_sample_leads_to_no_question_and_every_row_is_counted(file: str) -> None:
    reading = read_file(file)
    assert [question.text for question in reading.feed.questions] == []
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read


@pytest.mark.parametrize("file", SAMPLES)
def test_a_sample_that_is_uploaded_again_has_the_same_products(file: str) -> None:
    first = read_file(file)
    with (FEEDS / file).open("rb") as stream, open_feed(stream, file, {}, "EUR", memory=first.feed.reading) as feed:
        assert feed.changes == ()
        assert feed.questions == ()
        assert list(feed) == first.items


@pytest.mark.parametrize("file", PRIVATE)
def test_costs_and_suppliers_of_the_samples_are_private(file: str) -> None:
    for product in read_file(file).products:
        shown = {product.brand, product.category, product.description, *map(str, product.attributes.values())}
        assert not shown & set(PRIVATE[file])
