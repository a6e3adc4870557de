"""Conditional requests (RFC 9110): an unchanged resource is not sent again, and an outdated update is refused."""

import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.faults.environment import FULL
from tests.functions.operations import Operation, all_operations, operation_id, request_body
from tests.functions.resources import Resources, create_resources
from tests.platform import Json, Platform, Tenant, ok, problem
from wecelebrate.core.etags import etag

OPERATIONS = all_operations()
DATABASE_FREE = ("health", "list_problems", "get_problem")
"""The read operations that do not use the database."""
READS = [
    operation
    for operation in OPERATIONS
    if operation.method == "GET" and operation.name not in DATABASE_FREE and not operation.is_customer_only
]
VOLATILE = {
    "get_usage",
    "show_cache",
    "show_queues",
    "list_dead_letters",
    "list_audit",
    "get_fulfilment_report",
    "get_platform_report",
    "get_report_file",
    "get_error_file",
    "get_result_file",
}
"""The read operations whose response changes each time, because it contains counts, the activity of other tests, or a
signed URL."""
SHARED_LISTS = {"list_staff": "get_staff_member", "list_staff_invitations": "get_staff_invitation"}
"""Maps each list of the whole platform to the operation that reads one row of the list. Other tests can add rows to
these lists at any time.
"""
NEVER_CACHED = {
    "list_images",
    "get_image",
    "list_jobs",
    "list_erasures",
    "get_erasure",
    "list_exports",
    "get_export",
    "get_job",
    "get_product_source",
    "get_product_price",
    "get_product_stock",
    "list_rejected_rows",
    "get_reading",
    "list_webhooks",
    "get_webhook",
    "list_members",
    "get_member",
    "list_invitations",
    "get_invitation",
    "list_staff",
    "get_staff_member",
    "list_staff_invitations",
    "get_staff_invitation",
    "list_webhook_deliveries",
    "get_webhook_delivery",
    "me",
    "list_flags",
    "list_row_security_suspensions",
    "list_key_families",
    "inspect_documents",
    "get_kv_status",
    "list_kv_gates",
    "list_kv_stages",
    "get_dead_letter",
    "get_fulfilment_report",
    "get_platform_report",
    "get_report_file",
    "list_events",
    "list_mails",
    "get_mail",
    "list_suppressions",
    "get_job_first_api",
    "get_job_status_first_api",
    "list_order_destinations",
    "get_order_destination",
    "list_order_export_runs",
    "list_report_subscriptions",
    "get_report_subscription",
    "show_unsubscribe_page",
    "list_schedules",
    "get_schedule",
    "get_upload",
    "list_order_events",
    "list_order_lines",
    "list_shipments",
    "list_returns_of_order",
    "list_returns",
    "get_return",
} | VOLATILE
"""The read operations that are never cached. The database answers each request."""
CHANGES = [
    operation
    for operation in OPERATIONS
    if operation.has_parameter("if-match")
    and operation.method != "POST"
    and not operation.path.startswith("/v1/admin/")
]
"""The PUT, PATCH and DELETE requests of resources. `test_order_life.py` tests the actions, which are POST requests.
`test_members.py` tests the requests that change staff members."""
UPDATES = [operation for operation in CHANGES if operation.method in ("PUT", "PATCH")]
PATCHES = [operation for operation in CHANGES if operation.method == "PATCH"]
OTHER_TAG = '"0123456789abcdef0123456789abcdef"'
WRITERS = 8
ROUNDS = 3 if FULL else 1
"""How often the test of concurrent updates repeats the updates."""
LOCKS: dict[str, LiteralString] = {
    "clients": "select from clients where id = %s for update",
    "sites": "select from sites where id = %s for update",
    "catalogs": "select from catalogs where id = %s for update",
    "products": "select from products where id = %s for update",
    "order-destinations": "select from order_destinations where id = %s for update",
    "members": "select from client_users where id = %s for update",
    "orders": "select from orders where id = %s for update",
    "report-subscriptions": "select from report_subscriptions where id = %s for update",
    "schedules": "select from schedules where id = %s for update",
    "webhooks": "select from webhooks where id = %s for update",
}
"""Maps the path segment before the id to the statement that locks the row of a resource."""


