"""Tests rows that contain only the name of a group. The group is the category of the products below the row."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

LISTS = {
    "ru": "Артикул;Номенклатура;Цена;Остаток\n;Чайники;;\nA-1;Чайник;2390;4\n;Посуда;;\nB-2;Сковорода;1590,50;3\n",
    "de": "Art-Nr;Bezeichnung;Preis;Bestand\nKannen;;;\nA-1;Kanne 1,7 l;2390;4\nGeschirr;;;\nB-2;Pfanne;1590,50;3\n",
    "es": "Código;Descripción;Precio;Stock\n;Teteras;;\nA-1;Tetera 1,7 l;2390;4\n;Vajilla;;\nB-2;Sartén;1590,50;3\n",
    "pl": "Kod;Nazwa;Cena;Stan\n;Czajniki;;\nA-1;Czajnik;2390;4\n;Naczynia;;\nB-2;Patelnia;1590,50;3\n",
}


def categories(reading: Reading) -> list[str | None]:
    return [product.category for product in reading.products]


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_group_name_is_the_category_of_the_products_below(text: str) -> None:
    more = "C-3;Deckel;450;12\n"
    reading = read(text + more)
    lines = text.splitlines()
    groups = [lines[at].strip(";") for at in (1, 3)]
    assert categories(reading) == [groups[0], groups[1], groups[1]]
    assert {item.code for item in reading.rejected} == {"no_product"}
    assert all("category" in product.fields_set for product in reading.products)


def test_nested_groups_and_groups_after_the_sample_are_read() -> None:
    text = "Code;Name;Price;Stock\n;Garden;;\n;Tools;;\n" + "".join(f"T-{n};Tool {n};9.90;1\n" for n in range(400))
    reading = read(text + ";Pots;;\nP-1;Pot;5.50;2\n")
    assert set(categories(reading)) == {"Tools", "Pots"}
    assert reading.products[-1].category == "Pots"


@pytest.mark.parametrize(
    "text",
    [
        "Code;Name;Category;Price\n;Kettles;;\nA-1;Kettle;Kitchen;9.90\n;Pots;;\nB-2;Pan;Kitchen;5.50\n",
        "Code;Name;Price;Stock\nA-1;Kettle;9.90;1\n;Prices incl. VAT.;;\nB-2;Pan;5.50;2\n;Thank you!;;\n",
        "Code;Name;Price;Stock\n;Kettles;;\nA-1;Kettle;9.90;1\nB-2;Pan;5.50;2\n",
    ],
)
def test_notes_and_names_in_lists_with_a_category_column_are_not_groups(text: str) -> None:
    assert set(categories(read(text))) <= {None, "Kitchen"}


def test_a_row_with_only_a_sku_or_note_does_not_begin_a_group() -> None:
    text = (
        "Art;Name;Preis;Bestand\n;Kannen;;\nA1;Kanne;10,00;3\n;Tassen;;\nA2;Tasse;4,00;3\nA3;;;\nA4;Becher;5,00;3\n"
        ";Alle Preise inkl. MwSt;;\nA5;Glas;5,00;3\n;Serie 500;;\nA6;Krug;9,00;3\n"
    )
    reading = read(text)
    assert categories(reading) == ["Kannen", "Tassen", "Tassen", "Tassen", "Serie 500"]
    assert [(item.sku, item.code) for item in reading.rejected if item.code != "no_product"] == [("A3", "empty")]


def test_a_single_value_begins_a_group_only_in_the_column_of_group_names() -> None:
    text = "Art;Name;Preis;Bestand\n;Kannen;;\nA1;Kanne;10,00;3\n;Tassen;;\nA2;Tasse;4,00;3\nXYZ;;;\nA4;Becher;5,00;3\n"
    assert categories(read(text)) == ["Kannen", "Tassen", "Tassen"]
