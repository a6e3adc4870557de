"""Tests that the preview and the import of a workbook with merged header cells have the same column names."""

import io
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import written
from wecelebrate.feeds.proposal import propose

HEADERS: dict[str, tuple[list[str | None], list[str | None]]] = {
    "nl": (
        ["Artikel", None, None, "Prijzen (EUR)", None, "Voorraad", None, "Contactpersoon inkoop"],
        ["Artikelnr", "Omschrijving", "Merk", "Inkoop", "Verkoop incl. btw", "Utrecht", "Eindhoven", None],
    ),
    "de": (
        ["Artikel", None, None, "Preise", None, "Bestand", None, "Lieferant"],
        ["Artikelnr.", "Bezeichnung", "Marke", "EK netto", "VK brutto", "Berlin", "Köln", None],
    ),
    "en": (
        ["Item", None, None, "Prices", None, "Stock", None, "Supplier"],
        ["SKU", "Name", "Brand", "Cost", "Retail price", "Leeds", "York", None],
    ),
}


@pytest.mark.parametrize("language", HEADERS)
def test_preview_and_import_have_the_same_names_of_merged_columns(language: str) -> None:
    groups, names = HEADERS[language]

    def write(book: Any) -> None:
        sheet = book.add_worksheet("Items")
        for first, last in ((0, 2), (3, 4), (5, 6)):
            sheet.merge_range(0, first, 0, last, groups[first])
        sheet.merge_range(0, 7, 1, 7, groups[7])
        for at, name in enumerate(names[:7]):
            sheet.write(1, at, name)
        for number, row in enumerate(
            (["A-1", "Cup", "Acme", 4, 7.5, 3, 2, "Jo"], ["A-2", "Mug", "Bolt", 5, 9, 0, 4, "Al"])
        ):
            sheet.write_row(2 + number, 0, row)

    content = written(write)
    feed = read(content, "items.xlsx").feed
    proposal = propose(io.BytesIO(content), "items.xlsx", {}, "EUR")
    assert [column.name for column in proposal.columns] == feed.header
    assert proposal.fields[5].columns == feed.details["mapping"]["price"].split("\n")
    assert feed.header[7] == groups[7]
