"""Tests that every operation follows the RFCs of HTTP: HEAD, 404, 405, Location, and strict parameters and bodies."""

import re
from uuid import uuid4

import httpx
import pytest

from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import Resources
from tests.functions.test_conditional_requests import VOLATILE
from tests.functions.test_order_life import mails_to, place, token_in
from tests.platform import Platform, Tenant, ok, pointers, problem

OPERATIONS = all_operations()
PUBLIC_READS = [operation for operation in OPERATIONS if operation.method == "GET" and not operation.is_customer_only]
CHANGES = [
    operation for operation in OPERATIONS if operation.has_parameter("if-match") and not operation.is_customer_only
]
WITH_QUERY = [
    operation
    for operation in OPERATIONS
    if any(parameter["in"] == "query" for parameter in operation.definition.get("parameters", []))
]
WITH_BODY = [operation for operation in OPERATIONS if "requestBody" in operation.definition]
CREATES = [
    operation
    for operation in OPERATIONS
    if {"201", "202"} & operation.definition["responses"].keys()
    and operation.name not in ("complete_image", "record_events")
]
"""The operations that create an object or a job.

The list omits `complete_image`, which needs a file in S3 (tests/images/test_uploads.py), and `record_events`, whose
response has no location.
"""
BUYER_READS = [operation for operation in OPERATIONS if operation.method == "GET" and operation.is_customer_only]
KEYED = [operation for operation in OPERATIONS if operation.has_parameter("Idempotency-Key")]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PATHS = {operation.path: operation for operation in OPERATIONS}
CHANGING_HEADERS = {"date", "apigw-requestid", "x-request-id", "ratelimit", "cache-status"}
OTHER_TAG = '"0123456789abcdef0123456789abcdef"'


def lasting_headers(response: httpx.Response, *, volatile: bool) -> dict[str, str]:
    """Return the headers that must be equal in two responses with the same content.

    The cursor in the `Link` header is omitted for a volatile list, because each response begins at a different row.
    """
    changing = CHANGING_HEADERS | ({"etag", "content-length"} if volatile else set())
    headers = {name: value for name, value in response.headers.items() if name not in changing}
    if volatile and "link" in headers:
        headers["link"] = re.sub(r"cursor=[^>&]+", "cursor=…", headers["link"])
    return headers


@pytest.mark.parametrize("operation", PUBLIC_READS, ids=operation_id)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_head_request_returns_only_the_headers_of_a_get_response(
    operation: Operation, coding: str, platform: Platform, ids: dict[str, str]
) -> None:
    path, headers = operation.url(ids), {"accept-encoding": coding}
    is_volatile = operation.name in VOLATILE
    platform.admin.get(path, headers=headers)
    for _ in range(20):
        get = platform.admin.get(path, headers=headers)
        head = platform.admin.head(path, headers=headers)
        tag = get.headers.get("etag", "*")
        conditional = platform.admin.head(path, headers={**headers, "if-none-match": tag})
        if is_volatile or {get.headers.get("etag"), head.headers.get("etag")} == {conditional.headers.get("etag")}:
            break  # otherwise, another test has changed a list between the requests
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    assert lasting_headers(head, volatile=is_volatile) == lasting_headers(get, volatile=is_volatile)
    assert int(head.headers["content-length"]) > 0
    if "etag" in get.headers and not is_volatile:
        assert (conditional.status_code, conditional.headers["etag"]) == (304, tag)


