"""Tests that a column such as `Part no` contains the SKUs if no other column contains item numbers."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

ROWS = "03-12;Brake pads;14500;7\n10.05;Oil filter;2600;45\n1E5;Spark plug;1900;0\n0012;Belt;5700;12\n7/8;Clamp;250;3\n"


@pytest.mark.parametrize(
    "header",
    [
        "Номер детали;Наименование;Розница;Остаток", "Номер запчасти;Название;Цена;Остаток",
        "Numéro de pièce;Désignation;Prix TTC;Stock", "Broj dijela;Naziv;MPC;Zaliha", "Číslo dílu;Název;Cena;Skladem",
        "Numer części;Nazwa;Cena;Stan", "부품번호;품명;판매가;재고", "配件编号;品名;零售价;库存",
        "Alkatrészszám;Megnevezés;Ár;Készlet",
    ],
)  # fmt: skip
def test_a_column_such_as_part_no_contains_the_skus_for_any_type_of_item(header: str) -> None:
    reading = read(f"{header}\n{ROWS}")
    assert reading.details["mapping"]["sku"] == header.split(";", maxsplit=1)[0]
    assert [product.sku for product in reading.products] == ["03-12", "10.05", "1E5", "0012", "7/8"]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    "header",
    [
        "Phone number;Name;Price;Stock", "Lot no;Name;Price;Stock", "HS code;Name;Price;Stock",
        "Номер детали;Фамилия;Адрес;Телефон",
    ],
)  # fmt: skip
def test_numbers_that_do_not_identify_items_are_not_skus(header: str) -> None:
    with pytest.raises(UnreadableFeed, match="no column contains a SKU"):
        read(f"{header}\n{ROWS}")


def test_repeated_numbers_are_not_skus() -> None:
    with pytest.raises(UnreadableFeed, match="no column contains a SKU"):
        read("Broj dijela;Naziv;MPC\n7/8;Stezaljka;2,50\n7/8;Remen;3,50\n7/9;Filter;4,50\n")
