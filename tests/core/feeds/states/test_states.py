"""Tests the states of products: words in many languages, commands, dates, check marks and codes."""

import json

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.states.words import is_mark_column, opposite, state_of, state_of_command
from wecelebrate.feeds.warnings import MAX_DIFFERENT, Warnings


@pytest.mark.parametrize(
    "word",
    [
        "draft", "pending", "private", "hidden", "unlisted", "sold out", "do not sell", "auslauf", "auslaufartikel",
        "ausverkauft", "gesperrt", "épuisé", "arrêté", "brouillon", "descatalogado", "oculto", "esaurito",
        "fuori produzione", "fora de linha", "uitverkocht", "vervallen", "udgået", "utgått", "wycofany", "vyprodáno",
        "kifutó", "loppunut", "pasif", "скрыт", "not_for_sale", "out-of-stock", "false", "n", "0", "2999-01-01",
        "31.12.2999",
    ],
)  # fmt: skip
def test_the_usual_words_for_inactive_are_recognised(word: str) -> None:
    assert state_of(word) == "inactive"


@pytest.mark.parametrize(
    "word",
    [
        "active", "published", "publish", "lieferbar", "im sortiment", "en vente", "en venta",
        "in vendita", "leverbaar", "till salu", "dostępny", "v prodeji", "elérhető", "saatavilla", "активен", "true",
        "y", "1", "2020-01-31", "2020-01-31t12:30:00z", "31.01.2020", "visible", "for_sale",
    ],
)  # fmt: skip
def test_the_usual_words_for_active_are_recognised(word: str) -> None:
    assert state_of(word) == "active"


@pytest.mark.parametrize("word", ["2", "checked by bob", "40", "perhaps", "z4", "lager nord"])
def test_words_that_are_not_states_are_unknown(word: str) -> None:
    assert state_of(word) == "unknown"
    assert opposite("unknown") == "unknown"


def test_an_unknown_state_makes_only_new_products_inactive() -> None:
    reading = read("SKU,Name,Status\nA,Mug,zz\nB,Cap,zz\nC,Pen,yy\nD,Cup,active\nE,Hat,\n")
    assert [(p.is_active, "is_active" in p.fields_set) for p in reading.products] == [
        (False, False), (False, False), (False, False), (True, True), (True, False),
    ]  # fmt: skip
    assert reading.feed.warnings.as_json() == [
        {"code": "unknown_state", "column": "Status", "value": "zz", "rows": 2},
        {"code": "unknown_state", "column": "Status", "value": "yy", "rows": 1},
    ]
    assert reading.feed.warnings.total == 3


