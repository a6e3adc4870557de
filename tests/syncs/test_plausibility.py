"""Tests that a file needs an approval if its changes can be a mistake, e.g. prices that are 1,000 times as high."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.imports.importing import import_rows
from tests.platform import Json, Platform, Tenant, ok
from tests.syncs.waiting import change_settings, finished, prices, waiting_job

COUNT = 20
HEADER = "sku,name,price,stock,category,active\n"


def catalog_file(
    count: int = COUNT, *, factor: str = "1", stock: int = 5, category: str = "Lamps", active: str = "yes"
) -> bytes:
    """Return a CSV file with products `S-000`, `S-001`, … The price of product n is (n + 1) × `factor`."""
    rows = (
        f"S-{n:03d},Lamp {n},{((n + 1) * Decimal(factor)).quantize(Decimal('0.01'))},{stock},{category},{active}\n"
        for n in range(count)
    )
    return (HEADER + "".join(rows)).encode()


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant whose catalog has 20 products."""
    tenant = platform.tenant()
    assert platform.sync(tenant.catalog_id, "base.csv", catalog_file())["counts"]["created"] == COUNT
    return tenant


def stop(platform: Platform, tenant: Tenant, body: bytes, name: str = "new.csv") -> Json:
    """Drop a file, and wait until its job waits for an approval. Return the job."""
    return waiting_job(platform, tenant, platform.drop(tenant.catalog_id, name, body), "approval")


@pytest.mark.parametrize(
    ("factor", "named"), [("1000", "× 1,000"), ("100", "× 100"), ("10.2", "× 10"), ("0.1", "÷ 10"), ("0.01", "÷ 100")]
)
def test_prices_that_change_by_a_power_of_ten_need_an_approval(
    platform: Platform, tenant: Tenant, factor: str, named: str
) -> None:
    job = stop(platform, tenant, catalog_file(factor=factor))
    assert (job["status"], job["waiting_for"], job["awaiting_approval"]) == ("pending", "approval", True)
    reasons = {reason["code"]: reason for reason in job["result"]["reasons"]}
    reason = reasons["price_factors"]
    assert (reason["affected"], reason["of"], reason["percent"]) == (COUNT, COUNT, 100.0)
    assert named in reason["text"]
    sample = reason["samples"][3]
    assert (sample["sku"], sample["name"], sample["before"]) == ("S-003", "Lamp 3", "4.00")
    assert Decimal(sample["after"]) == Decimal(4) * Decimal(factor)
    assert reasons["large_price_changes"]["affected"] == COUNT
    assert prices(platform, tenant)["S-003"] == "4.00"


def test_a_job_applies_its_changes_after_the_approval(platform: Platform, tenant: Tenant) -> None:
    job = stop(platform, tenant, catalog_file(factor="1000"))
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))
    assert finished(platform, tenant, job)["counts"]["updated"] == COUNT
    assert prices(platform, tenant)["S-003"] == "4000.00"


def test_changes_that_are_new_after_an_approval_need_another_approval(platform: Platform, tenant: Tenant) -> None:
    job = stop(platform, tenant, catalog_file(factor="1000"), "full/new.csv")
    assert "would_deactivate" not in job["result"]
    import_rows(tenant, [{"sku": f"N-{n}", "name": "New", "price": "1.00"} for n in range(COUNT)])
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))

    def shows_the_new_reason() -> bool:
        result = ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))["result"]
        return bool(result.get("would_deactivate") == COUNT)

    platform.eventually(shows_the_new_reason)
    again = ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))
    assert again["waiting_for"] == "approval"
    assert {reason["code"] for reason in again["result"]["reasons"]} >= {"deactivates_missing", "price_factors"}
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))
    assert finished(platform, tenant, job)["counts"]["deactivated"] == COUNT


@pytest.mark.parametrize("factor", ["1.05", "0.9", "1.5", "0.5"])
def test_a_file_with_ordinary_price_changes_needs_no_approval(platform: Platform, tenant: Tenant, factor: str) -> None:
    job = platform.sync(tenant.catalog_id, "round.csv", catalog_file(factor=factor))
    assert (job["status"], job["counts"]["updated"]) == ("completed", COUNT)


