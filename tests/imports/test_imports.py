"""Many products at once, by request and by upload: in the background, row by row, by the rules of a product alone."""

import csv
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem

ROWS = 10_000


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def row(number: int, **more: Any) -> Json:
    return {"sku": f"P-{number:05d}", "name": f"Product {number}", "price": "1.00", **more}


def imported(tenant: Tenant, rows: list[Json], **more: Any) -> Json:
    """The ended job of an import."""
    answer = tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": rows, **more})
    assert answer.status_code == 202, answer.text
    return ended(tenant.owner, answer.json()["id"])


def ended(api: httpx.Client, job_id: str, within: float = 60) -> Json:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        job = ok(api.get(f"/v1/jobs/{job_id}"))
        if job["status"] not in ("pending", "processing"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job was not done within {within} seconds")


def counts(job: Json) -> Mapping[str, int]:
    """Those that are not none."""
    return {name: count for name, count in job["counts"].items() if count}


def read(platform: Platform, key: str) -> bytes:
    body: bytes = platform.s3.get_object(Bucket=platform.uploads, Key=key)["Body"].read()
    return body


def test_ten_thousand_products_are_taken_at_once_and_done_in_the_background(platform: Platform, tenant: Tenant) -> None:
    tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": [row(0)]})
    body = json.dumps({"catalog_id": tenant.catalog_id, "rows": [row(number) for number in range(ROWS)]})
    answer = tenant.owner.post("/v1/products/bulk-import", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    job = ended(tenant.owner, answer.json()["id"])
    assert (job["status"], counts(job)) == ("completed", {"read": ROWS, "created": ROWS - 1, "unchanged": 1})
    assert job["progress"] == {"done": ROWS, "total": ROWS, "percent": 100, "phase": None, "eta_seconds": None}


def test_a_row_writes_what_it_names_and_leaves_the_rest(tenant: Tenant) -> None:
    full = row(1, description="Blue", brand="Acme", attributes={"size": ["S", "M"]}, images=["https://a.test/1.png"])
    assert counts(imported(tenant, [full])) == {"read": 1, "created": 1}
    assert counts(imported(tenant, [{"sku": "P-00001", "price": "2.50"}])) == {"read": 1, "updated": 1}
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert {name: product[name] for name in ("price", "description", "brand", "attributes", "images")} == {
        "price": "2.50", "description": "Blue", "brand": "Acme", "attributes": {"size": ["S", "M"]},
        "images": ["https://a.test/1.png"],
    }  # fmt: skip
    assert counts(imported(tenant, [{"sku": "P-00001", "description": None}])) == {"read": 1, "updated": 1}
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}"))["description"] is None


def test_bad_rows_are_named_by_their_number_and_stop_no_other(platform: Platform, tenant: Tenant) -> None:
    rows = [row(1), row(2, price="much"), row(3, colour="red"), {"sku": "P-00004"}, row(5)]
    job = imported(tenant, rows)
    assert counts(job) == {"read": 5, "created": 2, "rejected": 3}
    assert [(error["line"], error["sku"]) for error in job["first_errors"]] == [
        (2, "P-00002"),
        (3, "P-00003"),
        (4, "P-00004"),
    ]
    assert "/price" in job["first_errors"][0]["reason"]
    assert "/colour" in job["first_errors"][1]["reason"]
    lines = list(csv.DictReader(io.StringIO(read(platform, job["result"]["error_file"]).decode())))
    assert [(line["sku"], line["price"], line["wecelebrate_line"]) for line in lines] == [
        ("P-00002", "much", "2"),
        ("P-00003", "1.00", "3"),
        ("P-00004", "", "4"),
    ]


def test_rows_without_a_sku_are_refused_at_once(tenant: Tenant) -> None:
    asked = {"catalog_id": tenant.catalog_id, "rows": [row(1), {"name": "Nameless"}, {"sku": 7}]}
    answer = problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 422, "invalid")
    assert pointers(answer) == ["/rows/1/sku", "/rows/2/sku"]
    problem(tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id}), 422, "invalid")


def test_more_rows_than_a_request_may_bring_are_refused_with_what_to_do(tenant: Tenant) -> None:
    rows = [row(number, description="x" * 900) for number in range(5_000)]
    asked = {"catalog_id": tenant.catalog_id, "rows": rows}
    answer = problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 422, "rows_too_large")
    assert "/v1/uploads" in answer["title"]


def test_create_only_refuses_what_is_there_and_update_only_what_is_not(tenant: Tenant) -> None:
    imported(tenant, [row(1)])
    job = imported(tenant, [row(1, price="9.00"), row(2)], mode="create")
    assert (counts(job), job["first_errors"][0]["code"]) == ({"read": 2, "created": 1, "rejected": 1}, "sku_exists")
    job = imported(tenant, [row(1, price="3.00"), row(3)], mode="update")
    assert (counts(job), job["first_errors"][0]["code"]) == ({"read": 2, "updated": 1, "rejected": 1}, "unknown_sku")
    found = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert {product["sku"]: product["price"] for product in found} == {"P-00001": "3.00", "P-00002": "1.00"}


def test_a_dry_run_shows_the_difference_and_changes_nothing(tenant: Tenant) -> None:
    imported(tenant, [row(1)])
    job = imported(tenant, [row(1, price="9.00"), row(2), row(3, price="no")], dry_run=True)
    assert counts(job) == {"read": 3, "created": 1, "updated": 1, "rejected": 1}
    assert {sample["sku"]: sample["does"] for sample in job["result"]["samples"]} == {
        "P-00001": "update",
        "P-00002": "create",
    }
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert product["price"] == "1.00"