@dataclass(frozen=True)
class Resource:
    """A resource, and an operation that changes this resource. Only one test uses the tenant of the resource."""

    platform: Platform
    tenant: Tenant
    operation: Operation
    ids: Mapping[str, str]
    api: httpx.Client
    """An API client with the token of a user who is allowed to change the resource."""

    @property
    def path(self) -> str:
        return self.operation.url(self.ids)

    def change(self, if_match: str | None, api: httpx.Client | None = None, **fields: object) -> httpx.Response:
        """Send the operation with an If-Match header. If `if_match` is None, the header is omitted."""
        headers = {"If-Match": if_match} if if_match is not None else {}
        has_body = "requestBody" in self.operation.definition
        body = request_body(self.operation.name, self.ids) | fields if has_body else None
        return (api or self.api).request(self.operation.method, self.path, headers=headers, json=body)

    def rename(self, if_match: str, name: str) -> httpx.Response:
        """Send the operation with a new name for the resource."""
        fields: dict[str, object] = {self.operation.name_field: name}
        return self.change(if_match, None, **fields)

    def read(self) -> httpx.Response:
        response = self.api.get(self.path)
        ok(response)
        return response

    @property
    def tag(self) -> str:
        return str(self.read().headers["etag"])


@pytest.fixture
def resource(platform: Platform, request: pytest.FixtureRequest) -> Resource:
    tenant = platform.tenant()
    operation: Operation = request.param
    # Only an admin is allowed to change a client. An owner is allowed to change all other resources.
    subject = "admin" if "{client_id}" in operation.path else platform.member(tenant.client_id)
    api = platform.api(subject, any_state=False)
    ids = Resources(platform, tenant)
    # Building the URL creates the resource, so that the threads of a test do not create it concurrently.
    assert operation.url(ids)
    return Resource(platform, tenant, operation, ids, api)


each_change = pytest.mark.parametrize("resource", CHANGES, indirect=True, ids=operation_id)
each_update = pytest.mark.parametrize("resource", UPDATES, indirect=True, ids=operation_id)
each_patch = pytest.mark.parametrize("resource", PATCHES, indirect=True, ids=operation_id)


def reader(platform: Platform, tenant: Tenant, operation: Operation) -> httpx.Client:
    """Return an API client that is allowed to send the operation."""
    if operation.path.startswith("/v1/admin/"):
        return platform.admin
    return platform.api() if operation.is_public else tenant.owner


# Tests of reads.


@pytest.fixture(scope="module")
def unread_tenant(platform: Platform) -> Tenant:
    """A tenant that only the test of cache misses and cache hits reads."""
    return platform.tenant()


@pytest.fixture(scope="module")
def unread(platform: Platform, unread_tenant: Tenant) -> dict[str, str]:
    """The ids of the resources of `unread_tenant`."""
    return create_resources(platform, unread_tenant)


@pytest.mark.parametrize("operation", READS, ids=operation_id)
def test_a_cached_and_an_uncached_response_have_the_same_etag(
    platform: Platform, unread_tenant: Tenant, unread: dict[str, str], operation: Operation
) -> None:
    # The product was just created, so the cache already contains it. This change removes the product from the cache.
    platform.arrange("update products set description = 'New' where id = %s", [unread["product_id"]])
    path, api = operation.url(unread), reader(platform, unread_tenant, operation)
    miss, hit = api.get(path), api.get(path)
    for _ in range(20):
        if hit.headers.get("cache-status") != "wecelebrate; fwd=miss":
            break
        hit = api.get(path)  # another test can have changed a catalog, which invalidates all lists of catalogs
    for _ in range(20 if operation.name in ("list_staff", "list_staff_invitations") else 0):
        if hit.content == miss.content:
            break
        miss, hit = api.get(path), api.get(path)  # Another test has added a staff member between the two reads.
    for response in (miss, hit):
        ok(response)
        assert re.fullmatch('(W/)?"[0-9a-f]{32}"', response.headers["etag"])
        is_coded = "content-encoding" in response.headers
        assert response.headers["etag"] == ("W/" if is_coded else "") + etag(response.text)
    if operation.name in NEVER_CACHED:
        assert not [response for response in (miss, hit) if "cache-status" in response.headers]
    else:
        statuses = [response.headers["cache-status"] for response in (miss, hit)]
        assert statuses == ["wecelebrate; fwd=miss", "wecelebrate; hit"]
    if operation.name not in VOLATILE:
        assert (hit.content, hit.headers["etag"]) == (miss.content, miss.headers["etag"])


