"""Idempotency keys: a create that is sent twice is done once, and answered the same."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.functions.calls import Call, body, calls, ids_of
from tests.platform import Json, Platform, Tenant, created, ok, problem

CREATES = [call for call in calls() if call.verb == "POST" and "201" in call.operation["responses"]]
AT_ONCE = 50


def named(call: Call) -> str:
    return call.name


@dataclass(frozen=True)
class Create:
    """A create, as those send it who may."""

    platform: Platform
    tenant: Tenant
    call: Call
    ids: Mapping[str, str]
    api: httpx.Client
    new: Json

    def send(self, key: str, api: httpx.Client | None = None, **more: object) -> httpx.Response:
        path = self.call.path.format(**self.ids)
        return (api or self.api).post(path, json=self.new | more, headers={"Idempotency-Key": key})

    @property
    def mark(self) -> str:
        """The field that it is known by."""
        return "bytes" if self.call.name == "upload_image" else self.call.label

    def other(self) -> Json:
        """What differs in the body of another request."""
        given = self.new[self.mark]
        return {self.mark: given + 1 if isinstance(given, int) else f"{given} too"}

    @property
    def made(self) -> int:
        """How many were made of it."""
        counts: dict[str, LiteralString] = {
            "create_client": "select count(*) from clients where name = %s",
            "create_site": "select count(*) from sites where name = %s",
            "create_catalog": "select count(*) from catalogs where name = %s",
            "create_product": "select count(*) from products where name = %s",
            "create_upload": "select count(*) from uploads where name = %s",
            "create_schedule": "select count(*) from schedules where name = %s",
            "create_webhook": "select count(*) from webhooks where description = %s",
            "create_order": "select count(*) from orders where customer_name = %s",
            "upload_image": "select count(*) from images where bytes = %s",
        }
        row = self.platform.database.execute(counts[self.call.name], [self.new[self.mark]]).fetchone()
        assert row is not None
        return int(row["count"])


@pytest.fixture
def create(platform: Platform, request: pytest.FixtureRequest) -> Create:
    """Of a tenant of its own: the hour's limit of one is soon used up by fifty who insist."""
    call: Call = request.param
    tenant = platform.tenant()
    ids = ids_of(platform, tenant)
    api = platform.admin if call.name == "create_client" else tenant.owner
    return Create(platform, tenant, call, ids, api, body(call.name, ids))


each = pytest.mark.parametrize("create", CREATES, indirect=True, ids=named)


def key() -> str:
    return str(uuid4())


def test_every_create_takes_a_key() -> None:
    names = {"client", "site", "catalog", "order", "product", "schedule", "upload", "webhook"}
    assert {call.name for call in CREATES} == {f"create_{name}" for name in names} | {"upload_image"}
    for call in CREATES:
        assert "Idempotency-Key" in [one["name"] for one in call.operation["parameters"]]


@each
def test_the_same_again_is_answered_the_same_byte_by_byte(create: Create) -> None:
    again = key()
    first = create.send(again)
    created(first)
    assert "idempotent-replayed" not in first.headers
    for _ in range(3):
        replayed = create.send(again)
        assert (replayed.status_code, replayed.content) == (201, first.content)
        for header in ("etag", "content-type", "cache-control"):
            assert replayed.headers[header] == first.headers[header]
        assert replayed.headers["idempotent-replayed"] == "true"
        assert replayed.headers["x-request-id"] != first.headers["x-request-id"]
    assert create.made == 1


@each
def test_a_key_is_good_for_one_body(create: Create) -> None:
    again = key()
    first = created(create.send(again))
    problem(create.send(again, **create.other()), 422, "idempotency_key_reused")
    assert created(create.send(again)) == first
    assert create.made == 1


def test_a_key_is_good_for_one_path(platform: Platform, tenant: Tenant) -> None:
    headers, other = {"Idempotency-Key": key()}, platform.catalog(owner=tenant.client_id)["id"]
    new = {"sku": uuid4().hex, "name": "Mug", "price": "1.00"}
    created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new, headers=headers))
    answer = tenant.owner.post(f"/v1/catalogs/{other}/products", json=new, headers=headers)
    problem(answer, 422, "idempotency_key_reused")


@each
def test_while_one_is_being_made_the_other_is_told_so(create: Create) -> None:
    again = key()
    holds: dict[str, tuple[LiteralString, str]] = {
        # A client waits for another of its slug; the others for what they belong to.
        "create_client": ("insert into clients (name, slug) values ('held up', %s)", create.new.get("slug", "")),
        "create_site": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_catalog": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_product": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
        "create_upload": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_schedule": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
        "create_webhook": ("select from clients where id = %s for update", create.tenant.client_id),
        "create_order": ("select from products where id = %s for update", create.ids["product_id"]),
        "upload_image": ("select from catalogs where id = %s for update", create.tenant.catalog_id),
    }
    statement, parameter = holds[create.call.name]
    with ThreadPoolExecutor(1) as pool:
        with create.platform.holding(statement, [parameter]) as lock:
            sent = pool.submit(create.send, again)
            lock.wait_for(1)
            problem(create.send(again), 409, "idempotency_key_in_use")
            # Nor is it told whether the other's body is the same.
            problem(create.send(again, **create.other()), 409, "idempotency_key_in_use")
        first = sent.result()
    created(first)
    assert create.send(again).content == first.content
    assert create.made == 1


