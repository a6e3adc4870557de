"""Tests that a crossed-out price is an attribute, and that the file leads to no question about the selling price."""

# ruff: noqa: RUF001

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read

PARTLY = "A-1;Cup red;12,90;15,90\nB-2;Mug blue;1.249,00;\nC-3;Jug green;20,00;25,50\n"
"""A price list in which only reduced products have a second amount."""
EQUAL = "A-1;Cup red;12,90;15,90\nB-2;Mug blue;1.249,00;1.249,00\nC-3;Jug green;20,00;25,50\n"
"""A price list in which products without a reduction have the same amount twice."""
ORDINARY = {
    "sv": "Artikelnr;Benämning;Pris inkl moms;Ord. pris inkl moms",
    "nb": "Varenr;Varenavn;Pris inkl. mva;Normalpris inkl. mva",
    "de": "Art-Nr;Bezeichnung;Preis;Normalpreis",
    "fi": "Tuotekoodi;Nimi;Hinta;Normaalihinta",
    "nl": "Artikelnr;Omschrijving;Prijs;Normale prijs",
    "fr": "Réf;Désignation;Prix TTC;Prix normal TTC",
    "es": "Ref;Nombre;Precio;Precio normal",
    "pl": "Kod;Nazwa;Cena brutto;Cena regularna brutto",
    "cs": "Kód;Název;Cena;Běžná cena",
    "ja": "商品コード;商品名;販売価格;通常価格",
    "ko": "상품코드;상품명;판매가;정상가",
    "th": "รหัสสินค้า;ชื่อสินค้า;ราคาขาย;ราคาปกติ",
    "he": "מקט;תיאור;מחיר;מחיר רגיל",
    "ru": "Артикул;Наименование;Цена;Обычная цена",
}
FORMER = {
    "en": "SKU;Name;Price;Was", "en, price": "SKU;Name;Price;Old price", "da": "Varenr;Varenavn;Pris;Førpris",
    "de": "Art-Nr;Bezeichnung;VK brutto;Streichpreis", "fr": "Réf;Désignation;Prix TTC;Prix barré",
    "es": "Ref;Nombre;Precio;Precio anterior", "it": "Codice;Descrizione;Prezzo web;Prezzo di listino",
    "ru": "Артикул;Наименование;Цена;Старая цена", "uk": "Артикул;Назва;Ціна;Стара ціна",
    "lt": "Kodas;Pavadinimas;Kaina;Ankstesnė kaina", "et": "Kood;Nimetus;Hind;Vana hind",
    "zh": "货号;品名;零售价;市场价", "zh, original": "货号;品名;售价;原价", "ko": "상품코드;상품명;판매가;소비자가",
    "ja": "商品コード;商品名;販売価格;定価", "vi": "Mã hàng;Tên hàng;Giá bán;Giá gốc",
    "ar": "رمز الصنف;اسم الصنف;سعر البيع;السعر قبل الخصم", "ca": "Referència;Descripció;PVP;PVP abans",
    "af": "Kode;Beskrywing;Verkoopprys;Voor afslag", "nl, discount": "Artikelnr;Omschrijving;Prijs;Vóór korting",
    "de, discount": "Art-Nr;Bezeichnung;Preis;Preis vor Rabatt", "lv": "Kods;Nosaukums;Cena;Cena pirms atlaides",
    "en, list": "Code;Name;Selling price;List price",
    "en, India": "Code;Name;Sale Rate;MRP",
}  # fmt: skip


def former(reading: Reading) -> list[str | None]:
    return [product.attributes.get("compare_at_price") for product in reading.products]


@pytest.mark.parametrize("rows", [PARTLY, EQUAL], ids=["partly", "equal"])
@pytest.mark.parametrize("header", [*ORDINARY.values(), *FORMER.values()], ids=[*ORDINARY, *FORMER])
def test_a_crossed_out_price_is_an_attribute_and_leads_to_no_question(header: str, rows: str) -> None:
    reading = read(f"{header}\n{rows}")
    assert reading.feed.questions == ()
    assert [str(product.price) for product in reading.products] == ["12.90", "1249.00", "20.00"]
    assert former(reading) == ["15.90", None, "25.50"]
    assert all(set(product.attributes) <= {"compare_at_price"} for product in reading.products)
    assert "compare_at_price" in reading.products[1].blank_attributes


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # The second amount is higher in all rows.
        ("SKU;Name;Price;Normal price", "A;Cup;12,90;15,90\nB;Mug;9,00;11,00\nC;Jug;20,00;25,50\n"),
        ("SKU;Name;Normalpreis;Preis", "A;Cup;12,90;15,90\nB;Mug;9,00;8,00\nC;Jug;20,00;25,50\n"),
        ("SKU;Name;Web price;Regular price", "A;Cup;12,90;15,90\nB;Mug;9,00;8,00\nC;Jug;20,00;\n"),
        ("SKU;Name;Price 1;Price 2", PARTLY),
        ("SKU;Name;Retail price;Shop price", PARTLY),
    ],
)
def test_two_prices_lead_to_a_question_if_no_price_is_a_reduction(header: str, rows: str) -> None:
    reading = read(f"{header}\n{rows}")
    assert [question.key for question in reading.feed.questions] == ["price"]
    assert set(former(reading)) == {None}


