"""Tests that a column with any name is a state column if some of its cells mean that a product is discontinued."""

import pytest

from tests.core.feeds.feed_reading import read


def states(column: str, *cells: str) -> list[bool | None]:
    rows = "".join(f"A{number};Cup {number};12,90;{cell}\n" for number, cell in enumerate(cells))
    return [product.is_active for product in read(f"SKU;Name;Price;{column}\n{rows}").products]


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("区分", "廃番"), ("备注", "停产"), ("Info", "Arrêté"), ("Remark", "discontinued"),
        ("Hinweis", "Auslaufartikel"),
        ("Pozn.", "ukončeno"), ("Bem.", "ausgelistet"),
        ("Nota", "descatalogado"),
        ("Прим.", "снят с продажи"),  # noqa: RUF001
    ],
)  # fmt: skip
def test_a_remark_that_a_product_is_discontinued_makes_the_product_inactive(column: str, word: str) -> None:
    assert states(column, "", word, "", "") == [True, False, True, True]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Remark", ("", "discontinued", "new colour", "")), ("Fragile", ("", "no", "", "")),
        ("Remark", ("discontinued", "discontinued", "discontinued", "")), ("Info", ("", "sold out", "", "")),
        ("Colour", ("", "passiv", "", "")), ("Class", ("", "E", "", "")),
    ],
)  # fmt: skip
def test_remarks_that_do_not_mean_discontinued_do_not_change_the_state(column: str, cells: tuple[str, ...]) -> None:
    assert states(column, *cells) == [True] * 4


@pytest.mark.parametrize(
    "remark",
    ["Suspended lamp", "Retirement gift", "Baja tensión", "Hors-bord", "Fuori misura", "Not recommended under 3",
     "Suspended ceiling", "Inactive yeast", "Hors taxe", "Hors série", "Silindir", "Discontinuous", "Удаленка",
     "Abandoned castle", "Archived photo print", "Retired sailor figure", "Üretim Almanya", "Ritirato 3 m"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["Note", "Remarks", "Observaciones"])
def test_a_remark_that_describes_a_product_does_not_change_the_state(column: str, remark: str) -> None:
    assert states(column, "", remark, "", "") == [True] * 4


def test_the_name_of_a_region_is_not_a_state() -> None:
    reading = read("SKU;Name;Price;Estado\nA;Cup;12,90;Baja California\nB;Mug;12,90;Baja California\n")
    assert [warning["code"] for warning in reading.details["warnings"]] == ["unknown_state"]


@pytest.mark.parametrize(
    "remark",
    ["Discontinued item", "discontinued 2024", "Discontinued by manufacturer", "hors catalogue", "Fuori produzione",
     "Baja definitiva", "retirado del catálogo", "wycofany ze sprzedaży",
     "Снят с производства", "Ukončený predaj", "Poistunut valikoimasta", "wycofany z oferty",  # noqa: RUF001
     "Utgått ur sortimentet"],
)  # fmt: skip
def test_a_remark_that_contains_a_word_for_discontinued_changes_the_state(remark: str) -> None:
    assert states("Remarks", "", remark, "", "") == [True, False, True, True]
