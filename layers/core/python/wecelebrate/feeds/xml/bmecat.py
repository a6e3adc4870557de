"""Reads BMEcat 1.2 and 2005: T_NEW_CATALOG, T_UPDATE_PRODUCTS and T_UPDATE_PRICES.

Sources: BMEcat 1.2 specification (BME, 2001), BMEcat 2005 (BME, 2005, and its final draft fd1).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.base import ACTIVE, ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    Pairs,
    attribute_lines,
    child_text,
    child_texts,
    children_by_name,
    descend,
    descendants,
    in_language,
    language_of,
    text_of,
    unit_price,
)
from wecelebrate.feeds.xml.groups import CATALOG, CatalogGroups
from wecelebrate.feeds.xml.reader import Element, ElementReader, local
from wecelebrate.feeds.xml.source import BrokenXml, XmlSource

SKU = ("SUPPLIER_AID", "SUPPLIER_PID")
ARTICLES = ("ARTICLE", "PRODUCT")
MAPS = ("ARTICLE_TO_CATALOGGROUP_MAP", "PRODUCT_TO_CATALOGGROUP_MAP")
MODES: dict[str, DeclaredMode] = {"T_NEW_CATALOG": "full", "T_UPDATE_PRODUCTS": "delta", "T_UPDATE_PRICES": "delta"}

Children = dict[str, list[Element]]

# The price types, the best first. The best type is the price for a buyer without an agreement.
PRICE_TYPES = ("net_list", "nrp", "gros_list", "net_customer", "net_customer_exp", "")
# The purposes of product images. The purposes of the main image come first. Files with other purposes are ignored.
PURPOSES = ("normal", "", "detail", "others", "thumbnail")
_IMAGE = re.compile(r".+\.(jpe?g|png|gif|webp|avif|svg|bmp|tiff?)", re.IGNORECASE)
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)

PROFILE = Profile(
    "bmecat",
    (),
    {
        "sku": ("supplier[ap]id",),
        "name": ("descriptionshort",),
        "description": ("descriptionlong",),
        "category": ("cataloggroup",),
        "brand": ("manufacturername",),
        "price": ("priceamount",),
        "currency": ("pricecurrency",),
        "images": ("mimesource",),
        "is_active": ("isactive",),
    },
    pair_columns=("attributes",),
    keep_other_columns=True,
)


class BMEcat(XmlFormat):
    name = "BMEcat"
    profile = PROFILE
    columns = (
        "DESCRIPTION_SHORT", "DESCRIPTION_LONG", "CATALOG_GROUP", "MANUFACTURER_NAME", "PRICE_AMOUNT",
        "PRICE_CURRENCY", "MIME_SOURCE", "GTIN", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    sku_elements = SKU
    complete_elements = ("PARTIES", *ARTICLES)
    start_elements = tuple(MODES)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener(
            ("ARTICLE_DETAILS", "PRODUCT_DETAILS", "ARTICLE_ORDER_DETAILS", "PRODUCT_ORDER_DETAILS"),
            ("ARTICLE_FEATURES", "PRODUCT_FEATURES", "ARTICLE_PRICE_DETAILS", "PRODUCT_PRICE_DETAILS", "MIME_INFO",
             "ARTICLE_REFERENCE", "PRODUCT_REFERENCE", "EAN", "INTERNATIONAL_PID", "INTERNATIONAL_AID",
             "MANUFACTURER_IDREF", "ARTICLE_PRICE", "PRODUCT_LOGISTIC_DETAILS"),
            language,
        )  # fmt: skip
        self._groups = CatalogGroups()
        self._transaction = ""
        self._default_currency = self._mime_root = ""
        self._parties: dict[str, str] = {}
        self._today = datetime.now(UTC).date().isoformat()

    def prepare(self, source: XmlSource) -> None:
        """Read the groups and the articles of each group in a separate pass.

        In the file, the groups can come after the articles.
        """
        system = CATALOG
        names = ("CATALOG", "CATALOG_STRUCTURE", "CLASSIFICATION_SYSTEM_NAME", "CLASSIFICATION_GROUP", *MAPS)
        try:
            for name, _, element in ElementReader(source, names):
                if element is None:
                    continue
                if name == "CATALOG":
                    self._header(element)
                elif name == "CLASSIFICATION_SYSTEM_NAME":
                    system = text_of(element)
                elif name in MAPS:
                    if element.get("mode") != "delete":
                        article = child_text(element, "ART_ID", "PROD_ID", *SKU)
                        self._groups.add_article(article, child_text(element, "CATALOG_GROUP_ID"))
                else:
                    self._add_group(system, element)
        except BrokenXml:
            pass  # errors in the XML are reported when the articles are read
        self._groups.complete()

    def _add_group(self, system: str, element: Element) -> None:
        if element.get("type") == "root":
            return
        if local(element) == "CATALOG_STRUCTURE":
            system, prefix = CATALOG, ""
        else:
            prefix = "CLASSIFICATION_GROUP_"
        key = child_text(element, prefix + "ID", "GROUP_ID")
        name = text_of(in_language(descendants(element, prefix + "NAME", "GROUP_NAME"), self.language))
        self._groups.add_group(system, key, name, child_text(element, prefix + "PARENT_ID", "PARENT_ID"))

    def element_started(self, element: Element) -> None:
        self._transaction = local(element)
        self.declared_mode = MODES[self._transaction]

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "PARTIES":
            for party in descend(element, "PARTY"):
                name = next((text_of(name) for name in descend(party, "ADDRESS", "NAME")), "")
                self._parties.update({text_of(party_id): name for party_id in descend(party, "PARTY_ID")})
        else:
            yield self._article(element)

    def close(self) -> None:
        self._groups.close()

    def _header(self, catalog: Element) -> None:
        languages = list(catalog.iterchildren("{*}LANGUAGE"))
        default = next(
            (item for item in languages if item.get("default") in ("true", "1")), languages[0] if languages else None
        )
        self.language = self.language or text_of(default) or None
        self._flat.language = self.language
        self._default_currency = child_text(catalog, "CURRENCY")
        self._mime_root = text_of(in_language(catalog.iterchildren("{*}MIME_ROOT"), self.language))

    def _article(self, article: Element) -> Record:
        children = children_by_name(article)
        sku = {name: text_of(children[name][0]) for name in SKU if name in children}
        mode = article.get("mode") or ("new" if self.declared_mode == "full" else "")
        if mode == "delete":
            return {**sku, ACTIVE: "no"}
        if self._transaction == "T_UPDATE_PRICES":
            return {**sku, **self._price(children)}
        record = self._flat(article)
        record.pop("@mode", None)
        record.update(self._price(children))
        if mode == "new":
            record[ACTIVE] = "yes"
        if images := self._images(children):
            record["MIME_SOURCE"] = "\n".join(images)
        if gtin := self._gtin(children):
            record["GTIN"] = gtin
        if pairs := self._features(children):
            record[ATTRIBUTES] = attribute_lines(pairs)
        if self._parties and "MANUFACTURER_NAME" not in record:
            party_id = next((text_of(reference) for reference in descendants(article, "MANUFACTURER_IDREF")), "")
            if self._parties.get(party_id):
                record["MANUFACTURER_NAME"] = self._parties[party_id]
        if group := self._group_path(children, next(iter(sku.values()), "")):
            record["CATALOG_GROUP"] = group
        return record

    def _group_path(self, children: Children, sku: str) -> str:
        """Return the path of the article's group in the catalog, or else in a classification system."""
        if path := self._groups.path_of(sku):
            return path
        for features in _named(children, "_FEATURES"):
            texts = child_texts(features, self.language)
            system, key = texts.get("REFERENCE_FEATURE_SYSTEM_NAME", ""), texts.get("REFERENCE_FEATURE_GROUP_ID", "")
            if path := self._groups.path(system, key) or texts.get("REFERENCE_FEATURE_GROUP_NAME", ""):
                return path
        return ""

    def _gtin(self, children: Children) -> str:
        for details in _named(children, "_DETAILS"):
            by_name = children_by_name(details)
            for number in (*by_name.get("INTERNATIONAL_PID", ()), *by_name.get("INTERNATIONAL_AID", ())):
                if (number.get("type") or "gtin").casefold() in ("gtin", "ean", "gtin-13", "ean13", "upc"):
                    return text_of(number)
            if "EAN" in by_name:
                return text_of(by_name["EAN"][0])
        return ""

    def _features(self, children: Children) -> Pairs:
        pairs: Pairs = []
        for feature in (item for features in _named(children, "_FEATURES") for item in descend(features, "FEATURE")):
            texts = child_texts(feature, self.language)
            values = descend(feature, "FVALUE") or descend(feature, "VARIANTS", "VARIANT", "FVALUE")
            if len(values) > 1 and (best := in_language(values, self.language)) is not None:
                language = language_of(best)
                values = [value for value in values if language_of(value) in (language, None)]
            value = ", ".join(filter(None, map(text_of, values)))
            unit = texts.get("FUNIT", "")
            pairs.append((texts.get("FNAME", ""), f"{value} {unit}" if value and unit else value))
        return pairs

    def _images(self, children: Children) -> list[str]:
        images: list[tuple[int, int, int, str]] = []
        for info in children.get("MIME_INFO", ()):
            for number, mime in enumerate(info):
                texts = child_texts(mime, self.language)
                mime_type, purpose = texts.get("MIME_TYPE", "").casefold(), texts.get("MIME_PURPOSE", "").casefold()
                address = texts.get("MIME_SOURCE", "")
                has_image_name = mime_type in ("", "url", "jpg") and _IMAGE.fullmatch(address)
                if address and (mime_type.startswith("image/") or has_image_name) and purpose in PURPOSES:
                    order = texts.get("MIME_ORDER", "")
                    position = int(order) if order.isascii() and order.isdigit() and len(order) < 9 else number
                    images.append((PURPOSES.index(purpose), position, number, self._absolute(address)))
        return list(dict.fromkeys(address for *_, address in sorted(images)))

    def _absolute(self, address: str) -> str:
        """Return the absolute address of a file. MIME_ROOT of the catalog is put before a relative address."""
        if not self._mime_root or _ADDRESS.match(address):
            return address
        return f"{self._mime_root.rstrip('/')}/{address.lstrip('/')}"

    def _price(self, children: Children) -> Record:
        """Return the price of one unit.

        These criteria determine the price, the most important criterion first: the catalog's currency, the validity
        today, the price type, and the lowest quantity.

        A price of an unknown type, such as `udp_purchase`, can be a purchase price. Its column is read only if the
        mapping names the column.
        """
        best: tuple[tuple[bool, bool, int, float], dict[str, str], str] | None = None
        others: Record = {}
        for details in (*_named(children, "_PRICE_DETAILS"), *_named(children, "_PRICE")):
            by_name = children_by_name(details)
            is_invalid = not self._is_valid_today(by_name)
            # Some catalogs omit the PRICE_DETAILS element around the price.
            for price in _named(by_name, "_PRICE") or ([details] if "PRICE_AMOUNT" in by_name else []):
                price_type, values = price.get("price_type", ""), child_texts(price)
                if price_type not in PRICE_TYPES:
                    others.setdefault(f"PRICE_AMOUNT.{price_type[:60]}", self._amount(children, values))
                    others.setdefault("PRICE_CURRENCY", self._currency_of(values))
                    continue
                rank = (
                    self._currency_of(values) not in (self.currency, ""),
                    is_invalid,
                    PRICE_TYPES.index(price_type),
                    _lower_bound(values.get("LOWER_BOUND", "")),
                )
                if best is None or rank < best[0]:
                    best = rank, values, price_type
        if best is None:
            return {column: text for column, text in others.items() if text}
        _, values, price_type = best
        record = {
            "PRICE_AMOUNT": self._amount(children, values),
            "PRICE_CURRENCY": self._currency_of(values),
            "PRICE_TYPE": price_type,
        }
        return {**others, **{column: text for column, text in record.items() if text or column == "PRICE_AMOUNT"}}

    def _currency_of(self, price: dict[str, str]) -> str:
        return (price.get("PRICE_CURRENCY") or self._default_currency).upper()

    def _is_valid_today(self, details: Children) -> bool:
        dates = {item.get("type", ""): child_text(item, "DATE")[:10] for item in details.get("DATETIME", ())}
        for name in ("valid_start_date", "valid_end_date"):
            if name.upper() in details:
                dates[name] = text_of(details[name.upper()][0])[:10]
        start, end = dates.get("valid_start_date"), dates.get("valid_end_date")
        return (not start or start <= self._today) and (not end or end >= self._today)

    def _amount(self, children: Children, price: dict[str, str]) -> str:
        """Return the price of one unit. PRICE_AMOUNT × PRICE_FACTOR is the price of PRICE_QUANTITY units.

        PRICE_QUANTITY is an element of the order details. If the price itself contains this element, the element in the
        price is used.
        """
        orders = _named(children, "_ORDER_DETAILS")
        quantity = price.get("PRICE_QUANTITY") or (child_text(orders[0], "PRICE_QUANTITY") if orders else "")
        return unit_price(price.get("PRICE_AMOUNT", ""), price.get("PRICE_FACTOR", ""), quantity)


def _lower_bound(text: str) -> float:
    """Return the lowest quantity for which a price is valid, or 1 if no quantity is stated."""
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII) else 1.0


def _named(children: Children, suffix: str) -> list[Element]:
    """Return the children with the name PRODUCT (BMEcat 2005) or ARTICLE (BMEcat 1.2) plus `suffix`."""
    return children.get("PRODUCT" + suffix) or children.get("ARTICLE" + suffix) or []
