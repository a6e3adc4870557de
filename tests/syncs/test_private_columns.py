"""Tests that only admins, and editors of the client that owns the catalog, can read the private columns of a file."""

import json

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, ok, problem

PLANTED = ("731.4159", "Planted Trading", "planted-note", "planted-bin")
"""Values of private columns. A time cannot contain `731.4159`, because it has at most two digits before a point."""
FILE = (
    b"SKU,Name,Price,Cost Price,Supplier,Internal note,Bin,Colour,Material cost,Stock\n"
    b"PL-1,Lantern,30.00,731.4159,Planted Trading,planted-note,planted-bin,green,731.4159,1\n"
    b"PL-2,Candle,thirty,731.4159,Planted Trading,planted-note,planted-bin,red,731.4159,5\n"
)


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def synced(platform: Platform, tenant: Tenant) -> tuple[Json, Json]:
    """Load FILE with a sync. Return the job and the product."""
    job = platform.sync(tenant.catalog_id, "planted.csv", FILE)
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    return job, product


def assert_nothing_planted(*responses: httpx.Response) -> None:
    for response in responses:
        ok(response)
        assert not [value for value in PLANTED if value in response.text], response.request.url


def test_visitors_cannot_see_or_search_private_columns(platform: Platform, tenant: Tenant) -> None:
    _, product = synced(platform, tenant)
    visitor, path = platform.api(), f"/v1/storefront/{tenant.domain}/products"
    assert_nothing_planted(visitor.get(path), visitor.get(f"{path}/{product['id']}"))
    for value in PLANTED:
        matches = ok(visitor.get(path, params={"q": value}))
        assert (matches["data"], matches["facets"]["brand"]) == ([], [])
    (shown,) = platform.storefront_products(tenant.domain)
    assert (shown["attributes"], shown["brand"]) == ({"Colour": "green"}, None)


def test_responses_about_products_and_the_job_contain_no_private_column(platform: Platform, tenant: Tenant) -> None:
    job, product = synced(platform, tenant)
    viewer, support = platform.api(platform.member(tenant.client_id, "viewer")), platform.api("support")
    for api in (tenant.owner, viewer, support):
        paths = [f"/v1/products/{product['id']}", f"/v1/catalogs/{tenant.catalog_id}/products", f"/v1/jobs/{job['id']}"]
        assert_nothing_planted(*map(api.get, paths))
    assert job["first_errors"][0]["sku"] == "PL-2"
    dry = platform.sync(tenant.catalog_id, "dry-run/planted.csv", FILE.replace(b"30.00", b"31.00"))
    assert not [value for value in PLANTED if value in json.dumps(dry)]


def test_the_audit_log_and_the_events_contain_no_private_column(platform: Platform, tenant: Tenant) -> None:
    _, product = synced(platform, tenant)
    ok(tenant.owner.patch(f"/v1/products/{product['id']}", json={"attributes": {"Size": "M"}}))
    for table in ("audit_log", "webhook_deliveries", "cache_invalidations", "mails"):
        rows = platform.database.execute(f"select t::text as row from {table} t".encode()).fetchall()
        assert not [row for row in rows if any(value in row["row"] for value in PLANTED)], table


def test_only_editors_and_admins_can_read_the_source_data(platform: Platform, tenant: Tenant) -> None:
    _, product = synced(platform, tenant)
    path = f"/v1/products/{product['id']}/source"
    editor, viewer = (platform.api(platform.member(tenant.client_id, role)) for role in ("editor", "viewer"))
    for api in (tenant.owner, editor, platform.admin):
        source = ok(api.get(path))
        assert (source["product_id"], source["sku"]) == (product["id"], "PL-1")
        assert (source["source_data"]["Cost Price"], source["source_data"]["Supplier"]) == (
            "731.4159",
            "Planted Trading",
        )
    grantee = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{grantee.client_id}"))
    assert_nothing_planted(grantee.owner.get(f"/v1/products/{product['id']}"))
    for api in (viewer, grantee.owner, platform.tenant().owner, platform.api("support")):
        problem(api.get(path), 404, "not_found")
    assert platform.api().get(path).status_code == 401


def test_a_product_that_the_api_created_has_no_source_data(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, attributes={"Cost": "1", "Serie": "x"})
    assert product["attributes"] == {"Cost": "1", "Serie": "x"}
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}/source"))["source_data"] is None


def test_the_settings_of_the_catalog_select_the_public_attributes(platform: Platform, tenant: Tenant) -> None:
    settings = {"attributes": {"Note": "Internal note"}, "private_columns": ["Colour"]}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": settings}))
    _, product = synced(platform, tenant)
    assert product["attributes"] == {"Note": "planted-note"}
    longest = {
        "attributes": {f"{n:03}" + "\U0001f381" * 97: f"{n:03}" + "\U0001f381" * 297 for n in range(100)},
        "private_columns": ["\U0001f381" * 300] * 100,
    }
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": longest}))
    too_long = {"sync_settings": {"attributes": {"x" * 101: "Colour"}}}
    problem(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=too_long), 422, "invalid")
