"""Recognises XML documents that are not product feeds, so that the error can say what a document is."""

import re

OTHER_ROOTS = {
    "html": "an HTML page",
    "svg": "an SVG image",
    "schema": "an XML schema",
    "Envelope": "a SOAP message",
    "sitemapindex": "a sitemap",
    "urlset": "a sitemap",
}
_UBL = b"urn:oasis:names:specification:ubl:schema:xsd:"
_UBL_ROOTS = (
    "ApplicationResponse", "CreditNote", "DespatchAdvice", "Invoice", "Order", "OrderChange", "OrderResponse",
    "OrderResponseSimple", "Quotation", "ReceiptAdvice", "RequestForQuotation",
)  # fmt: skip
_OPENTRANS = b"openTRANS"
_IDOC = re.compile(r"Z?(ORDERS|ORDRSP|ORDCHG|INVOIC|DESADV|DELVRY|SHPMNT|DEBMAS|CREMAS|WMMBID|PRICAT|FIDCCP)\w*")
_CXML_MESSAGE = re.compile(rb"<(\w{1,60}(?:Request|Response|Message))[\s/>]")


def other_document(root: str, head: bytes) -> str | None:
    """Return the name of the document, such as `a cXML OrderRequest`, or None if it can be a product feed.

    `head` is the start of the file in UTF-8.
    """
    if root in OTHER_ROOTS:
        return OTHER_ROOTS[root]
    if root in _UBL_ROOTS and _UBL in head:
        return f"a UBL {root}, not a UBL Catalogue"
    if _IDOC.fullmatch(root):
        return f"an IDoc of the type {root}, not one with materials (MATMAS) or prices (COND_A)"
    if _OPENTRANS in head[:4_000] and root.isupper():
        return f"an openTRANS {root}, not a BMEcat catalog"
    if root == "cXML" and b"<Index" not in head and (match := _CXML_MESSAGE.search(head)):
        return f"a cXML {match[1].decode()}, not a cXML Index"
    return None
