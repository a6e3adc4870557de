"""The parts of cXML and of SAP's ORDERS05 that order files use.

The schemas themselves are not in the repository. The licence of cXML (https://www.cxml.org/license.html) permits only
copies of the complete DTD. No package on PyPI or npm contains the DTD. The definitions of IDocs are part of SAP's
software. The structures in this module were written for these tests from the documentation of the elements. They define
the children of each element, the order of the children, and the length of each field. Elements and fields that order
files do not use are omitted.
"""

import io
from collections.abc import Mapping
from typing import Any

from lxml import etree

_CXML: Mapping[str, tuple[str, str]] = {
    "cXML": ("(Header, Request)", "payloadID timestamp"),
    "Header": ("(From, To, Sender)", ""),
    "From": ("(Credential+)", ""),
    "To": ("(Credential+)", ""),
    "Sender": ("(Credential+, UserAgent)", ""),
    "Credential": ("(Identity)", "domain"),
    "Identity": ("(#PCDATA)", ""),
    "UserAgent": ("(#PCDATA)", ""),
    "Request": ("(OrderRequest | ConfirmationRequest | ShipNoticeRequest)", ""),
    "OrderRequest": ("(OrderRequestHeader, ItemOut+)", ""),
    "OrderRequestHeader": (
        "(Total, ShipTo?, BillTo, Contact*, Comments*, DocumentReference?)",
        "orderID orderDate type:new|update|delete orderVersion?",
    ),
    "Total": ("(Money)", ""),
    "Money": ("(#PCDATA)", "currency"),
    "ShipTo": ("(Address)", ""),
    "BillTo": ("(Address)", ""),
    "Address": ("(Name, PostalAddress?)", "isoCountryCode? addressID?"),
    "Name": ("(#PCDATA)", "xml:lang"),
    "PostalAddress": ("(DeliverTo*, Street+, City, State?, PostalCode?, Country)", ""),
    "DeliverTo": ("(#PCDATA)", ""),
    "Street": ("(#PCDATA)", ""),
    "City": ("(#PCDATA)", ""),
    "State": ("(#PCDATA)", "isoStateCode?"),
    "PostalCode": ("(#PCDATA)", ""),
    "Country": ("(#PCDATA)", "isoCountryCode"),
    "Contact": ("(Name, PostalAddress*, Email*)", "role?"),
    "Email": ("(#PCDATA)", ""),
    "Comments": ("(#PCDATA)", "xml:lang?"),
    "DocumentReference": ("EMPTY", "payloadID"),
    "ItemOut": ("(ItemID, ItemDetail?)", "quantity lineNumber?"),
    "ItemID": ("(SupplierPartID)", ""),
    "SupplierPartID": ("(#PCDATA)", ""),
    "ItemDetail": ("(UnitPrice, Description+, UnitOfMeasure, Classification+)", ""),
    "UnitPrice": ("(Money)", ""),
    "Description": ("(#PCDATA)", "xml:lang"),
    "UnitOfMeasure": ("(#PCDATA)", ""),
    "Classification": ("(#PCDATA)", "domain"),
    "ConfirmationRequest": ("(ConfirmationHeader, OrderReference, ConfirmationItem*)", ""),
    "ConfirmationHeader": (
        "(DocumentReference?, Total?, Contact*, Comments*)",
        "confirmID? type:accept|allDetail|detail|except|reject noticeDate operation:new|update?",
    ),
    "OrderReference": ("(DocumentReference)", "orderID? orderDate?"),
    "ConfirmationItem": ("(UnitOfMeasure, Contact*, ConfirmationStatus+)", "quantity lineNumber"),
    "ConfirmationStatus": ("(UnitOfMeasure, Comments*)", "quantity type:accept|allDetail|detail|reject|backordered"),
    "ShipNoticeRequest": ("(ShipNoticeHeader, ShipControl*, ShipNoticePortion*)", ""),
    "ShipNoticeHeader": (
        "(ServiceLevel*, DocumentReference?, Contact*, Comments*)",
        "shipmentID operation:new|update|delete? noticeDate shipmentDate? deliveryDate? shipmentType:actual|planned?"
        " fulfillmentType:partial|complete? reason:return?",
    ),
    "ServiceLevel": ("(#PCDATA)", "xml:lang"),
    "ShipControl": ("(CarrierIdentifier+, ShipmentIdentifier+, Contact*, Comments*)", "startDate?"),
    "CarrierIdentifier": ("(#PCDATA)", "domain"),
    "ShipmentIdentifier": ("(#PCDATA)", "trackingURL?"),
    "ShipNoticePortion": ("(OrderReference, Contact*, Comments*, ShipNoticeItem*)", ""),
    "ShipNoticeItem": ("(ItemID?, UnitOfMeasure)", "quantity lineNumber"),
}
"""Maps each element to its children and its attributes. An attribute with `?` is optional. The allowed values of an
attribute follow a colon.

Sources: the reference guide of cXML 1.2 (https://cxml.org), and the comments of cXML.dtd and Fulfill.dtd.
"""


