"""Reads CommerceML 2, the exchange files of 1C: the catalog (`import.xml`), and the offers with prices and stocks.

Source: v8.1c.ru, "CommerceML 2" (schema of the versions 2.04 to 2.10).

The types of prices have names, such as `Розничная` and `Закупочная`. The name becomes a part of the price column
(`Цена.Розничная.ЦенаЗаЕдиницу`). Therefore the selling price is chosen by the column names, as in a file without a
profile.
"""

from collections.abc import Iterator

from wecelebrate.feeds.items import Record
from wecelebrate.feeds.rows.groups import slug
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    child_text,
    children_by_name,
    descend,
    descendants,
    first_child,
    text_of,
    unit_price,
)
from wecelebrate.feeds.xml.groups import CATALOG, CatalogGroups
from wecelebrate.feeds.xml.offers import Offers
from wecelebrate.feeds.xml.reader import Element, ElementReader, local
from wecelebrate.feeds.xml.source import BrokenXml, XmlSource

SKU, NAME, DESCRIPTION, CATEGORY, BRAND, STOCK, STATE, IMAGES = (
    "Артикул", "Наименование", "Описание", "Категория", "Бренд", "Количество", "ПометкаУдаления", "Картинка",
)  # fmt: skip
AMOUNT, CURRENCY = "ЦенаЗаЕдиницу", "Валюта"
PACKAGES = ("ПакетПредложений", "ИзмененияПакетаПредложений", "Каталог")
CURRENCIES = {"руб": "RUB", "643": "RUB", "810": "RUB", "rur": "RUB", "грн": "UAH", "тг": "KZT", "бел.руб": "BYN"}  # noqa: RUF001
"""Names of currencies that 1C writes instead of their codes."""
NO_COLUMNS = (
    "Группы", "ЗначенияСвойств", "ЗначенияРеквизитов", "ХарактеристикиТовара", "СтавкиНалогов", "Изготовитель",
    "Остатки", "Склад", "Единица", "Коэффициент", "Представление", "ИдТипаЦены", "Описание", "БазоваяЕдиница",
)  # fmt: skip


