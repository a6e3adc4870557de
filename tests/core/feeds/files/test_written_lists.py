"""Tests lists that people write without columns: each line has a code, a name, a price and a stock."""

import time

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.files.written_lists import detect, product_in

NAIRA = """MAMA TEE FOODSTUFF - PRICES FROM 25 NOV
------------------------------------
GR01 - Ofada rice, 5kg - N9,500 - 20 bags
GR02 - Garri ijebu aso-oke - N2,800 - 45 bags
OL01 - Palm oil 4 litres - N111,000 - finished
Call before coming!
"""
HRYVNIA = """ПРАЙС на 27.11.2026

101  Мед липовий 0,5 л — 180 грн — 24 шт
102  Мед гречаний 1 л — 320 грн — 10 шт
205  Прополіс настоянка — 95,50 грн — немає
"""


def test_lines_with_codes_names_and_prices_are_products() -> None:
    products = read(HRYVNIA, currency="UAH").products
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in products] == [
        ("101", "Мед липовий 0,5 л", "180.00", 24), ("102", "Мед гречаний 1 л", "320.00", 10),
        ("205", "Прополіс настоянка", "95.50", 0),
    ]  # fmt: skip


def test_a_letter_beside_an_amount_can_be_the_symbol_of_the_catalog_currency() -> None:
    reading = read(NAIRA, mapping={"decimal": "."}, currency="NGN")
    assert [(one.sku, one.name, int(one.price or 0), one.inventory_count) for one in reading.products] == [
        ("GR01", "Ofada rice, 5kg", 9500, 20), ("GR02", "Garri ijebu aso-oke", 2800, 45),
        ("OL01", "Palm oil 4 litres", 111000, 0),
    ]  # fmt: skip
    assert {one.code for one in reading.rejected} <= {"no_product"}


@pytest.mark.parametrize(
    "text",
    [
        "TITLE\n1. Cut the onion - 2 pcs\n2. Fry it - 10 min\n3. Serve - 1 h\n",
        "TITLE\n1  Mug - 9.50 EUR\n2  Jug - 8.50 EUR\n3  Pan - 7.50 EUR\n",
        "TITLE\nA1 Mug - 4 pcs\nA2 Jug - 3 pcs\nA3 Pan - 2 pcs\n",
        "TITLE\nA1 Mug - 9.50 EUR - 4 - old - red\nA2 Jug - 8.50 EUR - 1 - old - red\nA3 Pan - 7 EUR - 1 - x - y\n",
    ],
)
def test_texts_without_codes_names_and_prices_are_not_written_lists(text: str) -> None:
    assert detect(text.splitlines(keepends=True)) is None
    with pytest.raises(UnreadableFeed):
        read(text)


def test_a_line_is_read_in_linear_time() -> None:
    begin = time.process_time()
    for line in ("A1 " + " " * 290, "A1 x" + " -" * 140, "A1 x - " + "1," * 140, "A1" + "\t" * 290, "1" * 299):
        for _ in range(20):
            product_in(line)
    assert time.process_time() - begin < 1
