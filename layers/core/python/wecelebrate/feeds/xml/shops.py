"""Reads product feeds of shops: RSS 2.0 and Atom with Google's elements.

Source: Google Merchant Center help, product data specification and XML feed formats.
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, attribute_lines, child_text, descendants
from wecelebrate.feeds.xml.reader import Element, local

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
    joined_fields=("images",),
    pair_columns=("attributes",),
    offers_without_days="valid",
    keep_other_columns=True,
)


class MerchantFeed(XmlFormat):
    """Reads the items of a feed. Google's elements are preferred to RSS or Atom elements with the same name."""

    name = "Google Merchant"
    profile = PROFILE
    columns = (
        "id", "title", "description", "product_type", "google_product_category", "brand", "price", "image_link",
        "additional_image_link", "quantity", "availability", ATTRIBUTES,
    )  # fmt: skip
    sku_elements = ("id",)
    complete_elements = ("item", "entry")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener((), ("product_detail",), language)

    def records(self, element: Element) -> Iterator[Record]:
        children = [child for child in element if isinstance(child.tag, str)]
        preferred = {local(child) for child in children if str(child.tag).startswith(GOOGLE)}
        for child in children:
            if not str(child.tag).startswith(GOOGLE) and local(child) in preferred:
                element.remove(child)
        record = self._flat(element)
        if "link" not in record and "link@href" in record:
            record["link"] = record.pop("link@href")
        details = (
            (child_text(detail, "attribute_name"), child_text(detail, "attribute_value"))
            for detail in descendants(element, "product_detail")
        )
        if pairs := attribute_lines(list(details)):
            record[ATTRIBUTES] = pairs
        yield record
