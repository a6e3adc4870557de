"""Tests products whose stock is not tracked, in the API, storefronts, orders, bulk imports and webhook events."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.functions.test_orders import order_body, orders_path
from tests.imports.importing import import_rows, nonzero_counts, product_row
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

GUESTS = 12
UNTRACKED: tuple[str, int] = ("untracked", 0)


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """Return a new tenant with a site that sells products in any quantity."""
    shop = platform.tenant()
    limits = {"max_line_quantity": 10_000, "max_daily_quantity": None, "max_daily_quantity_per_address": None}
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json=limits))
    return shop


def untracked(platform: Platform, shop: Tenant, **more: Any) -> Json:
    return platform.product(shop, **{"inventory_count": 0, "inventory_policy": "untracked", **more})


def stock(product: Json) -> tuple[str, int]:
    return product["inventory_policy"], product["inventory_count"]


def change(shop: Tenant, product: Json, **fields: Any) -> Json:
    return ok(shop.owner.patch(f"/v1/products/{product['id']}", json=fields))


def test_an_untracked_product_is_in_stock_and_thousands_of_pieces_can_be_ordered(
    platform: Platform, shop: Tenant
) -> None:
    award, mug = untracked(platform, shop), platform.product(shop, inventory_count=0)
    assert (stock(award), stock(mug)) == (UNTRACKED, ("tracked", 0))
    shown = {each["id"]: each["in_stock"] for each in platform.storefront_products(shop.domain)}
    assert shown == {award["id"]: True, mug["id"]: False}
    guest = platform.api()
    path = f"/v1/storefront/{shop.domain}/products/{award['id']}"
    assert ok(guest.get(path))["in_stock"] is True
    assert created(guest.post(orders_path(shop), json=order_body((award, 5000))))["total_amount"] == "50000.00"
    problem(guest.post(orders_path(shop), json=order_body((mug, 1))), 409, "out_of_stock")
    body = problem(guest.post(orders_path(shop), json=order_body((award, 1), (mug, 1))), 409, "out_of_stock")
    assert pointers(body) == ["/lines/1/quantity"]
    after = ok(shop.owner.get(f"/v1/products/{award['id']}"))
    assert (stock(after), after["updated_at"]) == (UNTRACKED, award["updated_at"])
    pages = [ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products")) for _ in range(2)]
    assert {stock(each) for page in pages for each in page["data"] if each["id"] == award["id"]} == {UNTRACKED}


def test_all_concurrent_orders_of_an_untracked_product_succeed(platform: Platform, shop: Tenant) -> None:
    award, mug = untracked(platform, shop), platform.product(shop, inventory_count=3)
    guests = [platform.api() for _ in range(GUESTS)]

    def buy(number: int) -> int:
        lines = [(award, 1000), (mug, 1)] if number % 2 else [(award, 1000)]
        while True:
            response = guests[number].post(orders_path(shop), json=order_body(*(lines[::-1])))
            if response.status_code != 503:  # 503 means that all instances of the function are busy.
                return response.status_code

    with ThreadPoolExecutor(GUESTS) as pool:
        statuses = list(pool.map(buy, range(GUESTS)))
    assert set(statuses[::2]) == {201}
    assert sorted(statuses[1::2]) == [201] * 3 + [409] * 3
    assert stock(ok(shop.owner.get(f"/v1/products/{award['id']}"))) == UNTRACKED
    assert stock(ok(shop.owner.get(f"/v1/products/{mug['id']}"))) == ("tracked", 0)


def test_a_product_that_is_created_without_an_inventory_policy_is_tracked(platform: Platform, shop: Tenant) -> None:
    path = f"/v1/catalogs/{shop.catalog_id}/products"
    body = {"sku": "A", "name": "A", "price": "1.00"}
    assert stock(created(shop.owner.post(path, json=body))) == ("tracked", 0)
    assert stock(created(shop.owner.post(path, json={**body, "sku": "B", "inventory_count": 4}))) == ("tracked", 4)


def test_a_patch_switches_between_tracked_and_untracked(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop, inventory_count=7)
    assert stock(change(shop, mug, inventory_policy="untracked")) == UNTRACKED
    assert stock(change(shop, mug, name="Renamed")) == UNTRACKED
    assert stock(change(shop, mug, inventory_policy="tracked")) == ("tracked", 0)
    assert stock(change(shop, mug, inventory_policy="untracked", inventory_count=0)) == UNTRACKED
    assert stock(change(shop, mug, inventory_count=9)) == ("tracked", 9)
    change(shop, mug, inventory_policy="untracked")
    assert stock(change(shop, mug, inventory_count=0)) == ("tracked", 0)
    assert stock(change(shop, mug, inventory_policy="tracked", inventory_count=3)) == ("tracked", 3)


def test_a_put_request_without_an_inventory_policy_makes_a_product_tracked(platform: Platform, shop: Tenant) -> None:
    award = untracked(platform, shop)
    body = {"sku": award["sku"], "name": award["name"], "price": "1.00"}
    path, any_version = f"/v1/products/{award['id']}", {"if-match": "*"}
    product = ok(shop.owner.put(path, json={**body, "inventory_policy": "untracked"}, headers=any_version))
    assert stock(product) == UNTRACKED
    assert stock(ok(shop.owner.put(path, json={**body, "inventory_count": 6}, headers=any_version))) == ("tracked", 6)


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_an_untracked_product_with_a_stock_count_is_refused(platform: Platform, shop: Tenant, method: str) -> None:
    award = untracked(platform, shop)
    body = {"inventory_policy": "untracked", "inventory_count": 1}
    whole = {**body, "sku": f"new-{method}", "name": "New", "price": "1.00"}
    path = f"/v1/products/{award['id']}"
    response = (
        shop.owner.patch(path, json=body)
        if method == "patch"
        else shop.owner.put(path, json=whole, headers={"if-match": "*"})
        if method == "put"
        else shop.owner.post(f"/v1/catalogs/{shop.catalog_id}/products", json=whole)
    )
    assert pointers(problem(response, 422, "invalid")) == ["/inventory_count"]
    response = shop.owner.patch(path, json={"inventory_policy": "unlimited"})
    assert pointers(problem(response, 422, "invalid")) == ["/inventory_policy"]
    problem(shop.owner.patch(path, json={"inventory_policy": None}), 422, "invalid")


def test_the_storefront_shows_a_change_of_the_inventory_policy_at_once(platform: Platform, shop: Tenant) -> None:
    mug, guest = platform.product(shop, inventory_count=0), platform.api()
    path = f"/v1/storefront/{shop.domain}/products"

    def shown() -> list[bool]:
        (listed,) = ok(guest.get(path))["data"]
        return [listed["in_stock"], ok(guest.get(f"{path}/{mug['id']}"))["in_stock"]]

    assert [shown(), shown()] == [[False, False]] * 2
    change(shop, mug, inventory_policy="untracked")
    assert [shown(), shown()] == [[True, True]] * 2
    change(shop, mug, inventory_count=5)
    assert shown() == [True, True]
    assert guest.get(path).headers["cache-status"] == "wecelebrate; hit", "`in_stock` has not changed"
    change(shop, mug, inventory_count=0)
    assert shown() == [False, False]


def test_a_bulk_import_can_change_the_inventory_policy(platform: Platform, shop: Tenant) -> None:
    def stocks() -> dict[str, tuple[str, int]]:
        data = ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products"))["data"]
        return {each["sku"]: stock(each) for each in data}

    rows = [
        product_row(1, inventory_policy="untracked"),
        product_row(2, inventory_count=5),
        product_row(3),
        product_row(4, inventory_policy="untracked", inventory_count=2),
    ]
    for counts in ({"read": 4, "created": 3, "rejected": 1}, {"read": 4, "unchanged": 3, "rejected": 1}):
        job = import_rows(shop, rows)
        assert nonzero_counts(job) == counts
        assert "/inventory_count: must be 0 or left out" in job["first_errors"][0]["reason"]
    assert stocks() == {"P-00001": UNTRACKED, "P-00002": ("tracked", 5), "P-00003": ("tracked", 0)}
    switched: list[dict[str, Any]] = [
        {"sku": "P-00001", "inventory_count": 8},
        {"sku": "P-00002", "inventory_policy": "untracked"},
        {"sku": "P-00003", "inventory_policy": "untracked", "inventory_count": 0},
    ]
    for counts in ({"read": 3, "updated": 3}, {"read": 3, "unchanged": 3}):
        assert nonzero_counts(import_rows(shop, switched)) == counts
    assert stocks() == {"P-00001": ("tracked", 8), "P-00002": UNTRACKED, "P-00003": UNTRACKED}
    import_rows(shop, [{"sku": "P-00002", "inventory_policy": "tracked"}, {"sku": "P-00003", "price": "2.00"}])
    assert stocks() == {"P-00001": ("tracked", 8), "P-00002": ("tracked", 0), "P-00003": UNTRACKED}


def test_the_audit_log_and_a_grantee_can_see_the_inventory_policy(platform: Platform, shop: Tenant) -> None:
    mug, other = platform.product(shop, inventory_count=7), platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{other.client_id}"))
    change(shop, mug, inventory_policy="untracked")
    entries = ok(shop.owner.get("/v1/audit", params={"action": "product.change", "limit": 1}))["data"]
    assert entries[0]["before"] == {"inventory_policy": "tracked", "inventory_count": 7}
    assert entries[0]["after"] == {"inventory_policy": "untracked", "inventory_count": 0}
    assert stock(ok(other.owner.get(f"/v1/products/{mug['id']}"))) == UNTRACKED
    (listed,) = ok(other.owner.get(f"/v1/catalogs/{shop.catalog_id}/products"))["data"]
    assert stock(listed) == UNTRACKED


def test_the_shared_stock_limit_does_not_apply_to_an_untracked_product(platform: Platform, shop: Tenant) -> None:
    award = untracked(platform, shop)
    seller = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{seller.client_id}"))
    site = platform.site(seller.client_id, shop.catalog_id, max_line_quantity=500, max_daily_quantity=None)
    orders = f"/v1/storefront/{site['domain']}/orders"
    created(platform.api().post(orders, json=order_body((award, 90), customer_email=f"{uuid4().hex}@example.test")))
    problem(platform.api().post(orders, json=order_body((award, 501))), 422, "order_limit")


def test_lists_can_be_filtered_by_the_parameters_inventory_policy_and_in_stock(
    platform: Platform, shop: Tenant
) -> None:
    stocks: dict[str, Json] = {
        "counted lamp": {"inventory_count": 3, "category": "Light"},
        "empty lamp": {"inventory_count": 0, "category": "Light"},
        "made lamp": {"inventory_policy": "untracked", "inventory_count": 0, "category": "Light"},
        "made mug": {"inventory_policy": "untracked", "inventory_count": 0, "category": "Cups"},
    }
    for name, fields in stocks.items():
        platform.product(shop, name=name, **fields)
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{other.client_id}"))
    expected: list[tuple[Json, list[str]]] = [
        ({}, list(stocks)),
        ({"inventory_policy": "tracked"}, ["counted lamp", "empty lamp"]),
        ({"inventory_policy": "untracked"}, ["made lamp", "made mug"]),
        ({"in_stock": True}, ["counted lamp", "made lamp", "made mug"]),
        ({"in_stock": False}, ["empty lamp"]),
        ({"in_stock": True, "inventory_policy": "tracked"}, ["counted lamp"]),
        ({"in_stock": False, "inventory_policy": "untracked"}, []),
        ({"in_stock": True, "q": "lamp"}, ["counted lamp", "made lamp"]),
        ({"inventory_policy": "untracked", "q": "lamp", "sort": "-created_at"}, ["made lamp"]),
        ({"inventory_policy": "untracked", "category": "Cups", "sort": "price"}, ["made mug"]),
    ]
    path = f"/v1/catalogs/{shop.catalog_id}/products"
    for query, names in expected:
        for api in (shop.owner, platform.admin, other.owner):
            product_names = [product["name"] for product in ok(api.get(path, params=query))["data"]]
            assert product_names == names, query
    first = ok(shop.owner.get(path, params={"in_stock": True, "limit": 2}))
    second = ok(shop.owner.get(path, params={"in_stock": True, "limit": 2, "cursor": first["next_cursor"]}))
    assert [product["name"] for page in (first, second) for product in page["data"]] == expected[3][1]
    assert pointers(problem(shop.owner.get(path, params={"inventory_policy": "some"}), 422, "invalid")) == [
        "inventory_policy"
    ]


def test_a_storefront_can_filter_products_and_facets_by_the_parameter_in_stock(
    platform: Platform, shop: Tenant
) -> None:
    mug = platform.product(shop, name="mug", category="Cups", inventory_count=1)
    platform.product(shop, name="empty cup", category="Cups", inventory_count=0)
    untracked(platform, shop, name="award", category="Awards")
    path, guest = f"/v1/storefront/{shop.domain}/products", platform.api()

    def shown(**query: Any) -> tuple[list[str], dict[str, int]]:
        page = ok(guest.get(path, params=query))
        facet = {each["value"]: each["count"] for each in page["facets"]["category"]}
        return [product["name"] for product in page["data"]], facet

    assert shown(in_stock=True) == (["award", "mug"], {"Awards": 1, "Cups": 1})
    assert shown(in_stock=False) == (["empty cup"], {"Cups": 1})
    assert shown(in_stock=True, q="m") == (["mug"], {"Cups": 1})
    created(guest.post(orders_path(shop), json=order_body((mug, 1))))
    assert shown(in_stock=True) == (["award"], {"Awards": 1})
    assert shown(in_stock=False) == (["empty cup", "mug"], {"Cups": 2})
    problem(guest.get(path, params={"inventory_policy": "tracked"}), 422, "invalid")
