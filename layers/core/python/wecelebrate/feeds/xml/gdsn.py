"""Reads GS1 GDSN: catalogue item notifications with their trade items.

Sources: GS1 XML, GDSN 3.1 Catalogue Item Notification and its modules; GDSN 2.8, Catalogue Item Notification. In GDSN
2, a `description` contains a text (`shortText` or `longText`) and its language (`language/languageISOCode`).
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import ACTIVE, XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    child_text,
    descendants,
    first_child,
    in_language,
    same_language,
    text_of,
)
from wecelebrate.feeds.xml.reader import Element, local

PROFILE = Profile(
    "gs1 gdsn",
    (),
    {
        "sku": ("gtin",),
        "name": ("tradeitemdescription",),
        "description": ("marketingmessage",),
        "category": ("gpccategory",),
        "brand": ("brandname",),
        "price": ("tradeitemprice",),
        "currency": ("tradeitempricecurrencycode",),
        "images": ("uniformresourceidentifier",),
        "is_active": ("isactive",),
    },
    keep_other_columns=True,
)
TEXTS = ("longText", "shortText", "text")
"""The elements of GDSN 2 that contain a text."""
NAMES = ("tradeItemDescription", "regulatedProductName", "descriptionShort", "functionalName", "labelDescription")


class GdsnTradeItems(XmlFormat):
    """Each trade item (a piece, a case or a pallet) is a product. The SKU of the product is the GTIN."""

    name = "GS1 GDSN"
    profile = PROFILE
    columns = (
        "gtin", "tradeItemDescription", "marketingMessage", "gpcCategory", "brandName", "tradeItemPrice",
        "tradeItemPrice@currencyCode", "uniformResourceIdentifier", ACTIVE,
    )  # fmt: skip
    sku_elements = ("gtin",)
    complete_elements = ("tradeItem", "documentCommandHeader")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._command = ""
        # Each module is inside an element `extension`. The paths of columns omit this element.
        self._flat = Flattener(("tradeItemInformation", "extension"), ("referencedFileHeader", "partyInRole"), language)

    def accept(self, element: Element) -> bool:
        # A `tradeItem` can also be inside an element that describes a component or an item of the next lower level.
        parent = element.getparent()
        return local(element) != "tradeItem" or (parent is not None and local(parent) == "catalogueItem")

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "documentCommandHeader":
            self._command = (element.get("type") or child_text(element, "type")).upper()
            return
        gtin = child_text(element, "gtin") or child_text(first_child(element, "tradeItemIdentification"), "gtin")
        if self._command == "DELETE":
            yield {"gtin": gtin, ACTIVE: "no"}
            return
        flat = self._flat(element)
        record = {path.rpartition("Module.")[2]: text for path, text in flat.items()}
        record["gtin"] = gtin
        for column, names in (("tradeItemDescription", NAMES), ("marketingMessage", ("tradeItemMarketingMessage",)),
                              ("brandName", ("brandName",))):  # fmt: skip
            for name in names:
                if text := self._text(element, name):
                    record[column] = text
                    break
        classification = next(iter(descendants(element, "gdsnTradeItemClassification")), None)
        if classification is not None:
            record["gpcCategory"] = child_text(classification, "gpcCategoryName", "gpcCategoryCode")
        prices = list(descendants(element, "tradeItemPrice"))
        if prices:
            price = next((price for price in prices if price.get("currencyCode") == self.currency), prices[0])
            record["tradeItemPrice"] = text_of(price)
            record["tradeItemPrice@currencyCode"] = price.get("currencyCode", "")
        if images := self._images(element):
            record["uniformResourceIdentifier"] = "\n".join(images)
        yield record

    def _text(self, element: Element, name: str) -> str:
        """Return the text of the elements with this name, in the requested language if there is such a text."""
        texts = [
            (child_text(first_child(description, "language"), "languageISOCode"), child_text(description, *TEXTS))
            for parent in descendants(element, name)
            for description in descendants(parent, "description")
        ]
        if not texts:
            return text_of(in_language(descendants(element, name), self.language))
        return next((text for language, text in texts if same_language(language, self.language)), texts[0][1])

    def _images(self, element: Element) -> list[str]:
        """Return the addresses of the images. The primary image comes first."""
        images: list[tuple[bool, str]] = []
        for file in descendants(element, "referencedFileHeader"):
            if "IMAGE" in child_text(file, "referencedFileTypeCode").upper():
                address = text_of(first_child(file, "uniformResourceIdentifier"))
                images.append((child_text(file, "isPrimaryFile").casefold() not in ("true", "1"), address))
        return [address for _, address in sorted(images, key=lambda image: image[0]) if address]
