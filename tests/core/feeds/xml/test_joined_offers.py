"""Tests CommerceML files that contain both the catalog and the offers, and price units in BMEcat prices."""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def commerceml(products: str, offers: str) -> Reading:
    types = (
        "<ТипыЦен><ТипЦены><Ид>t1</Ид><Наименование>Розничная</Наименование><Валюта>RUB</Валюта></ТипЦены>"
        "<ТипЦены><Ид>t2</Ид><Наименование>Закупочная</Наименование><Валюта>RUB</Валюта></ТипЦены></ТипыЦен>"
    )
    return read(
        '<?xml version="1.0" encoding="UTF-8"?><КоммерческаяИнформация ВерсияСхемы="2.08"><Каталог><Товары>'
        f"{products}</Товары></Каталог><ПакетПредложений>{types}<Предложения>{offers}</Предложения>"
        "</ПакетПредложений></КоммерческаяИнформация>",
        "exchange.xml",
        currency="RUB",
    )


def product(key: str, article: str, name: str) -> str:
    return f"<Товар><Ид>{key}</Ид><Артикул>{article}</Артикул><Наименование>{name}</Наименование></Товар>"


def offer(key: str, retail: str, count: int, options: str = "") -> str:
    prices = "".join(
        f"<Цена><ИдТипаЦены>{kind}</ИдТипаЦены><ЦенаЗаЕдиницу>{amount}</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена>"
        for kind, amount in (("t2", "1.00"), ("t1", retail))
    )
    return f"<Предложение><Ид>{key}</Ид>{options}<Цены>{prices}</Цены><Количество>{count}</Количество></Предложение>"


def facts(reading: Reading) -> list[tuple[str, str | None, str, int | None]]:
    return [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products]


def test_an_offer_without_an_article_number_belongs_to_the_product_with_its_id() -> None:
    reading = commerceml(
        product("g-1", "ЛМП-1", "Лампа") + product("g-2", "СТЛ-2", "Стол") + product("g-3", "ШКФ-3", "Шкаф"),
        offer("g-2", "5400.00", 2) + offer("g-1", "990.00", 7),
    )
    assert facts(reading) == [
        ("ЛМП-1", "Лампа", "990.00", 7), ("СТЛ-2", "Стол", "5400.00", 2), ("ШКФ-3", "Шкаф", "None", None),
    ]  # fmt: skip
    assert not reading.feed.questions


def test_each_offer_of_a_variant_is_a_separate_product() -> None:
    options = (
        "<ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Размер</Наименование><Значение>{}</Значение>"
        "</ХарактеристикаТовара></ХарактеристикиТовара>"
    )
    offers = offer("g-1#a", "700.00", 1, options.format("M")) + offer("g-1#b", "710.00", 3, options.format("L"))
    assert facts(commerceml(product("g-1", "ФТБ", "Футболка"), offers)) == [
        ("ФТБ-m", "Футболка", "700.00", 1), ("ФТБ-l", "Футболка", "710.00", 3),
    ]  # fmt: skip


def test_an_offer_without_a_product_has_its_id_as_the_sku() -> None:
    reading = commerceml(product("g-1", "ЛМП-1", "Лампа"), offer("g-9", "5.00", 1) + offer("g-1", "990.00", 7))
    assert [one.sku for one in reading.products] == ["ЛМП-1", "g-9"]


@pytest.mark.parametrize(
    ("order_quantity", "price_quantity", "price"),
    [("", "100", "0.18"), ("", "10", "1.80"), ("100", "", "0.18"), ("1", "1000", "0.02"), ("", "", "18.00")],
)
def test_a_bmecat_price_is_divided_by_its_price_quantity(order_quantity: str, price_quantity: str, price: str) -> None:
    def quantity(text: str) -> str:
        return f"<PRICE_QUANTITY>{text}</PRICE_QUANTITY>" if text else ""

    amount = "20.00" if price_quantity == "1000" else "18.00"
    reading = read(
        "<BMECAT><HEADER><CATALOG><CURRENCY>EUR</CURRENCY></CATALOG></HEADER><T_NEW_CATALOG><ARTICLE>"
        "<SUPPLIER_AID>DW-7</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Washer</DESCRIPTION_SHORT>"
        f"</ARTICLE_DETAILS><ARTICLE_ORDER_DETAILS><ORDER_UNIT>C62</ORDER_UNIT>{quantity(order_quantity)}"
        '</ARTICLE_ORDER_DETAILS><ARTICLE_PRICE_DETAILS><ARTICLE_PRICE price_type="net_list">'
        f"<PRICE_AMOUNT>{amount}</PRICE_AMOUNT>{quantity(price_quantity)}</ARTICLE_PRICE></ARTICLE_PRICE_DETAILS>"
        "</ARTICLE></T_NEW_CATALOG></BMECAT>",
        "catalog.xml",
    )
    assert str(reading.product.price) == price
