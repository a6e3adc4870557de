"""BMEcat 1.2 and 2005: T_NEW_CATALOG, T_UPDATE_PRODUCTS and T_UPDATE_PRICES.

Sources: BMEcat 1.2 specification (BME, 2001), BMEcat 2005 (BME, 2005, and its final draft fd1).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import (
    Flat,
    Pairs,
    Record,
    each,
    every,
    language_of,
    leaves,
    listed,
    parts,
    spoken,
    text_of,
    value,
    within,
)
from wecelebrate.feeds.xml.groups import CATALOG, Groups
from wecelebrate.feeds.xml.kinds import ACTIVE, ATTRIBUTES, Kind, Nature
from wecelebrate.feeds.xml.reader import Element, Reader, local
from wecelebrate.feeds.xml.source import Broken, Source

SKU = ("SUPPLIER_AID", "SUPPLIER_PID")
ARTICLES = ("ARTICLE", "PRODUCT")
MAPS = ("ARTICLE_TO_CATALOGGROUP_MAP", "PRODUCT_TO_CATALOGGROUP_MAP")
NATURES: dict[str, Nature] = {"T_NEW_CATALOG": "full", "T_UPDATE_PRODUCTS": "delta", "T_UPDATE_PRICES": "delta"}

Parts = dict[str, list[Element]]

# The better price first: what a buyer without an agreement pays.
PRICE_TYPES = ("net_list", "nrp", "gros_list", "net_customer", "net_customer_exp")
# The main image first; what is no picture of the product is none of its images.
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
    pairs=("attributes",),
    others=True,
)


class BMEcat(Kind):
    name = "BMEcat"
    profile = PROFILE
    columns = (
        "DESCRIPTION_SHORT", "DESCRIPTION_LONG", "CATALOG_GROUP", "MANUFACTURER_NAME", "PRICE_AMOUNT",
        "PRICE_CURRENCY", "MIME_SOURCE", "GTIN", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    keys = SKU
    whole = ("PARTIES", *ARTICLES)
    begun = tuple(NATURES)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flat(
            ("ARTICLE_DETAILS", "PRODUCT_DETAILS", "ARTICLE_ORDER_DETAILS", "PRODUCT_ORDER_DETAILS"),
            ("ARTICLE_FEATURES", "PRODUCT_FEATURES", "ARTICLE_PRICE_DETAILS", "PRODUCT_PRICE_DETAILS", "MIME_INFO",
             "ARTICLE_REFERENCE", "PRODUCT_REFERENCE", "EAN", "INTERNATIONAL_PID", "INTERNATIONAL_AID",
             "MANUFACTURER_IDREF", "ARTICLE_PRICE", "PRODUCT_LOGISTIC_DETAILS"),
            language,
        )  # fmt: skip
        self._groups = Groups()
        self._transaction = ""
        self._default_currency = self._mime_root = ""
        self._parties: dict[str, str] = {}
        self._today = datetime.now(UTC).date().isoformat()

    def prepare(self, source: Source) -> None:
        """The groups and which articles they hold stand behind the articles: a pass of their own, kept on disk."""
        system = CATALOG
        names = ("CATALOG", "CATALOG_STRUCTURE", "CLASSIFICATION_SYSTEM_NAME", "CLASSIFICATION_GROUP", *MAPS)
        try:
            for name, _, element in Reader(source, names):
                if element is None:
                    continue
                if name == "CATALOG":
                    self._header(element)
                elif name == "CLASSIFICATION_SYSTEM_NAME":
                    system = text_of(element)
                elif name in MAPS:
                    if element.get("mode") != "delete":
                        article = value(element, "ART_ID", "PROD_ID", *SKU)
                        self._groups.hold(article, value(element, "CATALOG_GROUP_ID"))
                else:
                    self._group(system, element)
        except Broken:
            pass  # told when the articles are read
        self._groups.complete()

    def _group(self, system: str, element: Element) -> None:
        if element.get("type") == "root":
            return
        if local(element) == "CATALOG_STRUCTURE":
            system, kind = CATALOG, ""
        else:
            kind = "CLASSIFICATION_GROUP_"
        key = value(element, kind + "ID", "GROUP_ID")
        name = text_of(spoken(every(element, kind + "NAME", "GROUP_NAME"), self.language))
        self._groups.add(system, key, name, value(element, kind + "PARENT_ID", "PARENT_ID"))

    def begins(self, element: Element) -> None:
        self._transaction = local(element)
        self.nature = NATURES[self._transaction]

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "PARTIES":
            for party in within(element, "PARTY"):
                title = next((text_of(found) for found in within(party, "ADDRESS", "NAME")), "")
                self._parties.update({text_of(found): title for found in within(party, "PARTY_ID")})
        else:
            yield self._article(element)

    def _header(self, catalog: Element) -> None:
        languages = list(catalog.iterchildren("{*}LANGUAGE"))
        first = next((one for one in languages if one.get("default") == "true"), languages[0] if languages else None)
        self.language = self.language or text_of(first) or None
        self._flat.language = self.language
        self._default_currency = value(catalog, "CURRENCY")
        self._mime_root = text_of(spoken(catalog.iterchildren("{*}MIME_ROOT"), self.language))

    def _article(self, article: Element) -> Record:
        inside = parts(article)
        sku = {name: text_of(inside[name][0]) for name in SKU if name in inside}
        mode = article.get("mode") or ("new" if self.nature == "full" else "")
        if mode == "delete":
            return {**sku, ACTIVE: "no"}
        if self._transaction == "T_UPDATE_PRICES":
            record = {**sku, **self._price(inside)}
            record.pop("PRICE_TYPE", None)
            return record
        record = self._flat(article)
        record.pop("@mode", None)
        record.update(self._price(inside))
        if self.nature != "full":
            record.pop("PRICE_TYPE", None)  # attributes are given as a whole or not at all: this alone is no reason
        if mode == "new":
            record[ACTIVE] = "yes"
        if images := self._images(inside):
            record["MIME_SOURCE"] = "\n".join(images)
        if gtin := self._gtin(inside):
            record["GTIN"] = gtin
        if pairs := self._features(inside):
            record[ATTRIBUTES] = listed(pairs)
        if self._parties and "MANUFACTURER_NAME" not in record:
            party = next((text_of(found) for found in every(article, "MANUFACTURER_IDREF")), "")
            if self._parties.get(party):
                record["MANUFACTURER_NAME"] = self._parties[party]
        if group := self._group_of(inside, next(iter(sku.values()), "")):
            record["CATALOG_GROUP"] = group
        return record

    def _group_of(self, inside: Parts, sku: str) -> str:
        if group := self._groups.of(sku):
            return group
        for features in _both(inside, "_FEATURES"):
            told = leaves(features, self.language)
            system, key = told.get("REFERENCE_FEATURE_SYSTEM_NAME", ""), told.get("REFERENCE_FEATURE_GROUP_ID", "")
            if group := self._groups.path(system, key) or told.get("REFERENCE_FEATURE_GROUP_NAME", ""):
                return group
        return ""

    def _gtin(self, inside: Parts) -> str:
        for details in _both(inside, "_DETAILS"):
            told = parts(details)
            for one in (*told.get("INTERNATIONAL_PID", ()), *told.get("INTERNATIONAL_AID", ())):
                if (one.get("type") or "gtin").casefold() in ("gtin", "ean", "gtin-13", "ean13", "upc"):
                    return text_of(one)
            if "EAN" in told:
                return text_of(told["EAN"][0])
        return ""

    def _features(self, inside: Parts) -> Pairs:
        pairs: Pairs = []
        for feature in (one for features in _both(inside, "_FEATURES") for one in within(features, "FEATURE")):
            told = leaves(feature, self.language)
            values = within(feature, "FVALUE") or within(feature, "VARIANTS", "VARIANT", "FVALUE")
            if len(values) > 1 and (best := spoken(values, self.language)) is not None:
                tongue = language_of(best)
                values = [one for one in values if language_of(one) in (tongue, None)]
            texts = ", ".join(filter(None, map(text_of, values)))
            unit = told.get("FUNIT", "")
            pairs.append((told.get("FNAME", ""), f"{texts} {unit}" if texts and unit else texts))
        return pairs

    def _images(self, inside: Parts) -> list[str]:
        found: list[tuple[int, int, int, str]] = []
        for info in inside.get("MIME_INFO", ()):
            for number, mime in enumerate(info):
                told = leaves(mime, self.language)
                kind, purpose = told.get("MIME_TYPE", "").casefold(), told.get("MIME_PURPOSE", "").casefold()
                address = told.get("MIME_SOURCE", "")
                picture = kind.startswith("image/") or (kind in ("", "url", "jpg") and _IMAGE.fullmatch(address))
                if address and picture and purpose in PURPOSES:
                    order = told.get("MIME_ORDER", "")
                    turn = int(order) if order.isascii() and order.isdigit() and len(order) < 9 else number
                    found.append((PURPOSES.index(purpose), turn, number, self._address(address)))
        return list(dict.fromkeys(address for *_, address in sorted(found)))

    def _address(self, source: str) -> str:
        if not self._mime_root or _ADDRESS.match(source):
            return source
        return f"{self._mime_root.rstrip('/')}/{source.lstrip('/')}"

    def _price(self, inside: Parts) -> Record:
        """The price for one piece: of the catalog's currency, valid today, of the best type, for the least quantity."""
        best: tuple[tuple[bool, bool, int, float], dict[str, str], str] | None = None
        for details in (*_both(inside, "_PRICE_DETAILS"), *_both(inside, "_PRICE")):
            told = parts(details)
            past = not self._valid(told)
            # Some leave the details out and write the price alone.
            for price in _both(told, "_PRICE") or ([details] if "PRICE_AMOUNT" in told else []):
                kind, values = price.get("price_type", ""), leaves(price)
                rank = (
                    self._currency_of(values) not in (self.currency, ""),
                    past,
                    PRICE_TYPES.index(kind) if kind in PRICE_TYPES else len(PRICE_TYPES),
                    _bound(values.get("LOWER_BOUND", "")),
                )
                if best is None or rank < best[0]:
                    best = rank, values, kind
        if best is None:
            return {}
        _, values, kind = best
        found = {
            "PRICE_AMOUNT": self._amount(inside, values),
            "PRICE_CURRENCY": self._currency_of(values),
            "PRICE_TYPE": kind,
        }
        return {column: text for column, text in found.items() if text or column == "PRICE_AMOUNT"}

    def _currency_of(self, price: dict[str, str]) -> str:
        return (price.get("PRICE_CURRENCY") or self._default_currency).upper()

    def _valid(self, details: Parts) -> bool:
        spans = {moment.get("type", ""): value(moment, "DATE")[:10] for moment in details.get("DATETIME", ())}
        for kind in ("valid_start_date", "valid_end_date"):
            if kind.upper() in details:
                spans[kind] = text_of(details[kind.upper()][0])[:10]
        start, end = spans.get("valid_start_date"), spans.get("valid_end_date")
        return (not start or start <= self._today) and (not end or end >= self._today)

    def _amount(self, inside: Parts, price: dict[str, str]) -> str:
        """PRICE_AMOUNT × PRICE_FACTOR is the price of PRICE_QUANTITY units."""
        orders = _both(inside, "_ORDER_DETAILS")
        quantity = value(orders[0], "PRICE_QUANTITY") if orders else ""
        return each(price.get("PRICE_AMOUNT", ""), price.get("PRICE_FACTOR", ""), quantity)


def _bound(text: str) -> float:
    """From how many pieces on a price holds; without it, from the first."""
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII) else 1.0


def _both(inside: Parts, name: str) -> list[Element]:
    """The children of a name that begins with ARTICLE in BMEcat 1.2 and with PRODUCT in 2005."""
    return inside.get("PRODUCT" + name) or inside.get("ARTICLE" + name) or []
