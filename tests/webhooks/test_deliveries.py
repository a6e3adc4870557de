"""Tests the retries, replays and order of deliveries, and the pauses of an endpoint."""

import time
from datetime import UTC, datetime, timedelta

from tests.core.http_server import answer
from tests.platform import Platform, Tenant, ok, pointers, problem
from tests.webhooks.receiving import (
    FAILURE,
    Receiver,
    insert_due_delivery,
    make_due,
    read_delivery,
    receiving,
    send_test,
    wait_for_attempts,
    wait_until_settled,
)


def test_a_failed_delivery_is_retried_with_the_same_id(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    receiver.respond = FAILURE
    delivery_id = send_test(tenant, receiver)
    failed = wait_for_attempts(platform, tenant, delivery_id)
    assert (failed["status"], failed["last_status"]) == ("pending", 500)
    assert failed["last_error"] == "the endpoint responded with status 500"
    assert failed["last_body"] == "raised on purpose by this test"
    delay = datetime.fromisoformat(failed["next_at"]) - datetime.fromisoformat(failed["last_at"])
    assert timedelta(seconds=5) <= delay <= timedelta(seconds=7)
    receiver.respond = answer(200, b"thanks")
    make_due(platform, receiver)
    delivered = wait_until_settled(platform, tenant, delivery_id)
    assert (delivered["status"], delivered["attempts"], delivered["next_at"]) == ("delivered", 2, None)
    assert [each["status"] for each in delivered["log"]] == [500, 200]
    assert {event.id for event in receiver.events} == {delivery_id}
    for event in receiver.events:
        event.verified(receiver.secret)


def test_a_delivery_fails_after_nine_attempts_that_take_more_than_a_day(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.respond = FAILURE
    delivery_id = send_test(tenant, receiver)
    total_delay = timedelta()
    for times in range(1, 9):
        pending = wait_for_attempts(platform, tenant, delivery_id, times)
        total_delay += datetime.fromisoformat(pending["next_at"]) - datetime.fromisoformat(pending["last_at"])
        make_due(platform, receiver)
    failed = wait_until_settled(platform, tenant, delivery_id)
    assert (failed["status"], failed["attempts"]) == ("failed", 9)
    assert total_delay > timedelta(hours=24)
    receiver.respond = answer(200)
    ok(tenant.owner.post(f"/v1/webhook-deliveries/{delivery_id}/replay"))
    assert wait_until_settled(platform, tenant, delivery_id)["status"] == "delivered"
    assert len({event.id for event in receiver.events}) == 1


def test_failed_deliveries_are_replayed_from_the_oldest_to_the_newest(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    since = datetime.now(UTC).isoformat()
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, status, created_at)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n), 'failed', now() + n * interval '1 ms'"
        " from generate_series(1, 30) n",
        [tenant.client_id, receiver.id],
    )
    replayed = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay", params={"since": since}))
    assert replayed == {"deliveries": 30, "has_more": False}
    platform.eventually(lambda: len(receiver.events) == 30)
    assert [event.body["n"] for event in receiver.events] == list(range(1, 31))
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay", params={"since": later}))["deliveries"] == 0
    assert pointers(problem(tenant.owner.post(f"/v1/webhooks/{receiver.id}/replay"), 422, "invalid")) == ["since"]


def test_an_endpoint_receives_one_delivery_at_a_time_in_the_order_of_the_events(
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
    assert [event.body["n"] for event in receiver.events] == list(range(1, 121))
    assert receiver.max_concurrent == 1


def test_a_slow_endpoint_does_not_delay_other_endpoints(platform: Platform, tenant: Tenant) -> None:
    def hang(_: object, __: bytes) -> None:
        time.sleep(9)

    with receiving(tenant, respond=hang) as slow, receiving(tenant) as quick:
        slow_delivery = send_test(tenant, slow)
        platform.eventually(lambda: bool(slow.events))
        started = time.monotonic()
        wait_until_settled(platform, tenant, send_test(tenant, quick))
        assert time.monotonic() - started < 5
        assert read_delivery(tenant, slow_delivery)["status"] == "pending"


def test_the_retry_after_header_pauses_an_endpoint_until_a_test_event_is_requested(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.respond = answer(429, Retry_After="600")
    paused = wait_for_attempts(platform, tenant, send_test(tenant, receiver))
    delay = datetime.fromisoformat(paused["next_at"]) - datetime.fromisoformat(paused["last_at"])
    assert timedelta(seconds=599) <= delay <= timedelta(seconds=605)
    next_delivery = insert_due_delivery(platform, tenant, receiver)
    platform.send("webhooks", {"type": "webhooks"})
    time.sleep(1)
    assert read_delivery(tenant, next_delivery)["attempts"] == 0
    receiver.respond = answer(200)
    assert wait_until_settled(platform, tenant, send_test(tenant, receiver))["status"] == "delivered"


def test_a_redirect_is_a_failure_and_is_not_followed(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    with receiving(tenant) as other:
        receiver.respond = answer(302, Location=f"http://127.0.0.1:{other.port}/")
        failed = wait_for_attempts(platform, tenant, send_test(tenant, receiver))
        assert (failed["status"], failed["last_error"]) == ("pending", "the endpoint responded with status 302")
        assert other.events == []


def test_the_sweeper_resends_a_lost_queue_message_for_deliveries(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    assert (
        wait_until_settled(platform, tenant, insert_due_delivery(platform, tenant, receiver))["status"] == "delivered"
    )
