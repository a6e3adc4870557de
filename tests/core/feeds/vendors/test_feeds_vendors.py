"""Tests that unchanged exports of BigCommerce, Loyverse, Shopware, Square, Squarespace and Wix are read."""

import pytest

from tests.core.feeds.feed_reading import Reading, read, read_file
from wecelebrate.feeds import Product


def prices(reading: Reading) -> dict[str, str]:
    return {product.sku: str(product.price) for product in reading.products}


@pytest.mark.parametrize(
    ("file", "profile", "rows"),
    [
        ("bigcommerce.csv", "bigcommerce", 6),
        ("bigcommerce-legacy.csv", "bigcommerce (legacy)", 5),
        ("loyverse.csv", "loyverse", 5),
        ("shopware.csv", "shopware", 4),
        ("square.csv", "square", 4),
        ("squarespace.csv", "squarespace", 3),
        ("wix.csv", "wix", 5),
    ],
)
def test_the_export_of_each_vendor_is_recognised_and_every_row_is_counted(file: str, profile: str, rows: int) -> None:
    reading = read_file(file, "EUR")
    assert reading.details["profile"] == profile
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read == rows


@pytest.mark.parametrize(
    ("file", "private"),
    [
        ("bigcommerce.csv", ("6.10", "7.20", "2.00")),
        ("bigcommerce-legacy.csv", ("17.30", "16.10", "A-08")),
        ("loyverse.csv", ("4.10", "21.00")),
        ("shopware.csv", ("6.2", "7.38", "17.85")),
        ("square.csv", ("4.35", "Mill Ltd")),
        ("wix.csv", ("11.2",)),
    ],
)
def test_costs_and_suppliers_in_vendor_exports_are_private(file: str, private: tuple[str, ...]) -> None:
    for product in read_file(file, "EUR").products:
        shown = {product.brand, product.category, str(product.price), *map(str, product.attributes.values())}
        assert not shown & set(private)


def test_the_price_of_a_wix_variant_is_the_price_of_its_product_plus_the_surcharge() -> None:
    reading = read_file("wix.csv", "EUR")
    assert prices(reading) == {"APR-NS": "39.50", "APR-NL": "44.00", "APR-WS": "39.50", "CND-1": "14.00"}
    navy_long = reading.products[1]
    assert navy_long.name == "Linen Apron \u2013 Navy / Long"
    assert navy_long.attributes["Colour"] == "Navy"
    assert navy_long.images[0] == "https://static.example/apron-1.jpg"
    assert [product.is_active for product in reading.products] == [True, True, False, True]
    assert reading.products[3].name == "Beeswax Candle"


def test_an_invalid_wix_surcharge_rejects_only_its_variant() -> None:
    header = "handleId,fieldType,name,sku,price,surcharge,visible\n"
    rows = "mug,Product,Mug,,10,,true\nmug,Variant,,A,,2 EUR,true\nmug,Variant,,B,,1.5,true\n"
    reading = read(header + rows)
    assert prices(reading) == {"B": "11.50"}
    assert (reading.rejection.sku, reading.rejection.code) == ("A", "not_a_number")
    assert "surcharge" in reading.rejection.reason


def test_the_stocks_of_all_stores_of_a_loyverse_item_are_added_up() -> None:
    reading = read_file("loyverse.csv", "EUR")
    assert prices(reading) == {"10010": "9.90", "10011": "10.40", "10020": "59.00"}
    breakfast, evening, hamper = reading.products
    assert (breakfast.inventory_count, evening.inventory_count, hamper.rows) == (14 + 6, 0 + 2, 2)
    assert (evening.name, evening.category, evening.attributes["barcode"]) == (
        "Tea Tin \u2013 Evening",
        "Tea",
        "4006381333948",
    )
    assert not hamper.is_active
    assert reading.rejection.code == "no_fixed_price"


def test_a_square_variation_is_a_product_and_an_archived_item_is_inactive() -> None:
    reading = read_file("square.csv", "USD")
    assert prices(reading) == {"MUG-BL": "12.00", "MUG-RD": "12.50", "MUG-OLD": "8.00"}
    blue, red, old = reading.products
    assert (blue.name, blue.inventory_count, red.inventory_count) == ("Enamel Mug \u2013 Blue", 12, 1)
    assert (old.name, old.is_active, blue.is_active) == ("Old Mug", False, True)


def test_a_squarespace_variant_of_a_hidden_product_is_hidden() -> None:
    reading = read_file("squarespace.csv", "USD")
    assert prices(reading) == {"SQ0001": "89.00", "SQ0002": "119.00", "SQ0010": "24.50"}
    single, double, box = reading.products
    assert double.name == "Wool Throw \u2013 Moss / Double"
    assert (double.is_active, double.inventory_count, box.is_active) == (True, 0, False)
    assert single.images == ["https://images.example/moss.jpg", "https://images.example/throw.jpg"]


def test_a_bigcommerce_variant_without_a_price_inherits_the_price_of_its_product() -> None:
    reading = read_file("bigcommerce.csv", "USD")
    assert prices(reading) == {"TOTE-S": "18.00", "TOTE-L": "21.00", "CORK-4": "9.50"}
    small, large, coaster = reading.products
    assert small.attributes["Size"] == "Small"
    assert small.attributes["Colour"] == "Sand"
    assert large.name == "Canvas Tote \u2013 Large / Sand"
    assert small.images == [
        "https://cdn.example/tote-s.jpg",
        "https://cdn.example/tote-1.jpg",
        "https://cdn.example/tote-2.jpg",
    ]
    assert (small.is_active, coaster.is_active) == (True, False)


