"""Tests that SKUs that Excel or a marketplace has changed lead to a question.

If a file of a marketplace also contains the number of the seller, the number of the seller is the SKU.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.identity.damaged import is_date_of_excel
from wecelebrate.feeds.identity.names import names_seller


def asked(text: str) -> list[str]:
    return [question.key for question in read(text).feed.questions]


@pytest.mark.parametrize("cell", ["02. Mrz", "1. Okt", "Dez 16", "Mar-22", "3-Mar", "12-Dec", "05. Feb"])
def test_dates_without_a_year_or_without_a_day_are_recognised_as_excel_dates(cell: str) -> None:
    assert is_date_of_excel(cell)


@pytest.mark.parametrize("cell", ["MAR-22", "DEC-16", "2-3", "Set 16", "Rot-12", "12-Dechant", "Mar-2022X", "A-12"])
def test_a_code_is_not_an_excel_date(cell: str) -> None:
    assert not is_date_of_excel(cell)


def test_a_date_among_the_skus_leads_to_a_question_until_the_question_is_answered() -> None:
    text = "Teilenummer;Bezeichnung;VK brutto\n04. Mai;Ring;1,90\n44-100;Schelle;2,10\n44-200;Rohr;3,10\n"
    assert asked(text) == ["sku"]
    assert read(text, mapping={"sku": "Teilenummer"}).feed.questions == ()


def test_a_cell_with_several_skus_of_one_listing_leads_to_a_question() -> None:
    header = "SKU,Title,Price,Variation values\n"
    assert asked(f'{header}"CUP-RED,CUP-BLUE",Cup,9.00,"Red,Blue"\nPEN-1,Pen,2.00,\n') == ["sku"]


@pytest.mark.parametrize("row", ['"M8,5x20",Bolt,9.00,"a,b"', '"CUP-RED,CUP-BLUE",Cup,9.00,Red', "CUP-1,Cup,9.00,Red"])
def test_a_sku_with_a_comma_in_a_row_with_one_variation_leads_to_no_question(row: str) -> None:
    assert asked(f"SKU,Title,Price,Tags\n{row}\nPEN-1,Pen,2.00,\n") == []


def test_the_seller_number_is_preferred_to_the_marketplace_number() -> None:
    text = "상품번호(마켓),판매자 상품코드,상품명,판매가\n9876543210,AA-1,공책,7000\n9876543299,AA-2,조명,59000\n"
    reading = read(text, currency="KRW")
    assert ([product.sku for product in reading.products], reading.feed.questions) == (["AA-1", "AA-2"], ())


def test_a_voucher_number_is_a_sku() -> None:
    text = "Gutschein-Nr;Titel;Wert;Verkaufspreis\nV-10;Brunch;30,00;25,00\nV-SPA;Tag im Spa;90,00;79,00\n"
    reading = read(text)
    assert [(product.sku, str(product.price)) for product in reading.products] == [
        ("V-10", "25.00"),
        ("V-SPA", "79.00"),
    ]


@pytest.mark.parametrize(
    ("name", "is_seller"), [("판매자 상품코드", True), ("Seller item code", True), ("Angebotsnummer", False)]
)
def test_an_offer_number_is_not_the_number_of_the_seller(name: str, *, is_seller: bool) -> None:
    assert names_seller(name) == is_seller


def test_a_date_cell_in_a_workbook_column_of_codes_leads_to_a_question() -> None:
    questions = read(
        "Artikel;Bezeichnung;Preis\n1-20;Tasse;9,90\n2026-03-02;Topf;19,90\n7-11;Krug;5,90\n"
    ).feed.questions
    assert [(one.key, one.subject) for one in questions] == [("sku", "identity")]
