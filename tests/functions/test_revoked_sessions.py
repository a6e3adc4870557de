"""If the sessions of an account are ended, the tokens of earlier sessions are refused at once."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.functions.test_orders import order_body
from tests.platform import Platform, Tenant, created, ok, problem

HOUR = 3600


def signed_in(platform: Platform, subject: str, seconds_ago: float, **claims: Any) -> httpx.Client:
    """Return an API client of an account that signed in some time ago."""
    started = int(time.time() - seconds_ago)
    return platform.api(subject, iat=started, **claims)


def test_a_member_can_end_all_own_sessions(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    phone, laptop = (signed_in(platform, subject, seconds) for seconds in (60, 30))
    path = f"/v1/sites/{tenant.site_id}"
    for api in (phone, laptop, laptop):
        ok(api.get(path))
    assert laptop.get(path).headers["cache-status"] == "wecelebrate; hit"
    assert phone.post("/v1/me/revoke-sessions").status_code == 204
    for api in (phone, laptop):
        for request in (path, "/v1/me", "/v1/jobs"):
            body = problem(api.get(request), 401, "session_revoked")
            assert "invalid_token" in api.get(request).headers["www-authenticate"], body
        problem(api.patch(path, json={"name": "x"}), 401, "session_revoked")
    new = signed_in(platform, subject, -2, nbf=0)  # this session begins after the revocation, so it is valid
    time.sleep(3)
    for _ in range(2):
        ok(new.get(path))
        # The cached session of the new token does not make the old token valid.
        problem(laptop.get(path), 401, "session_revoked")
    ok(tenant.owner.get(path))


def test_a_token_of_an_ended_session_cannot_place_or_read_orders(platform: Platform, tenant: Tenant) -> None:
    subject, mug = platform.member(tenant.client_id, "viewer"), platform.product(tenant)
    customer = signed_in(platform, subject, 60)
    path = f"/v1/storefront/{tenant.domain}/orders"
    created(customer.post(path, json=order_body((mug, 1))))
    assert len(ok(customer.get(path))["data"]) == 1
    assert customer.post("/v1/me/revoke-sessions").status_code == 204
    for _ in range(2):
        problem(customer.post(path, json=order_body((mug, 1))), 401, "session_revoked")
        problem(customer.get(path), 401, "session_revoked")


def test_a_refreshed_token_of_an_ended_session_is_refused(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "viewer")
    signed_in_at = int(time.time()) - HOUR
    assert platform.api(subject, auth_time=signed_in_at).post("/v1/me/revoke-sessions").status_code == 204
    time.sleep(1.1)
    problem(platform.api(subject, auth_time=signed_in_at).get("/v1/me"), 401, "session_revoked")
    ok(platform.api(subject, auth_time=int(time.time())).get("/v1/me"))


@pytest.mark.parametrize("claim", [{}, {"iat": None}])
def test_a_token_without_an_issue_time_counts_as_a_token_of_an_old_session(
    platform: Platform, tenant: Tenant, claim: dict[str, Any]
) -> None:
    subject = platform.member(tenant.client_id, "viewer")
    api = platform.api(subject, **claim)
    ok(api.get("/v1/me"))
    assert api.post("/v1/me/revoke-sessions").status_code == 204
    problem(api.get("/v1/me"), 401, "session_revoked")


def test_only_super_admins_can_end_the_sessions_of_other_people(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "viewer")
    api = signed_in(platform, subject, 10)
    page = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members", params={"role": "viewer"}))
    (member,) = [row for row in page["data"] if row["subject"] == subject]
    path = f"/v1/admin/members/{member['id']}/revoke-sessions"
    for other in (tenant.owner, api, platform.api("support")):
        problem(other.post(path), 403, "forbidden")
    ok(api.get("/v1/me"))
    assert platform.admin.post(path).status_code == 204
    problem(api.get("/v1/me"), 401, "session_revoked")
    problem(platform.admin.post(f"/v1/admin/members/{uuid4()}/revoke-sessions"), 404, "not_found")
