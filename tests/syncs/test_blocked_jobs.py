"""Tests files that arrive while a job of the same catalog waits for a decision of a user. No change may be lost."""

import pytest

from tests.imports.importing import wait_for_job
from tests.platform import Json, Platform, Tenant, ok, problem
from tests.syncs.waiting import THOUSANDS, ask, finished, import_file, job_of, prices, read_result, waits_for_a_decision

CLEAR = b"sku,name,price\nQ-0,Lamp 0,12.50\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant with an empty catalog."""
    return platform.tenant()


def test_a_newer_full_file_cancels_an_older_job_that_waits_for_a_decision(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    newer = platform.sync(tenant.catalog_id, "full/clear.csv", CLEAR)
    assert newer["counts"]["created"] == 1
    superseded = ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))
    assert (superseded["status"], superseded["error_code"]) == ("cancelled", "superseded")
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=THOUSANDS), 409, "job_state")
    platform.eventually(lambda: read_result(platform, job)["status"] == "cancelled")


def test_a_newer_delta_waits_for_an_older_delta_that_needs_a_decision(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    newer = job_of(platform, tenant, platform.drop(tenant.catalog_id, "clear.csv", CLEAR))
    dry = platform.sync(tenant.catalog_id, "dry-run/clear.csv", CLEAR)  # a dry run changes nothing, so it does not wait
    assert (dry["status"], dry["counts"]["created"]) == ("completed", 1)
    blocked = ok(tenant.owner.get(f"/v1/jobs/{newer['id']}"))
    assert (blocked["status"], blocked["waiting_for"], blocked["blocked_by"]) == ("pending", None, job["id"])
    assert prices(platform, tenant) == {}

    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=THOUSANDS))
    assert finished(platform, tenant, job)["counts"]["created"] == 3
    done = wait_for_job(tenant.owner, newer["id"])
    assert (done["status"], done["blocked_by"], done["counts"]["updated"]) == ("completed", None, 1)
    assert prices(platform, tenant) == {"Q-0": "12.50", "Q-1": "2490.00", "Q-2": "4990.00"}


def test_a_newer_delta_starts_when_the_older_delta_is_cancelled(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    newer = job_of(platform, tenant, platform.drop(tenant.catalog_id, "clear.csv", CLEAR))
    assert newer["blocked_by"] == job["id"]
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    assert wait_for_job(tenant.owner, newer["id"])["counts"]["created"] == 1
    assert prices(platform, tenant) == {"Q-0": "12.50"}


def test_the_queue_report_counts_a_blocked_job_separately(platform: Platform, tenant: Tenant) -> None:
    def syncs() -> Json:
        queues = ok(platform.admin.get("/v1/admin/queues"))["data"]
        state: Json = next(queue for queue in queues if queue["type"] == "catalog_sync")
        return state

    job = ask(platform, tenant)
    before = syncs()["blocked"]
    newer = job_of(platform, tenant, platform.drop(tenant.catalog_id, "clear.csv", CLEAR))
    assert syncs()["blocked"] == before + 1
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    wait_for_job(tenant.owner, newer["id"])
    assert syncs()["blocked"] == before


def test_an_import_that_waits_for_a_decision_blocks_later_imports(platform: Platform, tenant: Tenant) -> None:
    first = import_file(tenant)
    platform.eventually(lambda: waits_for_a_decision(tenant, first))
    second = import_file(tenant)
    assert ok(tenant.owner.get(f"/v1/jobs/{second['id']}"))["blocked_by"] == first["id"]
    platform.drop(tenant.catalog_id, "full/clear.csv", CLEAR)
    assert wait_for_job(tenant.owner, first["id"])["error_code"] == "superseded"
    platform.eventually(lambda: waits_for_a_decision(tenant, second))
