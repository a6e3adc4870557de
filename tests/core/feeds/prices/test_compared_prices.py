"""Tests prices that are recognised by their amounts: current prices, and suppliers' prices before a discount."""

import pytest

from tests.core.feeds import workbooks
from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize(
    "header", ["SKU;Namn;Ord. pris;Pris nu", "SKU;Name;Regular price;Price now", "SKU;Name;Normalpreis;Preis jetzt"]
)
def test_the_current_price_is_the_selling_price_if_the_ordinary_price_is_higher(header: str) -> None:
    reading = read(f"{header}\nA;Tröja;499,00;399,00\nB;Mössa;149,00;149,00\n")
    assert [str(one.price) for one in reading.products] == ["399.00", "149.00"]
    assert not [one for one in reading.feed.questions if one.subject == "money"]


def test_a_current_price_above_the_ordinary_price_leads_to_a_question() -> None:
    reading = read("SKU;Namn;Ord. pris;Pris nu\nA;Tröja;399,00;499,00\nB;Mössa;149,00;149,00\n")
    assert [one.key for one in reading.feed.questions] == ["price"]


@pytest.mark.parametrize(
    "text",
    [
        "Codice;Descrizione;Prezzo;Sconto;Netto;PVP consigliato\nI1;Tazza;6,00;30;4,20;9,90\n"
        "I2;Pentola;12,00;30;8,40;19,90\n",
        "Ref;Artículo;Precio tarifa;Dto;Precio neto;PVP rec.\nE1;Taza;6,00;30;4,20;9,90\nE2;Olla;12,00;30;8,40;19,90\n",
        "Part No,Description,Price,Discount,Your Price,RRP\nE1,Mug,6.00,30%,4.20,9.90\nE2,Pot,12.00,30%,8.40,19.90\n",
    ],
)
def test_a_price_with_a_discount_beside_a_recommended_price_leads_to_a_question(text: str) -> None:
    assert "price" in [one.key for one in read(text).feed.questions if one.subject == "money"]


def test_a_discount_that_does_not_explain_another_amount_leads_to_no_question() -> None:
    reading = read("SKU,Name,Price,Discount,RRP\nE1,Mug,8.90,10,9.90\nE2,Pot,17.90,10,19.90\n")
    assert not reading.feed.questions


@pytest.mark.parametrize("name", ["Trade", "Dealer", "Wholesale"])
def test_a_trade_price_is_recognised_without_the_word_price(name: str) -> None:
    reading = read(f"Code,Description,{name},RRP\nM-1,Mug,4.10,9.90\nP-1,Pot,8.10,19.90\n", currency="GBP")
    assert [str(one.price) for one in reading.products] == ["9.90", "19.90"]
    assert not reading.feed.questions
    assert all(one.attributes.get(name) is None for one in reading.products)


def test_the_code_of_a_tax_is_not_a_price() -> None:
    item = (
        '<Item code="E-{0}"><Description>Mug</Description><Sales><Price type="S"><Currency code="EUR"/>'
        '<Value>9.90</Value><VAT code="2"/></Price></Sales></Item>'
    )
    product = read(f"<?xml version='1.0'?><Items>{item.format(1)}{item.format(2)}</Items>").products[0]
    assert (str(product.price), product.currency) == ("9.90", "EUR")


def test_two_sheets_that_list_the_same_products_at_different_prices_lead_to_a_question() -> None:
    def write(book) -> None:  # type: ignore[no-untyped-def]
        for name, price in (("2026", 9.9), ("2024", 7.9)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["SKU", "Name", "Price"])
            sheet.write_row(1, 0, ["A-1", "Mug", price])

    reading = read(workbooks.written(write), "prices.xlsx")
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("sheet", "money")
    assert [choice.value for choice in question.choices] == ["2026", "2024"]
    assert "different sheets" in question.text


def test_a_history_of_prices_leads_to_a_question() -> None:
    text = "SKU;Bezeichnung;Datum;Preis\nA1;Tasse;01.01.2025;9,40\nA1;Tasse;01.01.2026;9,90\nA2;Topf;01.01.2026;19,90\n"
    assert [one.key for one in read(text).feed.questions if one.subject == "money"] == ["price"]


def test_shopware_prices_are_read_in_the_currency_of_the_shop() -> None:
    product = (
        '{{"id":"{0}","type":"product","attributes":{{"productNumber":"SW-{0}","name":"Mug","price":[{{"currencyId":'
        '"b7d2554b0ce847cd82f3ac9bd1c0dfca","net":8.32,"gross":9.9}}],"availableStock":3}}}}'
    )
    reading = read(f'{{"data":[{product.format(1)},{product.format(2)}]}}')
    assert [(one.sku, str(one.price)) for one in reading.products] == [("SW-1", "9.90"), ("SW-2", "9.90")]


def test_an_amount_is_divided_by_the_divisor_in_the_price_object() -> None:
    product = read(
        '[{"sku":"A","title":"Mug","price":{"amount":990,"divisor":100,"currency_code":"EUR"}},'
        '{"sku":"B","title":"Cup","price":{"amount":1990,"divisor":100,"currency_code":"EUR"}}]'
    ).products[0]
    assert str(product.price) == "9.90"
