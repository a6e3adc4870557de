"""Tests other XML formats: SAP conditions, GDSN 2, custom IDoc types, and documents that are not catalogs."""

from pathlib import Path

import pytest

from tests.core.feeds.feed_reading import FEEDS, read, read_file
from wecelebrate.feeds import UnreadableFeed

BMECAT = (
    "<BMECAT><T_NEW_CATALOG><ARTICLE><SUPPLIER_AID>A-1</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Mug"
    "</DESCRIPTION_SHORT></ARTICLE_DETAILS><ARTICLE_PRICE_DETAILS><ARTICLE_PRICE price_type='net_list'><PRICE_AMOUNT>"
    "4.20</PRICE_AMOUNT><PRICE_CURRENCY>EUR</PRICE_CURRENCY></ARTICLE_PRICE></ARTICLE_PRICE_DETAILS></ARTICLE>"
    "</T_NEW_CATALOG></BMECAT>"
)


def test_the_price_of_sap_conditions_is_the_current_price_of_one_piece() -> None:
    reading = read_file("sap-cond-a04.xml", "EUR")
    assert reading.feed.declared_mode == "delta"
    mug, tea = reading.products
    assert (mug.sku, str(mug.price), mug.currency) == ("4711", "12.50", "EUR")
    assert (tea.sku, str(tea.price), tea.currency) == ("TEA-10", "7.50", "CHF")
    assert mug.fields_set == {"sku", "price", "currency"}


def test_sap_conditions_of_customers_purchases_and_discounts_are_ignored() -> None:
    reading = read_file("sap-cond-a04.xml", "EUR")
    assert [str(product.price) for product in reading.products if product.sku == "4711"] == ["12.50"]


def test_a_sap_price_of_a_carton_is_rejected() -> None:
    rejection = read_file("sap-cond-a04.xml", "EUR").rejection
    assert (rejection.sku, rejection.code) == ("TEA-9", "not_a_number")
    assert "96.00 for the unit CAR" in rejection.reason


@pytest.mark.parametrize("root", ["ZMATMAS05", "MATMAS03", "ZMATMAS_GIFTS"])
def test_a_custom_idoc_type_with_materials_is_read(root: str) -> None:
    text = (FEEDS / "sap-matmas05.xml").read_text().replace("MATMAS05>", f"{root}>")
    reading = read(text, name="materials.xml")
    assert reading.details["kind"] == "SAP MATMAS"
    assert [(p.sku, p.is_active) for p in reading.products] == [("4711", True), ("OLD-1", False)]


@pytest.mark.parametrize(("language", "name"), [(None, "Steinzeugbecher, 0,3 l"), ("en", "Stoneware mug, 0.3 l")])
def test_the_gtin_of_a_gdsn_2_product_is_its_sku(language: str | None, name: str) -> None:
    (mug,) = read_file("gdsn2-catalogue-item.xml", "EUR", {"language": language} if language else None).products
    assert (mug.sku, mug.name, mug.brand) == ("04006381333931", name, "Lind")


def test_a_cxml_index_without_the_element_cxml_is_read() -> None:
    text = (FEEDS / "cxml-index.xml").read_text()
    inner = text[text.index("<Index") : text.index("</Index>") + len("</Index>")]
    reading = read(inner, name="index.xml")
    assert reading.details["kind"] == "cXML index"
    assert [p.sku for p in reading.products] == [p.sku for p in read_file("cxml-index.xml").products]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("<cXML><Request><OrderRequest><ItemOut/></OrderRequest></Request></cXML>", "a cXML OrderRequest, not a"),
        ("<cXML><Message><PunchOutOrderMessage/></Message></cXML>", "a cXML PunchOutOrderMessage"),
        ('<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>', "UBL Invoice"),
        ("<ORDERS05><IDOC><E1EDK01/></IDOC></ORDERS05>", "an IDoc of the type ORDERS05"),
        ('<ORDER xmlns="http://www.opentrans.org/XMLSchema/openTRANS/2.1"><ORDER_HEADER/></ORDER>', "openTRANS ORDER"),
        ("<urlset><url><loc>https://x.example</loc></url></urlset>", "a sitemap"),
    ],
)
def test_the_error_for_a_non_catalog_names_the_document_type(document: str, name: str) -> None:
    with pytest.raises(UnreadableFeed, match=name):
        read(document, name="products.xml")


@pytest.mark.parametrize(
    "declarations",
    [
        '<!ENTITY % USERDEFINES "UDX.LIND.COLOUR?,UDX.LIND.GLAZE?">',
        "\n<!-- own fields -->\n<!ENTITY % USERDEFINES '(UDX.A)*'>\n<!ELEMENT UDX.A (#PCDATA)>\n",
        '<!ATTLIST ARTICLE mode CDATA "new">',
    ],
)
def test_a_doctype_that_declares_only_user_defined_fields_is_read(declarations: str) -> None:
    doctype = f'<?xml version="1.0"?>\n<!DOCTYPE BMECAT SYSTEM "bmecat_new_catalog_1_2.dtd" [{declarations}]>\n'
    reading = read(doctype + BMECAT, name="catalog.xml")
    assert [(p.sku, p.name, str(p.price)) for p in reading.products] == [("A-1", "Mug", "4.20")]
    assert reading.products[0].line == doctype.count("\n") + 1


@pytest.mark.parametrize(
    "declarations",
    [
        '<!ENTITY mug "Mug">',
        '<!ENTITY % all SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!ENTITY % a "b"> %a;',
        "<!ENTITY % a '&#37;b;'>",
        "<!ELEMENT A (%b;)>",
    ],
)
def test_a_doctype_that_declares_or_uses_entities_is_refused(declarations: str) -> None:
    with pytest.raises(UnreadableFeed, match="DOCTYPE declares entities"):
        read(f"<!DOCTYPE BMECAT [{declarations}]>{BMECAT}", name="catalog.xml")


def test_the_removed_declarations_of_a_doctype_can_be_longer_than_a_chunk(tmp_path: Path) -> None:
    fields = "".join(f"<!ELEMENT UDX.F{number} (#PCDATA)>\n" for number in range(4_000))
    reading = read(f"<!DOCTYPE BMECAT [{fields}]>\n{BMECAT}", name="catalog.xml")
    assert [p.sku for p in reading.products] == ["A-1"]
    assert reading.products[0].line == 4_002
