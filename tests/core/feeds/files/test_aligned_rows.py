"""Tests printed lists with several pages, with one space between column names, or with double-width characters."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

ICELANDIC = """\
Hestavörur ehf.               Birgðalisti 27.11.2026          Síða 1

Vörunr.  Lýsing                      Innkaup  Verð m/vsk Birgðir
================================================================
00210    Reiðmúll, svartur             7.415      14.900       6
00350    Hnakkur, íslenskt snið      148.300     289.000       0
\fHestavörur ehf.               Birgðalisti 27.11.2026          Síða 2

Vörunr.  Lýsing                      Innkaup  Verð m/vsk Birgðir
================================================================
00777    Skeifur, gangur 10 mm         2.145       4.290      55
================================================================
         Samtals                                              61
"""
JAPANESE = """\
堺刃物 出力日 2026/11/27                                          頁 1
商品CD    商品名                    定価  販売価格  仕入単価  現在庫
--------------------------------------------------------------------
HM0101    三徳包丁 165mm          16,500    14,850     8,910       4
HM0210    出刃包丁 白紙           19,800    19,800    10,890       0
TG0007    砥石 #1000               4,950     4,400     2,310      26
"""
KOREAN = """\
상품코드  상품명                판매가   재고
A-01      놋그릇 세트           45,000      3
A-02      수저                  12,000      0
A-03      찻잔 2인              38,500     14
"""
ENGLISH = """\
Horse & Saddle Ltd            Stock list 27/11/2026             Page 1

Item No.  Description              Cost   Price incl. VAT On Hand
----------------------------------------------------------------
00210     Bridle, black           74.15            149.00       6
00350     Saddle 17"           1,483.00          2,890.00       0
Horse & Saddle Ltd            Stock list 27/11/2026             Page 2
Item No.  Description              Cost   Price incl. VAT On Hand
----------------------------------------------------------------
00777     Horseshoes              21.45             42.90      55
"""


def values(reading: Reading) -> list[tuple[str, str | None, str, int | None]]:
    return [(one.sku, one.name, f"{one.price}", one.inventory_count) for one in reading.products]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_pages_with_repeated_headers_are_read_as_one_list(encoding: str) -> None:
    assert values(read(ICELANDIC, "list.txt", currency="ISK", encoding=encoding)) == [
        ("00210", "Reiðmúll, svartur", "14900", 6), ("00350", "Hnakkur, íslenskt snið", "289000", 0),
        ("00777", "Skeifur, gangur 10 mm", "4290", 55),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis"])
def test_a_japanese_character_is_as_wide_as_two_letters(encoding: str) -> None:
    assert values(read(JAPANESE, "list.txt", currency="JPY", encoding=encoding)) == [
        ("HM0101", "三徳包丁 165mm", "14850", 4), ("HM0210", "出刃包丁 白紙", "19800", 0),
        ("TG0007", "砥石 #1000", "4400", 26),
    ]  # fmt: skip


def test_a_korean_list_is_divided_into_columns() -> None:
    assert values(read(KOREAN, "list.txt", currency="KRW")) == [
        ("A-01", "놋그릇 세트", "45000", 3), ("A-02", "수저", "12000", 0), ("A-03", "찻잔 2인", "38500", 14),
    ]  # fmt: skip


def test_column_names_can_be_separated_by_only_one_space() -> None:
    assert values(read(ENGLISH, "list.txt", currency="GBP")) == [
        ("00210", "Bridle, black", "149.00", 6), ("00350", 'Saddle 17"', "2890.00", 0),
        ("00777", "Horseshoes", "42.90", 55),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "footer",
    ["ST: A=active D=discontinued      6 items listed", "Totale pezzi               35", "* all prices in rupees"],
)
def test_lines_below_the_last_line_of_dashes_are_not_rows(footer: str) -> None:
    rule = "-" * 66
    text = (
        f"CODE  DESCRIPTION                  RETAIL RS   TRADE RS  STOCK  ST\n{rule}\n"
        "0004  Ceylon BOP tin 200g           1,450.00   1,015.60     85   A\n"
        "0011  Silver tips caddy 50g         4,800.00   3,362.40      0   A\n"
        "0103  Cinnamon powder 100g            620.00     434.80     33   D\n"
        f"0300  Gift chest, 6 teas            7,250.00   5,077.90      9   A\n{rule}\n{footer}\n"
    )
    products = read(text, "list.txt", currency="LKR").products
    assert [(product.sku, str(product.price), product.inventory_count) for product in products[:4]] == [
        ("0004", "1450.00", 85), ("0011", "4800.00", 0), ("0103", "620.00", 33), ("0300", "7250.00", 9),
    ]  # fmt: skip
