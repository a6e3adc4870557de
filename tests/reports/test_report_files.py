"""Tests that a job writes the report of a client with all figures into a file."""

import io
import json
import random
from uuid import uuid4

import httpx
import pytest
from python_calamine import CalamineWorkbook

from tests.platform import TLS, Json, Platform, Tenant, ok, pointers, problem
from tests.reports.orders import day, insert, random_order

MARCH = {"month": "2026-03"}


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    tenant = platform.tenant()
    dice = random.Random(9)
    insert(
        platform, tenant, *(random_order(dice, tenant.site_id, day("2026-03-01"), day("2026-03-31")) for _ in range(25))
    )
    return tenant


def finished(platform: Platform, tenant: Tenant, **request: object) -> Json:
    """Create the job of a report, and wait until the job is completed."""
    response = tenant.owner.post("/v1/reports", json=MARCH | request)
    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"

    def is_completed() -> bool:
        job.update(ok(tenant.owner.get(f"/v1/jobs/{job['id']}")))
        return bool(job["status"] in ("completed", "failed"))

    platform.eventually(is_completed)
    assert job["status"] == "completed", job
    return dict(job)


def download(tenant: Tenant, job: Json) -> httpx.Response:
    file = ok(tenant.owner.get(f"/v1/reports/files/{job['id']}"))
    response = httpx.get(file["url"], verify=TLS)
    assert response.status_code == 200
    assert response.headers["content-type"] == file["content_type"]
    assert len(response.content) == file["size"]
    return response


def test_a_report_file_in_json_equals_the_report_of_the_api(platform: Platform, tenant: Tenant) -> None:
    job = finished(platform, tenant, format="json")
    file = json.loads(download(tenant, job).content)
    report = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params=MARCH))
    assert file.pop("generated_at") and report.pop("generated_at")
    assert file == report


def test_the_default_format_of_a_report_file_is_a_workbook(platform: Platform, tenant: Tenant) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(download(tenant, finished(platform, tenant)).content))
    assert "Products" in book.sheet_names
    assert len(book.get_sheet_by_name("Products").to_python()) > 1


def test_a_report_file_in_csv_contains_the_table_that_the_request_names(platform: Platform, tenant: Tenant) -> None:
    job = finished(platform, tenant, format="csv", table="products")
    assert download(tenant, job).text.startswith("product_id,sku,name,quantity,")


@pytest.mark.slow
def test_only_a_report_file_contains_the_products_of_a_period_with_many_orders(
    platform: Platform, tenant: Tenant
) -> None:
    platform.database.execute(
        "insert into orders (client_id, site_id, customer_name, customer_email, total_amount, created_at,"
        " shipping_address, items) select %s, %s, 'C', 'c@example.test', 1, '2026-03-15Z', '{}', '[]'"
        " from generate_series(1, 50001)",
        [tenant.client_id, tenant.site_id],
    )
    report = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params=MARCH))
    assert (report["top_products"], report["customers"], report["conversion"]) == (None, None, None)
    assert sum(row["orders"] for row in report["by_hour"]) > 50_000
    file = json.loads(download(tenant, finished(platform, tenant, format="json")).content)
    assert file["customers"]["customers"] > 1
    assert file["top_products"]
    assert file["totals"] == report["totals"]


def test_viewers_and_other_clients_cannot_create_reports_or_read_report_files(
    platform: Platform, tenant: Tenant
) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post("/v1/reports", json=MARCH), 403, "forbidden")
    other = platform.tenant()
    problem(other.owner.post("/v1/reports", json=MARCH | {"client_id": tenant.client_id}), 403, "forbidden")
    job = finished(platform, tenant, format="csv")
    problem(other.owner.get(f"/v1/reports/files/{job['id']}"), 404, "not_found")
    assert ok(viewer.get(f"/v1/reports/files/{job['id']}"))["name"] == "report-2026-03-01-2026-03-31.csv"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"month": "2026-13"}, "/month"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "/last_day"),
        ({"month": "2026-03", "last_day": "2026-03-01"}, "/month"),
        ({"format": "pdf"}, "/format"),
    ],
)
def test_a_report_request_with_an_invalid_field_is_refused(tenant: Tenant, body: Json, pointer: str) -> None:
    assert pointers(problem(tenant.owner.post("/v1/reports", json=body), 422, "invalid")) == [pointer]


def test_an_admin_who_requests_a_report_must_name_an_existing_client(platform: Platform) -> None:
    for body in (MARCH, MARCH | {"client_id": str(uuid4())}):
        assert pointers(problem(platform.admin.post("/v1/reports", json=body), 422, "invalid")) == ["/client_id"]
