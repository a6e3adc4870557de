"""Tests that a file with a stock count from before an order does not make the ordered pieces available again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functions.test_orders import order_body, orders_path, stock_of
from tests.imports.importing import wait_for_job
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem
from tests.syncs.test_uploaded_syncs import sync

HEADER = b"sku,name,price,stock\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def mug(platform: Platform, tenant: Tenant) -> Json:
    """A product with 5 pieces."""
    return platform.product(tenant, sku="MUG", name="Mug", price="5.00", inventory_count=5)


def buy(platform: Platform, tenant: Tenant, product: Json, quantity: int) -> Json:
    return created(platform.api().post(orders_path(tenant), json=order_body((product, quantity))))


def row(stock: int, *more: str) -> bytes:
    return b"MUG,Mug,5.00,%d%s\n" % (stock, "".join(f",{cell}" for cell in more).encode())


def explained(tenant: Tenant, product: Json) -> Json:
    return ok(tenant.owner.get(f"/v1/products/{product['id']}/stock"))


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def acknowledge(platform: Platform, order: Json, hours: float) -> None:
    """Record that the ERP system has acknowledged the order. The acknowledgement was some hours ago, one hour after the
    order was placed."""
    platform.arrange("update stock_holds set since = %s where order_id = %s", [hours_ago(hours + 1), order["id"]])
    with platform.database.transaction():
        platform.database.execute("set local role app_definer")
        platform.database.execute("select app.acknowledge_holds(%s, %s)", [order["id"], hours_ago(hours)])


def test_a_stock_count_from_before_an_order_does_not_restore_the_ordered_pieces(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    order = buy(platform, tenant, mug, 5)
    for name in ("stock.csv", "again.csv"):
        job = platform.sync(tenant.catalog_id, name, HEADER + row(5))
        assert (job["status"], stock_of(platform, mug)) == ("completed", 0)
    counted_at = datetime.fromisoformat(job["result"]["stock_as_of"])
    assert timedelta(minutes=14) < datetime.now(UTC) - counted_at < timedelta(minutes=20)
    problem(platform.api().post(orders_path(tenant), json=order_body((mug, 1))), 409, "out_of_stock")
    stock = explained(tenant, mug)
    assert datetime.fromisoformat(stock.pop("reported_at")) == counted_at
    assert [each.pop("placed_at") is not None for each in stock["orders"]] == [True]
    number = {"order_id": order["id"], "order_number": order["order_number"], "pieces": 5, "acknowledged_at": None}
    assert stock == {
        "product_id": mug["id"], "inventory_policy": "tracked", "inventory_count": 0, "stock_means": "free",
        "reported_count": 5, "held_count": 5, "order_count": 1, "orders": [number],
    }  # fmt: skip


def test_a_second_file_with_the_same_stock_does_not_change_the_product(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    buy(platform, tenant, mug, 2)
    platform.sync(tenant.catalog_id, "stock.csv", HEADER + row(5))
    before = ok(tenant.owner.get(f"/v1/products/{mug['id']}"))
    job = platform.sync(tenant.catalog_id, "again.csv", HEADER + row(5))
    assert (job["counts"]["updated"], job["counts"]["unchanged"]) == (0, 1)
    assert ok(tenant.owner.get(f"/v1/products/{mug['id']}")) == before
    assert before["inventory_count"] == 3


def test_the_request_of_a_sync_can_state_the_time_of_the_stock_count(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    acknowledge(platform, buy(platform, tenant, mug, 2), hours=2)
    for hours, free in ((2.5, 3), (1.5, 5)):
        job = sync(tenant, HEADER + row(5), stock_as_of=hours_ago(hours))
        assert (job["status"], stock_of(platform, mug)) == ("completed", free)
    body = {"upload_id": "ca100000-0000-7000-8000-000000000001", "stock_as_of": "yesterday"}
    response = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/syncs", json=body)
    assert pointers(problem(response, 422, "invalid")) == ["/stock_as_of"]


def test_a_mapped_column_can_state_the_time_of_each_stock_count(platform: Platform, tenant: Tenant, mug: Json) -> None:
    cup = platform.product(tenant, sku="CUP", inventory_count=5)
    for product in (mug, cup):
        acknowledge(platform, buy(platform, tenant, product, 2), hours=2)
    settings = {"sync_settings": {"mapping": {"stock_as_of": "Counted"}}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    header = b"sku,name,price,stock,Counted\n"
    late = b"CUP,Cup,6.00,5,%s\nPEN,Pen,1.00,5,2026-03-02 12:00\nPIN,Pin,1.00,5,\n" % hours_ago(1.5).encode()
    job = platform.sync(tenant.catalog_id, "stock.csv", header + row(5, hours_ago(2.5)) + late)
    assert (stock_of(platform, mug), stock_of(platform, cup)) == (3, 5)
    assert [(error["sku"], error["code"]) for error in job["first_errors"]] == [("PEN", "bad_time")]
    assert job["first_errors"][0]["reason"].startswith('Counted: "2026-03-02 12:00" is not a time with a UTC offset')
    assert job["counts"]["created"] == 1


def test_the_setting_stock_delay_minutes_states_the_age_of_the_stock_in_a_file(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    acknowledge(platform, buy(platform, tenant, mug, 2), hours=2)
    for minutes, free in ((180, 3), (60, 5)):
        settings = {"sync_settings": {"stock_delay_minutes": minutes}}
        ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
        platform.sync(tenant.catalog_id, f"{minutes}.csv", HEADER + row(5))
        assert stock_of(platform, mug) == free


def test_a_physical_stock_includes_the_pieces_of_unshipped_orders(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    acknowledge(platform, buy(platform, tenant, mug, 2), hours=2)
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"stock_means": "physical"}}))
    platform.sync(tenant.catalog_id, "stock.csv", HEADER + row(5))
    assert (stock_of(platform, mug), explained(tenant, mug)["stock_means"]) == (3, "physical")
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"stock_means": "free"}}))
    assert stock_of(platform, mug) == 5


def test_a_dry_run_shows_the_resulting_free_stock(platform: Platform, tenant: Tenant, mug: Json) -> None:
    buy(platform, tenant, mug, 2)
    job = platform.sync(tenant.catalog_id, "dry-run/stock.csv", HEADER + row(9))
    (sample,) = job["result"]["samples"]
    assert sample["changes"]["inventory_count"] == {"from": 3, "to": 7}
    stock = explained(tenant, mug)
    assert (stock["inventory_count"], stock["reported_count"], stock["held_count"]) == (3, None, 2)


def test_a_sync_reports_products_with_more_ordered_pieces_than_stock(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    buy(platform, tenant, mug, 4)
    job = platform.sync(tenant.catalog_id, "stock.csv", HEADER + row(3))
    product = {"product_id": mug["id"], "sku": "MUG", "name": "Mug", "reported_count": 3, "held_count": 4}
    assert job["result"]["short"] == {"count": 1, "products": [product]}
    assert stock_of(platform, mug) == 0
    assert "short" not in platform.sync(tenant.catalog_id, "stock.csv", HEADER + row(4))["result"]


def import_rows(tenant: Tenant, stock: int, **fields: Any) -> Json:
    body = {"catalog_id": tenant.catalog_id, "rows": [{"sku": "MUG", "inventory_count": stock}], **fields}
    response = tenant.owner.post("/v1/products/bulk-import", json=body)
    assert response.status_code == 202, response.text
    return wait_for_job(tenant.owner, response.json()["id"])


def test_the_stock_in_an_import_without_a_count_time_is_the_free_stock(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    buy(platform, tenant, mug, 2)
    import_rows(tenant, 4)
    assert stock_of(platform, mug) == 4
    assert explained(tenant, mug)["reported_count"] is None
    import_rows(tenant, 4, stock_as_of=hours_ago(1))
    assert stock_of(platform, mug) == 2
    assert explained(tenant, mug)["reported_count"] == 4


def test_a_patch_can_change_the_stock_by_a_difference(platform: Platform, tenant: Tenant, mug: Json) -> None:
    path = f"/v1/products/{mug['id']}"
    assert ok(tenant.owner.patch(path, json={"inventory_delta": -2, "name": "Cup"}))["inventory_count"] == 3
    buy(platform, tenant, mug, 1)
    assert ok(tenant.owner.patch(path, json={"inventory_delta": 4}))["inventory_count"] == 6
    for difference, free in ((-8, 0), (1, 0), (2, 1)):
        assert ok(tenant.owner.patch(path, json={"inventory_delta": difference}))["inventory_count"] == free
    product = ok(tenant.owner.get(path))
    assert (product["inventory_count"], product["name"]) == (1, "Cup")
    for more in ({"inventory_count": 4}, {"inventory_policy": "tracked"}):
        body = problem(tenant.owner.patch(path, json={"inventory_delta": 1, **more}), 422, "invalid")
        assert pointers(body) == ["/inventory_delta"]
    etag = tenant.owner.get(path).headers["etag"]
    ok(tenant.owner.patch(path, json={"inventory_delta": 1}, headers={"If-Match": etag}))
    problem(
        tenant.owner.patch(path, json={"inventory_delta": 1}, headers={"If-Match": etag}), 412, "precondition_failed"
    )
    ok(tenant.owner.patch(path, json={"inventory_policy": "untracked"}))
    body = problem(tenant.owner.patch(path, json={"inventory_delta": 1}), 422, "not_tracked")
    assert pointers(body) == ["/inventory_delta"]


def test_a_grantee_cannot_see_the_stock_in_a_file(platform: Platform, tenant: Tenant, mug: Json) -> None:
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{other.client_id}"))
    buy(platform, tenant, mug, 2)
    platform.sync(tenant.catalog_id, "stock.csv", HEADER + row(5))
    product = ok(other.owner.get(f"/v1/products/{mug['id']}"))
    assert set(product) == set(mug)
    assert product["inventory_count"] == 3
    problem(other.owner.get(f"/v1/products/{mug['id']}/stock"), 404, "not_found")
    problem(
        platform.api(platform.member(tenant.client_id, "viewer")).get(f"/v1/products/{mug['id']}/stock"),
        404,
        "not_found",
    )
    assert explained(tenant, mug)["held_count"] == 2


def test_the_catalog_owner_sees_only_the_pieces_in_orders_of_other_clients(
    platform: Platform, tenant: Tenant, mug: Json
) -> None:
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{other.client_id}"))
    ok(other.owner.patch(f"/v1/sites/{other.site_id}", json={"catalog_id": tenant.catalog_id}))
    order = buy(platform, other, mug, 1)
    stock = explained(tenant, mug)
    assert [(each["order_id"], each["order_number"], each["pieces"]) for each in stock["orders"]] == [(None, None, 1)]
    everything = ok(platform.admin.get(f"/v1/products/{mug['id']}/stock"))
    assert [each["order_id"] for each in everything["orders"]] == [order["id"]]
