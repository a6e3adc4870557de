"""Tests how a stock cell is read: as a number of pieces, or as a state without a number."""

from collections import Counter
from decimal import Decimal

import pytest

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation.numbers import DecimalMark
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.cells import State

TEXTS = (
    stock._IN_STOCK_TEXT, stock._UNLIMITED_TEXT, stock._TO_ORDER_TEXT, stock._ON_REQUEST_TEXT, stock._FEW_TEXT,
    stock._OUT_OF_STOCK_TEXT, stock._UNKNOWN_TEXT,
)  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        ("0", 0),
        ("999999999", 999_999_999),
        ("2147483647", 2_147_483_647),
        ("1,234", 1234),
        ("5.0", 5),
        ("7.9", 7),
        ("1E+3", 1000),
        ("7" + " " * 59, 7),
        ("12 pcs.", 12),
        ("12 Stk.", 12),
        ("12 in stock", 12),
        ("In stock: 12", 12),
        ("in stock (12)", 12),
        ("12 available", 12),
        ("only 3 left", 3),
        ("noch 3 verfügbar", 3),
        ("12 auf Lager", 12),
        ("Auf Lager: 1,200", 1200),
        ("3 disponibles", 3),
        ("12 stuks", 12),
        ("endast 2 kvar", 2),
        ("solo 2 rimasti", 2),
        ("ostatnie 2 szt.", 2),
        ("poslední 2 ks", 2),
        ("Only 3 left in stock", 3),
    ],
)
def test_a_number_of_pieces_is_read_beside_units_and_words(cell: str, pieces: int) -> None:
    assert stock.read(cell, None) == pieces


@pytest.mark.parametrize(
    ("cell", "mark", "pieces"), [("5,000", ",", 5), ("1.500", ",", 1500), ("1,500", None, 1500), ("1.500", ".", 1)]
)
def test_the_decimal_separator_of_the_file_applies_to_quantities(cell: str, mark: DecimalMark, pieces: int) -> None:
    assert stock.read(cell, mark) == pieces


@pytest.mark.parametrize("cell", ["-3", "3-", "(3)", "\N{MINUS SIGN}3", "-0.5"])
def test_a_negative_quantity_is_not_a_stock(cell: str) -> None:
    assert stock.read(cell, None) == 0


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        ("> 100", 100),
        (">=100", 100),
        ("&gt;100", 100),
        ("≥100", 100),
        ("100+", 100),
        ("100 +", 100),
        ("more than 100", 100),
        ("100 or more", 100),
        ("über 1.000 Stück", 1000),
        ("mehr als 20", 20),
        ("plus de 50", 50),
        ("más de 50", 50),
        ("min. 10", 10),
        ("10-50", 10),
        ("10 \N{EN DASH} 50", 10),
        ("1 to 5", 1),
        ("<5", 0),
        ("<= 5", 0),
        ("&lt;5", 0),
        ("≤ 5", 0),
        ("less than 10", 0),
        ("weniger als 10 Stück", 0),
        ("up to 10", 0),
        ("moins de 5", 0),
        ("low stock", 1),
        ("Limited Availability", 1),
        ("https://schema.org/LimitedAvailability", 1),
        ("nur noch wenige", 1),
        ("on request", 0),
        ("auf Anfrage", 0),
    ],
)
def test_a_bound_such_as_more_than_100_is_read_as_the_minimum_stock(cell: str, pieces: int) -> None:
    assert stock.read(cell, "," if "1.000" in cell else None) == pieces


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("in stock", State.IN_STOCK),
        ("In_Stock", State.IN_STOCK),
        ("IN-STOCK", State.IN_STOCK),
        ("https://schema.org/InStock", State.IN_STOCK),
        ("Available", State.IN_STOCK),
        ("sofort lieferbar", State.IN_STOCK),
        ("Auf Lager.", State.IN_STOCK),
        ("Disponible", State.IN_STOCK),
        ("skladem", State.IN_STOCK),
        ("TRUE", State.IN_STOCK),
        ("✓", State.IN_STOCK),
        ("Unlimited", State.UNLIMITED),
        ("∞", State.UNLIMITED),
        ("unbegrenzt", State.UNLIMITED),
        ("illimité", State.UNLIMITED),
        ("not tracked", State.UNLIMITED),
        ("backorder", State.TO_ORDER),
        ("http://schema.org/BackOrder", State.TO_ORDER),
        ("pre-order", State.TO_ORDER),
        ("Made to order", State.TO_ORDER),
        ("sur commande", State.TO_ORDER),
        ("out of stock", State.OUT_OF_STOCK),
        ("http://schema.org/OutOfStock", State.OUT_OF_STOCK),
        ("SOLD OUT", State.OUT_OF_STOCK),
        ("Out of stock (0)", State.OUT_OF_STOCK),
        ("Non disponibile", State.OUT_OF_STOCK),
        ("nicht auf Lager", State.OUT_OF_STOCK),
        ("ausverkauft", State.OUT_OF_STOCK),
        ("нет в наличии", State.OUT_OF_STOCK),
        ("-", State.OUT_OF_STOCK),
        ("none", State.OUT_OF_STOCK),
        ("n/a", State.UNKNOWN),
        ("NaN", State.UNKNOWN),
        ("k. A.", State.UNKNOWN),
        ("Coming soon", State.UNKNOWN),
        ("?", State.UNKNOWN),
    ],
)
def test_words_in_a_stock_cell_are_read_as_an_availability(cell: str, state: State) -> None:
    assert stock.read(cell, None) is state


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("99999999999", "too_large"),
        ("2147483648", "too_large"),
        (">99999999999", "too_large"),
        ("in a week", "not_a_number"),
        ("5 weeks", "not_a_number"),
        ("50-10", "not_a_number"),
        ("2026-05-01", "not_a_number"),
        ("", "not_a_number"),
        ("7" + " " * 60, "not_a_number"),
    ],
)
def test_a_cell_without_a_stock_or_with_a_too_large_stock_is_refused(cell: str, code: str) -> None:
    with pytest.raises(BadCell) as error:
        stock.read(cell, None)
    assert error.value.code == code


