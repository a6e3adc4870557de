"""Tests the code pages of short files with Hebrew or Arabic letters, and of short files from DOS."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ('מק"ט,שם מוצר,מחיר לצרכן,מלאי\nA-1,כוס אדומה,₪24.90,7\nA-2,קערה,₪149.00,1\n', "cp1255", "כוס אדומה"),  # noqa: RUF001
        ("Art.-Nr.;Bezeichnung;Preis\nA-1;Kühltasche;9,90\nA-2;Tasse;8,90\n", "cp850", "Kühltasche"),
        ("SKU;Name;Price\nA-1;Кружка красная USB;9,90\nA-2;Чашка;8,90\n", "cp1251", "Кружка красная USB"),
    ],
)
def test_a_short_file_is_read_in_its_code_page(text: str, encoding: str, name: str) -> None:
    assert read(text, encoding=encoding, currency="ILS").products[0].name == name
