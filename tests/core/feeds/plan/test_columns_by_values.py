"""Tests that the columns of the product name, stock and state are recognised by their values if their names are
unknown.
"""

import pytest

from tests.core.feeds.feed_reading import read


def test_the_only_text_column_is_the_name_and_the_only_integer_column_the_stock() -> None:
    text = "SKU;Qwx;Price;Zzq\nA1;Rote Tasse;4,50;12\nA2;Blaue Schale;9,90;0\nA3;Krug;19,00;3\n"
    products = read(text).products
    assert [product.name for product in products] == ["Rote Tasse", "Blaue Schale", "Krug"]
    assert [product.inventory_count for product in products] == [12, 0, 3]


@pytest.mark.parametrize(
    "texts",
    [
        ("J. Smith", "A. Miller", "B. Jones"), ("a@example.org", "b@example.org", "c@example.org"),
        ("Rote Tasse", "Rote Tasse", "Krug"), ("call 0401234567", "Bowl", "Jug"),
    ],
)  # fmt: skip
def test_repeated_texts_and_contact_data_are_not_product_names(texts: tuple[str, ...]) -> None:
    rows = "".join(f"A{number};{text};4,50\n" for number, text in enumerate(texts))
    assert all(product.name is None for product in read(f"SKU;Qwx;Price\n{rows}").products)


@pytest.mark.parametrize("name", ["Lieferant", "Supplier", "Notes", "Notiz", "Margin remark"])
def test_a_private_column_is_never_the_product_name(name: str) -> None:
    rows = "A1;Rote Tasse;4,50\nA2;Blaue Schale;9,90\nA3;Krug;19,00\n"
    assert all(product.name is None for product in read(f"SKU;{name};Price\n{rows}").products)


@pytest.mark.parametrize("name", ["Min qqq", "Bestellt", "Reserved", "Qqq %"])
def test_a_column_of_ordered_or_reserved_pieces_is_not_the_stock(name: str) -> None:
    rows = "A1;Rote Tasse;4,50;12\nA2;Blaue Schale;9,90;0\nA3;Krug;19,00;3\n"
    assert all(product.inventory_count is None for product in read(f"SKU;Name;Price;{name}\n{rows}").products)


def test_the_stock_is_unknown_if_two_unknown_columns_contain_integers() -> None:
    text = "SKU;Name;Price;Zzq;Wwq\nA1;Tasse;4,50;12;3\nA2;Schale;9,90;0;4\nA3;Krug;19,00;3;0\n"
    assert all(product.inventory_count is None for product in read(text).products)


def test_abbreviated_column_names_are_recognised_if_the_values_fit() -> None:
    text = "Cod;Descrizione;Prezzo;Giac.;Sosp.\nB1;Borsa;58,00;6;N\nB2;Cintura;11,00;24;N\nB3;Sciarpa;9,00;0;S\n"
    products = read(text).products
    assert [(product.inventory_count, product.is_active) for product in products] == [(6, True), (24, True), (0, False)]


def test_the_letter_n_means_no_if_the_column_contains_only_one_other_letter() -> None:
    text = "SKU;Name;Price;Aktiven\nA1;Tasse;4,50;D\nA2;Schale;9,90;D\nA3;Krug;19,00;N\n"
    assert [product.is_active for product in read(text).products] == [True, True, False]


def test_html_descriptions_are_not_names_if_the_file_has_a_name_column() -> None:
    rows = ("J1|Jabłoń|45,00|<p>Stara</p>", "G2|Grusza|49,00|<p>Nowa</p>", "P3|Porzeczka|19,90|", "")
    text = "\n".join(("Indeks|Nazwa rośliny|Cena|Opis", *rows))
    assert [product.name for product in read(text, currency="PLN").products] == ["Jabłoń", "Grusza", "Porzeczka"]


def test_a_column_named_retail_or_storeroom_is_recognised_by_its_values() -> None:
    text = (
        "Cikk;Név;Beszerzés;Nagyker nettó;Kisker bruttó;Raktár;Foglalt\nSZ1;Szappan;420;690;1290;55;5\n"
        "SZ2;Kecsketej;460;740;1390;0;0\nSZ3;Doboz;1200;1900;3490;9;2\n"
    )
    products = read(text, currency="HUF").products
    assert [(int(product.price or 0), product.inventory_count) for product in products] == [
        (1290, 50), (1390, 0), (3490, 7),
    ]  # fmt: skip
    other = read(text.replace("Beszerzés", "Qqq").replace("Nagyker nettó", "Www"), currency="HUF")
    assert all(product.price is None for product in other.products)
