"""Tests lists of prices with types. Purchase prices are ignored, and unknown types lead to a question."""

# ruff: noqa: RUF001 - some texts are Russian

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read


def in_json(*prices: Any, key: str = "prices") -> Reading:
    """Read two products that have the same list of prices."""
    document = [{"sku": sku, "name": "Mug", key: list(prices)} for sku in ("A-1", "A-2")]
    return read(json.dumps(document), name="feed.json")


def in_xml(prices: str) -> Reading:
    products = "".join(f"<product><sku>A-{n}</sku><name>Mug</name>{prices}</product>" for n in (1, 2))
    return read(f"<products>{products}</products>", name="feed.xml")


def sold_at(reading: Reading) -> list[str]:
    assert not reading.feed.questions
    assert not reading.rejected
    return [f"{product.price} {product.currency}" for product in reading.products]


@pytest.mark.parametrize(
    "prices",
    [
        [{"type": "cost", "amount": 5}, {"type": "retail", "amount": 9}],
        [{"type": "purchase", "amount": 5, "currency": "EUR"}, {"type": "sales", "amount": 9, "currency": "EUR"}],
        [{"priceList": "Wholesale", "price": 5}, {"priceList": "Retail", "price": 9}],
        [{"priceList": {"id": 3, "name": "Dealer"}, "value": 5}, {"priceList": {"id": 4, "name": "Web"}, "value": 9}],
        [{"kind": "EK", "betrag": 5}, {"kind": "VK", "betrag": 9}],
        [{"preisart": "Einkauf", "preis": 5}, {"preisart": "Verkauf", "preis": 9}],
        [{"customerGroup": "resellers b2b", "amount": 5}, {"amount": 9}],
        [{"name": "Purchase price", "amount": 5}, {"name": "Retail price", "amount": 9}],
        [{"usage": "purchasing", "value": {"amount": 5, "currency": "EUR"}},
         {"usage": "selling", "value": {"amount": 9, "currency": "EUR"}}],
        [{"flavour": "wholesale", "amount": 5}, {"flavour": "retail", "amount": 9}],
        [{"channel": {"typeId": "channel", "id": "b2b"}, "amount": 5}, {"amount": 9}],
    ],
)  # fmt: skip
def test_a_price_in_json_is_read_by_its_type(prices: list[dict[str, Any]]) -> None:
    assert sold_at(in_json(*prices)) == ["9.00 EUR"] * 2
    assert sold_at(in_json(*reversed(prices))) == ["9.00 EUR"] * 2
    for product in in_json(*prices).products:
        assert "5" not in product.attributes.values()


@pytest.mark.parametrize(
    "prices",
    [
        '<price type="purchase">5.00</price><price type="retail">9.00</price>',
        '<prices><price type="purchase">5.00</price><price type="retail">9.00</price></prices>',
        '<price name="cost">5.00</price><price name="sales">9.00</price>',
        '<price pricelist="dealer" currency="EUR">5.00</price><price pricelist="web" currency="EUR">9.00</price>',
        "<prices><price><type>cost</type><amount>5.00</amount></price>"
        "<price><type>retail</type><amount>9.00</amount></price></prices>",
        "<Preis><Preisart>Einkauf</Preisart><Betrag>5.00</Betrag></Preis>"
        "<Preis><Preisart>Verkauf</Preisart><Betrag>9.00</Betrag></Preis>",
        '<prix type="achat"><valeur>5.00</valeur></prix><prix type="vente"><valeur>9.00</valeur></prix>',
        '<prices group="wholesale"><price>5.00</price></prices><prices group="retail"><price>9.00</price></prices>',
    ],
)
def test_a_price_in_xml_is_read_by_its_type(prices: str) -> None:
    assert sold_at(in_xml(prices)) == ["9.00 EUR"] * 2


@pytest.mark.parametrize(
    "reading",
    [
        in_json({"type": "PL1", "amount": 5}, {"type": "PL2", "amount": 9}),
        in_json({"priceLevel": 1, "amount": 5}, {"priceLevel": 2, "amount": 9}),
        in_json({"customerGroup": "Gold club", "amount": 5}),
        in_xml('<price type="A">5.00</price><price type="B">9.00</price>'),
        in_xml('<price type="zeta-7">5.00</price>'),
        in_xml("<price><type>X1</type><amount>5.00</amount></price>"),
    ],
)
def test_prices_of_unknown_types_lead_to_a_question(reading: Reading) -> None:
    (question,) = reading.feed.questions
    assert (question.key, question.subject, question.choices[0].value) == ("price", "money", "")
    assert {product.price for product in reading.products} == {None}


