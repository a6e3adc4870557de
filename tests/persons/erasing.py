"""Requests erasures, and reads the figures that an erasure must not change."""

import random
from typing import Any

import httpx

from tests.platform import Json, Platform, Tenant, ok

REPORT = ("customers", "conversion", "totals", "by_status", "by_site", "top_products", "by_day")


def request(api: httpx.Client, client_id: str, **body: Any) -> httpx.Response:
    """Request an erasure."""
    return api.post(f"/v1/clients/{client_id}/erasures", json=body)


def ended(platform: Platform, api: httpx.Client, response: httpx.Response, within: float = 60) -> Json:
    """Wait until an erasure has ended. Return the erasure."""
    assert response.status_code == 202, response.text
    path = response.headers["location"]
    assert path.endswith(response.json()["id"])
    platform.eventually(lambda: ok(api.get(path))["status"] not in ("pending", "processing"), within=within)
    return ok(api.get(path))


def figures(platform: Platform, tenant: Tenant) -> Json:
    """Return the report of a client. Each call uses a different first day, because reports are cached."""
    platform.wait_for_replica()
    days = {"first_day": f"2026-{random.randint(1, 9):02}-{random.randint(1, 28):02}", "last_day": "2026-12-31"}
    report = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params=days))
    return {name: report[name] for name in REPORT}
