"""Tests day columns of offers whose names are in other languages or are unknown."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.core.types.text import MAX_LABEL_LENGTH
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.columns.setting_names import setting_name


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


UNNAMED = f"SKU;Name;Price;Special price;{{0}}\n{rows('2030-12-31', '2025-03-30')}"


def ends(content: str, answer: str) -> list[list[str]]:
    answered = read(content, mapping={"offers": answer})
    assert answered.feed.questions == ()
    return [[str(each.last)[:10] for each in product.offers or ()] for product in answered.products]


@pytest.mark.parametrize("name", ["Qwertz", "Slutter", "Dënn", "Ends on"])
def test_an_answer_can_name_the_last_day_of_an_offer(name: str) -> None:
    (question,) = read(UNNAMED.format(name)).feed.questions
    assert [choice.value for choice in question.choices] == ["", "Special price", f"Special price | {name}"]
    assert f'"{name}"' in question.choices[2].label
    assert ends(UNNAMED.format(name), question.choices[2].value) == [[], ["2030-12-31"], ["2025-03-30"]]
    assert ends(UNNAMED.format(name), question.choices[1].value) == [[], ["None"], ["None"]]


@pytest.mark.parametrize("name", ["Next delivery", "Qwertz", "Neste innkjøp", "Nästa leverans", "Próxima compra"])
def test_an_answer_that_names_only_the_offer_uses_no_day_by_its_position(name: str) -> None:
    assert ends(UNNAMED.format(name), "Special price") == [[], ["None"], ["None"]]


@pytest.mark.parametrize("name", ["Next delivery", "Nästa leverans", "Data consegna", "Liefertermin", "次回入荷"])
def test_the_day_of_a_delivery_is_no_answer(name: str) -> None:
    (question,) = read(UNNAMED.format(name)).feed.questions
    assert [choice.value for choice in question.choices] == ["", "Special price"]


def test_an_answer_with_long_names_is_shortened_and_understood() -> None:
    name = "Qwertz " * 60
    (question,) = read(UNNAMED.format(name)).feed.questions
    answer = setting_name(question.choices[2].value)
    assert len(answer) <= MAX_LABEL_LENGTH
    assert ends(UNNAMED.format(name), answer) == [[], ["2030-12-31"], ["2025-03-30"]]


def test_a_file_without_the_day_that_the_answer_names_is_not_read() -> None:
    with pytest.raises(UnreadableFeed, match=r"Special price \| Qwertz"):
        read(UNNAMED.format("Another"), mapping={"offers": "Special price | Qwertz"})


def test_a_date_column_that_has_dates_without_offers_does_not_limit_offers() -> None:
    content = f"SKU;Name;Price;Special price;Qwertz\n{rows('2030-12-31', '2025-03-30')}".replace(
        ";;\n", ";;2026-01-02\n"
    )
    answered = read(content, mapping={"offers": "Special price"})
    assert [[each.last for each in product.offers or ()] for product in answered.products] == [[], [None], [None]]
