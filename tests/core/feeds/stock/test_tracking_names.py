"""Tests yes or no columns about stock tracking, column names such as "in stock", and dashes in columns of numbers."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.stock.tracking_names import names_tracking


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("Controla stock", "Si", "No"), ("Maneja inventario", "Sí", "No"), ("Lleva existencias", "S", "N"),
        ("Controla estoque", "Sim", "Não"), ("Stock tracking", "yes", "no"), ("has_inventory", "true", "false"),
        ("Gestisce magazzino", "Sì", "No"), ("Suivi stock", "Oui", "Non"), ("Inventory tracked", "Y", "N"),
        ("Styr lager", "Ja", "Nej"), ("재고관리 사용", "T", "F"),
        ("재고관리여부", "Y", "N"), ("在庫管理フラグ", "1", "0"),
    ],
)  # fmt: skip
def test_a_tracking_flag_determines_whether_the_stock_is_tracked(name: str, yes: str, no: str) -> None:
    reading = read(
        f"SKU;Name;Price;Stock Norte;Stock Sur;{name}\n"
        f"A-1;Mug;12,50;18;6;{yes}\nA-2;Cup;9,90;2;0;{yes}\nA-3;Wrap;1,90;0;0;{no}\n"
    )
    stocks = [(one.inventory_policy, one.inventory_count) for one in reading.products]
    assert stocks == [("tracked", 24), ("tracked", 2), ("untracked", 0)]


def test_a_flag_with_an_unknown_name_is_not_added_to_the_stocks_of_places() -> None:
    reading = read("SKU;Name;Price;Stock Norte;Stock Sur;Afecta stock\nA-1;Mug;12,50;18;6;Si\nA-2;Wrap;9,90;2;0;No\n")
    assert [one.inventory_count for one in reading.products] == [24, 2]


@pytest.mark.parametrize(
    "name",
    [
        "Stock",
        "Stock Madrid",
        "Lager",
        "Bestand Lager",
        "Existencias",
        "Stock control date",
        "inventory_count",
        "Stock count",
        "Counted stock date",
    ],
)
def test_a_stock_column_name_does_not_mean_a_tracking_flag(name: str) -> None:
    assert not names_tracking(name)


@pytest.mark.parametrize("name", ["an Lager", "am Lager", "en magasin", "en existencia", "i lager", "w magazynie"])
def test_a_column_name_such_as_in_stock_means_a_stock(name: str) -> None:
    reading = read(f"SKU;Name;Preis;{name}\nA-1;Tasse;12,50;35\nA-2;Topf;9,90;0\nA-3;Krug;19,90;4\n")
    assert [one.inventory_count for one in reading.products] == [35, 0, 4]
    reading = read(f"SKU;Name;Preis;{name}\nA-1;Tasse;12,50;35\nA-2;Topf;9,90;sold out\nA-3;Krug;19,90;4\n")
    assert [one.inventory_count for one in reading.products] == [35, 0, 4]


@pytest.mark.parametrize("dash", ["-", "\u2013", "\u2014", "--"])
def test_a_dash_in_a_column_of_numbers_means_a_blank_cell(dash: str) -> None:
    reading = read(
        "SKU;Name;Preis;Preis alt;Bestand Graz;Bestand Linz\n"
        f"A-1;Tasse;12,50;{dash};{dash};4\nA-2;Topf;9,90;12,90;3;{dash}\n"
        "A-3;Krug;19,90;24,90;1;1\n"
    )
    assert [one.attributes.get("compare_at_price") for one in reading.products] == [None, "12.90", "24.90"]
    assert [one.inventory_count for one in reading.products] == [4, 3, 2]


def test_a_dash_in_a_column_of_reserved_pieces_means_0() -> None:
    reading = read("SKU;Name;Price;Stock;Reserved\nA-1;Mug;12,50;90;15\nA-2;Cup;9,90;40;-\nA-3;Jug;19,90;7;7\n")
    assert [one.inventory_count for one in reading.products] == [75, 40, 0]
