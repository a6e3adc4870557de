"""What caches between us and a caller may hold: pages of a storefront that a visitor was shown, and nothing else."""

import sys
import time
from uuid import uuid4

import httpx
import pytest

from tests.functions.calls import Call, calls, ids_of
from tests.platform import TLS, Platform, Tenant, address, ok, problem

CALLS = calls()
GETS = [call for call in CALLS if call.verb == "GET" and not call.own]
SHOPS = [call for call in GETS if call.operation["security"] == [{}, {"bearer": []}]]
SIGNED_IN = [call for call in CALLS if call.required]
CHANGES = [call for call in CALLS if call.verb != "GET" and not call.path.startswith("/v1/admin/")]
LONGEST = 30
"""Seconds for which CloudFront may show a page."""
NIL = "00000000-0000-7000-8000-000000000000"


def named(call: Call) -> str:
    return call.name


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    return ids_of(platform, tenant)


def directives(answer: httpx.Response) -> dict[str, str]:
    """Of the one Cache-Control header that every answer has: without it CloudFront holds an answer for a day."""
    (header,) = answer.headers.get_list("cache-control")
    found = (one.strip().partition("=") for one in header.split(","))
    return {name.lower(): value for name, _, value in found}


def held_by_a_shared_cache(answer: httpx.Response) -> int:
    """Seconds that a cache may show an answer to others (RFC 9111, section 3; RFC 5861)."""
    told = directives(answer)
    if told.keys() & {"no-store", "private", "no-cache"}:
        return 0
    return int(told.get("s-maxage") or told.get("max-age") or 0)


def tokens(platform: Platform, tenant: Tenant, call: Call) -> list[httpx.Client]:
    """Those whom a read answers, by a token."""
    if call.path.startswith("/v1/admin/"):
        return [platform.admin]
    return [tenant.owner, platform.admin, platform.api(platform.member(tenant.client_id, "viewer"))]


@pytest.mark.parametrize("call", GETS, ids=named)
def test_what_a_token_reads_is_for_no_shared_cache(
    platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]
) -> None:
    path = call.path.format(**ids)
    for api in tokens(platform, tenant, call):
        for answer in (api.get(path), api.get(path)):
            ok(answer)
            seen = api.get(path, headers={"If-None-Match": answer.headers["etag"]})
            for one in (answer, seen):
                assert held_by_a_shared_cache(one) == 0
                assert directives(one).keys() & {"no-store", "private"}
                assert "set-cookie" not in one.headers
            if "no-store" not in directives(answer):
                # A browser asks again each time, and for each token by itself.
                assert "no-cache" in directives(answer)
                assert "authorization" in answer.headers["vary"].lower()


@pytest.mark.parametrize("call", GETS, ids=named)
def test_a_shared_cache_may_hold_what_a_visitor_is_shown(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    visitor, path = platform.api(), call.path.format(**ids)
    first, second = visitor.get(path), visitor.get(path)
    if call not in SHOPS:
        # Health, which is asked for what is so now; the rest is the gateway's 401.
        assert (first.status_code, call.name == "health") in {(200, True), (401, False)}
        assert first.status_code == 401 or directives(first) == {"no-store": ""}
        return
    seen = visitor.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert [one.status_code for one in (first, second, seen)] == [200, 200, 304]
    for answer in (first, second, seen):
        assert 0 < held_by_a_shared_cache(answer) <= LONGEST
        assert int(directives(answer)["stale-while-revalidate"]) <= LONGEST
        assert {name.strip().lower() for name in answer.headers["vary"].split(",")} == {"authorization", "origin"}
        assert "set-cookie" not in answer.headers


def test_storefronts_are_all_that_may_be_held() -> None:
    assert {call.name for call in SHOPS} == {"get_storefront", "list_shown_products", "get_shown_product"}


OF_JOBS = ("approve_job", "cancel_job", "propose_mapping", "retry_job", "redrive_dead_letter")
"""What a job that is done refuses."""


@pytest.mark.parametrize("call", CHANGES, ids=named)
def test_what_a_change_answers_is_not_stored(platform: Platform, call: Call) -> None:
    tenant = platform.tenant()
    ids = ids_of(platform, tenant)
    if call.name in ("include_product", "revoke_catalog"):
        ok(tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{ids['product_id']}"))
        ids["client_id"] = platform.client()["id"]
        ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{ids['client_id']}"))
    answer = call.send(platform.admin, ids)
    assert answer.is_success or call.name in OF_JOBS, answer.text
    assert directives(answer) == {"no-store": ""}


# Errors.


def refused(answer: httpx.Response, status: int, code: str) -> None:
    problem(answer, status, code)
    assert directives(answer) == {"no-store": ""}
    assert "etag" not in answer.headers


@pytest.mark.parametrize("call", [call for call in CALLS if call.ids], ids=named)
def test_what_is_not_there_is_not_stored(platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]) -> None:
    missing = ids | dict.fromkeys(call.ids, NIL)
    for api in [tenant.owner, platform.admin, *([platform.api()] if call.public else [])]:
        for _ in range(2):  # the second time we remember that there is none
            answer = call.send(api, missing, headers={"If-None-Match": "*"} if call.verb == "GET" else {})
            if answer.status_code != 403:
                refused(answer, 404, "not_found")


@pytest.mark.parametrize("call", [call for call in CALLS if call.ids or call.lists], ids=named)
def test_what_cannot_be_asked_is_not_stored(
    platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]
) -> None:
    for api in [tenant.owner, *([platform.api()] if call.public else [])]:
        if call.ids:
            refused(call.send(api, ids | dict.fromkeys(call.ids, "7")), 422, "invalid")
        if call.lists:
            refused(api.get(call.path.format(**ids), params={"cursor": "x"}), 400, "bad_cursor")