def test_a_bigcommerce_variant_is_rejected_if_a_rule_changes_its_price() -> None:
    reading = read_file("bigcommerce-legacy.csv", "USD")
    assert prices(reading) == {"SCARF-SR": "45.00", "SLIP-42": "32.00"}
    assert (reading.rejection.sku, reading.rejection.code) == ("SCARF-LR", "price_rule")
    short, slippers = reading.products
    assert short.name == "Wool Scarf \u2013 Short / Rust"
    assert (short.inventory_count, slippers.is_active) == (0, False)


def test_a_bigcommerce_rule_without_a_sku_rejects_all_variants_of_its_product() -> None:
    header = "Item Type,Product ID,Product Name,Product Code/SKU,Price,Product Visible?\n"
    mug = "Product,1,Mug,,10,Y\n  SKU,2,[S]Size=S,A,,\n  SKU,3,[S]Size=M,B,,\n  Rule,4,,,[FIXED]12,\n"
    reading = read(header + mug + "Product,5,Cup,C,4,Y\n")
    assert prices(reading) == {"C": "4.00"}
    assert [item.sku for item in reading.rejected] == ["A", "B"]


def test_a_shopware_variant_inherits_name_and_gross_price_from_its_product() -> None:
    reading = read_file("shopware.csv", "EUR")
    assert prices(reading) == {"SW-100": "18.00", "SW-200.1": "39.50", "SW-200.2": "44.00"}
    assert [(p.name, p.is_active) for p in reading.products] == [
        ("Steinzeugbecher", True),
        ("Leinenschürze", True),
        ("Leinenschürze", False),
    ]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            '1,variable,HD,Hoodie,,,\n2,simple,MUG,Mug,9,,Red\n3,variation,HD-B,"Hoodie - Blue, No",20,HD,Blue\n',
            {"HD-B": "Hoodie - Blue, No", "MUG": "Mug"},
        ),
        (
            "1,variable,HD,Hoodie,,,\n3,variation,HD-B,Hoodie,20,HD,Blue\n",
            {"HD-B": "Hoodie \u2013 Blue"},
        ),
    ],
)
def test_missing_options_are_added_to_the_name_of_a_woocommerce_variation(rows: str, names: dict[str, str]) -> None:
    header = "ID,Type,SKU,Name,Regular price,Parent,Attribute 1 value(s),Attribute 1 name,Categories\n"
    lines = "".join(f"{row},Colour,X\n" for row in rows.splitlines())
    items = read(header + lines).items
    assert {item.sku: item.name for item in items if isinstance(item, Product)} == names


def test_an_akeneo_export_is_read_in_the_currency_of_the_catalog() -> None:
    reading = read_file("akeneo.csv", "EUR")
    assert reading.details["profile"] == "akeneo"
    mug, old = reading.products
    assert (mug.sku, mug.name, mug.category, str(mug.price), mug.currency) == (
        "AK-1", "Glazed mug", "kitchen_mugs", "18.00", "EUR",
    )  # fmt: skip
    assert (mug.is_active, old.is_active) == (True, False)
    assert mug.attributes == {"color": "blue", "material": "stoneware"}
    assert str(read_file("akeneo.csv", "USD").products[0].price) == "21.00"


def test_the_field_names_of_an_amazon_flat_file_are_read_from_the_third_line() -> None:
    reading = read_file("amazon.tsv", "USD")
    assert reading.details["profile"] == "amazon"
    assert prices(reading) == {"AZ-TOWEL-R": "14.00", "AZ-TOWEL-G": "14.50"}
    red, green = reading.products
    assert (red.name, red.brand, red.attributes["color"], red.attributes["gtin"]) == (
        "Tea Towel, Red", "Hearth & Co", "Red", "036000291452",
    )  # fmt: skip
    assert red.images == ["https://cdn.example/towel-r.jpg", "https://cdn.example/towel-r2.jpg"]
    assert (red.is_active, green.is_active) == (True, False)
    assert (reading.rejection.sku, reading.rejection.code) == ("AZ-TOWEL", "not_sold_itself")


def test_an_amazon_listings_report_is_read() -> None:
    header = "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\topen-date\tasin1\tstatus\n"
    rows = "Mug\tA mug\t0101A\tM-1\t12.50\t4\t2026-01-02\tB0A\tActive\nCup\t\t0101B\tC-1\t9\t0\t\tB0B\tInactive\n"
    reading = read(header + rows)
    assert reading.details["profile"] == "amazon listings report"
    assert [(p.sku, p.name, str(p.price), p.is_active) for p in reading.products] == [
        ("M-1", "Mug", "12.50", True),
        ("C-1", "Cup", "9.00", False),
    ]


def test_the_name_of_the_ebay_action_column_determines_the_currency() -> None:
    reading = read_file("ebay.csv", "EUR")
    assert reading.details["profile"] == "ebay"
    assert [(p.sku, str(p.price), p.currency) for p in reading.products] == [
        ("EB-S", "79.00", "USD"),
        ("EB-L", "99.00", "USD"),
        ("EB-OLD", "35.00", "USD"),
    ]
    small, large, old = reading.products
    assert (small.name, small.attributes["Size"]) == ("Waxed Canvas Bag \u2013 Small / Olive", "Small")
    assert (small.brand, small.description, large.inventory_count) == ("Hearth & Co", "<p>Waxed by hand</p>", 0)
    assert small.images == ["https://cdn.example/bag.jpg", "https://cdn.example/bag2.jpg"]
    assert (small.is_active, old.is_active) == (True, False)
    assert (reading.rejection.sku, reading.rejection.code) == ("EB-AUC", "no_fixed_price")
