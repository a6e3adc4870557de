"""Warming loads the first page of a busy storefront into the cache before visitors request this page."""

from tests.platform import Platform, ok

VISITS = 200
"""The number of visits in the test. The platform counts only about a tenth of all visits, depending on the time of the
visit."""


def test_cache_warming_stores_the_first_page_of_a_busy_storefront(platform: Platform) -> None:
    tenant = platform.tenant()
    visitor = platform.api()
    path = f"/v1/storefront/{tenant.domain}/products"
    for _ in range(VISITS):
        ok(visitor.get(path))
    product = platform.product(tenant)
    platform.invoke("schedules-warming")
    response = visitor.get(path)
    assert response.headers["cache-status"] == "wecelebrate; hit"
    assert [shown["id"] for shown in ok(response)["data"]] == [product["id"]]