@pytest.mark.parametrize("call", SHOPS, ids=named)
def test_what_a_storefront_refuses_is_not_stored(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    for _ in range(2):
        refused(platform.api().get(call.path.format(**ids | {"domain": f"{uuid4().hex}.test"})), 404, "not_found")
    answer = platform.api().get(call.path.format(**ids), headers={"Authorization": "Bearer x"})
    refused(answer, 401, "unauthenticated")


@pytest.mark.parametrize("call", SIGNED_IN, ids=named)
def test_that_somebody_may_not_is_not_stored(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    refused(call.send(platform.api("nobody"), ids), 403, "no_membership")


# Limits.


def use_up(platform: Platform, limit: str, bucket: int) -> None:
    """Have had all requests of a limit in this moment."""
    for now in (time.time(), time.time() + bucket):
        platform.redis.hincrby(f"v1:local:{limit}", str(int(now) // bucket), 1_000_000)


def over(answer: httpx.Response, name: str, quota: int, window: int) -> None:
    """Whether it is the problem of a limit that is used up, and says all that a client must know."""
    body = problem(answer, 429, "rate_limited")
    assert str(quota) in body["detail"]
    assert directives(answer) == {"no-store": ""}
    seconds = int(answer.headers["retry-after"])
    # Of a window that slides, in parts, the oldest of which has only begun.
    assert 0 < seconds <= window * 7 // 6
    assert answer.headers["ratelimit"].split(", ")[-1] == f'"{name}";r=0;t={seconds}'
    assert answer.headers["ratelimit-policy"].split(", ")[-1] == f'"{name}";q={quota};w={window}'
    assert "etag" not in answer.headers


def left(answer: httpx.Response) -> dict[str, int]:
    """What is left, by limit."""
    told = (one.split(";") for one in answer.headers["ratelimit"].split(", "))
    return {name.strip('"'): int(remaining.removeprefix("r=")) for name, remaining, _ in told}


@pytest.mark.parametrize("call", SIGNED_IN, ids=named)
def test_a_clients_requests_are_counted_whatever_they_ask(platform: Platform, call: Call) -> None:
    tenant = platform.tenant()
    ids = ids_of(platform, tenant)
    before = left(tenant.owner.get("/v1/me"))["requests"]
    assert left(call.send(tenant.owner, ids))["requests"] == before - 1
    use_up(platform, f"{tenant.client_id}:limit:requests", 60)
    over(call.send(tenant.owner, ids), "requests", 1000, 3600)


@pytest.mark.parametrize("call", SHOPS, ids=named)
def test_a_storefronts_requests_are_counted(platform: Platform, call: Call) -> None:
    tenant = platform.tenant()
    path, visitor = call.path.format(**ids_of(platform, tenant)), platform.api()
    first = left(visitor.get(path))
    assert left(visitor.get(path)) == {name: remaining - 1 for name, remaining in first.items()}
    assert first.keys() == {"address", "storefront"}
    assert left(platform.api("customer:a@example.test").get(path)).keys() == {"storefront"}
    use_up(platform, f"{tenant.client_id}:limit:storefront", 60)
    for api in (visitor, platform.api("customer:a@example.test")):
        over(api.get(path), "storefront", 20_000, 3600)
    # The client's own requests are others.
    ok(tenant.owner.get("/v1/me"))


@pytest.mark.skipif(sys.platform != "linux", reason="visitors have one address here")
@pytest.mark.parametrize("call", SHOPS, ids=named)
def test_an_addresss_requests_are_counted(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    source = address()
    path = call.path.format(**ids)
    with httpx.Client(
        base_url=platform.endpoints.api, transport=httpx.HTTPTransport(verify=TLS, local_address=source), timeout=30
    ) as visitor:
        assert left(visitor.get(path))["address"] == 599
        use_up(platform, f"public:limit:address:{source}", 10)
        for header in (
            {},
            {"x-forwarded-for": "127.1.2.3"},
            {"forwarded": "for=127.1.2.3"},
            {"x-real-ip": "127.1.2.3"},
        ):
            over(visitor.get(path, headers=header), "address", 600, 60)
        # Who comes with a token is counted by that alone.
        ok(visitor.get(path, headers={"Authorization": platform.admin.headers["Authorization"]}))
    ok(platform.api().get(path))


def test_what_is_not_sent_again_is_counted_too(platform: Platform) -> None:
    tenant = platform.tenant()
    full = tenant.owner.get("/v1/sites")

    def again() -> httpx.Response:
        return tenant.owner.get("/v1/sites", headers={"If-None-Match": full.headers["etag"]})

    assert [left(again())["requests"] for _ in range(3)] == [left(full)["requests"] - n for n in (1, 2, 3)]


def test_the_platforms_own_people_have_no_limit(platform: Platform) -> None:
    for subject in ("admin", "support"):
        assert "ratelimit" not in platform.api(subject).get("/v1/catalogs").headers
