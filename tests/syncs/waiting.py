"""Drops files, and waits until the jobs of the files wait for a decision or an approval."""

import json
from typing import Any

import httpx

from tests.platform import TLS, Json, Platform, Tenant, created, ok

AMBIGUOUS_PRICES = ("1.250", "2.490", "4.990")
"""Ambiguous prices. The dot can be a thousands separator or a decimal separator."""
THOUSANDS = {"answers": {"decimal": ","}}
"""The answer that the dot is a thousands separator."""


def ambiguous_file(*prices: str) -> bytes:
    """Return a CSV file with one product for each price."""
    rows = [f"Q-{n},Lamp {n},{price}\n" for n, price in enumerate(prices or AMBIGUOUS_PRICES)]
    return ("sku,name,price\n" + "".join(rows)).encode()


def waiting_job(platform: Platform, tenant: Tenant, version: str, waiting_for: str) -> Json:
    """Wait until the job of this version of a file waits for an approval or a decision. Return the job."""
    matching_jobs: list[Json] = []

    def is_waiting() -> bool:
        query = {"catalog_id": tenant.catalog_id, "waiting_for": waiting_for}
        jobs = ok(tenant.owner.get("/v1/jobs", params=query))["data"]
        matching_jobs[:] = [job for job in jobs if (job["source"] or {}).get("version_id") == version]
        return bool(matching_jobs)

    platform.eventually(is_waiting)
    return matching_jobs[0]


def job_of(platform: Platform, tenant: Tenant, version: str) -> Json:
    """Return the job of this version of a file, as soon as it exists."""
    matching_jobs: list[Json] = []

    def exists() -> bool:
        jobs = ok(tenant.owner.get("/v1/jobs", params={"catalog_id": tenant.catalog_id}))["data"]
        matching_jobs[:] = [job for job in jobs if (job["source"] or {}).get("version_id") == version]
        return bool(matching_jobs)

    platform.eventually(exists)
    return matching_jobs[0]


def ask(platform: Platform, tenant: Tenant, name: str = "lamps.csv", body: bytes = b"") -> Json:
    """Drop an ambiguous file, and wait until its job waits for a decision. Return the job."""
    version = platform.drop(tenant.catalog_id, name, body or ambiguous_file())
    return waiting_job(platform, tenant, version, "decision")


def finished(platform: Platform, tenant: Tenant, job: Json) -> Json:
    """Wait until a job has ended. Return the job."""
    return platform.finished_job(tenant.catalog_id, job["source"]["version_id"])


def change_settings(tenant: Tenant, **settings: Any) -> None:
    """Change the sync settings of the tenant's catalog."""
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": settings}))


def prices(platform: Platform, tenant: Tenant) -> dict[str, str]:
    """Map the SKU of each storefront product to its price."""
    return {product["sku"]: product["price"] for product in platform.storefront_products(tenant.domain)}


def read_result(platform: Platform, job: Json) -> Any:
    """Return the content of the result file of a job."""
    return json.loads(platform.read(job["result"]["result_file"]))


def import_file(tenant: Tenant) -> Json:
    """Upload an ambiguous file, and create the job that imports it. Return the job."""
    body = ambiguous_file()
    announced = {"name": "lamps.csv", "size": len(body), "client_id": tenant.client_id}
    upload = created(tenant.owner.post("/v1/uploads", json=announced))
    sent = httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=body, verify=TLS)
    assert sent.is_success
    request = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    return ok(tenant.owner.post("/v1/products/bulk-import", json=request))


def waits_for_a_decision(tenant: Tenant, job: Json) -> bool:
    """Return whether a job waits for a decision."""
    return bool(ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))["waiting_for"] == "decision")
