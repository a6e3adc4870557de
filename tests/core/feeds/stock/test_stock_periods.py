"""Tests that stocks of one place at different times are not added up, for example an opening and a closing stock."""

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.stock.periods import is_period
from wecelebrate.feeds.stock.place_names import is_stock_of_place


def rows_with(first: str, second: str) -> Reading:
    rows = "".join(f"A-{at}0;Thing {at};1{at},50;{at + 5};{at + 2}\n" for at in range(3))
    return read(f"SKU;Name;Price;{first};{second}\n{rows}")


@pytest.mark.parametrize(
    ("earlier", "last"),
    [
        ("Existencia Inicial", "Existencia Final"), ("Inventario Inicial", "Inventario Final"),
        ("Stock iniziale", "Stock finale"), ("Giacenza iniziale", "Giacenza finale"),
        ("Stan początkowy", "Stan końcowy"), ("Stan księgowy", "Stan rzeczywisty"),
        ("Stock théorique", "Stock réel"), ("Bestand alt", "Bestand neu"), ("Bestand Anfang", "Bestand Ende"),
        ("Bestand Soll", "Bestand Ist"), ("Bestand Vorjahr", "Bestand aktuell"), ("Stock inicial", "Stock final"),
        ("Остаток начальный", "Остаток конечный"), ("Остаток на начало", "Остаток на конец"),
        ("Stock début", "Stock fin"), ("Stock début de mois", "Stock fin de mois"), ("Voorraad oud", "Voorraad nieuw"),
        ("Voorraad begin", "Voorraad eind"), ("Estoque Anterior", "Estoque Atual"), ("기초 재고", "기말 재고"),
        ("Beholdning primo", "Beholdning ultimo"), ("Stock teórico", "Stock real"),
        ("Inventory opening", "Inventory closing"), ("Opening stock", "Closing stock"), ("Stok awal", "Stok akhir"),
        ("Dönem başı stok", "Dönem sonu stok"),  # noqa: RUF001
        ("Tồn kho đầu kỳ", "Tồn kho cuối kỳ"), ("Készlet nyitó", "Készlet záró"),
        ("Stoc inițial", "Stoc final"), ("Saldo ingående", "Saldo utgående"), ("qty_opening", "qty_closing"),
    ],
)  # fmt: skip
def test_an_opening_stock_and_a_closing_stock_are_not_added_up(earlier: str, last: str) -> None:
    for reading in (rows_with(earlier, last), rows_with("Menge Wien", earlier)):
        assert [question.key for question in reading.feed.questions] == []
        assert [product.inventory_count for product in reading.products] != [7, 9, 11]
    assert [product.inventory_count for product in rows_with(earlier, last).products] == [2, 3, 4]
    text = "SKU;Name;Price;{};{}\n" + "".join(f"A-{at};Thing {at};1{at},50;{at + 2};{at + 5}\n" for at in range(3))
    assert [product.inventory_count for product in read(text.format(last, earlier)).products] == [2, 3, 4]


@pytest.mark.parametrize("keys", [("inicial", "final"), ("opening", "closing"), ("iniziale", "finale")])
@pytest.mark.parametrize("stock", ["existencia", "stock", "giacenza", "existencias.almacen"])
def test_opening_and_closing_stocks_in_a_json_object_are_not_added_up(stock: str, keys: tuple[str, str]) -> None:
    stocks: dict[str, object] = {keys[0]: 5, keys[1]: 2}
    outer, *inner = stock.split(".")
    value: object = {inner[0]: stocks} if inner else stocks
    rows = [{"sku": f"A-{at}", "name": f"Thing {at}", "price": f"1{at}.50", outer: value} for at in range(3)]
    reading = read(json.dumps(rows), "feed.json")
    assert 7 not in [product.inventory_count for product in reading.products]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    "names",
    [
        ("Stock New York", "Stock Boston"), ("Bestand Neu-Ulm", "Bestand Ulm"), ("Lager Alt Tegel", "Lager Mitte"),
        ("Stok Ist", "Stok Ank"), ("Stock Nueva York", "Stock Lima"), ("Stock Wien", "Stock Graz"),
        ("Voorraad Oud-Beijerland", "Voorraad Breda"), ("Stock Alpha", "Stock Delta"),
    ],
)  # fmt: skip
def test_stocks_of_places_whose_names_contain_words_such_as_new_are_added_up(names: tuple[str, str]) -> None:
    assert all(map(is_stock_of_place, names))
    assert [product.inventory_count for product in rows_with(*names).products] == [7, 9, 11]


@pytest.mark.parametrize(
    ("name", "expected"),
    [(["new"], True), (["new", "york"], False), (["fin", "de", "mois"], True), (["de"], False), (["wien"], False)],
)
def test_a_name_that_contains_only_time_words_is_a_period(name: list[str], *, expected: bool) -> None:
    assert is_period(name) is expected
