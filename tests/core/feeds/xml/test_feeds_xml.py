"""Tests that the elements of each known XML format are assigned to the correct fields."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import Reading, read, read_file


def test_a_bmecat_1_2_catalog_is_read() -> None:
    reading = read_file("bmecat12-new-catalog.xml")
    product = reading.product
    assert (reading.feed.declared_mode, reading.details["nature"], reading.details["kind"]) == (
        "full",
        "full",
        "BMEcat",
    )
    assert (product.line, product.sku, product.name) == (90, "1000", 'Apple MacBook Pro 13"')
    assert product.description == "Das Kraftpaket unter den Notebooks."
    assert (product.brand, product.price, product.currency) == ("Microsoft", Decimal("1499.50"), "EUR")
    assert product.category == "Hardware > Notebook > Mac"
    assert product.images == ["https://example.com/images/55-K-31.jpg"]
    assert product.attributes["Netzspannung"] == "110, 220 VLT"
    assert product.attributes["GTIN"] == "8712670911213"
    assert product.is_active
    assert reading.feed.ended_cleanly


def test_a_bmecat_2005_catalog_is_read_in_its_default_language() -> None:
    reading = read_file("bmecat2005-catalog.xml")
    mug = reading.products[0]
    assert (mug.line, mug.sku, mug.name, mug.description) == (40, "MUG-1", "Tasse & Untertasse", "<p>Steingut</p>")
    assert (mug.category, mug.brand) == ("Küche > Tassen", "Töpferei Lindner")
    assert mug.attributes["Farbe"] == "blau"
    assert mug.attributes["Inhalt"] == "0.3 LTR"
    assert mug.source["DESCRIPTION_SHORT.eng"] == "Mug & saucer"


def test_the_language_option_or_the_mapping_determines_the_translation() -> None:
    mug = read_file("bmecat2005-catalog.xml", mapping={"language": "en"}).products[0]
    assert (mug.name, mug.category, mug.attributes["Colour"]) == ("Mug & saucer", "Kitchen > Mugs", "blue")
    mug = read_file("bmecat2005-catalog.xml", mapping={"name": "DESCRIPTION_SHORT.eng"}).products[0]
    assert (mug.name, mug.category) == ("Mug & saucer", "Küche > Tassen")


@pytest.mark.parametrize(("currency", "price"), [("EUR", "12.49"), ("CHF", "13.90"), ("USD", "12.49")])
def test_a_bmecat_price_is_the_current_unit_price_in_the_catalog_currency(currency: str, price: str) -> None:
    mug = read_file("bmecat2005-catalog.xml", currency).products[0]
    assert (str(mug.price), mug.currency) == (price, currency if currency != "USD" else "EUR")
    assert mug.source["PRICE_TYPE"] == "net_list"


def test_the_main_bmecat_image_is_first_and_data_sheets_are_ignored() -> None:
    assert read_file("bmecat2005-catalog.xml").products[0].images == [
        "https://img.example/gifts/mug-1.jpg",
        "https://img.example/gifts/mug-1-side.jpg",
        "https://cdn.example/mug-1-top.png",
    ]


def test_the_rejection_of_a_bad_bmecat_price_states_the_line_of_the_article() -> None:
    rejected = read_file("bmecat2005-catalog.xml").rejection
    assert (rejected.line, rejected.sku, rejected.code) == (121, "MUG-2", "not_a_number")
    assert rejected.reason == 'PRICE_AMOUNT: "zwölf" is not a number'


def test_a_bmecat_product_update_can_add_change_and_delete_products() -> None:
    reading = read_file("bmecat12-update-products.xml")
    new, changed, deleted = reading.products
    assert reading.feed.declared_mode == "delta"
    assert (new.sku, new.name, new.price, new.currency) == ("KERZE-3", "Kerze, grün", Decimal("7.95"), "CHF")
    assert new.is_active
    assert "is_active" in new.fields_set
    assert changed.name == "Kerze, weiß"
    assert changed.fields_set == {"sku", "name"}
    assert (deleted.sku, deleted.is_active) == ("KERZE-1", False)
    assert deleted.fields_set == {"sku", "is_active"}


def test_a_bmecat_price_update_sets_only_prices() -> None:
    reading = read_file("bmecat12-update-prices.xml")
    product = reading.products[0]
    assert reading.feed.declared_mode == "delta"
    assert product.price == Decimal("4.95")
    assert product.fields_set == {"sku", "price", "currency"}
    assert (reading.rejection.line, reading.rejection.code) == (20, "negative")


def test_bmecat_groups_can_be_before_or_after_the_articles() -> None:
    group = (
        "<CATALOG_STRUCTURE type='leaf'><GROUP_ID>7</GROUP_ID><GROUP_NAME>Mugs</GROUP_NAME>"
        "<PARENT_ID>1</PARENT_ID></CATALOG_STRUCTURE>"
    )
    membership = (
        "<ARTICLE_TO_CATALOGGROUP_MAP><ART_ID>A</ART_ID><CATALOG_GROUP_ID>7</CATALOG_GROUP_ID>"
        "</ARTICLE_TO_CATALOGGROUP_MAP>"
    )
    article = "<ARTICLE><SUPPLIER_AID>A</SUPPLIER_AID></ARTICLE>"
    for parts in (group + membership + article, article + membership + group, group + article + membership):
        assert read(f"<BMECAT><T_NEW_CATALOG>{parts}</T_NEW_CATALOG></BMECAT>").product.category == "Mugs"


def test_bmecat_groups_that_contain_each_other_do_not_cause_an_endless_loop() -> None:
    groups = "".join(
        f"<CATALOG_STRUCTURE><GROUP_ID>{n}</GROUP_ID><GROUP_NAME>G{n}</GROUP_NAME><PARENT_ID>{1 - n}</PARENT_ID>"
        "</CATALOG_STRUCTURE>"
        for n in (0, 1)
    )
    membership = (
        "<ARTICLE_TO_CATALOGGROUP_MAP><ART_ID>A</ART_ID><CATALOG_GROUP_ID>1</CATALOG_GROUP_ID>"
        "</ARTICLE_TO_CATALOGGROUP_MAP>"
    )
    article = "<ARTICLE><SUPPLIER_AID>A</SUPPLIER_AID></ARTICLE>"
    product = read(f"<BMECAT><T_NEW_CATALOG>{groups}{article}{membership}</T_NEW_CATALOG></BMECAT>").product
    assert (product.category or "").startswith("G0 > G1")


def test_gdsn_trade_items_of_all_levels_are_products() -> None:
    reading = read_file("gdsn-catalogue-item.xml", mapping={"language": "en"})
    case, piece, deleted = reading.products
    assert (case.sku, case.name, case.category) == ("04012345000019", "Chocolate box, case of 12", "10000043")
    assert (piece.sku, piece.name, piece.brand) == ("04012345000002", "Chocolate box 200 g", "Acme")
    assert (piece.line, piece.category, piece.description) == (36, "Sugar Candy", "Twelve kinds.")
    assert piece.images == ["https://img.example/choc-1.jpg", "https://img.example/choc-2.jpg"]
    assert (deleted.sku, deleted.is_active) == ("04012345000033", False)
    assert deleted.fields_set == {"sku", "is_active"}
    assert reading.feed.declared_mode is None


def test_a_cxml_index_with_a_doctype_is_read() -> None:
    reading = read_file("cxml-index.xml")
    pen, deleted, engraving = reading.products
    assert (reading.feed.declared_mode, reading.feed.ended_cleanly) == ("delta", True)
    assert (pen.line, pen.sku, pen.name) == (10, "PEN-1", "Fountain pen")
    assert pen.description == "A fountain pen in a box, blue ink."
    assert (pen.price, pen.currency, pen.category, pen.brand) == (Decimal("12.50"), "USD", "44121704", "Acme")
    assert (pen.images, pen.attributes["Ink"]) == (["https://img.example/pen-1.jpg"], "blue")
    assert (deleted.sku, deleted.is_active) == ("PEN-0", False)
    assert deleted.fields_set == {"sku", "is_active"}
    assert (engraving.name, engraving.price) == ("Engraving to order", None)
    assert engraving.source["URL"] == "https://supplier.example/punchout"


def test_a_ubl_catalogue_is_read() -> None:
    reading = read_file("ubl-catalogue.xml")
    book, deleted = reading.products
    assert reading.feed.declared_mode == "full"
    assert (book.line, book.sku, book.name, book.brand) == (9, "NB-A5", "Notebook A5", "Acme")
    assert (book.price, book.currency, book.category) == (
        Decimal("89.50"),
        "NOK",
        "Notebooks",
    )  # the file states the price 179 for two units
    assert book.images == ["https://img.example/nb-a5.jpg"]
    assert (book.attributes["Pages"], book.attributes["Weight"]) == ("96", "210 GRM")
    assert (deleted.sku, deleted.is_active) == ("NB-A6", False)
    assert deleted.fields_set == {"sku", "is_active"}


def test_a_google_merchant_rss_feed_is_read() -> None:
    reading = read_file("google-merchant-rss.xml")
    blue, red = reading.products
    assert (blue.line, blue.sku, blue.name, blue.description) == (7, "MUG-BLUE", "Mug, blue", "A mug – stoneware.")
    assert (blue.price, blue.currency, blue.category) == (Decimal("12.50"), "EUR", "Home > Kitchen > Mugs")
    assert [image[-10:] for image in blue.images] == ["g-blue.jpg", "/mug-2.jpg", "/mug-3.jpg"]
    assert (blue.attributes["Volume"], blue.attributes["link"]) == ("300 ml", "https://shop.example/mug?c=blue&s=1")
    assert (blue.inventory_policy, blue.inventory_count) == ("untracked", 0)
    assert (red.price, red.inventory_count) == (Decimal("12.50"), 0)
    assert (reading.rejection.line, reading.rejection.reason) == (37, "id: is empty")
    assert reading.feed.declared_mode is None


def test_a_google_merchant_atom_feed_is_read() -> None:
    card = read_file("google-merchant-atom.xml").product
    assert (card.sku, card.name, card.description) == ("CARD-1", "Greeting card", "With an envelope.")
    assert (card.price, card.currency, card.inventory_count) == (Decimal("3.90"), "GBP", 40)
    assert card.attributes["link"] == "https://shop.example/card"


def test_sap_materials_are_read() -> None:
    reading = read_file("sap-matmas05.xml")
    mug, deleted = reading.products
    assert reading.feed.declared_mode == "delta"
    assert (mug.line, mug.sku, mug.name, mug.category) == (5, "4711", "Mug blue", "GIFTS")
    assert mug.description == "A mug of stoneware.\nFit for the dishwasher."
    assert (mug.inventory_count, mug.price) == (42, None)
    assert (mug.source["E1MARMM.UMREZ.2"], mug.attributes["EAN11"]) == ("12", "4012345678901")
    assert (deleted.sku, deleted.is_active) == ("OLD-1", False)
    assert deleted.fields_set == {"sku", "is_active"}


def test_the_valuation_price_of_sap_is_used_only_if_the_mapping_selects_it() -> None:
    mapping = {"price": "E1MBEWM.STPRS", "name": "MAKTX.de", "language": "de"}
    mug = read_file("sap-matmas05.xml", mapping=mapping).products[0]
    assert (mug.price, mug.name) == (Decimal("4.20"), "Tasse blau")


def matmas(fields: str) -> Reading:
    return read(f"<MATMAS05><IDOC><E1MARAM>{fields}</E1MARAM></IDOC></MATMAS05>")


@pytest.mark.parametrize(
    ("number", "sku"),
    [
        ("000000000000004711", "4711"),
        ("4711", "4711"),
        ("0815", "0815"),
        ("A-000000000000000001", "A-000000000000000001"),
    ],
)
def test_the_leading_zeros_that_sap_adds_to_material_numbers_are_removed(number: str, sku: str) -> None:
    assert matmas(f"<MATNR>{number}</MATNR>").product.sku == sku


def test_the_rejection_of_a_too_large_product_states_its_sku() -> None:
    long = f"<DESCRIPTION_LONG>{'x' * 1_100_000}</DESCRIPTION_LONG>"
    articles = (
        f"<ARTICLE>\n<SUPPLIER_AID>A</SUPPLIER_AID>{long}</ARTICLE><ARTICLE><SUPPLIER_AID>B</SUPPLIER_AID></ARTICLE>"
    )
    reading = read(f"<BMECAT><T_NEW_CATALOG>{articles}</T_NEW_CATALOG></BMECAT>")
    assert (reading.rejection.sku, reading.rejection.code, reading.products[0].sku) == ("A", "too_long", "B")
