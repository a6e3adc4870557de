"""Tests that the reader adds up the stocks of neighbouring rows that differ only in the stock and the place."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

HEADER = "sku,product,warehouse,qty,price\n"


def stocks(reading: Reading) -> list[tuple[str, int, str | None, int | None]]:
    return [(p.sku, p.rows, p.inventory_policy, p.inventory_count) for p in reading.products]


def test_neighbouring_rows_for_several_places_are_one_product() -> None:
    reading = read(HEADER + "A,Rug,Berlin,3,189\nA,Rug,Lyon,5,189\nB,Mat,Berlin,0,79\nB,Mat,Lyon,1,79\n")
    assert stocks(reading) == [("A", 2, "tracked", 8), ("B", 2, "tracked", 1)]
    assert [product.stock_by_place for product in reading.products] == [
        {"Berlin": 3, "Lyon": 5}, {"Berlin": 0, "Lyon": 1},
    ]  # fmt: skip
    assert reading.products[0].source["warehouse"] == "Berlin"
    assert (reading.feed.has_places, reading.feed.keeps_places, reading.feed.questions) == (True, True, ())


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Artikelnr.;Name;Lagerort;Bestand;VK", "Lagerort"), ("Réf;Désignation;Magasin;Stock;Prix", "Magasin"),
        ("SKU;Nombre;Almacén;Existencias;PVP", "Almacén"), ("Codice;Nome;Magazzino;Giacenza;Prezzo", "Magazzino"),
        ("SKU;Name;Lot;Qty;Price", "Lot"), ("SKU;Name;Hub;Qty;Price", "Hub"), ("SKU;Name;倉庫;Qty;Price", "倉庫"),
    ],
)  # fmt: skip
def test_a_place_column_is_recognised_by_its_name_or_its_values(header: str, name: str) -> None:
    rows = "A-1;Teppich;North;3;189\nA-1;Teppich;South;5;189\nB-1;Matte;North;0;79\nB-1;Matte;South;1;79\n"
    reading = read(f"{header}\n{rows}")
    assert stocks(reading) == [("A-1", 2, "tracked", 8), ("B-1", 2, "tracked", 1)]
    assert reading.feed.keeps_places == (name not in ("Lot", "Hub"))


@pytest.mark.parametrize(
    "rows",
    [
        "A,Rug,Berlin,3,189\nA,Rug,Lyon,5,199\n",
        "A,Rug,Berlin,3,189\nA,Carpet,Lyon,5,189\n",
        "A,Rug,Berlin,3,189\nA,Rug,Berlin,5,189\n",
        "A,Rug,Berlin,3,189\nA,Rug,,5,189\n",
        "A,Rug,Berlin,3,189\nB,Rug,Lyon,5,189\n",
        "A,Rug,Berlin,3,189\nA,Rug,Lyon,blue,189\n",
    ],
)
def test_rows_with_other_differences_or_a_repeated_place_are_not_added_up(rows: str) -> None:
    reading = read(HEADER + rows)
    assert all(item.rows == 1 for item in reading.items)
    assert len(reading.items) == 2


def test_a_place_without_a_number_of_pieces_makes_the_product_untracked() -> None:
    reading = read(HEADER + "A,Rug,Berlin,3,189\nA,Rug,Lyon,in stock,189\nA,Rug,Turin,,189\n")
    assert stocks(reading)[0] == ("A", 2, "untracked", 0)
    assert reading.products[0].stock_by_place == {"Berlin": 3, "Lyon": None}


def test_a_file_without_places_yields_products_without_places() -> None:
    reading = read("sku,product,qty,price\nA,Rug,3,189\n")
    assert (reading.feed.has_places, reading.feed.keeps_places, reading.product.stock_by_place) == (False, False, None)


def test_a_mapped_column_is_not_a_place_column() -> None:
    reading = read(HEADER + "A,Rug,Berlin,3,189\n", mapping={"category": "warehouse"})
    assert (reading.feed.has_places, reading.product.category) == (False, "Berlin")
