"""Tests that a file waits for an approval if it contains a new SKU that is nearly equal to another SKU."""

import pytest

from tests.platform import Platform, Tenant, ok
from tests.syncs.waiting import change_settings, prices, waiting_job

BASE = b"sku,name,price\n00123,Mug,5.00\nAB-1,Cup,6.00\nC7,Pot,7.00\nD 8,Jug,8.00\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant whose catalog has four products."""
    tenant = platform.tenant()
    assert platform.sync(tenant.catalog_id, "base.csv", BASE)["counts"]["created"] == 4
    return tenant


@pytest.mark.parametrize(
    ("sku", "similar"),
    [
        ("123", "00123"),
        ("0123", "00123"),
        ("ab-1", "AB-1"),
        ("c7", "C7"),
        ("C 7", "C7"),
        ("D  8", "D 8"),
        ("d 8", "D 8"),
    ],
)
def test_a_file_with_a_new_sku_that_resembles_a_stored_sku_needs_an_approval(
    platform: Platform, tenant: Tenant, sku: str, similar: str
) -> None:
    body = f"sku,name,price\n{sku},Mug,5.00\nE-9,New,1.00\n".encode()
    job = waiting_job(platform, tenant, platform.drop(tenant.catalog_id, "new.csv", body), "approval")
    (reason,) = job["result"]["reasons"]
    assert (reason["code"], reason["affected"], reason["of"]) == ("similar_skus", 1, 2)
    assert reason["samples"] == [{"sku": sku, "name": None, "before": similar, "after": sku}]
    assert set(prices(platform, tenant)) == {"00123", "AB-1", "C7", "D 8"}


def test_a_file_with_two_spellings_of_an_sku_needs_an_approval(platform: Platform) -> None:
    tenant = platform.tenant()
    body = b"sku,name,price\nX-1,Mug,5.00\nx-1,Mug,6.00\nY-1,Cup,7.00\n"
    job = waiting_job(platform, tenant, platform.drop(tenant.catalog_id, "new.csv", body), "approval")
    assert [(reason["code"], reason["affected"]) for reason in job["result"]["reasons"]] == [("similar_skus", 2)]
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))


@pytest.mark.parametrize("body", [BASE, b"sku,name,price\n124,Mug,5.00\nAB-2,Cup,6.00\nC78,Pot,7.00\n"])
def test_files_whose_skus_are_stored_or_clearly_different_need_no_approval(
    platform: Platform, tenant: Tenant, body: bytes
) -> None:
    assert platform.sync(tenant.catalog_id, "next.csv", body)["status"] == "completed"


def test_the_comparison_of_skus_can_be_switched_off(platform: Platform, tenant: Tenant) -> None:
    change_settings(tenant, plausibility={"enabled": False})
    job = platform.sync(tenant.catalog_id, "new.csv", b"sku,name,price\n123,Mug,5.00\n")
    assert (job["status"], job["counts"]["created"]) == ("completed", 1)
