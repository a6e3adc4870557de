"""GS1 GDSN: catalogue item notifications with their trade items.

Source: GS1 XML, GDSN 3.1 Catalogue Item Notification and its modules.
"""

from collections.abc import Iterator

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Flat, Record, child, every, spoken, text_of, value
from wecelebrate.feeds.xml.kinds import ACTIVE, Kind
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
    others=True,
)
NAMES = ("tradeItemDescription", "regulatedProductName", "descriptionShort", "functionalName", "labelDescription")


class TradeItems(Kind):
    """Every trade item of every notification is a product by its GTIN: piece, case and pallet."""

    name = "GS1 GDSN"
    profile = PROFILE
    columns = (
        "gtin", "tradeItemDescription", "marketingMessage", "gpcCategory", "brandName", "tradeItemPrice",
        "tradeItemPrice@currencyCode", "uniformResourceIdentifier", ACTIVE,
    )  # fmt: skip
    keys = ("gtin",)
    whole = ("tradeItem", "documentCommandHeader")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._command = ""
        # Modules stand in extensions, each of a namespace of its own; their names are left out of the paths.
        self._flat = Flat(("tradeItemInformation", "extension"), ("referencedFileHeader", "partyInRole"), language)

    def accept(self, element: Element) -> bool:
        parent = element.getparent()  # a component or a next lower level names its trade item by the same word
        return local(element) != "tradeItem" or (parent is not None and local(parent) == "catalogueItem")

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "documentCommandHeader":
            self._command = (element.get("type") or value(element, "type")).upper()
            return
        gtin = value(element, "gtin")
        if self._command == "DELETE":
            yield {"gtin": gtin, ACTIVE: "no"}
            return
        flat = self._flat(element)
        record = {path.rpartition("Module.")[2]: text for path, text in flat.items()}
        record["gtin"] = gtin
        for column, names in (("tradeItemDescription", NAMES), ("marketingMessage", ("tradeItemMarketingMessage",)),
                              ("brandName", ("brandName",))):  # fmt: skip
            for one in names:
                if text := text_of(spoken(every(element, one), self.language)):
                    record[column] = text
                    break
        group = next(iter(every(element, "gdsnTradeItemClassification")), None)
        if group is not None:
            record["gpcCategory"] = value(group, "gpcCategoryName", "gpcCategoryCode")
        prices = list(every(element, "tradeItemPrice"))
        if prices:
            price = next((one for one in prices if one.get("currencyCode") == self.currency), prices[0])
            record["tradeItemPrice"] = text_of(price)
            record["tradeItemPrice@currencyCode"] = price.get("currencyCode", "")
        if images := self._images(element):
            record["uniformResourceIdentifier"] = "\n".join(images)
        yield record

    def _images(self, element: Element) -> list[str]:
        found: list[tuple[bool, str]] = []
        for file in every(element, "referencedFileHeader"):
            if "IMAGE" in value(file, "referencedFileTypeCode").upper():
                address = text_of(child(file, "uniformResourceIdentifier"))
                found.append((value(file, "isPrimaryFile").casefold() not in ("true", "1"), address))
        return [address for _, address in sorted(found, key=lambda one: one[0]) if address]
