"""Tests column names that consist of a usual name and additional words. Also tests which values such a column must
have.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.columns.composed import composed_fields


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Item Category Code", "category"),
        ("Artikelkategoriencode", "category"),
        ("Kategoria nadrzędna", "category"),
        ("产品类别名称", "category"),
        ("Categoria principale", "category"),
        ("Brand Code", "brand"),
        ("대표상품명", "name"),
        ("Полное наименование изделия", "name"),
        ("Full Product Name", "name"),
        ("Webshop quantity on hand", "inventory_count"),
    ],
)
def test_a_column_name_that_contains_a_usual_name_means_the_same_field(column: str, field: str) -> None:
    assert [name for name, _ in composed_fields(column)] == [field]


@pytest.mark.parametrize(
    "column",
    [
        "Tax category", "File name", "VAT Prod. Posting Group", "Customer name", "Supplier brand", "Image name",
        "Category discount", "Variant Manage Inventory",
        "Stock value", "Safety stock", "Stock on order", "Colour name", "Reorder stock", "Nom",
    ],
)  # fmt: skip
def test_a_column_name_that_contains_an_excluded_word_does_not_mean_a_field(column: str) -> None:
    assert composed_fields(column) == ()


def test_a_column_with_a_usual_name_is_preferred_to_a_composed_name() -> None:
    text = "SKU,Name,Full Product Name,Category,Web Category Name\nA-1,Mug,Blue mug,Cups,Gifts\n"
    product = read(text).product
    assert (product.name, product.category) == ("Mug", "Cups")


@pytest.mark.parametrize("values", ["Inventory,Service", "Lagerartikel,Dienstleistung", "simple,variable"])
def test_a_column_with_item_types_is_not_the_category(values: str) -> None:
    first, second = values.split(",")
    text = f"No.;Description;Type;Item Category Code\nA-1;Desk;{first};DESKS\nA-2;Setup;{second};WORK\n"
    assert [product.category for product in read(text).products] == ["DESKS", "WORK"]


def test_repeated_values_of_a_composed_column_are_not_product_names() -> None:
    text = "SKU,Series product name,Price\n" + "".join(f"A-{n},Classic,{n}.50\n" for n in range(1, 6))
    assert all(product.name is None for product in read(text).products)


@pytest.mark.parametrize(
    ("column", "field", "value"),
    [
        ("ItemMasterHeader.Description", "description", "Kettle"),
        ("ProductInfo.Name", "name", "Kettle"),
        ("data.general.title", "name", "Kettle"),
        ("ItemStatus.Code", "is_active", "inactive"),
    ],
)
def test_the_last_name_of_a_path_to_product_data_determines_the_field(column: str, field: str, value: str) -> None:
    product = read(f"sku,{column}\nK-1,{value}\nK-2,{value}\n").products[0]
    assert getattr(product, field) == (False if field == "is_active" else value)


def test_a_path_with_an_unrelated_object_does_not_mean_a_field() -> None:
    text = "sku,name,ItemComparison.PriceAmount,Vendor.Name\nK-1,Kettle,132.00,Secret Ltd\n"
    product = read(text).product
    assert product.price is None
    assert product.brand is None and product.attributes == {}


@pytest.mark.parametrize(
    "column",
    ["Category manager", "Kategorie Verantwortlicher", "Brand guardian", "Catégorie responsable", "Marke Vertrag",
     "Product name approved by", "Categoria referente", "Категория менеджер", "Brand margin class"],
)  # fmt: skip
def test_a_column_whose_name_has_an_unknown_word_is_not_public(column: str) -> None:
    rows = "".join(f"A-{n};9,50;Petra Lang\n" for n in range(3))
    products = read(f"SKU;Price;{column}\n{rows}").products
    assert {(one.name, one.category, one.brand, len(one.attributes)) for one in products} == {(None, None, None, 0)}
