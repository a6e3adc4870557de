"""Tests prices that are found by comparing columns: purchase and sale prices, pack and measure prices, quantity
prices.
"""

from time import process_time

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES


def prices(reading: Reading) -> list[str]:
    return [f"{product.price}" for product in reading.products]


@pytest.mark.parametrize(
    "header",
    [
        "Art-Nr;Bezeichnung;EP;VP", "Réf;Désignation;PA;PV", "Kód;Název;NC;PC", "Code;Nombre;PC;PV",
        "Artikel;Omschrijving;IP;VP",
        "Indeks;Nazwa;CZ;CS",
    ],
)  # fmt: skip
def test_the_higher_of_a_pair_of_prices_is_the_selling_price(header: str) -> None:
    reading = read(f"{header}\nA;Cup;18,40;39,00\nB;Mug;31,15;64,50\n")
    assert prices(reading) == ["39.00", "64.50"]
    assert not reading.feed.questions
    assert not any("18,40" in str(product.attributes) for product in reading.products)


def test_a_pair_of_prices_leads_to_a_question_if_the_higher_column_varies() -> None:
    (question,) = read("Art-Nr;Bezeichnung;EP;VP\nA;Cup;18,40;9,00\nB;Mug;31,15;64,50\n").feed.questions
    assert (question.key, question.subject) == ("price", "money")


@pytest.mark.parametrize(
    "header",
    [
        "Code;Product;Price per kg;Pack price", "Nr;Bezeichnung;Preis pro kg;Packungspreis",
        "Réf;Désignation;Prix au kg;Prix du sachet TTC", "Ref;Nombre;Precio por kg;Precio bolsa",
        "Code;Product;Price per kg;Jar price (incl VAT)",
    ],
)  # fmt: skip
def test_the_price_of_a_pack_is_the_selling_price_beside_a_measure_price(header: str) -> None:
    reading = read(f"{header}\nA;Biltong;499,00;49,90\nB;Wors;459,00;229,50\n")
    assert prices(reading) == ["49.90", "229.50"]
    assert not reading.feed.questions


def test_the_price_of_a_pack_leads_to_a_question_without_a_measure_price() -> None:
    assert read("Code;Product;Pack price\nA;Biltong;49,90\nB;Wors;229,50\n").feed.questions


def breaks(attribute: str, second: int, price: str = "8.90") -> Reading:
    rows = "".join(
        f'<i><sku>A{number}</sku><name>Cup</name><cena {attribute}="1">9.90</cena>'
        f'<cena {attribute}="{second + number}">{price}</cena></i>'
        for number in range(3)
    )
    return read(f"<p>{rows}</p>", "feed.xml")


@pytest.mark.parametrize("attribute", ["vanaf", "pri", "od"])
def test_the_quantities_of_quantity_prices_are_recognised_by_their_values(attribute: str) -> None:
    reading = breaks(attribute, 10)
    assert prices(reading) == ["9.90"] * 3
    assert not reading.feed.questions


@pytest.mark.parametrize(("second", "price"), [(2, "8.90"), (10, "12.90")], ids=["numbers of lists", "higher prices"])
def test_numbered_prices_that_are_not_quantity_prices_lead_to_a_question(second: int, price: str) -> None:
    assert breaks("pri", second, price).feed.questions


def test_many_purchase_and_sale_price_columns_are_compared_quickly() -> None:
    names = [f"{code} {tax}" for code in NAMED_CURRENCIES for tax in ("", "netto")][:90]
    header = ";".join(["SKU", "Name", *(f"EP {name}" for name in names), *(f"VP {name}" for name in names)])
    rows = "".join(f"A{at};Cup;{';'.join(['5,10'] * len(names) + ['9,90'] * len(names))}\n" for at in range(300))
    begun = process_time()
    read(f"{header}\n{rows}")
    assert process_time() - begun < 8