def test_a_key_is_its_callers_own(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    again = key()
    colleague = platform.api(platform.member(tenant.client_id, "editor"))
    made = []
    for api, client in (
        (tenant.owner, tenant.client_id),
        (colleague, tenant.client_id),
        (stranger.owner, stranger.client_id),
        (platform.admin, tenant.client_id),
    ):
        new = {"name": "One of many", "type": "manual", "owner_client_id": client}
        answer = api.post("/v1/catalogs", json=new, headers={"Idempotency-Key": again})
        assert "idempotent-replayed" not in answer.headers
        made.append(created(answer)["id"])
    assert len(set(made)) == len(made)


def test_nobody_is_answered_with_what_another_made(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    again, path = key(), f"/v1/catalogs/{tenant.catalog_id}/products"
    new = {"sku": uuid4().hex, "name": "Mug", "price": "1.00"}
    created(tenant.owner.post(path, json=new, headers={"Idempotency-Key": again}))
    problem(stranger.owner.post(path, json=new, headers={"Idempotency-Key": again}), 404, "not_found")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post(path, json=new, headers={"Idempotency-Key": again}), 403, "forbidden")
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    problem(editor.post(path, json=new, headers={"Idempotency-Key": again}), 409, "already_exists")


def test_who_is_out_is_not_answered_any_more(platform: Platform) -> None:
    tenant = platform.tenant()
    new, headers = {"name": "Mine", "type": "manual", "owner_client_id": tenant.client_id}, {"Idempotency-Key": key()}
    created(tenant.owner.post("/v1/catalogs", json=new, headers=headers))
    platform.arrange("delete from client_users where client_id = %s", [tenant.client_id])
    problem(tenant.owner.post("/v1/catalogs", json=new, headers=headers), 403, "no_membership")


def test_a_create_that_failed_is_not_remembered(platform: Platform, tenant: Tenant) -> None:
    again, path = key(), f"/v1/catalogs/{tenant.catalog_id}/products"
    in_the_way = platform.product(tenant)
    new = {"sku": in_the_way["sku"], "name": "Mug", "price": "1.00"}
    headers = {"Idempotency-Key": again}
    problem(tenant.owner.post(path, json=new | {"price": "x"}, headers=headers), 422, "invalid")
    for _ in range(2):
        problem(tenant.owner.post(path, json=new, headers=headers), 409, "already_exists")
    ok(tenant.owner.patch(f"/v1/products/{in_the_way['id']}", json={"sku": uuid4().hex}))
    answer = tenant.owner.post(path, json=new, headers=headers)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)
    assert tenant.owner.post(path, json=new, headers=headers).content == answer.content


def test_a_key_is_remembered_for_a_day(platform: Platform, tenant: Tenant) -> None:
    new = {"name": "Daily", "type": "manual", "owner_client_id": tenant.client_id}
    headers = {"Idempotency-Key": key()}
    first = created(tenant.owner.post("/v1/catalogs", json=new, headers=headers))
    aged: LiteralString = "update idempotency_keys set created_at = now() - %s::interval where key = %s"
    platform.database.execute(aged, ["23 hours 59 minutes", headers["Idempotency-Key"]])
    assert created(tenant.owner.post("/v1/catalogs", json=new, headers=headers)) == first
    platform.database.execute(aged, ["24 hours 1 second", headers["Idempotency-Key"]])
    second = created(tenant.owner.post("/v1/catalogs", json=new | {"name": "Another day"}, headers=headers))
    assert second["id"] != first["id"]


@pytest.mark.parametrize("wrong", ["", "k" * 256, "a\tb"], ids=["empty", "too long", "not printable"])
def test_a_key_that_is_none_is_refused(tenant: Tenant, wrong: str) -> None:
    new = {"name": "Never", "type": "manual", "owner_client_id": tenant.client_id}
    answer = tenant.owner.post("/v1/catalogs", json=new, headers={"Idempotency-Key": wrong})
    problem(answer, 422, "invalid")
    assert created(tenant.owner.post("/v1/catalogs", json=new, headers={"Idempotency-Key": "k" * 255}))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


@each
def test_of_fifty_at_once_one_is_made(create: Create, pool: ThreadPoolExecutor) -> None:
    again, ready = key(), threading.Barrier(AT_ONCE)

    def insist(_: int) -> httpx.Response:
        """Send it until it is answered for good, as a client does that lost the answer."""
        ready.wait(20)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = create.send(again)
            if answer.status_code == 201:
                return answer
            # 503: fifty at once are more than the function's concurrency.
            if answer.status_code != 503:
                problem(answer, 409, "idempotency_key_in_use")
            time.sleep(0.1)
        raise AssertionError("no answer for good")

    answers = list(pool.map(insist, range(AT_ONCE)))
    assert len({answer.content for answer in answers}) == 1
    assert len([answer for answer in answers if "idempotent-replayed" not in answer.headers]) == 1
    assert create.made == 1
