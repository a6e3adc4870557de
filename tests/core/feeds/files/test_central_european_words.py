"""Tests that short Central European files are read as cp1250, and that Western files are not read as cp1250."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("header", "names", "page"),
    [
        ("ISBN;Název;Běžná cena", ("Mlýny na Ohři", "Pečeme s kváskem", "Noční vlak, žlutá řada"), "cp1250"),
        ("Šifra;Naziv;Cijena", ("Ručna torba", "Kožni novčanik", "Dječja ručnik šarena"), "cp1250"),
        ("Šifra;Naziv;Cena", ("Ročna torba", "Žlička za med", "Otroška večbarvna"), "cp1250"),
        ("Réf;Nom;Prix", ("Crème brûlée", "Pièce Škoda arrière", "Vis ø 20 acérée"), "cp1252"),
        ("Codice;Nome;Prezzo", ("Caffè lungo", "Tiramisù", "Più dolce così"), "cp1252"),
        ("Varenr;Navn;Pris", ("Brød rød", "Smør grøn", "Køkkenrulle blå"), "cp1252"),
    ],
)
def test_product_names_are_read_in_the_code_page_of_the_file(header: str, names: tuple[str, ...], page: str) -> None:
    rows = "".join(f"A-{number};{name};1{number},90\n" for number, name in enumerate(names))
    reading = read(f"{header}\n{rows}", encoding=page, mapping={"price": header.split(";")[2]})
    assert [product.name for product in reading.products] == list(names)
