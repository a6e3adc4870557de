"""The storefront is the public part of a site."""

from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

VISIBLE_NAMES = ["Mug", "Mug", "Cup", "Rucksack", "Bag", "Plain"]
"""The names of the visible products."""


@dataclass(frozen=True)
class Shop:
    """A site with visible and hidden products."""

    tenant: Tenant
    visible: list[Json]
    inactive: Json
    excluded: Json

    @property
    def path(self) -> str:
        return f"/v1/storefront/{self.tenant.domain}"


@pytest.fixture(scope="module")
def shop(platform: Platform) -> Shop:
    tenant = platform.tenant()
    shelves = [
        ("Home", "Acme", 10),
        ("Home", "Acme", 20),
        ("Home", "Bravo", 30),
        ("Bags", "Acme", 40),
        ("Bags", "Bravo", 5),
    ]
    visible = [
        platform.product(tenant, name=name, category=category, brand=brand, price=price)
        for name, (category, brand, price) in zip(VISIBLE_NAMES, shelves, strict=False)
    ]
    visible.append(platform.product(tenant, name="Plain", price="1.00", inventory_count=0))
    hidden = {"category": "Home", "brand": "Secret", "price": "999.00"}
    inactive = platform.product(tenant, name="Mug, inactive", is_active=False, **hidden)
    excluded = platform.product(tenant, name="Mug, excluded", **hidden)
    ok(tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{excluded['id']}"))
    return Shop(tenant, visible, inactive, excluded)


def test_a_site_is_public_at_its_domain_in_upper_and_lower_case(platform: Platform, shop: Shop) -> None:
    settings = {"branding": {"color": "#fff"}, "settings": {"public": {"locale": "de"}, "secret": {"key": "s3cr3t"}}}
    ok(shop.tenant.owner.patch(f"/v1/sites/{shop.tenant.site_id}", json=settings))
    storefront = ok(platform.api().get(shop.path))
    assert (storefront["branding"], storefront["settings"]) == ({"color": "#fff"}, {"locale": "de"})
    limits = {"guest_orders", "max_line_quantity", "max_daily_quantity", "max_daily_quantity_per_address"}
    limits |= {"max_order_amount", "ship_to_countries", "ship_to_po_boxes", "event_storage"}
    limits |= {"cancel_window_minutes", "confirm_guest_orders"}
    assert storefront["currency"] == "USD"
    assert set(storefront) == {"id", "name", "domain", "currency", "branding", "settings"} | limits
    assert ok(platform.api().get(f"/v1/storefront/{shop.tenant.domain.upper()}")) == storefront
    assert len(ok(platform.api().get(f"/v1/storefront/{shop.tenant.domain.title()}/products"))["data"]) == len(
        VISIBLE_NAMES
    )


def test_public_settings_are_ignored_if_they_are_not_an_object(platform: Platform, shop: Shop) -> None:
    for public in ("x", None, [1]):
        ok(shop.tenant.owner.put(f"/v1/sites/{shop.tenant.site_id}", json=site_body(shop, settings={"public": public})))
        assert ok(platform.api().get(shop.path))["settings"] == {}


def site_body(shop: Shop, **more: object) -> Json:
    defaults = {"domain": shop.tenant.domain, "status": "active", "catalog_id": shop.tenant.catalog_id}
    return {"name": "Gifts", **defaults, **more}


def test_hidden_products_are_not_in_lists_or_searches_or_facets(platform: Platform, shop: Shop) -> None:
    visitor = platform.api()
    names = sorted(VISIBLE_NAMES)
    for sort in ("name", "-price", "created_at"):
        page = ok(visitor.get(f"{shop.path}/products", params={"sort": sort}))
        assert sorted(row["name"] for row in page["data"]) == names
        assert "Secret" not in str(page["facets"])
        assert page["facets"]["price"] == {"min": "1.00", "max": "40.00", "currency": "USD"}
    search = ok(visitor.get(f"{shop.path}/products", params={"q": "mug"}))
    assert [row["name"] for row in search["data"]] == ["Mug", "Mug"]
    assert search["facets"]["category"] == [{"value": "Home", "count": 2}]
    for hidden in (shop.inactive, shop.excluded):
        problem(visitor.get(f"{shop.path}/products/{hidden['id']}"), 404, "not_found")
        for filters in ({"brand": "Secret"}, {"q": "excluded"}, {"price_min": "999"}):
            assert ok(visitor.get(f"{shop.path}/products", params=filters))["data"] == []


def test_a_product_page_contains_only_public_fields(platform: Platform, shop: Shop) -> None:
    platform.arrange("update products set source_data = '{\"cost\": 1}' where id = %s", [shop.visible[0]["id"]])
    product = ok(platform.api().get(f"{shop.path}/products/{shop.visible[0]['id']}"))
    public = {
        "id",
        "sku",
        "name",
        "description",
        "category",
        "brand",
        "price",
        "currency",
        "images",
        "attributes",
        "media",
    }
    assert set(product) == public | {"in_stock", "regular_price", "offer_ends_at"}
    assert {key: product[key] for key in public} == {key: shop.visible[0][key] for key in public}
    listed = ok(platform.api().get(f"{shop.path}/products"))["data"]
    assert product in listed
    assert [row["in_stock"] for row in listed if row["name"] == "Plain"] == [False]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"category": "Home"},
        {"brand": "Acme"},
        {"category": "Home", "brand": "Acme"},
        {"price_min": "10", "price_max": "30"},
        {"category": "Bags", "price_max": "39.99"},
        {"q": "g"},
        {"q": "g", "brand": "Bravo"},
        {"category": "Nowhere"},
    ],
    ids=str,
)
def test_each_facet_ignores_only_its_own_filters(platform: Platform, shop: Shop, filters: dict[str, str]) -> None:
    facets = ok(platform.api().get(f"{shop.path}/products", params=filters))["facets"]

    def matching_products(*without: str) -> list[Json]:
        """Return the visible products that match the filters. Filters whose names are in `without` are ignored."""
        remaining = {name: value for name, value in filters.items() if name not in without}
        return [
            row
            for row in shop.visible
            if remaining.get("q", "") in f"{row['name']} {row['sku']}".lower()
            and remaining.get("category", row["category"]) == row["category"]
            and remaining.get("brand", row["brand"]) == row["brand"]
            and float(remaining.get("price_min", 0)) <= float(row["price"]) <= float(remaining.get("price_max", 1e9))
        ]

    for name in ("category", "brand"):
        counts = Counter(row[name] for row in matching_products(name) if row[name] is not None)
        assert {bucket["value"]: bucket["count"] for bucket in facets[name]} == counts
        assert facets[name] == sorted(facets[name], key=lambda bucket: (-bucket["count"], bucket["value"]))
    prices = sorted((float(row["price"]), row["price"]) for row in matching_products("price_min", "price_max"))
    assert (facets["price"]["min"], facets["price"]["max"]) == (
        (prices[0][1], prices[-1][1]) if prices else (None, None)
    )


