"""A create request with a repeated idempotency key is not executed again. The caller gets the first response again."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.faults.environment import FULL
from tests.functions.operations import Operation, all_operations, operation_id, request_body
from tests.functions.resources import Resources
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

CREATES = [
    operation
    for operation in all_operations()
    if operation.method == "POST"
    and "201" in operation.definition["responses"]
    and operation.name not in ("request_return", "replace_order")  # see tests/functions/test_order_life.py
]
CONCURRENT_REQUESTS = 50 if FULL else 8
"""The number of concurrent requests with the same key. Each function instance handles one request at a time."""
COUNTS: dict[str, LiteralString] = {
    "create_client": "select count(*) from clients where name = %s",
    "create_site": "select count(*) from sites where name = %s",
    "create_catalog": "select count(*) from catalogs where name = %s",
    "create_product": "select count(*) from products where name = %s",
    "create_upload": "select count(*) from uploads where name = %s",
    "create_order_destination": "select count(*) from order_destinations where name = %s",
    "create_schedule": "select count(*) from schedules where name = %s",
    "create_report_subscription": "select count(*) from report_subscriptions where name = %s",
    "create_webhook": "select count(*) from webhooks where description = %s",
    "create_order": "select count(*) from orders where customer_name = %s",
    "upload_image": "select count(*) from images where bytes = %s",
    "add_machine": "select count(*) from client_users where user_id = 'machine:' || %s",
    "invite_member": "select count(*) from invitations where email = %s",
    "invite_staff_member": "select count(*) from invitations where email = %s",
}
"""Maps each create operation to a statement that counts the rows with a given value of the distinguishing field."""


@dataclass(frozen=True)
class Create:
    """A valid create request, and a caller who is allowed to send this request."""

    platform: Platform
    tenant: Tenant
    operation: Operation
    ids: Mapping[str, str]
    api: httpx.Client
    body: Json

    def send(self, key: str, **changes: object) -> httpx.Response:
        """Send the create request with an idempotency key. `changes` replace the values of body fields."""
        path = self.operation.url(self.ids)
        return self.api.post(path, json=self.body | changes, headers={"Idempotency-Key": key})

    @property
    def distinguishing_field(self) -> str:
        """The name of the body field that has a different value in each create request."""
        fields = {
            "upload_image": "bytes",
            "add_machine": "machine_id",
            "invite_member": "email",
            "invite_staff_member": "email",
        }
        return fields.get(self.operation.name, self.operation.name_field)

    def different_field(self) -> Json:
        """Return the distinguishing field, with a value that differs from its value in `body`."""
        value = self.body[self.distinguishing_field]
        return {self.distinguishing_field: value + 1 if isinstance(value, int) else f"too-{value}"}

    @property
    def row_count(self) -> int:
        """The number of rows that the create request has inserted."""
        statement = COUNTS[self.operation.name]
        row = self.platform.database.execute(statement, [self.body[self.distinguishing_field]]).fetchone()
        assert row is not None
        return int(row["count"])


@pytest.fixture
def create(platform: Platform, request: pytest.FixtureRequest) -> Create:
    """Return a create request for a new tenant.

    Each test has a new tenant, because the retries of all tests together would use up the hourly limit of one tenant.
    """
    operation: Operation = request.param
    tenant = platform.tenant()
    ids = Resources(platform, tenant)
    api = platform.admin if operation.name in ("create_client", "invite_staff_member") else tenant.owner
    return Create(platform, tenant, operation, ids, api, request_body(operation.name, ids))


each_create = pytest.mark.parametrize("create", CREATES, indirect=True, ids=operation_id)


SECRETS = {"secret", "url", "expires_at"}
"""The fields that a repeated response omits or renews: secrets, presigned URLs and their expiry times."""


def repeatable(body: Json) -> Json:
    """Return the part of a response that must be equal in a replayed response."""
    if not {"secret", "upload", "headers"} & body.keys():
        return body
    values = {name: repeatable(value | {"headers": {}}) if name == "upload" else value for name, value in body.items()}
    return {name: value for name, value in values.items() if name not in SECRETS}


def new_key() -> str:
    return str(uuid4())


def test_every_create_operation_accepts_an_idempotency_key() -> None:
    names = {"client", "site", "catalog", "order", "order_destination", "product", "schedule", "upload", "webhook"}
    names.add("report_subscription")
    others = {"upload_image", "add_machine", "invite_member", "invite_staff_member"}
    assert {create.name for create in CREATES} == {f"create_{name}" for name in names} | others
    for create in CREATES:
        assert create.has_parameter("Idempotency-Key")


@each_create
def test_a_repeated_create_request_gets_the_first_response_again(create: Create) -> None:
    key = new_key()
    first = create.send(key)
    body = created(first)
    assert "idempotent-replayed" not in first.headers
    for _ in range(3):
        replayed = create.send(key)
        assert (replayed.status_code, repeatable(replayed.json())) == (201, repeatable(body))
        if repeatable(body) == body:
            assert replayed.content == first.content
            assert replayed.headers["etag"] == first.headers["etag"]
        for header in ("content-type", "cache-control"):
            assert replayed.headers[header] == first.headers[header]
        assert replayed.headers["idempotent-replayed"] == "true"
        assert replayed.headers["x-request-id"] != first.headers["x-request-id"]
    assert create.row_count == 1


@each_create
def test_a_repeated_idempotency_key_with_a_different_body_is_refused(create: Create) -> None:
    key = new_key()
    first = created(create.send(key))
    problem(create.send(key, **create.different_field()), 422, "idempotency_key_reused")
    assert repeatable(created(create.send(key))) == repeatable(first)
    assert create.row_count == 1


def test_a_repeated_idempotency_key_with_a_different_path_is_refused(platform: Platform, tenant: Tenant) -> None:
    headers = {"Idempotency-Key": new_key()}
    other_catalog = platform.catalog(owner=tenant.client_id)["id"]
    new = {"sku": uuid4().hex, "name": "Mug", "price": "1.00"}
    created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new, headers=headers))
    response = tenant.owner.post(f"/v1/catalogs/{other_catalog}/products", json=new, headers=headers)
    problem(response, 422, "idempotency_key_reused")


def test_a_repeated_idempotency_key_with_different_parameters_is_refused(platform: Platform, tenant: Tenant) -> None:
    ids, headers = Resources(platform, tenant), {"Idempotency-Key": new_key()}
    path = f"/v1/webhooks/{ids['webhook_id']}/replay"
    first = tenant.owner.post(path, params={"since": "2026-01-01T00:00:00Z"}, headers=headers)
    assert first.status_code == 202
    later = tenant.owner.post(path, params={"since": "2026-02-01T00:00:00Z"}, headers=headers)
    problem(later, 422, "idempotency_key_reused")
    again = tenant.owner.post(path, params={"since": "2026-01-01T00:00:00Z"}, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")


@each_create
def test_an_idempotency_key_is_refused_while_another_request_with_this_key_is_running(create: Create) -> None:
    key = new_key()
    locks: dict[str, tuple[LiteralString, str]] = {
        # Each statement blocks a create request. The insert of a client waits for another insert with the same slug.
        # Any other insert waits for the lock of a row to which the new resource refers.
        "create_client": ("insert into clients (name, slug) values ('concurrent', %s)", create.body.get("slug", "")),
        "create_site": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_catalog": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_product": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
        "create_upload": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_order_destination": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_schedule": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
        "create_report_subscription": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_webhook": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_order": ("select from products where id = %s for update", create.ids["product_id"]),
        "upload_image": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
        "add_machine": ("select from clients where id = %s for update", create.tenant.client_id),
        "invite_member": ("select from clients where id = %s for update", create.tenant.client_id),
        # The insert waits until another insert with the same address ends.
        "invite_staff_member": (
            "insert into invitations (email, role, invited_by) values (%s, 'support', 'a test')",
            create.body.get("email", ""),
        ),
    }
    statement, parameter = locks[create.operation.name]
    with ThreadPoolExecutor(1) as pool:
        with create.platform.holding(statement, [parameter]) as lock:
            request = pool.submit(create.send, key)
            lock.wait_for(1)
            problem(create.send(key), 409, "idempotency_key_in_use")
            # The response does not reveal whether the running request has the same body.
            problem(create.send(key, **create.different_field()), 409, "idempotency_key_in_use")
        first = request.result()
    created(first)
    assert repeatable(create.send(key).json()) == repeatable(first.json())
    assert create.row_count == 1


def test_idempotency_keys_of_different_callers_are_independent(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    key = new_key()
    colleague = platform.api(platform.member(tenant.client_id, "editor"))
    ids = []
    for api, client in (
        (tenant.owner, tenant.client_id),
        (colleague, tenant.client_id),
        (other_tenant.owner, other_tenant.client_id),
        (platform.admin, tenant.client_id),
    ):
        new = {"name": "One of many", "type": "manual", "owner_client_id": client}
        response = api.post("/v1/catalogs", json=new, headers={"Idempotency-Key": key})
        assert "idempotent-replayed" not in response.headers
        ids.append(created(response)["id"])
    assert len(set(ids)) == len(ids)


def test_a_response_is_not_replayed_to_another_caller(platform: Platform, tenant: Tenant, other_tenant: Tenant) -> None:
    headers, path = {"Idempotency-Key": new_key()}, f"/v1/catalogs/{tenant.catalog_id}/products"
    new = {"sku": uuid4().hex, "name": "Mug", "price": "1.00"}
    created(tenant.owner.post(path, json=new, headers=headers))
    problem(other_tenant.owner.post(path, json=new, headers=headers), 404, "not_found")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post(path, json=new, headers=headers), 403, "forbidden")
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    problem(editor.post(path, json=new, headers=headers), 409, "already_exists")


def test_a_response_is_not_replayed_to_a_former_member(platform: Platform) -> None:
    tenant = platform.tenant()
    new = {"name": "Mine", "type": "manual", "owner_client_id": tenant.client_id}
    headers = {"Idempotency-Key": new_key()}
    created(tenant.owner.post("/v1/catalogs", json=new, headers=headers))
    platform.arrange("delete from client_users where client_id = %s", [tenant.client_id])
    problem(tenant.owner.post("/v1/catalogs", json=new, headers=headers), 403, "no_membership")


def test_a_response_is_not_replayed_to_a_member_whose_role_was_reduced(platform: Platform) -> None:
    tenant = platform.tenant()
    headers = {"Idempotency-Key": new_key()}
    path, new = f"/v1/catalogs/{tenant.catalog_id}/products", {"sku": uuid4().hex, "name": "Mug", "price": "1.00"}
    first = created(tenant.owner.post(path, json=new, headers=headers))
    platform.arrange("update client_users set role = 'viewer' where client_id = %s", [tenant.client_id])
    problem(tenant.owner.post(path, json=new, headers=headers), 403, "forbidden")
    platform.arrange("update client_users set role = 'editor' where client_id = %s", [tenant.client_id])
    assert created(tenant.owner.post(path, json=new, headers=headers)) == first


def test_a_response_is_not_replayed_after_one_of_two_memberships_has_ended(platform: Platform) -> None:
    tenant, other = platform.tenant(), platform.tenant()
    subject = platform.member(tenant.client_id)
    platform.arrange(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [other.client_id, subject],
    )
    headers, api = {"Idempotency-Key": new_key()}, platform.api(subject)
    new = {"client_id": tenant.client_id, "url": "https://example.com/hooks", "events": ["job.*"]}
    created(api.post("/v1/webhooks", json=new, headers=headers))
    platform.arrange("delete from client_users where client_id = %s and user_id = %s", [tenant.client_id, subject])
    problem(api.post("/v1/webhooks", json=new, headers=headers), 403, "forbidden")


def test_a_response_is_not_replayed_to_a_machine_that_has_moved_to_another_client(
    platform: Platform,
) -> None:
    """The request does not name a client, so the machine is still allowed to send the request."""
    former, current = platform.tenant(), platform.tenant()
    subject = platform.member(former.client_id, "editor")
    api, body = platform.api(subject), {"name": "file.csv", "size": 1}
    headers = {"idempotency-key": f"upload {uuid4()}"}
    first = created(api.post("/v1/uploads", json=body, headers=headers))
    assert first["client_id"] == former.client_id
    platform.arrange("update client_users set client_id = %s where user_id = %s", [current.client_id, subject])
    problem(api.post("/v1/uploads", json=body, headers=headers), 409, "rights_ended")
    assert created(api.post("/v1/uploads", json=body))["client_id"] == current.client_id


def test_a_response_is_not_replayed_while_the_client_is_inactive(platform: Platform) -> None:
    tenant = platform.tenant()
    new = {"name": "Mine", "type": "manual", "owner_client_id": tenant.client_id}
    headers = {"Idempotency-Key": new_key()}
    created(tenant.owner.post("/v1/catalogs", json=new, headers=headers))
    platform.arrange("update clients set is_active = false where id = %s", [tenant.client_id])
    problem(tenant.owner.post("/v1/catalogs", json=new, headers=headers), 403, "no_membership")


def test_a_response_is_not_replayed_after_a_grant_was_revoked(platform: Platform) -> None:
    tenant = platform.tenant()
    granted = platform.catalog()["id"]
    ok(platform.admin.put(f"/v1/catalogs/{granted}/grants/{tenant.client_id}"))
    headers = {"Idempotency-Key": new_key()}
    new = {"client_id": tenant.client_id, "name": "Shop", "catalog_id": granted}
    site = created(tenant.owner.post("/v1/sites", json=new, headers=headers))
    ok(tenant.owner.patch(f"/v1/sites/{site['id']}", json={"catalog_id": None}))
    assert platform.admin.delete(f"/v1/catalogs/{granted}/grants/{tenant.client_id}").status_code == 204
    refused = problem(tenant.owner.post("/v1/sites", json=new, headers=headers), 422, "invalid")
    assert pointers(refused) == ["/catalog_id"]


def test_a_replayed_rotation_response_does_not_contain_the_secret(platform: Platform, tenant: Tenant) -> None:
    ids = Resources(platform, tenant)
    headers, path = {"Idempotency-Key": new_key()}, f"/v1/webhooks/{ids['webhook_id']}/rotate"
    secret = ok(tenant.owner.post(path, headers=headers))["secret"]
    assert secret.startswith("whsec_")
    assert ok(tenant.owner.post(path, headers=headers))["secret"] is None
    current = platform.database.execute(
        "select secret from webhook_secrets where webhook_id = %s and expires_at is null", [ids["webhook_id"]]
    )
    assert current.fetchall() == [{"secret": secret}]


@each_create
def test_stored_responses_contain_no_secrets_and_no_presigned_urls(create: Create) -> None:
    key = new_key()
    first = created(create.send(key))
    row = create.platform.database.execute("select body, headers::text from idempotency_keys where key = %s", [key])
    (stored,) = row.fetchall()
    text = stored["body"] + stored["headers"]
    assert "whsec_" not in text
    assert "X-Amz-" not in text
    assert "secret" not in first or first["secret"] not in text


def test_the_replayed_response_of_an_upload_has_a_new_url_that_accepts_the_file(tenant: Tenant) -> None:
    headers = {"Idempotency-Key": new_key()}
    new = {"name": "rows.csv", "size": 3, "client_id": tenant.client_id}
    first = created(tenant.owner.post("/v1/uploads", json=new, headers=headers))
    replayed = created(tenant.owner.post("/v1/uploads", json=new, headers=headers))
    assert replayed["id"] == first["id"]
    sent = httpx.put(replayed["url"], content=b"sku", headers=replayed["headers"])
    assert sent.status_code == 200


def test_a_replayed_import_creates_no_second_job(platform: Platform, tenant: Tenant) -> None:
    headers = {"Idempotency-Key": new_key()}
    new = {"catalog_id": tenant.catalog_id, "rows": [{"sku": uuid4().hex, "name": "Mug", "price": "1.00"}]}
    first = ok(tenant.owner.post("/v1/products/bulk-import", json=new, headers=headers))
    assert ok(tenant.owner.post("/v1/products/bulk-import", json=new, headers=headers)) == first
    jobs = platform.database.execute("select id::text from jobs where catalog_id = %s", [tenant.catalog_id]).fetchall()
    assert [job["id"] for job in jobs].count(first["id"]) == 1


def test_a_repeated_request_without_a_response_body_is_not_executed_again(platform: Platform, tenant: Tenant) -> None:
    subject = platform.substitute("support")
    rows = platform.database.execute("select id from admin_users where user_id = %s", [subject]).fetchall()
    path, key = f"/v1/admin/members/{rows[0]['id']}/revoke-sessions", {"Idempotency-Key": uuid4().hex}
    first = platform.admin.post(path, headers=key)
    platform.arrange("delete from revoked_sessions where subject = %s", [subject])
    second = platform.admin.post(path, headers=key)
    assert [(response.status_code, response.content) for response in (first, second)] == [(204, b"")] * 2
    assert second.headers["idempotent-replayed"] == "true"
    count = "select count(*) from revoked_sessions where subject = %s"
    assert platform.database.execute(count, [subject]).fetchone() == {"count": 0}


def test_the_idempotency_key_of_a_failed_create_request_can_be_used_again(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/catalogs/{tenant.catalog_id}/products"
    existing = platform.product(tenant)
    new = {"sku": existing["sku"], "name": "Mug", "price": "1.00"}
    headers = {"Idempotency-Key": new_key()}
    problem(tenant.owner.post(path, json=new | {"price": "x"}, headers=headers), 422, "invalid")
    for _ in range(2):
        problem(tenant.owner.post(path, json=new, headers=headers), 409, "already_exists")
    ok(tenant.owner.patch(f"/v1/products/{existing['id']}", json={"sku": uuid4().hex}))
    response = tenant.owner.post(path, json=new, headers=headers)
    assert (response.status_code, "idempotent-replayed" in response.headers) == (201, False)
    assert tenant.owner.post(path, json=new, headers=headers).content == response.content


def test_an_idempotency_key_expires_after_24_hours(platform: Platform, tenant: Tenant) -> None:
    new = {"name": "Daily", "type": "manual", "owner_client_id": tenant.client_id}
    headers = {"Idempotency-Key": new_key()}
    first = created(tenant.owner.post("/v1/catalogs", json=new, headers=headers))
    set_age: LiteralString = "update idempotency_keys set created_at = now() - %s::interval where key = %s"
    platform.database.execute(set_age, ["23 hours 59 minutes", headers["Idempotency-Key"]])
    assert created(tenant.owner.post("/v1/catalogs", json=new, headers=headers)) == first
    platform.database.execute(set_age, ["24 hours 1 second", headers["Idempotency-Key"]])
    second = created(tenant.owner.post("/v1/catalogs", json=new | {"name": "Another day"}, headers=headers))
    assert second["id"] != first["id"]


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"], ids=["empty", "too long", "not printable"])
def test_an_invalid_idempotency_key_is_refused(tenant: Tenant, key: str) -> None:
    new = {"name": "Never", "type": "manual", "owner_client_id": tenant.client_id}
    response = tenant.owner.post("/v1/catalogs", json=new, headers={"Idempotency-Key": key})
    problem(response, 400, "bad_idempotency_key")
    assert created(tenant.owner.post("/v1/catalogs", json=new, headers={"Idempotency-Key": "k" * 255}))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        yield pool


@each_create
def test_concurrent_create_requests_with_the_same_idempotency_key_insert_only_one_row(
    create: Create, pool: ThreadPoolExecutor
) -> None:
    key, barrier = new_key(), threading.Barrier(CONCURRENT_REQUESTS)

    def send_until_created(_: int) -> httpx.Response:
        """Retry until the status is 201, like a client that did not receive the response to its first request."""
        barrier.wait(20)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            response = create.send(key)
            if response.status_code == 201:
                return response
            # The status is 503 if all instances of the function are busy.
            if response.status_code != 503:
                problem(response, 409, "idempotency_key_in_use")
            time.sleep(0.1)
        raise AssertionError("no final response within 30 seconds")

    responses = list(pool.map(send_until_created, range(CONCURRENT_REQUESTS)))
    assert len({json.dumps(repeatable(response.json())) for response in responses}) == 1
    assert len([response for response in responses if "idempotent-replayed" not in response.headers]) == 1
    assert create.row_count == 1


def test_a_response_that_was_stored_without_rights_is_not_replayed(
    platform: Platform,
) -> None:
    tenant = platform.tenant()
    new = {"client_id": tenant.client_id, "url": "https://example.com/hooks", "events": ["job.*"]}
    headers = {"Idempotency-Key": new_key()}
    created(tenant.owner.post("/v1/webhooks", json=new, headers=headers))
    platform.arrange(
        "update idempotency_keys set is_staff = null, client_ids = null, person_client_ids = null where key = %s",
        [headers["Idempotency-Key"]],
    )
    problem(tenant.owner.post("/v1/webhooks", json=new, headers=headers), 409, "rights_ended")
    assert len(ok(tenant.owner.get("/v1/webhooks"))["data"]) == 1
