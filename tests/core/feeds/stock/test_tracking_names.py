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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Suivi du stock", "pieces"), ("Suivi stock", "pieces"), ("Lagerverwaltung", "pieces"),
        ("Gestión existencias", None), ("Kontrol lager", None), ("Voorraad beheer", None), ("Stan kontrola", None),
        ("Stok takip", "pieces"), ("Inventory control", None), ("Controle de estoque", None), ("Stock tracking", None),
    ],
)  # fmt: skip
def test_a_column_with_numbers_of_pieces_says_nothing_about_counting(name: str, expected: str | None) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Mug;12,50;14\nA-2;Cup;9,90;0\nA-3;Wrap;1,90;33\n")
    stocks = {(one.inventory_policy, one.inventory_count) for one in reading.products}
    assert ("untracked", 0) not in stocks
    if expected:
        assert stocks == {("tracked", 14), ("tracked", 0), ("tracked", 33)}


@pytest.mark.parametrize(
    "name", ["Hold stock", "Keep stock", "Counted inventory", "Usa stock", "Control stock", "Lager kontrol"]
)
@pytest.mark.parametrize("others", [(3, 0, 8), (0, 0, 0), (0, 1, 1)])
def test_numbers_beside_the_stock_do_not_make_a_product_unlimited(name: str, others: tuple[int, int, int]) -> None:
    rows = zip(("A-1", "A-2", "A-3"), (15, 4, 0), others, strict=True)
    lines = "".join(f"{sku};Mug;12,50;{count};{other}\n" for sku, count, other in rows)
    products = read(f"SKU;Name;Price;Stock;{name}\n{lines}").products
    assert [one.inventory_policy for one in products] == ["tracked"] * 3


@pytest.mark.parametrize("name", ["Suivi stock", "Stock control", "Gestión de stock", "manage_stock", "Lagerstyring"])
def test_only_0_and_1_without_pieces_are_a_question(name: str) -> None:
    content = f"SKU;Name;Price;{name}\nA-1;Mug;12,50;1\nA-2;Cup;9,90;0\nA-3;Wrap;1,90;1\n"
    reading = read(content)
    assert [one.inventory_policy for one in reading.products] == [None] * 3
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("inventory_count", ["", name])
    answered = read(content, mapping={"inventory_count": name})
    assert [one.inventory_count for one in answered.products] == [1, 0, 1]


@pytest.mark.parametrize("name", ["Controla stock", "Styr lager", "Track stock"])
def test_0_and_1_beside_pieces_say_whether_they_are_counted(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Mug;12,50;14;1\nA-2;Cup;9,90;0;1\nA-3;Wrap;1,90;0;0\n")
    stocks = [(one.inventory_policy, one.inventory_count) for one in reading.products]
    assert stocks == [("tracked", 14), ("tracked", 0), ("untracked", 0)]


@pytest.mark.parametrize("name", ["has_stock", "Has stock", "Tiene stock", "Tem estoque", "Heeft voorraad"])
def test_having_stock_is_a_state(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Mug;12,50;yes\nA-2;Cup;9,90;no\n")
    stocks = [(one.inventory_policy, one.inventory_count) for one in reading.products]
    assert stocks == [("untracked", 0), ("tracked", 0)]
    reading = read(f"SKU;Name;Price;Stock;{name}\nA-1;Mug;12,50;7;yes\nA-2;Cup;9,90;0;no\n")
    assert [one.inventory_count for one in reading.products] == [7, 0]


def test_having_an_inventory_is_a_question_without_pieces() -> None:
    reading = read("SKU;Name;Price;has_inventory\nA-1;Mug;12,50;true\nA-2;Cup;9,90;false\n")
    assert [one.inventory_policy for one in reading.products] == [None, None]
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]


def test_a_stock_of_an_earlier_file_stays_the_stock_if_a_later_file_has_only_0_and_1() -> None:
    header = "SKU;Name;Price;Suivi stock\n"
    memory = read(header + "A-1;Mug;12,50;14\nA-2;Cup;9,90;0\nA-3;Wrap;1,90;33\n").feed.reading
    reading = read(header + "A-1;Mug;12,50;1\nA-2;Cup;9,90;0\nA-3;Wrap;1,90;1\n", memory=memory)
    assert ("untracked", 0) not in {(one.inventory_policy, one.inventory_count) for one in reading.products}


def test_a_flag_with_an_unknown_name_is_no_stock_beside_the_stocks_of_places() -> None:
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
