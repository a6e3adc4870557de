"""Tests other usual names of state columns, and that a product is active only if it is visible and for sale."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    ("names", "yes", "no"),
    [
        (("진열상태", "판매상태"), "Y", "N"), (("진열여부", "판매여부"), "Y", "N"), (("掲載", "販売"), "1", "0"),
        (("Visible", "For sale"), "yes", "no"), (("Sichtbar", "Verkäuflich"), "ja", "nein"),
    ],
)  # fmt: skip
def test_a_product_that_is_hidden_or_not_for_sale_is_inactive(names: tuple[str, str], yes: str, no: str) -> None:
    rows = f"A,Cup,5,{yes},{yes}\nB,Mug,5,{no},{yes}\nC,Jug,5,{yes},{no}\n"
    reading = read(f"SKU,Name,Price,{names[0]},{names[1]}\n{rows}")
    assert [product.is_active for product in reading.products] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("להציג באתר", "כן", "לא"), ("გაყიდვაშია", "კი", "არა"), ("বিক্রয়যোগ্য", "হ্যাঁ", "না"),
        ("Live on site?", "Yes", "No"),
        ("बिक्री के लिए", "हाँ", "नहीं"), ("Live", "Y", "N"), ("גלוי באתר", "כן", "לא"),
    ],
)  # fmt: skip
def test_other_usual_names_of_state_columns_are_recognised(name: str, yes: str, no: str) -> None:
    reading = read(f"SKU,Name,Price,{name}\nA,Cup,5,{yes}\nB,Mug,5,{no}\nC,Jug,5,{yes}\n")
    assert [product.is_active for product in reading.products] == [True, False, True]
