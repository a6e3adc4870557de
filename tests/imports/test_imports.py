"""A bulk import loads products from the rows of a request or from an uploaded file."""

import csv
import io
import json

import httpx
import pytest

from tests.imports.importing import import_rows, nonzero_counts, product_row, wait_for_job
from tests.platform import TLS, Platform, Tenant, created, ok, pointers, problem

ROWS = 10_000


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def read_upload(platform: Platform, key: str) -> bytes:
    """Return the content of a file in the bucket of uploads."""
    body: bytes = platform.s3.get_object(Bucket=platform.uploads, Key=key)["Body"].read()
    return body


def test_ten_thousand_products_are_accepted_in_one_request_and_imported_in_the_background(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": [product_row(0)]})
    body = json.dumps({"catalog_id": tenant.catalog_id, "rows": [product_row(number) for number in range(ROWS)]})
    response = tenant.owner.post("/v1/products/bulk-import", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["status"]) == (202, "pending")
    job = wait_for_job(tenant.owner, response.json()["id"])
    assert (job["status"], nonzero_counts(job)) == ("completed", {"read": ROWS, "created": ROWS - 1, "unchanged": 1})
    assert job["progress"] == {"done": ROWS, "total": ROWS, "percent": 100, "phase": None, "eta_seconds": None}


def test_a_row_does_not_change_the_fields_that_it_omits(tenant: Tenant) -> None:
    full = product_row(
        1, description="Blue", brand="Acme", attributes={"size": ["S", "M"]}, images=["https://a.test/1.png"]
    )
    assert nonzero_counts(import_rows(tenant, [full])) == {"read": 1, "created": 1}
    assert nonzero_counts(import_rows(tenant, [{"sku": "P-00001", "price": "2.50"}])) == {"read": 1, "updated": 1}
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert {name: product[name] for name in ("price", "description", "brand", "attributes", "images")} == {
        "price": "2.50", "description": "Blue", "brand": "Acme", "attributes": {"size": ["S", "M"]},
        "images": ["https://a.test/1.png"],
    }  # fmt: skip
    assert nonzero_counts(import_rows(tenant, [{"sku": "P-00001", "description": None}])) == {"read": 1, "updated": 1}
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}"))["description"] is None


def test_invalid_rows_are_reported_with_row_numbers_and_valid_rows_are_imported(
    platform: Platform, tenant: Tenant
) -> None:
    rows = [
        product_row(1),
        product_row(2, price="much"),
        product_row(3, colour="red"),
        {"sku": "P-00004"},
        product_row(5),
    ]
    job = import_rows(tenant, rows)
    assert nonzero_counts(job) == {"read": 5, "created": 2, "rejected": 3}
    assert [(error["line"], error["sku"]) for error in job["first_errors"]] == [
        (2, "P-00002"),
        (3, "P-00003"),
        (4, "P-00004"),
    ]
    assert "/price" in job["first_errors"][0]["reason"]
    assert "/colour" in job["first_errors"][1]["reason"]
    lines = list(csv.DictReader(io.StringIO(read_upload(platform, job["result"]["error_file"]).decode())))
    assert [(line["sku"], line["price"], line["wecelebrate_line"]) for line in lines] == [
        ("P-00002", "much", "2"),
        ("P-00003", "1.00", "3"),
        ("P-00004", "", "4"),
    ]


def test_an_import_request_is_rejected_if_a_row_has_no_sku(tenant: Tenant) -> None:
    body = {"catalog_id": tenant.catalog_id, "rows": [product_row(1), {"name": "Nameless"}, {"sku": 7}]}
    error = problem(tenant.owner.post("/v1/products/bulk-import", json=body), 422, "invalid")
    assert pointers(error) == ["/rows/1/sku", "/rows/2/sku"]
    problem(tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id}), 422, "invalid")


def test_the_error_for_an_import_request_that_is_too_large_recommends_an_upload(tenant: Tenant) -> None:
    rows = [product_row(number, description="x" * 900) for number in range(5_000)]
    body = {"catalog_id": tenant.catalog_id, "rows": rows}
    error = problem(tenant.owner.post("/v1/products/bulk-import", json=body), 422, "rows_too_large")
    assert "/v1/uploads" in error["title"]


def test_create_mode_rejects_existing_products_and_update_mode_rejects_new_products(tenant: Tenant) -> None:
    import_rows(tenant, [product_row(1)])
    job = import_rows(tenant, [product_row(1, price="9.00"), product_row(2)], mode="create")
    assert (nonzero_counts(job), job["first_errors"][0]["code"]) == (
        {"read": 2, "created": 1, "rejected": 1},
        "sku_exists",
    )
    job = import_rows(tenant, [product_row(1, price="3.00"), product_row(3)], mode="update")
    assert (nonzero_counts(job), job["first_errors"][0]["code"]) == (
        {"read": 2, "updated": 1, "rejected": 1},
        "unknown_sku",
    )
    products = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert {product["sku"]: product["price"] for product in products} == {"P-00001": "3.00", "P-00002": "1.00"}


def test_a_dry_run_shows_the_differences_and_changes_nothing(tenant: Tenant) -> None:
    import_rows(tenant, [product_row(1)])
    job = import_rows(tenant, [product_row(1, price="9.00"), product_row(2), product_row(3, price="no")], dry_run=True)
    assert nonzero_counts(job) == {"read": 3, "created": 1, "updated": 1, "rejected": 1}
    assert {sample["sku"]: sample["does"] for sample in job["result"]["samples"]} == {
        "P-00001": "update",
        "P-00002": "create",
    }
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert product["price"] == "1.00"


