"""Tests that the semicolon at the end of an HTML entity does not divide a cell."""

from tests.core.feeds.feed_reading import read

HEADER = "SKU;Name;Beschreibung;Preis\n"


def test_a_cell_that_was_divided_after_an_entity_is_joined_again() -> None:
    reading = read(f"{HEADER}A-1;Tasse;<p>rot &amp; rund &#252;ber</p>;9,90\nA-2;Topf;blau;8,90\n")
    assert [(product.name, str(product.price)) for product in reading.products] == [("Tasse", "9.90"), ("Topf", "8.90")]
    assert "rot" in (reading.products[0].description or "")


def test_an_entity_at_the_end_of_a_cell_needs_no_repair() -> None:
    products = read(f"{HEADER}A-1;Tasse;R&D;9,90\nA-2;Topf;M&amp;8,90\n").products
    assert [str(product.price) for product in products] == ["9.90", "8.90"]


def test_a_row_is_rejected_if_its_additional_cells_do_not_come_from_an_entity() -> None:
    assert read(f"{HEADER}A-1;Tasse;rot; rund;9,90\nA-2;Topf;blau;8,90\n").rejection.code == "too_many_cells"
