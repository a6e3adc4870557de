"""Reads the UBL 2.1 Catalogue, which Peppol also uses.

Sources: OASIS Universal Business Language 2.1, UBL-Catalogue-2.1; Peppol BIS Catalogue 3.
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.base import ACTIVE, ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    Pairs,
    attribute_lines,
    child_text,
    descend,
    descendants,
    first_child,
    in_language,
    text_of,
    unit_price,
)
from wecelebrate.feeds.xml.reader import Element, local

MODE_OF_ACTION: dict[str, DeclaredMode] = {"replace": "full", "update": "delta", "delete": "delta"}

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
    pair_columns=("attributes",),
    keep_other_columns=True,
    # In Peppol BIS Catalogue 3, a line that deletes an item can contain only the standard identification.
    other_identifier="StandardItemID",
)


class UblCatalogue(XmlFormat):
    name = "UBL catalogue"
    profile = PROFILE
    columns = (
        "SellersItemID", "StandardItemID", "Name", "Description", "ItemClassification", "BrandName", "Manufacturer",
        "PriceAmount", "PriceAmount@currencyID", "Image", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    complete_elements = ("CatalogueLine", "ActionCode")

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener(
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
            self.declared_mode = MODE_OF_ACTION.get(text_of(element).casefold())
            return
        action = child_text(element, "ActionCode").casefold()
        sku: Record = {}
        for column, parent in (("SellersItemID", "SellersItemIdentification"),
                               ("StandardItemID", "StandardItemIdentification")):  # fmt: skip
            if text := next((child_text(identification, "ID") for identification in descendants(element, parent)), ""):
                sku[column] = text
        if action == "delete":
            yield {**sku, ACTIVE: "no"}
            return
        record = {**self._flat(element), **sku, **self._price(element), **self._item(element)}
        if orderable := child_text(element, "OrderableIndicator"):
            record[ACTIVE] = orderable
        elif action == "add":
            record[ACTIVE] = "yes"
        yield record

    def _item(self, line: Element) -> Record:
        record: Record = {}
        if (code := next(iter(descendants(line, "ItemClassificationCode")), None)) is not None:
            record["ItemClassification"] = code.get("name") or text_of(code)
        if (maker := next(iter(descendants(line, "ManufacturerParty")), None)) is not None:
            record["Manufacturer"] = text_of(next(iter(descendants(maker, "Name")), None))
        images: list[str] = []
        for document in descend(line, "Item", "ItemSpecificationDocumentReference"):
            document_type = (
                f"{child_text(document, 'DocumentTypeCode')} {child_text(document, 'DocumentType')}".casefold()
            )
            if "image" in document_type or "picture" in document_type:
                images += map(text_of, descend(document, "Attachment", "ExternalReference", "URI"))
        if images:
            record["Image"] = "\n".join(images)
        pairs: Pairs = []
        for item_property in descendants(line, "AdditionalItemProperty"):
            quantity, value = first_child(item_property, "ValueQuantity"), child_text(item_property, "Value")
            text = value or text_of(quantity)
            unit = quantity.get("unitCode", "") if quantity is not None and not value else ""
            name = text_of(in_language(item_property.iterchildren("{*}Name"), self.language))
            pairs.append((name, f"{text} {unit}"))
        if pairs:
            record[ATTRIBUTES] = attribute_lines(pairs)
        return record

    def _price(self, line: Element) -> Record:
        """Return the price of one unit. The first price in the catalog's currency is used, or else the first price.

        Other `PriceAmount` elements are not prices of the item. For example, `ItemComparison` has a price for
        comparison only.
        """
        prices = descend(line, "RequiredItemLocationQuantity", "Price", "PriceAmount")
        if not prices:
            return {}
        price = next((price for price in prices if price.get("currencyID") == self.currency), prices[0])
        return {
            "PriceAmount": unit_price(text_of(price), "1", child_text(price.getparent(), "BaseQuantity")),
            "PriceAmount@currencyID": price.get("currencyID", ""),
        }
