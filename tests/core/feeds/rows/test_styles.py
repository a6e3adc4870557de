"""Tests lists in which the first row of a style contains the name and the price for all sizes and colours of the
style.
"""

from typing import Any

import pytest

from tests.core.feeds import workbooks
from tests.core.feeds.feed_reading import read

SHOES = """Style;Name;Price;Cost;SKU;Size;Stock
T-1;Trail shoe;119,00;48,20;T-1-41;41;3
;;;;T-1-42;42;0
;;;;T-1-43;43;5
W-2;Walking shoe;89,00;31,10;W-2-40;40;2
;;;;W-2-41;41;1
"""


def test_the_rows_of_a_style_inherit_name_and_price_from_the_first_row() -> None:
    products = read(SHOES).products
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in products] == [
        ("T-1-41", "Trail shoe", "119.00", 3), ("T-1-42", "Trail shoe", "119.00", 0),
        ("T-1-43", "Trail shoe", "119.00", 5), ("W-2-40", "Walking shoe", "89.00", 2),
        ("W-2-41", "Walking shoe", "89.00", 1),
    ]  # fmt: skip
    assert products[1].attributes == {"Style": "T-1", "Size": "42"}


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        (
            "Modèle;Désignation;Prix TTC;Réf.;Coloris;Stock\nLIN;Nappe;45,00;LIN-B;blanc;10\n;;;LIN-G;gris;4\n",
            ["45.00", "45.00"],
        ),
        # If a row has a price, the price of the style does not replace it.
        (
            "Kod;Model;Nazwa;Cena brutto;Rozmiar;Stan\nK-S;K;Koszula;129,00;S;4\nK-M;;;;M;3\nK-L;;;139,00;L;2\n"
            "P-S;P;Polo;99,00;S;1\nP-M;;;;M;1\n",
            ["129.00", "129.00", "139.00", "99.00", "99.00"],
        ),
    ],
)
def test_styles_are_read_in_several_languages_and_column_orders(text: str, prices: list[str]) -> None:
    assert [str(one.price) for one in read(text).products] == prices


def test_a_blank_price_after_a_variant_with_a_different_price_is_rejected() -> None:
    reading = read(
        "SKU;Style;Name;Price;Size;Stock\nK-S;K;Shirt;129,00;S;4\nK-L;;;139,00;L;2\nK-X;;;;XL;3\n"
        "P-S;P;Polo;99,00;S;1\nP-M;;;;M;1\n"
    )
    assert (reading.rejection.sku, reading.rejection.code) == ("K-X", "empty")


def test_a_row_without_a_sku_provides_the_common_values_of_the_next_rows() -> None:
    reading = read(
        "Article,Name,Price,SKU,Colour,Stock\nBAG,Canvas bag,39.00,,,\n,,,BAG-R,red,3\n,,,BAG-B,blue,5\n"
        "TOTE,Tote,29.00,,,\n,,,TOTE-W,white,0\n"
    )
    assert [(one.sku, one.name, str(one.price)) for one in reading.products] == [
        ("BAG-R", "Canvas bag", "39.00"), ("BAG-B", "Canvas bag", "39.00"), ("TOTE-W", "Tote", "29.00"),
    ]  # fmt: skip
    assert {one.code for one in reading.rejected} == {"no_product"}


def test_styles_in_a_workbook_are_read() -> None:
    rows: list[list[Any]] = [
        ["Modellnr.", "Bezeichnung", "VK brutto", "Artikelnummer", "Farbe", "Bestand"],
        ["M1", "Rucksack", 79.9, "M1-R", "rot", 4], [None, None, None, "M1-B", "blau", 2],
    ]  # fmt: skip
    products = read(workbooks.table(*rows), "styles.xlsx").products
    assert [(one.sku, one.name, str(one.price)) for one in products] == [
        ("M1-R", "Rucksack", "79.90"), ("M1-B", "Rucksack", "79.90"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "SKU,Name,Price,Stock\nA-1,Mug,9.90,4\nA-2,,8.50,3\nA-3,Pot,19.90,2\n",  # the second row lacks its name
        "SKU,Name,Price,Stock\nA-1,Mug,9.90,4\nA-2,,,3\nA-3,Pot,19.90,2\n",  # no property distinguishes the rows
        "SKU,Style,Name,Price,Size\nA-1,A,Mug,9.90,S\nA-2,B,,8.50,M\nA-3,C,Pot,19.90,L\n",  # all styles are different
    ],
)
def test_a_row_without_a_name_and_without_a_style_is_rejected(text: str) -> None:
    reading = read(text)
    assert (reading.rejection.sku, reading.rejection.code) == ("A-2", "empty")


def test_a_style_row_with_the_prefix_of_other_skus_is_not_a_product() -> None:
    text = (
        "Код;Артикул;Размер;Цена;Наличност\nOB-5;Боти;;89,00;\nOB-5-37;;37;;2\nOB-5-39;;39;95,00;4\n"
        "OB-6;Колан;;12,00;\nOB-7;Чехли;;15,00;\nOB-7-40;;40;;11\n"
    )
    reading = read(text)
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        ("OB-5-37", "Боти", "89.00", 2), ("OB-5-39", "Боти", "95.00", 4), ("OB-6", "Колан", "12.00", None),
        ("OB-7-40", "Чехли", "15.00", 11),
    ]  # fmt: skip
    assert [(one.line, one.sku, one.code) for one in reading.rejected] == [
        (2, "OB-5", "no_product"), (6, "OB-7", "no_product"),
    ]  # fmt: skip


@pytest.mark.parametrize("next_row", ["210;Belt;12.00;L;4", "210;;;L;4", "21-L;Belt;12.00;L;4"])
def test_a_product_is_kept_if_the_next_row_is_not_its_variant(
    next_row: str,
) -> None:
    text = f"SKU;Name;Price;Size;Stock\n20;Shirt;20.00;;\n20-S;;;S;3\n20-M;;;M;3\n21;Bag;30.00;;\n{next_row}\n"
    reading = read(text)
    kept = {one.sku: (one.name, str(one.price)) for one in reading.products}
    assert kept["21"] == ("Bag", "30.00")
    assert {"20-S", "20-M", next_row.partition(";")[0]} <= set(kept)
    assert [one.sku for one in reading.rejected] == ["20"]


def test_rows_whose_codes_begin_with_the_code_of_a_product_are_its_variants() -> None:
    text = (
        "SKU Induk;SKU Varian;Nama Produk;Ukuran;Harga;Stok\nKMJ;;Kemeja batik;;229.000;\n;KMJ-M;;M;;12\n"
        ";KMJ-XL;;XL;239.000;0\nSLD;SLD-0;Selendang;All size;89.000;40\n"
    )
    reading = read(text, currency="IDR")
    assert [(one.sku, one.name, int(one.price or 0), one.inventory_count) for one in reading.products] == [
        ("KMJ-M", "Kemeja batik", 229000, 12), ("KMJ-XL", "Kemeja batik", 239000, 0), ("SLD-0", "Selendang", 89000, 40),
    ]  # fmt: skip
    other = read(text.replace(";KMJ-XL;", ";ZZZ-XL;"), currency="IDR")
    assert [one.sku for one in other.products] != ["KMJ-M", "ZZZ-XL", "SLD-0"]
