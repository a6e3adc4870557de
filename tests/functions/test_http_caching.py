"""A shared cache is allowed to store the storefront pages of visitors, but no other response."""

import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import Resources, create_resources
from tests.platform import TLS, Platform, Tenant, address, ok, problem

OPERATIONS = all_operations()
GETS = [
    operation
    for operation in OPERATIONS
    if operation.method == "GET" and not operation.is_customer_only and not operation.path.startswith("/problems")
]
"""The read operations whose response depends on the caller or on the database."""
STOREFRONT_PAGES = [operation for operation in GETS if operation.definition["security"] == [{}, {"bearer": []}]]
TOKEN_REQUIRED = [operation for operation in OPERATIONS if operation.requires_token]
CHANGES = [
    operation for operation in OPERATIONS if operation.method != "GET" and not operation.path.startswith("/v1/admin/")
]
MAX_SHARED_AGE = 30
"""The longest time that CloudFront is allowed to serve a stored page, in seconds."""
NIL = "00000000-0000-7000-8000-000000000000"
LOCKED = """
select exists (select from pg_locks where relation = 'site_product_exclusions'::regclass and mode like 'AccessEx%'
  and granted) as is_locked
"""
WAITING = """
select exists (select from pg_locks where relation = 'site_product_exclusions'::regclass and not granted) as is_waiting
"""


def directives(response: httpx.Response) -> dict[str, str]:
    """Return the directives of the Cache-Control header.

    Every response must have exactly one Cache-Control header. Without this header, CloudFront stores a response for a
    day.
    """
    (header,) = response.headers.get_list("cache-control")
    parts = (part.strip().partition("=") for part in header.split(","))
    return {name.lower(): value for name, _, value in parts}


def shared_age(response: httpx.Response) -> int:
    """Return how many seconds a shared cache is allowed to serve a response (RFC 9111, section 3; RFC 5861)."""
    control = directives(response)
    if control.keys() & {"no-store", "private", "no-cache"}:
        return 0
    return int(control.get("s-maxage") or control.get("max-age") or 0)


def replaced(ids: dict[str, str], operation: Operation, value: str) -> dict[str, str]:
    """Return a copy of `ids` in which all ids in the path of the operation are `value`."""
    names = [name for parameter in operation.id_parameters for name in (parameter, f"staff_{parameter}")]
    return ids | dict.fromkeys(names, value)


def token_callers(platform: Platform, tenant: Tenant, operation: Operation) -> list[httpx.Client]:
    """Return an API client for each kind of user whose token allows the operation."""
    if operation.path.startswith("/v1/admin/"):
        return [platform.admin]
    if operation.name in ("list_erasures", "get_erasure", "list_invitations", "get_invitation"):
        return [tenant.owner, platform.admin]
    if operation.name == "get_export":  # only the user who requested an export sees it
        return [tenant.owner]
    reader = "editor" if operation.shows_source_data else "viewer"
    return [tenant.owner, platform.admin, platform.api(platform.member(tenant.client_id, reader))]


