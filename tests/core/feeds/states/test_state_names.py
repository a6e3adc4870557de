"""Tests columns that state whether a shop shows a product. The vocabulary contains only the single words of the column
names.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.states.names import hides, shows


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("productVisibility", "visible", "hidden"), ("Vis i nettbutikk", "Ja", "Nei"), ("Rādīt veikalā", "Jā", "Nē"),
        ("Prodaja na webu", "DA", "NE"), ("Pardavimui", "taip", "ne"), ("Mostrar en tienda", "SÍ", "NO"),
        ("معروض للبيع", "نعم", "لا"), ("Im Onlineshop anzeigen", "ja", "nein"), ("Afficher sur le site", "oui", "non"),
        ("Zobrazit v e-shopu", "ano", "ne"), ("Показывать на сайте", "да", "нет"), ("Visas i webbutiken", "ja", "nej"),
        ("Pokaż w sklepie", "tak", "nie"), ("Show product in shop", "TRUE", "FALSE"),
        ("Näytä verkkokaupassa", "1", "0"),
    ],
)  # fmt: skip
def test_a_column_can_state_whether_the_shop_shows_a_product(name: str, yes: str, no: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Mug;{yes}\nB;Cap;{no}\nC;Pen;{yes}\n")
    assert [product.is_active for product in reading.products] == [True, False, True]


@pytest.mark.parametrize("name", ["Obsoleted", "Is hidden in shop", "Ausgeblendet im Shop", "Ocultar en la tienda"])
def test_a_column_can_state_that_the_shop_hides_a_product(name: str) -> None:
    reading = read(f"SKU,Name,Is Sellable,{name}\nA,Mug,yes,no\nB,Cap,yes,yes\nC,Pen,no,no\n")
    assert [product.is_active for product in reading.products] == [True, False, False]


@pytest.mark.parametrize(
    "name",
    [
        "Gift wrap in shop", "Show price", "Active noise cancelling", "Envío sin cargo", "Hidden zipper", "Sale",
        "Store pickup", "Web exclusive", "Track stock online", "Show reviews", "Versand im Shop", "Featured in shop",
        "Neu im Shop",
    ],
)  # fmt: skip
def test_a_column_name_with_an_unknown_word_does_not_mean_a_state(name: str) -> None:
    assert not shows(name)
    assert not hides(name)
    reading = read(f"SKU,Name,{name}\nA,Mug,no\nB,Cap,yes\n")
    assert [product.is_active for product in reading.products] == [True, True]


def test_values_that_are_not_states_do_not_make_a_product_inactive() -> None:
    reading = read("SKU,Name,Boutique en ligne\nA,Mug,Lyon\nB,Cap,non\nC,Pen,Paris\n")
    assert [product.is_active for product in reading.products] == [True, True, True]


def test_a_column_with_a_known_state_name_is_preferred() -> None:
    reading = read("SKU,Name,Show in the store,Active\nA,Mug,no,yes\nB,Cap,yes,no\n")
    assert [product.is_active for product in reading.products] == [True, False]
