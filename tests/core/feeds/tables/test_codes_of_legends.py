"""Tests that legends above and below a table explain the codes of states and stocks."""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import table


def states(reading: Reading) -> list[bool]:
    return [product.is_active for product in reading.products if "is_active" in product.fields_set]


@pytest.mark.parametrize(
    ("column", "legend", "codes"),
    [
        ("Statut", "A = article en vente\nE = épuisé\nS = supprimé du catalogue", "AES"),
        ("Status", "Status: 1 = lieferbar, 2 = ausverkauft, 3 = ausgelaufen", "123"),
        ("Status", "V: verfügbar; N: nicht mehr lieferbar; G: gesperrt", "VNG"),
        ("Status", "L = for sale / X = sold out / D = discontinued", "LXD"),
        ("Estado", "V = a la venta, A = agotado, D = descatalogado", "VAD"),
        ("Stato", "V = in vendita | E = esaurito | F = fuori produzione", "VEF"),
        ("Status", "L = leverbaar, U = uitverkocht, V = vervallen", "LUV"),
        ("Status", "● = active ○ = inactive × = discontinued", "●○×"),
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_a_legend_explains_the_codes_of_states(column: str, legend: str, codes: str, above: bool) -> None:
    lines = "".join(f'"{line}";;;\n' for line in legend.split("\n"))
    rows = "".join(f"J-{n};Puzzle;19,90;{code}\n" for n, code in enumerate(codes))
    body = f"SKU;Name;Price;{column}\n{rows}"
    reading = read(f"{lines}\n{body}" if above else f"{body};;;\n{lines}")
    assert states(reading) == [True, False, False]
    assert reading.feed.warnings.as_json() == []
    assert [product.sku for product in reading.products] == ["J-0", "J-1", "J-2"]


def test_a_legend_explains_the_codes_of_a_stock() -> None:
    rows = "SKU,Name,Price,Availability\nA-1,Mug,9.90,G\nA-2,Pot,19.90,Y\nA-3,Cap,4.90,R\n"
    text = f'{rows}\n"G = in stock, Y = low stock, R = out of stock",,,\n'
    stocks = [(product.inventory_policy, product.inventory_count) for product in read(text).products]
    assert stocks == [("untracked", 0), ("tracked", 1), ("tracked", 0)]


def test_a_legend_in_two_columns_of_a_workbook_is_read() -> None:
    rows: list[list[Any]] = [
        ["SKU", "Name", "Price", "Status"], ["A-1", "Mug", 9, "V"], ["A-2", "Pot", 8, "W"], ["A-3", "Jar", 7, "V"],
        [None], ["V", "available for sale"], ["W", "withdrawn, discontinued"],
    ]  # fmt: skip
    assert states(read(table(*rows), "feed.xlsx")) == [True, False, True]


@pytest.mark.parametrize(
    "legend",
    ["A = available, E = only in Austria", "Tel: 0123, Fax: 0456", "A = Apfel, E = Erdbeere", ""],
)
def test_a_code_that_the_legend_does_not_explain_is_unknown(legend: str) -> None:
    reading = read(f"SKU;Name;Price;Status\nA-1;Mug;9;A\nA-2;Pot;8;E\nA-3;Jar;7;A\n;;;\n{legend};;;\n")
    assert "is_active" not in reading.products[1].fields_set


def test_a_legend_does_not_change_other_columns() -> None:
    rows = "SKU;Name;Size;Price;Stock\nA-1;Shirt;S;9;3\nA-2;Shirt;M;9;4\nA-3;Shirt;L;9;5\n"
    text = f"S = sold out, M = in stock, L = for sale\n{rows}"
    reading = read(text)
    assert [product.attributes["Size"] for product in reading.products] == ["S", "M", "L"]
    assert [product.inventory_count for product in reading.products] == [3, 4, 5]
