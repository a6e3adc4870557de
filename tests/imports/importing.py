"""Helper functions for tests of bulk imports."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.platform import Json, Tenant, eventually, ok


def product_row(number: int, **fields: Any) -> Json:
    """Return a row of an import. `fields` replaces or adds fields of the row."""
    return {"sku": f"P-{number:05d}", "name": f"Product {number}", "price": "1.00", **fields}


def import_rows(tenant: Tenant, rows: list[Json], **fields: Any) -> Json:
    """Import rows into the tenant's catalog, and wait until the job has ended. Return the job. `fields` is added to the
    request body."""
    body = {"catalog_id": tenant.catalog_id, "rows": rows, **fields}
    response = tenant.owner.post("/v1/products/bulk-import", json=body)
    assert response.status_code == 202, response.text
    return wait_for_job(tenant.owner, response.json()["id"])


def wait_for_job(api: httpx.Client, job_id: str, within: float = 60) -> Json:
    """Wait until a job has ended, and return the job. Fail after `within` seconds."""
    jobs: list[Json] = []

    def is_ended() -> bool:
        jobs[:] = [ok(api.get(f"/v1/jobs/{job_id}"))]
        return jobs[0]["status"] not in ("pending", "processing")

    eventually(is_ended, within)
    return jobs[0]


def nonzero_counts(job: Json) -> Mapping[str, int]:
    """Return all counts of a job except the counts that are zero."""
    return {name: count for name, count in job["counts"].items() if count}