def test_no_word_has_two_meanings_in_a_stock_cell() -> None:
    meanings = Counter(form for text in TEXTS for form in {fold(word) for word in text.split("|")})
    assert [form for form, count in meanings.items() if count > 1] == []
    assert "" not in meanings


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("-3", "-3"),
        ("3-", "-3"),
        ("-3 pcs", "-3"),
        ("\N{MINUS SIGN}4", "-4"),
        ("12.5", "12.5"),
        (" 7 ", "7"),
        ("1.2,3.4", None),
        ("red", None),
        ("3 of 4", None),
    ],
)
def test_a_number_with_at_most_one_unit_is_recognised(cell: str, number: str | None) -> None:
    assert stock.number_in(cell, None) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("In stock", State.IN_STOCK),
        ("var", State.IN_STOCK),
        ("AUF LAGER", State.IN_STOCK),
        ("backorder", State.TO_ORDER),
        ("on back order - due 14/12", State.TO_ORDER),
        ("unlimited", State.UNLIMITED),
        ("sold out", None),
        ("yes", None),
        ("true", None),
        ("evet", None),
        ("x", None),
        ("po", None),
        ("12", None),
        ("few", None),
        ("unknown", None),
        ("red", None),
        ("in stock, sold out", None),
        ("red - on back order", None),
    ],
)
def test_words_for_in_stock_backorder_and_unlimited_are_recognised(cell: str, state: State | None) -> None:
    assert stock.state_in_words(cell) is state


@pytest.mark.parametrize(
    "cell",
    [
        "on back order - due 14/12", "preorder: 12/2026", "backorder, 2-3 weeks", "sur commande (2-3 semaines)",
        "auf Bestellung, Lieferzeit 2-3 Wochen", "backorder - expected", "backorder, available",
        "backorder - ETA 2026-12-01", "backorder (KW 50)", "bajo pedido, 10-15 días", "под заказ, 2-3 недели",
        "na zamówienie - 7-10 dni", "op bestelling, 1-2 weken",
    ],
)  # fmt: skip
def test_a_delivery_time_after_the_word_for_backorder_is_ignored(cell: str) -> None:
    assert stock.read(cell, None) is stock.state_in_words(cell) is State.TO_ORDER


@pytest.mark.parametrize(
    "cell",
    [
        "backorder (ended)", "backorder - cancelled", "backorder - no longer made", "preorder - closed",
        "sur commande, produit arrêté", "auf Bestellung (Auslauf)", "auf Bestellung - eingestellt",
        "bajo pedido, descatalogado", "su ordinazione - fuori produzione", "op bestelling (uit assortiment)",
        "beställningsvara, utgått", "na zamówienie - wycofany", "под заказ, неактивен",
        "backorder, not for resale", "backorder: on request",
    ],
)  # fmt: skip
def test_a_restriction_after_the_word_for_backorder_is_refused(cell: str) -> None:
    with pytest.raises(BadCell) as problem:
        stock.read(cell, None)
    assert problem.value.code == "not_a_number"
    assert stock.state_in_words(cell) is None
