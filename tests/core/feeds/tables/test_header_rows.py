"""Tests headers of two rows, for example the groups EK and VK above the names Netto and Brutto."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.tables.headers import join_header_rows

NAMES = ["Nr", "Text", "EK Netto", "EK Brutto", "VK Netto", "VK Brutto", "Lager"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("Artikelnr;Bezeichnung;EK;;VK;;Lager\n;;Netto;Brutto;Netto;Brutto;\nA;x;1,00;1,19;2,00;2,38;5\n", "2.38 EUR"),
        (";;Einkauf;;Verkauf;;\nSKU;Name;Netto;Brutto;Netto;Brutto;Lager\nA;x;1,00;1,19;2,00;2,38;5\n", "2.38 EUR"),
        ("SKU;Name;Cost;;Retail;;Qty\n;;ex VAT;inc VAT;ex VAT;inc VAT;\nA;x;1.00;1.20;2.00;2.40;5\n", "2.40 EUR"),
        ("SKU;Name;Price;;;Stock\n;;USD;EUR;GBP;\nA;x;1.00;2.40;2.00;5\n", "2.40 EUR"),
        (
            "Liste;;EK;;VK;;Lager\nArtikel;Text;Netto;Brutto;Netto;Brutto;Stück\nA-1;x;1,00;1,19;2,00;2,38;5\n",
            "2.38 EUR",
        ),
    ],
)
def test_prices_with_equal_names_in_different_groups_are_distinguished(text: str, price: str) -> None:
    reading = read(text)
    assert (f"{reading.product.price} {reading.product.currency}", reading.feed.questions) == (price, ())
    assert reading.product.attributes == {}


@pytest.mark.parametrize(
    ("rows", "last"),
    [
        ([["Nr", "Text", "EK", "", "VK", "", "Lager"], ["", "", "Netto", "Brutto", "Netto", "Brutto", ""]], 1),
        ([["Nr", "Text", "EK", "", "VK", "", "Lager"], ["", "", "Netto", "Brutto", "Netto", "Brutto"]], 1),
    ],
)
def test_the_names_in_the_two_rows_of_a_header_are_joined(rows: list[list[str]], last: int) -> None:
    assert join_header_rows(rows, 0) == (last, NAMES)


@pytest.mark.parametrize(
    "rows",
    [
        [["SKU", "Name", "Price", ""], ["", "Mug", "2.00", "note"]],
        [["SKU", "Name", "Price", ""], ["", "", "", ""]],
        [["SKU", "Name", "Price"], ["", "Mug", "on request"]],
        [["SKU", "Name", "Price", "Price"], ["A", "Mug", "2.00", "3.00"]],
        [["SKU", "Name", "", ""], ["A", "Mug", "x", "x"]],
    ],
)
def test_a_data_row_is_not_part_of_the_header(rows: list[list[str]]) -> None:
    assert join_header_rows(rows, 0) == (0, rows[0])


def test_a_title_above_repeated_names_is_not_a_group() -> None:
    rows = [["Preisliste", "", "Stand 2026", ""], ["SKU", "Name", "Preis", "Preis"], ["A", "x", "1,00", "2,00"]]
    assert join_header_rows(rows, 1) == (1, rows[1])


@pytest.mark.parametrize("title", ["Preis bei Abnahme ab Stück", "Price from qty", "Prix"])
def test_numbers_below_a_price_name_are_minimum_quantities(title: str) -> None:
    rows = [
        ["Nr.", "Bezeichnung", title, "", "", "Farbe"],
        ["", "", "1", "50", "250", ""],
        ["A-1", "Stift", "0,89", "0,69", "0,55", "rot"],
        ["A-2", "Tasche", "2,49", "1,95", "1,60", "blau"],
    ]
    reading = read("\n".join(";".join(row) for row in rows))
    assert [str(product.price) for product in reading.products] == ["0.89", "2.49"]
    assert (reading.rejected, reading.feed.questions) == ([], ())


def test_minimum_quantities_above_1_lead_to_a_question() -> None:
    reading = read("Nr.;Bezeichnung;Preis;;Farbe\n;;50;250;\nA-1;Stift;0,69;0,55;rot\nA-2;Tasche;1,95;1,60;blau\n")
    assert [question.key for question in reading.feed.questions] == ["price"]