def test_a_product_is_inactive_if_any_state_column_means_inactive() -> None:
    reading = read("SKU,Name,Active,Discontinued\nA,x,yes,yes\nB,x,zz,yes\nC,x,yes,no\nD,x,zz,no\n")
    assert [(p.is_active, "is_active" in p.fields_set) for p in reading.products] == [
        (False, True), (False, True), (True, True), (False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("mark", ["x", "X", "✓", "•"])
def test_a_blank_cell_in_a_column_of_check_marks_means_no(mark: str) -> None:
    active = read(f"SKU;Name;Aktiv\nA;Tasse;{mark}\nB;Topf;\n").products
    assert [(p.is_active, "is_active" in p.fields_set) for p in active] == [(True, True), (False, True)]
    blocked = read(f"SKU;Name;Gesperrt\nA;Tasse;{mark}\nB;Topf;\n").products
    assert [(p.is_active, "is_active" in p.fields_set) for p in blocked] == [(False, True), (True, True)]


def test_check_marks_are_recognised_only_beside_blank_cells() -> None:
    assert not is_mark_column(["x", "ja"], 3)
    assert not is_mark_column(["x", "x"], 2)
    assert not is_mark_column([], 2)
    blank = read("SKU;Name;Aktiv\nA;Tasse;ja\nB;Topf;\n").products[1]
    assert (blank.is_active, "is_active" in blank.fields_set) == (True, False)


def test_a_command_can_delete_a_product() -> None:
    reading = read("SKU,Title,Command\nA,Mug,DELETE\nB,Cap,MERGE\nC,Pen,UPDATE\nD,Hat,\n")
    assert [(p.is_active, "is_active" in p.fields_set) for p in reading.products] == [
        (False, True), (True, False), (True, False), (True, False),
    ]  # fmt: skip
    assert state_of_command("explode") == "unknown"
    assert read("SKU,Title,Action\nA,Mug,Figure\nB,Cap,Figure\n").products[0].source["Action"] == "Figure"


@pytest.mark.parametrize(
    ("record", "active"),
    [
        ({"attribute_set_id": 4, "type_id": "simple", "status": 2, "visibility": 4}, False),
        ({"attribute_set_id": 4, "type_id": "simple", "status": 1, "visibility": 4}, True),
        ({"status": "draft", "catalog_visibility": "visible"}, False),
        ({"status": "private", "regular_price": "5", "sale_price": ""}, False),
        ({"status": "publish", "catalog_visibility": "visible"}, True),
        ({"is_visible": False}, False),
        ({"is_visible": True}, True),
        ({"published_at": "2020-01-31T12:30:00+01:00"}, True),
        ({"published_at": "2999-01-31T12:30:00+01:00"}, False),
        ({"archived": True}, False),
    ],
)
def test_the_product_states_of_shop_system_apis_are_recognised(record: dict[str, object], active: bool) -> None:
    product = read(json.dumps([{"sku": "A", "name": "Mug", **record}]), "feed.json").product
    assert (product.is_active, "is_active" in product.fields_set) == (active, True)


@pytest.mark.parametrize(
    ("header", "cell", "active"),
    [
        ("Product Visible?", "N", False), ("Product Visible?", "Y", True),
        ("Square Online Item Visibility", "hidden", False), ("Square Online Item Visibility", "visible", True),
        ("Published", "2999-12-31", False), ("Status", "Sold out", False), ("Artikelstatus", "Auslauf", False),
        ("Status", "unlisted", False), ("Etat", "épuisé", False), ("Not for sale", "yes", False),
    ],
)  # fmt: skip
def test_the_product_states_of_shop_system_exports_are_recognised(header: str, cell: str, active: bool) -> None:
    product = read(f"SKU,Name,{header}\nA,Mug,{cell}\n").product
    assert (product.is_active, "is_active" in product.fields_set) == (active, True)


def test_an_unlisted_product_of_shopify_is_inactive() -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Status\n"
    assert not read(header + "mug,Mug,Size,S,M-S,5,unlisted\n").product.is_active


def test_the_number_of_different_warnings_is_limited() -> None:
    warnings = Warnings()
    for number in range(MAX_DIFFERENT + 50):
        warnings.add("unknown_state", "Status", f"state {number}" + "x" * 100)
    assert (len(warnings), warnings.total) == (MAX_DIFFERENT + 1, MAX_DIFFERENT + 50)
    assert warnings.as_json()[0] == {"code": "unknown_state", "column": "Status", "value": "other values", "rows": 50}


@pytest.mark.parametrize(
    "word",
    ["paused", "pausiert", "pausada", "en pause", "in pausa", "gepauzeerd", "wstrzymane", "приостановлено", "已暂停",
     "beklemede", "tạm dừng", "ditangguhkan", "suspendat", "szünetel", "cerrada", "finalizado", "terminée", "chiuso"],
)  # fmt: skip
def test_a_listing_that_is_paused_or_ended_is_inactive(word: str) -> None:
    assert state_of(word) == "inactive"


@pytest.mark.parametrize("status", ['"status": "active", ', ""])
def test_a_product_of_shopify_without_a_date_of_publication_is_not_published(status: str) -> None:
    def product(sku: str, published_at: str | None) -> str:
        variants = json.dumps([{"sku": sku, "price": "9.00"}])
        published = json.dumps(published_at)
        return f'{{"title": "T", "handle": "{sku}", {status}"published_at": {published}, "variants": {variants}}}'

    dates = {"A-1": "2024-01-02T10:00:00-05:00", "A-2": None, "A-3": "2999-01-01"}
    products = ", ".join(product(sku, date) for sku, date in dates.items())
    reading = read(f'{{"products": [{products}]}}', name="products.json")
    assert [(item.sku, item.is_active) for item in reading.products] == [("A-1", True), ("A-2", False), ("A-3", False)]


def test_a_column_of_publication_dates_without_any_date_does_not_set_the_state() -> None:
    reading = read("SKU;Name;Price;Published at\nA-1;Tee;9,00;\nA-2;Hut;5,00;\n")
    assert ["is_active" in item.fields_set for item in reading.products] == [False, False]
