"""Tests that the column of pieces that can be sold is the stock if another column has the reserved pieces."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header",
    [
        "Stan;Rezerwacja;Dostępne", "Lagerbestand;Reserviert;Rest", "Stock;Reserved;Free", "Stock;Reservado;Libre",
        "Voorraad;Gereserveerd;Over",
    ],
)  # fmt: skip
def test_the_stock_minus_the_reserved_pieces_is_the_stock_that_can_be_sold(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;48;6;42\nB;Mug;6,00;31;0;31\nC;Jug;7,00;7;7;0\n")
    assert ([product.inventory_count for product in reading.products], reading.feed.questions) == ([42, 31, 0], ())


def test_a_number_that_is_not_the_stock_minus_the_reserved_pieces_is_not_the_stock() -> None:
    reading = read("SKU;Name;Price;Stock;Reserved;Reorder\nA;Cup;5,00;48;6;42\nB;Mug;6,00;31;0;30\n")
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]
    assert [product.inventory_count for product in reading.products] == [48, 31]


@pytest.mark.parametrize("header", ["FREE;ALLOC", "Frei;Reserviert", "Libre;Réservé", "Vrij;Gereserveerd"])
def test_free_pieces_are_the_stock_if_another_column_has_reserved_pieces(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;12;2\nB;Mug;6,00;0;5\n")
    assert [product.inventory_count for product in reading.products] == [12, 0]


def test_a_column_with_the_name_free_is_not_a_stock() -> None:
    reading = read("SKU;Name;Price;Free\nA;Cup;5,00;12\nB;Mug;6,00;0\n")
    assert all("inventory_count" not in product.fields_set for product in reading.products)


@pytest.mark.parametrize("header", ["Stoc fizic;Rezervat", "Stan;Rezerwacje", "Lagerbestand;Reserviert"])
def test_reserved_pieces_are_subtracted_if_the_stock_is_never_smaller_than_the_reserved_pieces(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;10;3\nB;Mug;6,00;4;4\nC;Jug;7,00;7;\n")
    assert [product.inventory_count for product in reading.products] == [7, 0, 7]
    assert [question.subject for question in reading.feed.questions] == ["other"]
    more = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;10;3\nB;Mug;6,00;4;5\nC;Jug;7,00;7;0\n")
    assert [product.inventory_count for product in more.products] == [10, 4, 7]


@pytest.mark.parametrize("name", [".0", ".1.2"])
def test_the_name_of_a_column_can_consist_only_of_a_list_index(name: str) -> None:
    assert read(f"SKU;Name;Price;{name}\nA;Cup;5,00;12\nB;Mug;6,00;0\n").rejected == []
