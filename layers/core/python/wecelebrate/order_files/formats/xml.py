"""Builds XML documents."""

from collections.abc import Mapping
from typing import Any

from lxml import etree


def child(parent: Any, tag: str, text: object = None, **attributes: str) -> Any:
    """Add an element. If `text` is empty, the element has no text."""
    element = etree.SubElement(parent, tag, attrib=attributes)
    if text not in (None, ""):
        element.text = xml_text(str(text))
    return element


def optional(parent: Any, tag: str, text: object, **attributes: str) -> None:
    """If `text` is not empty, add an element with this text."""
    if text not in (None, ""):
        child(parent, tag, text, **attributes)


def root(tag: str, namespaces: Mapping[str | None, str] | None = None) -> Any:
    """Create the root of a document."""
    return etree.Element(tag, nsmap=dict(namespaces or {}))


def document(element: Any, doctype: str | None = None) -> bytes:
    """Return a document in UTF-8."""
    content: bytes = etree.tostring(element, xml_declaration=True, encoding="UTF-8", pretty_print=True, doctype=doctype)
    return content


def xml_text(text: str) -> str:
    """Return a text without the characters that XML 1.0 does not allow."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
