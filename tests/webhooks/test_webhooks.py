"""Webhooks: what happens at a client's reaches its endpoints, signed, at least once, for 24 hours."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import WebhookVerificationError

from tests.core.http_server import answer
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem
from tests.webhooks.receiving import Receiver, attempted, delivery, hurry, receiving, settled, tried

FEED = b"sku,name,price\nA-1,Mug,5\nA-2,,7\n"
FAILS = answer(500, b"out of order")


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Iterator[Receiver]:
    """An endpoint that asked for everything."""
    with receiving(tenant) as receiver:
        yield receiver


def types(receiver: Receiver) -> list[str]:
    return sorted(str(event.told["type"]) for event in receiver.events)


def state(tenant: Tenant, receiver: Receiver) -> Json:
    return ok(tenant.owner.get(f"/v1/webhooks/{receiver.id}"))


def due(platform: Platform, tenant: Tenant, receiver: Receiver) -> str:
    """A delivery that is due, of which no word was sent; its id."""
    platform.arrange(
        "insert into webhook_deliveries (id, client_id, webhook_id, event, payload)"
        " values (%s, %s, %s, 'job.failed', '{}')",
        [sent := str(uuid4()), tenant.client_id, receiver.id],
    )
    return sent


def test_a_trial_arrives_signed_as_the_specification_says(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    sent = settled(platform, tenant, tried(tenant, receiver))
    (event,) = receiver.events
    told = event.verified(receiver.secret)
    assert (told["type"], told["data"]) == ("webhook.test", {"webhook_id": receiver.id})
    assert abs(datetime.fromisoformat(told["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert event.headers["content-type"] == "application/json"
    assert event.id == sent["id"]
    assert (sent["status"], sent["attempts"], sent["last_status"], sent["last_error"]) == ("delivered", 1, 204, None)
    assert sent["payload"] == told
    with pytest.raises(WebhookVerificationError):
        event.verified("whsec_" + "QQ" * 16)


def test_a_sync_that_ends_is_told_with_its_counts(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    job = platform.sync(tenant.catalog_id, "feed.csv", FEED)
    platform.eventually(lambda: len(receiver.events) == 2)
    assert types(receiver) == ["job.completed", "sync.completed"]
    for event in receiver.events:
        data = event.verified(receiver.secret)["data"]
        assert (data["job_id"], data["catalog_id"], data["type"]) == (job["id"], tenant.catalog_id, "catalog_sync")
        assert data["counts"] == job["counts"] and data["counts"]["created"] == data["counts"]["rejected"] == 1
        assert data["source"] == job["source"]


def test_a_sync_that_fails_is_told_with_its_reason(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    job = platform.sync(tenant.catalog_id, "feed.csv", b"\x89PNG\r\n\x1a\n" + bytes(100))
    platform.eventually(lambda: len(receiver.events) == 2)
    assert types(receiver) == ["job.failed", "sync.failed"]
    data = receiver.events[0].told["data"]
    assert job["status"] == "failed"
    assert (data["error_code"], data["error"]) == (job["error_code"], job["error"])


def test_an_import_that_ends_is_told(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["import.*"]) as receiver:
        body = {"catalog_id": tenant.catalog_id, "rows": [{"sku": "A", "name": "Mug", "price": "5"}]}
        job = ok(tenant.owner.post("/v1/products/bulk-import", json=body))
        platform.eventually(lambda: bool(receiver.events))
        (event,) = receiver.events
        assert event.told["type"] == "import.completed"
        assert event.told["data"]["job_id"] == job["id"]


def test_a_job_that_waits_for_an_approval_is_told_and_one_that_is_cancelled(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    platform.sync(
        tenant.catalog_id, "full/a.csv", b"sku,name,price\n" + b"".join(b"A-%d,Mug,5\n" % n for n in range(9))
    )
    platform.eventually(lambda: len(receiver.events) == 2)
    platform.drop(tenant.catalog_id, "full/b.csv", b"sku,name,price\nA-1,Mug,5\n")
    platform.eventually(lambda: "job.awaiting_approval" in types(receiver))
    job_id = receiver.events[-1].told["data"]["job_id"]
    ok(tenant.owner.post(f"/v1/jobs/{job_id}/cancel"))
    platform.eventually(lambda: "job.cancelled" in types(receiver))
    assert receiver.events[-1].told["data"]["job_id"] == job_id


def test_products_of_which_little_is_left_are_told_once(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["inventory.low"]) as receiver:
        mug = platform.product(tenant, sku="MUG", inventory_count=20)
        for left in (6, 5, 4, 9):
            ok(tenant.owner.patch(f"/v1/products/{mug['id']}", json={"inventory_count": left}))
        platform.eventually(lambda: bool(receiver.events))
        low = {"product_id": mug["id"], "sku": "MUG", "name": mug["name"], "inventory_count": 5}
        told = {"catalog_id": tenant.catalog_id, "low_inventory": 5, "count": 1, "products": [low]}
        assert receiver.events[0].told["data"] == told

        ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"low_inventory": 100}))
        for name, left in (("many.csv", 101), ("few.csv", 100), ("fewer.csv", 99)):
            rows = b"".join(b"P-%03d,Pen,1,%d\n" % (number, left) for number in range(150))
            job = platform.sync(tenant.catalog_id, name, b"sku,name,price,inventory_count\n" + rows)
            assert job["counts"]["created"] + job["counts"]["updated"] == 150
        settled(platform, tenant, tried(tenant, receiver))  # behind all that was published before
        data = receiver.events[1].told["data"]
        assert (data["count"], len(data["products"]), data["products"][0]["inventory_count"]) == (150, 100, 100)
        assert [one["sku"] for one in data["products"]] == [f"P-{number:03d}" for number in range(100)]
        assert types(receiver) == ["inventory.low", "inventory.low", "webhook.test"]


def test_another_clients_endpoint_hears_nothing(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    other = platform.tenant()
    with receiving(other) as others:
        platform.sync(tenant.catalog_id, "feed.csv", FEED)
        settled(platform, other, tried(other, others))
        platform.eventually(lambda: len(receiver.events) == 2)
        assert types(others) == ["webhook.test"]
        mine = ok(tenant.owner.get("/v1/webhook-deliveries"))["data"]
        assert {one["webhook_id"] for one in mine} == {receiver.id}
        problem(other.owner.get(f"/v1/webhook-deliveries/{mine[0]['id']}"), 404, "not_found")
        problem(other.owner.post(f"/v1/webhook-deliveries/{mine[0]['id']}/replay"), 404, "not_found")


def test_only_what_an_endpoint_asked_for_is_sent(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["sync.failed", "job.*"]) as receiver:
        platform.sync(tenant.catalog_id, "feed.csv", FEED)
        platform.eventually(lambda: bool(receiver.events))
        assert types(receiver) == ["job.completed"]


def test_what_fails_is_sent_again_with_the_same_id_until_it_arrives(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.answers = FAILS
    sent = tried(tenant, receiver)
    failed = attempted(platform, tenant, sent)
    assert (failed["status"], failed["last_status"], failed["last_error"]) == ("pending", 500, "it answered 500")
    assert failed["last_body"] == "out of order"
    wait = datetime.fromisoformat(failed["next_at"]) - datetime.fromisoformat(failed["last_at"])
    assert timedelta(seconds=5) <= wait <= timedelta(seconds=7)
    receiver.answers = answer(200, b"thanks")
    hurry(platform, receiver)
    arrived = settled(platform, tenant, sent)
    assert (arrived["status"], arrived["attempts"], arrived["next_at"]) == ("delivered", 2, None)
    assert [one["status"] for one in arrived["log"]] == [500, 200]
    assert {event.id for event in receiver.events} == {sent}
    for event in receiver.events:
        event.verified(receiver.secret)


def test_nine_attempts_over_a_day_are_made_before_it_has_failed(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.answers = FAILS
    sent = tried(tenant, receiver)
    waited = timedelta()
    for times in range(1, 9):
        tried_so_far = attempted(platform, tenant, sent, times)
        waited += datetime.fromisoformat(tried_so_far["next_at"]) - datetime.fromisoformat(tried_so_far["last_at"])
        hurry(platform, receiver)
    failed = settled(platform, tenant, sent)
    assert (failed["status"], failed["attempts"]) == ("failed", 9)
    assert waited > timedelta(hours=24)
    receiver.answers = answer(200)
    ok(tenant.owner.post(f"/v1/webhook-deliveries/{sent}/replay"))
    assert settled(platform, tenant, sent)["status"] == "delivered"
    assert len({event.id for event in receiver.events}) == 1


def test_what_failed_since_is_replayed_oldest_first(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    begun = datetime.now(UTC).isoformat()
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, status, created_at)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n), 'failed', now() + n * interval '1 ms'"
        " from generate_series(1, 30) n",
        [tenant.client_id, receiver.id],
    )
    replayed = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay", params={"since": begun}))
    assert replayed == {"deliveries": 30, "has_more": False}
    platform.eventually(lambda: len(receiver.events) == 30)
    assert [event.told["n"] for event in receiver.events] == list(range(1, 31))
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay", params={"since": later}))["deliveries"] == 0
    assert pointers(problem(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay"), 422, "invalid")) == ["since"]


def test_an_endpoint_is_sent_one_after_the_other_in_order(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, next_at)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n), now() - (200 - n) * interval '1 ms'"
        " from generate_series(1, 120) n",
        [tenant.client_id, receiver.id],
    )
    for _ in range(3):
        platform.send("webhooks", {"type": "webhooks"})
    platform.eventually(lambda: len(receiver.events) >= 120)
    assert [event.told["n"] for event in receiver.events] == list(range(1, 121))
    assert receiver.most_at_once == 1


def test_an_endpoint_that_hangs_holds_up_nobody_else(platform: Platform, tenant: Tenant) -> None:
    def hang(_: object, __: bytes) -> None:
        time.sleep(9)

    with receiving(tenant, answers=hang) as slow, receiving(tenant) as quick:
        hung = tried(tenant, slow)
        platform.eventually(lambda: bool(slow.events))
        began = time.monotonic()
        settled(platform, tenant, tried(tenant, quick))
        assert time.monotonic() - began < 5
        assert delivery(tenant, hung)["status"] == "pending"


def test_an_endpoint_that_asks_for_a_pause_gets_it_until_somebody_asks_by_hand(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.answers = answer(429, Retry_After="600")
    waiting = attempted(platform, tenant, tried(tenant, receiver))
    wait = datetime.fromisoformat(waiting["next_at"]) - datetime.fromisoformat(waiting["last_at"])
    assert timedelta(seconds=599) <= wait <= timedelta(seconds=605)
    behind = due(platform, tenant, receiver)
    platform.send("webhooks", {"type": "webhooks"})
    time.sleep(1)
    assert delivery(tenant, behind)["attempts"] == 0
    receiver.answers = answer(200)
    assert settled(platform, tenant, tried(tenant, receiver))["status"] == "delivered"


def test_redirects_are_no_arrival_and_are_not_followed(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    with receiving(tenant) as other:
        receiver.answers = answer(302, Location=f"http://127.0.0.1:{other.port}/")
        failed = attempted(platform, tenant, tried(tenant, receiver))
        assert (failed["status"], failed["last_error"]) == ("pending", "it answered 302")
        assert other.events == []


def test_while_a_secret_is_replaced_both_sign(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    replaced = receiver.secret
    rotated = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/rotate", json={"overlap_hours": 1}))
    assert rotated["secret"] != replaced
    settled(platform, tenant, tried(tenant, receiver))
    for secret in (replaced, rotated["secret"]):
        receiver.events[0].verified(secret)
    again = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/rotate", json={"overlap_hours": 0}))
    settled(platform, tenant, tried(tenant, receiver))
    receiver.events[1].verified(again["secret"])
    for secret in (replaced, rotated["secret"]):
        with pytest.raises(WebhookVerificationError):
            receiver.events[1].verified(secret)


def test_a_secret_is_shown_once(tenant: Tenant, receiver: Receiver) -> None:
    assert receiver.secret.startswith("whsec_")
    for path in ("/v1/webhooks", f"/v1/webhooks/{receiver.id}"):
        assert receiver.secret not in tenant.owner.get(path).text
    assert "secret" not in state(tenant, receiver)


def test_an_endpoint_that_is_gone_is_disabled_and_can_be_enabled(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.answers = answer(410)
    assert settled(platform, tenant, tried(tenant, receiver))["status"] == "failed"
    platform.eventually(lambda: state(tenant, receiver)["status"] == "disabled")
    assert state(tenant, receiver)["disabled_reason"] == "gone"
    problem(tenant.owner.post(f"/v1/webhooks/{receiver.id}/test"), 409, "webhook_disabled")
    receiver.answers = answer(200)
    enabled = ok(tenant.owner.patch(f"/v1/webhooks/{receiver.id}", json={"status": "enabled"}))
    assert (enabled["status"], enabled["disabled_reason"], enabled["disabled_at"]) == ("enabled", None, None)
    assert settled(platform, tenant, tried(tenant, receiver))["status"] == "delivered"


def test_an_endpoint_that_does_nothing_but_fail_for_days_is_disabled(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.answers = FAILS
    waiting = attempted(platform, tenant, tried(tenant, receiver))["id"]
    assert state(tenant, receiver)["status"] == "enabled"
    platform.arrange(
        "update webhooks set failures = 19, failing_since = now() - interval '73 hours' where id = %s", [receiver.id]
    )
    hurry(platform, receiver)
    platform.eventually(lambda: state(tenant, receiver)["disabled_reason"] == "failing")
    failed = settled(platform, tenant, waiting)
    assert (failed["status"], failed["last_error"]) == ("failed", "its endpoint was disabled")
    platform.sync(tenant.catalog_id, "feed.csv", FEED)
    assert {one["event"] for one in ok(tenant.owner.get("/v1/webhook-deliveries"))["data"]} == {"webhook.test"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/", "https"),
        ("https://10.0.0.1/", "public"),
        ("https://169.254.169.254/latest/meta-data", "public"),
        ("https://[::1]/", "public"),
        ("https://localhost/", "public"),
        ("https://user:password@example.com/", "password"),
        ("https://example.com:8443/", "port"),
        ("ftp://example.com/", "http"),
        ("no address", "public"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(tenant: Tenant, url: str, said: str) -> None:
    new = {"client_id": tenant.client_id, "url": url, "events": ["*"]}
    refused = problem(tenant.owner.post("/v1/webhooks", json=new), 422, "invalid")
    assert pointers(refused) == ["/url"]
    assert said in refused["errors"][0]["detail"]


def test_an_event_that_there_is_not_is_refused_with_those_there_are(tenant: Tenant) -> None:
    new = {"client_id": tenant.client_id, "url": "https://example.com/", "events": ["job.*", "job.exploded"]}
    refused = problem(tenant.owner.post("/v1/webhooks", json=new), 422, "invalid")
    assert pointers(refused) == ["/events/1"]
    assert "sync.failed" in refused["errors"][0]["detail"]


def test_a_client_has_twenty_endpoints_at_most(platform: Platform) -> None:
    tenant = platform.tenant()
    new = {"client_id": tenant.client_id, "url": "https://example.com/", "events": ["*"]}
    for _ in range(20):
        created(tenant.owner.post("/v1/webhooks", json=new))
    problem(tenant.owner.post("/v1/webhooks", json=new), 409, "too_many_webhooks")


def test_a_change_of_an_endpoint_that_was_not_seen_is_refused(tenant: Tenant, receiver: Receiver) -> None:
    seen = tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"]
    path = f"/v1/webhooks/{receiver.id}"
    ok(tenant.owner.patch(path, json={"description": "first"}, headers={"If-Match": seen}))
    problem(
        tenant.owner.patch(path, json={"description": "second"}, headers={"If-Match": seen}), 412, "precondition_failed"
    )
    assert state(tenant, receiver)["description"] == "first"


def test_what_workers_note_is_no_change_of_the_endpoint(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    seen = tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"]
    receiver.answers = FAILS
    attempted(platform, tenant, tried(tenant, receiver))
    assert tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"] == seen


def test_a_removed_endpoint_is_sent_no_more(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    receiver.answers = FAILS
    waiting = tried(tenant, receiver)
    attempted(platform, tenant, waiting)
    assert tenant.owner.delete(f"/v1/webhooks/{receiver.id}").status_code == 204
    problem(tenant.owner.get(f"/v1/webhooks/{receiver.id}"), 404, "not_found")
    problem(tenant.owner.get(f"/v1/webhook-deliveries/{waiting}"), 404, "not_found")


def test_a_viewer_reads_and_changes_nothing(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    sent = settled(platform, tenant, tried(tenant, receiver))
    assert ok(viewer.get(f"/v1/webhooks/{receiver.id}"))["id"] == receiver.id
    for path in (
        f"webhooks/{receiver.id}/test",
        f"webhooks/{receiver.id}/rotate",
        f"webhook-deliveries/{sent['id']}/replay",
    ):
        problem(viewer.post(f"/v1/{path}"), 403, "forbidden")
    problem(viewer.patch(f"/v1/webhooks/{receiver.id}", json={"url": "https://example.com/"}), 403, "forbidden")
    problem(viewer.delete(f"/v1/webhooks/{receiver.id}"), 403, "forbidden")


def test_a_lost_word_is_made_up_for_by_the_sweeper(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    assert settled(platform, tenant, due(platform, tenant, receiver))["status"] == "delivered"
