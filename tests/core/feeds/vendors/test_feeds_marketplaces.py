"""Tests that feeds for Yandex Market, Heureka and Ceneo are read."""

# ruff: noqa: RUF001 - the texts are Russian

import pytest

from tests.core.feeds.feed_reading import read_file


def test_an_offer_of_yandex_market_has_its_category_path_and_its_currency() -> None:
    reading = read_file("yandex-market.xml", "EUR")
    assert reading.details["kind"] == "Yandex Market (YML)"
    tea, kettle = reading.products
    assert (tea.sku, tea.name, tea.brand, tea.category) == ("TEA-1", "Чай Ассам, 100 г", "Лавка", "Подарки > Чай")
    assert (str(tea.price), tea.currency, tea.inventory_count, tea.is_active) == ("1290.00", "RUB", 14, True)
    assert tea.images == ["https://lavka.example/tea-1.jpg", "https://lavka.example/tea-1b.jpg"]
    assert (tea.attributes["Вес"], tea.attributes["Цвет"], tea.attributes["MPN"]) == ("100 г", "золотой", "A100")
    assert (kettle.sku, kettle.name, str(kettle.price)) == ("LV-TEA-2", "Чайник Лавка Т-2", "3450.50")
    assert not kettle.is_active
    assert (tea.inventory_policy, kettle.inventory_policy) == ("tracked", "untracked")


def test_the_purchase_price_in_a_feed_of_yandex_market_is_not_an_attribute() -> None:
    tea = read_file("yandex-market.xml", "EUR").products[0]
    assert "610" not in tea.attributes.values()
    assert tea.source["purchase_price"] == "610"


def test_an_item_of_heureka_has_its_price_with_tax_and_its_category_path() -> None:
    reading = read_file("heureka.xml", "CZK")
    assert reading.details["kind"] == "Heureka"
    cup, pot = reading.products
    assert (cup.sku, cup.name, cup.brand) == ("HR-1", "Hrnek Modrý 300 ml", "Dílna Lípa")
    assert cup.category == "Dům a zahrada > Kuchyně > Hrnky"
    assert (str(cup.price), cup.currency, str(pot.price)) == ("349.00", "CZK", "1249.00")
    assert cup.images == ["https://hrnky.example/hr-1.jpg", "https://hrnky.example/hr-1-b.jpg"]
    assert cup.attributes == {"Barva": "modrá", "GTIN": "8590000000017", "MPN": "L-300-M"}
    assert "inventory_count" not in pot.fields_set


def test_price_and_stock_of_a_ceneo_offer_are_read_from_xml_attributes() -> None:
    reading = read_file("ceneo.xml", "PLN")
    assert reading.details["kind"] == "Ceneo"
    mug, service = reading.products
    assert (mug.sku, mug.name, mug.brand, mug.category) == (
        "CN-1",
        "Kubek zielony",
        "Pracownia Lipa",
        "Dom > Kuchnia > Kubki",
    )
    assert (str(mug.price), mug.inventory_count, mug.attributes["Kolor"]) == ("49.90", 12, "zielony")
    assert (str(service.price), service.inventory_count, service.is_active) == ("1299.00", 0, True)


@pytest.mark.parametrize("file", ["yandex-market.xml", "heureka.xml", "ceneo.xml"])
def test_every_record_of_a_marketplace_feed_is_counted(file: str) -> None:
    reading = read_file(file, "EUR")
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read == 2
    assert not reading.rejected
