"""Tests the letters for yes and no in languages in which "no" does not begin with N. Also tests columns of blocked
products.
"""

import pytest

from tests.core.feeds.feed_reading import read


def states(header: str, cells: list[str]) -> list[bool]:
    rows = "".join(f"A-{at}0;Thing {at};1{at},50;{cell}\n" for at, cell in enumerate(cells))
    reading = read(f"SKU;Name;Price;{header}\n{rows}")
    assert not reading.feed.warnings.as_json()
    return [product.is_active for product in reading.products]


@pytest.mark.parametrize(
    ("header", "yes", "no"),
    [
        ("Verkkokaupassa", "K", "E"), ("Näkyvissä verkkokaupassa", "k", "e"), ("Aktiivinen", "K", "E"),
        ("Aktiivne", "J", "E"), ("Aktif", "E", "H"), ("Aktiv", "B", "X"),
    ],
)  # fmt: skip
def test_the_first_letters_of_yes_and_no_in_one_language_are_states(header: str, yes: str, no: str) -> None:
    assert states(header, [yes, no, yes]) == [True, False, True]


@pytest.mark.parametrize("header", ["Blokada", "Blokada sprzedaży", "Bloqueo", "Blocco vendita", "Блокировка", "Spärr"])
@pytest.mark.parametrize(("yes", "no"), [("x", ""), ("1", "0")])
def test_yes_in_a_column_of_blocked_products_means_inactive(header: str, yes: str, no: str) -> None:
    assert states(header, [no, yes, no]) == [True, False, True]


def test_a_column_of_blocked_products_can_contain_letters_for_yes_and_no() -> None:
    assert states("Blokada", ["N", "T", "N"]) == [True, False, True]
    assert states("Myyntiesto", ["E", "K", "E"]) == [True, False, True]


@pytest.mark.parametrize("cells", [["K", "E"], ["J", "E"]])
def test_letters_for_yes_and_no_in_a_status_column_are_unknown(cells: list[str]) -> None:
    text = "SKU;Name;Price;Status\n" + "".join(f"A-{at}0;Thing;1{at},50;{cell}\n" for at, cell in enumerate(cells))
    assert {each["code"] for each in read(text).feed.warnings.as_json()} == {"unknown_state"}
