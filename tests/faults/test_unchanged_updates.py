"""Tests an update that does not change any value of a product."""

from tests.platform import Platform, ok


def test_the_cache_contains_the_current_etag_after_an_update_without_changes(platform: Platform) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant, name="Mug")
    path = f"/v1/products/{product['id']}"
    etag = tenant.owner.get(path).headers["etag"]
    ok(tenant.owner.patch(path, json={"name": "Mug"}, headers={"If-Match": etag}))
    cached_etag = tenant.owner.get(path).headers["etag"]
    ok(tenant.owner.patch(path, json={"name": "Cup"}, headers={"If-Match": cached_etag}))
