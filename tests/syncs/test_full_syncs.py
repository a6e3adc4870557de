"""Tests full files, which deactivate missing products. Also tests approvals, dry runs, and the order of files."""

import json
from typing import Any

import pytest

from tests.platform import Json, Platform, Tenant, ok, problem

HEADER = "sku,name,price,stock\n"


def csv(*numbers: int, price: str = "1.00") -> bytes:
    """Return the content of a CSV file with one product for each number."""
    return (HEADER + "".join(f"P-{number:03d},Product {number},{price},1\n" for number in numbers)).encode()


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant whose catalog has ten products, which were loaded from a delta file."""
    tenant = platform.tenant()
    assert platform.sync(tenant.catalog_id, "first.csv", csv(*range(10)))["counts"]["created"] == 10
    return tenant


def active_skus(platform: Platform, tenant: Tenant) -> set[str]:
    """Return the SKUs of all products that the storefront shows."""
    return {product["sku"] for product in platform.storefront_products(tenant.domain)}


def wait_for_approval_stop(platform: Platform, tenant: Tenant, version: str) -> Json:
    """Wait until the job that loads this version of a file waits for an approval. Return the job."""
    matching_jobs: list[Json] = []

    def is_awaiting_approval() -> bool:
        jobs = ok(tenant.owner.get("/v1/jobs", params={"awaiting_approval": "true"}))["data"]
        matching_jobs[:] = [job for job in jobs if job["source"]["version_id"] == version]
        return bool(matching_jobs)

    platform.eventually(is_awaiting_approval)
    return matching_jobs[0]


def read_result(platform: Platform, job: Json) -> Any:
    """Return the content of the result file of a job."""
    return json.loads(platform.read(job["result"]["result_file"]))


def test_a_full_file_deactivates_the_products_that_it_does_not_contain(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8), 20))
    assert (job["status"], job["counts"]["created"], job["counts"]["deactivated"]) == ("completed", 1, 2)
    assert active_skus(platform, tenant) == {f"P-{number:03d}" for number in (*range(8), 20)}
    second_job = platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8), 20))
    assert (second_job["counts"]["unchanged"], second_job["counts"]["deactivated"]) == (9, 0)


def test_a_later_file_can_activate_a_deactivated_product_again(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8)))
    rows = HEADER.replace("stock", "active").encode() + b"P-009,Product 9,1.00,true\n"
    platform.sync(tenant.catalog_id, "delta/back.csv", rows)
    assert "P-009" in active_skus(platform, tenant)


def test_a_file_in_the_delta_folder_deactivates_no_product(platform: Platform, tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    job = platform.sync(tenant.catalog_id, "delta/some.csv", csv(1, 2))
    assert (job["status"], job["counts"]["deactivated"]) == ("completed", 0)


def test_the_mode_of_the_catalog_applies_to_files_directly_in_the_incoming_folder(
    platform: Platform, tenant: Tenant
) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    assert platform.sync(tenant.catalog_id, "all.csv", csv(*range(9)))["counts"]["deactivated"] == 1


def test_a_product_whose_row_is_rejected_remains_active(platform: Platform, tenant: Tenant) -> None:
    body = csv(*range(9)) + b"P-009,Product 9,not a price,1\n"
    job = platform.sync(tenant.catalog_id, "full/all.csv", body)
    assert (job["counts"]["rejected"], job["counts"]["deactivated"]) == (1, 0)
    assert "P-009" in active_skus(platform, tenant)


def test_a_truncated_full_file_deactivates_nothing(platform: Platform, tenant: Tenant) -> None:
    rows = [{"sku": f"P-{number:03d}", "name": "New name", "price": 1} for number in range(9)]
    job = platform.sync(tenant.catalog_id, "full/all.json", json.dumps(rows).encode()[:-40])
    assert job["status"] == "completed"
    assert (job["result"]["ended_cleanly"], job["counts"]["deactivated"]) == (False, 0)
    assert "could not be read to its end" in job["result"]["note"]
    assert len(active_skus(platform, tenant)) == 10


def test_a_sync_stops_before_its_first_change_if_too_many_products_are_missing(
    platform: Platform, tenant: Tenant
) -> None:
    job = wait_for_approval_stop(
        platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1, 2, price="9.00"))
    )
    assert (job["status"], job["result"]["would_deactivate"], job["result"]["percent"]) == ("pending", 8, 80.0)
    assert {sample["sku"] for sample in job["result"]["samples"]} == active_skus(platform, tenant) - {"P-001", "P-002"}
    assert {product["price"] for product in platform.storefront_products(tenant.domain)} == {"1.00"}
    assert read_result(platform, job)["status"] == "awaiting_approval"
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/retry"), 409, "job_state")

    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))
    finished_job = platform.finished_job(tenant.catalog_id, job["source"]["version_id"])
    assert (finished_job["status"], finished_job["counts"]["updated"], finished_job["counts"]["deactivated"]) == (
        "completed",
        2,
        8,
    )
    assert active_skus(platform, tenant) == {"P-001", "P-002"}
    assert read_result(platform, finished_job)["status"] == "completed"
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"), 409, "job_state")
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": job["id"]}))["data"]
    assert [entry["action"] for entry in entries] == ["job.approve"]


def test_a_viewer_cannot_approve_a_job(platform: Platform, tenant: Tenant) -> None:
    job = wait_for_approval_stop(platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1)))
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post(f"/v1/jobs/{job['id']}/approve"), 403, "forbidden")
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    assert len(active_skus(platform, tenant)) == 10


def test_a_catalog_can_set_the_limit_for_deactivations_without_approval(platform: Platform, tenant: Tenant) -> None:
    settings = {"sync_settings": {"most_deactivated_percent": 90}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    assert platform.sync(tenant.catalog_id, "full/few.csv", csv(1, 2))["counts"]["deactivated"] == 8


def test_a_newer_file_cancels_a_job_that_waits_for_an_approval(platform: Platform, tenant: Tenant) -> None:
    waiting_job = wait_for_approval_stop(platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1)))
    newer = platform.sync(tenant.catalog_id, "delta/price.csv", csv(1, price="2.00"))
    assert newer["counts"]["updated"] == 1
    superseded = ok(tenant.owner.get(f"/v1/jobs/{waiting_job['id']}"))
    assert (superseded["status"], superseded["error_code"]) == ("cancelled", "superseded")
    problem(tenant.owner.post(f"/v1/jobs/{waiting_job['id']}/approve"), 409, "job_state")
    # A retry would overwrite the changes of the newer file.
    problem(tenant.owner.post(f"/v1/jobs/{waiting_job['id']}/retry"), 409, "job_state")
    platform.eventually(lambda: read_result(platform, waiting_job)["status"] == "cancelled")


def test_a_dry_run_shows_the_changes_of_a_sync_and_changes_nothing(platform: Platform, tenant: Tenant) -> None:
    before = platform.storefront_products(tenant.domain)
    body = csv(1, 2, 30, price="5.00") + b"P-031,No price,,1\n"
    job = platform.sync(tenant.catalog_id, "dry-run/new.csv", body)
    assert job["status"] == "completed"
    assert {name: job["counts"][name] for name in ("read", "created", "updated", "rejected", "deactivated")} == {
        "read": 4, "created": 1, "updated": 2, "rejected": 1, "deactivated": 0,
    }  # fmt: skip
    assert job["result"]["dry_run"] is True
    samples = {sample["sku"]: sample for sample in job["result"]["samples"]}
    assert samples["P-001"]["does"] == "update"
    assert samples["P-001"]["changes"] == {"price": {"from": "1.00", "to": "5.00"}}
    assert samples["P-030"]["does"] == "create"
    assert job["first_errors"][0]["sku"] == "P-031"
    assert platform.read(job["result"]["error_file"]).startswith(b"sku,name,price,stock,wecelebrate_line")
    assert platform.storefront_products(tenant.domain) == before


def test_a_dry_run_of_a_full_file_lists_the_products_to_deactivate(platform: Platform, tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    job = platform.sync(tenant.catalog_id, "dry-run/few.csv", csv(1, 2))
    assert (job["status"], job["counts"]["deactivated"], job["counts"]["unchanged"]) == ("completed", 8, 2)
    deactivated = [sample["sku"] for sample in job["result"]["samples"] if sample["does"] == "deactivate"]
    assert len(deactivated) == 8
    assert len(active_skus(platform, tenant)) == 10


def test_a_file_version_is_superseded_if_a_newer_version_was_loaded_first(platform: Platform, tenant: Tenant) -> None:
    key = f"{tenant.catalog_id}/incoming/price.csv"
    newer = platform.sync(tenant.catalog_id, "price.csv", csv(1, price="7.00"))
    platform.database.execute(
        "update drops set sequencer = '0A' where version_id = %s", [newer["source"]["version_id"]]
    )
    platform.notify(key, "older", "09FF")
    older = platform.finished_job(tenant.catalog_id, "older")
    assert (older["status"], older["error_code"]) == ("cancelled", "superseded")


def test_a_new_full_file_supersedes_all_waiting_full_files_but_no_delta_files(
    platform: Platform, tenant: Tenant
) -> None:
    with platform.holding("select from catalogs where id = %s for no key update", [tenant.catalog_id]) as lock:
        first = platform.drop(tenant.catalog_id, "full/a.csv", csv(*range(9), price="2.00"))
        lock.wait_for(1)  # The final transaction of a sync updates the catalog, and therefore waits for the lock.
        second = platform.drop(tenant.catalog_id, "full/b.csv", csv(*range(9), price="3.00"))
        delta = platform.drop(tenant.catalog_id, "delta/c.csv", csv(1, price="4.00"))
        # S3 orders notifications only for versions of the same key. Notifications about two keys arrive in any order.
        platform.eventually(lambda: platform.is_recorded(second) and platform.is_recorded(delta))
        third = platform.drop(tenant.catalog_id, "full/d.csv", csv(*range(9), price="5.00"))
        platform.eventually(lambda: platform.is_recorded(third))
    jobs = [platform.finished_job(tenant.catalog_id, version) for version in (first, second, delta, third)]
    assert [job["status"] for job in jobs] == ["completed", "cancelled", "completed", "completed"]
    assert {product["price"] for product in platform.storefront_products(tenant.domain)} == {"5.00"}


def test_a_sync_fetches_images_only_if_the_catalog_enables_image_fetching(platform: Platform, tenant: Tenant) -> None:
    rows = b"sku,name,price,image\nI-1,Mug,1.00,http://127.0.0.1:9009/mug.png\n"
    parameters = {"type": "image_processing"}
    platform.sync(tenant.catalog_id, "pictures.csv", rows)
    assert ok(tenant.owner.get("/v1/jobs", params=parameters))["data"] == []
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"fetch_images": True}}))
    platform.sync(tenant.catalog_id, "pictures.csv", rows)
    (job,) = ok(tenant.owner.get("/v1/jobs", params=parameters))["data"]
    assert job["catalog_id"] == tenant.catalog_id
