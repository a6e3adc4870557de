"""Tests the column names of reserved pieces in many languages. The names can contain a word for a quantity or be
abbreviated.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.stock.reserved_names import is_reserved

NAMES = (
    "Reserved",
    "Reserviert",
    "Réservé",
    "Quantité réservée",
    "Qtd. reservada",
    "Impegn.",
    "Rez.",
    "Broneeritud",
    "Rezervuota",
    "Rezervēts",
    "Varattu",
    "Зарезервовано",
    "Резерв",
    "Δεσμευμένα",
    "محجوز",
    "שמור",
    "锁定库存",
    "引当",
    "Qty reserved",
    "In Reserve",
    "Rezervirano",
    "Foglalt",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_name_means_reserved_pieces(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name", ["Stock", "Res", "Reservation no.", "Reserve price", "Restock", "Order", "Rest.", "Free"]
)
def test_unrelated_column_names_do_not_mean_reserved_pieces(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize("name", ["Broneeritud", "محجوز", "Qtd. reservada", "Impegn."])
def test_reserved_pieces_are_subtracted_from_the_stock_and_lead_to_a_question(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA;Cup;1.50;42;5\nB;Mug;2.50;0;0\nC;Jug;3.50;7;2\n")
    assert [product.inventory_count for product in reading.products] == [37, 0, 5]
    assert [question.subject for question in reading.feed.questions] == ["other"]
