"""Tests JSON tables. A JSON table has a list of column names and a list of rows."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

ROWS = [["T-01", "Teapot", 24.5, 6], ["T-02", "Strainer", 7, 0]]


@pytest.mark.parametrize(
    "document",
    [
        {"columns": ["SKU", "Name", "Price", "Stock"], "index": [0, 1], "data": ROWS},
        {"report": {"fields": ["Artikelnummer", "Bezeichnung", "Verkaufspreis", "Bestand"], "values": ROWS}},
        {"fecha": "2026-01-02", "columnas": ["Referencia", "Nombre", "Precio de venta", "Existencias"], "filas": ROWS},
    ],
)
def test_a_list_of_names_and_a_list_of_rows_are_read_as_a_table(document: dict[str, Any]) -> None:
    reading = read(json.dumps(document), "table.json")
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        ("T-01", "Teapot", "24.50", 6), ("T-02", "Strainer", "7.00", 0),
    ]  # fmt: skip
    assert not reading.feed.questions


def test_a_row_with_a_wrong_number_of_values_is_rejected() -> None:
    document = {"columns": ["SKU", "Name", "Price", "Stock"], "data": [*ROWS, ["T-03", "Cup", 5]]}
    reading = read(json.dumps(document), "table.json")
    assert (len(reading.products), reading.rejection.code) == (2, "bad_json")


@pytest.mark.parametrize("names", [["SKU", "Name", "Price"], ["SKU", "SKU", "Price", "Stock"], ["a", "b", "c", "d"]])
def test_lists_without_column_names_are_not_a_table(names: list[str]) -> None:
    with pytest.raises(UnreadableFeed):
        read(json.dumps({"columns": names, "data": ROWS}), "table.json")