@pytest.mark.parametrize("operation", BUYER_READS, ids=operation_id)
def test_a_head_request_of_a_buyer_returns_only_the_headers_of_a_get_response(
    operation: Operation, platform: Platform, tenant: Tenant
) -> None:
    is_guest = operation.name == "get_guest_order"
    buyer = platform.api() if is_guest else platform.api("customer:head")
    email = f"{uuid4().hex}@example.test"
    order = place(buyer, tenant, (platform.product(tenant), 1), customer_email=email)
    path = operation.path.format(domain=tenant.domain, order_id=order["id"])
    if is_guest:
        body = {"order_number": order["order_number"], "email": email}
        assert buyer.post(f"/v1/storefront/{tenant.domain}/orders/lookup", json=body).status_code == 202
        (mail,) = [mail for mail in mails_to(platform, email, 2) if "link" in mail.subject]
        path += f"?token={token_in(mail.text)[1]['token'][0]}"
    get, head = buyer.get(path), buyer.head(path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    assert lasting_headers(head, volatile=False) == lasting_headers(get, volatile=False)
    assert int(head.headers["content-length"]) > 0


def test_a_head_request_needs_a_token_and_counts_against_the_limit(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/catalogs/{tenant.catalog_id}"
    assert platform.api().head(path).status_code == 401
    assert platform.api("admin").head(f"/v1/catalogs/{uuid4()}").status_code == 404
    remaining = [
        int(tenant.owner.request(method, path).headers["ratelimit"].partition("r=")[2].partition(";")[0])
        for method in ("GET", "HEAD", "GET")
    ]
    assert remaining == [remaining[0], remaining[0] - 1, remaining[0] - 2]


@pytest.mark.parametrize("operation", OPERATIONS, ids=operation_id)
def test_every_operation_refuses_an_unknown_parameter(
    operation: Operation, platform: Platform, ids: dict[str, str]
) -> None:
    refused = problem(operation.send(platform.admin, ids, params={"unknown_name": "1"}), 422, "invalid")
    assert refused["errors"] == [{"pointer": "unknown_name", "detail": "is not a known parameter"}]


@pytest.mark.parametrize("operation", WITH_QUERY, ids=operation_id)
def test_every_operation_refuses_a_duplicate_parameter(
    operation: Operation, platform: Platform, ids: dict[str, str]
) -> None:
    names = [parameter["name"] for parameter in operation.definition["parameters"] if parameter["in"] == "query"]
    query = "&".join(f"{name}=1&{name}=1" for name in names)
    response = platform.admin.request(operation.method, operation.url(ids).partition("?")[0] + f"?{query}")
    assert pointers(problem(response, 422, "invalid")) == names


@pytest.mark.parametrize("operation", WITH_BODY, ids=operation_id)
def test_every_operation_refuses_a_duplicate_json_key(
    operation: Operation, platform: Platform, ids: dict[str, str]
) -> None:
    response = operation.send(
        platform.admin,
        ids,
        json=None,
        content=b'{"name": "a", "settings": {"public": {"x": 1, "x": 2}}}',
        headers={"content-type": "application/json"},
    )
    assert pointers(problem(response, 422, "invalid")) == ["/settings/public/x"]


@pytest.mark.parametrize("operation", CREATES, ids=operation_id)
def test_a_create_response_and_its_replay_have_the_same_location_header(
    operation: Operation, platform: Platform
) -> None:
    tenant = platform.tenant()
    own = Resources(platform, tenant)
    request = {"headers": {"Idempotency-Key": str(uuid4())}}
    if operation.has_parameter("if-match"):
        request["headers"]["If-Match"] = "*"
        ok(platform.admin.post(f"/v1/orders/{own['order_id']}/ship", json={}, headers={"If-Match": "*"}))
    first = operation.send(platform.admin, own, **request)
    assert first.status_code in (201, 202), first.text
    location = first.headers["location"]
    assert location.startswith("/") and "{" not in location
    if operation.name != "look_up_order":  # the response contains no order, because the link is in a mail
        assert ok(platform.admin.get(location))
    if "requestBody" not in operation.definition:
        again = operation.send(platform.admin, own, **request)
        assert (again.headers["idempotent-replayed"], again.headers["location"]) == ("true", location)
        return
    again = platform.admin.request(
        first.request.method,
        first.request.url.raw_path.decode(),
        content=first.request.content,
        headers={"content-type": "application/json", **request["headers"]},
    )
    assert (again.headers["idempotent-replayed"], again.headers["location"]) == ("true", location)


@pytest.mark.parametrize("operation", CHANGES, ids=operation_id)
def test_the_error_of_a_refused_change_contains_the_current_etag(
    operation: Operation, platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    own = Resources(platform, tenant)
    path = operation.url(own)
    strict = platform.api("admin", any_state=False)
    # The resource of an action, e.g. of /v1/orders/{order_id}/ship, is the order.
    resource = path if operation.path.endswith("}") else "/".join(path.split("/")[:4])
    tag = strict.get(resource).headers["etag"].removeprefix("W/")
    missing = operation.send(strict, own, headers={"If-Match": ""})
    assert (missing.status_code, missing.headers["etag"]) == (412, tag)
    outdated = operation.send(strict, own, headers={"If-Match": OTHER_TAG})
    assert (outdated.status_code, outdated.headers["etag"]) == (412, tag)
    sent = outdated.request
    content_type = {"content-type": "application/json"} if sent.content else {}
    absent = strict.request(operation.method, path, content=sent.content, headers=content_type)
    assert (absent.status_code, absent.headers["etag"]) == (428, tag)
    if operation.name not in ("replace_client", "change_client"):
        hidden = operation.send(other_tenant.owner, own, headers={"If-Match": OTHER_TAG})
        expected = 403 if operation.path.startswith("/v1/admin/") else 404
        assert (hidden.status_code, "etag" in hidden.headers) == (expected, False)
    weak = operation.send(strict, own, headers={"If-Match": f"W/{tag}"})
    # These two fail because nothing was shipped.
    assert weak.is_success or operation.name in ("request_return", "replace_order"), weak.text


def test_the_error_of_a_refused_cancellation_contains_the_current_etag_of_the_order(
    platform: Platform,
) -> None:
    tenant = platform.tenant()  # other tests of this module change the site of the shared tenant
    ok(platform.admin.patch(f"/v1/sites/{tenant.site_id}", json={"cancel_window_minutes": 60}))
    buyer = platform.api("customer:cancels", any_state=False)
    order = place(buyer, tenant, (platform.product(tenant), 1))
    path = f"/v1/storefront/{tenant.domain}/orders/{order['id']}"
    tag = buyer.get(path).headers["etag"].removeprefix("W/")
    absent = buyer.post(f"{path}/cancel", json={})
    assert (absent.status_code, absent.headers["etag"]) == (428, tag)
    for outdated in ("", OTHER_TAG):
        refused = buyer.post(f"{path}/cancel", json={}, headers={"If-Match": outdated})
        assert (refused.status_code, refused.headers["etag"]) == (412, tag)
    other = platform.api("customer:other").post(f"{path}/cancel", json={}, headers={"If-Match": OTHER_TAG})
    assert (other.status_code, "etag" in other.headers) == (404, False)
    assert ok(buyer.post(f"{path}/cancel", json={}, headers={"If-Match": f"W/{tag}"}))["status"] == "cancelled"


@pytest.mark.parametrize("operation", PATHS.values(), ids=lambda operation: operation.path)
def test_the_response_to_an_unsupported_method_lists_the_supported_methods_of_the_path(
    operation: Operation, platform: Platform, ids: dict[str, str]
) -> None:
    path = operation.url(ids).partition("?")[0]
    supported = {each.method for each in OPERATIONS if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.path), path)}
    supported |= {"HEAD"} if "GET" in supported else set()
    allowed = ", ".join([*(method for method in METHODS if method in supported), "OPTIONS"])
    for method in (*METHODS, "TRACE"):
        if method not in supported:
            response = platform.api().request(method, path)
            assert (response.status_code, response.headers["allow"]) == (405, allowed), method
            assert response.headers["content-type"] == "application/problem+json"
            assert not response.content if method == "HEAD" else response.json()["code"] == "method_not_allowed"
    options = platform.api().options(path)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_an_unsupported_method_gets_405_with_the_supported_methods(method: str, platform: Platform) -> None:
    response = platform.api().request(method, "/v1/clients")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_an_options_request_without_cors_headers_returns_the_supported_methods(platform: Platform) -> None:
    response = platform.api().options(f"/v1/clients/{uuid4()}")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, PUT, PATCH, OPTIONS")


def test_a_browser_can_send_head_requests_and_read_the_response_headers(platform: Platform) -> None:
    headers = {"origin": "http://shop.example", "access-control-request-method": "HEAD"}
    preflight = platform.api().options("/v1/clients", headers=headers)
    assert preflight.status_code == 204
    assert "HEAD" in preflight.headers["access-control-allow-methods"]
    response = platform.api().get("/v1/health", headers={"origin": "http://shop.example"})
    exposed = response.headers["access-control-expose-headers"].split(",")
    assert {"allow", "etag", "job-dispatch", "location"} <= set(exposed)


def test_the_type_of_a_problem_is_the_url_of_its_documentation(platform: Platform) -> None:
    unknown = problem(platform.api().get("/v1/nowhere"), 404, "unknown_path")
    page = httpx.get(unknown["type"], headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert unknown["title"] in page.text
    functions_problem = problem(platform.admin.get(f"/v1/clients/{uuid4()}"), 404, "not_found")
    assert httpx.get(functions_problem["type"], headers={"accept": "application/json"}).json()["code"] == "not_found"


@pytest.mark.parametrize("operation", KEYED, ids=operation_id)
def test_every_operation_with_an_idempotency_key_refuses_an_empty_key(
    operation: Operation, platform: Platform, ids: dict[str, str]
) -> None:
    refused = operation.send(platform.admin, ids, headers={"Idempotency-Key": ""})
    problem(refused, 400, "bad_idempotency_key")


def test_every_post_operation_except_events_accepts_an_idempotency_key() -> None:
    posts = {operation.name for operation in OPERATIONS if operation.method == "POST"}
    # The id of an event has the same purpose as an idempotency key.
    assert posts - {operation.name for operation in KEYED} == {"record_events"}


@pytest.mark.parametrize("key", ["", "a,b"])
def test_an_empty_or_repeated_idempotency_key_is_refused(key: str, platform: Platform, ids: dict[str, str]) -> None:
    create = next(operation for operation in OPERATIONS if operation.name == "create_catalog")
    problem(create.send(platform.admin, ids, headers={"Idempotency-Key": key}), 400, "bad_idempotency_key")
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    problem(create.send(platform.admin, ids, headers=twice), 400, "bad_idempotency_key")
