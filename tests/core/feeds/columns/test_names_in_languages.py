"""Tests which name column is used if a file has name columns in several languages."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header",
    [
        "Pavadinimas;Name (EN)", "Pavadinimas (LT);Name (EN)", "Dénomination FR;Benaming NL", "Název;Name EN",
        "Titel DE;Title EN", "Nimi (FI);Name (EN);Namn (SV)",
    ],
)  # fmt: skip
def test_the_first_of_several_name_columns_is_used(header: str) -> None:
    others = ";Other cup" * header.count(";")
    reading = read(f"SKU;{header};Price\nA-1;First cup{others};1.50\nA-2;First mug{others};2.50\n")
    assert [product.name for product in reading.products] == ["First cup", "First mug"]


@pytest.mark.parametrize("header", ["Name (EN);Price", "Title EN;Price", "Name DE;Price"])
def test_the_only_name_column_is_used_in_any_language(header: str) -> None:
    assert [product.name for product in read(f"SKU;{header}\nA-1;Cup;1.50\n").products] == ["Cup"]
