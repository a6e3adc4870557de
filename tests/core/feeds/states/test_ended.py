"""Tests that a column is a column of states, whatever its name is, if some cells say that a product has ended."""

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
