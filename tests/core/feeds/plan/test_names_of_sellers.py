"""Tests column names that sellers use: bottle prices, price books, and product names and states of old systems."""

import json

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("single", "package"),
    [("PVP botella", "PVP caja (6 bot.)"), ("Prix bouteille", "Prix caisse (12)"),
     ("Preis Flasche", "Preis 6er-Karton"), ("Prezzo bottiglia", "Prezzo cartone (6)")],
)  # fmt: skip
def test_the_price_of_a_bottle_is_preferred_to_the_price_of_a_package(single: str, package: str) -> None:
    reading = read(f"SKU;Name;{single};{package};Stock\nW-1;Red;7,80;45,00;60\nW-2;White;6,95;40,00;36\n")
    assert [str(product.price) for product in reading.products] == ["7.80", "6.95"]
    assert not reading.feed.questions


@pytest.mark.parametrize("currency", ["NOK", "GBP", "EUR"])
def test_a_price_book_has_a_price_for_each_currency(currency: str) -> None:
    prices = {"NOK": 1290.5, "GBP": 95.5, "EUR": 109.5}
    record = {"sku": "K-1", "name": "Kayak", "priceBooks": {"retail": prices, "dealer": {"EUR": 61.2, "GBP": 55.1}}}
    reading = read(json.dumps([record, {**record, "sku": "K-2"}]), "feed.json", currency=currency)
    assert [(float(one.price or 0), one.currency) for one in reading.products] == [(prices[currency], currency)] * 2
    assert not reading.feed.questions
    assert not any("61.2" in text for product in reading.products for text in product.attributes.values())


def test_a_column_named_book_value_is_not_a_price() -> None:
    reading = read("SKU;Name;Book value;Stock\nA-1;Desk;41.20;3\nA-2;Lamp;12.80;9\n")
    assert [product.price for product in reading.products] == [None, None]


@pytest.mark.parametrize(("state", "is_active"), [("Oui", False), ("Non", True)])
def test_a_dormant_article_of_sage_is_inactive(state: str, is_active: bool) -> None:
    reading = read(f"Réf.;Désignation;PV TTC;Qté dispo;Sommeil\n0077;Marteau;12,90;4;{state}\n0078;Scie;9,90;2;Non\n")
    assert reading.products[0].is_active is is_active


@pytest.mark.parametrize("name", ["BEZ1", "Bez", "Bezeichnung 1"])
def test_short_column_names_of_german_systems_can_mean_the_product_name(name: str) -> None:
    assert read(f"ARTNR;{name};VKBRUTTO;BESTAND\n4711;Mühle;64,90;8\n").product.name == "Mühle"


@pytest.mark.parametrize(
    ("cell", "count"), [("1,200 Mtr", 1200), ("35 rolls", 35), ("12 coils", 12), ("8 bags", 8), ("140 Nos", 140)]
)
def test_a_stock_can_have_any_usual_unit(cell: str, count: int) -> None:
    text = f'SKU,Name,Price,Closing Stock\nC-1,Cable,24.50,"{cell}"\nC-2,Wire,14.50,3 Nos\n'
    assert read(text, currency="INR").products[0].inventory_count == count
