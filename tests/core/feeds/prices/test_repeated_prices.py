"""Tests that two prices of the same product lead to a question if the file does not explain the difference."""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def keys(reading: Reading) -> list[tuple[str, str]]:
    return [(question.key, question.subject) for question in reading.feed.questions]


@pytest.mark.parametrize(
    "header",
    [
        "Cod;Denumire;Preț cu TVA (lei);Stoc",
        "SKU;Name;Price;Stock",
        "Artnr;Bezeichnung;Preis;Bestand",
        "Réf;Nom;Prix;Stock",
    ],
)
def test_two_prices_of_a_product_lead_to_a_question(header: str) -> None:
    reading = read(f"{header}\nM-1;Table;2390,50;4\nS-4;Chair;489,50;22\nM-1;Table;2690,50;1\nD-7;Shelf;315,00;2\n")
    assert keys(reading) == [("price", "money")]
    assert "M-1" in reading.feed.questions[0].text


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("SKU;Name;Price;Stock", "A;Cup;5,00;4", "A;Cup;5,00;1"),
        ("SKU;Name;Price;Color", "A;Cup;5,00;red", "A;Cup;6,00;blue"),
        ("SKU;Name;Price;Updated", "A;Cup;5,00;2026-01-01", "A;Cup;6,00;2026-02-01"),
        ("SKU;Name;Price;Stock", "A;Cup;;4", "A;Cup;6,00;1"), ("SKU;Name;Price;Stock", "A;Cup;5,00;4", "A;Mug;6,00;1"),
    ],
)  # fmt: skip
def test_explained_repetitions_of_a_sku_lead_to_no_question(header: str, first: str, second: str) -> None:
    assert ("price", "money") not in keys(read(f"{header}\n{first}\nB;Jug;9,00;7\n{second}\n"))


def test_a_mapped_price_column_leads_to_no_question() -> None:
    text = "SKU;Name;Price\nA;Cup;5,00\nB;Jug;9,00\nA;Cup;6,00\n"
    assert keys(read(text, mapping={"price": "Price"})) == []


def test_rows_that_end_before_the_price_lead_to_no_question() -> None:
    assert keys(read("SKU;Name;Stock;Price\nA;Cup;1\nB;Jug;9;9,00\nA;Cup;1\n")) == []
