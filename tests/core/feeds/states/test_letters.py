"""Tests states that are single letters."""

import pytest

from tests.core.feeds.feed_reading import read


def states(*letters: str) -> list[tuple[bool, bool]]:
    """Return whether each product is active, and whether its row states this."""
    rows = "".join(f"A-{n};Mug;9,50;{letter}\n" for n, letter in enumerate(letters))
    return [
        (product.is_active, "is_active" in product.fields_set)
        for product in read(f"SKU;Name;Price;Status\n{rows}").products
    ]


@pytest.mark.parametrize("letters", ["AAI", "aai", "AAD", "AAN"])
def test_the_letter_a_means_active_and_the_other_letter_means_inactive(letters: str) -> None:
    assert states(*letters) == [(True, True), (True, True), (False, True)]


def test_other_letters_in_a_column_with_the_letter_a_are_unknown() -> None:
    assert states("A", "Q") == [(True, True), (False, False)]


def test_letters_for_yes_and_no_keep_their_meaning() -> None:
    assert states("J", "N") == [(True, True), (False, True)]
    assert states("i", "n") == [(True, True), (False, True)]


def test_the_only_unknown_word_beside_words_for_inactive_means_active() -> None:
    text = "SKU;Name;Price;Status\nA;Cup;5,00;forgalmazott\nB;Mug;6,00;forgalmazott\nC;Jug;7,00;kifutott\n"
    assert [product.is_active for product in read(text).products] == [True, True, False]
    two = text.replace("B;Mug;6,00;forgalmazott", "B;Mug;6,00;qqqqq")
    assert [product.is_active for product in read(two).products][2] is False