def test_a_mapped_column_answers_the_question_about_price_types() -> None:
    document = [{"sku": sku, "name": "Mug", "prices": [{"type": "PL1", "amount": 5}]} for sku in ("A-1", "A-2")]
    reading = read(json.dumps(document), name="feed.json", mapping={"price": "prices.PL1.0.amount"})
    assert sold_at(reading) == ["5.00 EUR"] * 2


def test_a_file_that_has_only_purchase_prices_leads_to_a_question() -> None:
    (question,) = in_json({"type": "cost", "amount": 5}).feed.questions
    assert "only purchase prices" in question.text


def test_the_catalog_currency_determines_which_selling_price_is_used() -> None:
    prices = [
        {"type": kind, "currency": code, "amount": amount}
        for kind, code, amount in [("cost", "EUR", 5), ("retail", "USD", 10), ("retail", "EUR", 9)]
    ]
    assert sold_at(in_json(*prices)) == ["9.00 EUR"] * 2


def test_the_data_type_of_a_price_is_not_a_price_type() -> None:
    assert sold_at(in_xml('<price type="decimal">9.00</price>')) == ["9.00 EUR"] * 2
    assert sold_at(in_json({"type": "centPrecision", "currency": "EUR", "amount": 9})) == ["9.00 EUR"] * 2


def test_the_price_types_of_variants_are_read() -> None:
    prices = [{"type": "cost", "amount": 5}, {"type": "retail", "amount": 9}]
    document = [{"title": "Mug", "handle": "mug", "variants": [{"sku": "A-1", "prices": prices}]}]
    assert sold_at(read(json.dumps(document), name="feed.json")) == ["9.00 EUR"]


@pytest.mark.parametrize(
    "prices",
    [
        [{"id": 1, "amount": 5}, {"id": 2, "amount": 9}],
        [{"amount": 5, "currency": "EUR"}, {"amount": 9, "currency": "EUR"}],
        [{"typeId": "1", "amount": 5}, {"typeId": "2", "amount": 9}],
    ],
)
def test_several_json_prices_with_an_unknown_difference_lead_to_a_question(prices: list[dict[str, Any]]) -> None:
    assert [question.key for question in in_json(*prices).feed.questions] == ["price"]


@pytest.mark.parametrize(
    "prices",
    [
        "<price>5.00</price><price>9.00</price>",
        '<price id="a">5.00</price><price id="b">9.00</price>',
        '<price currency="EUR">5.00</price><price currency="EUR">9.00</price>',
        "<prices><price><amount>5.00</amount></price><price><amount>9.00</amount></price></prices>",
    ],
)
def test_several_xml_prices_with_an_unknown_difference_lead_to_a_question(prices: str) -> None:
    assert [question.key for question in in_xml(prices).feed.questions] == ["price"]


@pytest.mark.parametrize(
    "prices",
    [
        '<price currency="USD">5.00</price><price currency="EUR">9.00</price>',
        '<price qty="100">7.00</price><price qty="1">9.00</price>',
        "<price>9.00</price><price>9.00</price>",
    ],
)
def test_the_xml_price_of_one_piece_in_the_catalog_currency_is_used(prices: str) -> None:
    assert sold_at(in_xml(prices)) == ["9.00 EUR"] * 2


def test_the_json_price_of_one_piece_is_used_at_any_position_in_the_list() -> None:
    prices = [{"quantity": 100, "price": 7}, {"quantity": 1, "price": 9}]
    assert sold_at(in_json(*prices)) == ["9.00 EUR"] * 2
    assert sold_at(in_json(*reversed(prices))) == ["9.00 EUR"] * 2
    assert {one.code for one in in_json({"minQty": 100, "price": 7}, {"minQty": 50, "price": 8}).rejected} == {"empty"}


@pytest.mark.parametrize(
    ("column", "types"),
    [("Price type", ("Purchase", "Retail")), ("Preisart", ("VK", "EK")), ("xx", ("Wholesale", "Retail price")),
     ("Price list", ("Dealer", "Dealer")), ("Price list", ("PL1", "PL2"))],
)  # fmt: skip
def test_rows_with_prices_of_several_types_lead_to_a_question(column: str, types: tuple[str, str]) -> None:
    rows = "".join(
        f"{sku};Mug;{kind};{amount}\n" for sku in ("A", "B") for kind, amount in zip(types, (5, 9), strict=True)
    )
    reading = read(f"SKU;Name;{column};Price\n{rows}")
    (question,) = (one for one in reading.feed.questions if one.key == "price")
    assert (question.choices[0].value, {one.price for one in reading.products}) == ("", {None})


