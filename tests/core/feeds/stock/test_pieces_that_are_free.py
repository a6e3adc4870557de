"""Tests which column is the stock if a file has a column of reserved pieces."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header",
    [
        "Stan;Rezerwacja;Dostępne", "Lagerbestand;Reserviert;Rest", "Stock;Reserved;Free", "Stock;Reservado;Libre",
        "Voorraad;Gereserveerd;Over",
    ],
)  # fmt: skip
def test_a_column_of_stock_minus_reserved_pieces_is_the_stock(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;48;6;42\nB;Mug;6,00;31;0;31\nC;Jug;7,00;7;7;0\n")
    assert ([product.inventory_count for product in reading.products], reading.feed.questions) == ([42, 31, 0], ())


def test_a_column_that_is_not_stock_minus_reserved_pieces_is_not_the_stock() -> None:
    reading = read("SKU;Name;Price;Stock;Reserved;Reorder\nA;Cup;5,00;48;6;42\nB;Mug;6,00;31;0;30\n")
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]
    assert [product.inventory_count for product in reading.products] == [48, 31]


@pytest.mark.parametrize("header", ["FREE;ALLOC", "Frei;Reserviert", "Libre;Réservé", "Vrij;Gereserveerd"])
def test_a_column_named_free_is_the_stock_beside_a_column_of_reserved_pieces(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;12;2\nB;Mug;6,00;0;5\n")
    assert [product.inventory_count for product in reading.products] == [12, 0]


def test_a_column_named_free_is_not_the_stock_without_a_column_of_reserved_pieces() -> None:
    reading = read("SKU;Name;Price;Free\nA;Cup;5,00;12\nB;Mug;6,00;0\n")
    assert all("inventory_count" not in product.fields_set for product in reading.products)


@pytest.mark.parametrize("header", ["Stoc fizic;Rezervat", "Stan;Rezerwacje", "Lagerbestand;Reserviert"])
def test_reserved_pieces_are_subtracted_if_they_never_exceed_the_stock(header: str) -> None:
    reading = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;10;3\nB;Mug;6,00;4;4\nC;Jug;7,00;7;\n")
    assert [product.inventory_count for product in reading.products] == [7, 0, 7]
    assert [question.subject for question in reading.feed.questions] == ["other"]
    more = read(f"SKU;Name;Price;{header}\nA;Cup;5,00;10;3\nB;Mug;6,00;4;5\nC;Jug;7,00;7;0\n")
    assert [product.inventory_count for product in more.products] == [10, 4, 7]


@pytest.mark.parametrize("name", [".0", ".1.2"])
def test_a_column_name_can_be_a_list_index(name: str) -> None:
    assert read(f"SKU;Name;Price;{name}\nA;Cup;5,00;12\nB;Mug;6,00;0\n").rejected == []
