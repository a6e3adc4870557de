"""Tests that `POST /v1/catalogs/{catalog_id}/syncs` loads an uploaded file in the same way as a dropped file."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.imports.importing import wait_for_job
from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem

HEADER = b"sku,name,price,stock\n"
TWO_ROWS = HEADER + b"A-1,Mug,1.00,1\nA-2,Lamp,2.00,2\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def upload(api: httpx.Client, body: bytes, **fields: Any) -> str:
    """Upload a file. Return the id of the upload."""
    new = created(api.post("/v1/uploads", json={"name": "artikel 1.csv", "size": len(body), **fields}))
    assert httpx.put(new["url"], headers=new["headers"], content=body, verify=TLS).status_code == 200
    return str(new["id"])


def start(tenant: Tenant, upload_id: str, api: httpx.Client | None = None, **fields: Any) -> httpx.Response:
    return (api or tenant.owner).post(
        f"/v1/catalogs/{tenant.catalog_id}/syncs", json={"upload_id": upload_id, **fields}
    )


def sync(tenant: Tenant, body: bytes, **fields: Any) -> Json:
    """Upload a file, and load it with a sync. Wait until the job has ended, and return the job."""
    response = start(tenant, upload(tenant.owner, body), **fields)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/v1/jobs/{response.json()['id']}"
    return wait_for_job(tenant.owner, response.json()["id"])


def waiting_job(platform: Platform, tenant: Tenant, status: str = "pending") -> str:
    """Insert a job that does not run, because it waits for an approval. Return the id of the job."""
    row = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, approval, ordering_key)"
        " values (%s, %s, 'catalog_sync', %s, 'service:drops', %s, 'needed', %s) returning id",
        [
            tenant.client_id,
            tenant.catalog_id,
            status,
            json.dumps({"key": f"{tenant.catalog_id}/incoming/old.csv", "version_id": "v", "full": True}),
            f"catalog:{tenant.catalog_id}",
        ],
    ).fetchone()
    assert row is not None
    return str(row["id"])


def test_an_uploaded_file_is_loaded_and_its_result_is_in_the_results_folder(platform: Platform, tenant: Tenant) -> None:
    job = sync(tenant, TWO_ROWS + b"A-3,Desk,x,1\n")
    assert (job["type"], job["status"], job["catalog_id"]) == ("catalog_sync", "completed", tenant.catalog_id)
    assert (job["counts"]["created"], job["counts"]["rejected"]) == (2, 1)
    assert job["result"]["result_file"] == f"{tenant.catalog_id}/results/artikel_1.csv.{job['id']}.json"
    assert json.loads(platform.read(job["result"]["result_file"]))["counts"] == job["counts"]
    (row,) = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))["data"]
    assert row["raw"] == {"sku": "A-3", "name": "Desk", "price": "x", "stock": "1"}
    assert {product["sku"] for product in platform.storefront_products(tenant.domain)} == {"A-1", "A-2"}
    assert ok(tenant.owner.get("/v1/jobs", params={"catalog_id": tenant.catalog_id}))["data"][0]["id"] == job["id"]


def test_only_a_full_file_deactivates_missing_products(platform: Platform, tenant: Tenant) -> None:
    ok(
        tenant.owner.patch(
            f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"most_deactivated_percent": 100}}
        )
    )
    sync(tenant, TWO_ROWS)
    one = HEADER + b"A-1,Mug,1.00,1\n"
    assert sync(tenant, one)["counts"]["deactivated"] == 0
    assert sync(tenant, one, mode="delta")["counts"]["deactivated"] == 0
    assert sync(tenant, one, mode="full")["counts"]["deactivated"] == 1


def test_a_sync_without_a_mode_uses_the_mode_of_the_catalog(tenant: Tenant) -> None:
    settings = {"sync_settings": {"mode": "full", "most_deactivated_percent": 100}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    sync(tenant, TWO_ROWS)
    one = HEADER + b"A-1,Mug,1.00,1\n"
    assert sync(tenant, one, mode="delta")["counts"]["deactivated"] == 0
    assert sync(tenant, one)["counts"]["deactivated"] == 1


def test_an_upload_can_be_loaded_after_a_dry_run(tenant: Tenant) -> None:
    upload_id = upload(tenant.owner, TWO_ROWS)
    dry = wait_for_job(tenant.owner, start(tenant, upload_id, dry_run=True).json()["id"])
    assert (dry["counts"]["created"], dry["result"]["dry_run"]) == (2, True)
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"] == []
    real = wait_for_job(tenant.owner, start(tenant, upload_id).json()["id"])
    assert real["id"] != dry["id"]
    assert real["counts"]["created"] == 2


def test_a_repeated_idempotency_key_starts_no_second_sync(tenant: Tenant) -> None:
    upload_id = upload(tenant.owner, TWO_ROWS)
    path, headers = f"/v1/catalogs/{tenant.catalog_id}/syncs", {"Idempotency-Key": str(uuid4())}
    first, second = (tenant.owner.post(path, json={"upload_id": upload_id}, headers=headers) for _ in range(2))
    assert (first.json()["id"], second.headers["idempotent-replayed"]) == (second.json()["id"], "true")
    assert len(ok(tenant.owner.get("/v1/jobs", params={"catalog_id": tenant.catalog_id}))["data"]) == 1


def test_a_sync_of_an_upload_supersedes_a_waiting_job(platform: Platform, tenant: Tenant) -> None:
    old = waiting_job(platform, tenant)
    dry = start(tenant, upload(tenant.owner, TWO_ROWS), dry_run=True).json()["id"]
    assert ok(tenant.owner.get(f"/v1/jobs/{old}"))["status"] == "pending"
    new = start(tenant, upload(tenant.owner, TWO_ROWS)).json()["id"]
    superseded = ok(tenant.owner.get(f"/v1/jobs/{old}"))
    assert (superseded["status"], superseded["error_code"]) == ("cancelled", "superseded")
    result = json.loads(platform.read(f"{tenant.catalog_id}/results/old.csv.{old}.json"))
    assert (result["status"], result["error_code"]) == ("cancelled", "superseded")
    assert [wait_for_job(tenant.owner, job)["status"] for job in (dry, new)] == ["completed", "completed"]


def test_a_dropped_file_supersedes_a_waiting_sync_of_an_upload(platform: Platform, tenant: Tenant) -> None:
    sync(tenant, HEADER + b"".join(b"A-%d,Mug,1.00,1\n" % number for number in range(10)))
    waiting = start(tenant, upload(tenant.owner, HEADER + b"A-1,Mug,1.00,1\n"), mode="full").json()["id"]
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{waiting}"))["awaiting_approval"])
    job = platform.sync(tenant.catalog_id, "newer.csv", HEADER + b"A-1,Mug,2.00,1\n")
    assert job["status"] == "completed"
    assert ok(tenant.owner.get(f"/v1/jobs/{waiting}"))["error_code"] == "superseded"


def test_syncs_of_a_catalog_run_in_the_order_of_their_requests(platform: Platform, tenant: Tenant) -> None:
    jobs = []
    for price in range(1, 6):
        jobs.append(start(tenant, upload(tenant.owner, HEADER + f"A-1,Mug,{price}.00,1\n".encode())).json()["id"])
    assert [wait_for_job(tenant.owner, job)["status"] for job in jobs] == ["completed"] * 5
    assert [product["price"] for product in platform.storefront_products(tenant.domain)] == ["5.00"]


def test_only_members_with_write_access_to_the_catalog_can_start_a_sync(platform: Platform, tenant: Tenant) -> None:
    upload_id = upload(tenant.owner, TWO_ROWS)
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{other.client_id}"))
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    for api in (viewer, platform.api("support"), other.owner):
        problem(start(tenant, upload_id, api), 403, "forbidden")
    problem(start(tenant, upload_id, platform.tenant().owner), 404, "not_found")
    assert ok(tenant.owner.get("/v1/jobs", params={"catalog_id": tenant.catalog_id}))["data"] == []
    for subject in (platform.member(tenant.client_id, "editor"), "admin"):
        job = start(tenant, upload_id, platform.api(subject)).json()
        assert job["requested_by"] == subject
        assert wait_for_job(tenant.owner, job["id"])["status"] == "completed"


def test_a_sync_of_an_upload_without_a_file_is_refused(platform: Platform, tenant: Tenant) -> None:
    announced = created(tenant.owner.post("/v1/uploads", json={"name": "a.csv", "size": 10}))["id"]
    others = upload(platform.tenant().owner, TWO_ROWS)
    for upload_id in (announced, others, str(uuid4())):
        assert pointers(problem(start(tenant, upload_id), 422, "invalid")) == ["/upload_id"]
    wrong: dict[str, Any] = {"mode": "some", "dry_run": "yes", "extra": 1}
    for field, value in wrong.items():
        response = start(tenant, announced, **{field: value})
        assert pointers(problem(response, 422, "invalid")) == [f"/{field}"]
    assert pointers(problem(start(tenant, "1"), 422, "invalid")) == ["/upload_id"]


def test_a_viewer_cannot_load_an_upload_into_the_catalog_of_another_client(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    subject = platform.member(tenant.client_id, "editor")
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'viewer')",
        [other.client_id, subject],
    )
    api = platform.api(subject)
    upload_id = upload(other.owner, TWO_ROWS)
    job = platform.sync(other.catalog_id, "theirs.csv", TWO_ROWS)
    assert ok(api.get(f"/v1/uploads/{upload_id}"))["client_id"] == other.client_id
    bodies: list[tuple[str, Json, str]] = [
        (f"/v1/catalogs/{tenant.catalog_id}/syncs", {"upload_id": upload_id}, "/upload_id"),
        ("/v1/products/bulk-import", {"catalog_id": tenant.catalog_id, "upload_id": upload_id}, "/upload_id"),
        (f"/v1/catalogs/{tenant.catalog_id}/mapping/propose", {"upload_id": upload_id}, "/upload_id"),
        (f"/v1/catalogs/{tenant.catalog_id}/mapping/propose", {"job_id": job["id"]}, "/job_id"),
    ]
    for path, body, pointer in bodies:
        assert pointers(problem(api.post(path, json=body), 422, "invalid")) == [pointer]


def test_a_mapping_can_be_proposed_for_a_file_that_was_uploaded_for_a_sync(tenant: Tenant) -> None:
    job = sync(tenant, TWO_ROWS)
    proposal = ok(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/mapping/propose", json={"job_id": job["id"]}))
    assert [row["product"]["sku"] for row in proposal["rows"]] == ["A-1", "A-2"]
