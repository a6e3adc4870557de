"""Conditional requests (RFC 9110): what has not changed is not sent again; what changed since is not overwritten."""

import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.functions.calls import Call, body, calls, ids_of
from tests.platform import Json, Platform, Tenant, ok, problem
from wecelebrate.core.etags import etag

CALLS = calls()
READS = [call for call in CALLS if call.verb == "GET" and call.name != "health" and not call.own]
MOVING = {"get_usage", "show_cache", "show_queues", "list_dead_letters", "list_audit"}
"""Reads that are different each time: each is counted by the next, or tells of what all tests do."""
NEVER_KEPT = {
    "list_images",
    "get_image",
    "list_jobs",
    "get_job",
    "list_webhooks",
    "get_webhook",
    "list_webhook_deliveries",
    "get_webhook_delivery",
    "me",
    "list_flags",
    "get_dead_letter",
    "list_mails",
    "get_mail",
    "list_suppressions",
    "get_job_first_api",
    "get_job_status_first_api",
    "list_schedules",
    "get_schedule",
} | MOVING
"""Reads that are answered by the database alone."""
CHANGES = [call for call in CALLS if any(one["name"] == "if-match" for one in call.operation.get("parameters", []))]
REPLACING = [call for call in CHANGES if call.verb in ("PUT", "PATCH")]
PATCHES = [call for call in CHANGES if call.verb == "PATCH"]
OTHER = '"0123456789abcdef0123456789abcdef"'
WRITERS = 8


def named(call: Call) -> str:
    return call.name


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    return ids_of(platform, tenant)


@dataclass(frozen=True)
class Thing:
    """What an operation changes, of a tenant that nobody else knows, as those may write it who may."""

    platform: Platform
    tenant: Tenant
    call: Call
    ids: Mapping[str, str]
    api: httpx.Client

    @property
    def path(self) -> str:
        return self.call.path.format(**self.ids)

    def change(self, if_match: str | None, api: httpx.Client | None = None, **more: object) -> httpx.Response:
        """Ask for the change, with this If-Match."""
        headers = {"If-Match": if_match} if if_match is not None else {}
        given = {"json": body(self.call.name, self.ids) | more} if "requestBody" in self.call.operation else {}
        return (api or self.api).request(self.call.verb, self.path, headers=headers, **given)  # type: ignore[arg-type]

    def rename(self, if_match: str, name: str) -> httpx.Response:
        """Ask for another name, or whatever it is known by."""
        named: dict[str, Any] = {self.call.label: name}
        return self.change(if_match, **named)

    def read(self) -> httpx.Response:
        answer = self.api.get(self.path)
        ok(answer)
        return answer

    @property
    def tag(self) -> str:
        return str(self.read().headers["etag"])


@pytest.fixture
def thing(platform: Platform, request: pytest.FixtureRequest) -> Thing:
    tenant = platform.tenant()
    call: Call = request.param
    # Only admins write clients; the others are their owner's.
    subject = "admin" if "{client_id}" in call.path else platform.member(tenant.client_id)
    return Thing(platform, tenant, call, ids_of(platform, tenant), platform.api(subject, any_state=False))


each_change = pytest.mark.parametrize("thing", CHANGES, indirect=True, ids=named)
each_replacing = pytest.mark.parametrize("thing", REPLACING, indirect=True, ids=named)
each_patch = pytest.mark.parametrize("thing", PATCHES, indirect=True, ids=named)


def reader(platform: Platform, tenant: Tenant, call: Call) -> httpx.Client:
    """Who may make a read."""
    if call.path.startswith("/v1/admin/"):
        return platform.admin
    return platform.api() if call.public else tenant.owner


# Reading.