def test_a_file_is_uploaded_past_the_api_and_imported(platform: Platform, tenant: Tenant) -> None:
    file = "sku;name;price\nU-1;Tasse;1.234,50\nU-2;Schal;oops\n".encode("utf-16")
    new = {"name": "preise märz.csv", "size": len(file), "content_type": "text/csv"}
    upload = created(tenant.owner.post("/v1/uploads", json=new))
    asked = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    early = problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 422, "invalid")
    assert pointers(early) == ["/upload_id"]

    assert (
        httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=file, verify=TLS).status_code
        == 200
    )
    answer = tenant.owner.post("/v1/products/bulk-import", json=asked)
    job = ended(tenant.owner, answer.json()["id"])
    assert (job["status"], counts(job)) == ("completed", {"read": 2, "created": 1, "rejected": 1})
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert product["price"] == "1234.50"


def test_an_upload_or_a_catalog_of_another_client_is_not_there(platform: Platform, tenant: Tenant) -> None:
    stranger = platform.tenant()
    upload = created(stranger.owner.post("/v1/uploads", json={"name": "a.csv", "size": 10}))
    asked = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    answer = problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 422, "invalid")
    assert pointers(answer) == ["/upload_id"]
    asked = {"catalog_id": stranger.catalog_id, "rows": [row(1)]}
    answer = problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 422, "invalid")
    assert pointers(answer) == ["/catalog_id"]


def test_a_catalog_that_is_only_lent_takes_no_import(platform: Platform, tenant: Tenant) -> None:
    lent = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{lent['id']}/grants/{tenant.client_id}"))
    asked = {"catalog_id": lent["id"], "rows": [row(1)]}
    problem(tenant.owner.post("/v1/products/bulk-import", json=asked), 403, "forbidden")
    assert ended(platform.admin, platform.admin.post("/v1/products/bulk-import", json=asked).json()["id"])["counts"][
        "created"
    ]


def test_a_member_who_was_shown_out_meanwhile_imports_nothing(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    # The job is there, and nobody can do it yet: it stands behind another of its series.
    blocker = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, ordering_key, leased_until)"
        " values (%s, %s, 'product_import', 'processing', 'a test', '{}', %s, now() + interval '1 hour') returning id",
        [tenant.client_id, tenant.catalog_id, f"catalog:{tenant.catalog_id}"],
    ).fetchone()
    assert blocker is not None
    asked = {"catalog_id": tenant.catalog_id, "rows": [row(1)]}
    job_id = platform.api(subject).post("/v1/products/bulk-import", json=asked).json()["id"]
    platform.arrange("update client_users set is_active = false where user_id = %s", [subject])
    platform.database.execute("update jobs set status = 'cancelled' where id = %s", [blocker["id"]])
    job = ended(tenant.owner, job_id)
    assert (job["status"], job["error_code"]) == ("failed", "no_membership")
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"] == []


def test_the_first_api_imports_and_tells_the_state_as_it_did(platform: Platform, tenant: Tenant) -> None:
    asked = {"products": [row(1), row(2, price="much")]}
    answer = tenant.owner.post("/api/products/bulk-import", json=asked)
    queued = answer.json()
    assert (answer.status_code, queued["success"], queued["status"]) == (202, True, "queued")
    assert queued["statusUrl"] == f"/api/jobs/{queued['jobId']}/status"
    assert queued["message"] == "Import queued successfully"
    job = ended(tenant.owner, queued["jobId"])
    for path in (queued["statusUrl"], f"/api/jobs/{queued['jobId']}"):
        state = ok(tenant.owner.get(path))
        assert (state["id"], state["status"], state["progress"]) == (job["id"], "completed", 100)
        assert state["failedReason"] is None
        result = state["result"]
        assert (result["total"], result["successful"], result["failed"]) == (2, 1, 1)
        assert result["errors"][0]["product"] == "P-00002"
    stranger = platform.tenant()
    for api, job_id in ((stranger.owner, job["id"]), (tenant.owner, "job_abc123")):
        answer = api.get(f"/api/jobs/{job_id}/status")
        assert (answer.status_code, answer.json()["status"]) == (404, "not_found")


@pytest.mark.parametrize("products", [None, [], "many", [{"name": "Nameless"}], [1]])
def test_the_first_api_says_what_is_wrong_in_error(tenant: Tenant, products: object) -> None:
    answer = tenant.owner.post("/api/products/bulk-import", json={"products": products})
    said = problem(answer, 400, "not_importable")
    assert "/products" in said["error"] or "rows" in said["error"], said


def test_who_writes_several_catalogs_says_which(platform: Platform, tenant: Tenant) -> None:
    platform.catalog(owner=tenant.client_id)
    said = problem(tenant.owner.post("/api/products/bulk-import", json={"products": [row(1)]}), 400, "not_importable")
    assert "catalogId" in said["error"]
    asked = {"products": [row(1)], "catalogId": tenant.catalog_id}
    assert tenant.owner.post("/api/products/bulk-import", json=asked).status_code == 202


def test_who_asked_for_it_is_told_by_mail_when_an_import_is_done(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    editor = platform.api(subject, email="editor@example.test", email_verified=True)
    asked = {"catalog_id": tenant.catalog_id, "rows": [row(1)], "notify": True}
    job_id = editor.post("/v1/products/bulk-import", json=asked).json()["id"]
    assert ended(editor, job_id)["status"] == "completed"
    (mail,) = ok(tenant.owner.get("/v1/mails"))["data"]
    assert (mail["template"], mail["recipient"]) == ("job_finished", "editor@example.test")
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/mails/{mail['id']}"))["state"] in ("sent", "delivered"))
