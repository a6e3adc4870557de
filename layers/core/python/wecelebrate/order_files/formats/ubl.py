"""Writes UBL 2.1 Order, OrderChange and OrderCancellation (https://docs.oasis-open.org/ubl/os-UBL-2.1/UBL-2.1.html).

The file is a zip archive with a document for each order, because a UBL document contains only one order.
"""

from collections.abc import Sequence
from datetime import UTC
from functools import partial
from typing import Any

from wecelebrate.order_files.documents import Destination, ExportedOrder, OrderLine
from wecelebrate.order_files.formats.archive import archive
from wecelebrate.order_files.formats.xml import child, document, optional, root

_CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_DOCUMENTS = {"new": "Order", "change": "OrderChange", "cancel": "OrderCancellation"}
_PIECES = "C62"
"""The unit `one` of UN/ECE Recommendation 20."""


def cbc(name: str) -> str:
    """Return the qualified name of a basic component."""
    return f"{{{_CBC}}}{name}"


def cac(name: str) -> str:
    """Return the qualified name of an aggregate component."""
    return f"{{{_CAC}}}{name}"


def write(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write a zip archive with a document for each order."""
    return archive(
        (f"{order.number}-{order.document['version']}.xml", _document(destination, order)) for order in orders
    )


def _document(destination: Destination, order: ExportedOrder) -> bytes:
    name = _DOCUMENTS[order.action]
    namespace = f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2"
    element = root(f"{{{namespace}}}{name}", {None: namespace, "cac": _CAC, "cbc": _CBC})
    add = partial(child, element)
    add(cbc("UBLVersionID"), "2.1")
    add(cbc("ID"), order.number if order.action == "new" else f"{order.number}-{order.document['version']}")
    add(cbc("UUID"), order.document["order_id"])
    issued = order.placed_at if order.action == "new" else destination.created_at
    add(cbc("IssueDate"), issued.astimezone(UTC).date().isoformat())
    add(cbc("IssueTime"), issued.astimezone(UTC).strftime("%H:%M:%SZ"))
    if order.action == "change":
        add(cbc("SequenceNumberID"), order.document["version"])
    if order.action == "cancel":
        add(cbc("CancellationNote"), order.document["cancel_reason"] or "The order was cancelled.")
    else:
        add(cbc("DocumentCurrencyCode"), order.currency)
        if order.action == "new":
            add(cbc("LineCountNumeric"), len(order.lines))
    if order.action != "new":
        reference = add(cac("OrderReference"))
        child(reference, cbc("ID"), order.number)
        optional(reference, cbc("SalesOrderID"), order.document["external_number"])
    _parties(element, destination, order)
    if order.action != "cancel":
        _delivery(element, order)
        total = child(element, cac("AnticipatedMonetaryTotal"))
        child(total, cbc("PayableAmount"), order.document["total_amount"], currencyID=order.currency)
        for line in order.lines:
            _line(element, order, line)
    return document(element)


def _parties(element: Any, destination: Destination, order: ExportedOrder) -> None:
    buyer = child(child(element, cac("BuyerCustomerParty")), cac("Party"))
    _identification(buyer, destination.sender)
    child(child(buyer, cac("PartyName")), cbc("Name"), order.document["site"])
    contact = child(buyer, cac("Contact"))
    child(contact, cbc("Name"), order.document["customer_name"])
    child(contact, cbc("ElectronicMail"), order.document["customer_email"])
    seller = child(child(element, cac("SellerSupplierParty")), cac("Party"))
    _identification(seller, destination.receiver)


def _identification(party: Any, party_id: str) -> None:
    if party_id:
        child(child(party, cac("PartyIdentification")), cbc("ID"), party_id)


def _delivery(element: Any, order: ExportedOrder) -> None:
    ship_to = order.ship_to
    delivery = child(element, cac("Delivery"))
    address = child(delivery, cac("DeliveryAddress"))
    streets = [*ship_to.lines, "", ""]
    optional(address, cbc("StreetName"), streets[0])
    optional(address, cbc("AdditionalStreetName"), streets[1])
    optional(address, cbc("CityName"), ship_to.city)
    optional(address, cbc("PostalZone"), ship_to.postal_code)
    optional(address, cbc("CountrySubentity"), ship_to.region)
    optional(address, cbc("CountrySubentityCode"), ship_to.region_code)
    for line in ship_to.lines[2:]:
        child(child(address, cac("AddressLine")), cbc("Line"), line)
    child(child(address, cac("Country")), cbc("IdentificationCode"), ship_to.country)
    party = child(delivery, cac("DeliveryParty"))
    for name in [*ship_to.companies, *ship_to.names]:
        child(child(party, cac("PartyName")), cbc("Name"), name)
    if ship_to.phone:
        child(child(party, cac("Contact")), cbc("Telephone"), ship_to.phone)


def _line(element: Any, order: ExportedOrder, line: OrderLine) -> None:
    item_line = child(child(element, cac("OrderLine")), cac("LineItem"))
    child(item_line, cbc("ID"), line.line)
    child(item_line, cbc("Quantity"), line.quantity, unitCode=_PIECES)
    child(item_line, cbc("LineExtensionAmount"), line.amount, currencyID=order.currency)
    child(child(item_line, cac("Price")), cbc("PriceAmount"), line.unit_price, currencyID=order.currency)
    item = child(item_line, cac("Item"))
    child(item, cbc("Name"), line.name)
    child(child(item, cac("SellersItemIdentification")), cbc("ID"), line.sku)