def test_only_the_first_page_contains_facets_and_a_parameter_omits_them(platform: Platform, shop: Shop) -> None:
    visitor = platform.api()
    first = ok(visitor.get(f"{shop.path}/products", params={"limit": 2}))
    second = ok(visitor.get(f"{shop.path}/products", params={"limit": 2, "cursor": first["next_cursor"]}))
    assert first["facets"] is not None and second["facets"] is None
    assert ok(visitor.get(f"{shop.path}/products", params={"facets": "false"}))["facets"] is None


def test_the_pages_contain_every_product_once(platform: Platform, shop: Shop) -> None:
    for sort in ("name", "-name", "price", "-price", "created_at", "-created_at"):
        rows = platform.storefront_products(shop.tenant.domain, limit=2, sort=sort)
        assert sorted(row["name"] for row in rows) == sorted(VISIBLE_NAMES)
        assert len({row["id"] for row in rows}) == len(VISIBLE_NAMES)


def test_only_an_active_site_of_an_active_client_is_found(platform: Platform) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant)
    path = f"/v1/storefront/{tenant.domain}"
    routes = (path, f"{path}/products", f"{path}/products/{product['id']}")

    def assert_not_found() -> None:
        for route in routes:
            problem(platform.api().get(route), 404, "not_found")
            problem(tenant.owner.get(route), 404, "not_found")
            problem(platform.admin.get(route), 404, "not_found")

    for status in ("draft", "inactive"):
        ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"status": status}))
        assert_not_found()
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"status": "active"}))
    ok(platform.api().get(path))
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    assert_not_found()


def test_an_unknown_domain_is_not_found_and_an_invalid_domain_is_refused(platform: Platform) -> None:
    for domain in (f"{uuid4().hex}.test", "a", "a" * 63 + ".test", "a%2fb.test"):
        problem(platform.api().get(f"/v1/storefront/{domain}"), 404, "not_found")
    for domain in ("%00", "%ff", "a%20b", "-", "*", "a" * 64, "a" * 254, "%27or%271", "%F0%9F%8E%81"):
        assert pointers(problem(platform.api().get(f"/v1/storefront/{domain}"), 422, "invalid")) == ["domain"]


def test_a_product_of_another_site_is_not_found(platform: Platform, shop: Shop, other_tenant: Tenant) -> None:
    foreign = platform.product(other_tenant)
    for api in (platform.api(), other_tenant.owner, platform.admin):
        problem(api.get(f"{shop.path}/products/{foreign['id']}"), 404, "not_found")
        problem(api.get(f"{shop.path}/products/{uuid4()}"), 404, "not_found")
    assert pointers(problem(platform.api().get(f"{shop.path}/products/7"), 422, "invalid")) == ["product_id"]