def test_large_price_changes_of_a_few_products_need_no_approval(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "few.csv", catalog_file(4, factor="3"))
    assert (job["status"], job["counts"]["updated"]) == ("completed", 4)


def test_multiplying_two_prices_by_ten_needs_no_approval(platform: Platform, tenant: Tenant) -> None:
    assert platform.sync(tenant.catalog_id, "two.csv", catalog_file(2, factor="10"))["status"] == "completed"


def test_multiplying_three_prices_by_ten_in_a_delta_needs_an_approval(platform: Platform, tenant: Tenant) -> None:
    assert stop(platform, tenant, catalog_file(3, factor="10"))["result"]["reasons"][0]["affected"] == 3


@pytest.mark.parametrize(
    ("body", "code", "change"),
    [
        (catalog_file(stock=0), "stock_lost", ("5", "0")),
        (catalog_file(category=""), "categories_lost", ("Lamps", None)),
        (catalog_file(active="no"), "inactivated", ("active", "inactive")),
    ],
    ids=["stock", "categories", "states"],
)
def test_removing_stocks_or_categories_or_products_needs_an_approval(
    platform: Platform, tenant: Tenant, body: bytes, code: str, change: tuple[str, str | None]
) -> None:
    (reason,) = stop(platform, tenant, body)["result"]["reasons"]
    assert (reason["code"], reason["affected"], reason["of"]) == (code, COUNT, COUNT)
    assert (reason["samples"][0]["before"], reason["samples"][0]["after"]) == change


def test_a_delta_whose_products_are_all_sold_out_needs_no_approval(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "sold-out.csv", catalog_file(15, stock=0))
    assert (job["status"], job["counts"]["updated"]) == ("completed", 15)


def test_only_the_last_row_of_an_sku_is_compared_with_the_catalog(platform: Platform, tenant: Tenant) -> None:
    # Otherwise, the job would ask which of two prices of a product is correct.
    change_settings(tenant, on_doubt="guess")
    body = catalog_file(factor="1000") + catalog_file().split(b"\n", 1)[1]
    job = platform.sync(tenant.catalog_id, "twice.csv", body)
    assert (job["status"], job["counts"]["unchanged"]) == ("completed", COUNT)


def switched_off(tenant: Tenant) -> None:
    change_settings(tenant, plausibility={"enabled": False})


def with_higher_limits(tenant: Tenant) -> None:
    limits = {"most_price_factors_percent": 100, "most_large_price_changes_percent": 100}
    change_settings(tenant, plausibility=limits)


def with_more_products(tenant: Tenant) -> None:
    change_settings(tenant, plausibility={"min_products": COUNT + 1, "most_price_factors_percent": 100})


@pytest.mark.parametrize("allow", [switched_off, with_higher_limits, with_more_products])
def test_the_settings_of_a_catalog_can_allow_all_changes_without_an_approval(
    platform: Platform, tenant: Tenant, allow: Callable[[Tenant], None]
) -> None:
    allow(tenant)
    assert platform.sync(tenant.catalog_id, "new.csv", catalog_file(factor="1000"))["counts"]["updated"] == COUNT


def test_a_plausibility_setting_of_null_means_the_default(platform: Platform, tenant: Tenant) -> None:
    change_settings(tenant, plausibility={"enabled": False})
    change_settings(tenant, plausibility={"enabled": None})
    assert stop(platform, tenant, catalog_file(factor="1000"))["waiting_for"] == "approval"


def test_the_prices_in_an_import_of_rows_are_not_checked_for_plausibility(platform: Platform, tenant: Tenant) -> None:
    rows = [{"sku": f"S-{n:03d}", "price": f"{(n + 1) * 1000}.00"} for n in range(COUNT)]
    assert import_rows(tenant, rows)["counts"]["updated"] == COUNT


def test_a_dry_run_reports_the_reasons_for_an_approval(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "dry-run/new.csv", catalog_file(factor="1000"))
    assert job["status"] == "completed"
    assert any("× 1,000" in reason for reason in job["result"]["needs_approval"])


def test_the_first_file_of_a_catalog_needs_no_approval(platform: Platform) -> None:
    tenant = platform.tenant()
    job = platform.sync(tenant.catalog_id, "full/first.csv", catalog_file(stock=0, category="", active="no"))
    assert job["counts"]["created"] == COUNT
