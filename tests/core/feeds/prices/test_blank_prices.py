"""Tests lists whose price column is blank in all rows."""

import pytest

from tests.core.feeds.feed_reading import read

FORMS = {
    "en": "Our item no.;Description;Your price (EUR);MOQ\nQ-1;Cotton napkin;;\nQ-2;Apron;;\n",
    "de": "Artikelnr.;Bezeichnung;Ihr Preis netto;Bemerkung\nQ-1;Serviette;;\nQ-2;Schürze;;\n",
    "fr": "Référence;Désignation;Prix proposé;Délai\nQ-1;Serviette;;\nQ-2;Tablier;;\n",
    "es": "Código;Nombre;Precio;Plazo\nQ-1;Servilleta;;\nQ-2;Delantal;;\n",
    "pl": "Kod;Nazwa;Cena;Uwagi\nQ-1;Serwetka;;\nQ-2;Fartuch;;\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_list_whose_prices_are_all_blank_causes_a_question(text: str) -> None:
    (question,) = read(text).feed.questions
    assert (question.key, question.subject) == ("price", "money")
    column = question.choices[1].value
    assert column in text.split("\n", maxsplit=1)[0]
    assert not read(text, mapping={"price": column}).feed.questions
    assert not read(text, mapping={"price": None}).feed.questions


@pytest.mark.parametrize(
    "text",
    ["SKU;Name;Price;Stock\nA;Cup;;4\nB;Mug;;0\n", "SKU;Name;Price;Status\nA;Cup;;active\nB;Mug;;inactive\n",
     "SKU;Name;Price\nA;Cup;1,50\nB;Mug;\n", "SKU;Name\nA;Cup\nB;Mug\n",
     "SKU;Name;Price;Cost price\nA;Cup;2;\nB;Mug;3;\n"],
)  # fmt: skip
def test_stocks_states_or_prices_prevent_the_question_about_blank_prices(text: str) -> None:
    assert not read(text).feed.questions


@pytest.mark.parametrize("name", ["Description", "Descripción", "Beschreibung", "Описание", "Opis"])
def test_the_only_text_column_is_the_product_name_even_without_a_chosen_price(name: str) -> None:
    several = read(f"Code;{name};Price A;Price B;Stock\nA;Vase blue;4.20;3.50;8\nB;Vase red;2.80;2.30;1\n")
    blank = read(f"Code;{name};Your price;MOQ\nA;Vase blue;;\nB;Vase red;;\n")
    for reading in (several, blank):
        assert [product.name for product in reading.products] == ["Vase blue", "Vase red"]


def test_a_file_with_only_descriptions_does_not_change_the_names() -> None:
    assert [product.name for product in read("SKU;Description\nA;A blue vase.\nB;A red vase.\n").products] == [None] * 2


@pytest.mark.parametrize("name", ["Price note", "Preis gültig ab", "År", "Area", "Preisgruppe", "Price date"])
def test_a_blank_column_that_is_no_price_causes_no_question(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA1;Cup;\nA2;Mug;\nA3;Jug;\n")
    assert not reading.feed.questions
    assert [one.sku for one in reading.products] == ["A1", "A2", "A3"]


def test_a_list_without_a_product_causes_no_question_about_its_prices() -> None:
    assert not read("Codice;Descrizione;Prezzo\nTotale articoli: 0;;\nListino valido dal 2026;;\n").feed.questions
