"""Reads the feeds of marketplaces and price comparisons: Yandex Market (YML), Heureka and Zboží, and Ceneo.

Sources: yandex.ru/support/marketplace, "YML format" and its list of elements; sluzby.heureka.cz, "XML feed
specification" (Zboží.cz uses the same elements); info.ceneo.pl, "Ceneo XML 3.0 specification".
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import ACTIVE, ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    Pairs,
    attribute_lines,
    child_text,
    descend,
    descendants,
    first_child,
    text_of,
)
from wecelebrate.feeds.xml.groups import CATALOG, CatalogGroups
from wecelebrate.feeds.xml.reader import Element, local

PROFILE = Profile(
    "marketplace",
    (),
    {
        "sku": ("sku",),
        "name": ("productname",),
        "description": ("productdescription",),
        "category": ("categorypath",),
        "brand": ("brandname",),
        "price": ("sellingprice",),
        "currency": ("sellingcurrency",),
        "images": ("imageurls",),
        "inventory_count": ("stockcount",),
        "is_active": ("isactive",),
    },
    pair_columns=("attributes",),
)
COLUMNS = (
    "sku", "product_name", "product_description", "category_path", "brand_name", "selling_price", "image_urls",
    ATTRIBUTES,
)  # fmt: skip
CURRENCY, STOCK = "selling_currency", "stock_count"
AVAILABILITY = {"true": "in stock", "false": "backorder"}
"""The stock of a YML offer without a number of pieces. An offer that is not available is made to order."""


class _MarketplaceFeed(XmlFormat):
    """The common code of the formats.

    A record has the columns of PROFILE, and the elements of the file as further columns.
    """

    profile = PROFILE
    columns = COLUMNS

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener((), (), language)

    def _record(
        self, element: Element, texts: tuple[str, str, str, str, str, str], images: list[str], pairs: Pairs
    ) -> Record:
        """Return a record. `texts` are the SKU, name, description, category, brand and price."""
        return {
            **self._flat(element),
            **dict(zip(COLUMNS, (*texts, "\n".join(filter(None, images)), attribute_lines(pairs)), strict=True)),
        }


class YandexMarket(_MarketplaceFeed):
    """Reads YML. The offer's id, or its `shop-sku`, is the SKU."""

    name = "Yandex Market (YML)"
    complete_elements = ("category", "offer")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._categories = CatalogGroups()

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "category":
            key, parent = (element.get(name) or "" for name in ("id", "parentId"))
            self._categories.add_group(CATALOG, key, text_of(element), parent)
            return
        name = child_text(element, "name") or " ".join(
            filter(None, (child_text(element, part) for part in ("typePrefix", "vendor", "model")))
        )
        texts = (
            child_text(element, "shop-sku") or element.get("id") or "",
            name,
            child_text(element, "description"),
            self._categories.path(CATALOG, child_text(element, "categoryId")),
            child_text(element, "vendor"),
            child_text(element, "price"),
        )
        pairs = [(param.get("name") or "", _with_unit(param)) for param in descend(element, "param")]
        pairs += _pairs(
            element,
            {
                "barcode": "GTIN",
                "vendorCode": "MPN",
                "country_of_origin": "Country of origin",
                "oldprice": "compare_at_price",
            },
        )
        record = self._record(element, texts, [text_of(picture) for picture in descend(element, "picture")], pairs)
        # RUR is the code of the rouble before 1998, which YML still uses.
        record[CURRENCY] = child_text(element, "currencyId").replace("RUR", "RUB")
        available = record.pop("@available", "").strip().casefold()
        if (stock := first_child(element, "count", "stock_quantity", "quantity_in_stock")) is not None:
            record[STOCK] = text_of(stock)
        elif available in AVAILABILITY:
            record[STOCK] = AVAILABILITY[available]
        if child_text(element, "disabled").casefold() == "true":
            record[ACTIVE] = "false"
        yield record

    def close(self) -> None:
        self._categories.close()


_STOCK_ELEMENTS = ("STOCK_AMOUNT", "STOCK_QUANTITY", "STOCK_COUNT", "STOCK", "AMOUNT", "QUANTITY", "SKLADEM", "SKLADOM")


class Heureka(_MarketplaceFeed):
    """Reads the feed of Heureka and Zboží.

    The format has no stock, only a number of days until dispatch. Shops add an element for the stock.
    """

    name = "Heureka"
    complete_elements = ("SHOPITEM",)
    sku_elements = ("ITEM_ID",)

    def records(self, element: Element) -> Iterator[Record]:
        path = [part.strip() for part in child_text(element, "CATEGORYTEXT").split("|")]
        if path[0].casefold().startswith(("heureka.", "zbozi.", "zboží.")):
            del path[0]
        texts = (
            child_text(element, "ITEM_ID"),
            child_text(element, "PRODUCTNAME", "PRODUCT"),
            child_text(element, "DESCRIPTION"),
            " > ".join(filter(None, path)),
            child_text(element, "MANUFACTURER"),
            child_text(element, "PRICE_VAT"),
        )
        pairs = [
            (child_text(param, "PARAM_NAME"), child_text(param, "VAL")) for param in descend(element, "PARAM")
        ] + _pairs(element, {"EAN": "GTIN", "PRODUCTNO": "MPN"})
        images = [text_of(image) for name in ("IMGURL", "IMGURL_ALTERNATIVE") for image in descend(element, name)]
        record = self._record(element, texts, images, pairs)
        if (stock := first_child(element, *_STOCK_ELEMENTS)) is not None:
            record[STOCK] = text_of(stock)
        yield record


class Ceneo(_MarketplaceFeed):
    """Reads the offers of Ceneo. The attribute `avail` is a time of delivery, and not a state."""

    name = "Ceneo"
    complete_elements = ("o",)

    def records(self, element: Element) -> Iterator[Record]:
        attributes = {
            (attribute.get("name") or "").strip(): text_of(attribute) for attribute in descend(element, "attrs", "a")
        }
        images = [image.get("url") or "" for image in descendants(element, "main", "i")]
        texts = (
            element.get("id") or "",
            child_text(element, "name"),
            child_text(element, "desc"),
            " > ".join(part.strip() for part in child_text(element, "cat").split("/") if part.strip()),
            attributes.pop("Producent", ""),
            element.get("price") or "",
        )
        if code := attributes.pop("Kod_producenta", ""):
            attributes["MPN"] = code
        if code := attributes.pop("EAN", ""):
            attributes["GTIN"] = code
        record = self._record(element, texts, images, list(attributes.items()))
        if (stock := element.get("stock")) is not None:
            record[STOCK] = stock
        yield record


def _with_unit(param: Element) -> str:
    return " ".join(filter(None, (text_of(param), (param.get("unit") or "").strip())))


def _pairs(element: Element, labels: dict[str, str]) -> Pairs:
    return [(label, child_text(element, name)) for name, label in labels.items()]