def cxml_dtd() -> Any:
    """Return the structure of cXML as an lxml DTD."""
    declarations = []
    for element, (children, attributes) in _CXML.items():
        declarations.append(f"<!ELEMENT {element} {children}>")
        for attribute in attributes.split():
            name, _, values = attribute.rstrip("?").partition(":" if not attribute.startswith("xml:") else "\0")
            kind = f"({values})" if values else "CDATA"
            use = "#IMPLIED" if attribute.endswith("?") else "#REQUIRED"
            declarations.append(f"<!ATTLIST {element} {name} {kind} {use}>")
    return etree.DTD(io.StringIO("\n".join(declarations)))


_ORDERS05: Mapping[str, str] = {
    "EDI_DC40": "TABNAM 10, DOCNUM? 16, DIRECT 1, IDOCTYP 30, MESTYP 30, SNDPOR 10, SNDPRT 2, SNDPRN 10, RCVPOR 10,"
    " RCVPRT? 2, RCVPRN 10, CREDAT? 8, CRETIM? 6",
    "E1EDK01": "ACTION? 3, CURCY? 3, BELNR? 35",
    "E1EDK03": "IDDAT? 3, DATUM? 8",
    "E1EDKA1": "PARVW? 3, PARTN? 17, NAME1? 35, NAME2? 35, NAME3? 35, NAME4? 35, STRAS? 35, STRS2? 35, ORT01? 35,"
    " PSTLZ? 9, LAND1? 3, TELF1? 25, ORT02? 35, REGIO? 3, BNAME? 35",
    "E1EDK02": "QUALF? 3, BELNR? 35, DATUM? 8",
    "E1EDP01": "POSEX? 6, ACTION? 3, MENGE? 15, MENEE? 3, VPREI? 15, PEINH? 9, NETWR? 18, CURCY? 3, E1EDP19*",
    "E1EDP19": "QUALF? 3, IDTNR? 35, KTEXT? 70",
    "E1EDS01": "SUMID? 3, SUMME? 18, WAERQ? 3",
}
"""Maps each segment to its fields with their lengths. A field with `?` is optional.

Sources: the transaction WE60, as shown by https://www.sapdatasheet.org (E2EDK01, EDI_DC40) and by https://leanx.eu
(E3EDP01, E2EDLA1). E1EDKA1 has the same fields as E2EDLA1.
"""
_SEGMENTS = ("E1EDK01", "E1EDK03", "E1EDKA1", "E1EDK02", "E1EDP01", "E1EDS01")
"""The segments in the order in which ORDERS05 contains them."""


def orders05_schema() -> Any:
    """Return the structure of ORDERS05 as an lxml XMLSchema."""
    types = "".join(_segment(name, fields) for name, fields in _ORDERS05.items())
    segments = "".join(
        f'<xs:element name="{name}" type="{name}" minOccurs="{int(name == "EDI_DC40")}"'
        f' maxOccurs="{1 if name in ("EDI_DC40", "E1EDK01") else "unbounded"}"/>'
        for name in ("EDI_DC40", *_SEGMENTS)
    )
    text = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{types}
      <xs:element name="ORDERS05"><xs:complexType><xs:sequence>
        <xs:element name="IDOC" maxOccurs="unbounded"><xs:complexType><xs:sequence>{segments}</xs:sequence>
          <xs:attribute name="BEGIN" fixed="1" use="required"/></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element></xs:schema>"""
    return etree.XMLSchema(etree.fromstring(text))


def _segment(name: str, fields: str) -> str:
    elements = ""
    for field in fields.split(", "):
        if field.endswith("*"):
            elements += f'<xs:element name="{field[:-1]}" type="{field[:-1]}" minOccurs="0" maxOccurs="unbounded"/>'
            continue
        field_name, _, length = field.partition(" ")
        elements += (
            f'<xs:element name="{field_name.rstrip("?")}" minOccurs="{int(not field_name.endswith("?"))}">'
            f'<xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="{length}"/>'
            "</xs:restriction></xs:simpleType></xs:element>"
        )
    return (
        f'<xs:complexType name="{name}"><xs:sequence>{elements}</xs:sequence>'
        '<xs:attribute name="SEGMENT" fixed="1" use="required"/></xs:complexType>'
    )
