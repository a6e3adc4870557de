"""Visitors send events. Each valid event is stored once with the right time. The response names each refused event."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.events.sending import accepted, event, post, receipts, set_storage, stored, text
from tests.platform import Platform, Tenant, ok, problem

YEARS = timedelta(days=3 * 365)


def test_an_event_is_stored_with_its_data(platform: Platform, tenant: Tenant, visitor: httpx.Client) -> None:
    sent = event(type="search", user_id="u-1", data={"q": "mug", "results": 3, "Größe": ["a", None, 1.5]})
    assert accepted(post(visitor, tenant, sent)) == {"accepted": 1, "withheld": 0, "refused": []}
    (row,) = stored(platform, tenant, 1)
    assert str(row["event_id"]) == sent["id"]
    assert (row["event_type"], row["user_id"], row["session_id"]) == ("search", "u-1", "s-1")
    assert row["event_data"] == sent["data"]
    assert (row["is_anonymous"], row["is_time_clamped"]) == (False, False)
    assert str(row["site_id"]) == tenant.site_id


def test_an_event_of_a_signed_in_visitor_contains_the_subject_of_the_token(platform: Platform, tenant: Tenant) -> None:
    subject = f"customer-{uuid4().hex[:8]}"
    accepted(post(platform.api(subject), tenant, event()))
    assert [row["user_id"] for row in stored(platform, tenant, 1)] == [subject]


@pytest.mark.parametrize("wrong", [YEARS, -YEARS])
def test_an_event_time_is_corrected_if_the_clock_of_the_visitor_is_wrong(
    platform: Platform, tenant: Tenant, visitor: httpx.Client, wrong: timedelta
) -> None:
    clock = datetime.now(UTC) + wrong
    sent = [event(at=text(clock - timedelta(seconds=age))) for age in (30, 90, 60)]
    accepted(post(visitor, tenant, *sent, sent_at=text(clock)))
    rows = {str(row["event_id"]): row for row in stored(platform, tenant, 3)}
    ages = [(rows[each["id"]]["accepted_at"] - rows[each["id"]]["created_at"]).total_seconds() for each in sent]
    assert ages == [30, 90, 60]
    assert not any(row["is_time_clamped"] for row in rows.values())


def test_an_event_that_is_too_old_gets_the_earliest_allowed_time_and_a_flag(
    platform: Platform, tenant: Tenant, visitor: httpx.Client
) -> None:
    accepted(post(visitor, tenant, event(at=text(datetime.now(UTC) - YEARS))))
    (row,) = stored(platform, tenant, 1)
    assert (row["accepted_at"] - row["created_at"], row["is_time_clamped"]) == (timedelta(days=7), True)


@pytest.mark.parametrize("epoch", [1_773_480_413, 1_773_480_413_589, "1773480413", 1773480413.5, "2026-03-14 09:26"])
def test_an_event_time_that_is_an_epoch_number_is_refused(tenant: Tenant, visitor: httpx.Client, epoch: object) -> None:
    receipt = accepted(post(visitor, tenant, event(at=epoch), event()))
    assert receipt["accepted"] == 1
    (refused,) = receipt["refused"]
    assert refused["index"] == 0
    assert [error["pointer"] for error in refused["errors"]] == ["/at"]
    assert "RFC 3339" in refused["errors"][0]["detail"]
    refusal = problem(post(visitor, tenant, event(), sent_at=epoch), 422, "invalid")
    assert [error["pointer"] for error in refusal["errors"]] == ["/sent_at"]


def test_events_that_are_sent_twice_are_stored_once(platform: Platform, tenant: Tenant, visitor: httpx.Client) -> None:
    first, second, third = (event() for _ in range(3))
    accepted(post(visitor, tenant, first, second, first))
    stored(platform, tenant, 2)
    accepted(post(visitor, tenant, second, third, first))
    assert {str(row["event_id"]) for row in stored(platform, tenant, 3)} == {
        each["id"] for each in (first, second, third)
    }
    assert receipts(platform, tenant) == 3


def test_two_clients_can_use_the_same_event_id(platform: Platform, tenant: Tenant, visitor: httpx.Client) -> None:
    other = platform.tenant()
    sent = event()
    accepted(post(visitor, tenant, sent))
    accepted(post(visitor, other, sent))
    stored(platform, tenant, 1)
    stored(platform, other, 1)


def test_only_the_valid_events_of_a_batch_are_stored(platform: Platform, tenant: Tenant, visitor: httpx.Client) -> None:
    good = event()
    bad = [
        event(id="no id"),
        event(type="purchase"),
        event(type="Page View"),
        event(data={"text": "x" * 17_000}),
        event(data={"text": "a\u0000b"}),
        event(unknown=1),
        event(session_id=""),
        event(consent="maybe"),
        "an event",
        None,
        {"id": str(uuid4())},
    ]
    receipt = accepted(post(visitor, tenant, *bad, good))
    assert receipt["accepted"] == 1
    pointers = [[error["pointer"] for error in each["errors"]] for each in receipt["refused"]]
    assert pointers == [
        ["/id"],
        ["/type"],
        ["/type"],
        [""],
        ["/data/text"],
        ["/unknown"],
        ["/session_id"],
        ["/consent"],
        [""],
        [""],
        ["/type", "/at"],
    ]
    assert [each["index"] for each in receipt["refused"]] == list(range(len(bad)))
    assert receipt["refused"][0]["id"] is None
    assert receipt["refused"][1]["id"] == bad[1]["id"]  # type: ignore[index]
    assert [str(row["event_id"]) for row in stored(platform, tenant, 1)] == [good["id"]]


def test_a_batch_that_is_too_large_is_refused_as_a_whole(tenant: Tenant, visitor: httpx.Client) -> None:
    assert accepted(post(visitor, tenant, *(event() for _ in range(100))))["accepted"] == 100
    refusal = problem(post(visitor, tenant, *(event() for _ in range(101))), 422, "invalid")
    assert [error["pointer"] for error in refusal["errors"]] == ["/events"]
    problem(post(visitor, tenant), 422, "invalid")
    problem(post(visitor, tenant, *(event(data={"t": "x" * 15_000}) for _ in range(20))), 413, "content_too_large")
    path = f"/v1/storefront/{tenant.domain}/events"
    not_json = visitor.post(path, content=b"[" * 300_000, headers={"content-type": "application/json"})
    problem(not_json, 413, "content_too_large")


def test_events_of_an_unknown_or_inactive_site_are_not_accepted(platform: Platform, visitor: httpx.Client) -> None:
    tenant = platform.tenant()
    path = f"/v1/storefront/{uuid4().hex}.test/events"
    problem(visitor.post(path, json={"events": [event()]}), 404, "not_found")
    accepted(post(visitor, tenant, event()))
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"status": "inactive"}))
    problem(post(visitor, tenant, event()), 404, "not_found")


def test_requests_with_events_do_not_count_against_the_storefront_limit(tenant: Tenant, visitor: httpx.Client) -> None:
    response = post(visitor, tenant, event())
    assert '"events";q=20000' in response.headers["ratelimit-policy"]
    assert '"storefront"' not in response.headers["ratelimit-policy"]
    page = visitor.get(f"/v1/storefront/{tenant.domain}")
    assert '"storefront";r=19999' in page.headers["ratelimit"]


@pytest.mark.parametrize(
    ("body_bytes", "cost"), [(1_000, 1), (16_384, 1), (16_385, 2), (32_769, 3), (241_948, 15), (262_144, 16)]
)
def test_a_batch_counts_as_one_request_per_16_kib(
    tenant: Tenant, visitor: httpx.Client, body_bytes: int, cost: int
) -> None:
    batch = {"events": [event(data={"text": "ä" * 100})]}
    body = json.dumps(batch, ensure_ascii=False).encode().ljust(body_bytes)
    headers = {"content-type": "application/json"}
    response = visitor.post(f"/v1/storefront/{tenant.domain}/events", content=body, headers=headers)
    assert accepted(response)["accepted"] == 1
    remaining = dict(re.findall(r'"([\w-]+)";r=(\d+)', response.headers["ratelimit"]))
    assert remaining == {"address": str(600 - cost), "events": str(20_000 - cost)}


def test_members_can_list_only_the_events_of_their_own_client(
    platform: Platform, tenant: Tenant, visitor: httpx.Client
) -> None:
    other = platform.tenant()
    accepted(post(visitor, tenant, *(event(type=f"type_{n}") for n in range(3))))
    accepted(post(visitor, other, event()))
    stored(platform, tenant, 3)
    stored(platform, other, 1)
    page = ok(tenant.owner.get("/v1/events", params={"limit": 2}))
    rest = ok(tenant.owner.get("/v1/events", params={"limit": 2, "cursor": page["next_cursor"]}))
    listed = page["data"] + rest["data"]
    assert {each["type"] for each in listed} == {"type_0", "type_1", "type_2"}
    assert {each["client_id"] for each in listed} == {tenant.client_id}
    assert [each["type"] for each in ok(tenant.owner.get("/v1/events", params={"type": "type_1"}))["data"]] == [
        "type_1"
    ]
    assert ok(tenant.owner.get("/v1/events", params={"client_id": other.client_id}))["data"] == []
    set_storage(platform, tenant, "none")
    assert accepted(post(visitor, tenant, event())) == {"accepted": 0, "withheld": 1, "refused": []}
