"""Reads a cXML Index: added items, deleted items, and punch-out items, which are bought on the supplier's website.

Source: cXML User's Guide, "Catalogs", and cXML.dtd 1.2 (cxml.org).
"""

from collections.abc import Iterator
from decimal import Decimal

from wecelebrate.core.types.numbers import without_exponent
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.base import ACTIVE, ATTRIBUTES, XmlFormat
from wecelebrate.feeds.xml.flat import (
    Flattener,
    Pairs,
    attribute_lines,
    child_text,
    descendants,
    in_language,
    language_of,
    text_of,
    unit_price,
)
from wecelebrate.feeds.xml.reader import Element, local

MODE_OF_LOAD: dict[str, DeclaredMode] = {"full": "full", "incremental": "delta"}
IMAGES = ("image", "image url", "imageurl", "image_url", "picture", "thumbnail", "images")

PROFILE = Profile(
    "cxml index",
    (),
    {
        "sku": ("supplierpartid",),
        "name": ("shortname",),
        "description": ("description",),
        "category": ("classification",),
        "brand": ("manufacturername",),
        "price": ("unitprice",),
        "currency": ("unitpricecurrency",),
        "images": ("image",),
        "is_active": ("isactive",),
    },
    pair_columns=("attributes",),
    keep_other_columns=True,
)


class CxmlIndex(XmlFormat):
    name = "cXML index"
    profile = PROFILE
    columns = (
        "SupplierPartID", "ShortName", "Description", "Classification", "ManufacturerName", "UnitPrice",
        "UnitPrice@currency", "Image", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    sku_elements = ("SupplierPartID",)
    complete_elements = ("IndexItemAdd", "IndexItemDelete", "IndexItemPunchout")
    start_elements = ("Index",)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener(
            ("ItemID", "ItemDetail", "IndexItemDetail", "PunchoutDetail"),
            ("UnitPrice", "PriceBasisQuantity", "Description", "Classification", "Extrinsic", "SearchGroupData"),
            language,
        )

    def element_started(self, element: Element) -> None:
        self.language = self.language or language_of(element.getroottree().getroot())
        self._flat.language = self.language
        self.declared_mode = MODE_OF_LOAD.get((element.get("loadmode") or "").casefold())

    def records(self, element: Element) -> Iterator[Record]:
        sku = next((text_of(part_id) for part_id in descendants(element, "SupplierPartID")), "")
        if local(element) == "IndexItemDelete":
            yield {"SupplierPartID": sku, ACTIVE: "no"}
            return
        record = self._flat(element)
        record["SupplierPartID"] = sku
        record.update(self._description(element))
        if (money := next(iter(descendants(element, "Money")), None)) is not None:
            basis = next(iter(descendants(element, "PriceBasisQuantity")), None)
            quantity = "" if basis is None else basis.get("quantity", "")
            factor = "" if basis is None else basis.get("conversionFactor", "")
            # With a PriceBasisQuantity, the price is for `quantity` × `conversionFactor` units of the item.
            units = _product(quantity, factor)
            record["UnitPrice"] = unit_price(text_of(money), "1", units)
            record["UnitPrice@currency"] = money.get("currency", "")
        classifications = list(descendants(element, "Classification"))
        if classifications:
            code = next((item.get("code") for item in classifications if item.get("code")), None)
            record["Classification"] = text_of(classifications[0]) or code or ""
        pairs: Pairs = []
        images = []
        for extrinsic in descendants(element, "Extrinsic"):
            label, text = extrinsic.get("name", ""), text_of(extrinsic, deep=False)
            if label.casefold() in IMAGES:
                images.append(text)
            else:
                pairs.append((label, text))
        if images:
            record["Image"] = "\n".join(images)
        for item in descendants(element, "SearchDataElement"):
            pairs.append((item.get("name", ""), item.get("value", "") or text_of(item)))
        if pairs:
            record[ATTRIBUTES] = attribute_lines(pairs)
        record[ACTIVE] = "yes"
        yield record

    def _description(self, element: Element) -> Record:
        """Return the description and the name. The name is the short name, or else the description's first line."""
        description = in_language(descendants(element, "Description"), self.language)
        if description is None:
            return {}
        text = text_of(description, deep=False)
        short_name = child_text(description, "ShortName")
        return {"ShortName": short_name or text[:500].split("\n")[0], "Description": text}


def _product(quantity: str, factor: str) -> str:
    """Return quantity × factor. A text that is not a number means 1."""
    try:
        return without_exponent(Decimal(quantity or "1") * Decimal(factor or "1"))
    except ArithmeticError:
        return quantity