@pytest.mark.parametrize("call", READS, ids=named)
def test_a_hit_has_the_tag_of_the_miss(platform: Platform, call: Call) -> None:
    tenant = platform.tenant()
    ids = ids_of(platform, tenant)
    # A product that was just written is in the cache already.
    platform.arrange("update products set source_data = '{\"row\": 1}' where id = %s", [ids["product_id"]])
    path, api = call.path.format(**ids), reader(platform, tenant, call)
    miss, hit = api.get(path), api.get(path)
    for _ in range(20):
        if hit.headers.get("cache-status") != "wecelebrate; fwd=miss":
            break
        hit = api.get(path)  # a change of anybody's catalog ends all lists of catalogs
    for answer in (miss, hit):
        ok(answer)
        assert re.fullmatch('"[0-9a-f]{32}"', answer.headers["etag"])
        assert answer.headers["etag"] == etag(answer.text)
    if call.name in NEVER_KEPT:
        assert not [answer for answer in (miss, hit) if "cache-status" in answer.headers]
    else:
        told = [answer.headers["cache-status"] for answer in (miss, hit)]
        assert told == ["wecelebrate; fwd=miss", "wecelebrate; hit"]
    if call.name not in MOVING:
        assert (hit.content, hit.headers["etag"]) == (miss.content, miss.headers["etag"])


@pytest.mark.parametrize("call", [call for call in READS if call.name not in MOVING], ids=named)
def test_who_has_it_is_not_sent_it_again(platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]) -> None:
    path, api = call.path.format(**ids), reader(platform, tenant, call)
    full = api.get(path)
    tag = full.headers["etag"]
    for seen in (tag, f"W/{tag}", f"{OTHER}, {tag}", f'W/{OTHER} ,W/{tag},"x"', "*"):
        answer = api.get(path, headers={"If-None-Match": seen})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        for header in ("cache-control", "vary", "link"):
            assert answer.headers.get(header) == full.headers.get(header)
    for seen in (OTHER, f"W/{OTHER}", tag.strip('"'), tag.upper() + "x", "", '"*"'):
        answer = api.get(path, headers={"If-None-Match": seen})
        assert (answer.status_code, answer.content) == (200, full.content)


@each_replacing
def test_what_was_changed_is_sent_at_once(thing: Thing) -> None:
    before = thing.tag
    thing.read()
    changed = thing.rename(before, f"Changed {uuid4().hex}")
    assert ok(changed)[thing.call.label].startswith("Changed")
    after = thing.api.get(thing.path, headers={"If-None-Match": before})
    assert (after.status_code, after.content) == (200, changed.content)
    # What a change answers is the state that it made: its tag is good for the next one.
    assert after.headers["etag"] == changed.headers["etag"] != before
    ok(thing.change(changed.headers["etag"]))


@each_patch
def test_a_change_of_nothing_leaves_the_tag(thing: Thing) -> None:
    before = thing.tag
    answer = thing.api.patch(thing.path, json={}, headers={"If-Match": before})
    assert (answer.status_code, answer.headers["etag"], thing.tag) == (200, before, before)


def test_a_name_that_comes_back_is_another_state(platform: Platform, tenant: Tenant) -> None:
    api, path = tenant.owner, f"/v1/products/{platform.product(tenant)['id']}"
    first = api.get(path)
    for name in ("Another", first.json()["name"]):
        ok(api.patch(path, json={"name": name}))
    problem(
        api.patch(path, json={"name": "x"}, headers={"If-Match": first.headers["etag"]}), 412, "precondition_failed"
    )


# Changing.


def test_every_change_of_a_thing_asks_for_its_state() -> None:
    things = {
        "/v1/clients/{client_id}",
        "/v1/sites/{site_id}",
        "/v1/catalogs/{catalog_id}",
        "/v1/products/{product_id}",
        "/v1/schedules/{schedule_id}",
        "/v1/webhooks/{webhook_id}",
    }
    changes = [call for call in CALLS if call.path in things and call.verb in ("PUT", "PATCH", "DELETE")]
    assert {call.name for call in CHANGES} == {call.name for call in changes}
    assert len(changes) == 13


@each_change
def test_a_change_without_a_state_is_refused(thing: Thing) -> None:
    before = thing.read()
    problem(thing.change(None), 428, "precondition_required")
    assert thing.read().content == before.content


@each_change
def test_a_change_of_another_state_is_refused(thing: Thing) -> None:
    before = thing.read()
    tag = before.headers["etag"]
    # If-Match compares strongly: a weak tag is never the same.
    for other in (OTHER, f"W/{tag}", f'{OTHER}, "x"', tag.strip('"'), "", '"*"'):
        problem(thing.change(other), 412, "precondition_failed")
    assert thing.read().content == before.content


