"""Reads SAP's IDocs for condition records, COND_A01 to COND_A04: the sales prices of materials.

Source: SAP's documentation of the segments E1KOMG, E1KONH and E1KONP (transaction WE60), and of the condition types of
the standard pricing procedures RVAA01 and WW0001.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import DeclaredMode, Record
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, child_text, descend, unit_price
from wecelebrate.feeds.xml.idoc import external_number
from wecelebrate.feeds.xml.reader import Element

SALES = "V"
"""The code of the application "sales" in SAP. Conditions of the application "purchasing" (`M`) are purchase prices."""
CONDITION_TYPES = re.compile(r"Z?(PR\d\d|PPR\d|VKP\d)", re.IGNORECASE)
"""Prices for every buyer: PR00 (price), PPR0 (price with condition supplement), VKP0 (retail price with tax)."""
BUYERS = ("KUNNR", "KUNAG", "KUNWE", "KONDA", "HIENR")
"""Fields that limit a price to one customer or to a group of customers. Such a price is not a list price."""
PIECES = ("", "ST", "PCE", "EA", "PC", "H87", "C62")

PROFILE = Profile("sap conditions", (), {"sku": ("matnr",), "price": ("kbetr",), "currency": ("konwa",)})


class SapConditions(XmlFormat):
    """Each material is a delta that changes only the price. KBETR is the price of KPEIN pieces in the currency KONWA.

    Conditions are left out if they are not valid today, are deleted, belong to purchasing, are a discount or a tax, or
    apply only to some customers.
    """

    name = "SAP conditions"
    profile = PROFILE
    columns = ("MATNR", "KBETR", "KONWA")
    sku_elements = ("MATNR",)
    complete_elements = ("E1KOMG",)
    declared_mode: DeclaredMode | None = "delta"

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        self._flat = Flattener((), ("SEGMENT",), language)
        self._today = datetime.now(UTC).strftime("%Y%m%d")

    def records(self, element: Element) -> Iterator[Record]:
        if child_text(element, "KAPPL") not in ("", SALES) or any(child_text(element, name) for name in BUYERS):
            return
        condition = self._valid_condition(element)
        if condition is None:
            return
        unit = child_text(condition, "KMEIN").upper()
        price = unit_price(child_text(condition, "KBETR"), "1", child_text(condition, "KPEIN"))
        yield {
            **self._flat(element),
            "MATNR": external_number(child_text(element, "MATNR_LONG", "MATNR")),
            # The price of another unit, such as a carton, is not the price of a piece. The row is then rejected.
            "KBETR": price if unit in PIECES else f"{price} for the unit {unit}",
            "KONWA": child_text(condition, "KONWA"),
        }

    def _valid_condition(self, element: Element) -> Element | None:
        """Return the price that is valid today. Of several valid prices, the price that became valid last is used."""
        valid = [
            (child_text(period, "DATAB"), item)
            for period in descend(element, "E1KONH")
            if child_text(period, "DATAB") <= self._today <= (child_text(period, "DATBI") or "99991231")
            for item in descend(period, "E1KONP")
            if not child_text(item, "LOEVM_KO")
            and CONDITION_TYPES.fullmatch(child_text(item, "KSCHL") or child_text(element, "KSCHL"))
            and child_text(item, "KONWA") != "%"
        ]
        return max(valid, key=lambda pair: pair[0])[1] if valid else None
