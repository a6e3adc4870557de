"""Tests price column names with abbreviated words, and with tax rates in several languages."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.prices.candidates import name_of_price


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Cena det. brutto", "gross"), ("Mažm. kaina su PVM", "gross"), ("Prod. cena s DPH", "gross"),
        ("Prezzo vend.", "plain"), ("Preț vânz.", "plain"), ("Fogy. ár", "plain"),
        ("Nák. cena", "purchase"), ("Didm. kaina", "purchase"), ("Jälleenm. hinta", "purchase"),
    ],
)  # fmt: skip
def test_an_abbreviated_word_in_a_price_name_is_recognised(name: str, kind: str) -> None:
    price = name_of_price(name)
    assert price is not None and price.kind == kind


@pytest.mark.parametrize("name", ["prices.0.amount", "price.unit", "Cena xyz.", "Art. Nr.", "P.", "Prod. kód"])
def test_paths_and_unknown_abbreviations_are_not_prices(name: str) -> None:
    price = name_of_price(name)
    assert price is None or name.startswith("price")


@pytest.mark.parametrize(
    ("header", "price"),
    [
        ("Hind KM-ta;Hind KM-ga 24%", "12.40"),
        ("Hinta alv 0;Hinta sis. alv 25,5 %", "12.40"),
        ("Cijena bez PDV-a;Cijena s PDV-om 25 %", "12.40"),
    ],
)
def test_a_price_column_with_a_tax_rate_in_its_name_is_recognised(header: str, price: str) -> None:
    reading = read(f"SKU;Nimi;{header}\nA;Cup;10,00;12,40\nB;Mug;20,00;24,80\nC;Jug;5,00;6,20\n")
    assert (str(reading.products[0].price), reading.feed.questions) == (price, ())


@pytest.mark.parametrize(
    "name", ["Preis pro Stück inkl. MwSt", "Preis pro Flasche inkl. MwSt", "Preis je Stück inkl. USt"]
)
def test_a_word_is_not_divided_into_letters(name: str) -> None:
    price = name_of_price(name)
    assert price is not None and price.kind == "gross"


def test_a_column_of_percentages_is_not_a_price() -> None:
    text = "SKU;Nazwa;VAT;Cena zakupu\nA;Kubek;23%;10,00\nB;Talerz;8%;20,00\nC;Miska;23%;5,00\n"
    reading = read(text)
    assert all(product.price is None for product in reading.products) and len(reading.products) == 3
