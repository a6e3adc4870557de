"""Tests that the stock of a row is read from all columns that contain information about the stock."""

import json
from collections.abc import Mapping

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.stock.columns import MAX_COLUMNS, find_stock_columns
from wecelebrate.feeds.stock.reader import Stock

UNTRACKED: Stock = ("untracked", 0)
OUT: Stock = ("tracked", 0)


def stocks(reading: Reading) -> dict[str, Stock | None]:
    """Map each SKU to its stock, or to None if the row has no stock."""
    assert not reading.rejected, reading.rejected
    stock_by_sku: dict[str, Stock | None] = {}
    for product in reading.products:
        policy, count = product.inventory_policy, product.inventory_count
        assert ("inventory_count" in product.fields_set) == (count is not None)
        stock_by_sku[product.sku] = None if policy is None else (policy, count)
    return stock_by_sku


def stock_of(header: str, row: str, mapping: Mapping[str, str | None] | None = None) -> Stock | None:
    """Return the stock of the only row of a CSV file. `header` and `row` are the columns and cells after SKU, Name and
    Price.
    """
    return stocks(read(f"SKU,Name,Price,{header}\nA,Lamp,10.00,{row}\n", mapping=mapping))["A"]


@pytest.mark.parametrize(
    ("cell", "stock"),
    [
        ("7", ("tracked", 7)),
        ("0", OUT),
        ("-4", OUT),
        ("<5", OUT),
        ("100+", ("tracked", 100)),
        ("low stock", ("tracked", 1)),
        ("sold out", OUT),
        ("on request", OUT),
        ("in stock", UNTRACKED),
        ("unlimited", UNTRACKED),
        ("backorder", UNTRACKED),
        ("", None),
        ("n/a", None),
    ],
)
def test_a_stock_cell_sets_the_stock_policy_and_the_number_of_pieces(cell: str, stock: Stock | None) -> None:
    assert stock_of("Stock", cell) == stock


def test_a_cell_that_is_not_a_stock_is_rejected() -> None:
    assert read("sku,stock\nD,in a week\n").rejection.reason == 'stock: "in a week" is not a number'


WOOCOMMERCE = "ID,Type,SKU,Name,Published,In stock?,Stock,Backorders allowed?,Regular price,Parent,Categories\n"


@pytest.mark.parametrize(
    ("in_stock", "stock", "backorders", "expected"),
    [
        ("1", "", "0", UNTRACKED),
        ("0", "", "0", OUT),
        ("backorder", "", "0", UNTRACKED),
        ("1", "8", "0", ("tracked", 8)),
        ("1", "8", "1", UNTRACKED),
        ("1", "0", "notify", UNTRACKED),
        ("backorder", "0", "0", UNTRACKED),
        ("0", "3", "0", OUT),
        ("0", "0", "1", OUT),
        ("1", "0", "0", OUT),
        ("", "", "", None),
    ],
)
def test_the_stock_of_woocommerce_is_read_from_three_columns(
    in_stock: str, stock: str, backorders: str, expected: Stock | None
) -> None:
    row = f"5,simple,A,Lamp,1,{in_stock},{stock},{backorders},10,,Home\n"
    assert stocks(read(WOOCOMMERCE + row))["A"] == expected


def test_a_woocommerce_variation_without_a_stock_inherits_the_stock_of_its_parent() -> None:
    rows = (
        "5,variable,P,Shirt,1,1,12,0,,,Tops\n"
        "6,variation,P-S,Shirt - S,1,1,parent,0,10,P,\n"
        "7,variation,P-M,Shirt - M,1,1,,0,10,P,\n"
        "8,variation,P-L,Shirt - L,1,0,,0,10,P,\n"
        "9,variation,P-X,Shirt - X,1,1,2,0,10,P,\n"
    )
    assert stocks(read(WOOCOMMERCE + rows)) == {
        "P-S": ("tracked", 12), "P-M": UNTRACKED, "P-L": OUT, "P-X": ("tracked", 2),
    }  # fmt: skip


SHOPIFY = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Price\n"
)


def test_a_shopify_stock_is_tracked_only_with_a_tracker_and_the_policy_deny() -> None:
    rows = (
        "mug,Mug,Size,S,M-S,shopify,5,deny,9\n"
        "mug,,,M,M-M,,5,deny,9\n"
        "mug,,,L,M-L,shopify,0,continue,9\n"
        "mug,,,XL,M-XL,shopify,-2,deny,9\n"
        "mug,,,XXL,M-XXL,,,deny,9\n"
    )
    assert stocks(read(SHOPIFY + rows)) == {
        "M-S": ("tracked", 5), "M-M": UNTRACKED, "M-L": UNTRACKED, "M-XL": OUT, "M-XXL": UNTRACKED,
    }  # fmt: skip


