"""Tests that the reports about fulfilment, a catalog and the platform equal a computation from the rows."""

import random
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.platform import Platform, Tenant, created, ok, pointers, problem
from tests.reports.orders import day, insert, random_order

REJECTION = {"line": 3, "sku": "B", "code": "invalid_price", "reason": "much is no price"}
PLATFORM = "/v1/admin/reports/platform"
DAYS = {"first_day": "2026-03-01", "last_day": "2026-03-31"}


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def test_the_fulfilment_report_contains_the_hours_to_ship_and_to_deliver(platform: Platform, tenant: Tenant) -> None:
    dice = random.Random(3)
    orders = [random_order(dice, tenant.site_id, day("2026-03-01"), day("2026-03-20")) for _ in range(41)]
    for order in orders:
        order.status = "pending"
    orders[0].status = "cancelled"
    insert(platform, tenant, *orders)
    to_ship, to_deliver, late = [], [], 0
    for number, order in enumerate(orders):
        country = "DE" if number % 2 else "FR"
        shipped = timedelta(hours=dice.randint(1, 200)) if number % 3 else None
        delivered = timedelta(hours=dice.randint(1, 99)) if shipped and number % 5 else None
        shipped_at = order.created_at + shipped if shipped else None
        platform.database.execute(
            "update orders set shipped_at = %s, delivered_at = %s, shipping_address = %s where id = %s",
            [
                shipped_at,
                shipped_at + delivered if shipped_at and delivered else None,
                Jsonb({"country": country}),
                order.id,
            ],
        )
        if number == 0:
            continue
        late += shipped is None or shipped > timedelta(days=3)
        to_ship += [shipped.total_seconds() / 3600] if shipped else []
        to_deliver += [delivered.total_seconds() / 3600] if delivered else []
    actual = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}/fulfilment", params=DAYS))
    total = actual["total"]
    assert (total["orders"], total["shipped"], total["late"]) == (40, len(to_ship), late)
    assert total["ship_p50"] == pytest.approx(median(to_ship), abs=0.01)
    assert total["deliver_p50"] == pytest.approx(median(to_deliver), abs=0.01)
    assert total["ship_p90"] >= total["ship_p50"]
    assert {row["country"]: row["orders"] for row in actual["by_country"]} == {"DE": 20, "FR": 20}
    strict = ok(
        tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}/fulfilment", params=DAYS | {"late_after": "1"})
    )
    assert strict["total"]["late"] > late


def test_the_fulfilment_report_contains_the_hours_to_export_and_the_carriers(
    platform: Platform, tenant: Tenant
) -> None:
    dice = random.Random(5)
    orders = [random_order(dice, tenant.site_id, day("2026-03-01"), day("2026-03-20")) for _ in range(12)]
    for order in orders:
        order.status = "shipped"
    orders[11].status = "cancelled"
    insert(platform, tenant, *orders)
    carriers = ["DHL", "dhl ", "DHL", "UPS", "UPS", None]
    to_export, to_ship, to_deliver, late = [], [], [], 0
    for number, order in enumerate(orders):
        hours = dice.randint(1, 20)
        if number % 2:
            to_export += [hours] if number != 11 else []
            exported_at = order.created_at + timedelta(hours=hours)
            platform.arrange("update orders set exported_at = %s where id = %s", [exported_at, order.id])
        for parcel in range(1 + number % 2):
            carrier = carriers[(number + parcel) % 6]
            shipped, delivered = dice.randint(1, 100), dice.choice([None, 24, 48])
            shipped_at = order.created_at + timedelta(hours=shipped)
            platform.database.execute(
                "insert into shipments (client_id, order_id, number, status, carrier, shipped_at, delivered_at, source)"
                " values (%s, %s, %s, %s, %s, %s, %s, 'api')",
                [
                    tenant.client_id, order.id, f"P{parcel}", "delivered" if delivered else "shipped", carrier,
                    shipped_at, shipped_at + timedelta(hours=delivered) if delivered else None,
                ],
            )  # fmt: skip
            if number != 11 and (carrier or "").strip().lower() == "dhl":
                to_ship.append(shipped)
                to_deliver += [delivered] if delivered else []
                late += shipped > 72
    actual = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}/fulfilment", params=DAYS))
    total = actual["total"]
    assert (total["orders"], total["exported"]) == (11, len(to_export))
    assert total["export_p50"] == pytest.approx(median(to_export), abs=0.01)
    assert total["export_p90"] >= total["export_p50"]
    by_carrier = {row["carrier"]: row for row in actual["by_carrier"]}
    assert set(by_carrier) == {"DHL", "UPS", ""}
    dhl = by_carrier["DHL"]
    assert (dhl["shipments"], dhl["delivered"], dhl["late"]) == (len(to_ship), len(to_deliver), late)
    assert dhl["ship_p50"] == pytest.approx(median(to_ship), abs=0.01)
    assert dhl["deliver_p50"] == pytest.approx(median(to_deliver), abs=0.01)
    assert sum(row["shipments"] for row in actual["by_carrier"]) == 16


