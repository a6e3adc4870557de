"""Tests stocks with expected or reserved pieces, and stock column names with a word for a storeroom."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.stock import cells
from wecelebrate.feeds.stock.cells import State


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("0 (5 on order)", 0), ("3 (12 on order)", 3), ("7 + 20 bestellt", 7), ("2 (+10 im Zulauf)", 2),
        ("4 (en commande)", 4),
        ("0 (10 in arrivo)", 0), ("1 (besteld: 5)", 1), ("due 15/12/2026", 0),
        ("Expected 3 Jan 2027", 0), ("ab KW 50", 0),
        ("lieferbar ab 3.12.", 0), ("livraison 12/01/2027", 0), ("in arrivo 20/12/2026", 0),
        ("verwacht 5-1-2027", 0),
        ("available from 2027-01-15", 0), ("5 on order", 0), ("ожидается 12.01.2027", 0), ("入荷予定 2027年1月15日", 0),
    ],
)  # fmt: skip
def test_pieces_that_are_expected_are_not_counted(cell: str, count: int) -> None:
    assert cells.read(cell, None) == count


@pytest.mark.parametrize(
    "cell", ["nicht begrenzt", "not limited", "sans limite", "sin límite", "senza limiti", "niet beperkt"]
)
def test_a_stock_cell_that_means_unlimited_is_not_tracked(cell: str) -> None:
    assert cells.read(cell, None) is State.UNLIMITED


@pytest.mark.parametrize(
    "column",
    [
        "lager_verfuegbar",
        "Magazzino disponibile",
        "Frei verw.",
        "Entrepôt disponible",
        "Magazijn beschikbaar",
        "Sklad dostupné",
    ],
)
def test_a_column_named_available_storeroom_contains_the_stock(column: str) -> None:
    products = read(f"SKU;Name;Price;{column}\nA-1;Mug;9,50;12\nA-2;Cup;8,50;0\nA-3;Pan;7,00;340\n").products
    assert [product.inventory_count for product in products] == [12, 0, 340]


@pytest.mark.parametrize(
    "column",
    ["Reserviert", "Reserved", "Qty allocated", "Impegnata", "Réservé", "Gereserveerd", "Vorgemerkt", "Comprometido"],
)
def test_a_column_of_reserved_pieces_leads_to_an_optional_question(column: str) -> None:
    text = f"SKU;Name;Price;Stock;{column}\nA-1;Mug;9,50;12;2\nA-2;Cup;8,50;7;0\n"
    (question,) = read(text).feed.questions
    assert (question.key, question.subject) == ("inventory_count", "other")
    free = f"SKU;Name;Price;Available stock;{column}\nA-1;Mug;9,50;12;2\nA-2;Cup;8,50;7;0\n"
    assert read(free).feed.questions == ()


@pytest.mark.parametrize("cell", ["expected", "erwartet", "in arrivo", "en commande", "ожидается"])
def test_a_stock_cell_with_only_a_word_for_expected_is_unknown(cell: str) -> None:
    assert cells.read(cell, None) is State.UNKNOWN


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("50 (davon 8 reserviert)", 42), ("50, davon 8 vorgemerkt", 42), ("20, reserviert 5", 15),
        ("50 (8 reserved)", 42), ("50 (of which 8 reserved)", 42), ("20 - 5 on hold", 15), ("50 dont 8 réservés", 42),
        ("50 (8 réservées)", 42), ("50 di cui 8 impegnati", 42), ("50, 8 reservados", 42),
        ("50 waarvan 8 gereserveerd", 42), ("50 w tym 8 rezerwacji", 42), ("50 z toho 8 rezervováno", 42),
        ("50 varav 8 reserverade", 42), ("50 (из них 8 в резерве)", 42), ("50 Stk (8 Stk reserviert)", 42),
        ("5 (8 reserved)", 0), ("50 (42 free)", 42), ("50 (42 frei)", 42), ("50 (42 disponibles)", 42), ("~ 15", 15),
    ],
)  # fmt: skip
def test_reserved_pieces_are_not_counted(cell: str, count: int) -> None:
    reading = read(f'SKU;Name;Price;Stock\nA-1;Mug;9.90;"{cell}"\nA-2;Pot;8.90;4\nA-3;Jar;8.90;5\n')
    assert [product.inventory_count for product in reading.products] == [count, 4, 5]


@pytest.mark.parametrize("cell", ["50 reserved", "1 250 reserved", "50 (reserved)"])
def test_a_cell_with_only_reserved_pieces_is_rejected(cell: str) -> None:
    reading = read(f"SKU;Name;Price;Stock\nA-1;Mug;9.90;{cell}\nA-2;Pot;8.90;4\nA-3;Jar;8.90;5\n")
    assert (reading.rejection.sku, reading.rejection.code) == ("A-1", "not_a_number")


@pytest.mark.parametrize("name", ["Verkaufte Menge", "Qty sold", "Quantité vendue", "Verkochte aantallen", "Sold"])
def test_pieces_that_were_sold_are_not_a_stock(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Mug;9.90;120\nA-2;Pot;8.90;4\n")
    assert [product.inventory_count for product in reading.products] == [None, None]