def test_shopify_variants_of_2024_do_not_inherit_the_tracker_of_other_variants() -> None:
    header = "URL handle,Title,Option1 name,Option1 value,SKU,Price,Inventory tracker,Inventory quantity,"
    header += "Continue selling when out of stock\n"
    rows = "mug,Mug,Size,S,M-S,9,shopify,5,DENY\nmug,,,M,M-M,9,,,DENY\nmug,,,L,M-L,9,shopify,1,CONTINUE\n"
    assert stocks(read(header + rows)) == {"M-S": ("tracked", 5), "M-M": UNTRACKED, "M-L": UNTRACKED}


def test_each_variant_of_shopify_json_has_a_separate_stock() -> None:
    variants = [
        {
            "sku": "A",
            "price": "1",
            "inventory_management": "shopify",
            "inventory_policy": "deny",
            "inventory_quantity": 4,
        },
        {"sku": "B", "price": "1", "inventory_management": None, "inventory_policy": "deny", "inventory_quantity": 4},
        {"sku": "C", "price": "1", "available": True},
        {"sku": "D", "price": "1", "available": False},
        {"sku": "E", "price": "1"},
    ]
    body = json.dumps({"products": [{"id": 1, "title": "Mug", "handle": "mug", "variants": variants}]})
    assert stocks(read(body, "products.json")) == {
        "A": ("tracked", 4), "B": UNTRACKED, "C": UNTRACKED, "D": OUT, "E": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("availability", "quantity", "stock"),
    [
        ("in_stock", "", UNTRACKED),
        ("in stock", "6", ("tracked", 6)),
        ("out_of_stock", "", OUT),
        ("out_of_stock", "6", OUT),
        ("preorder", "", UNTRACKED),
        ("backorder", "0", UNTRACKED),
        ("in_stock", "0", OUT),
        ("limited_availability", "", ("tracked", 1)),
    ],
)
def test_availability_and_optional_quantity_of_a_google_feed_are_read(
    availability: str, quantity: str, stock: Stock
) -> None:
    header = "id\ttitle\tlink\tprice\tavailability\tquantity\n"
    row = f"A\tLamp\thttps://shop.example/a\t10.00 EUR\t{availability}\t{quantity}\n"
    assert stocks(read(header + row, "feed.tsv"))["A"] == stock


@pytest.mark.parametrize(
    ("header", "row", "stock"),
    [
        # Magento
        ("qty,is_in_stock,manage_stock,use_config_manage_stock", "7,1,1,1", ("tracked", 7)),
        ("qty,is_in_stock,manage_stock,use_config_manage_stock", "0,1,0,0", UNTRACKED),
        ("qty,is_in_stock,manage_stock,use_config_manage_stock", "7,1,0,1", ("tracked", 7)),
        ("qty,is_in_stock,manage_stock,use_config_manage_stock", "7,0,1,1", OUT),
        ("qty,is_in_stock,allow_backorders,use_config_backorders", "0,1,1,0", UNTRACKED),
        ("qty,is_in_stock,allow_backorders,use_config_backorders", "0,1,1,1", OUT),
        ("qty,is_in_stock,allow_backorders,use_config_backorders", "4,1,2,0", UNTRACKED),
        # Loyverse, Square, BigCommerce, Vendure, Medusa
        ("Track stock,In stock [Berlin]", "Y,4", ("tracked", 4)),
        ("Track stock,In stock [Berlin]", "N,0", UNTRACKED),
        ("Track stock,In stock [Berlin]", "Y,", ("tracked", None)),
        ("Track Inventory,Stock", "none,0", UNTRACKED),
        ("Track Inventory,Stock", "by product,3", ("tracked", 3)),
        ("trackInventory,stockOnHand", "FALSE,100", UNTRACKED),
        ("trackInventory,stockOnHand", "inherit,100", ("tracked", 100)),
        ("Variant Manage Inventory,Variant Inventory Quantity", "false,", UNTRACKED),
        ("Variant Allow Backorder,Inventory Quantity", "true,0", UNTRACKED),
        # Files without a known profile
        ("Bestandsführung,Bestand", "nein,0", UNTRACKED),
        ("Gérer le stock,Stock", "non,0", UNTRACKED),
        ("Stock,Availability", ",in stock", UNTRACKED),
        ("Stock,Availability", "9,Sold out", OUT),
        ("Stock,Availability", "9,ships in 3 days", ("tracked", 9)),
        ("Stock,Sold out", ",yes", OUT),
        ("Stock,Sold out", ",no", UNTRACKED),
        ("Stock,Available", "9,2", ("tracked", 2)),
        ("Verfügbarkeit", "sofort lieferbar", UNTRACKED),
        ("Verfügbarkeit", "12", ("tracked", 12)),
        ("In stock?", "1", UNTRACKED),
        ("In stock", "1", ("tracked", 1)),
        # The fields of wecelebrate
        ("inventory_count,inventory_policy", "0,untracked", UNTRACKED),
        ("inventory_count,inventory_policy", "5,tracked", ("tracked", 5)),
    ],
)
def test_columns_beside_the_stock_determine_the_stock_policy(header: str, row: str, stock: Stock) -> None:
    assert stock_of(header, row) == stock


