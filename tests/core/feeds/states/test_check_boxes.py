"""Tests the check boxes of Access and Airtable, the paused listings of a marketplace, and states that are letters."""

import pytest

from tests.core.feeds.feed_reading import read


def states(header: str, first: str, second: str) -> list[bool | None]:
    products = read(f"SKU;Name;Price;{header}\nA-1;Mug;9.90;{first}\nA-2;Pot;8.90;{second}\n").products
    return [product.is_active for product in products]


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("Aktiv", "-1", "0"),
        ("In shop", "checked", ""),
        ("onHoldByRetailer", "false", "true"),
        ("Status", "In shop", "Sold out"),
        ("Status", "In shop", "Idea"),
        ("St.", "A", "S"),
        ("Відображати", "Так", "Ні"),  # noqa: RUF001
    ],
)
def test_check_boxes_and_words_for_states_determine_which_products_are_active(
    header: str, first: str, second: str
) -> None:
    assert states(header, first, second) == [True, False]


def test_stocks_in_shoe_size_columns_are_added_up() -> None:
    reading = read("Articolo;Descrizione;Prezzo;37;38;39\nA-1;Sandalo;79,00;2;;3\nA-2;Mocassino;99,00;0;0;0\n")
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]
    assert [product.inventory_count for product in reading.products] == [5, 0]


def test_a_file_name_before_the_address_of_an_image_is_ignored() -> None:
    cell = "a.jpg (https://shop.example/1),b.jpg (https://shop.example/2)"
    product = read(f'SKU;Name;Price;Photos\nA-1;Mug;9.90;"{cell}"\n').product
    assert product.images == ["https://shop.example/1", "https://shop.example/2"]


@pytest.mark.parametrize("name", ["Qty OH", "Flaschen lagernd", "Stück lagernd"])
def test_other_usual_stock_column_names_are_recognised(name: str) -> None:
    assert read(f"SKU;Name;Price;{name}\nA-1;Mug;9.90;7\n").product.inventory_count == 7


def test_a_stock_cell_with_the_text_loading_is_unknown() -> None:
    reading = read("SKU;Name;Price;On hand\nA-1;Mug;9.90;Loading...\nA-2;Pot;8.90;4\nA-3;Cup;8.90;6\n")
    assert [product.inventory_count for product in reading.products] == [None, 4, 6]


def test_the_value_minus_1_does_not_mean_yes_if_the_column_also_contains_1() -> None:
    assert states("Aktiv", "1", "-1") == [True, False]


def test_the_value_minus_1_in_a_column_such_as_blocked_means_inactive() -> None:
    assert states("Gesperrt", "0", "-1") == [True, False]
