"""Tests that the numbers in the rows determine which of several stocks can be sold, and whether a stock includes
reserved pieces.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.stock.reserved_names import is_reserved


@pytest.mark.parametrize(
    "names",
    [
        "Fiziki Stok;Rezerve;Sevkedilebilir Stok",
        "Hakiki Stok;Rezerve;Gönderilebilir Stok",
        "Pieces there;Reserved;Pieces for you",
        "Bestand Haus;Vorgemerkt;Bestand versandfertig",
        "Stan rzeczywisty;Rezerwacje;Stan handlowy",
        "Stock real;Comprometido;Stock vendible",
    ],
)
def test_a_column_of_stock_minus_reserved_pieces_is_not_added_to_the_stock(names: str) -> None:
    reading = read(f"SKU;Name;Price;{names}\nA-1;Mug;12,50;90;15;75\nA-2;Cup;9,90;40;0;40\nA-3;Jug;19,90;7;7;0\n")
    assert [one.inventory_count for one in reading.products] == [75, 40, 0]
    assert not [question for question in reading.feed.questions if "places" in question.text]


def test_stocks_of_two_places_are_still_added_up() -> None:
    reading = read(
        "SKU;Name;Price;Stock Graz;Stock Linz;Pages\nA-1;Mug;12,50;90;15;8\nA-2;Cup;9,90;40;0;12\nA-3;Jug;19,90;7;7;3\n"
    )
    assert [one.inventory_count for one in reading.products] == [105, 40, 14]


@pytest.mark.parametrize(
    "name",
    [
        "Quantity On Sales Order", "Qty. on Sales Orders", "Menge in Auftrag", "Menge in Verkaufsauftrag",
        "Voorraad: Gepland uit", "Qty planned out", "CANT_COMP", "QTY_ALLOC", "Cantidad en pedidos de cliente",
        "Antal i salgsordrer", "Quantità ordini clienti", "Stock SO",
    ],
)  # fmt: skip
def test_sold_pieces_that_are_not_sent_yet_are_reserved(name: str) -> None:
    assert is_reserved(name)
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Mug;12,50;90;15\nA-2;Cup;9,90;40;0\nA-3;Jug;19,90;7;7\n")
    assert [one.inventory_count for one in reading.products] == [75, 40, 0]
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]


@pytest.mark.parametrize(
    "name",
    ["Quantity on order", "Menge in Bestellung", "Order", "Auftrag", "Qty on purchase order", "Comp", "Min. Qty"],
)
def test_ordered_pieces_and_unrelated_numbers_are_not_reserved(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Mug;12,50;90;15\nA-2;Cup;9,90;40;0\nA-3;Jug;19,90;7;7\n")
    assert [one.inventory_count for one in reading.products] == [90, 40, 7]


@pytest.mark.parametrize("zeros", [".00", ",00", ".0", ""])
def test_reserved_pieces_can_be_written_with_decimal_zeros(zeros: str) -> None:
    rows = [("A-1", 90, 15), ("A-2", 40, 0), ("A-3", 7, 7)]
    lines = [f"{sku};Mug {sku};12{zeros or '.50'};{stock}{zeros};{less}{zeros}" for sku, stock, less in rows]
    reading = read("\n".join(["SKU;Name;Price;Stock;Reserved", *lines]) + "\n")
    assert [one.inventory_count for one in reading.products] == [75, 40, 0]
    (question,) = [one for one in reading.feed.questions if one.key == "inventory_count"]
    assert question.choices[0].value == "difference"


@pytest.mark.parametrize(
    "cell", ["op aanvraag / sur demande", "auf Anfrage | on request", "na dotaz / auf Anfrage", "ask/call us"]
)
def test_the_same_stock_state_in_two_languages_is_read(cell: str) -> None:
    product = read(f"SKU;Name;Price;Stock\nA-1;Mug;12,50;{cell}\n").product
    assert (product.inventory_policy, product.inventory_count) == ("tracked", 0)


def test_two_different_stock_states_in_one_cell_are_rejected() -> None:
    assert read("SKU;Name;Price;Stock\nA-1;Mug;12,50;sold out / on request\n").rejection.code == "not_a_number"


@pytest.mark.parametrize("cell", ["ORDER 2 weeks", "Bestellung 3 Wochen", "sur commande 8 jours"])
def test_an_order_with_a_delivery_time_means_made_to_order(cell: str) -> None:
    reading = read(f"SKU;Name;Price;Stock\nA-1;Mug;12,50;4\nA-2;Cup;9,90;{cell}\n")
    assert reading.products[1].inventory_policy == "untracked"
