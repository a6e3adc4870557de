"""Tests columns whose names mean that the shop hides a product, and state columns in more languages."""

import pytest

from tests.core.feeds.feed_reading import read

HIDDEN = [
    ("Nezobrazovať na webe", "áno", "nie"), ("Nicht anzeigen", "ja", "nein"), ("Ne pas afficher", "oui", "non"),
    ("No mostrar en web", "sí", "no"), ("Nie pokazuj w sklepie", "tak", "nie"), ("Niet tonen op website", "ja", "nee"),
    ("Ei näytetä verkkokaupassa", "kyllä", "ei"), ("Не показывать на сайте", "да", "нет"),  # noqa: RUF001
    ("Don't show", "yes", "no"),
    ("Vis ikke i nettbutikk", "ja", "nei"), ("Não exibir no site", "sim", "não"), ("Neprikazivati", "da", "ne"),
]  # fmt: skip
SHOWN = [
    ("ওয়েবে দেখাবে?", "হ্যাঁ", "না"), ("वेबसाइट पर दिखाएं?", "हाँ", "नहीं"), ("Tampilkan di web?", "ya", "tidak"),
    ("Onyesha mtandaoni?", "ndiyo", "hapana"), ("يظهر في الموقع؟", "نعم", "لا"), ("แสดงบนเว็บ?", "ใช่", "ไม่"),
    ("Hiển thị trên web?", "có", "không"), ("Rodyti svetainėje?", "taip", "ne"), ("Показывать на сайте", "да", "нет"),
]  # fmt: skip


def states(column: str, first: str, second: str) -> list[bool | None]:
    reading = read(f"SKU;Name;Price;{column}\nA;Cup;2,90;{first}\nB;Mug;3,90;{second}\n")
    return [product.is_active for product in reading.products]


@pytest.mark.parametrize(("column", "yes", "no"), HIDDEN, ids=[column for column, _, _ in HIDDEN])
def test_yes_in_a_column_with_a_negated_name_makes_the_product_inactive(column: str, yes: str, no: str) -> None:
    assert states(column, yes, no) == [False, True]


@pytest.mark.parametrize(("column", "yes", "no"), HIDDEN[:6], ids=[column for column, _, _ in HIDDEN[:6]])
def test_a_product_is_active_only_if_both_state_columns_mean_active(column: str, yes: str, no: str) -> None:
    rows = f"A;Cup;2,90;{no};no\nB;Mug;3,90;{yes};no\nC;Jug;4,90;{no};yes\n"
    reading = read(f"SKU;Name;Price;{column};Discontinued\n{rows}")
    assert [product.is_active for product in reading.products] == [True, False, False]


@pytest.mark.parametrize(("column", "yes", "no"), SHOWN, ids=[column for column, _, _ in SHOWN])
def test_column_names_that_mean_visible_are_recognised_in_more_languages(column: str, yes: str, no: str) -> None:
    assert states(column, yes, no) == [True, False]


@pytest.mark.parametrize("column", ["Fragile?", "Nettoverkauf", "Not returnable", "Neue Kollektion", "Gift wrap?"])
def test_column_names_without_a_word_for_a_state_are_not_states(column: str) -> None:
    assert states(column, "yes", "no") == [True, True]