@each_change
def test_a_change_of_the_state_that_is_there_is_made(thing: Thing) -> None:
    assert thing.change(f"{OTHER}, {thing.tag}").is_success


@each_change
def test_a_star_is_any_state(thing: Thing) -> None:
    assert thing.change("*").is_success


def test_a_product_that_changed_is_not_taken_off(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/products/{platform.product(tenant)['id']}"
    seen = tenant.owner.get(path).headers["etag"]
    changed = tenant.owner.patch(path, json={"price": "2.00"}).headers["etag"]
    problem(tenant.owner.delete(path, headers={"If-Match": seen}), 412, "precondition_failed")
    assert ok(tenant.owner.get(path))["is_active"] is True
    assert tenant.owner.delete(path, headers={"If-Match": changed}).status_code == 204
    assert ok(tenant.owner.get(path))["is_active"] is False


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WRITERS) as pool:
        yield pool


@each_replacing
def test_of_two_changes_of_one_state_exactly_one_is_made(thing: Thing, pool: ThreadPoolExecutor) -> None:
    table = thing.path.split("/")[2]
    held = {
        "clients": "select from clients where id = %s for update",
        "sites": "select from sites where id = %s for update",
        "catalogs": "select from catalogs where id = %s for update",
        "products": "select from products where id = %s for update",
        "schedules": "select from schedules where id = %s for update",
        "webhooks": "select from webhooks where id = %s for update",
    }
    tag = thing.tag
    with thing.platform.holding(held[table], [thing.path.split("/")[3]]) as lock:
        # Both have found the state that they were told, and come to change it.
        sent = [pool.submit(thing.rename, tag, f"Change {n}") for n in range(2)]
        lock.wait_for(2)
    made, refused = sorted((one.result() for one in sent), key=lambda answer: answer.status_code)
    problem(refused, 412, "precondition_failed")
    assert thing.read().json() == ok(made)


@each_patch
def test_of_many_changes_of_one_state_exactly_one_is_made(thing: Thing, pool: ThreadPoolExecutor) -> None:
    for _ in range(3):
        tag, ready = thing.tag, threading.Barrier(WRITERS)
        made = [answer for answer in race(thing, pool, ready, tag) if answer.status_code != 412]
        assert [answer.status_code for answer in made] == [200]
        assert thing.read().content == made[0].content


@each_patch
def test_those_who_do_not_mind_all_change_it(thing: Thing, pool: ThreadPoolExecutor) -> None:
    answers = race(thing, pool, threading.Barrier(WRITERS), "*")
    assert [answer.status_code for answer in answers] == [200] * WRITERS
    assert thing.read().content in [answer.content for answer in answers]


def race(thing: Thing, pool: ThreadPoolExecutor, ready: threading.Barrier, tag: str) -> list[httpx.Response]:
    """Ask for so many changes at once."""

    def change(number: int) -> httpx.Response:
        ready.wait(10)
        return thing.rename(tag, f"Change {number} {uuid4().hex}")

    return list(pool.map(change, range(WRITERS)))


# Who may not.


@each_change
def test_a_viewer_is_forbidden_whatever_it_has_seen(thing: Thing) -> None:
    viewer = thing.platform.api(thing.platform.member(thing.tenant.client_id, "viewer"), any_state=False)
    before = thing.read()
    tag = viewer.get(thing.path).headers["etag"]
    assert tag == before.headers["etag"]
    for state in (tag, "*"):
        refused: Json = problem(thing.change(state, viewer), 403, "forbidden")
        assert set(refused) <= {"type", "title", "status", "code", "request_id"}
    assert thing.read().content == before.content


@each_change
def test_a_stranger_learns_nothing_from_a_state(thing: Thing, stranger: Tenant) -> None:
    api = thing.platform.api(thing.platform.member(stranger.client_id), any_state=False)
    before = thing.read()
    told = []
    for state in (None, before.headers["etag"], OTHER, "*"):
        told.append(problem(thing.change(state, api), 404, "not_found"))
        told.append(problem(api.get(thing.path, headers={"If-None-Match": state or ""}), 404, "not_found"))
    assert len({tuple(sorted((key, str(one[key])) for key in one if key != "request_id")) for one in told}) == 1
    assert thing.read().content == before.content