def test_the_fulfilment_report_of_an_empty_period_has_no_durations(tenant: Tenant) -> None:
    actual = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}/fulfilment", params=DAYS))
    assert (actual["total"]["orders"], actual["total"]["ship_p50"], actual["by_country"]) == (0, None, [])
    assert (actual["total"]["export_p50"], actual["by_carrier"]) == (None, [])
    assert pointers(
        problem(
            tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}/fulfilment", params={"late_after": "0"}),
            422,
            "invalid",
        )
    ) == ["late_after"]


@pytest.mark.parametrize("report", ["", "/fulfilment"])
def test_the_site_of_a_report_must_belong_to_the_client(tenant: Tenant, platform: Platform, report: str) -> None:
    other_tenant = platform.tenant()
    path = f"/v1/reports/clients/{tenant.client_id}{report}"
    for api in (tenant.owner, platform.admin):
        for site_id in (other_tenant.site_id, str(uuid4())):
            refused = problem(api.get(path, params={"site_id": site_id}), 422, "invalid")
            assert refused["errors"] == [{"pointer": "site_id", "detail": "must be a site of the client"}]
    body = {"client_id": tenant.client_id, "site_id": other_tenant.site_id}
    assert pointers(problem(tenant.owner.post("/v1/reports", json=body), 422, "invalid")) == ["/site_id"]
    assert ok(tenant.owner.get(path, params={"site_id": tenant.site_id}))["site_id"] == tenant.site_id


def test_a_catalog_report_counts_products_and_stock(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/reports/catalogs/{tenant.catalog_id}"
    assert ok(tenant.owner.get(path))["products"] == 0
    for number, count in enumerate((0, 3, 5, 50)):
        platform.product(tenant, price=f"{number + 1}.50", inventory_count=count, images=["https://a.test/a.png"])
    untracked = {"sku": "U", "name": "U", "price": "1.00", "inventory_policy": "untracked"}
    created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=untracked))
    hidden = platform.product(tenant, inventory_count=9)
    ok(tenant.owner.patch(f"/v1/products/{hidden['id']}", json={"is_active": False}))
    actual = ok(tenant.owner.get(path))
    names = ("products", "active", "untracked", "in_stock", "low_stock", "without_image", "pieces")
    assert [actual[name] for name in names] == [6, 5, 1, 4, 3, 1, 58]
    assert actual["stock_value"] == [{"currency": "USD", "pieces": 58, "value": "250.00"}]
    assert (actual["last_sync_at"], actual["hours_since_sync"]) == (None, None)
    platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, counts, first_errors)"
        " values (%s, %s, 'product_import', 'completed', 'a test', '{}', %s, %s)",
        [tenant.client_id, tenant.catalog_id, Jsonb({"read": 2, "rejected": 1}), Jsonb([REJECTION])],
    )
    platform.arrange(
        "update catalogs set last_sync_at = now() - interval '36 hours' where id = %s", [tenant.catalog_id]
    )
    actual = ok(tenant.owner.get(path))
    assert actual["syncs"] == {"completed": 1, "failed": 0, "read": 2, "rejected": 1}
    assert actual["rejections"] == [{"code": "invalid_price", "rows": 1, "example": "much is no price"}]
    assert actual["hours_since_sync"] == pytest.approx(36, abs=0.1)


def test_a_client_gets_404_for_the_report_of_a_foreign_or_granted_catalog(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    path = f"/v1/reports/catalogs/{tenant.catalog_id}"
    problem(other.owner.get(path), 404, "not_found")
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{other.client_id}"))
    problem(other.owner.get(path), 404, "not_found")
    assert ok(platform.admin.get(path))["catalog_id"] == tenant.catalog_id


def test_the_platform_report_counts_all_clients_and_is_visible_only_to_admins(
    platform: Platform, tenant: Tenant
) -> None:
    today = datetime.now(UTC)
    days = {"first_day": str(today.date()), "last_day": str(today.date())}
    before = ok(platform.admin.get(PLATFORM, params=days))
    dice = random.Random(4)
    orders = [random_order(dice, tenant.site_id, today, today) for _ in range(30)]
    insert(platform, tenant, *orders)
    kept = [order for order in orders if order.status != "cancelled"]
    after = ok(platform.admin.get(PLATFORM, params=days))
    assert after["orders"] - before["orders"] >= len(kept)
    row = next(row for row in after["by_client"] if row["client_id"] == tenant.client_id and row["currency"] == "EUR")
    euros = [order.amount for order in kept if order.currency == "EUR"]
    assert (row["orders"], row["revenue"]) == (len(euros), f"{sum(euros):.2f}")
    assert after["plan_year"] in (1, 2, 3, 4)
    assert after["clients"]["new"] >= 1
    assert after["requests"]["requests"] > before["requests"]["requests"] > 0
    problem(tenant.owner.get(PLATFORM), 403, "forbidden")
