"""Tests that the language of the header determines the code page of a Windows file."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("encoding", "header", "name"),
    [
        ("cp1257", "Kodas;Pavadinimas;Kaina su PVM;Likutis", "Stabdžių diskas"),
        ("cp1257", "Kodas;Pavadinimas;Kaina su PVM;Likutis", "Žvakė NGK"),
        ("cp1257", "Artikuls;Nosaukums;Cena ar PVN;Atlikums", "Krūze zaļa"),
        ("cp1252", "Númer;Titill;Verð;Birgðir", "Aðventa"),
        ("cp1252", "Varenr;Varenavn;Utsalgspris;Beholdning", "Brødkniv blå"),
        ("cp1250", "Šifra;Naziv artikla;Cijena;Zaliha", "Žabica čelična"),
        ("cp1250", "Kód tovaru;Názov tovaru;Cena;Skladová zásoba", "Lyžička"),
        ("cp1250", "Nr katalogowy;Nazwa artykułu;Cena brutto;Stan mag.", "Łyżka"),
        ("cp1254", "Stok Kodu;Ürün Adı;Satış Fiyatı;Stok Miktarı", "Kırmızı şapka"),
    ],
)  # fmt: skip
def test_the_language_of_the_header_determines_the_code_page(encoding: str, header: str, name: str) -> None:
    reading = read(f"{header}\nA-1;{name};12,50;3\n", encoding=encoding)
    assert [product.name for product in reading.products] == [name]


def test_digits_of_non_latin_scripts_are_read_as_numbers() -> None:
    reading = read("SKU;Name;Price;Stock\nA-1;Sari;১,২৫,০০০.৫০;৬\nB-1;Mug;१२५.५०;१२\nC-1;Cup;១២.៥០;៤០\n")
    assert [(str(product.price), product.inventory_count) for product in reading.products] == [
        ("125000.50", 6), ("125.50", 12), ("12.50", 40),
    ]  # fmt: skip
