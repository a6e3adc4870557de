"""Tests the column names of stocks: available stocks, names of several words, and one column for each place."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.stock.names import stock_rank

ROWS = "A-1;Rug;12,90;30;26\nB-1;Mat;9,90;0;0\nC-1;Mop;5,90;7;4\n"


@pytest.mark.parametrize(
    ("total", "free"),
    [
        ("On Hand", "Available"), ("Voorraad", "Vrije voorraad"), ("Bestand", "Frei verfügbar"),
        ("Stock on hand", "Available to sell"), ("Stock", "Free stock"), ("Lagerbestand", "Verfügbarer Bestand"),
        ("Saldo", "Disponibelt saldo"), ("Stan magazynowy", "Ilość dostępna"), ("Stock", "Stock disponible"),
        ("現在庫", "引当可能数"), ("库存", "可用库存"), ("Total stock", "Unrestricted-use stock"),
    ],
)  # fmt: skip
def test_the_stock_that_can_be_sold_is_preferred_to_the_total(total: str, free: str) -> None:
    for header, expected in ((f"{total};{free}", [26, 0, 4]), (f"{free};{total}", [30, 0, 7])):
        reading = read(f"SKU;Name;Price;{header}\n{ROWS}")
        assert [product.inventory_count for product in reading.products] == expected
        assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("name", "cells"), [("Available", "yes no yes"), ("Verfügbarkeit", "3 5 2"), ("Available", "1 0 1")]
)
def test_a_column_of_states_or_delivery_times_is_not_the_stock(name: str, cells: str) -> None:
    rows = zip("ABC", (3, 0, 7), cells.split(), strict=True)
    text = "".join(f"{sku}-1;Rug;9,90;{stock};{cell}\n" for sku, stock, cell in rows)
    reading = read(f"SKU;Name;Price;Stock;{name}\n{text}")
    assert reading.feed.details["mapping"]["inventory_count"] == "Stock"


@pytest.mark.parametrize(
    "name",
    ["Giac. pz", "Bestand Stk.", "Available physical", "Frei verwendbar", "Stock pcs", "Stan szt.", "Qté dispo",
     "Voorraad stuks", "Unrestricted use", "Qta disp."],
)  # fmt: skip
def test_a_column_name_that_contains_only_stock_words_means_a_stock(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Rug;12,90;26\nB-1;Mat;9,90;0\n")
    assert [product.inventory_count for product in reading.products] == [26, 0]


@pytest.mark.parametrize(
    "name", ["Qty per pack", "Min stock", "Stock unit", "Stock value", "Lagerort", "Free shipping"]
)
def test_a_column_name_with_an_unrelated_word_does_not_mean_a_stock(name: str) -> None:
    assert stock_rank(name) is None


@pytest.mark.parametrize(
    "names",
    ["Lager Wien;Lager Graz;Lager Linz", "Stock Berlin;Stock Lyon;Stock Rome", "Qty_WH1;Qty_WH2;Qty_WH3",
     "Magazyn A;Magazyn B;Magazyn C", "Lager 1;Lager 2;Lager 3", "Wien Bestand;Graz Bestand;Linz Bestand",
     "Склад Москва;Склад Тверь;Склад Пермь", "Filiale Köln;Filiale Bonn;Filiale Trier"],
)  # fmt: skip
def test_the_stocks_of_places_are_added_up_if_no_column_has_the_total(names: str) -> None:
    rows = "AT-1;Rug;14,90;20;35;0\nAT-2;Mat;24,50;0;0;0\nAT-3;Mop;9,80;110;64;15\n"
    reading = read(f"Art.Nr.;Artikel;Preis;{names}\n{rows}")
    assert [product.inventory_count for product in reading.products] == [55, 0, 189]
    (doubt,) = reading.feed.questions
    assert (doubt.key, doubt.subject, doubt.choices[0].value) == ("inventory_count", "other", "sum")


def test_only_the_total_is_used_if_the_file_has_a_total_of_all_places() -> None:
    rows = "AT-1;Rug;14,90;20;35;60\nAT-2;Mat;24,50;0;0;5\n"
    reading = read(f"Art.Nr.;Artikel;Preis;Lager Wien;Lager Graz;Gesamtbestand\n{rows}")
    assert ([product.inventory_count for product in reading.products], reading.feed.questions) == ([60, 5], ())


@pytest.mark.parametrize(
    "names",
    [
        "Stock min;Stock max",
        "Lager Fach;Lager Regal",
        "Stock 2023;Stock 2024",
        "Qty 1;Qty 2",
        "Bestand reserviert;Bestand bestellt",
    ],
)
def test_numbers_that_are_not_stocks_of_places_are_not_added_up(names: str) -> None:
    reading = read(f"SKU;Name;Price;{names}\nA-1;Rug;14,90;20;35\nA-2;Mat;24,50;1;9\n")
    assert not any(question.key == "inventory_count" for question in reading.feed.questions)


def test_site_numbers_are_not_states() -> None:
    rows = "D1;Panel;1;MALMO;40,00;595,00\nD1;Panel;2;UMEA;12,00;595,00\nD3;Tray;1;MALMO;0,00;249,00\n"
    reading = read(f"Item number;Product name;Site;Warehouse;Available physical;Sales price\n{rows}")
    assert [(product.sku, product.inventory_count) for product in reading.products] == [("D1", 52), ("D3", 0)]
    assert "is_active" not in reading.feed.details["mapping"]


def test_different_prices_of_a_sku_in_two_places_lead_to_a_question() -> None:
    rows = "D1;Panel;A;40;595,00\nD1;Panel;B;12;595,00\nD2;Desk;A;5;1290,00\nD2;Desk;B;3;1190,00\n"
    (question,) = read(f"Item number;Name;Warehouse;Qty;Sales price\n{rows}").feed.questions
    assert (question.subject, 'differ in "Sales price"' in question.text) == ("identity", True)
    assert (
        "differ only in the place are added up"
        in question.choices[0 if question.choices[-1].refuses_file else -1].label
    )


@pytest.mark.parametrize(
    "name", ["Stock_Track", "Lagerbestandsführung aktiv", "Voorraadbeheer", "Track inventory enabled", "在庫管理"]
)
def test_a_product_whose_stock_is_not_counted_is_untracked(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Rug;14,90;20;Y\nA-2;Gift card;24,50;0;N\n")
    assert [product.inventory_policy for product in reading.products] == ["tracked", "untracked"]
