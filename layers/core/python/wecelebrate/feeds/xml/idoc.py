"""Reads SAP's IDocs for materials: MATMAS01 to MATMAS05.

Source: SAP's documentation of the segments E1MARAM, E1MAKTM, E1MARCM, E1MARDM, E1MARMM, E1MTXHM (transaction WE60).
"""

from collections.abc import Iterator

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.base import ACTIVE, XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, child_text, descendants, same_language, text_of
from wecelebrate.feeds.xml.reader import Element

DELETE = "003"
BASIC_TEXT = "GRUN"

PROFILE = Profile(
    "sap matmas",
    (),
    {
        "sku": ("matnr",),
        "name": ("maktx",),
        "description": ("tdline",),
        "category": ("matkl",),
        "inventory_count": ("labst",),
        "is_active": ("isactive",),
    },
    keep_other_columns=True,
    # Sales prices are condition records, which SAP sends in COND_A.
    separate_prices=True,
)


class SapMaterials(XmlFormat):
    """Each material is a product.

    The valuation price of a material (E1MBEWM) is not a sales price. It is used only if the mapping names its column.
    """

    name = "SAP MATMAS"
    profile = PROFILE
    columns = ("MATNR", "MAKTX", "TDLINE", "MATKL", "LABST", ACTIVE)
    sku_elements = ("MATNR",)
    complete_elements = ("E1MARAM",)
    declared_mode: DeclaredMode | None = "delta"

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener((), ("E1MAKTM", "E1MTXHM", "E1MARDM", "E1CUCFG", "SEGMENT", "MSGFN", "LVORM"), language)

    def records(self, element: Element) -> Iterator[Record]:
        long = child_text(element, "MATNR_LONG") or child_text(element, "MATNR_EXTERNAL")
        sku = external_number(long or child_text(element, "MATNR"))
        if child_text(element, "MSGFN") == DELETE or child_text(element, "LVORM").upper() == "X":
            yield {"MATNR": sku, ACTIVE: "no"}
            return
        record = self._flat(element)
        record["MATNR"] = sku
        if texts := list(descendants(element, "E1MAKTM")):
            record["MAKTX"] = child_text(self._in_language(texts), "MAKTX")
            for text in texts:
                record.setdefault(f"MAKTX.{_language(text)}", child_text(text, "MAKTX"))
        basic = [text for text in descendants(element, "E1MTXHM") if child_text(text, "TDID") in (BASIC_TEXT, "")]
        if basic:
            record["TDLINE"] = "\n".join(text_of(line) for line in descendants(self._in_language(basic), "TDLINE"))
        stock = [child_text(location, "LABST") for location in descendants(element, "E1MARDM")]
        if counts := [float(text) for text in stock if _is_number(text)]:
            record["LABST"] = f"{sum(counts):.0f}"
        yield record

    def _in_language(self, segments: list[Element]) -> Element:
        language = self.language or "en"
        return next((segment for segment in segments if same_language(_language(segment), language)), segments[0])


def _language(segment: Element) -> str:
    """Return the language of the segment. SPRAS_ISO is a two-letter code. SPRAS is SAP's own one-letter code."""
    iso = child_text(segment, "SPRAS_ISO", "LANGUAGE_ISO", "TDSPRASISO")
    return (iso or {"E": "EN", "D": "DE", "F": "FR", "S": "ES", "I": "IT", "N": "NL", "P": "PT"}.get(
        child_text(segment, "SPRAS", "TDSPRAS").upper(), child_text(segment, "SPRAS", "TDSPRAS")
    )).casefold()  # fmt: skip


def external_number(number: str) -> str:
    """Return the material number as SAP shows it, without the leading zeros that SAP adds in files."""
    return number.lstrip("0") or number if number.isascii() and number.isdigit() and len(number) >= 18 else number


def _is_number(text: str) -> bool:
    return len(text) < 20 and text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit()
