"""Tests files whose only identifier was rounded by a spreadsheet."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("name", "number"), [("EAN", "4,01235E+12"), ("Barcode", "8.71234E+12"), ("GTIN", "7,6101E+12")]
)
def test_rows_with_rounded_numbers_are_rejected_without_a_question(name: str, number: str) -> None:
    rows = "".join(f"{number};Cup {color};12,90;{n}\n" for n, color in enumerate(("red", "blue", "green")))
    reading = read(f"{name};Bezeichnung;VK;Bestand\n{rows}")
    assert [rejected.code for rejected in reading.rejected] == ["rounded_number"] * 3
    assert not reading.feed.questions
