"""Tests states with a remark or a negation, in columns of states and of availability."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.states.words import state_of


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("vergriffen, keine neuauflage", "inactive"),
        ("auslaufartikel - nicht mehr lieferbar", "inactive"),
        ("discontinued (no longer made)", "inactive"),
        ("épuisé, pas de réimpression", "inactive"),
        ("fuori catalogo (non si ristampa)", "inactive"),
        ("niet meer leverbaar (uitgefaseerd)", "inactive"),
        ("nicht gesperrt", "active"),
        ("not discontinued", "active"),
        ("no longer active", "inactive"),
        ("niet actief", "inactive"),
        # An unknown remark can restrict the state.
        ("active (b2b only)", "unknown"),
        ("nu leverbaar", "unknown"),  # Dutch "now", Romanian "not"
        ("0, 5", "unknown"),
        ("a/b", "unknown"),
        ("not yet decided", "unknown"),
    ],
)
def test_a_text_with_a_remark_or_a_negation_is_read_as_a_state(word: str, state: str) -> None:
    assert state_of(word) == state


def test_a_remark_after_the_word_for_sold_out_is_ignored() -> None:
    products = read(
        "SKU;Titre;Prix TTC;Disponibilité\nA;Un;9,90;disponible\nB;Deux;8,90;épuisé, pas de réimpression\n"
        "C;Trois;7,90;Arrêt définitif de commercialisation\nD;Quatre;7,90;sous 3 jours\n"
    ).products
    assert [(one.inventory_policy, one.inventory_count) for one in products[:3]] == [
        ("untracked", 0), ("tracked", 0), ("tracked", 0),
    ]  # fmt: skip


def test_the_stock_of_a_discontinued_product_is_counted() -> None:
    products = read(
        "SKU;Name;Preis;Bestand;Verfügbarkeit\nA;Tasse;9,90;3;Auslaufmodell\nB;Topf;8,90;2;sofort\n"
    ).products
    assert [one.inventory_count for one in products] == [3, 2]


@pytest.mark.parametrize("column", ["Hide from website", "frozenFor", "Not online"])
def test_a_column_can_state_that_a_product_is_hidden(column: str) -> None:
    products = read(f"SKU,Name,Price,{column}\nA,Mug,9.90,No\nB,Pot,19.90,Yes\n").products
    assert [one.is_active for one in products] == [True, False]


def test_the_flags_of_sap_business_one_are_read() -> None:
    products = read(
        '[{"ItemCode":"A","ItemName":"Mug","Price":9.9,"Frozen":"tNO"},'
        '{"ItemCode":"B","ItemName":"Pot","Price":19.9,"Frozen":"tYES"}]'
    ).products
    assert [one.is_active for one in products] == [True, False]


def test_the_state_of_a_marketplace_listing_is_read() -> None:
    products = read(
        '[{"sku":"A","name":"Mug","price":9.9,"publication":{"status":"ACTIVE"}},'
        '{"sku":"B","name":"Cup","price":8.9,"publication":{"status":"ENDED"}}]'
    ).products
    assert [one.is_active for one in products] == [True, False]
