"""Tests that news is read from documents that contain all elements of the schema of their standard."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from lxml import etree

from tests.core.order_files.structures import cxml_dtd
from tests.core.order_files.test_news import news, rejected
from wecelebrate.order_files.news.reading import read
from wecelebrate.order_files.news.rows import RejectedRow

_UBL = (
    '<{name} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{name}-2"'
    ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
    ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">'
    "<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>D-1</cbc:ID><cbc:IssueDate>2026-11-27</cbc:IssueDate>"
    "<cbc:IssueTime>10:00:00Z</cbc:IssueTime>{content}</{name}>"
)
_REFERENCE = (
    "<cac:OrderReference><cbc:ID>AB12</cbc:ID><cbc:SalesOrderID>4711</cbc:SalesOrderID>"
    "<cbc:UUID>01a21b70-9adb-7222-b06a-896d98dff396</cbc:UUID></cac:OrderReference>"
)
_PARTY = "<cac:Party><cac:PartyName><cbc:Name>ERP</cbc:Name></cac:PartyName></cac:Party>"
_SELLER = f"<cac:SellerSupplierParty>{_PARTY}</cac:SellerSupplierParty>"
_BUYER = f"<cac:BuyerCustomerParty>{_PARTY}</cac:BuyerCustomerParty>"
_ITEM = (
    "<cac:Item><cbc:Name>Mug</cbc:Name><cac:SellersItemIdentification><cbc:ID>0012</cbc:ID>"
    "</cac:SellersItemIdentification></cac:Item>"
)
_SHIPMENT = (
    "<cac:Shipment><cbc:ID>1</cbc:ID><cac:Consignment><cbc:ID>JD01</cbc:ID><cac:CarrierParty><cac:PartyName>"
    "<cbc:Name>DHL</cbc:Name></cac:PartyName></cac:CarrierParty></cac:Consignment></cac:Shipment>"
)
_DESPATCH = (
    f"<cac:DespatchSupplierParty>{_PARTY}</cac:DespatchSupplierParty>"
    f"<cac:DeliveryCustomerParty>{_PARTY}</cac:DeliveryCustomerParty>"
)
UBL: dict[str, str] = {
    "OrderResponse": "<cbc:OrderResponseCode>AP</cbc:OrderResponseCode>" + _REFERENCE + _SELLER + _BUYER
    + "<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:LineStatusCode>7</cbc:LineStatusCode>"
    + _ITEM + "</cac:LineItem></cac:OrderLine>",
    "OrderResponseSimple": "<cbc:AcceptedIndicator>false</cbc:AcceptedIndicator>"
    "<cbc:RejectionNote>sold out</cbc:RejectionNote>" + _REFERENCE + _SELLER + _BUYER,
    "DespatchAdvice": _REFERENCE + _DESPATCH + _SHIPMENT
    + '<cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="C62">2</cbc:DeliveredQuantity>'
    "<cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>" + _ITEM + "</cac:DespatchLine>",
    "ReceiptAdvice": _REFERENCE + "<cac:DespatchDocumentReference><cbc:ID>D-1</cbc:ID></cac:DespatchDocumentReference>"
    f"<cac:DeliveryCustomerParty>{_PARTY}</cac:DeliveryCustomerParty>"
    f"<cac:DespatchSupplierParty>{_PARTY}</cac:DespatchSupplierParty>"
    "<cac:ReceiptLine><cbc:ID>1</cbc:ID></cac:ReceiptLine>",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OrderResponse", [("acknowledged", None, None), ("cancelled", 1, "0012")]),
        ("OrderResponseSimple", [("cancelled", None, None)]),
        ("DespatchAdvice", [("shipped", 1, "0012")]),
        ("ReceiptAdvice", [("delivered", None, None)]),
    ],
)
def test_a_valid_ubl_document_is_read(
    ubl_schema: Callable[[str], Any], name: str, expected: list[tuple[str, int | None, str | None]]
) -> None:
    text = _UBL.format(name=name, content=UBL[name])
    schema = ubl_schema(name)
    assert schema.validate(etree.fromstring(text)), schema.error_log
    rows = news(text, "news.xml")
    assert [(row.kind, row.line, row.sku) for row in rows] == expected
    assert {(row.order_number, row.external_number) for row in rows} == {("AB12", "4711")}
    assert {str(row.happened_at) for row in rows} == {"2026-11-27 10:00:00+00:00"}


_CXML = (
    '<cXML payloadID="1@erp" timestamp="2026-11-27T10:00:00+00:00"><Header>'
    '<From><Credential domain="NetworkID"><Identity>ERP</Identity></Credential></From>'
    '<To><Credential domain="NetworkID"><Identity>SHOP</Identity></Credential></To>'
    '<Sender><Credential domain="NetworkID"><Identity>ERP</Identity></Credential><UserAgent>ERP</UserAgent></Sender>'
    "</Header><Request>{content}</Request></cXML>"
)
_ORDER = (
    '<OrderReference orderID="AB12" orderDate="2026-11-26T10:00:00+00:00">'
    '<DocumentReference payloadID="01a21b70-9adb-7222-b06a-896d98dff396-1@wecelebrate"/></OrderReference>'
)
_CONFIRMATION = (
    '<ConfirmationRequest><ConfirmationHeader type="except" confirmID="4711" noticeDate="2026-11-27T10:00:00+00:00">'
    '<Comments xml:lang="en">One piece is broken</Comments></ConfirmationHeader>' + _ORDER
    + '<ConfirmationItem quantity="3" lineNumber="1"><UnitOfMeasure>EA</UnitOfMeasure>'
    '<ConfirmationStatus quantity="2" type="accept"><UnitOfMeasure>EA</UnitOfMeasure></ConfirmationStatus>'
    '<ConfirmationStatus quantity="1" type="reject"><UnitOfMeasure>EA</UnitOfMeasure></ConfirmationStatus>'
    "</ConfirmationItem></ConfirmationRequest>"
)  # fmt: skip
_NOTICE = (
    '<ShipNoticeRequest><ShipNoticeHeader shipmentID="S-1" noticeDate="2026-11-27T10:00:00+00:00"'
    ' shipmentDate="2026-11-27T09:00:00+00:00"{attributes}><ServiceLevel xml:lang="en">express</ServiceLevel>'
    "</ShipNoticeHeader>{control}<ShipNoticePortion>" + _ORDER
    + '<ShipNoticeItem quantity="2" lineNumber="1"><ItemID><SupplierPartID>0012</SupplierPartID></ItemID>'
    "<UnitOfMeasure>EA</UnitOfMeasure></ShipNoticeItem></ShipNoticePortion></ShipNoticeRequest>"
)  # fmt: skip
_CONTROL = (
    '<ShipControl><CarrierIdentifier domain="SCAC">FDE</CarrierIdentifier>'
    '<CarrierIdentifier domain="companyName">Federal Express</CarrierIdentifier>'
    '<ShipmentIdentifier trackingURL="https://example.test/JD01">JD01</ShipmentIdentifier></ShipControl>'
)


def valid_cxml(content: str) -> str:
    text = _CXML.format(content=content)
    dtd = cxml_dtd()
    assert dtd.validate(etree.fromstring(text)), dtd.error_log
    return text


def test_a_cxml_confirmation_acknowledges_an_order_and_cancels_rejected_pieces() -> None:
    rows = news(valid_cxml(_CONFIRMATION), "news.xml")
    assert [(row.kind, row.order_number, row.external_number, row.line, row.quantity) for row in rows] == [
        ("acknowledged", "AB12", "4711", None, None), ("cancelled", "AB12", "4711", 1, 1)
    ]  # fmt: skip
    assert {row.reason for row in rows} == {"One piece is broken"}


@pytest.mark.parametrize("attributes", ["", ' shipmentType="actual"', ' operation="update" fulfillmentType="complete"'])
def test_a_cxml_ship_notice_is_a_shipment_with_a_carrier_name(attributes: str) -> None:
    [row] = news(valid_cxml(_NOTICE.format(attributes=attributes, control=_CONTROL)), "news.xml")
    assert (row.kind, row.order_number, row.line, row.sku, row.quantity) == ("shipped", "AB12", 1, "0012", 2)
    assert (row.shipment, row.carrier, row.tracking_number) == ("S-1", "Federal Express", "JD01")
    assert str(row.happened_at) == "2026-11-27 09:00:00+00:00"


@pytest.mark.parametrize("attributes", [' operation="delete"', ' shipmentType="planned"', ' reason="return"'])
def test_a_cxml_ship_notice_without_a_shipment_is_rejected(attributes: str) -> None:
    text = valid_cxml(_NOTICE.format(attributes=attributes, control=_CONTROL))
    assert rejected(text, "news.xml") == ["unknown_status"]
    without_parcel = valid_cxml(_NOTICE.format(attributes=attributes, control=""))
    assert rejected(without_parcel, "news.xml") == ["unknown_status"]


def test_the_refusal_of_a_cxml_ship_notice_names_each_of_its_orders() -> None:
    text = _NOTICE.format(attributes=' operation="delete"', control=_CONTROL)
    portion = text[text.index("<ShipNoticePortion>") : text.index("</ShipNoticeRequest>")]
    both = text.replace(portion, portion + portion.replace("AB12", "AB13"))
    rows = [row for row in read(valid_cxml(both).encode(), "news.xml", UTC) if isinstance(row, RejectedRow)]
    assert [(row.code, row.raw["order_number"]) for row in rows] == [
        ("unknown_status", "AB12"), ("unknown_status", "AB13")
    ]  # fmt: skip
