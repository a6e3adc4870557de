"""cXML: the index of a supplier's catalog, with items to add, to delete and to punch out to.

Source: cXML User's Guide, "Catalogs", and cXML.dtd 1.2 (cxml.org).
"""

from collections.abc import Iterator

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Flat, Pairs, Record, every, language_of, listed, spoken, text_of, value
from wecelebrate.feeds.xml.kinds import ACTIVE, ATTRIBUTES, Kind, Nature
from wecelebrate.feeds.xml.reader import Element, local

LOADS: dict[str, Nature] = {"full": "full", "incremental": "delta"}
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
    pairs=("attributes",),
    others=True,
)


class Index(Kind):
    name = "cXML index"
    profile = PROFILE
    columns = (
        "SupplierPartID", "ShortName", "Description", "Classification", "ManufacturerName", "UnitPrice",
        "UnitPrice@currency", "Image", ATTRIBUTES, ACTIVE,
    )  # fmt: skip
    keys = ("SupplierPartID",)
    whole = ("IndexItemAdd", "IndexItemDelete", "IndexItemPunchout")
    begun = ("Index",)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flat(
            ("ItemID", "ItemDetail", "IndexItemDetail", "PunchoutDetail"),
            ("UnitPrice", "Description", "Classification", "Extrinsic", "SearchGroupData"),
            language,
        )

    def begins(self, element: Element) -> None:
        self.language = self.language or language_of(element.getroottree().getroot())
        self._flat.language = self.language
        self.nature = LOADS.get((element.get("loadmode") or "").casefold())

    def records(self, element: Element) -> Iterator[Record]:
        sku = next((text_of(found) for found in every(element, "SupplierPartID")), "")
        if local(element) == "IndexItemDelete":
            yield {"SupplierPartID": sku, ACTIVE: "no"}
            return
        record = self._flat(element)
        record["SupplierPartID"] = sku
        record.update(self._described(element))
        if (money := next(iter(every(element, "Money")), None)) is not None:
            record["UnitPrice"] = text_of(money)
            record["UnitPrice@currency"] = money.get("currency", "")
        groups = list(every(element, "Classification"))
        if groups:
            named = next((group.get("code") for group in groups if group.get("code")), None)
            record["Classification"] = text_of(groups[0]) or named or ""
        pairs: Pairs = []
        images = []
        for extrinsic in every(element, "Extrinsic"):
            label, text = extrinsic.get("name", ""), text_of(extrinsic, deep=False)
            if label.casefold() in IMAGES:
                images.append(text)
            else:
                pairs.append((label, text))
        if images:
            record["Image"] = "\n".join(images)
        for one in every(element, "SearchDataElement"):
            pairs.append((one.get("name", ""), one.get("value", "") or text_of(one)))
        if pairs:
            record[ATTRIBUTES] = listed(pairs)
        record[ACTIVE] = "yes"
        yield record

    def _described(self, element: Element) -> Record:
        """A description holds a short name beside its text; without one its text is the name as well."""
        found = spoken(every(element, "Description"), self.language)
        if found is None:
            return {}
        text = text_of(found, deep=False)
        short = value(found, "ShortName")
        return {"ShortName": short or text[:500].split("\n")[0], "Description": text}
