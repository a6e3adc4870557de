"""Warming: what visitors of a busy storefront see first is in the cache before they ask for it again."""

from tests.platform import Platform, ok

VISITS = 200
"""One in ten is noted, by the clock."""


def test_the_first_page_of_a_busy_storefront_is_loaded_before_it_is_asked_for(platform: Platform) -> None:
    tenant = platform.tenant()
    visitor = platform.api()
    place = f"/v1/storefront/{tenant.domain}/products"
    for _ in range(VISITS):
        ok(visitor.get(place))
    product = platform.product(tenant)
    platform.invoke("schedules-warming")
    answer = visitor.get(place)
    assert answer.headers["cache-status"] == "wecelebrate; hit"
    assert [shown["id"] for shown in ok(answer)["data"]] == [product["id"]]
