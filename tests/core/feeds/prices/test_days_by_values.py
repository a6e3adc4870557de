"""Tests that the columns with the days of offers are recognised by their values if their names are unknown."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.core.feeds.feed_reading import Reading, read

TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=40), TODAY + timedelta(days=40)
HEADERS = {
    "he": "SKU;שם;מחיר;מחיר מבצע;מתאריך;עד תאריך",
    "ar": "SKU;الاسم;السعر;سعر العرض;من تاريخ;إلى تاريخ",
    "el": "SKU;Όνομα;Τιμή;Τιμή προσφοράς;Από;Έως",
    "id": "SKU;Nama;Harga;Harga promo;Mulai;Berakhir",
    "lt": "SKU;Pavadinimas;Kaina;Akcijos kaina;Nuo;Iki",
    "fa": "SKU;نام;قیمت;قیمت ویژه;از تاریخ;تا تاریخ",
    "ja": "SKU;商品名;定価;特価;開始日;終了日",
    "th": "SKU;ชื่อสินค้า;ราคาปกติ;ราคาโปรโมชั่น;วันเริ่มโปร;วันสิ้นสุดโปร",
}


def read_rows(header: str, *days: object) -> Reading:
    first, last, created, changed = days
    return read(f"{header}\nA;Cup;1290;990;{first};{last}\nB;Mug;1490;;{created};{changed}\n")


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_two_day_columns_after_an_offer_price_are_the_days_of_the_offer(header: str) -> None:
    reading = read_rows(header, FIRST, LAST, "", "")
    assert reading.details["mapping"]["offers"] == header.split(";")[3:]
    cup, mug = reading.products
    assert [f"{one.price}" for one in (cup, mug)] == ["1290.00", "1490.00"]
    (offer,) = cup.offers or ()
    assert (f"{offer.price}", offer.first, offer.last) == ("990.00", FIRST, LAST)
    assert not mug.offers


@pytest.mark.parametrize(
    "days",
    [
        (FIRST, LAST, FIRST, LAST), (LAST, FIRST, "", ""), (FIRST, TODAY - timedelta(days=3), "", ""),
        (FIRST, "soon", "", ""),
    ],
    ids=["in rows without offers", "the end before the start", "all in the past", "no days"],
)  # fmt: skip
def test_unrelated_columns_of_days_are_not_the_days_of_the_offers(days: tuple[object, ...]) -> None:
    reading = read_rows("SKU;Name;Price;Special price;Created;Changed", *days)
    assert "offers" not in reading.details["mapping"]
    assert [f"{product.price}" for product in reading.products] == ["1290.00", "1490.00"]
