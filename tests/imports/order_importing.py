"""Helper functions for tests of the import of historical orders."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import httpx

from tests.imports.importing import wait_for_job
from tests.platform import TLS, Json, Tenant, created, ok

HEADER = ("order_number", "created_at", "status", "currency", "customer_email", "sku", "name", "quantity", "unit_price")
ROWS = [
    ("A-1", "2024-03-01T10:00:00Z", "delivered", "EUR", "ann@example.test", "MUG", "Mug", "2", "3.50"),
    ("A-2", "2024-03-31T23:30:00Z", "shipped", "EUR", "", "PEN", "Pen", "1", "0.99"),
    ("A-1", "2024-03-01T10:00:00Z", "delivered", "EUR", "ann@example.test", "CUP", "Cup", "1", "1.00"),
    ("A-3", "2024-03-02T10:00:00Z", "cancelled", "USD", "bob@example.test", "MUG", "Mug", "4", "3.00"),
    ("A-4", "2024-03-02T11:00:00Z", "delivered", "EUR", "bob@example.test", "MUG", "Mug", "-1", "3.00"),
]


def table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def upload(api: httpx.Client, content: bytes, name: str = "orders.csv", client_id: str | None = None) -> str:
    """Upload a file. Return the id of the upload."""
    new = {"name": name, "size": len(content), "client_id": client_id}
    response = created(api.post("/v1/uploads", json=new))
    httpx.put(response["url"], content=content, headers=response["headers"], verify=TLS).raise_for_status()
    return str(response["id"])


def start(tenant: Tenant, content: bytes, name: str = "orders.csv", **fields: Any) -> str:
    """Start an import. Return the id of the job."""
    body = {"upload_id": upload(tenant.owner, content, name), "source": "old shop", **fields}
    response = tenant.owner.post(f"/v1/sites/{tenant.site_id}/orders/import", json=body)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def imported(tenant: Tenant, content: bytes, name: str = "orders.csv", **fields: Any) -> Json:
    """Import a file. Return the completed job."""
    job = wait_for_job(tenant.owner, start(tenant, content, name, **fields))
    assert (job["status"], job["error_code"], job["error"]) == ("completed", None, None)
    counts = job["counts"]
    assert counts["read"] == counts["created"] + counts["unchanged"] + counts["rejected"], job
    return job


def orders_of(tenant: Tenant) -> dict[str, Json]:
    orders = ok(tenant.owner.get("/v1/orders", params={"limit": 200}))["data"]
    return {order["order_number"]: order for order in orders}


def rejections_of(tenant: Tenant, job: Json) -> list[tuple[int, str]]:
    rows = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))["data"]
    return [(row["line"], row["code"]) for row in rows]


def error_file(tenant: Tenant, job: Json) -> str:
    """Return the error file of a job."""
    file = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/error-file"))
    return httpx.get(file["url"], verify=TLS).text
