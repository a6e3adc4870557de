"""Tests states that are single letters."""

import pytest

from tests.core.feeds.feed_reading import read


def states(*letters: str, name: str = "Status") -> list[tuple[bool, bool]]:
    """Return two values for each product: whether the product is active, and whether the file sets the state."""
    rows = "".join(f"A-{n};Mug;9,50;{letter}\n" for n, letter in enumerate(letters))
    return [
        (product.is_active, "is_active" in product.fields_set)
        for product in read(f"SKU;Name;Price;{name}\n{rows}").products
    ]


@pytest.mark.parametrize("letters", ["AAI", "aai", "AAD", "AAN"])
def test_the_letters_i_d_and_n_mean_inactive_beside_the_letter_a(letters: str) -> None:
    assert states(*letters) == [(True, True), (True, True), (False, True)]


def test_an_unrelated_letter_beside_the_letter_a_is_unknown() -> None:
    assert states("A", "Q") == [(True, True), (False, False)]


def test_letters_for_yes_and_no_are_states() -> None:
    assert states("J", "N") == [(True, True), (False, True)]
    assert states("i", "n", name="Aktív") == [(True, True), (False, True)]


@pytest.mark.parametrize("name", ["Status", "Stav", "State", "Estado", "Shop status"])
@pytest.mark.parametrize("letter", ["D", "S", "O", "T", "I"])
def test_the_letter_n_is_unknown_beside_the_initial_of_a_state(name: str, letter: str) -> None:
    assert states("N", "N", letter, name=name) == [(False, False)] * 3


@pytest.mark.parametrize(
    ("name", "letter"),
    [("Visible", "O"), ("Aktivan", "D"), ("Ativo", "S"), ("Actief", "J"), ("Aktywny", "T"), ("Active", "Y")],
)
def test_the_letter_n_in_a_yes_or_no_column_means_no(name: str, letter: str) -> None:
    assert states("N", letter, name=name) == [(False, True), (True, True)]


def test_the_letter_for_yes_in_a_column_named_discontinued_means_inactive() -> None:
    assert states("N", "S", "N", name="Descatalogado") == [(True, True), (False, True), (True, True)]


def test_the_only_unknown_word_beside_words_for_inactive_means_active() -> None:
    text = "SKU;Name;Price;Status\nA;Cup;5,00;forgalmazott\nB;Mug;6,00;forgalmazott\nC;Jug;7,00;kifutott\n"
    assert [product.is_active for product in read(text).products] == [True, True, False]
    two = text.replace("B;Mug;6,00;forgalmazott", "B;Mug;6,00;qqqqq")
    assert [product.is_active for product in read(two).products][2] is False


@pytest.mark.parametrize(
    "words",
    [
        "90* 6*discontinued 4*recalled",
        "6*discontinued 4*recalled",
        "5*recalled 1* 1*discontinued",
        "3*Q 1*discontinued",
    ],
)
def test_a_rare_unknown_word_beside_words_for_inactive_is_unknown(words: str) -> None:
    cells = [word for part in words.split() for count, word in [part.split("*")] for _ in range(int(count))]
    rows = "".join(f"A-{n};Mug;9,50;{word}\n" for n, word in enumerate(cells))
    reading = read(f"SKU;Name;Price;Status\n{rows}")
    states = {
        (product.is_active, "is_active" in product.fields_set)
        for word, product in zip(cells, reading.products, strict=True)
        if word in ("recalled", "Q")
    }
    assert states == {(False, False)}
