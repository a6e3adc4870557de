"""Tests stocks in exports of ERP systems: numbers below 0 with units, warehouses, and related columns."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.stock.cells import read as read_cell


def _stocks(reading: Reading) -> list[int | None]:
    return [one.inventory_count if "inventory_count" in one.fields_set else None for one in reading.products]


def _read(names: str, *values: str) -> Reading:
    rows = (f"A{at};Cup {at};4.20;{value}\n" for at, value in enumerate(values))
    return read(f"SKU;Name;Price;{names}\n{''.join(rows)}")


@pytest.mark.parametrize(
    ("cell", "count"),
    [("-4 Nos", 0), ("(-)4 Nos", 0), ("(-) 4", 0), ("- 4 nos", 0), ("only -3 left", 0), ("-4", 0), ("\u22124 pcs", 0),
     ("noch 3", 3), ("stock: 5", 5), ("(3 left)", 3), ("25 Nos", 25), ("in stock - 4", 4)],
)  # fmt: skip
def test_a_number_below_0_means_0_pieces_beside_any_text(cell: str, count: int) -> None:
    assert read_cell(cell, ".") == count


@pytest.mark.parametrize(
    "names",
    ["Merkez Depo;Şube Depo", "Wiener Lager;Grazer Lager", "North warehouse;South warehouse", "Main Depot;Paris Depot"],
)
def test_stocks_in_columns_whose_names_end_with_warehouse_are_added_up(names: str) -> None:
    reading = _read(names, "12;3", "4;0", "0;0", "30;10")
    assert _stocks(reading) == [15, 4, 0, 40]


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("Default warehouse;Purchase warehouse", ("1;2", "1;2", "1;3")),
        ("Main depot;Other depot", ("10;20", "10;20", "10;20")),
    ],
)
def test_warehouse_numbers_are_not_stocks(names: str, values: tuple[str, ...]) -> None:
    assert set(_stocks(_read(names, *values))) == {None}


def test_reserved_pieces_are_not_subtracted_from_a_stock_without_them() -> None:
    assert _stocks(_read("In stock;Allocated;On hand", "4;1;3", "0;0;0", "2;0;2")) == [3, 0, 2]


def test_expected_pieces_are_subtracted_if_the_stock_includes_them() -> None:
    rows = ("10;2;0;8", "0;0;6;6", "60;0;0;60")
    assert _stocks(_read("Esistenza;Impegnato;Ordinato;Disponibilità", *rows)) == [8, 0, 60]


def test_more_reserved_pieces_than_stock_result_in_a_stock_of_0() -> None:
    assert _stocks(_read("In stock;Committed", "5;2", "0;1", "4;0")) == [3, 0, 4]
    assert _stocks(_read("OnHand;IsCommited", "5;2", "0;1", "4;0")) == [3, 0, 4]


def test_letters_for_item_types_are_not_a_stock() -> None:
    text = "{}\nItem Number\tItem Name\tInventory\tSelling Price\tQuantity On Hand\tInactive Item\n"
    reading = read(text + "BB-100\tBilly\tI\t$34.95\t27\tN\nBB-101\tHat\tI\t$149.00\t0\tY\n", currency="AUD")
    assert _stocks(reading) == [27, 0]
    assert [one.is_active for one in reading.products] == [True, False]


def test_the_indonesian_name_for_available_stock_is_preferred() -> None:
    assert _stocks(_read("Kuantitas;Stok dapat dijual", "40;38", "0;0", "9;9")) == [38, 0, 9]
