"""Reads ONIX for Books 3.0 and 3.1, with reference names or short tags: the books of publishers and distributors.

| field                | element                                                                                     |
|----------------------|---------------------------------------------------------------------------------------------|
| `sku`                | ISBN-13, otherwise GTIN-13, otherwise the sender's own number, otherwise `RecordReference`  |
| `name`               | the title of the product (`TitleType` 01), with the subtitle                                |
| `price`, `currency`  | a retail price with tax, otherwise without tax; never a supplier's net price                |
| `inventory_count`    | the sum of `Stock/OnHand`; without `OnHand`, 0 if `ProductAvailability` is 30 to 34         |
| `is_active`          | `ProductAvailability`, `PublishingStatus`, and `NotificationType` 05 (delete)               |

Sources: EDItEUR, ONIX for Books Product Information Format 3.0.8; code lists 5 (identifiers), 58 (types of prices), 64
(publishing status), 65 (availability) and 158 (resources).
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import ACTIVE, ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, Pairs, attribute_lines, descendants, text_of
from wecelebrate.feeds.xml.reader import Element

PROFILE = Profile(
    "onix",
    (),
    {
        "sku": ("identifier",),
        "name": ("title",),
        "description": ("description",),
        "category": ("subject",),
        "brand": ("publisher",),
        "price": ("price",),
        "currency": ("currency",),
        "images": ("image",),
        "inventory_count": ("onhand",),
        "is_active": ("isactive",),
    },
    pair_columns=("attributes",),
)
IDENTIFIERS = ("15", "03", "01")
"""ISBN-13, GTIN-13, and the sender's own number."""
PRICES = ("02", "04", "42", "01", "03", "41")
"""Recommended, fixed and publisher's retail prices. Prices with tax come first."""
UNAVAILABLE = frozenset(("01", "09", "10", "11", "12", *map(str, range(40, 53))))
OUT_OF_STOCK = frozenset(("30", "31", "32", "33", "34"))
UNPUBLISHED = frozenset(("01", "03", "05", "07", "08", "11", "13", "15", "16", "17"))
"""Cancelled, postponed, sold to another publisher, out of print, inactive, withdrawn, and recalled."""
SHORT = {
    "Product": "product", "RecordReference": "a001", "NotificationType": "a002",
    "ProductIdentifier": "productidentifier", "ProductIDType": "b221", "IDValue": "b244",
    "TitleDetail": "titledetail", "TitleType": "b202", "TitleText": "b203", "TitlePrefix": "b030",
    "TitleWithoutPrefix": "b031", "Subtitle": "b029", "TextContent": "textcontent", "TextType": "x426", "Text": "d104",
    "Subject": "subject", "SubjectHeadingText": "b070", "MainSubject": "x425", "ImprintName": "b079",
    "PublisherName": "b081", "PersonName": "b036", "NamesBeforeKey": "b039", "KeyNames": "b040",
    "CorporateName": "b047", "Contributor": "contributor", "PublishingStatus": "b394", "SupplyDetail": "supplydetail",
    "ProductAvailability": "j396", "OnHand": "j350", "Price": "price", "PriceType": "x462", "PriceAmount": "j151",
    "CurrencyCode": "j152", "SupportingResource": "supportingresource", "ResourceContentType": "x436",
    "ResourceLink": "x435", "RelatedMaterial": "relatedmaterial", "ContentDetail": "contentdetail",
    "ProductPart": "productpart", "Collection": "collection",
}  # fmt: skip
"""The short tags of the elements."""
OTHERS = ("RelatedMaterial", "ContentDetail", "ProductPart", "Collection")
"""Elements that describe other products, parts, or the series of the product."""
SKIPPED = (
    *OTHERS, "ProductIdentifier", "TitleDetail", "TextContent", "SupportingResource", "NotificationType", "Price",
    "Stock", "ProductAvailability", "PublishingStatus",
)  # fmt: skip


