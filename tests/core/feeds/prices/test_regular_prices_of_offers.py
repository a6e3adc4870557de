"""Tests that a crossed-out or recommended price is the regular price if the file has an offer with days."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header",
    [
        "貨號;品名;定價;特價;特價截止日", "货号;品名;标价;促销价;促销结束日期",
        "商品コード;商品名;定価;セール価格;セール終了日",
        "상품코드;상품명;정가;할인가;할인종료일",
        "SKU;Name;UVP;Aktionspreis;Aktion bis",
        "Kód;Název;Běžná cena;Akční cena;Akce do",
        "SKU;Name;RRP;Promo price;Promo ends",
    ],
)  # fmt: skip
def test_the_regular_price_is_the_product_price_beside_an_offer_with_a_last_day(header: str) -> None:
    reading = read(f"{header}\nA;Cup;12,90;9,90;30.11.2026\nB;Mug;14,90;;\nC;Jug;20,00;18,50;01.10.2026\n")
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.00"]
    assert [[str(offer.price) for offer in product.offers or ()] for product in reading.products] == [
        ["9.90"],
        [],
        ["18.50"],
    ]


def test_an_offer_price_without_days_is_the_product_price() -> None:
    reading = read("貨號;品名;定價;特價\nA;Cup;12,90;9,90\nB;Mug;14,90;11,00\n")
    assert [str(product.price) for product in reading.products] == ["9.90", "11.00"]


def test_a_mapped_offer_price_is_the_product_price() -> None:
    text = "SKU;Name;RRP;Promo price;Promo ends\nA;Cup;12,90;9,90;30.11.2026\nB;Mug;14,90;11,00;30.11.2026\n"
    reading = read(text, mapping={"price": "Promo price"})
    assert [str(product.price) for product in reading.products] == ["9.90", "11.00"]
