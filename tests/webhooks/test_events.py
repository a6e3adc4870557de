"""Tests which events are delivered, which endpoints receive the events, and which data the events contain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from tests.functions.test_orders import order_body, orders_path
from tests.platform import Platform, Tenant, created, ok, problem
from tests.syncs.waiting import ask
from tests.webhooks.receiving import (
    Receiver,
    event_types,
    receiving,
    send_test,
    wait_until_settled,
)

FEED = b"sku,name,price\nA-1,Mug,5\nA-2,,7\n"


def test_a_test_event_is_signed_according_to_standard_webhooks(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    delivered = wait_until_settled(platform, tenant, send_test(tenant, receiver))
    (event,) = receiver.events
    body = event.verified(receiver.secret)
    assert (body["type"], body["data"]) == ("webhook.test", {"webhook_id": receiver.id})
    assert abs(datetime.fromisoformat(body["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert event.headers["content-type"] == "application/json"
    assert event.id == delivered["id"]
    assert (delivered["status"], delivered["attempts"]) == ("delivered", 1)
    assert (delivered["last_status"], delivered["last_error"]) == (204, None)
    assert delivered["payload"] == body
    with pytest.raises(WebhookVerificationError):
        event.verified("whsec_" + "QQ" * 16)


def test_a_completed_sync_is_reported_with_its_counts(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    job = platform.sync(tenant.catalog_id, "feed.csv", FEED)
    platform.eventually(lambda: len(receiver.events) == 2)
    assert event_types(receiver) == ["job.completed", "sync.completed"]
    for event in receiver.events:
        data = event.verified(receiver.secret)["data"]
        assert (data["job_id"], data["catalog_id"], data["type"]) == (job["id"], tenant.catalog_id, "catalog_sync")
        assert data["counts"] == job["counts"] and data["counts"]["created"] == data["counts"]["rejected"] == 1
        assert data["source"] == job["source"]


def test_a_failed_sync_is_reported_with_its_reason(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    job = platform.sync(tenant.catalog_id, "feed.csv", b"\x89PNG\r\n\x1a\n" + bytes(100))
    platform.eventually(lambda: len(receiver.events) == 2)
    assert event_types(receiver) == ["job.failed", "sync.failed"]
    data = receiver.events[0].body["data"]
    assert job["status"] == "failed"
    assert (data["error_code"], data["error"]) == (job["error_code"], job["error"])


def test_a_completed_import_is_reported(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["import.*"]) as receiver:
        body = {"catalog_id": tenant.catalog_id, "rows": [{"sku": "A", "name": "Mug", "price": "5"}]}
        job = ok(tenant.owner.post("/v1/products/bulk-import", json=body))
        platform.eventually(lambda: bool(receiver.events))
        (event,) = receiver.events
        assert event.body["type"] == "import.completed"
        assert event.body["data"]["job_id"] == job["id"]


def test_cancelled_jobs_and_jobs_that_wait_for_approval_are_reported(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    platform.sync(
        tenant.catalog_id, "full/a.csv", b"sku,name,price\n" + b"".join(b"A-%d,Mug,5\n" % n for n in range(9))
    )
    platform.eventually(lambda: len(receiver.events) == 2)
    platform.drop(tenant.catalog_id, "full/b.csv", b"sku,name,price\nA-1,Mug,5\n")
    platform.eventually(lambda: "job.awaiting_approval" in event_types(receiver))
    job_id = receiver.events[-1].body["data"]["job_id"]
    ok(tenant.owner.post(f"/v1/jobs/{job_id}/cancel"))
    platform.eventually(lambda: "job.cancelled" in event_types(receiver))
    assert receiver.events[-1].body["data"]["job_id"] == job_id


def test_jobs_that_wait_for_a_decision_are_reported(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    job = ask(platform, tenant)
    platform.eventually(lambda: bool(receiver.events))
    (event,) = receiver.events
    data = event.body["data"]
    assert (event.body["type"], data["job_id"], data["status"]) == ("job.awaiting_decision", job["id"], "pending")


def test_products_with_low_stock_are_reported_only_once(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["inventory.low"]) as receiver:
        mug = platform.product(tenant, sku="MUG", inventory_count=20)
        for count in (6, 5, 4, 9):
            ok(tenant.owner.patch(f"/v1/products/{mug['id']}", json={"inventory_count": count}))
        platform.eventually(lambda: bool(receiver.events))
        product = {"product_id": mug["id"], "sku": "MUG", "name": mug["name"], "inventory_count": 5}
        expected = {"catalog_id": tenant.catalog_id, "low_inventory": 5, "count": 1, "products": [product]}
        assert receiver.events[0].body["data"] == expected

        ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"low_inventory": 100}))
        for name, count in (("many.csv", 101), ("few.csv", 100), ("fewer.csv", 99)):
            rows = b"".join(b"P-%03d,Pen,1,%d\n" % (number, count) for number in range(150))
            job = platform.sync(tenant.catalog_id, name, b"sku,name,price,inventory_count\n" + rows)
            assert job["counts"]["created"] + job["counts"]["updated"] == 150
        # Deliveries arrive in order, so the test event arrives after all earlier events.
        wait_until_settled(platform, tenant, send_test(tenant, receiver))
        data = receiver.events[1].body["data"]
        assert (data["count"], len(data["products"]), data["products"][0]["inventory_count"]) == (150, 100, 100)
        assert [each["sku"] for each in data["products"]] == [f"P-{number:03d}" for number in range(100)]
        assert event_types(receiver) == ["inventory.low", "inventory.low", "webhook.test"]


def test_untracked_products_cause_no_low_stock_events(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["inventory.low"]) as receiver:
        mug = platform.product(tenant, sku="MUG", inventory_count=50)

        def change(**fields: Any) -> None:
            ok(tenant.owner.patch(f"/v1/products/{mug['id']}", json=fields))

        change(inventory_policy="untracked")
        created(platform.api().post(orders_path(tenant), json=order_body((mug, 9))))
        change(inventory_count=4)
        change(inventory_policy="untracked")
        for stock in (b"60", b"in stock", b"3", b"unlimited", b"0"):
            job = platform.sync(tenant.catalog_id, "stock.csv", b"sku,stock\nMUG," + stock + b"\n")
            assert job["counts"]["updated"] == 1
        wait_until_settled(platform, tenant, send_test(tenant, receiver))
        assert event_types(receiver) == ["webhook.test"]
        change(inventory_count=50)
        change(inventory_count=5)
        platform.eventually(lambda: len(receiver.events) == 2)
        assert event_types(receiver) == ["inventory.low", "webhook.test"]


def test_events_of_another_client_are_not_delivered(platform: Platform, tenant: Tenant, receiver: Receiver) -> None:
    other = platform.tenant()
    with receiving(other) as other_receiver:
        platform.sync(tenant.catalog_id, "feed.csv", FEED)
        wait_until_settled(platform, other, send_test(other, other_receiver))
        platform.eventually(lambda: len(receiver.events) == 2)
        assert event_types(other_receiver) == ["webhook.test"]
        deliveries = ok(tenant.owner.get("/v1/webhook-deliveries"))["data"]
        assert {each["webhook_id"] for each in deliveries} == {receiver.id}
        problem(other.owner.get(f"/v1/webhook-deliveries/{deliveries[0]['id']}"), 404, "not_found")
        problem(other.owner.post(f"/v1/webhook-deliveries/{deliveries[0]['id']}/replay"), 404, "not_found")


def test_an_endpoint_receives_only_the_events_that_it_subscribes_to(platform: Platform, tenant: Tenant) -> None:
    with receiving(tenant, ["sync.failed", "job.*"]) as receiver:
        platform.sync(tenant.catalog_id, "feed.csv", FEED)
        platform.eventually(lambda: bool(receiver.events))
        assert event_types(receiver) == ["job.completed"]
