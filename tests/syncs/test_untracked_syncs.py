"""Tests files that switch the tracking of stock on or off, and the effects on products, storefronts and orders."""

import httpx
import pytest

from tests.functions.test_orders import order_body, orders_path
from tests.imports.importing import wait_for_job
from tests.platform import TLS, Json, Platform, Tenant, created, ok, problem

UNTRACKED = ("untracked", 0)
NO_STOCK = b"sku,name,price\nA,Lamp,10.00\nB,Mug,5.00\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def stocks(tenant: Tenant) -> dict[str, tuple[str, int]]:
    data = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    return {product["sku"]: (product["inventory_policy"], product["inventory_count"]) for product in data}


def load(platform: Platform, tenant: Tenant, content: bytes, name: str = "stock.csv") -> Json:
    """Drop a file twice. Check that the second job changes nothing. Return the counts of the first job."""
    counts: Json = platform.sync(tenant.catalog_id, name, content)["counts"]
    again = platform.sync(tenant.catalog_id, name, content)["counts"]
    assert (again["updated"], again["unchanged"]) == (0, again["read"])
    return counts


def test_products_from_a_file_without_a_stock_column_can_be_ordered(platform: Platform, tenant: Tenant) -> None:
    assert load(platform, tenant, NO_STOCK)["created"] == 2
    assert stocks(tenant) == {"A": UNTRACKED, "B": UNTRACKED}
    shown = platform.storefront_products(tenant.domain)
    assert [product["in_stock"] for product in shown] == [True, True]
    created(platform.api().post(orders_path(tenant), json=order_body((shown[0], 10))))


def test_the_settings_can_make_products_without_a_stock_column_unavailable(platform: Platform, tenant: Tenant) -> None:
    settings = {"sync_settings": {"default_inventory_policy": "tracked"}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    load(platform, tenant, NO_STOCK)
    assert stocks(tenant) == {"A": ("tracked", 0), "B": ("tracked", 0)}
    shown = platform.storefront_products(tenant.domain)
    assert [product["in_stock"] for product in shown] == [False, False]
    problem(platform.api().post(orders_path(tenant), json=order_body((shown[0], 1))), 409, "out_of_stock")
    settings["sync_settings"]["default_inventory_policy"] = None  # type: ignore[assignment]
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    load(platform, tenant, b"sku,name,price\nC,Desk,90.00\n")
    assert stocks(tenant) == {"A": ("tracked", 0), "B": ("tracked", 0), "C": UNTRACKED}


def test_a_new_product_with_a_blank_stock_has_a_stock_of_zero(platform: Platform, tenant: Tenant) -> None:
    load(platform, tenant, b"sku,name,price,stock\nA,Lamp,10.00,\nB,Mug,5.00,3\nC,Desk,90.00,n/a\n")
    assert stocks(tenant) == {"A": ("tracked", 0), "B": ("tracked", 3), "C": ("tracked", 0)}


def test_the_stock_column_determines_whether_a_product_is_tracked(platform: Platform, tenant: Tenant) -> None:
    load(platform, tenant, b"sku,name,price,stock\nA,Lamp,10.00,5\nB,Mug,5.00,in stock\nC,Desk,90.00,unlimited\n")
    assert stocks(tenant) == {"A": ("tracked", 5), "B": UNTRACKED, "C": UNTRACKED}
    for content in (NO_STOCK, b"sku,stock\nA,\nB,\n"):
        load(platform, tenant, content)
        assert stocks(tenant) == {"A": ("tracked", 5), "B": UNTRACKED, "C": UNTRACKED}
    load(platform, tenant, b"sku,stock\nA,available\nB,0\nC,<5\n")
    assert stocks(tenant) == {"A": UNTRACKED, "B": ("tracked", 0), "C": ("tracked", 0)}
    load(platform, tenant, b"sku,stock\nA,9\nB,backorder\nC,100+\n")
    assert stocks(tenant) == {"A": ("tracked", 9), "B": UNTRACKED, "C": ("tracked", 100)}


def test_a_tracking_flag_makes_a_product_tracked_and_keeps_its_stock_count(platform: Platform, tenant: Tenant) -> None:
    load(platform, tenant, b"sku,name,price,stock\nA,Lamp,10.00,5\nB,Mug,5.00,in stock\n")
    load(platform, tenant, b"sku,name,price,track stock\nA,Lamp,10.00,yes\nB,Mug,5.00,yes\nC,Desk,9.00,yes\n")
    assert stocks(tenant) == {"A": ("tracked", 5), "B": ("tracked", 0), "C": ("tracked", 0)}


def test_a_dry_run_shows_a_change_of_the_inventory_policy(platform: Platform, tenant: Tenant) -> None:
    load(platform, tenant, b"sku,name,price,stock\nA,Lamp,10.00,5\n")
    job = platform.sync(tenant.catalog_id, "dry-run/stock.csv", b"sku,stock\nA,in stock\n")
    (sample,) = job["result"]["samples"]
    assert sample["changes"] == {
        "inventory_count": {"from": 5, "to": 0},
        "inventory_policy": {"from": "tracked", "to": "untracked"},
    }
    assert stocks(tenant) == {"A": ("tracked", 5)}


def test_an_imported_file_follows_the_default_inventory_policy_of_the_catalog(
    platform: Platform, tenant: Tenant
) -> None:
    for policy, sku in (("tracked", "A"), ("untracked", "B")):
        settings = {"sync_settings": {"default_inventory_policy": policy}}
        ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
        content = f"sku,name,price\n{sku},Lamp,10.00\n".encode()
        upload = created(tenant.owner.post("/v1/uploads", json={"name": "new.csv", "size": len(content)}))
        sent = httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=content, verify=TLS)
        assert sent.status_code == 200
        job = tenant.owner.post(
            "/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
        )
        assert wait_for_job(tenant.owner, job.json()["id"])["counts"]["created"] == 1
    assert stocks(tenant) == {"A": ("tracked", 0), "B": UNTRACKED}
