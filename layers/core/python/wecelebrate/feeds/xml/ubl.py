"""UBL 2.1 Catalogue, also as Peppol uses it.

Sources: OASIS Universal Business Language 2.1, UBL-Catalogue-2.1; Peppol BIS Catalogue 3.
"""

from collections.abc import Iterator

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Flat, Pairs, Record, child, each, every, listed, spoken, text_of, value, within
from wecelebrate.feeds.xml.kinds import ACTIVE, ATTRIBUTES, Kind, Nature
from wecelebrate.feeds.xml.reader import Element, local

ACTIONS: dict[str, Nature] = {"replace": "full", "update": "delta", "delete": "delta"}

PROFILE = Profile(
    "ubl catalogue",
    (),
    {
        "sku": ("sellersitemid", "standarditemid"),
        "name": ("name",),
        "description": ("description",),
        "category": ("itemclassification",),
        "brand": ("brandname", "manufacturer"),
        "price": ("priceamount",),
        "currency": ("priceamountcurrencyid",),
        "images": ("image",),
        "is_active": ("isactive",),
    },
    pairs=("attributes",),
    others=True,
)


class Catalogue(Kind):
    name = "UBL catalogue"
    profile = PROFILE
    columns = (
        "SellersItemID", "StandardItemID", "Name", "Description", "ItemClassification", "BrandName", "Manufacturer",
        "PriceAmount", "PriceAmount@currencyID", "Image", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    whole = ("CatalogueLine", "ActionCode")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flat(
            ("Item",),
            ("RequiredItemLocationQuantity", "AdditionalItemProperty", "CommodityClassification", "ManufacturerParty",
             "SellersItemIdentification", "StandardItemIdentification", "ItemSpecificationDocumentReference",
             "ItemComparison", "ContractorCustomerParty", "SellerSupplierParty",
             "ActionCode", "OrderableIndicator", "ID"),
            language,
        )  # fmt: skip

    def accept(self, element: Element) -> bool:
        parent = element.getparent()
        return local(element) != "ActionCode" or (parent is not None and local(parent) == "Catalogue")

    def records(self, element: Element) -> Iterator[Record]:
        if local(element) == "ActionCode":
            self.nature = ACTIONS.get(text_of(element).casefold())
            return
        action = value(element, "ActionCode").casefold()
        sku: Record = {}
        for column, holder in (("SellersItemID", "SellersItemIdentification"),
                               ("StandardItemID", "StandardItemIdentification")):  # fmt: skip
            if text := next((value(found, "ID") for found in every(element, holder)), ""):
                sku[column] = text
        if action == "delete":
            yield {**sku, ACTIVE: "no"}
            return
        record = {**self._flat(element), **sku, **self._price(element), **self._item(element)}
        if orderable := value(element, "OrderableIndicator"):
            record[ACTIVE] = orderable
        elif action == "add":
            record[ACTIVE] = "yes"
        yield record

    def _item(self, line: Element) -> Record:
        record: Record = {}
        if (code := next(iter(every(line, "ItemClassificationCode")), None)) is not None:
            record["ItemClassification"] = code.get("name") or text_of(code)
        if (maker := next(iter(every(line, "ManufacturerParty")), None)) is not None:
            record["Manufacturer"] = text_of(next(iter(every(maker, "Name")), None))
        images: list[str] = []
        for document in within(line, "Item", "ItemSpecificationDocumentReference"):
            kind = f"{value(document, 'DocumentTypeCode')} {value(document, 'DocumentType')}".casefold()
            if "image" in kind or "picture" in kind:
                images += map(text_of, within(document, "Attachment", "ExternalReference", "URI"))
        if images:
            record["Image"] = "\n".join(images)
        pairs: Pairs = []
        for known in every(line, "AdditionalItemProperty"):
            amount = child(known, "ValueQuantity")
            text = value(known, "Value") or text_of(amount)
            unit = amount.get("unitCode", "") if amount is not None and not value(known, "Value") else ""
            pairs.append((text_of(spoken(known.iterchildren("{*}Name"), self.language)), f"{text} {unit}"))
        if pairs:
            record[ATTRIBUTES] = listed(pairs)
        return record

    def _price(self, line: Element) -> Record:
        """The first price in the catalog's currency, else the first; for one piece."""
        prices = list(every(line, "PriceAmount"))
        price = next((one for one in prices if one.get("currencyID") == self.currency), prices[0] if prices else None)
        if price is None:
            return {}
        return {
            "PriceAmount": each(text_of(price), "1", value(price.getparent(), "BaseQuantity")),
            "PriceAmount@currencyID": price.get("currencyID", ""),
        }