@pytest.mark.parametrize(
    "name", ["Dealer price", "Einkaufspreis alt", "Cost before", "Prix revendeur", "Old cost", "UVP"]
)
def test_purchase_and_recommended_prices_are_not_crossed_out_prices(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\n{EQUAL}")
    assert reading.feed.questions == ()
    assert former(reading) == [None] * 3


def test_the_settings_can_set_the_attribute_name_of_a_crossed_out_price() -> None:
    reading = read("SKU;Name;Price;Was\n" + PARTLY, attributes={"Was": "Was"})
    assert [product.attributes for product in reading.products] == [{"Was": "15,90"}, {}, {"Was": "25,50"}]


def test_a_crossed_out_price_in_json_has_the_decimals_of_the_currency() -> None:
    records = [
        {"sku": "A", "name": "Cup", "price": 12.9, "old_price": 15.9, "stock": 1},
        {"sku": "B", "name": "Mug", "price": 9, "old_price": None, "stock": 1},
        {"sku": "C", "name": "Jug", "price": 9, "old_price": 9, "stock": 1, "colour": "red"},
    ]
    assert former(read(json.dumps(records), "feed.json")) == ["15.90", None, None]


@pytest.mark.parametrize(
    "text",
    [
        "Handle,Title,Variant SKU,Variant Price,Variant Compare At Price\na,Cup,A,12.90,15.9\nb,Mug,B,9.00,9.00\n",
        "Item,ID,Name,SKU,Options,Inventory Tracking,Price,Retail Price\n"
        "Product,1,Cup,A,,product,12.90,15.9\nProduct,2,Mug,B,,product,9.00,0.0000\n",
        "item_sku\titem_name\tstandard_price\tlist_price\nA\tCup\t12.90\t15.9\nB\tMug\t9.00\t\n",
    ],
)  # fmt: skip
def test_a_crossed_out_price_is_ignored_if_it_is_not_above_the_price(text: str) -> None:
    assert former(read(text)) == ["15.90", None]


@pytest.mark.parametrize(
    "header", ["貨號;品名;定價;特價", "商品コード;商品名;定価;特価", "Art;Bezeichnung;UVP;Aktionspreis"]
)
def test_offers_without_days_lead_to_a_question_even_beside_a_list_price(header: str) -> None:
    rows = "A;Cup;12,90;9,90\nB;Mug;14,90;\nC;Jug;20,00;\n"
    reading = read(f"{header}\n{rows}")
    assert [question.key for question in reading.feed.questions] == ["offers"]
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.00"]
    sold = read(f"{header}\n{rows}", mapping={"offers": header.split(";")[3]})
    assert [[str(offer.price) for offer in product.offers or ()] for product in sold.products] == [["9.90"], [], []]


def test_crossed_out_prices_in_arabic_digits_are_recognised() -> None:
    reading = read(
        "SKU;Name;سعر البيع;السعر قبل الخصم\nA;Cup;١٢٩٫٥٠ ر.س;١٥٩٫٠٠ ر.س\nB;Mug;٣٥٫٠٠ ر.س;\nC;Jug;٤٥٫٧٥ ر.س;٦٠٫٠٠ ر.س\n"
    )
    assert [dict(product.attributes) for product in reading.products] == [
        {"compare_at_price": "159.00"}, {}, {"compare_at_price": "60.00"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values"),
    [("Standard", ("10", "20", "50")), ("Original", ("20", "40", "60")), ("Normal", ("12", "24", "30")),
     ("Before", ("2", "5", "13")), ("Previous", ("3", "4", "14")), ("Last price", ("2.10", "3.00", "13.00")),
     ("Letzter Preis", ("2.10", "3.00", "13.00")), ("Ultimo prezzo", ("2.10", "3.00", "13.00")),
     ("Normal", ("2.50", "3.50", "14.00")), ("Standard", ("10.00", "20.00", "50.00"))],
)  # fmt: skip
def test_quantities_purchase_prices_and_sizes_are_not_crossed_out_prices(name: str, values: tuple[str, ...]) -> None:
    a, b, c = values
    reading = read(f"SKU;Name;Price;{name}\nA1;Cup;1.95;{a}\nA2;Mug;2.95;{b}\nA3;Pot;12.50;{c}\n")
    assert former(reading) == [None, None, None]
    assert all(name not in one.attributes for one in reading.products)


@pytest.mark.parametrize(
    ("name", "values"),
    [("Was", ("2.10", "3", "13")), ("Normal", ("2.10", "2.95", "13.00")), ("Original", ("€2.10", "", "€13.00")),
     ("Regular", ("2.10", "", "13.00")), ("Voor afslag", ("2.10", "", "13.00"))],
)  # fmt: skip
def test_amounts_in_a_column_such_as_was_or_normal_are_crossed_out_prices(name: str, values: tuple[str, ...]) -> None:
    a, b, c = values
    reading = read(f"SKU;Name;Price;{name}\nA1;Cup;1.95;{a}\nA2;Mug;2.95;{b}\nA3;Pot;12.50;{c}\n")
    assert former(reading)[::2] == ["2.10", "13.00"]


def test_the_display_price_of_rakuten_is_crossed_out_beside_a_lower_price() -> None:
    reading = read(
        "商品管理番号;商品名;販売価格;表示価格\nA;急須;12,800円;15,400円\nB;皿;2,200円;\nC;碗;3,300円;4,400円\n"
    )
    assert former(reading) == ["15400", None, "4400"]
    assert not reading.feed.questions
    only = read("商品管理番号;商品名;表示価格\nA;急須;12,800円\nB;皿;2,200円\n")
    assert [str(one.price) for one in only.products] == ["12800", "2200"]