def test_the_report_names_the_columns_that_determine_the_stock_policy() -> None:
    header = "sku,name,price,stock,track stock,availability"
    mapping = read(f"{header}\nA,Lamp,1,5,yes,in stock\n").details["mapping"]
    assert (mapping["inventory_count"], mapping["inventory_policy"]) == ("stock", ["availability", "track stock"])
    assert "inventory_policy" not in read("sku,name,price,stock\nA,Lamp,1,5\n").details["mapping"]


def test_hundreds_of_columns_about_the_stock_are_read_without_a_large_cache() -> None:
    header = "sku,stock," + ",".join(f"in stock ({n})" for n in range(900))
    columns = find_stock_columns(header.split(","), [1], {})
    assert len(columns.beside) == MAX_COLUMNS
    assert stocks(read(header + "\nA,5" + ",no" * 900 + "\nB,5" + "," * 900 + "\n")) == {"A": OUT, "B": ("tracked", 5)}


def test_a_column_named_in_stock_with_only_0_and_1_is_a_state() -> None:
    header = "SKU,Name,Price,In stock\n"
    flags = header + "".join(f"S{n},Lamp,10,{n % 2}\n" for n in range(6))
    assert set(stocks(read(flags)).values()) == {OUT, UNTRACKED}
    counts = header + "".join(f"S{n},Lamp,10,{n % 3}\n" for n in range(6))
    assert set(stocks(read(counts)).values()) == {OUT, ("tracked", 1), ("tracked", 2)}


def test_other_stock_columns_are_ignored_if_the_stock_is_mapped() -> None:
    mapping: dict[str, str | None] = {"inventory_count": "Stock"}
    assert stock_of("Stock,Availability,Track stock", "9,sold out,no", mapping) == ("tracked", 9)
    assert stock_of("Stock,Availability", "9,sold out", {"inventory_count": None}) is None


def test_a_warehouse_without_a_number_makes_the_product_untracked() -> None:
    header = "Variant SKU,Product Name,Variant Price,Berlin Warehouse Quantity,Paris Warehouse Quantity\n"
    rows = "A,Lamp,10,3,4\nB,Lamp,10,3,sold out\nC,Lamp,10,3,in stock\nD,Lamp,10,,2\nE,Lamp,10,,\n"
    assert stocks(read(header + rows)) == {
        "A": ("tracked", 7), "B": ("tracked", 3), "C": UNTRACKED, "D": ("tracked", 2), "E": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "name", "states_stock"),
    [
        ("sku,name,price\nA,Lamp,10\n", "a.csv", False),
        ("sku,name,price,stock\nA,Lamp,10,\n", "a.csv", True),
        ("sku,name,price,stock\nA,Lamp,10,5\n", "a.csv", True),
        ("sku,name,price,availability\nA,Lamp,10,\n", "a.csv", True),
        ("sku,name,price,allow backorders\nA,Lamp,10,no\n", "a.csv", False),
        ('[{"sku": "A", "name": "Lamp", "price": 1}]', "a.json", False),
        ('[{"sku": "A", "name": "Lamp", "price": 1}, {"sku": "B", "stock": null}]', "a.json", True),
        ("<shop><item><sku>A</sku><name>L</name></item><item><sku>B</sku><name>L</name></item></shop>", "a.xml", False),
    ],
)
def test_a_feed_reports_whether_the_file_contains_stocks(content: str, name: str, states_stock: bool) -> None:
    reading = read(content, name)
    assert reading.feed.states_stock is states_stock


def test_a_google_feed_without_quantity_and_availability_contains_no_stocks() -> None:
    item = "<item><g:id>A</g:id><title>Lamp</title><g:price>10 EUR</g:price>{}</item>"
    feed = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>{}</channel></rss>'
    for more, states_stock in (("", False), ("<g:availability>in stock</g:availability>", True)):
        reading = read(feed.format(item.format(more)), "feed.xml")
        assert reading.feed.states_stock is states_stock
