"""Tests which of several price columns is used if their names are unknown or if some prices are only for some
customers.
"""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header", ["Preis netto;Xyz", "Prix HT;Tarif magasin A", "Hind KM-ta;Summa abc", "Nettó ár;Qwert"]
)
def test_unnamed_amounts_that_equal_the_net_price_plus_tax_are_the_price(header: str) -> None:
    rows = "A;Cup;10,00;12,10\nB;Mug;20,00;24,20\nC;Jug;5,00;6,05\n"
    reading = read(f"SKU;Name;{header}\n{rows}")
    assert [str(product.price) for product in reading.products] == ["12.10", "24.20", "6.05"]


def test_unnamed_amounts_that_fit_no_tax_rate_are_not_the_price() -> None:
    reading = read("SKU;Name;Preis netto;Xyz\nA;Cup;10,00;12,10\nB;Mug;20,00;29,20\nC;Jug;5,00;6,05\n")
    assert str(reading.products[0].price) == "10.00"


@pytest.mark.parametrize("header", ["Liste;Aktion;von;bis", "Abc;Oferta;desde;hasta", "Xyz;Promo;od;do"])
def test_unnamed_amounts_above_dated_offers_are_the_regular_price(header: str) -> None:
    rows = "A;Cup;12,90;9,90;01.11.2026;31.12.2099\nB;Mug;14,90;;;\nC;Jug;20,50;;;\n"
    reading = read(f"SKU;Name;{header}\n{rows}")
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.50"]
    assert [len(product.offers or ()) for product in reading.products] == [1, 0, 0]


@pytest.mark.parametrize(
    "header",
    ["Vår pris;Medlemspris", "售價;會員價", "Prix TTC;Prix club", "Preis;Mitgliederpreis", "Hinta;Jäsenhinta",
     "Price;Loyalty price", "Цена;Клубная цена"],
)  # fmt: skip
def test_a_price_for_members_is_not_the_price(header: str) -> None:
    reading = read(f"SKU;Name;{header}\nA;Cup;10,00;9,00\nB;Mug;20,00;18,00\nC;Jug;30,00;27,00\n")
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (
        ["10.00", "20.00", "30.00"], (),
    )  # fmt: skip


@pytest.mark.parametrize(
    "header", ["Preço De;Preço Por", "Precio antes;Precio ahora", "Prix avant;Prix maintenant", "Цена было;Цена стало"]
)
def test_the_current_price_is_used_if_the_previous_price_is_higher(header: str) -> None:
    reading = read(f"SKU;Name;{header}\nA;Cup;12,90;9,90\nB;Mug;14,90;14,90\nC;Jug;20,00;18,00\n")
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (
        ["9.90", "14.90", "18.00"], (),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Ab-Hof inkl. USt.", "Kiosk incl. VAT", "Boutique TVA incluse"])
def test_the_column_whose_name_mentions_included_tax_is_the_price(name: str) -> None:
    reading = read(f"SKU;Name;{name};Stock\nA;Cup;12,90;4\nB;Mug;14,90;0\nC;Jug;20,50;7\n")
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.50"]


@pytest.mark.parametrize(
    "name", ["Precio sin impuestos nacionales", "Preis ohne MwSt Vergleich", "Price excl VAT notice"]
)
def test_the_price_with_tax_is_used_without_a_question_beside_a_price_without_tax(name: str) -> None:
    reading = read(f"SKU;Name;Precio final;{name}\nA;Cup;12,10;10,00\nB;Mug;24,20;20,00\nC;Jug;6,05;5,00\n")
    assert (str(reading.products[0].price), reading.feed.questions) == ("12.10", ())


@pytest.mark.parametrize(
    "note",
    [
        "Hinweis: Preise teils mit, teils ohne MwSt., bitte fragen", "Atenção: alguns preços ainda estão sem IVA",
        "Note: some prices are still without VAT", "Attention : certains prix sont encore HT",
    ],
)  # fmt: skip
def test_a_note_about_the_tax_of_some_prices_leads_to_a_question(note: str) -> None:
    reading = read(f"{note};;;\nSKU;Name;Preis;Menge\nA;Cup;12,90;4\nB;Mug;14,90;2\n")
    assert [question.key for question in reading.feed.questions] == ["price"]
