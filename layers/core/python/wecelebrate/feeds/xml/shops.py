"""Product data feeds of shops: RSS 2.0 and Atom with Google's elements.

Source: Google Merchant Center help, product data specification and XML feed formats.
"""

from collections.abc import Iterator

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Flat, Record, every, listed, value
from wecelebrate.feeds.xml.kinds import ATTRIBUTES, Kind
from wecelebrate.feeds.xml.reader import Element

GOOGLE = "{http://base.google.com/ns/1.0}"

PROFILE = Profile(
    "google merchant",
    (),
    {
        "sku": ("id",),
        "name": ("title",),
        "description": ("description", "summary", "content"),
        "category": ("producttype", "googleproductcategory"),
        "brand": ("brand",),
        "price": ("price",),
        "images": ("imagelink", "additionalimagelink"),
        "inventory_count": ("quantity", "quantitytosellonfacebook", "inventory", "availability"),
        "is_active": ("status",),
    },
    joined=("images",),
    lenient=True,
    pairs=("attributes",),
    others=True,
)


class Merchant(Kind):
    """Items of a feed. An element of Google's goes before one of RSS or Atom that has the same name."""

    name = "Google Merchant"
    profile = PROFILE
    columns = (
        "id", "title", "description", "product_type", "google_product_category", "brand", "price", "image_link",
        "additional_image_link", "quantity", "availability", ATTRIBUTES,
    )  # fmt: skip
    keys = ("id",)
    whole = ("item", "entry")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flat((), ("product_detail",), language)

    def records(self, element: Element) -> Iterator[Record]:
        for child in list(element):
            if not isinstance(child.tag, str) or child.tag.startswith(GOOGLE):
                continue
            if next(element.iterchildren(GOOGLE + child.tag[child.tag.rfind("}") + 1 :]), None) is not None:
                element.remove(child)
        record = self._flat(element)
        if "link" not in record and "link@href" in record:
            record["link"] = record.pop("link@href")
        details = (
            (value(detail, "attribute_name"), value(detail, "attribute_value"))
            for detail in every(element, "product_detail")
        )
        if pairs := listed(list(details)):
            record[ATTRIBUTES] = pairs
        yield record
