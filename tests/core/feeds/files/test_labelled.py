"""Tests texts in which each product is a block of lines, and each line has a label and a value."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import read

GERMAN = """\
Artikelnummer: T-100
Bezeichnung: Becher blau
Preis: 9,90 €
Einkaufspreis: 3,10
Bestand: 12
-----
Artikelnummer: T-101
Bezeichnung: Teekanne 1,2 l
  mit Deckel
Preis: 1.029,50 €
Einkaufspreis: 8,20
Bestand: 4
"""
ARABIC = """\
الكود: ب-٠٠١
الاسم: بردية مفتاح الحياة
سعر البيع: ١٨٥٫٥٠ ج.م
الحالة: معروض

الكود: ب-٠٠٢
الاسم: صينية نحاس
سعر البيع: ١٬٢٥٠٫٠٠ ج.م
الحالة: مخفي
"""
JAPANESE = "品番：K-1\n商品名：湯呑\n価格：1,200\n在庫：3\n品番：K-2\n商品名：皿\n価格：2,400\n在庫：0\n"
EQUALS = (
    "SKU = A-1\r\nName = Cup: blue\r\nPrice = 2.90\r\n\r\nSKU = A-2\r\nName = Mug\r\nColour = red\r\nPrice = 3.90\r\n"
)


def test_each_block_is_a_product() -> None:
    reading = read(GERMAN, "list.txt")
    assert [(one.sku, one.name, f"{one.price}", one.inventory_count) for one in reading.products] == [
        ("T-100", "Becher blau", "9.90", 12), ("T-101", "Teekanne 1,2 l mit Deckel", "1029.50", 4),
    ]  # fmt: skip
    assert not any("3,10" in str(product.attributes) for product in reading.products)


def test_labels_can_have_any_script() -> None:
    products = read(ARABIC, "list.txt", currency="EGP").products
    assert [(one.name, f"{one.price}", one.is_active) for one in products] == [
        ("بردية مفتاح الحياة", "185.50", True), ("صينية نحاس", "1250.00", False),
    ]  # fmt: skip


def test_a_repeated_label_starts_a_new_product() -> None:
    products = read(JAPANESE, "list.txt", currency="JPY").products
    assert [(one.sku, f"{one.price}", one.inventory_count) for one in products] == [
        ("K-1", "1200", 3), ("K-2", "2400", 0),
    ]  # fmt: skip


def test_a_value_can_contain_the_separator_and_a_block_can_add_labels() -> None:
    products = read(EQUALS, "list.txt").products
    assert [(one.name, f"{one.price}", one.attributes) for one in products] == [
        ("Cup: blue", "2.90", {}), ("Mug", "3.90", {"Colour": "red"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "sku:name:price\nA-1:Cup:2.90\nA-2:Mug:3.90\n", "SKU;Name;Price\nA-1;Note: blue;2,90\nA-2;Note: red;3,90\n",
        "Price list: November\nPrices: incl. VAT\n\nSKU,Name,Price\nA-1,Cup,2.90\nA-2,Mug,3.90\n",
    ],
)  # fmt: skip
def test_a_table_with_colons_is_not_read_as_blocks(text: str) -> None:
    assert [product.sku for product in read(text).products] == ["A-1", "A-2"]


def test_a_long_text_with_many_blocks_is_read_completely() -> None:
    text = "".join(f"Code: C{number}\nName: Cup {number}\nPrice: {number}.50\n\n" for number in range(1, 3000))
    products = read(text, "list.txt").products
    assert (len(products), products[-1].sku, f"{products[-1].price}") == (2999, "C2999", "2999.50")
