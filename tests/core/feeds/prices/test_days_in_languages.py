"""Tests day columns of offers whose names are in other languages or are unknown."""

import pytest

from tests.core.feeds.feed_reading import read


def rows(*ends: str) -> str:
    return f"A;Cup;185.50;;\nB;Mug;95;79;{ends[0]}\nC;Jug;120;99;{ends[1]}\n"


@pytest.mark.parametrize(
    ("price", "offer", "last"),
    [("السعر", "السعر المخفض", "تاريخ نهاية التخفيض"), ("سعر البيع", "سعر العرض", "تاريخ انتهاء العرض"),
     ("מחיר", "מחיר מבצע", "תאריך סיום מבצע"), ("Τιμή", "Τιμή προσφοράς", "Ημ/νία λήξης προσφοράς"),
     ("Harga", "Harga promo", "Tanggal berakhir promo"), ("Cijena", "Akcijska cijena", "Kraj akcije"),
     ("Kaina", "Akcijos kaina", "Akcijos pabaiga"), ("قیمت", "قیمت تخفیف خورده", "پایان تخفیف")],
)  # fmt: skip
def test_the_last_day_of_an_offer_is_recognised_in_other_languages(price: str, offer: str, last: str) -> None:
    reading = read(f"SKU;Name;{price};{offer};{last}\n{rows('2030-12-31', '2025-03-30')}", currency="EUR")
    assert reading.feed.questions == ()
    days = [[str(each.last)[:10] for each in product.offers or ()] for product in reading.products]
    assert days == [[], ["2030-12-31"], ["2025-03-30"]]
    assert [str(product.price) for product in reading.products] == ["185.50", "95.00", "120.00"]


def test_the_answer_about_offers_uses_a_day_column_with_an_unknown_name() -> None:
    content = f"SKU;Name;Price;Special price;Qwertz\n{rows('2030-12-31', '2025-03-30')}"
    (question,) = read(content).feed.questions
    assert (question.key, question.choices[1].value) == ("offers", "Special price")
    assert '"Qwertz"' in question.choices[1].label
    answered = read(content, mapping={"offers": "Special price"})
    days = [[str(each.last)[:10] for each in product.offers or ()] for product in answered.products]
    assert (days, answered.feed.questions) == ([[], ["2030-12-31"], ["2025-03-30"]], ())


def test_a_date_column_that_has_dates_without_offers_does_not_limit_offers() -> None:
    content = f"SKU;Name;Price;Special price;Qwertz\n{rows('2030-12-31', '2025-03-30')}".replace(
        ";;\n", ";;2026-01-02\n"
    )
    answered = read(content, mapping={"offers": "Special price"})
    assert [[each.last for each in product.offers or ()] for product in answered.products] == [[], [None], [None]]
