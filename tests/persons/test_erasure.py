"""The erasure of a person leaves no trace of the person at a client, and all figures as they were."""

from typing import Any

import httpx
import pytest

from tests.persons.planting import Person, place, places_with, plant
from tests.platform import Json, Platform, Tenant, created, ok, problem


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def person() -> Person:
    return Person.new()


def request(api: httpx.Client, client_id: str, **body: Any) -> httpx.Response:
    return api.post(f"/v1/clients/{client_id}/erasures", json=body)


def ended(platform: Platform, api: httpx.Client, response: httpx.Response) -> Json:
    """Wait until an erasure has ended, and return it."""
    assert response.status_code == 202, response.text
    path = response.headers["location"]
    assert path.endswith(response.json()["id"])
    platform.eventually(lambda: ok(api.get(path))["status"] not in ("pending", "processing"), within=60)
    return ok(api.get(path))


def figures(platform: Platform, tenant: Tenant) -> list[Json]:
    """Return the reports of the client, from the current data."""
    names = ("customers", "conversion", "totals", "by_site", "top_products", "by_day")
    report = ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params={"from": "2020-01-01"}))
    return [{name: report.get(name) for name in names}]


def test_no_place_contains_the_person_after_the_erasure(platform: Platform, tenant: Tenant, person: Person) -> None:
    orders = plant(platform, tenant, person)
    before = places_with(platform, person)
    assert {"table public.orders", "table public.mails", "table public.analytics_events"} <= set(before)
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email.lower()))
    assert erasure["status"] == "completed", erasure
    assert places_with(platform, person) == []
    assert erasure["counts"]["orders"] == len(orders)
    for order in orders:
        current = platform.order_state(tenant, order)
        assert current["shipping_address"] == {"country": "DE"}
        assert current["order_number"] == order["order_number"]
