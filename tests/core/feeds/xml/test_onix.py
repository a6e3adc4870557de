"""Tests ONIX for Books: titles, identifiers, retail prices, availability, and the short tags of all elements."""

import re

import pytest

from tests.core.feeds.feed_reading import FEEDS, Reading, read, read_file
from wecelebrate.feeds.xml.onix import SHORT

TEXT = (FEEDS / "onix.xml").read_text("utf-8")


def books(reading: Reading) -> list[tuple[str | None, str | None, str | None, int | None, bool | None]]:
    return [
        (book.sku, book.name, None if book.price is None else f"{book.price} {book.currency}", book.inventory_count,
         book.is_active)
        for book in reading.products
    ]  # fmt: skip


EXPECTED = [
    ("9780000000019", "The Tide Tables: A Novel", "12.00 EUR", 42, True),
    ("9780000000026", "Knots & Splices", "9.99 EUR", 0, True),
    ("9780000000033", "Lighthouses", None, None, False),
    ("9780000000040", None, None, None, False),
]


def test_isbn_title_and_retail_price_of_a_book_are_read() -> None:
    reading = read_file("onix.xml", "EUR")
    assert (reading.details["kind"], reading.feed.questions) == ("ONIX for Books", ())
    assert [book[:3] for book in books(reading)] == [book[:3] for book in EXPECTED]
    assert books(read_file("onix.xml", "GBP"))[0][2] == "14.99 GBP"


def test_the_stock_of_a_supplier_and_the_state_of_a_book_are_read() -> None:
    reading = read_file("onix.xml", "EUR")
    stated = [
        (book.inventory_count if "inventory_count" in book.fields_set else None, book.is_active)
        for book in reading.products
    ]
    assert stated == [book[3:] for book in EXPECTED]


def test_texts_authors_and_cover_are_read_from_the_book_and_not_from_its_series() -> None:
    book = read_file("onix.xml", "EUR").products[0]
    assert (book.category, book.brand, book.description) == ("Fiction", "Harbour", "A town and its sea.")
    assert (book.attributes, list(book.images)) == (
        {"Author": "Ada Quay, Ben Pier"}, ["https://harbour.example/tide.jpg"],
    )  # fmt: skip


def test_net_prices_and_names_of_suppliers_are_private() -> None:
    reading = read_file("onix.xml", "EUR")
    assert "price" not in reading.products[2].fields_set
    shown = [(book.name, book.brand, book.description, book.category, book.attributes) for book in reading.products]
    assert "Secret Trade" not in str(shown)


def test_short_tags_have_the_same_meaning_as_reference_names() -> None:
    short = re.sub(r"(?<=[</])(\w+)(?=[\s>/])", lambda match: SHORT.get(match[1], match[1].lower()), TEXT)
    short = short.replace("<onixmessage", "<ONIXmessage").replace("</onixmessage", "</ONIXmessage")
    assert "<b244>9780000000019</b244>" in short
    assert books(read(short, name="books.xml")) == books(read_file("onix.xml", "EUR"))


@pytest.mark.parametrize(
    ("code", "is_active", "stock"),
    [("20", True, 42), ("23", True, 42), ("31", True, 42), ("10", False, 42), ("46", False, 42), ("99", True, 42)],
)
def test_the_availability_code_determines_whether_a_book_is_active(code: str, is_active: bool, stock: int) -> None:
    text = TEXT.replace("<ProductAvailability>21<", f"<ProductAvailability>{code}<")
    book = read(text, name="books.xml").products[0]
    assert (book.is_active, book.inventory_count) == (is_active, stock)


def test_a_proprietary_number_identifies_a_product_without_an_isbn() -> None:
    text = TEXT.replace(
        "<ProductIDType>15</ProductIDType><IDValue>9780000000019", "<ProductIDType>06</ProductIDType><IDValue>10.1/x"
    )
    assert read(text, name="books.xml").products[0].sku == "HH-001"
