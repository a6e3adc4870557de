"""SAP IDocs of materials: MATMAS01 to MATMAS05.

Source: SAP's documentation of the segments E1MARAM, E1MAKTM, E1MARCM, E1MARDM, E1MARMM, E1MTXHM (transaction WE60).
"""

from collections.abc import Iterator

from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.xml.flat import Flat, Record, every, text_of, value, wanted
from wecelebrate.feeds.xml.kinds import ACTIVE, Kind, Nature
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
    others=True,
)


class Materials(Kind):
    """A material is a product. What it costs a plant (E1MBEWM) is no price to sell at; a mapping may take it."""

    name = "SAP MATMAS"
    profile = PROFILE
    columns = ("MATNR", "MAKTX", "TDLINE", "MATKL", "LABST", ACTIVE)
    keys = ("MATNR",)
    whole = ("E1MARAM",)
    nature: Nature | None = "delta"

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flat((), ("E1MAKTM", "E1MTXHM", "E1MARDM", "E1CUCFG", "SEGMENT", "MSGFN", "LVORM"), language)

    def records(self, element: Element) -> Iterator[Record]:
        long = value(element, "MATNR_LONG") or value(element, "MATNR_EXTERNAL")
        sku = _as_shown(long or value(element, "MATNR"))
        if value(element, "MSGFN") == DELETE or value(element, "LVORM").upper() == "X":
            yield {"MATNR": sku, ACTIVE: "no"}
            return
        record = self._flat(element)
        record["MATNR"] = sku
        if texts := list(every(element, "E1MAKTM")):
            record["MAKTX"] = value(self._spoken(texts), "MAKTX")
            for one in texts:
                record.setdefault(f"MAKTX.{_language(one)}", value(one, "MAKTX"))
        basic = [one for one in every(element, "E1MTXHM") if value(one, "TDID") in (BASIC_TEXT, "")]
        if basic:
            record["TDLINE"] = "\n".join(text_of(line) for line in every(self._spoken(basic), "TDLINE"))
        stock = [value(one, "LABST") for one in every(element, "E1MARDM")]
        if counts := [float(text) for text in stock if _is_number(text)]:
            record["LABST"] = f"{sum(counts):.0f}"
        yield record

    def _spoken(self, segments: list[Element]) -> Element:
        want = self.language or "en"
        return next((one for one in segments if wanted(_language(one), want)), segments[0])


def _language(segment: Element) -> str:
    """SPRAS_ISO is of two letters; SPRAS is SAP's own single one, which for these is the first of the two."""
    iso = value(segment, "SPRAS_ISO", "LANGUAGE_ISO", "TDSPRASISO")
    return (iso or {"E": "EN", "D": "DE", "F": "FR", "S": "ES", "I": "IT", "N": "NL", "P": "PT"}.get(
        value(segment, "SPRAS", "TDSPRAS").upper(), value(segment, "SPRAS", "TDSPRAS")
    )).casefold()  # fmt: skip


def _as_shown(number: str) -> str:
    """SAP fills numbers of materials with zeros on the left in its files, and shows them without."""
    return number.lstrip("0") or number if number.isascii() and number.isdigit() and len(number) >= 18 else number


def _is_number(text: str) -> bool:
    return len(text) < 20 and text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit()
