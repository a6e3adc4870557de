"""Full files: what they lack goes, unless that is too much; dry runs; and which of several files counts."""

import json
from typing import Any

import pytest

from tests.platform import Json, Platform, Tenant, ok, problem

HEADER = "sku,name,price,stock\n"


def csv(*numbers: int, price: str = "1.00") -> bytes:
    """A file of some products."""
    return (HEADER + "".join(f"P-{number:03d},Product {number},{price},1\n" for number in numbers)).encode()


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """With ten products, from a file that was a delta."""
    tenant = platform.tenant()
    assert platform.sync(tenant.catalog_id, "first.csv", csv(*range(10)))["counts"]["created"] == 10
    return tenant


def skus(platform: Platform, tenant: Tenant) -> set[str]:
    return {product["sku"] for product in platform.shown(tenant.domain)}


def waiting(platform: Platform, tenant: Tenant, version: str) -> Json:
    """The job of a file, once it waits for an approval."""
    found: list[Json] = []

    def look() -> bool:
        jobs = ok(tenant.owner.get("/v1/jobs", params={"awaiting_approval": "true"}))["data"]
        found[:] = [job for job in jobs if job["source"]["version_id"] == version]
        return bool(found)

    platform.eventually(look)
    return found[0]


def result(platform: Platform, job: Json) -> Any:
    return json.loads(platform.read(job["result"]["result_file"]))


def test_what_a_full_file_lacks_is_deactivated(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8), 20))
    assert (job["status"], job["counts"]["created"], job["counts"]["deactivated"]) == ("completed", 1, 2)
    assert skus(platform, tenant) == {f"P-{number:03d}" for number in (*range(8), 20)}
    again = platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8), 20))
    assert (again["counts"]["unchanged"], again["counts"]["deactivated"]) == (9, 0)


def test_what_comes_back_is_active_again_when_the_file_says_so(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "full/all.csv", csv(*range(8)))
    rows = HEADER.replace("stock", "active").encode() + b"P-009,Product 9,1.00,true\n"
    platform.sync(tenant.catalog_id, "delta/back.csv", rows)
    assert "P-009" in skus(platform, tenant)


def test_a_delta_deactivates_nothing_whatever_the_catalog_says(platform: Platform, tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    job = platform.sync(tenant.catalog_id, "delta/some.csv", csv(1, 2))
    assert (job["status"], job["counts"]["deactivated"]) == ("completed", 0)


def test_the_catalog_says_what_its_files_are(platform: Platform, tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    assert platform.sync(tenant.catalog_id, "all.csv", csv(*range(9)))["counts"]["deactivated"] == 1


def test_a_refused_row_whose_sku_can_be_read_counts_as_present(platform: Platform, tenant: Tenant) -> None:
    body = csv(*range(9)) + b"P-009,Product 9,not a price,1\n"
    job = platform.sync(tenant.catalog_id, "full/all.csv", body)
    assert (job["counts"]["rejected"], job["counts"]["deactivated"]) == (1, 0)
    assert "P-009" in skus(platform, tenant)


def test_a_full_file_that_breaks_off_deactivates_nothing(platform: Platform, tenant: Tenant) -> None:
    rows = [{"sku": f"P-{number:03d}", "name": "New name", "price": 1} for number in range(9)]
    job = platform.sync(tenant.catalog_id, "full/all.json", json.dumps(rows).encode()[:-40])
    assert job["status"] == "completed"
    assert (job["result"]["ended_cleanly"], job["counts"]["deactivated"]) == (False, 0)
    assert "broke off" in job["result"]["note"]
    assert len(skus(platform, tenant)) == 10


def test_too_many_missing_products_stop_a_sync_before_any_change(platform: Platform, tenant: Tenant) -> None:
    job = waiting(platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1, 2, price="9.00")))
    assert (job["status"], job["result"]["would_deactivate"], job["result"]["percent"]) == ("pending", 8, 80.0)
    assert {sample["sku"] for sample in job["result"]["samples"]} == skus(platform, tenant) - {"P-001", "P-002"}
    assert {product["price"] for product in platform.shown(tenant.domain)} == {"1.00"}
    assert result(platform, job)["status"] == "awaiting_approval"
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/retry"), 409, "job_state")

    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"))
    done = platform.job_of(tenant.catalog_id, job["source"]["version_id"])
    assert (done["status"], done["counts"]["updated"], done["counts"]["deactivated"]) == ("completed", 2, 8)
    assert skus(platform, tenant) == {"P-001", "P-002"}
    assert result(platform, done)["status"] == "completed"
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"), 409, "job_state")
    notes = ok(tenant.owner.get("/v1/admin/audit", params={"object_id": job["id"]}))["data"]
    assert [note["action"] for note in notes] == ["job.approve"]