def test_a_file_is_uploaded_to_s3_and_imported(platform: Platform, tenant: Tenant) -> None:
    file = "sku;name;price\nU-1;Tasse;1.234,50\nU-2;Schal;oops\n".encode("utf-16")
    new = {"name": "preise märz.csv", "size": len(file), "content_type": "text/csv"}
    upload = created(tenant.owner.post("/v1/uploads", json=new))
    body = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    error = problem(tenant.owner.post("/v1/products/bulk-import", json=body), 422, "invalid")
    assert pointers(error) == ["/upload_id"]

    sent = httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=file, verify=TLS)
    assert sent.status_code == 200
    response = tenant.owner.post("/v1/products/bulk-import", json=body)
    job = wait_for_job(tenant.owner, response.json()["id"])
    assert (job["status"], nonzero_counts(job)) == ("completed", {"read": 2, "created": 1, "rejected": 1})
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert product["price"] == "1234.50"


def test_an_import_is_refused_if_its_upload_or_its_catalog_belongs_to_another_client(
    platform: Platform, tenant: Tenant
) -> None:
    other = platform.tenant()
    upload = created(other.owner.post("/v1/uploads", json={"name": "a.csv", "size": 10}))
    body = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    error = problem(tenant.owner.post("/v1/products/bulk-import", json=body), 422, "invalid")
    assert pointers(error) == ["/upload_id"]
    body = {"catalog_id": other.catalog_id, "rows": [product_row(1)]}
    error = problem(tenant.owner.post("/v1/products/bulk-import", json=body), 422, "invalid")
    assert pointers(error) == ["/catalog_id"]


def test_a_client_cannot_import_products_into_a_granted_catalog(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{catalog['id']}/grants/{tenant.client_id}"))
    body = {"catalog_id": catalog["id"], "rows": [product_row(1)]}
    problem(tenant.owner.post("/v1/products/bulk-import", json=body), 403, "forbidden")
    job_id = platform.admin.post("/v1/products/bulk-import", json=body).json()["id"]
    assert wait_for_job(platform.admin, job_id)["counts"]["created"] == 1


def test_a_job_fails_if_its_requester_is_not_a_member_any_more(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    # Workers cannot claim the import while another job with the same ordering key is running.
    blocker = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, ordering_key, leased_until)"
        " values (%s, %s, 'product_import', 'processing', 'a test', '{}', %s, now() + interval '1 hour') returning id",
        [tenant.client_id, tenant.catalog_id, f"catalog:{tenant.catalog_id}"],
    ).fetchone()
    assert blocker is not None
    body = {"catalog_id": tenant.catalog_id, "rows": [product_row(1)]}
    job_id = platform.api(subject).post("/v1/products/bulk-import", json=body).json()["id"]
    platform.arrange("update client_users set is_active = false where user_id = %s", [subject])
    platform.database.execute("update jobs set status = 'cancelled' where id = %s", [blocker["id"]])
    job = wait_for_job(tenant.owner, job_id)
    assert (job["status"], job["error_code"]) == ("failed", "no_membership")
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"] == []


def test_the_first_api_imports_products_and_shows_the_state_of_the_job(platform: Platform, tenant: Tenant) -> None:
    body = {"products": [product_row(1), product_row(2, price="much")]}
    response = tenant.owner.post("/api/products/bulk-import", json=body)
    queued = response.json()
    assert (response.status_code, queued["success"], queued["status"]) == (202, True, "queued")
    assert queued["statusUrl"] == f"/api/jobs/{queued['jobId']}/status"
    assert queued["message"] == "Import queued successfully"
    job = wait_for_job(tenant.owner, queued["jobId"])
    for path in (queued["statusUrl"], f"/api/jobs/{queued['jobId']}"):
        state = ok(tenant.owner.get(path))
        assert (state["id"], state["status"], state["progress"]) == (job["id"], "completed", 100)
        assert state["failedReason"] is None
        result = state["result"]
        assert (result["total"], result["successful"], result["failed"]) == (2, 1, 1)
        assert result["errors"][0]["product"] == "P-00002"
    other = platform.tenant()
    for api, job_id in ((other.owner, job["id"]), (tenant.owner, "job_abc123")):
        response = api.get(f"/api/jobs/{job_id}/status")
        assert (response.status_code, response.json()["status"]) == (404, "not_found")


@pytest.mark.parametrize("products", [None, [], "many", [{"name": "Nameless"}], [1]])
def test_the_first_api_reports_invalid_products_in_the_error_field(tenant: Tenant, products: object) -> None:
    response = tenant.owner.post("/api/products/bulk-import", json={"products": products})
    error = problem(response, 400, "not_importable")
    assert "/products" in error["error"] or "rows" in error["error"], error


def test_the_first_api_requires_a_catalog_if_the_caller_has_several_catalogs(
    platform: Platform, tenant: Tenant
) -> None:
    platform.catalog(owner=tenant.client_id)
    error = problem(
        tenant.owner.post("/api/products/bulk-import", json={"products": [product_row(1)]}), 400, "not_importable"
    )
    assert "catalogId" in error["error"]
    body = {"products": [product_row(1)], "catalogId": tenant.catalog_id}
    assert tenant.owner.post("/api/products/bulk-import", json=body).status_code == 202


def test_the_requester_of_an_import_gets_a_mail_if_notify_is_true(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    editor = platform.api(subject, email="editor@example.test", email_verified=True)
    body = {"catalog_id": tenant.catalog_id, "rows": [product_row(1)], "notify": True}
    job_id = editor.post("/v1/products/bulk-import", json=body).json()["id"]
    assert wait_for_job(editor, job_id)["status"] == "completed"
    (mail,) = ok(tenant.owner.get("/v1/mails"))["data"]
    assert (mail["template"], mail["recipient"]) == ("job_finished", "editor@example.test")
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/mails/{mail['id']}"))["state"] in ("sent", "delivered"))