def test_a_site_without_a_catalog_shows_no_products(platform: Platform, tenant: Tenant) -> None:
    empty = platform.site(tenant.client_id, None)
    page = ok(platform.api().get(f"/v1/storefront/{empty['domain']}/products"))
    assert page == {"data": [], "next_cursor": None, "has_more": False, "facets": None}


def test_exclusions_of_one_site_do_not_affect_another_site_with_the_same_catalog(
    platform: Platform, shop: Shop
) -> None:
    second = platform.site(shop.tenant.client_id, shop.tenant.catalog_id)
    names = [row["name"] for row in platform.storefront_products(second["domain"])]
    assert sorted(names) == sorted([*VISIBLE_NAMES, shop.excluded["name"]])


def test_callers_with_a_token_see_the_same_pages_as_visitors(platform: Platform, shop: Shop) -> None:
    for api in (platform.api("customer:a@example.test", email="a@example.test"), shop.tenant.owner, platform.admin):
        for path in ("", "/products", f"/products/{shop.visible[0]['id']}"):
            assert ok(api.get(shop.path + path)) == ok(platform.api().get(shop.path + path))
        problem(api.get(f"{shop.path}/products/{shop.excluded['id']}"), 404, "not_found")


def test_the_storefront_refuses_an_invalid_token(platform: Platform, shop: Shop) -> None:
    issuer = platform.issuer
    token = issuer.token("someone")
    invalid_headers = [
        "",
        "Bearer",
        "Basic YTpi",
        token,
        f"Bearer {token}x",
        f"Bearer {token[:-9]}",
        "Bearer a.b.c",
        f"Bearer {issuer.token('someone', expires_in=-3600)}",
        f"Bearer {issuer.token('someone', iss='https://elsewhere.test')}",
        f"Bearer {issuer.token('someone', aud='another')}",
        f"Bearer {issuer.token('someone', nbf=4_000_000_000)}",
        f"Bearer {issuer.token('service:system')}",
        f"Bearer {issuer.token('')}",
    ]
    for header in invalid_headers:
        response = platform.api().get(shop.path, headers={"Authorization": header})
        problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_the_gateway_refuses_a_token_with_an_invalid_subject(platform: Platform) -> None:
    for subject in ("service:system", "service:staging", "service:anything", "", "a\0b"):
        problem(platform.api("x", sub=subject).get("/v1/me"), 401, "unauthenticated")


def test_a_new_product_appears_on_the_storefront(platform: Platform) -> None:
    tenant = platform.tenant()
    product = created(
        tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json={"sku": "1", "name": "N", "price": "1"})
    )
    assert [row["id"] for row in platform.storefront_products(tenant.domain)] == [product["id"]]


def test_a_page_with_filters_is_cached_at_the_second_request(platform: Platform) -> None:
    tenant, visitor = platform.tenant(), platform.api()
    platform.product(tenant, price="9.00")
    path = f"/v1/storefront/{tenant.domain}/products"

    def statuses(*queries: str) -> list[str]:
        return [visitor.get(f"{path}?{query}").headers["cache-status"].partition("; ")[2] for query in queries]

    ok(visitor.get(path))
    assert statuses("", "category=Bags", "category=Bags", "limit=24", "limit=24") == [
        "hit",
        "fwd=miss",
        "hit",
        "fwd=miss",
        "hit",
    ]
    assert statuses("price_max=100", "price_max=100.0", "price_max=100.00") == ["fwd=miss", "fwd=miss", "hit"]
    assert statuses("q=mug", "q=mug", "q=mug", "q=mug") == ["fwd=miss", "fwd=miss", "hit", "hit"]
    problem(visitor.get(f"{path}?price_max=1e2"), 422, "invalid")


def test_single_requests_for_forty_filtered_pages_use_little_cache_memory(
    platform: Platform,
) -> None:
    tenant, visitor = platform.tenant(), platform.api()
    for _ in range(3):
        platform.product(tenant, price="9.00", attributes={"text": "x" * 20_000})
    path = f"/v1/storefront/{tenant.domain}/products?limit=10&facets=false"
    ok(visitor.get(path))

    def stored_bytes() -> int:
        names = platform.redis.keys(f"v1:local:{tenant.client_id}:anon.*")
        return sum(platform.redis.memory_usage(name) or 0 for name in names)

    before = stored_bytes()
    assert before > 60_000, "the page without a free filter is stored"
    for cents in range(40):
        assert len(ok(visitor.get(f"{path}&price_max=100000.{cents:02}"))["data"]) == 3
    assert stored_bytes() - before < 40 * 512