@pytest.mark.parametrize("operation", GETS, ids=operation_id)
def test_a_shared_cache_must_not_store_the_response_to_a_request_with_a_token(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    path = operation.url(ids)
    for api in token_callers(platform, tenant, operation):
        for full in (api.get(path), api.get(path)):
            ok(full)
            not_modified = api.get(path, headers={"If-None-Match": full.headers["etag"]})
            for response in (full, not_modified):
                assert shared_age(response) == 0
                assert directives(response).keys() & {"no-store", "private"}
                assert "set-cookie" not in response.headers
            if "no-store" not in directives(full):
                # A browser must revalidate the response before each use, and must store one response per token.
                assert "no-cache" in directives(full)
                assert "authorization" in full.headers["vary"].lower()


@pytest.mark.parametrize("operation", GETS, ids=operation_id)
def test_a_shared_cache_may_store_only_storefront_pages_of_visitors(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    visitor, path = platform.api(), operation.url(ids)
    first, second = visitor.get(path), visitor.get(path)
    if operation not in STOREFRONT_PAGES:
        # Responses of `health` and of pages with a personal link must always be current. The gateway answers all other
        # operations with status 401.
        is_open = operation.name in ("health", "show_unsubscribe_page")
        assert (first.status_code, is_open) in {(200, True), (401, False)}
        assert first.status_code == 401 or directives(first) == {"no-store": ""}
        return
    not_modified = visitor.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert [response.status_code for response in (first, second, not_modified)] == [200, 200, 304]
    for response in (first, second, not_modified):
        assert 0 < shared_age(response) <= MAX_SHARED_AGE
        assert int(directives(response)["stale-while-revalidate"]) <= MAX_SHARED_AGE
        assert {name.strip().lower() for name in response.headers["vary"].split(",")} == {
            "accept-encoding",
            "authorization",
            "origin",
        }
        assert "set-cookie" not in response.headers


def test_four_operations_return_storefront_pages() -> None:
    names = {operation.name for operation in STOREFRONT_PAGES}
    assert names == {"get_storefront", "list_shown_products", "get_shown_product", "get_address_format"}


REFUSED_FOR_COMPLETED_JOBS = (
    "approve_job",
    "cancel_job",
    "decide_job",
    "propose_mapping",
    "retry_job",
    "redrive_dead_letter",
    "dismiss_dead_letter",
)
"""The operations that fail because the job in `ids` is completed."""
WITHOUT_A_RESOURCE = (
    "accept_invitation",
    "accept_machine_membership",
    "subscribe_to_report",
    "unsubscribe_from_report",
)
"""The operations that fail without a certain resource: some need the code of an invitation, and some need a member,
because staff members receive no reports."""
REFUSED_FOR_ORDERS = ("request_return", "replace_order", "cancel_own_order", "confirm_order", "cancel_guest_order")
"""The operations that fail because the order in `ids` is not shipped, or because the caller is not the buyer of the
order."""


@pytest.fixture(scope="module")
def changed_tenant(platform: Platform) -> Tenant:
    """A tenant for the tests of changes. The tests change the client, the catalog and the site of this tenant, but
    delete none of them."""
    return platform.tenant()


@pytest.mark.parametrize("operation", CHANGES, ids=operation_id)
def test_the_response_to_a_change_is_never_stored(
    platform: Platform, changed_tenant: Tenant, operation: Operation
) -> None:
    needs_unchanged_site = "{domain}" in operation.path or operation.name == "verify_domain"
    tenant = platform.tenant() if operation.method == "DELETE" or needs_unchanged_site else changed_tenant
    ids: Mapping[str, str] = Resources(platform, tenant)
    if operation.name == "include_product":
        ok(tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{ids['product_id']}"))
    if operation.name == "revoke_catalog":
        ids = {"catalog_id": tenant.catalog_id, "client_id": platform.client()["id"]}
        ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{ids['client_id']}"))
    response = operation.send(platform.admin, ids)
    assert (
        response.is_success or operation.name in REFUSED_FOR_COMPLETED_JOBS + REFUSED_FOR_ORDERS + WITHOUT_A_RESOURCE
    ), response.text
    assert directives(response) == {"no-store": ""}


# Tests of error responses.


def assert_problem_is_not_stored(response: httpx.Response, status: int, code: str) -> None:
    problem(response, status, code)
    assert directives(response) == {"no-store": ""}
    assert "etag" not in response.headers


@pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.id_parameters], ids=operation_id
)
def test_a_404_response_is_not_stored(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    missing = replaced(ids, operation, NIL)
    for api in [tenant.owner, platform.admin, *([platform.api()] if operation.is_public else [])]:
        for _ in range(2):  # The second 404 response comes from the cache of the API.
            headers = {"If-None-Match": "*"} if operation.method == "GET" else {}
            response = operation.send(api, missing, headers=headers)
            if response.status_code != 403:
                assert_problem_is_not_stored(response, 404, "not_found")


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.id_parameters or operation.is_list],
    ids=operation_id,
)
def test_the_response_to_an_invalid_request_is_not_stored(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    caller = platform.admin if operation.path.startswith("/v1/admin/") else tenant.owner
    for api in [caller, *([platform.api()] if operation.is_public else [])]:
        if operation.id_parameters:
            response = operation.send(api, replaced(ids, operation, "7"))
            assert_problem_is_not_stored(response, 422, "invalid")
        if operation.is_list:
            response = api.get(operation.path.format(**ids), params={"cursor": "x"})
            assert_problem_is_not_stored(response, 400, "bad_cursor")


@pytest.mark.parametrize("operation", STOREFRONT_PAGES, ids=operation_id)
def test_an_error_response_of_a_storefront_is_not_stored(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    unknown_domain = ids | {"domain": f"{uuid4().hex}.test"}
    for _ in range(2):
        response = platform.api().get(operation.url(unknown_domain))
        assert_problem_is_not_stored(response, 404, "not_found")
    response = platform.api().get(operation.url(ids), headers={"Authorization": "Bearer x"})
    assert_problem_is_not_stored(response, 401, "unauthenticated")


@pytest.mark.parametrize(
    "operation",
    [operation for operation in TOKEN_REQUIRED if operation.name not in WITHOUT_A_RESOURCE],
    ids=operation_id,
)
def test_a_403_response_is_not_stored(platform: Platform, operation: Operation, ids: dict[str, str]) -> None:
    # Failed requests count against the caller, so each test has its own caller.
    assert_problem_is_not_stored(operation.send(platform.api(f"nobody-{uuid4()}"), ids), 403, "no_membership")


# Tests of rate limits.


def use_up(platform: Platform, limit: str, bucket: int) -> None:
    """Use up a rate limit. Redis counts the requests of each interval of `bucket` seconds separately."""
    for now in (time.time(), time.time() + bucket):
        platform.redis.hincrby(f"v1:local:{limit}", str(int(now) // bucket), 1_000_000)


@pytest.fixture(scope="module")
def counted(platform: Platform) -> Tenant:
    """A client whose requests only one test counts, by comparing the remaining requests before and after a request."""
    return platform.tenant()


@pytest.fixture(scope="module")
def counted_ids(platform: Platform, counted: Tenant) -> dict[str, str]:
    """The ids of resources of `counted`. A request for a deleted resource also counts."""
    return create_resources(platform, counted)


@pytest.fixture(scope="module")
def used_up(platform: Platform) -> Tenant:
    """A client that has used up its rate limit."""
    tenant = platform.tenant()
    use_up(platform, f"{tenant.client_id}:limit:requests", 60)
    return tenant


def assert_rate_limited(response: httpx.Response, name: str, quota: int, window: int) -> None:
    """Check that the body and the headers of a response report the limit of `quota` requests in `window` seconds."""
    body = problem(response, 429, "rate_limited")
    assert str(quota) in body["detail"]
    assert directives(response) == {"no-store": ""}
    seconds = int(response.headers["retry-after"])
    # The window moves in whole intervals, and an interval lasts at most a sixth of the window. Therefore a caller can
    # have to wait for seven sixths of the window.
    assert 0 < seconds <= window * 7 // 6
    assert response.headers["ratelimit"].split(", ")[-1] == f'"{name}";r=0;t={seconds}'
    assert response.headers["ratelimit-policy"].split(", ")[-1] == f'"{name}";q={quota};w={window}'
    assert "etag" not in response.headers


def remaining(response: httpx.Response) -> dict[str, int]:
    """Map the name of each rate limit to the number of remaining requests."""
    items = (item.split(";") for item in response.headers["ratelimit"].split(", "))
    return {name.strip('"'): int(count.removeprefix("r=")) for name, count, _ in items}


@pytest.mark.parametrize("operation", TOKEN_REQUIRED, ids=operation_id)
def test_every_request_counts_against_the_limit_of_the_client(
    platform: Platform, counted: Tenant, counted_ids: dict[str, str], operation: Operation
) -> None:
    owner = counted.owner
    if operation.name == "revoke_own_sessions":  # the owner of `counted` must still be able to send requests
        owner = platform.api(platform.member(counted.client_id))
    before = remaining(owner.get("/v1/me"))["requests"]
    assert remaining(operation.send(owner, counted_ids))["requests"] == before - 1


@pytest.mark.parametrize("operation", TOKEN_REQUIRED, ids=operation_id)
def test_requests_beyond_the_limit_of_the_client_are_refused(
    platform: Platform, operation: Operation, used_up: Tenant, ids: dict[str, str]
) -> None:
    # This request caches the session, because operations without a membership find the client only in a cached session.
    used_up.owner.get("/v1/me")
    assert_rate_limited(operation.send(used_up.owner, ids), "requests", 1000, 3600)


@pytest.mark.parametrize("operation", STOREFRONT_PAGES, ids=operation_id)
def test_requests_of_visitors_count_against_the_storefront_limit(platform: Platform, operation: Operation) -> None:
    tenant = platform.tenant()
    path, visitor = operation.url(create_resources(platform, tenant)), platform.api()
    platform.api().get(path)  # a response from the cache never costs more than one request
    first = remaining(visitor.get(path))
    assert remaining(visitor.get(path)) == {name: count - 1 for name, count in first.items()}
    assert first.keys() == {"address", "storefront"}
    assert remaining(platform.api("customer:a@example.test").get(path)).keys() == {"address", "storefront"}
    use_up(platform, f"{tenant.client_id}:limit:storefront", 60)
    for api in (visitor, platform.api("customer:a@example.test")):
        assert_rate_limited(api.get(path), "storefront", 20_000, 3600)
    # The requests of members count against another limit, `requests`.
    ok(tenant.owner.get("/v1/me"))


def test_an_expensive_database_query_of_a_visitor_counts_as_several_requests(
    platform: Platform, tenant: Tenant
) -> None:
    path = f"/v1/storefront/{tenant.domain}/products"
    visitor, other = platform.api(), platform.api()
    ok(other.get(path))
    before = remaining(visitor.get(path))["address"]
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(platform.endpoints.database) as connection:
            connection.execute("lock table site_product_exclusions in access exclusive mode")
            platform.eventually(lambda: platform.replica.execute(LOCKED).fetchone() == {"is_locked": True})
            slow = pool.submit(visitor.get, f"{path}?sort=-price")
            platform.eventually(lambda: platform.replica.execute(WAITING).fetchone() == {"is_waiting": True})
            time.sleep(0.6)
        assert remaining(slow.result())["address"] == before - 1
    assert before - remaining(visitor.get(path))["address"] >= 2 + (0.5 - 0.1) // 0.025


@pytest.mark.skipif(sys.platform != "linux", reason="on this operating system all visitors share one address")
@pytest.mark.parametrize("operation", STOREFRONT_PAGES, ids=operation_id)
def test_the_limit_of_an_ip_address_applies_to_visitors_with_and_without_a_token(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    source = address()
    ok(tenant.owner.get("/v1/me"))
    path = operation.url(ids)
    with httpx.Client(
        base_url=platform.endpoints.api, transport=httpx.HTTPTransport(verify=TLS, local_address=source), timeout=30
    ) as visitor:
        assert remaining(visitor.get(path))["address"] == 599
        use_up(platform, f"public:limit:address:{source}", 10)
        for headers in (
            {},
            {"x-forwarded-for": "127.1.2.3"},
            {"forwarded": "for=127.1.2.3"},
            {"x-real-ip": "127.1.2.3"},
        ):
            assert_rate_limited(visitor.get(path, headers=headers), "address", 600, 60)
        token = platform.api("customer:b@example.test").headers["Authorization"]
        assert_rate_limited(visitor.get(path, headers={"Authorization": token}), "address", 600, 60)
        # The requests of a member count only against the limit of the client.
        ok(visitor.get("/v1/me", headers={"Authorization": tenant.owner.headers["Authorization"]}))
    ok(platform.api().get(path))


def test_a_request_with_a_304_response_counts_against_the_limit(platform: Platform) -> None:
    tenant = platform.tenant()
    full = tenant.owner.get("/v1/sites")

    def revalidate() -> httpx.Response:
        return tenant.owner.get("/v1/sites", headers={"If-None-Match": full.headers["etag"]})

    counts = [remaining(revalidate())["requests"] for _ in range(3)]
    assert counts == [remaining(full)["requests"] - number for number in (1, 2, 3)]


def test_requests_of_platform_staff_have_no_rate_limit(platform: Platform) -> None:
    for subject in ("admin", "support"):
        assert "ratelimit" not in platform.api(subject).get("/v1/catalogs").headers
