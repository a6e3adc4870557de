"""Tests state columns with unknown names, states that only repeat the stock, and yes or no columns beside the stock."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.states.names import hides, shows


def active(text: str) -> list[bool]:
    return [product.is_active for product in read(text).products]


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("अवस्था", "सक्रिय", "निष्क्रिय"), ("Xyz", "active", "discontinued"), ("Abc", "aktiv", "ausgelistet"),
     ("Qwe", "aktywny", "wycofany")],
)  # fmt: skip
def test_a_column_with_words_for_active_and_inactive_is_the_state(name: str, first: str, second: str) -> None:
    text = f"SKU;Name;Price;Stock;{name}\nA;Cup;1.50;4;{first}\nB;Mug;2.50;5;{second}\nC;Jug;3.50;0;{first}\n"
    assert active(text) == [True, False, True]


@pytest.mark.parametrize("values", [("yes", "no"), ("in stock", "sold out"), ("active", "active")])
def test_an_unknown_column_without_words_for_active_and_inactive_is_not_the_state(values: tuple[str, str]) -> None:
    first, second = values
    text = f"SKU;Name;Price;Stock;Xyz\nA;Cup;1.50;4;{first}\nB;Mug;2.50;5;{second}\nC;Jug;3.50;0;{first}\n"
    assert "is_active" not in read(text).details["mapping"]


SOLD_OUT = {"ko": "품절", "th": "สินค้าหมด", "de": "ausverkauft", "en": "sold out", "is": "Uppselt"}


@pytest.mark.parametrize("word", SOLD_OUT.values(), ids=SOLD_OUT)
def test_the_words_sold_out_beside_a_stock_of_0_do_not_set_the_state(word: str) -> None:
    text = f"SKU;Name;Price;Stock;Status\nA;Cup;1.50;4;active\nB;Mug;2.50;0;{word}\nC;Jug;3.50;0;discontinued\n"
    products = read(text).products
    assert [product.is_active for product in products] == [True, True, False]
    assert "is_active" not in products[1].fields_set


@pytest.mark.parametrize("stock", ["3", ""])
def test_the_words_sold_out_beside_a_positive_stock_mean_inactive(stock: str) -> None:
    text = f"SKU;Name;Price;Stock;Status\nA;Cup;1.50;4;active\nB;Mug;2.50;{stock};sold out\n"
    assert active(text) == [True, False]


@pytest.mark.parametrize(
    ("name", "yes", "no"), [("Saadaval", "jah", "ei"), ("Disponible", "sí", "no"), ("Διαθέσιμο", "ναι", "όχι")]
)
def test_a_product_with_a_stock_is_inactive_if_it_is_not_available(name: str, yes: str, no: str) -> None:
    text = f"SKU;Name;Price;Stock;{name}\nA;Cup;1.50;4;{yes}\nB;Mug;2.50;11;{no}\nC;Jug;3.50;0;{yes}\n"
    products = read(text).products
    assert [product.is_active for product in products] == [True, False, True]
    assert [product.inventory_count for product in products] == [4, 11, 0]


@pytest.mark.parametrize(
    "name",
    ["Satışta mı?", "Dispo web", "Tunjuk di laman", "전시여부", "Pokaż na stronie", "V nabídce", "Til salgs på nett"],
)
def test_a_column_name_with_a_word_for_a_shop_means_visible(name: str) -> None:
    assert shows(name) and not hides(name)


@pytest.mark.parametrize(
    "name",
    ["Prodej ukončen", "Ukončený prodej", "Ngừng bán", "Не публікувати", "販売終了", "Salg stoppet", "Vente arrêtée"],
)
def test_a_column_name_with_words_for_an_end_of_sale_means_hidden(name: str) -> None:
    assert hides(name) and not shows(name)


@pytest.mark.parametrize("name", ["Sale", "Gift wrap", "Vegan", "Netto", "판매가"])
def test_unrelated_column_names_do_not_mean_visible_or_hidden(name: str) -> None:
    assert not hides(name) and (name in ("판매가", "Netto") or not shows(name))
