"""Tests the sync of an XML file that declares itself as a delta. Products that are missing in the file remain
active."""

from tests.core.feeds.feed_reading import FEEDS
from tests.platform import Platform, ok


def test_a_bmecat_update_file_deactivates_only_the_products_that_the_file_deletes(platform: Platform) -> None:
    tenant = platform.tenant()
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"currency": "CHF"}))
    articles = "".join(
        f"<ARTICLE><SUPPLIER_AID>KERZE-{n}</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Kerze {n}"
        "</DESCRIPTION_SHORT></ARTICLE_DETAILS><ARTICLE_PRICE_DETAILS><ARTICLE_PRICE price_type='net_list'>"
        "<PRICE_AMOUNT>5.00</PRICE_AMOUNT></ARTICLE_PRICE></ARTICLE_PRICE_DETAILS></ARTICLE>"
        for n in (1, 2)
    )
    new_catalog = f"<BMECAT version='1.2'><T_NEW_CATALOG>{articles}</T_NEW_CATALOG></BMECAT>".encode()
    job = platform.sync(tenant.catalog_id, "catalog.xml", new_catalog)
    assert (job["status"], job["counts"]["created"]) == ("completed", 2)

    update = (FEEDS / "bmecat12-update-products.xml").read_bytes()
    # The file declares itself as a delta. This declaration has priority over the folder `full/`.
    job = platform.sync(tenant.catalog_id, "full/update.xml", update)
    assert (job["counts"]["created"], job["counts"]["updated"], job["counts"]["deactivated"]) == (1, 2, 0)
    shown = {product["sku"]: product["name"] for product in platform.storefront_products(tenant.domain)}
    assert shown == {"KERZE-2": "Kerze, weiß", "KERZE-3": "Kerze, grün"}


def matmas(number: str, text: str) -> str:
    texts = f"<E1MAKTM><SPRAS_ISO>EN</SPRAS_ISO><MAKTX>{text}</MAKTX></E1MAKTM>"
    return f"<E1MARAM><MATNR>{number}</MATNR>{texts}</E1MARAM>"


def condition(number: str, price: str) -> str:
    return (
        f"<E1KOMG><KAPPL>V</KAPPL><KSCHL>PR00</KSCHL><MATNR>{number}</MATNR><E1KONH><DATAB>20240101</DATAB><E1KONP>"
        f"<KSCHL>PR00</KSCHL><KBETR>{price}</KBETR><KONWA>EUR</KONWA><KPEIN>1</KPEIN></E1KONP></E1KONH></E1KOMG>"
    )


def test_a_material_without_a_price_remains_inactive_after_its_price_arrives(
    platform: Platform,
) -> None:
    tenant = platform.tenant()
    products = f"/v1/catalogs/{tenant.catalog_id}/products"
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"currency": "EUR"}))
    platform.sync(tenant.catalog_id, "old.csv", b"sku,name,price\nOLD,Old mug,7.00\n")

    file = f"<MATMAS05><IDOC>{matmas('OLD', 'Old mug, blue')}{matmas('NEW', 'New mug')}</IDOC></MATMAS05>".encode()
    job = platform.sync(tenant.catalog_id, "materials.xml", file)
    assert (job["counts"]["created"], job["counts"]["updated"], job["counts"]["rejected"]) == (1, 1, 0)
    assert job["result"]["created_without_price"] == 1
    again = platform.sync(tenant.catalog_id, "materials.xml", file)
    assert (again["counts"]["unchanged"], "created_without_price" in again["result"]) == (2, False)
    shown = platform.storefront_products(tenant.domain)
    assert [(product["sku"], product["name"], product["price"]) for product in shown] == [
        ("OLD", "Old mug, blue", "7.00")
    ]

    prices = f"<COND_A04><IDOC>{condition('NEW', '12.50')}</IDOC></COND_A04>".encode()
    assert platform.sync(tenant.catalog_id, "prices.xml", prices)["counts"]["updated"] == 1
    stored = {product["sku"]: product for product in ok(tenant.owner.get(products))["data"]}
    assert (stored["NEW"]["price"], stored["NEW"]["is_active"]) == ("12.50", False)


UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def catalogue(*lines: str) -> bytes:
    return (
        f'<Catalogue xmlns="{UBL}:Catalogue-2" xmlns:cac="{UBL}:CommonAggregateComponents-2"'
        f' xmlns:cbc="{UBL}:CommonBasicComponents-2"><cbc:ActionCode>Update</cbc:ActionCode>'
        f"{''.join(lines)}</Catalogue>"
    ).encode()


def catalogue_line(action: str, standard: str, seller: str = "", name: str = "") -> str:
    sku = f"<cac:SellersItemIdentification><cbc:ID>{seller}</cbc:ID></cac:SellersItemIdentification>" if seller else ""
    price = (
        "<cac:RequiredItemLocationQuantity><cac:Price><cbc:PriceAmount currencyID='EUR'>5.00</cbc:PriceAmount>"
        "</cac:Price></cac:RequiredItemLocationQuantity>"
    )
    return (
        f"<cac:CatalogueLine><cbc:ActionCode>{action}</cbc:ActionCode>{price if name else ''}<cac:Item>"
        f"<cbc:Name>{name}</cbc:Name>{sku}<cac:StandardItemIdentification><cbc:ID>{standard}</cbc:ID>"
        "</cac:StandardItemIdentification></cac:Item></cac:CatalogueLine>"
    )


def test_a_deletion_line_of_a_peppol_catalogue_deletes_the_product_with_the_same_identifier(
    platform: Platform,
) -> None:
    tenant, other = platform.tenant(), platform.tenant()
    lines = [
        catalogue_line("Add", "07012345678904", "NB-A5", "Notebook A5"),
        catalogue_line("Add", "07012345678911", "NB-A6", "Notebook A6"),
        catalogue_line("Add", "07012345678928", "", "Pencil"),
        catalogue_line("Add", "07012345678935", "TWIN-1", "Twin"),
        catalogue_line("Add", "07012345678935", "TWIN-2", "Twin"),
    ]
    for each in (tenant, other):
        assert platform.sync(each.catalog_id, "catalogue.xml", catalogue(*lines))["counts"]["created"] == 5
    deletions = catalogue(*(catalogue_line("Delete", f"070123456789{n}") for n in ("04", "28", "35", "99")))
    counts = platform.sync(tenant.catalog_id, "deletions.xml", deletions)["counts"]
    # Two products have the third identifier, and no product has the fourth.
    assert (counts["read"], counts["updated"], counts["rejected"]) == (4, 2, 2)
    assert {product["sku"] for product in platform.storefront_products(tenant.domain)} == {"NB-A6", "TWIN-1", "TWIN-2"}
    assert len(platform.storefront_products(other.domain)) == 5
    again = platform.sync(tenant.catalog_id, "deletions.xml", deletions)["counts"]
    assert (again["unchanged"], again["rejected"]) == (2, 2)