def test_a_viewer_approves_nothing(platform: Platform, tenant: Tenant) -> None:
    job = waiting(platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1)))
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post(f"/v1/jobs/{job['id']}/approve"), 403, "forbidden")
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    assert len(skus(platform, tenant)) == 10


def test_the_share_is_the_catalogs_own(platform: Platform, tenant: Tenant) -> None:
    settings = {"sync_settings": {"most_deactivated_percent": 90}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    assert platform.sync(tenant.catalog_id, "full/few.csv", csv(1, 2))["counts"]["deactivated"] == 8


def test_a_newer_file_makes_an_approval_void(platform: Platform, tenant: Tenant) -> None:
    stopped = waiting(platform, tenant, platform.drop(tenant.catalog_id, "full/few.csv", csv(1)))
    newer = platform.sync(tenant.catalog_id, "delta/price.csv", csv(1, price="2.00"))
    assert newer["counts"]["updated"] == 1
    void = ok(tenant.owner.get(f"/v1/jobs/{stopped['id']}"))
    assert (void["status"], void["error_code"]) == ("cancelled", "superseded")
    problem(tenant.owner.post(f"/v1/jobs/{stopped['id']}/approve"), 409, "job_state")
    # What it held was older than what came after: it is not brought back either.
    problem(tenant.owner.post(f"/v1/jobs/{stopped['id']}/retry"), 409, "job_state")
    platform.eventually(lambda: result(platform, stopped)["status"] == "cancelled")


def test_a_dry_run_shows_what_would_change_and_changes_nothing(platform: Platform, tenant: Tenant) -> None:
    before = platform.shown(tenant.domain)
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
    assert platform.shown(tenant.domain) == before


def test_a_dry_run_of_a_full_catalog_tells_what_would_go(platform: Platform, tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    job = platform.sync(tenant.catalog_id, "dry-run/few.csv", csv(1, 2))
    assert (job["status"], job["counts"]["deactivated"], job["counts"]["unchanged"]) == ("completed", 8, 2)
    gone = [sample["sku"] for sample in job["result"]["samples"] if sample["does"] == "deactivate"]
    assert len(gone) == 8
    assert len(skus(platform, tenant)) == 10


def test_an_older_version_of_a_file_that_is_told_of_late_is_passed_over(platform: Platform, tenant: Tenant) -> None:
    key = f"{tenant.catalog_id}/incoming/price.csv"
    told = {"version_id": "newer", "sequencer": "0A"}, {"version_id": "older", "sequencer": "09FF"}
    newest = platform.sync(tenant.catalog_id, "price.csv", csv(1, price="7.00"))
    platform.database.execute(
        "update drops set sequencer = %s where version_id = %s",
        [told[0]["sequencer"], newest["source"]["version_id"]],
    )
    platform.notify(key, told[1]["version_id"], told[1]["sequencer"])
    late = platform.job_of(tenant.catalog_id, told[1]["version_id"])
    assert (late["status"], late["error_code"]) == ("cancelled", "superseded")


def test_of_full_files_that_wait_the_newest_counts(platform: Platform, tenant: Tenant) -> None:
    with platform.holding("select from catalogs where id = %s for no key update", [tenant.catalog_id]) as lock:
        first = platform.drop(tenant.catalog_id, "full/a.csv", csv(*range(9), price="2.00"))
        lock.wait_for(1)  # it ends with touching the catalog
        second = platform.drop(tenant.catalog_id, "full/b.csv", csv(*range(9), price="3.00"))
        delta = platform.drop(tenant.catalog_id, "delta/c.csv", csv(1, price="4.00"))
        # Files of different names come in any order: S3 says which is the newer of one name alone.
        platform.eventually(lambda: platform.recorded(second) and platform.recorded(delta))
        third = platform.drop(tenant.catalog_id, "full/d.csv", csv(*range(9), price="5.00"))
        platform.eventually(lambda: platform.recorded(third))
    ends = [platform.job_of(tenant.catalog_id, version) for version in (first, second, delta, third)]
    assert [job["status"] for job in ends] == ["completed", "cancelled", "completed", "completed"]
    assert {product["price"] for product in platform.shown(tenant.domain)} == {"5.00"}


def test_images_that_a_sync_brings_are_fetched_where_the_catalog_says_so(platform: Platform, tenant: Tenant) -> None:
    rows = b"sku,name,price,image\nI-1,Mug,1.00,http://127.0.0.1:9/mug.png\n"
    asked = {"type": "image_processing"}
    platform.sync(tenant.catalog_id, "pictures.csv", rows)
    assert ok(tenant.owner.get("/v1/jobs", params=asked))["data"] == []
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"fetch_images": True}}))
    platform.sync(tenant.catalog_id, "pictures.csv", rows)
    (job,) = ok(tenant.owner.get("/v1/jobs", params=asked))["data"]
    assert job["catalog_id"] == tenant.catalog_id
