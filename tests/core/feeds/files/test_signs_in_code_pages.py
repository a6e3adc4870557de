"""Tests code pages that can be distinguished only by quotation marks or currency signs."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "SKU;Titel;Preis\nB-1;„Heimat“ – ein Atlas für Entdecker;12,00\nB-2;Der Wald;9,00\n",
            "„Heimat“ – ein Atlas für Entdecker",
        ),
        ("SKU;Titel;Preis\nB-1;Das „Grüne“ Buch;12,00\nB-2;Der Wald;9,00\n", "Das „Grüne“ Buch"),
        ("SKU;Titre;Prix\nB-1;La «Belle» forêt;12,00\nB-2;Le bois;9,00\n", "La «Belle» forêt"),
    ],
)
def test_quotation_marks_beside_words_indicate_a_windows_code_page(text: str, name: str) -> None:
    assert read(text, encoding="cp1252").products[0].name == name


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("Kód;Název;Cena s DPH;Skladem\nH-1;Robot na baterie;1 490 Kč;3\nH-2;Panenka;399 Kč;4\n", "1490.00 CZK"),
        ("Kod;Nazwa;Cena;Stan\nH-1;Robot;149,90 zł;3\nH-2;Lalka;39,90 zł;4\n", "149.90 PLN"),
        ("SKU;Name;Price;Stock\nH-1;Robot;1490 Kč;3\nH-2;Doll;399 Kč;4\n", "1490.00 CZK"),
    ],
)
def test_a_currency_symbol_indicates_the_central_european_code_page(text: str, price: str) -> None:
    product = read(text, encoding="cp1250").products[0]
    assert f"{product.price} {product.currency}" == price


def test_letters_in_dos_code_pages_are_read() -> None:
    assert read("SKU;Name;Preis\nD-1;Käse für Mäuse;3,50\n", encoding="cp850").product.name == "Käse für Mäuse"
