"""Tests codes in the name column, XML elements that wrap a product, and lists in Persian."""

# ruff: noqa: RUF001

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Internal ID,Name,Display Name,Base Price", ("Name", "Display Name")),
        ("ID,Name,Description,Price", ("Name", "Description")),
        ("Product ID,Product Name,Product Title,Price", ("Product Name", "Product Title")),
        ("Key,Item Name,Item Description,Price", ("Item Name", "Item Description")),
    ],
)  # fmt: skip
def test_the_sku_is_the_code_in_the_name_column_and_not_the_database_key(header: str, columns: tuple[str, str]) -> None:
    rows = "4512,WID-1001,Pressure gauge,48.00\n4513,WID-1002,Ball valve,17.25\n4590,WID-1077,Relief valve,64.90\n"
    reading = read(f"{header}\n{rows}")
    assert [product.sku for product in reading.products] == ["WID-1001", "WID-1002", "WID-1077"]
    assert (reading.feed.details["mapping"]["name"], reading.feed.questions) == (columns[1], ())


def test_codes_in_the_name_column_are_names_if_the_file_has_a_sku() -> None:
    reading = read("SKU,Name,Description,Price\n1,WID-1,Gauge for steam,4.80\n2,WID-2,Valve of brass,7.20\n")
    assert [(product.sku, product.name) for product in reading.products] == [("1", "WID-1"), ("2", "WID-2")]


@pytest.mark.parametrize(("record", "part"), [("stock", "stockHeader"), ("item", "main"), ("article", "articleHeader")])
def test_paths_do_not_contain_the_xml_element_that_wraps_the_product(record: str, part: str) -> None:
    items = "".join(
        f"<{record}><{part}><code>C-{n}</code><name>Mug</name><isInternet>{online}</isInternet>"
        f"<sellingPrice>89.5</sellingPrice><count>{n}</count></{part}></{record}>"
        for n, online in ((1, "true"), (2, "false"), (3, "true"))
    )
    reading = read(f"<list>{items}</list>", "stock.xml")
    assert [(product.sku, product.is_active) for product in reading.products] == [
        ("C-1", True), ("C-2", False), ("C-3", True),
    ]  # fmt: skip
    stock_reading = read(f"<list>{items}</list>", "stock.xml", mapping={"sku": f"{part}.code"})
    assert [product.sku for product in stock_reading.products] == ["C-1", "C-2", "C-3"]


@pytest.mark.parametrize(
    ("price", "cell"), [("قیمت فروش (تومان)", "۷۵۰٬۰۰۰"), ("قیمت فروش", "750000 تومان"), ("Price toman", "750000")]
)
def test_an_amount_in_toman_is_multiplied_by_ten_if_the_currency_is_rial(price: str, cell: str) -> None:
    reading = read(f"کد کالا,نام کالا,{price},موجودی\nIR-11,زعفران,{cell},۲۶\n", currency="IRR")
    assert reading.product.price == Decimal(7_500_000)


def test_an_amount_in_rial_is_read_from_a_persian_list() -> None:
    reading = read("کد کالا,نام کالا,قیمت فروش (ریال),موجودی\nIR-11,زعفران,۷٬۵۰۰٬۰۰۰,۲۶\n", currency="IRR")
    assert (reading.product.price, reading.product.inventory_count) == (Decimal(7_500_000), 26)


def test_texts_of_lightspeed_columns_with_a_language_prefix_are_read() -> None:
    rows = '"8811";"1772";"Y";"Fietsbel";"Fietsbel klassiek";"N";"0";"FB-01";"12.95"\n'
    reading = read(
        f"Internal_ID;Internal_Variant_ID;Visible;NL_Title_Short;NL_Title_Long;Stock_Track;Stock_Level;Article_Code;Price\n{rows}"
    )
    product = reading.product
    assert (product.sku, product.name, product.inventory_policy) == ("FB-01", "Fietsbel", "untracked")
