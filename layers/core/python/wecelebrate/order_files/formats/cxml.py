"""Writes cXML 1.2 OrderRequest (https://cxml.org). The file is a zip archive, because a document has only one order."""

from collections.abc import Sequence
from typing import Any

from wecelebrate.order_files.documents import Destination, ExportedOrder, OrderLine
from wecelebrate.order_files.formats.archive import archive
from wecelebrate.order_files.formats.xml import child, document, optional, root

_DOCTYPE = '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">'
_TYPES = {"new": "new", "change": "update", "cancel": "delete"}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def write(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write a zip archive with a document for each order."""
    return archive(
        (f"{order.number}-{order.document['version']}.xml", _document(destination, order)) for order in orders
    )


def _document(destination: Destination, order: ExportedOrder) -> bytes:
    version = order.document["version"]
    element = root("cXML")
    element.set("payloadID", _payload_id(order, version))
    element.set("timestamp", destination.created_at.isoformat(timespec="seconds"))
    header = child(element, "Header")
    for tag, party in (("From", destination.sender), ("To", destination.receiver), ("Sender", destination.sender)):
        credential = child(child(header, tag), "Credential", domain="NetworkID")
        child(credential, "Identity", party or "wecelebrate")
        if tag == "Sender":
            child(header[-1], "UserAgent", "wecelebrate")
    request = child(child(element, "Request"), "OrderRequest")
    head = child(
        request,
        "OrderRequestHeader",
        orderID=order.number,
        orderDate=order.placed_at.isoformat(timespec="seconds"),
        orderVersion=str(version),
        type=_TYPES[order.action],
    )
    _money(child(head, "Total"), order, order.document["total_amount"])
    _address(child(head, "ShipTo"), order)
    child(child(child(head, "BillTo"), "Address"), "Name", order.document["site"], **{_LANGUAGE: "en"})
    contact = child(head, "Contact", role="endUser")
    child(contact, "Name", order.document["customer_name"], **{_LANGUAGE: "en"})
    child(contact, "Email", order.document["customer_email"])
    if order.action == "cancel":
        optional(head, "Comments", order.document["cancel_reason"], **{_LANGUAGE: "en"})
    if order.previous_version is not None:
        child(head, "DocumentReference", payloadID=_payload_id(order, order.previous_version))
    for line in order.lines:
        _item(request, order, line)
    return document(element, _DOCTYPE)


def _payload_id(order: ExportedOrder, version: int) -> str:
    """Return the id of the document that contains this version of the order."""
    return f"{order.document['order_id']}-{version}@wecelebrate"


def _money(parent: Any, order: ExportedOrder, amount: object) -> None:
    child(parent, "Money", amount, currency=order.currency)


def _address(parent: Any, order: ExportedOrder) -> None:
    ship_to = order.ship_to
    address = child(parent, "Address", isoCountryCode=ship_to.country)
    child(address, "Name", (*ship_to.companies, *ship_to.names)[0], **{_LANGUAGE: "en"})
    postal = child(address, "PostalAddress")
    for name in (*ship_to.companies[1:], *ship_to.names):
        child(postal, "DeliverTo", name)
    for line in ship_to.lines or [""]:
        child(postal, "Street", line)
    child(postal, "City", ship_to.city)
    if ship_to.region:
        state = child(postal, "State", ship_to.region)
        if ship_to.region_code:
            state.set("isoStateCode", ship_to.region_code)
    optional(postal, "PostalCode", ship_to.postal_code)
    child(postal, "Country", ship_to.country, isoCountryCode=ship_to.country)


def _item(request: Any, order: ExportedOrder, line: OrderLine) -> None:
    item = child(request, "ItemOut", quantity=str(line.quantity), lineNumber=str(line.line))
    child(child(item, "ItemID"), "SupplierPartID", line.sku)
    detail = child(item, "ItemDetail")
    _money(child(detail, "UnitPrice"), order, line.unit_price)
    child(detail, "Description", line.name, **{_LANGUAGE: "en"})
    child(detail, "UnitOfMeasure", "EA")
    child(detail, "Classification", "0", domain="UNSPSC")
