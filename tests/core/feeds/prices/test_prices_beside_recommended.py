"""Tests which price is used beside recommended and purchase prices. An abbreviation, a word or a question decides."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

ROWS = "A-1;Tent green;61,50;159,00;139,00\nA-2;Bag;155,00;349,00;299,00\nA-3;Lamp red;22,00;59,00;49,00\n"


def prices(reading: Reading) -> list[str]:
    return [f"{product.price}" for product in reading.products]


@pytest.mark.parametrize(
    "header",
    [
        "Art;Bezeichnung;EP;UVP;VP", "Art.-Nr.;Bezeichnung;EP (CHF);UVP (CHF);VP (CHF)",
        "Art-Nr.;Bezeichnung;EP CHF exkl. MWST;UVP CHF;VP CHF inkl. MWST", "Art-Nr.;Bezeichnung;E.P.;UVP;V.P.",
        "Réf;Désignation;PA;Prix conseillé;PV", "Réf;Désignation;PA HT;Prix conseillé;PV TTC",
        "Codice;Descrizione;PA EUR;Listino;PV EUR", "Code;Item;CP;RRP;SP", "Kod;Nazwa;CZ;Cena katalogowa;CS",
        "Artikel;Omschrijving;IP;Adviesprijs;VP", "Varenr;Varenavn;KP;Vejl. pris;SP", "Art.;Artikel;EP;UVP;AP",
        "Код;Назва;Закуп;РРЦ;Роздріб", "Šifra;Naziv;Nabavna;Preporučena;Prodajna", "Ref;Nombre;PVD;PVPR;PVP",
        "Artnr;Benämning;Inköp;Rek. pris;Utpris", "Cod;Produto;PC;Preço sugerido;PV",
    ],
)  # fmt: skip
def test_the_selling_price_is_used_beside_a_recommended_price(header: str) -> None:
    reading = read(f"{header}\n{ROWS}", currency="CHF" if "CHF" in header else "EUR")
    assert (prices(reading), reading.feed.questions) == (["139.00", "299.00", "49.00"], ())
    assert not any("61,50" in str(product.attributes) for product in reading.products)


@pytest.mark.parametrize(
    ("header", "sold", "purchase"),
    [
        ("PLU;Cake;Baker;RRP;Counter", "Counter", "Baker"),
        ("Cikkszám;Megnevezés;Beszer;Ajánlott ár;Eladási", "Eladási", "Beszer"),
        ("Kodas;Pavadinimas;Pirk.;Rek. kaina;Pard.", "Pard.", "Pirk."),
        ("Art;Bezeichnung;X1;UVP;X2", "X2", "X1"),
    ],
)
def test_unknown_columns_below_a_recommended_price_are_choices(header: str, sold: str, purchase: str) -> None:
    (question,) = read(f"{header}\n{ROWS}").feed.questions
    texts = {choice.value: choice.label for choice in question.choices}
    assert question.key == "price"
    assert list(texts)[1:] == [sold, purchase]
    assert "can be a purchase price" in texts[purchase]
    assert "can be a purchase price" not in texts[sold]
    assert prices(read(f"{header}\n{ROWS}", mapping={"price": sold})) == ["139.00", "299.00", "49.00"]


@pytest.mark.parametrize(
    "header", ["Art;Bezeichnung;UVP;VP", "Artikel;Naam;Adviesprijs;VP", "Art;Bezeichnung;UVP;AP (EUR)"]
)
def test_an_ambiguous_abbreviation_is_a_choice_beside_a_recommended_price(header: str) -> None:
    reading = read(f"{header}\nA;Tent;159,00;139,00\nB;Bag;349,00;299,00\nC;Lamp;59,00;49,00\n")
    (question,) = reading.feed.questions
    column = header.rpartition(";")[2]
    assert [choice.value for choice in question.choices][1:] == [column]
    assert "(a purchase price)" not in question.choices[1].label


@pytest.mark.parametrize("header", ["Code;Name;MRP;PTR;PTS", "Code;Product;MRP;PTS;Price to retailer"])
def test_the_prices_for_retailers_and_stockists_are_purchase_prices(header: str) -> None:
    reading = read(f"{header}\nA;Syrup;120.00;98.40;90.10\nB;Balm;60.00;48.20;44.30\nC;Oil;99.00;80.10;75.05\n")
    assert (prices(reading), reading.feed.questions) == (["120.00", "60.00", "99.00"], ())
    assert not any("98.40" in str(product.attributes) for product in reading.products)


@pytest.mark.parametrize("header", ["Code;Name;RRP;Stock", "Art;Bezeichnung;UVP;Bestand", "Kod;Nazwa;SRP;Stan"])
def test_a_recommended_price_beside_quantities_is_used_without_a_question(header: str) -> None:
    reading = read(f"{header}\nA;Tent;159,00;12\nB;Bag;349,00;3\nC;Lamp;59,00;40\n")
    assert (prices(reading), reading.feed.questions) == (["159.00", "349.00", "59.00"], ())
