"""What a change does to those who read its thing from the cache."""

from tests.platform import Platform, ok


def test_after_a_change_that_changed_nothing_the_cache_has_the_etag_that_a_change_wants(platform: Platform) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant, name="Mug")
    place = f"/v1/products/{product['id']}"
    before = tenant.owner.get(place)
    again = {"If-Match": before.headers["etag"]}
    ok(tenant.owner.patch(place, json={"name": "Mug"}, headers=again))
    seen = tenant.owner.get(place).headers["etag"]
    ok(tenant.owner.patch(place, json={"name": "Cup"}, headers={"If-Match": seen}))
