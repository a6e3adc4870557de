"""XML documents with news about orders: UBL, SAP IDoc and cXML.

| document                             | news                                                                     |
|--------------------------------------|--------------------------------------------------------------------------|
| UBL OrderResponse                    | acknowledged, or cancelled with the response code RE                     |
| UBL OrderResponseSimple              | acknowledged, or cancelled if AcceptedIndicator is false                 |
| UBL DespatchAdvice                   | shipped                                                                  |
| UBL ReceiptAdvice                    | delivered                                                                |
| IDoc ORDRSP                          | acknowledged, or cancelled with the action 003                           |
| IDoc DESADV (DELVRY01 … DELVRY07)    | shipped, or delivered with the action Z01 of a proof of delivery         |
| cXML ConfirmationRequest             | acknowledged, or cancelled with the type reject                          |
| cXML ShipNoticeRequest               | shipped                                                                  |

A ShipNoticeRequest is rejected if it deletes a shipment, plans a shipment, or is about a return.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

from lxml import etree

from wecelebrate.order_files.news.rows import BadRow, Kind, NewsRow, RejectedRow, news_of

Found = tuple[Kind | None, dict[str, str | None]]
"""The kind of news in a document, and the texts of its fields. If the document cannot be read as news, the kind is
None, and the field `reason` says why."""

MAX_MEMORY = 256 << 20
"""The maximum estimated memory for a parsed file, in bytes. The worker has 512 MB."""
_BYTES_PER_ELEMENT = 250
"""The estimated memory for an element with a text, in bytes. For example, a file of 20 MB with elements such as `<a/>`
would need more than 600 MB."""
_BYTES_PER_ATTRIBUTE = 210


class BrokenDocument(Exception):
    """The document cannot be parsed, or its type is unknown. The text of the exception gives the reason."""


def read(content: bytes, zone: tzinfo, first: int = 1) -> Iterator[NewsRow | RejectedRow]:
    """Yield the rows of a document. `first` is the number of the first row. Raises BrokenDocument."""
    elements, attributes = content.count(b"<") - content.count(b"</"), content.count(b"=")
    if _BYTES_PER_ELEMENT * elements + _BYTES_PER_ATTRIBUTE * attributes > MAX_MEMORY:
        raise BrokenDocument("The document has too many elements. Split it into smaller documents.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BrokenDocument(f"The file is not well-formed XML: {error}.") from error
    for number, (kind, fields) in enumerate(_found(root), start=first):
        cells = {name: text.strip() for name, text in fields.items() if text and text.strip()}
        if kind is None:
            yield RejectedRow(number, "unknown_status", cells["reason"], cells)
            continue
        try:
            yield news_of(number, kind, cells, {"kind": kind, **cells}, zone)
        except BadRow as error:
            yield RejectedRow(number, error.code, error.reason, {"kind": kind, **cells})


def _found(root: Any) -> Iterator[Found]:
    for element in root.iter():  # Namespaces differ between versions of UBL, and some senders omit them.
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    readers: Mapping[str, Callable[[Any], Iterator[Found]]] = {
        "OrderResponse": _order_response,
        "OrderResponseSimple": _simple_response,
        "DespatchAdvice": _despatch_advice,
        "ReceiptAdvice": _receipt_advice,
        "cXML": _cxml,
    }
    if root.tag in readers:
        yield from readers[root.tag](root)
        return
    idocs = list(_outermost(root, "IDOC"))
    if not idocs:
        raise BrokenDocument(f"`{root.tag}` is not a known document: send UBL, IDoc or cXML.")
    for idoc in idocs:
        yield from _idoc(idoc)


def _outermost(root: Any, tag: str) -> Iterator[Any]:
    """Yield the elements with a tag. Elements inside another element with the same tag are not yielded.

    IDocs and their items are never nested in a valid document. In an invalid document, a nested element would be read
    several times: once for each element that contains it.
    """
    walker = etree.iterwalk(root, events=("start",), tag=tag)
    for _, element in walker:
        walker.skip_subtree()
        yield element


def _joined(date: str | None, time: str | None) -> str | None:
    """Return a date and a time as one text. `date` can end with a UTC offset, as in XML Schema (`2026-11-27Z`)."""
    if not date:
        return None
    return f"{date[:10]}T{time}" if time else date[:10]


def _order_response(root: Any) -> Iterator[Found]:
    reference = root.findtext("OrderReference/ID")
    common = {
        "order_number": reference,
        "external_number": root.findtext("SalesOrderID") or root.findtext("OrderReference/SalesOrderID"),
        "happened_at": _joined(root.findtext("IssueDate"), root.findtext("IssueTime")),
        "reason": root.findtext("Note"),
    }
    if (root.findtext("OrderResponseCode") or "").strip().upper() == "RE":
        yield "cancelled", common
        return
    yield "acknowledged", common
    for line in root.findall("OrderLine/LineItem"):  # The seller rejects lines with the status 5 or 7 of UN/ECE 1229.
        if (line.findtext("LineStatusCode") or "").strip() in ("5", "7", "RE"):
            yield "cancelled", common | {"line": line.findtext("ID"), "sku": _ubl_sku(line), "quantity": None}


def _simple_response(root: Any) -> Iterator[Found]:
    accepted = (root.findtext("AcceptedIndicator") or "").strip().lower() in ("true", "1")
    yield (
        ("acknowledged" if accepted else "cancelled"),
        {
            "order_number": root.findtext("OrderReference/ID"),
            "external_number": root.findtext("OrderReference/SalesOrderID"),
            "happened_at": _joined(root.findtext("IssueDate"), root.findtext("IssueTime")),
            "reason": root.findtext("RejectionNote"),
        },
    )


def _ubl_sku(line: Any) -> str | None:
    sku: str | None = line.findtext("Item/SellersItemIdentification/ID")
    return sku or line.findtext("Item/StandardItemIdentification/ID")


def _despatch_advice(root: Any) -> Iterator[Found]:
    consignment = root.find("Shipment/Consignment")
    stage_carrier = root.findtext(".//CarrierParty/PartyName/Name")
    common = {
        "order_number": root.findtext("OrderReference/ID"),
        "external_number": root.findtext("OrderReference/SalesOrderID"),
        "shipment": root.findtext("ID"),
        "carrier": stage_carrier or root.findtext(".//CarrierParty/PartyIdentification/ID"),
        "tracking_number": (consignment.findtext("ID") if consignment is not None else None)
        or root.findtext("Shipment/ID"),
        "happened_at": _joined(
            root.findtext(".//ActualDespatchDate") or root.findtext("IssueDate"),
            root.findtext(".//ActualDespatchTime") or root.findtext("IssueTime"),
        ),
    }
    lines = root.findall("DespatchLine")
    for line in lines:
        yield (
            "shipped",
            common
            | {
                "order_number": line.findtext("OrderLineReference/OrderReference/ID") or common["order_number"],
                "line": line.findtext("OrderLineReference/LineID"),
                "sku": _ubl_sku(line),
                "quantity": line.findtext("DeliveredQuantity"),
            },
        )
    if not lines:
        yield "shipped", common


def _receipt_advice(root: Any) -> Iterator[Found]:
    yield (
        "delivered",
        {
            "order_number": root.findtext("OrderReference/ID"),
            "external_number": root.findtext("OrderReference/SalesOrderID"),
            "shipment": root.findtext("DespatchDocumentReference/ID"),
            "happened_at": _joined(
                root.findtext(".//ActualDeliveryDate") or root.findtext("IssueDate"), root.findtext("IssueTime")
            ),
        },
    )


def _idoc(idoc: Any) -> Iterator[Found]:
    message = (idoc.findtext("EDI_DC40/MESTYP") or "").strip().upper()
    if message == "ORDRSP":
        yield from _ordrsp(idoc)
    elif message in ("DESADV", "DELVRY", "SHPCON"):
        yield from _desadv(idoc)
    else:
        raise BrokenDocument(f"IDocs of the message type `{message}` are not news about orders: send ORDRSP or DESADV.")


def _sap_time(date: str | None, time: str | None) -> str | None:
    if not date or date.strip("0") == "":
        return None
    return f"{date}{time}" if time and len(time) == 6 else date


def _ordrsp(idoc: Any) -> Iterator[Found]:
    common = {
        "order_number": idoc.findtext("E1EDK02[QUALF='001']/BELNR"),
        "external_number": idoc.findtext("E1EDK02[QUALF='002']/BELNR") or idoc.findtext("E1EDK01/BELNR"),
        "happened_at": _sap_time(
            idoc.findtext("E1EDK03[IDDAT='025']/DATUM") or idoc.findtext("EDI_DC40/CREDAT"),
            idoc.findtext("E1EDK03[IDDAT='025']/UZEIT") or idoc.findtext("EDI_DC40/CRETIM"),
        ),
    }
    if idoc.findtext("E1EDK01/ACTION") == "003":
        yield "cancelled", common
        return
    yield "acknowledged", common
    for item in _outermost(idoc, "E1EDP01"):
        if item.findtext("ACTION") == "003":  # The ERP rejected the item.
            yield (
                "cancelled",
                common
                | {
                    "line": (item.findtext("POSEX") or "").lstrip("0"),
                    "sku": item.findtext("E1EDP19[QUALF='002']/IDTNR"),
                },
            )


def _desadv(idoc: Any) -> Iterator[Found]:
    head = idoc.find("E1EDL20")
    if head is None:
        raise BrokenDocument("The IDoc has no segment E1EDL20.")
    is_proof = idoc.findtext("EDI_DC40/MESCOD") == "POD"
    kind: Kind = "delivered" if is_proof else "shipped"
    common = {
        "shipment": (head.findtext("VBELN") or "").lstrip("0"),
        "tracking_number": head.findtext("BOLNR") or head.findtext("E1EDL37/EXIDV"),
        "carrier": head.findtext("E1ADRM1[PARTNER_Q='SP']/NAME1") or head.findtext("E1EDL28/SDABW_BEZ"),
        "happened_at": _sap_time(
            head.findtext("E1EDT13[QUALF='006']/ISDD") or head.findtext("PODAT") or idoc.findtext("EDI_DC40/CREDAT"),
            head.findtext("E1EDT13[QUALF='006']/ISDZ") or None,
        ),
    }
    items = list(_outermost(head, "E1EDL24"))
    for item in items:
        quantity = item.findtext("LFIMG")
        if quantity and not quantity.strip(" 0.,"):
            continue  # An item with the quantity 0 has no pieces. Its pieces are in its batches or in another parcel.
        yield (
            kind,
            common
            | {
                "order_number": item.findtext("E1EDL41[QUALI='001']/BSTNR")
                or item.findtext("E1EDL43[QUALF='V']/BELNR"),
                "external_number": item.findtext("E1EDL43[QUALF='C']/BELNR"),
                "line": (item.findtext("E1EDL41[QUALI='001']/POSEX") or "").lstrip("0"),
                "sku": item.findtext("KDMAT") or item.findtext("MATNR"),
                "quantity": quantity,
            },
        )
    if not items:
        yield kind, common | {"order_number": head.findtext("E1EDL41/BSTNR")}


def _cxml(root: Any) -> Iterator[Found]:
    confirmation, notice = root.find(".//ConfirmationRequest"), root.find(".//ShipNoticeRequest")
    if confirmation is not None:
        yield from _cxml_confirmation(confirmation)
    elif notice is not None:
        yield from _cxml_notice(notice)
    else:
        raise BrokenDocument("The cXML document must have a ConfirmationRequest or a ShipNoticeRequest.")


def _cxml_confirmation(request: Any) -> Iterator[Found]:
    head = request.find("ConfirmationHeader")
    reference = request.find("OrderReference")
    common: dict[str, str | None] = {
        "order_number": reference.get("orderID") if reference is not None else None,
        "external_number": head.get("confirmID") if head is not None else None,
        "happened_at": head.get("noticeDate") if head is not None else None,
        "reason": head.findtext("Comments") if head is not None else None,
    }
    if head is not None and head.get("type") == "reject":
        yield "cancelled", common
        return
    yield "acknowledged", common
    for item in request.findall("ConfirmationItem"):
        for status in item.findall("ConfirmationStatus[@type='reject']"):
            yield "cancelled", common | {"line": item.get("lineNumber"), "quantity": status.get("quantity")}


def _refusal_of_notice(head: Any) -> str | None:
    """Return the reason for rejecting a ShipNoticeRequest. If it reports a shipment to the customer, return None."""
    if head is None:
        return None
    if head.get("operation") == "delete":
        return "The document takes a shipment back (`operation` is `delete`): a shipment cannot be undone."
    if head.get("shipmentType") == "planned":
        return "The document announces a shipment (`shipmentType` is `planned`): send it again when it was shipped."
    if head.get("reason") == "return":
        return "The document is about a return (`reason` is `return`): open the return in the platform."
    return None


def _cxml_notice(request: Any) -> Iterator[Found]:
    head, control = request.find("ShipNoticeHeader"), request.find("ShipControl")
    tracking = control.find("ShipmentIdentifier") if control is not None else None
    common: dict[str, str | None] = {
        "shipment": head.get("shipmentID") if head is not None else None,
        "happened_at": (head.get("shipmentDate") or head.get("noticeDate")) if head is not None else None,
        # A carrier often has a code (SCAC) and a name. The name is used, because customers read it.
        "carrier": (
            control.findtext("CarrierIdentifier[@domain='companyName']") or control.findtext("CarrierIdentifier")
        )
        if control is not None
        else None,
        "tracking_number": tracking.text if tracking is not None else None,
        "tracking_url": tracking.get("trackingURL") if tracking is not None else None,
    }
    refusal = _refusal_of_notice(head)
    if refusal:
        for portion in request.findall("ShipNoticePortion") or [request]:
            reference = portion.find("OrderReference")
            number = {"order_number": reference.get("orderID") if reference is not None else None}
            yield None, common | number | {"reason": refusal}
        return
    for portion in request.findall("ShipNoticePortion"):
        reference = portion.find("OrderReference")
        order = {"order_number": reference.get("orderID") if reference is not None else None}
        items = portion.findall("ShipNoticeItem")
        for item in items:
            yield (
                "shipped",
                common
                | order
                | {
                    "line": item.get("lineNumber"),
                    "quantity": item.get("quantity"),
                    "sku": item.findtext("ItemID/SupplierPartID"),
                },
            )
        if not items:
            yield "shipped", common | order
