"""The client can correct the name and the address of an order until the first shipment."""

from typing import Any

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, ok, pointers, problem

ADDRESS = {"line1": "Unter den Linden 1", "city": "Berlin", "postal_code": "10117", "country": "DE"}


def placed(platform: Platform, tenant: Tenant) -> Json:
    """Place an order as a guest. Return the order as the owner sees the order."""
    order = platform.order(tenant, (platform.product(tenant), 1))
    return ok(tenant.owner.get(f"/v1/orders/{order['id']}"))


def correct(api: httpx.Client, order: Json, **changes: Any) -> httpx.Response:
    return api.patch(f"/v1/orders/{order['id']}", json=changes)


def test_a_corrected_address_replaces_the_whole_address_and_resolves_the_order_problem(
    platform: Platform, tenant: Tenant
) -> None:
    order = placed(platform, tenant)
    ok(correct(tenant.owner, order, problem="address"))
    address = {**ADDRESS, "postal_code": " 10117 ", "line2": "2. Stock"}
    changed = ok(
        correct(tenant.owner, order, shipping_address=address, customer_name="Bo Lind", problem=None, note="by phone")
    )
    expected = {**ADDRESS, "line2": "2. Stock"}
    assert {key: value for key, value in changed["shipping_address"].items() if value is not None} == expected
    assert (changed["customer_name"], changed["problem"], changed["status"]) == ("Bo Lind", None, "pending")
    again = ok(correct(tenant.owner, order, shipping_address=ADDRESS))
    assert "line2" not in {key for key, value in again["shipping_address"].items() if value is not None}
    events = ok(tenant.owner.get(f"/v1/orders/{order['id']}/events"))["data"]
    (event,) = (each for each in events if each["details"].get("note") == "by phone")
    assert set(event["details"]["fields"]) >= {"customer_name", "shipping_address"}
    assert "Linden" not in str(events) and "Lind" not in str(events), "the history contains no personal data"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"shipping_address": {**ADDRESS, "postal_code": None}}, "/shipping_address/postal_code"),
        ({"shipping_address": {"line1": "x", "city": "y", "country": "US"}}, "/shipping_address/region"),
        ({"shipping_address": None}, "/shipping_address"),
        ({"customer_name": None}, "/customer_name"),
        ({"customer_name": ""}, "/customer_name"),
    ],
)
def test_an_invalid_correction_of_an_address_is_refused(
    platform: Platform, tenant: Tenant, changes: dict[str, Any], pointer: str
) -> None:
    order = placed(platform, tenant)
    assert pointer in pointers(problem(correct(tenant.owner, order, **changes), 422, "invalid"))
    assert ok(tenant.owner.get(f"/v1/orders/{order['id']}"))["shipping_address"] == order["shipping_address"]


def test_a_corrected_address_must_be_in_a_country_to_which_the_site_ships(platform: Platform) -> None:
    tenant = platform.tenant()
    order = placed(platform, tenant)
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"ship_to_countries": ["AT", "CH"]}))
    response = correct(tenant.owner, order, shipping_address=ADDRESS)
    body = problem(response, 422, "country_not_shipped")
    assert body["errors"][0]["pointer"] == "/shipping_address/country"


def test_the_address_of_a_shipped_order_cannot_be_corrected(platform: Platform, tenant: Tenant) -> None:
    order = placed(platform, tenant)
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json={}, headers={"If-Match": "*"}))
    problem(correct(tenant.owner, order, shipping_address=ADDRESS), 409, "order_state")
    ok(correct(tenant.owner, order, external_number="ERP-1"))


def test_a_viewer_and_another_client_cannot_correct_an_address(platform: Platform, tenant: Tenant) -> None:
    order = placed(platform, tenant)
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(correct(viewer, order, shipping_address=ADDRESS), 403, "forbidden")
    problem(correct(platform.tenant().owner, order, shipping_address=ADDRESS), 404, "not_found")
