"""Tests that the stocks of several places in the lists of JSON and XML are added up."""

import json

import pytest

from tests.core.feeds.feed_reading import read


def counts(text: str) -> list[int | None]:
    return [one.inventory_count for one in read(text).products]


def xml(*stocks: str) -> str:
    items = "".join(
        f"<Item><Code>A-{number}</Code><Name>Mug</Name><Price>9.90</Price>{stock}</Item>"
        for number, stock in enumerate(stocks)
    )
    return f"<?xml version='1.0'?><Items>{items}</Items>"


@pytest.mark.parametrize(
    "stock",
    [
        '<Stock><Shop name="Leeds">{}</Shop><Shop name="York">{}</Shop></Stock>',
        '<Bestaende><Bestand lager="Nord" menge="{}"/><Bestand lager="Ost" menge="{}"/></Bestaende>',
        '<existencias><almacen cod="1">{}</almacen><almacen cod="2">{}</almacen></existencias>',
        "<Stany><Magazyn><Nazwa>M1</Nazwa><Ilosc>{}</Ilosc></Magazyn><Magazyn><Nazwa>M2</Nazwa><Ilosc>{}</Ilosc>"
        "</Magazyn></Stany>",
        '<Stocks><Stock almacen="Central">{}</Stock><Stock almacen="Tienda">{}</Stock></Stocks>',
        '<inventory><store id="1" onhand="{}"/><store id="2" onhand="{}"/></inventory>',
        '<Stocuri><Gestiune nume="Magazin">{}</Gestiune><Gestiune nume="Depozit">{}</Gestiune></Stocuri>',
    ],
)
def test_the_stocks_of_places_in_xml_are_added_up(stock: str) -> None:
    assert counts(xml(stock.format(3, 4), stock.format(0, 2))) == [7, 2]


@pytest.mark.parametrize(
    "stock",
    [
        lambda first, second: {"stock": [{"warehouse": "Leeds", "qty": first}, {"warehouse": "York", "qty": second}]},
        lambda first, second: {"stock": {"Leeds": first, "York": second}},
        lambda first, second: {
            "inventory_levels": [{"location_id": 1, "available": first}, {"location_id": 2, "available": second}]
        },
        lambda first, second: {"depots": [{"nom": "Lyon", "qte": first}, {"nom": "Nantes", "qte": second}]},
        lambda first, second: {"warehouses": [{"code": "01", "qty": first}, {"code": "02", "qty": second}]},
    ],
)
def test_the_stocks_of_places_in_json_are_added_up(stock) -> None:  # type: ignore[no-untyped-def]
    products = [
        {"sku": "A-0", "name": "Mug", "price": 9.9, **stock(3, 4)},
        {"sku": "A-1", "name": "Cup", "price": 8.9, **stock(0, 2)},
    ]
    assert counts(json.dumps(products)) == [7, 2]


def test_the_stock_of_a_place_that_first_occurs_in_a_late_record_is_added() -> None:
    places = [{"warehouse": "X", "qty": 1}, {"warehouse": "Y", "qty": 2}]
    products = [{"sku": f"A-{n}", "name": "Mug", "price": 9.9, "stock": places} for n in range(1_100)]
    products.append({"sku": "Z", "name": "Cup", "price": 8.9, "stock": [*places, {"warehouse": "V", "qty": 4}]})
    assert counts(json.dumps(products))[-2:] == [3, 7]


def test_repeated_amounts_without_a_place_are_not_added_up() -> None:
    assert counts(xml("<stock>3</stock><stock>4</stock>", "<stock>5</stock><stock>5</stock>")) == [3, 5]


def test_reserved_and_expected_pieces_are_not_added_up() -> None:
    stock = {"stock": {"onhand": 10, "reserved": 3, "available": 7}}
    assert counts(json.dumps([{"sku": "A", "name": "Mug", "price": 9.9, **stock}] * 1)) == [7]


@pytest.mark.parametrize(
    "header", ["Ref;Artículo;PVP;Stock tienda;Stock almacén", "Nr;Artikel;Preis;Bestand Lager;Bestand Filiale"]
)
def test_stocks_in_columns_named_warehouse_and_shop_are_added_up(header: str) -> None:
    assert counts(f"{header}\nA-1;Taza;9,90;4;2\nA-2;Olla;19,90;0;1\n") == [6, 1]


def test_a_warehouse_number_is_not_a_stock() -> None:
    products = [
        {"sku": "A-0", "name": "Mug", "price": 9.9, "stock": [{"warehouseId": 1, "netStock": 4}]},
        {"sku": "A-1", "name": "Cup", "price": 8.9, "stock": [{"warehouseId": 1, "netStock": 0}]},
    ]
    assert counts(json.dumps(products)) == [4, 0]


@pytest.mark.parametrize(
    "header",
    [
        "Varenr;Produkt;Vår pris;Butikk Oslo;Butikk Bergen;Nettlager",
        "Artnr;Produkt;Pris;Lager butik;Lager webb;Lager Kista",
        "REF;MODELO;PVP;T36;T38;T40",
        "Kod;Nazwa;Cena;Razem 2023;Sklep A;Sklep B",
    ],
)
def test_stocks_in_columns_of_places_or_sizes_are_added_up(header: str) -> None:
    expected = [7, 5] if "Razem" in header else [8, 5]
    assert counts(f"{header}\nA-1;Ski;99,50;1;2;5\nA-2;Staver;49,50;0;4;1\n") == expected


def test_a_total_column_that_is_the_sum_of_other_columns_is_the_stock() -> None:
    assert counts("SKU;Name;Price;Athens;Patras;Total\nA;Mug;9,90;40;20;60\nB;Cup;8,90;0;5;5\n") == [60, 5]
    assert counts("SKU;Name;Price;Athens;Patras;Total\nA;Mug;9,90;40;20;61\nB;Cup;8,90;0;5;5\n") == [None, None]


def test_a_percentage_is_not_a_stock() -> None:
    assert counts("SKU;Name;Price;DB %\nA;Mug;9,90;41\nB;Cup;8,90;38\n") == [None, None]


def test_an_unlimited_product_has_no_stock() -> None:
    products = [
        {"sku": "A", "name": "Mug", "price": 9.9, "quantity": 4, "unlimited": False},
        {"sku": "B", "name": "Cup", "price": 8.9, "unlimited": True},
    ]
    policies = [(one.inventory_policy, one.inventory_count) for one in read(json.dumps(products)).products]
    assert policies == [("tracked", 4), ("untracked", 0)]


def test_the_stock_of_a_jtl_export_is_read() -> None:
    text = "Artikelnummer;Artikelname;Brutto-VK;Auf Lager;Verfügbar\nJ-1;Tasse;9,90;10;8\nJ-2;Topf;19,90;2;2\n"
    reading = read(text)
    assert (reading.details["profile"], [one.inventory_count for one in reading.products]) == ("jtl", [8, 2])
