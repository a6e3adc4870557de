"""Tests that complete export files of shops and ERP systems are read."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read, read_file


def test_a_shopify_export_is_read() -> None:
    reading = read_file("shopify-products.csv", "USD")
    assert reading.details["profile"] == "shopify"
    assert not reading.rejected
    assert len(reading.products) == reading.feed.rows_read == 21
    lamp = reading.products[0]
    assert (lamp.sku, lamp.name, lamp.brand, lamp.category) == ("floor-lamp", "Floor Lamp", "Company 123", "Indoor")
    assert (lamp.price, lamp.currency, lamp.is_active) == (Decimal("69.99"), "USD", True)
    # The inventory tracker is blank for all products except one. Shopify does not count the pieces of these products.
    assert {p.sku: p.inventory_count for p in reading.products if p.inventory_policy == "tracked"} == {
        "grey-wheelbarrow": 8
    }
    assert {p.inventory_count for p in reading.products if p.inventory_policy == "untracked"} == {0}
    assert lamp.images[0].startswith("https://cdn.shopify.com/s/files/")
    green, yellow = reading.products[-2:]
    assert (green.sku, green.name) == ("gardening-gloves-green", "Gardening Gloves \u2013 Green")
    assert (yellow.sku, yellow.description) == ("gardening-gloves-yellow", green.description)
    assert (str(green.price), str(yellow.price), yellow.attributes["Color"]) == ("9.99", "15.99", "Yellow")
    assert yellow.images == green.images[::-1]


def test_a_shopify_export_with_the_column_names_of_2024_is_read() -> None:
    white, black, card = read_file("shopify-2024-columns.csv").products
    assert (white.sku, white.rows, black.sku, black.rows) == ("MUG-WHITE", 2, "MUG-BLACK", 1)
    assert [image.rsplit("-")[-1] for image in black.images] == ["black.jpg", "white.jpg", "box.jpg"]
    assert black.category == "Mugs"
    assert (card.sku, card.name, card.is_active) == ("thank-you-card", "Thank-you Card", False)
    stocks = [(p.inventory_policy, p.inventory_count) for p in (white, black, card)]
    assert stocks == [("tracked", 25), ("tracked", 0), ("untracked", 0)]


def test_a_computed_sku_does_not_depend_on_other_variants() -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant Price\n"
    two_variants = read(header + "shirt,Shirt,Size,Größe L,Colour,Bleu Ciel,9\nshirt,,,S,,Red,9\n").products
    one_variant = read(header + "shirt,Shirt,Size,S,Colour,Red,9\n").products
    assert [p.sku for p in two_variants] == ["shirt-große-l-bleu-ciel".replace("ß", "ss"), "shirt-s-red"]
    assert one_variant[0].sku == two_variants[1].sku
    assert two_variants[1].name == "Shirt \u2013 S / Red"


def test_an_invalid_variant_does_not_affect_other_variants() -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n"
    reading = read(header + "shirt,Shirt,Size,S,S-S,9,\nshirt,,,M,S-M,x,\nshirt,,,,,,a.jpg\nshirt,,,L,S-L,9,\n")
    assert [(p.sku, p.rows) for p in reading.products] == [("S-S", 2), ("S-L", 1)]
    assert (reading.rejection.line, reading.rejection.sku) == (3, "S-M")


def test_a_product_with_thousands_of_rows_is_read() -> None:
    rows = "".join(f"shirt,,,V{n},S{n},9,{n}.jpg\n" for n in range(2_500))
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n"
    reading = read(header + "shirt,Shirt,Size,S,S,9,\n" + rows)
    assert len(reading.products) == 2_501
    assert reading.products[-1].name == "Shirt \u2013 V2499"


def test_a_shopify_products_json_is_read() -> None:
    reading = read_file("shopify-products.json", "USD")
    assert [(p.line, p.sku, str(p.price), p.inventory_count) for p in reading.products] == [
        (1, "MUG-WHITE", "12.50", 25),
        (1, "celebration-mug-black", "13.00", 0),
        (2, "thank-you-card", "2.90", 100),
    ]
    assert reading.products[1].images[0].endswith("mug-black.jpg")
    assert reading.products[1].attributes["Color"] == "Black"
    assert not reading.products[2].is_active


@pytest.mark.parametrize(
    ("currency", "prices"), [("USD", [100, 200, 100]), ("EUR", [45, 65, 45]), ("SEK", [30, 50, 30])]
)
def test_a_medusa_export_is_read_in_the_currency_of_the_catalog(currency: str, prices: list[int]) -> None:
    reading = read_file("medusa-products-semicolon.csv", currency)
    assert reading.details["profile"] == "medusa"
    assert [p.sku for p in reading.products] == [
        "base-product-large-green",
        "base-product-small-green",
        "proposed-product-large-green",
    ]
    assert [p.price for p in reading.products] == prices
    assert {p.currency for p in reading.products} == {"DKK" if currency == "SEK" else currency}
    first = reading.products[0]
    assert (first.line, first.name) == (2, "Base product \u2013 large / green")
    assert first.description == "test-product-description\ntest line 2"
    assert first.images == ["test-image.png", "test-image-2.png"]
    assert first.is_active
    assert first.attributes["status"] == "draft"


def test_a_medusa_1_export_is_read() -> None:
    small, large, balloon = read_file("medusa-v1.csv").products
    assert (small.sku, str(small.price), small.currency, small.category) == ("HAT-S", "3.50", "EUR", "Hats")
    assert (large.name, large.inventory_count) == ("Party Hat \u2013 L", 12)
    assert not balloon.is_active


def test_a_woocommerce_export_is_read() -> None:
    reading = read_file("woocommerce.csv")
    blue, red, cap = reading.products
    assert (blue.sku, blue.name, blue.rows, blue.category) == ("HOODIE-BLUE", "Hoodie - Blue", 2, "Clothing > Hoodies")
    assert (blue.description, str(blue.price)) == ("A soft hoodie.", "45.00")
    assert [str(offer.price) for offer in blue.offers or ()] == ["39.00"] and "sale_price" not in blue.attributes
    assert blue.images[0] == "https://example.com/hoodie-blue.jpg"
    assert (red.sku, red.attributes["Color"], red.brand) == ("HOODIE-RED", "Red", "Acme")
    assert not cap.is_active
    assert (reading.rejection.sku, reading.rejection.code) == ("LOGO-SET", "not_sold_itself")


def test_a_magento_export_is_read() -> None:
    reading = read_file("magento.csv")
    first, second = reading.products
    assert (first.sku, first.category, first.inventory_count) == ("WSH-28", "Default Category/Gear", 100)
    assert first.images == ["/w/s/wsh12-green_main.jpg", "/w/s/wsh12-green_back.jpg"]
    assert not second.is_active
    assert first.rows == 2  # the row of a store view belongs to the product above
    assert [(r.line, r.code) for r in reading.rejected] == [(5, "not_sold_itself")]


def test_a_prestashop_export_is_read() -> None:
    mug, hat = read_file("prestashop.csv").products
    assert (mug.sku, str(mug.price), mug.category, len(mug.images)) == ("demo_1", "16.51", "Home", 2)
    assert (hat.sku, hat.description, hat.inventory_count, hat.is_active) == ("2", "Only a summary.", 0, False)


def test_an_odoo_export_is_read() -> None:
    reading = read_file("odoo.csv")
    desk, cabinet = reading.products
    assert (desk.sku, desk.rows, str(desk.price), desk.inventory_count) == ("E-COM06", 2, "147.00", 5)
    assert (cabinet.inventory_count, cabinet.is_active) == (0, False)
    assert reading.rejection.reason == "Internal Reference: is empty"


def test_a_vendure_export_is_read() -> None:
    small, large, keyboard = read_file("vendure.csv").products
    assert (small.sku, small.name) == ("L2201308", "Laptop \u2013 13 inch / 8GB")
    assert (large.name, large.category, large.brand) == ("Laptop \u2013 15 inch / 8GB", "electronics", "Apple")
    assert large.images == ["laptop_15.jpg", "laptop_01.jpg", "laptop_02.jpg"]
    assert (large.attributes["RAM"], keyboard.name) == ("8GB", "Clacky Keyboard")


@pytest.mark.parametrize(
    ("currency", "price", "price_currency"), [("USD", "5.00", "USD"), ("PLN", "20.00", "PLN"), ("EUR", "5.00", "USD")]
)
def test_a_saleor_export_is_read_in_the_currency_of_the_catalog(currency: str, price: str, price_currency: str) -> None:
    first, second = read_file("saleor.csv", currency).products
    assert (str(first.price), first.currency) == (price, price_currency)
    assert (first.description, first.brand) == ("No additives & no preservatives", "acme")
    assert (first.inventory_count, second.inventory_count) == (15, 3)
    assert second.attributes["size"] == "1l"


def test_a_google_merchant_feed_is_read() -> None:
    mug, hat = read_file("google-merchant.tsv").products
    assert (str(mug.price), mug.currency, len(mug.images), mug.category) == ("12.99", "USD", 3, "Mugs")
    assert (mug.inventory_policy, mug.inventory_count) == ("untracked", 0)
    assert (str(hat.price), hat.currency, hat.inventory_count) == ("1299.00", "EUR", 0)


def test_a_german_erp_export_in_windows_1252_is_read() -> None:
    reading = read_file("erp-german.csv")
    assert (reading.details["encoding"], reading.details["decimal"], reading.details["header_line"]) == (
        "cp1252",
        ",",
        4,
    )
    mug, card, hat = reading.products
    assert (mug.sku, mug.name, str(mug.price)) == ("4711", "Tasse \u201eGröße L\u201c", "1234.50")
    assert mug.description == "Weiß, spülmaschinenfest\r\nzweite Zeile"
    assert (card.line, card.inventory_count, card.currency) == (7, 1500, "EUR")
    assert (hat.inventory_count, hat.is_active) == (0, False)
    assert [(r.line, r.code) for r in reading.rejected] == [(9, "no_fixed_price"), (11, "no_product")]


def test_a_french_erp_export_in_utf_16_is_read() -> None:
    mug, hat = read_file("erp-french.csv", "CHF").products
    assert (mug.sku, mug.name, str(mug.price), mug.currency) == ("TAS-01", "Tasse « fête »", "1234.56", "EUR")
    assert not hat.is_active


def test_a_stock_file_is_read() -> None:
    reading = read_file("erp-stock.csv")
    assert [(p.sku, p.inventory_count) for p in reading.products] == [("MUG-1", 12), ("HAT-1", 0), ("CARD-1", None)]


def test_an_ndjson_file_with_a_broken_line_is_read() -> None:
    reading = read_file("products.ndjson")
    assert [(p.line, p.sku) for p in reading.products] == [(1, "MUG-1"), (3, "CARD-1"), (4, "CARD-1")]
    assert reading.rejection.line == 2


def test_an_odoo_import_template_is_read() -> None:
    reading = read_file("odoo-template.csv")
    assert reading.details["profile"] == "odoo"
    assert [(p.sku, p.name, str(p.price), p.is_active) for p in reading.products] == [
        ("DESK-1", "Standing Desk", "349.00", True),
        ("DESK-2", "Standing Desk", "359.00", True),
        ("LAMP-1", "Old Lamp", "19.90", False),
    ]
    assert reading.products[1].attributes["product_values"] == "Colour:Walnut"
    assert reading.products[0].description == "A desk that rises."


def test_a_prestashop_import_file_is_read() -> None:
    reading = read_file("prestashop-import.csv")
    assert reading.details["profile"] == "prestashop"
    box, ribbon = reading.products
    assert (box.sku, str(box.price), box.category, box.inventory_count) == ("BOX-1", "24.90", "Gifts", 12)
    assert (len(box.images), box.is_active, ribbon.is_active, ribbon.description) == (2, True, False, "Red.")


def test_an_erp_workbook_is_read() -> None:
    reading = read_file("erp-workbook.xlsx")
    assert (reading.details["sheet"], reading.details["header_line"]) == ("Artikel", 3)
    assert [(p.line, p.sku, p.name, str(p.price), p.inventory_count, p.is_active) for p in reading.products] == [
        (4, "00123", "Tasse Grün", "19.90", 5, True),
        (5, "00124", "Tasse Blau", "1234.50", 0, True),
        (8, "X-1", "Karte", "39.80", 1, True),
    ]
    assert (reading.rejection.line, reading.rejection.code) == (6, "too_precise")
    assert reading.products[0].attributes == {"EAN": "4006381333931"}
    assert reading.products[0].source["Gültig ab"] == "2026-03-01"


def test_a_configurable_row_of_magento_with_a_price_is_not_a_product() -> None:
    header = "sku,attribute_set_code,product_type,name,price,qty,product_online\n"
    rows = "T,Default,configurable,Shirt,20,0,1\nT-S,Default,simple,Shirt S,20,4,1\nB,Default,bundle,Box,35,2,1\n"
    reading = read(header + rows + "G,Default,bundle,Set,,2,1\n")
    assert [(p.sku, str(p.price)) for p in reading.products] == [("T-S", "20.00"), ("B", "35.00")]
    assert [(item.sku, item.code) for item in reading.rejected] == [("T", "not_sold_itself"), ("G", "not_sold_itself")]
