"""From a file in S3 to products on a storefront."""

from pathlib import Path

from tests.platform import Platform

FEEDS = Path(__file__).parent.parent / "data" / "feeds"


def test_a_shopify_export_is_on_the_storefront_with_prices_and_images(platform: Platform) -> None:
    tenant = platform.tenant()
    job = platform.sync(tenant.catalog_id, "products.csv", (FEEDS / "shopify-products.csv").read_bytes())
    assert job["status"] == "completed", job
    shown = platform.shown(tenant.domain)
    assert len(shown) == 21
