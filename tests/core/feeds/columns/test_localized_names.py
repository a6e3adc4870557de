"""Tests columns whose names contain a language, for example `Name DE`, `title_en` and `localizedfields.sl.name`."""

import json

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.columns.localized import without_language


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Title DE", "Title EN"), ("Nosaukums LV", "Nosaukums RU"), ("name_de", "name_fr"), ("Name [en]", "Name [de]"),
        ("name-en", "name-nl"), ("Bezeichnung Deutsch", "Bezeichnung Englisch"), ("Name (German)", "Name (English)"),
        ("product_name_de_DE", "product_name_en_GB"), ("Nome: IT", "Nome: EN"), ("Title (SE)", "Title (NO)"),
    ],
)  # fmt: skip
def test_the_product_name_is_read_from_the_column_in_the_first_language(first: str, second: str) -> None:
    reading = read(f"SKU;{first};{second}\nA-1;Kerze;Candle\nB-1;;Wick\n")
    assert [product.name for product in reading.products] == ["Kerze", "Wick"]


def test_a_name_column_without_a_language_is_preferred() -> None:
    reading = read("SKU,Name EN,Naziv,Description EN\nA-1,Candle,Svijeća,Red wax\n")
    assert [(product.name, product.description) for product in reading.products] == [("Svijeća", "Red wax")]


def test_a_name_in_a_language_is_preferred_to_a_short_description() -> None:
    reading = read("SKU,Short description,Name SV\nA-1,Made of birch,Kåsa\n")
    assert [product.name for product in reading.products] == ["Kåsa"]


def test_the_language_of_a_name_can_be_a_json_key() -> None:
    record = {"sku": "A-1", "localizedfields": {"sl": {"name": "Čevelj"}, "en": {"name": "Boot"}}}
    other = {"sku": "B-1", "translations": {"de": {"title": "Wachs"}}}
    keyed = {"sku": "C-1", "name": {"fr": "Bougie", "en": "Candle"}}
    for product, name in ((record, "Čevelj"), (other, "Wachs"), (keyed, "Bougie")):
        assert [one.name for one in read(json.dumps([product])).products] == [name]


@pytest.mark.parametrize(
    "column", ["Part No", "Stock in", "Made in", "Size", "Sort by", "Item ID", "name", "Weight kg"]
)
def test_short_words_that_are_no_language_codes_are_part_of_the_name(column: str) -> None:
    assert without_language(column) != column
    reading = read(f"SKU,Name,{column}\nA-1,Mug,x\n")
    assert [product.name for product in reading.products] == ["Mug"]


@pytest.mark.parametrize("column", ["Product ID", "Article No", "Titel Nr", "Product is"])
def test_a_column_with_article_numbers_is_not_the_product_name(column: str) -> None:
    reading = read(f"SKU,{column},Price\nA-1,Kx-17,1.50\n")
    assert [product.name for product in reading.products] == [None]


@pytest.mark.parametrize("column", ["En stock", "Auf Lager", "Op voorraad", "Disponibile", "På lager", "Stock current"])
def test_a_column_named_in_stock_can_contain_numbers(column: str) -> None:
    reading = read(f"SKU;Name;Price;{column}\nA-1;Mug;12,50;120,000\nB-1;Cap;9,90;1.250,000\nC-1;Pen;1,00;0,000\n")
    assert [product.inventory_count for product in reading.products] == [120, 1250, 0]
