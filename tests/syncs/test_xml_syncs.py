"""Tests the sync of an XML file that declares itself as a delta. Products that the file omits stay active."""

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