class OnixBooks(XmlFormat):
    name = "ONIX for Books"
    profile = PROFILE
    columns = (
        "Identifier", "Title", "Description", "Subject", "Publisher", "Price", "Currency", "Image", "OnHand",
        ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    sku_elements = ("IDValue", "b244")
    complete_elements = ("Product", "product")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        skipped = (*SKIPPED, *(SHORT[name] for name in SKIPPED if name in SHORT), "stock")
        self._flat = Flattener((), skipped, language)

    def records(self, element: Element) -> Iterator[Record]:
        for name in OTHERS:
            for other in _all(element, name):
                if (parent := other.getparent()) is not None:
                    parent.remove(other)
        sku: Record = {"Identifier": _identifier(element)}
        if _text(element, "NotificationType") == "05":
            yield {**sku, ACTIVE: "no"}
            return
        record = {**self._flat(element), **sku, **self._texts(element), **self._supply(element)}
        yield {name: value for name, value in record.items() if value}

    def _texts(self, product: Element) -> Record:
        texts = {_text(content, "TextType"): _text(content, "Text") for content in _all(product, "TextContent")}
        subjects = sorted(_all(product, "Subject"), key=lambda subject: not _all(subject, "MainSubject"))
        links = [
            text_of(link)
            for resource in _all(product, "SupportingResource")
            if _text(resource, "ResourceContentType") in ("01", "02")  # the front and the back cover
            for link in _all(resource, "ResourceLink")
        ]
        authors: Pairs = [("Author", name) for person in _all(product, "Contributor") if (name := _person(person))]
        return {
            "Title": _title(product),
            "Description": texts.get("03") or texts.get("02") or "",
            "Subject": next((text for subject in subjects if (text := _text(subject, "SubjectHeadingText"))), ""),
            "Publisher": _text(product, "ImprintName") or _text(product, "PublisherName"),
            "Image": "\n".join(links),
            ATTRIBUTES: attribute_lines(authors),
        }

    def _supply(self, product: Element) -> Record:
        """Return the price, the stock and the state.

        If there are several suppliers, the first supplier that can deliver is used.
        """
        supplies = _all(product, "SupplyDetail")
        states = [_text(supply, "ProductAvailability") for supply in supplies]
        better = (
            next((at for at, state in enumerate(states) if state and state not in UNAVAILABLE | OUT_OF_STOCK), None),
            next((at for at, state in enumerate(states) if state in OUT_OF_STOCK), None),
        )
        at = next((at for at in better if at is not None), 0)
        state = states[at] if states else ""
        record: Record = {}
        if supplies:
            record |= self._price(supplies[at])
            stocks = [text_of(stock) for stock in _all(supplies[at], "OnHand")]
            numbers = [int(stock) for stock in stocks if stock.isascii() and stock.isdigit() and len(stock) < 20]
            record["OnHand"] = str(sum(numbers)) if numbers else "0" if state in OUT_OF_STOCK else ""
        published = _text(product, "PublishingStatus")
        is_unpublished = published in UNPUBLISHED
        record |= {"List64": published, "List65": state}  # the codes, for the source data
        if state or is_unpublished:
            record[ACTIVE] = "no" if state in UNAVAILABLE or is_unpublished else "yes"
        return record

    def _price(self, supply: Element) -> Record:
        """Return a retail price: in the catalog's currency if one exists, and with tax if one exists."""
        priced = [
            (code != self.currency, PRICES.index(kind), amount, code)
            for price in _all(supply, "Price")
            if (kind := _text(price, "PriceType")) in PRICES
            and (amount := _text(price, "PriceAmount"))
            and (code := _text(price, "CurrencyCode") or self.currency)
        ]
        if not priced:
            return {}
        _, _, amount, code = min(priced, key=lambda price: price[:2])
        return {"Price": amount, "Currency": code}


def _all(element: Element, name: str) -> list[Element]:
    return list(descendants(element, name, SHORT[name]))


def _text(element: Element, name: str) -> str:
    return text_of(next(iter(_all(element, name)), None))


def _identifier(product: Element) -> str:
    identifiers = {_text(one, "ProductIDType"): _text(one, "IDValue") for one in _all(product, "ProductIdentifier")}
    return next((identifiers[kind] for kind in IDENTIFIERS if identifiers.get(kind)), _text(product, "RecordReference"))


def _title(product: Element) -> str:
    details = _all(product, "TitleDetail")
    title = next((detail for detail in details if _text(detail, "TitleType") == "01"), details[0] if details else None)
    if title is None:
        return ""
    prefixed = f"{_text(title, 'TitlePrefix')} {_text(title, 'TitleWithoutPrefix')}".strip()
    subtitle = _text(title, "Subtitle")
    name = _text(title, "TitleText") or prefixed
    return f"{name}: {subtitle}" if subtitle else name


def _person(contributor: Element) -> str:
    inverted = f"{_text(contributor, 'NamesBeforeKey')} {_text(contributor, 'KeyNames')}".strip()
    return _text(contributor, "PersonName") or inverted or _text(contributor, "CorporateName")
