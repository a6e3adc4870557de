"""Tests the files of eBay: which rows are listings, which are variations, and the currency of a row."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

REPORT = (
    "Item number,Title,Variation details,Custom label (SKU),Available quantity,Format,Currency,Start price,"
    "Auction Buy It Now price,Reserve price,Current price,Watchers,eBay category 1 name,P:EAN\n"
)
TEMPLATE = "*Action(SiteID=UK|Country=GB|Currency=GBP|Version=1193),CustomLabel,*Category,*Title,*StartPrice,*Quantity"


def sold(reading: Reading) -> list[tuple[str, str | None, str, str, int | None]]:
    return [(p.sku, p.name, str(p.price), p.currency, p.inventory_count) for p in reading.products]


def test_each_row_of_a_report_is_a_product_in_the_currency_of_the_row() -> None:
    reading = read(
        REPORT
        + "335512340001,Pentax K1000,,PTX-1,1,FIXED_PRICE,GBP,149.99,,,149.99,12,Film Cameras,\n"
        + "335512340002,Strap,,STRAP-BR,18,FIXED_PRICE,GBP,14.50,,,12.95,3,Straps,\n"
        + "335512340003,Kodak Gold,,KG-3,0,FIXED_PRICE,EUR,29.00,,,29.00,9,Film,4006381333931\n",
        currency="USD",
    )
    assert sold(reading) == [
        ("PTX-1", "Pentax K1000", "149.99", "GBP", 1),
        ("STRAP-BR", "Strap", "12.95", "GBP", 18),
        ("KG-3", "Kodak Gold", "29.00", "EUR", 0),
    ]
    assert [product.attributes for product in reading.products] == [{}, {}, {"ean": "4006381333931"}]


def test_the_variations_of_a_listing_are_products_and_the_listing_is_not() -> None:
    reading = read(
        REPORT
        + '318000000001,Paint,"Colour=Red;Blue|Size=S",SKU-A,4,FIXED_PRICE,USD,19.99,,,19.99,1,Paint,\n'
        + "318000000001,Paint,Colour=Red|Size=S,SKU-A-RED,2,FIXED_PRICE,USD,19.99,,,19.99,1,Paint,\n"
        + "318000000001,Paint,Colour=Blue|Size=S,SKU-A-BLUE,2,FIXED_PRICE,USD,21.99,,,21.99,0,Paint,\n"
        + "318000000002,Paint,Colour=Green,SKU-B-GREEN,7,FIXED_PRICE,USD,21.99,,,21.99,0,Paint,\n"
        + "318000000002,Paint,Colour=Black,SKU-B-BLACK,8,FIXED_PRICE,USD,21.99,,,21.99,0,Paint,\n"
        + '318000000003,Brush,"Size=S;M",SKU-C,1,FIXED_PRICE,USD,2.00,,,2.00,0,Paint,\n'
    )
    assert sold(reading) == [
        ("SKU-A-RED", "Paint \u2013 Red / S", "19.99", "USD", 2),
        ("SKU-A-BLUE", "Paint \u2013 Blue / S", "21.99", "USD", 2),
        ("SKU-B-GREEN", "Paint \u2013 Green", "21.99", "USD", 7),
        ("SKU-B-BLACK", "Paint \u2013 Black", "21.99", "USD", 8),
    ]
    assert reading.products[0].attributes == {"Colour": "Red", "Size": "S"}
    assert (reading.rejection.sku, reading.rejection.code) == ("SKU-C", "not_sold_itself")


def test_the_price_of_an_auction_is_its_buy_now_price() -> None:
    reading = read(
        REPORT
        + "1,Vase,,V-1,1,AUCTION,GBP,1.00,,20.00,4.50,1,Vases,\n"
        + "2,Bowl,,B-1,1,AUCTION,GBP,1.00,35.00,,4.50,1,Vases,\n"
    )
    assert sold(reading) == [("B-1", "Bowl", "35.00", "GBP", 1)]
    assert (reading.rejection.sku, reading.rejection.code) == ("V-1", "no_fixed_price")


def test_a_row_of_a_report_without_a_custom_label_is_rejected() -> None:
    reading = read(REPORT + "1,Vase,,,1,FIXED_PRICE,GBP,1.00,,,1.00,1,Vases,\n2,Cup,,C,1,FIXED_PRICE,GBP,2,,,2,1,C,\n")
    assert ([p.sku for p in reading.products], reading.rejection.code) == (["C"], "empty")


@pytest.mark.parametrize("columns", ["", ",Relationship,RelationshipDetails"])
def test_each_row_of_a_template_without_variations_is_a_product(columns: str) -> None:
    commas = "," * columns.count(",")
    rows = (f"Add,M-1,1,Mug,5.00,3{commas}", f"Add,C-1,1,Cup,6.00,4{commas}", f"Revise,C-1,1,Blue cup,7.00,4{commas}")
    assert sold(read("\n".join((TEMPLATE + columns, *rows, "")))) == [
        ("M-1", "Mug", "5.00", "GBP", 3),
        ("C-1", "Cup", "6.00", "GBP", 4),
        ("C-1", "Blue cup", "7.00", "GBP", 4),
    ]


def test_the_report_of_the_file_exchange_is_read() -> None:
    reading = read(
        "Item ID,Custom Label,Quantity Available,Purchases,Price,Type,Item Title,Category Leaf Name,Variation Details\n"
        "1111,M-1,3,0,5.00,FixedPrice,Mug,Mugs,\n1112,C-1,4,0,6.00,FixedPrice,Cup,Cups,\n1113,A,1,0,1,Chinese,Old,Cups,\n"
    )
    assert sold(reading) == [("M-1", "Mug", "5.00", "EUR", 3), ("C-1", "Cup", "6.00", "EUR", 4)]
    assert reading.products[0].category == "Mugs"
    assert reading.rejection.code == "no_fixed_price"