@pytest.mark.parametrize(("column", "value"), [("Price list", "Web"), ("Unit", "Pair"), ("Colour", "Red")])
def test_prices_beside_unrelated_words_lead_to_no_question(column: str, value: str) -> None:
    assert sold_at(read(f"SKU;Name;{column};Price\nA-1;Mug;{value};9.00\nA-2;Cup;{value};9.00\n")) == ["9.00 EUR"] * 2


COMMERCE_ML = """<?xml version="1.0" encoding="UTF-8"?>
<КоммерческаяИнформация ВерсияСхемы="2.05"><ПакетПредложений СодержитТолькоИзменения="{changes}"><ТипыЦен>
<ТипЦены><Ид>t1</Ид><Наименование>{first}</Наименование><Валюта>RUB</Валюта></ТипЦены>
<ТипЦены><Ид>t2</Ид><Наименование>{second}</Наименование><Валюта>RUB</Валюта></ТипЦены></ТипыЦен><Предложения>
<Предложение><Ид>6f1c2a10-0001</Ид><Артикул>A-1</Артикул><Наименование>Кран</Наименование><Цены>
<Цена><ИдТипаЦены>t1</ИдТипаЦены><ЦенаЗаЕдиницу>50.00</ЦенаЗаЕдиницу><Валюта>{currency}</Валюта></Цена>
<Цена><ИдТипаЦены>t2</ИдТипаЦены><ЦенаЗаЕдиницу>90.00</ЦенаЗаЕдиницу><Валюта>{currency}</Валюта></Цена></Цены>
{stock}</Предложение>
<Предложение><Ид>6f1c2a10-0002#77</Ид><Артикул>A-2</Артикул><Наименование>Шарф</Наименование>
<ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Цвет</Наименование><Значение>Red</Значение>
</ХарактеристикаТовара></ХарактеристикиТовара><Цены>
<Цена><ИдТипаЦены>t1</ИдТипаЦены><ЦенаЗаЕдиницу>51.00</ЦенаЗаЕдиницу><Валюта>{currency}</Валюта></Цена>
<Цена><ИдТипаЦены>t2</ИдТипаЦены><ЦенаЗаЕдиницу>91.00</ЦенаЗаЕдиницу><Валюта>{currency}</Валюта></Цена></Цены>
{stock}</Предложение></Предложения></ПакетПредложений></КоммерческаяИнформация>"""
STOCK = "<Количество>3</Количество>"


def commerce_ml(first: str, second: str, stock: str = STOCK, currency: str = "RUB", changes: str = "false") -> Reading:
    content = COMMERCE_ML.format(first=first, second=second, stock=stock, currency=currency, changes=changes)
    return read(content, name="offers.xml", currency="RUB")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Закупочная", "Розничная"), ("Закупочная цена", "Розничная цена"), ("Оптовая", "Базовая"),
     ("Себестоимость", "Цена продажи"), ("Дилерская", "Розница")],
)  # fmt: skip
def test_the_selling_price_of_commerceml_is_used(first: str, second: str) -> None:
    reading = commerce_ml(first, second)
    assert reading.details["kind"] == "CommerceML"
    assert sold_at(reading) == ["90.00 RUB", "91.00 RUB"]
    assert [(one.sku, one.name, one.inventory_count) for one in reading.products] == [
        ("A-1", "Кран", 3), ("A-2-red", "Шарф", 3),
    ]  # fmt: skip


def test_unknown_price_types_of_commerceml_lead_to_a_question() -> None:
    reading = commerce_ml("Колонка А", "Колонка Б")
    assert [question.key for question in reading.feed.questions] == ["price"]
    assert {product.price for product in reading.products} == {None}


@pytest.mark.parametrize(
    ("stock", "count"),
    [
        ('<Склад ИдСклада="w1" КоличествоНаСкладе="3"/><Склад ИдСклада="w2" КоличествоНаСкладе="4"/>', 7),
        ("<Остатки><Остаток><Склад><Ид>w1</Ид><Количество>3</Количество></Склад></Остаток>"
         "<Остаток><Склад><Ид>w2</Ид><Количество>4</Количество></Склад></Остаток></Остатки>", 7),
        ("<Остатки><Остаток><Количество>5</Количество></Остаток></Остатки>", 5),
    ],
)  # fmt: skip
def test_the_stock_of_commerceml_is_the_sum_of_its_warehouses(stock: str, count: int) -> None:
    assert {one.inventory_count for one in commerce_ml("Закупочная", "Розничная", stock).products} == {count}


def test_russian_currency_names_and_the_delta_mode_are_read_from_commerceml() -> None:
    reading = commerce_ml("Закупочная", "Розничная", currency="руб.", changes="true")
    assert sold_at(reading) == ["90.00 RUB", "91.00 RUB"]
    assert reading.feed.declared_mode == "delta"