class CommerceML(XmlFormat):
    """Each product (`Товар`) or offer (`Предложение`) is a record. `Артикул` is its SKU, because `Ид` is a GUID."""

    name = "CommerceML"
    columns = (SKU, NAME)
    sku_elements = (SKU, "Ид")
    complete_elements = ("ТипЦены", "Группа", "Товар", "Предложение")
    start_elements = PACKAGES

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._price_types: dict[str, str] = {}
        self._groups = CatalogGroups()
        self._flat = Flattener(("Цены",), NO_COLUMNS, language, self._price_types)
        self._offers: Offers | None = None

    def prepare(self, source: XmlSource) -> None:
        """In a separate pass, store the offers of a file that begins with the catalog."""
        if "<Товар>".encode() not in source.head:
            return
        try:
            for name, _, element in ElementReader(source, ("ТипЦены", "Предложение")):
                if element is None:
                    continue
                if name == "ТипЦены":
                    self._add_price_type(element)
                    continue
                self._offers = self._offers or Offers()
                key = child_text(element, "Ид")
                suffix = _sku(element, with_article=False).removeprefix("-") if "#" in key else ""
                self._offers.add(key, suffix, self._product(element))
        except BrokenXml:
            pass  # errors in the XML are reported when the products are read

    def element_started(self, element: Element) -> None:
        if (element.get("СодержитТолькоИзменения") or "").casefold() == "true" or local(element) == PACKAGES[1]:
            self.declared_mode = "delta"

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "ТипЦены":
            self._add_price_type(element)
        elif local(element) == "Группа":
            self._add_group(element, "")
        elif self._offers is None:
            yield self._product(element)
        elif local(element) == "Товар":
            yield from self._with_offers(element, self._offers)
        elif not self._offers.is_joined(child_text(element, "Ид")):
            yield self._product(element)

    def close(self) -> None:
        self._groups.close()
        if self._offers is not None:
            self._offers.close()

    def _with_offers(self, element: Element, offers: Offers) -> Iterator[Record]:
        """Yield a product with its price and its stock, or each of its variants."""
        product = self._product(element)
        joined = offers.of_product(child_text(element, "Ид"))
        for suffix, offer in joined:
            stated = {column: text for column, text in offer.items() if text and column not in (SKU, "Ид")}
            yield {**product, **stated, SKU: f"{product[SKU]}-{suffix}" if suffix else product[SKU]}
        if not joined:
            yield product

    def _add_price_type(self, element: Element) -> None:
        if (key := child_text(element, "Ид")) and (name := child_text(element, "Наименование")):
            self._price_types[key] = name

    def _add_group(self, group: Element, parent: str) -> None:
        key = child_text(group, "Ид")
        self._groups.add_group(CATALOG, key, child_text(group, "Наименование"), parent)
        for child in descend(group, "Группы", "Группа"):
            self._add_group(child, key)

    def _product(self, element: Element) -> Record:
        for price in descend(element, "Цены", "Цена"):
            _complete_price(price)
        record = self._flat(element)
        record[SKU] = _sku(element)
        children = children_by_name(element)
        if DESCRIPTION in children:
            record[DESCRIPTION] = text_of(children[DESCRIPTION][0])
        if group := next((text_of(key) for key in descend(element, "Группы", "Ид")), ""):
            record[CATEGORY] = self._groups.path(CATALOG, group)
        if brand := child_text(first_child(element, "Изготовитель"), "Наименование"):
            record[BRAND] = brand
        if STOCK not in children and (stock := _stock_of_warehouses(element)):
            record[STOCK] = stock
        for value in descend(element, "ЗначенияРеквизитов", "ЗначениеРеквизита"):
            record.setdefault(child_text(value, "Наименование")[:100] or "Реквизит", child_text(value, "Значение"))
        for value in descend(element, "ХарактеристикиТовара", "ХарактеристикаТовара"):
            record.setdefault(
                child_text(value, "Наименование")[:100] or "Характеристика", child_text(value, "Значение")
            )
        if (element.get("Статус") or child_text(element, "Статус")).casefold() in ("удален", "удалён"):
            record[STATE] = "true"
        record.pop("@Статус", None)
        return record


def _complete_price(price: Element) -> None:
    """Write the price of one piece, and the code of its currency, into the element of the price."""
    amount, currency = first_child(price, AMOUNT), first_child(price, CURRENCY)
    factor = child_text(price, "Коэффициент")
    if amount is not None and factor not in ("", "1"):
        amount.text = unit_price(text_of(amount), "1", factor)
    if currency is not None:
        code = text_of(currency).strip(".").casefold()
        currency.text = CURRENCIES.get(code, text_of(currency))


def _sku(element: Element, *, with_article: bool = True) -> str:
    """Return `Артикул`, or else `Ид`.

    A variant has an `Ид` with two parts, and the article number of its product. To get a different SKU for each
    variant, the values of its characteristics are appended, as in `A-01-red-xl`.
    """
    article, key = child_text(element, SKU), child_text(element, "Ид")
    if with_article and not article:
        return key
    article = article if with_article else ""
    if "#" not in key:
        return article
    values = [
        child_text(value, "Значение") for value in descend(element, "ХарактеристикиТовара", "ХарактеристикаТовара")
    ]
    return "-".join([article, *filter(None, map(slug, values))]) if any(values) else f"{article}-{key.split('#')[1]}"


def _stock_of_warehouses(element: Element) -> str:
    """Return the sum of the stocks of all warehouses, or "" if the offer has none."""
    stocks = [
        warehouse.get("КоличествоНаСкладе") or child_text(warehouse, STOCK)
        for warehouse in descendants(element, "Склад")
    ]
    stocks = stocks or [child_text(rest, STOCK) for rest in descend(element, "Остатки", "Остаток")]
    numbers = [stock for stock in stocks if stock.replace(".", "", 1).replace("-", "", 1).isdecimal()]
    return f"{sum(map(float, numbers)):g}" if numbers else ""