@pytest.mark.parametrize(
    "operation", [operation for operation in READS if operation.name not in VOLATILE], ids=operation_id
)
def test_a_read_with_the_current_etag_gets_status_304(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    path, api = operation.url(ids), reader(platform, tenant, operation)
    if operation.name in SHARED_LISTS:
        (of_one,) = (read for read in READS if read.name == SHARED_LISTS[operation.name])
        email = ok(api.get(of_one.url(ids)))["email"]
        path = str(httpx.URL(path).copy_add_param("email", email))
    full = api.get(path)
    assert operation.name not in SHARED_LISTS or len(full.json()["data"]) == 1
    tag = full.headers["etag"].removeprefix("W/")
    for if_none_match in (tag, f"W/{tag}", f"{OTHER_TAG}, {tag}", f'W/{OTHER_TAG} ,W/{tag},"x"', "*"):
        response = api.get(path, headers={"If-None-Match": if_none_match})
        # The response repeats the weak or strong ETag that the caller has sent.
        expected = f"W/{tag}" if f"W/{tag}" in if_none_match else tag
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", expected)
        for header in ("cache-control", "vary", "link"):
            assert response.headers.get(header) == full.headers.get(header)
    for if_none_match in (OTHER_TAG, f"W/{OTHER_TAG}", tag.strip('"'), tag.upper() + "x", "", '"*"'):
        response = api.get(path, headers={"If-None-Match": if_none_match})
        assert (response.status_code, response.content) == (200, full.content)


@each_update
def test_a_read_after_a_change_returns_the_new_state(resource: Resource) -> None:
    before = resource.tag
    resource.read()
    changed = resource.rename(before, f"Changed {uuid4().hex}")
    assert ok(changed)[resource.operation.name_field].startswith("Changed")
    after = resource.api.get(resource.path, headers={"If-None-Match": before})
    assert (after.status_code, after.content) == (200, changed.content)
    # The next change can use the ETag from the response to the previous change.
    assert after.headers["etag"] == changed.headers["etag"] != before
    ok(resource.change(changed.headers["etag"]))


@each_patch
def test_an_empty_patch_keeps_the_etag(resource: Resource) -> None:
    before = resource.tag
    response = resource.api.patch(resource.path, json={}, headers={"If-Match": before})
    assert (response.status_code, response.headers["etag"], resource.tag) == (200, before, before)


def test_changing_a_name_back_does_not_restore_the_earlier_etag(platform: Platform, tenant: Tenant) -> None:
    api, path = tenant.owner, f"/v1/products/{platform.product(tenant)['id']}"
    first = api.get(path)
    for name in ("Another", first.json()["name"]):
        ok(api.patch(path, json={"name": name}))
    response = api.patch(path, json={"name": "x"}, headers={"If-Match": first.headers["etag"]})
    problem(response, 412, "precondition_failed")


# Tests of changes.


def test_every_change_of_a_resource_requires_an_if_match_header() -> None:
    paths = {
        "/v1/clients/{client_id}",
        "/v1/sites/{site_id}",
        "/v1/catalogs/{catalog_id}",
        "/v1/products/{product_id}",
        "/v1/order-destinations/{destination_id}",
        "/v1/clients/{client_id}/members/{member_id}",
        "/v1/orders/{order_id}",
        "/v1/report-subscriptions/{subscription_id}",
        "/v1/schedules/{schedule_id}",
        "/v1/webhooks/{webhook_id}",
    }
    changes = [
        operation
        for operation in OPERATIONS
        if operation.path in paths and operation.method in ("PUT", "PATCH", "DELETE")
    ]
    assert {operation.name for operation in CHANGES} == {operation.name for operation in changes}
    assert len(changes) == 20


@each_change
def test_a_change_without_an_if_match_header_is_refused(resource: Resource) -> None:
    before = resource.read()
    problem(resource.change(None), 428, "precondition_required")
    assert resource.read().content == before.content


@each_change
def test_a_change_with_an_outdated_etag_is_refused(resource: Resource) -> None:
    before = resource.read()
    tag = before.headers["etag"]
    for if_match in (OTHER_TAG, f"W/{OTHER_TAG}", f'{OTHER_TAG}, "x"', tag.strip('"'), "", '"*"'):
        problem(resource.change(if_match), 412, "precondition_failed")
    assert resource.read().content == before.content


@each_change
def test_a_change_with_the_current_etag_succeeds(resource: Resource) -> None:
    assert resource.change(f"{OTHER_TAG}, {resource.tag}").is_success


@each_change
def test_a_star_as_if_match_matches_any_etag(resource: Resource) -> None:
    assert resource.change("*").is_success


def test_deactivating_a_product_with_an_outdated_etag_is_refused(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/products/{platform.product(tenant)['id']}"
    outdated = tenant.owner.get(path).headers["etag"]
    current = tenant.owner.patch(path, json={"price": "2.00"}).headers["etag"]
    problem(tenant.owner.delete(path, headers={"If-Match": outdated}), 412, "precondition_failed")
    assert ok(tenant.owner.get(path))["is_active"] is True
    assert tenant.owner.delete(path, headers={"If-Match": current}).status_code == 204
    assert ok(tenant.owner.get(path))["is_active"] is False


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WRITERS) as pool:
        yield pool


@each_update
def test_only_one_of_two_updates_that_wait_for_the_same_row_succeeds(
    resource: Resource, pool: ThreadPoolExecutor
) -> None:
    table, row_id = resource.path.split("/")[-2:]
    tag = resource.tag
    with resource.platform.holding(LOCKS[table], [row_id]) as lock:
        # Each request first compares its `If-Match` with the current ETag, and then waits for the row lock.
        requests = [pool.submit(resource.rename, tag, f"Change {number}") for number in range(2)]
        lock.wait_for(2)
    success, failure = sorted((request.result() for request in requests), key=lambda response: response.status_code)
    problem(failure, 412, "precondition_failed")
    assert resource.read().json() == ok(success)


@each_patch
def test_only_one_of_many_concurrent_updates_with_the_same_etag_succeeds(
    resource: Resource, pool: ThreadPoolExecutor
) -> None:
    for _ in range(ROUNDS):
        responses = update_concurrently(resource, pool, resource.tag)
        successes = [response for response in responses if response.status_code != 412]
        assert [response.status_code for response in successes] == [200]
        assert resource.read().content == successes[0].content


@each_patch
def test_all_concurrent_updates_with_a_star_as_if_match_succeed(resource: Resource, pool: ThreadPoolExecutor) -> None:
    responses = update_concurrently(resource, pool, "*")
    assert [response.status_code for response in responses] == [200] * WRITERS
    assert resource.read().content in [response.content for response in responses]


def update_concurrently(resource: Resource, pool: ThreadPoolExecutor, if_match: str) -> list[httpx.Response]:
    """Send updates from WRITERS threads at the same time. Return all responses."""
    barrier = threading.Barrier(WRITERS)

    def update(number: int) -> httpx.Response:
        barrier.wait(10)
        return resource.rename(if_match, f"Change {number} {uuid4().hex}")

    return list(pool.map(update, range(WRITERS)))


# Tests of permissions.


@each_change
def test_a_viewer_cannot_change_a_resource_with_the_current_etag(resource: Resource) -> None:
    viewer = resource.platform.api(resource.platform.member(resource.tenant.client_id, "viewer"), any_state=False)
    before = resource.read()
    tag = viewer.get(resource.path).headers["etag"]
    # A viewer reads the order with masked personal data, so the ETag for the viewer is different.
    assert (tag == before.headers["etag"]) == (not resource.path.startswith("/v1/orders/"))
    for if_match in (tag, "*"):
        body: Json = problem(resource.change(if_match, viewer), 403, "forbidden")
        assert set(body) <= {"type", "title", "status", "code", "request_id"}
    assert resource.read().content == before.content


@each_change
def test_a_conditional_request_for_an_object_of_another_client_gets_404(
    resource: Resource, other_tenant: Tenant
) -> None:
    api = resource.platform.api(resource.platform.member(other_tenant.client_id), any_state=False)
    before = resource.read()
    bodies = []
    for tag in (None, before.headers["etag"], OTHER_TAG, "*"):
        bodies.append(problem(resource.change(tag, api), 404, "not_found"))
        response = api.get(resource.path, headers={"If-None-Match": tag or ""})
        bodies.append(problem(response, 404, "not_found"))
    distinct = {tuple(sorted((key, str(body[key])) for key in body if key != "request_id")) for body in bodies}
    assert len(distinct) == 1
    assert resource.read().content == before.content
