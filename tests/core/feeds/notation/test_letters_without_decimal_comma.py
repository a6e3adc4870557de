"""Tests amounts such as `2,750` in scripts of countries that do not use a decimal comma."""

import pytest

from tests.core.feeds.feed_reading import read

HEADERS = {
    "ja": "商品コード,商品名,販売価格(税込),仕入価格,在庫数",
    "ko": "상품코드,상품명,판매가,공급가,재고수량",
    "zh": "货号,品名,零售价,进价,库存数量",
    "zh-tw": "貨號,品名,售價,成本,庫存",
    "th": "รหัสสินค้า,ชื่อสินค้า,ราคาขาย,ต้นทุน,จำนวน",
    "he": "קוד פריט,תיאור,מחיר,מחיר עלות,מלאי",
    "hi": "SKU,उत्पाद का नाम,मूल्य,लागत मूल्य,स्टॉक",
}


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KRW"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_comma_before_three_digits_groups_thousands(header: str, currency: str) -> None:
    reading = read(header + '\nA-1,Cup red,"2,750","1,200",4\nB-2,Mug,"12,100","6,400","1,500"\n', currency=currency)
    assert reading.feed.questions == ()
    assert [int(product.price or 0) for product in reading.products] == [2750, 12100]
    assert [product.inventory_count for product in reading.products] == [4, 1500]


@pytest.mark.parametrize(
    "rows",
    ['A-1,杯,"2,750"\nB-2,壺,"12,100"\nC-3,茶,"12,50"\n', "A-1,杯,2.750\nB-2,壺,12.100\n"],
)
def test_a_clear_decimal_comma_is_used(rows: str) -> None:
    reading = read("商品コード,商品名,価格\n" + rows, currency="EUR")
    if '"12,50"' in rows:
        assert [str(product.price) for product in reading.products] == ["2.75", "12.10", "12.50"]
    else:
        assert [question.key for question in reading.feed.questions] == ["decimal"]


def test_a_latin_header_does_not_determine_the_decimal_separator() -> None:
    reading = read('Kode,Nama,Harga\nA-1,Cangkir,"2,750"\nB-2,Mangkuk,"12,100"\n', currency="EUR")
    assert [question.key for question in reading.feed.questions] == ["decimal"]
