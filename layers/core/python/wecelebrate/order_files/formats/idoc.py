"""Writes SAP IDoc ORDERS05 (ORDCHG for changes), as XML with an IDOC element for each order.

SAP's basic type ORDERS05 (transaction WE60) defines the segments, the sequence of their fields, and the length of each
field. `ExportedOrder.of` refuses a new order with an address, a SKU or a price that is too long.
"""

from collections.abc import Sequence
from typing import Any

from wecelebrate.order_files.documents import Destination, ExportedOrder, OrderLine
from wecelebrate.order_files.formats.xml import child, document, optional, root

_MESSAGES = {"new": "ORDERS", "change": "ORDCHG", "cancel": "ORDCHG"}
_ACTIONS = {"new": "000", "change": "002", "cancel": "003"}
"""The action of the document (ACTION in E1EDK01): 000 new, 002 changed, 003 deleted."""
_PORT = "WECELEBRAT"
_RECEIVER = "SAP"
"""The port and the number of the receiver. EDI_DC40 requires these values, with at most 10 characters."""
_MAX_NAME_LENGTH = 70
"""The length of KTEXT in E1EDP19. KTEXT describes the article, and IDTNR identifies the article."""


def write(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write a document with an IDoc for each order."""
    element = root("ORDERS05")
    for number, order in enumerate(orders, start=1):
        _idoc(element, destination, order, number)
    return document(element)


def _segment(parent: Any, name: str, **fields: object) -> Any:
    segment = child(parent, name, SEGMENT="1")
    for field, value in fields.items():
        optional(segment, field, value)
    return segment


def _idoc(element: Any, destination: Destination, order: ExportedOrder, number: int) -> None:
    idoc = child(element, "IDOC", BEGIN="1")
    created = destination.created_at
    _segment(
        idoc,
        "EDI_DC40",
        TABNAM="EDI_DC40",
        DOCNUM=f"{destination.seq:010}{number:06}",
        DIRECT="2",
        IDOCTYP="ORDERS05",
        MESTYP=_MESSAGES[order.action],
        SNDPOR=_PORT,
        SNDPRT="KU",
        SNDPRN=destination.sender[:10] or _PORT,
        RCVPOR=_RECEIVER,
        RCVPRT="LS",
        RCVPRN=destination.receiver[:10] or _RECEIVER,
        CREDAT=created.strftime("%Y%m%d"),
        CRETIM=created.strftime("%H%M%S"),
    )
    _segment(idoc, "E1EDK01", ACTION=_ACTIONS[order.action], CURCY=order.currency, BELNR=order.number)
    _segment(idoc, "E1EDK03", IDDAT="012", DATUM=order.placed_at.strftime("%Y%m%d"))
    _segment(
        idoc, "E1EDKA1", PARVW="AG", PARTN=destination.sender[:17], NAME1=str(order.document["site"])[:35],
        BNAME=str(order.document["customer_name"])[:35],
    )  # fmt: skip
    ship_to = order.ship_to
    names = [*ship_to.names, *ship_to.companies, "", "", ""]
    streets = [*ship_to.lines, "", ""]
    region = ship_to.region_code.partition("-")[2]
    _segment(
        idoc, "E1EDKA1", PARVW="WE", NAME1=names[0], NAME2=names[1], NAME3=names[2], NAME4=names[3], STRAS=streets[0],
        STRS2=streets[1], ORT01=ship_to.city or ship_to.region, PSTLZ=ship_to.postal_code, LAND1=ship_to.country,
        TELF1=ship_to.phone, ORT02="".join(ship_to.lines[2:]), REGIO=region if len(region) <= 3 else "",
    )  # fmt: skip
    _segment(idoc, "E1EDK02", QUALF="001", BELNR=order.number, DATUM=order.placed_at.strftime("%Y%m%d"))
    for line in order.lines:
        _item(idoc, order, line)
    _segment(idoc, "E1EDS01", SUMID="002", SUMME=order.document["total_amount"], WAERQ=order.currency)


def _item(idoc: Any, order: ExportedOrder, line: OrderLine) -> None:
    action = "003" if order.action == "cancel" or line.quantity == 0 else _ACTIONS[order.action]
    item = _segment(
        idoc, "E1EDP01", POSEX=f"{line.line:06}", ACTION=action, MENGE=line.quantity, MENEE="PCE",
        VPREI=line.unit_price, PEINH=1, NETWR=line.amount, CURCY=order.currency,
    )  # fmt: skip
    _segment(item, "E1EDP19", QUALF="002", IDTNR=line.sku, KTEXT=line.name[:_MAX_NAME_LENGTH])
