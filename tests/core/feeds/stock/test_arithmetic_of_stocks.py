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


@pytest.mark.parametrize(
    "names",
    [
        "Fiziki Stok;Rezerve;Sevkedilebilir Stok",
        "Bestand Haus;Vorgemerkt;Bestand Laden",
        "Sklad A;Rezervace;Sklad B",
    ],
)
def test_a_place_that_is_left_out_is_a_remark(names: str) -> None:
    reading = read(f"SKU;Name;Price;{names}\nA-1;Mug;12,50;90;15;75\nA-2;Cup;9,90;40;0;40\nA-3;Jug;19,90;7;7;0\n")
    whole, _, left = names.split(";")
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("inventory_count", "other")
    assert [choice.value for choice in question.choices] == [left, whole, "sum"]


@pytest.mark.parametrize(
    ("names", "rows", "sums"),
    [
        ("Bestand Graz;Bestand Linz;Karton", ("9;4;5", "8;3;5", "25;20;5"), [13, 11, 45]),
        ("Magasin Lyon;Magasin Paris;Ecart", ("9;4;5", "8;9;-1", "25;20;5"), [13, 17, 45]),
        ("Depo Ankara;Depo Bursa;Haftalik satis", ("9;9;0", "8;8;0", "25;24;1"), [18, 16, 49]),
        ("Sklad Brno;Sklad Praha;Prodáno", ("9;4;5", "8;3;5", "25;20;5"), [13, 11, 45]),
        ("Stock Vigo;Stock Lugo;Reservado", ("9;4;5", "8;3;5"), [13, 11]),
        ("Stock Vigo;Stock Lugo;Reservado", ("9;4;5", "0;0;0", "0;0;0", "0;0;0"), [13, 0, 0, 0]),
    ],
)  # fmt: skip
def test_a_difference_of_two_places_proves_nothing(names: str, rows: tuple[str, ...], sums: list[int]) -> None:
    lines = "".join(f"A-{at};Mug;12,50;{row}\n" for at, row in enumerate(rows))
    reading = read(f"SKU;Name;Price;{names}\n{lines}")
    assert [one.inventory_count for one in reading.products] == sums
    assert [question.choices[0].value for question in reading.feed.questions if "places" in question.text] == ["sum"]


def test_a_small_later_file_reads_the_same_stock_without_reserved_pieces() -> None:
    header = "SKU;Name;Price;Stock real;Comprometido;Stock vendible\n"
    memory = read(header + "A-1;Mug;12,50;90;15;75\nA-2;Cup;9,90;40;0;40\nA-3;Jug;19,90;7;7;0\n").feed.reading
    reading = read(header + "A-1;Mug;12,50;80;15;65\n", memory=memory)
    assert [one.inventory_count for one in reading.products] == [65]
    assert not reading.feed.changes


def test_stocks_of_two_places_are_still_added_up() -> None:
    reading = read(
        "SKU;Name;Price;Stock Graz;Stock Linz;Pages\nA-1;Mug;12,50;90;15;8\nA-2;Cup;9,90;40;0;12\nA-3;Jug;19,90;7;7;3\n"
    )
    assert [one.inventory_count for one in reading.products] == [105, 40, 14]


@pytest.mark.parametrize(
    "name",
    [
        "Quantity On Sales Order", "Qty. on Sales Orders", "Menge in Auftrag", "Menge in Verkaufsauftrag",
        "Voorraad: Gepland uit", "Qty planned out", "CANT_COMPROMET", "QTY_ALLOC", "Cantidad en pedidos de cliente",
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


@pytest.mark.parametrize("name", ["CANT_COMP", "Cant. Compr.", "Qtd compr", "STOCK_COMP"])
def test_pieces_that_are_reserved_or_bought_are_a_doubt_and_stay_in_the_stock(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Mug;12,50;90;15\nA-2;Cup;9,90;40;0\nA-3;Jug;19,90;7;7\n")
    assert [one.inventory_count for one in reading.products] == [90, 40, 7]
    (question,) = reading.feed.questions
    assert [choice.value for choice in question.choices] == ["Stock", "difference"]
    assert question.subject == "other"


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


@pytest.mark.parametrize(
    "cell", ["ORDER 2 weeks", "Bestellung 3 Wochen", "sur commande 8 jours", "pedido: ca. 10-14 días"]
)
def test_an_order_with_a_time_is_made_to_order(cell: str) -> None:
    reading = read(f"SKU;Name;Price;Stock\nA-1;Mug;12,50;4\nA-2;Cup;9,90;{cell}\n")
    assert reading.products[1].inventory_policy == "untracked"


@pytest.mark.parametrize(
    "cell", ["Bestellung 12 Stk", "order 10 pcs", "commande 24 pièces", "заказ 5 шт", "order 3 boxes"]
)
def test_an_order_of_pieces_is_no_stock(cell: str) -> None:
    reading = read(f"SKU;Name;Price;Stock\nA-1;Mug;12,50;4\nA-2;Cup;9,90;{cell}\n")
    assert [one.code for one in reading.rejected] == ["not_a_number"]
