"""Tests how endpoints are created, changed and disabled, how secrets work, and which roles can change endpoints."""

import pytest
from standardwebhooks import WebhookVerificationError

from tests.core.http_server import answer
from tests.platform import Platform, Tenant, created, ok, pointers, problem
from tests.webhooks.receiving import (
    FAILURE,
    Receiver,
    make_due,
    read_endpoint,
    send_test,
    wait_for_attempts,
    wait_until_settled,
)

FEED = b"sku,name,price\nA-1,Mug,5\nA-2,,7\n"


def test_events_are_signed_with_two_secrets_after_a_secret_rotation(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    previous = receiver.secret
    rotated = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/rotate", json={"overlap_hours": 1}))
    assert rotated["secret"] != previous
    wait_until_settled(platform, tenant, send_test(tenant, receiver))
    for secret in (previous, rotated["secret"]):
        receiver.events[0].verified(secret)
    rotated_again = ok(tenant.owner.post(f"/v1/webhooks/{receiver.id}/rotate", json={"overlap_hours": 0}))
    wait_until_settled(platform, tenant, send_test(tenant, receiver))
    receiver.events[1].verified(rotated_again["secret"])
    for secret in (previous, rotated["secret"]):
        with pytest.raises(WebhookVerificationError):
            receiver.events[1].verified(secret)


def test_only_the_response_to_the_creation_of_an_endpoint_contains_its_secret(
    tenant: Tenant, receiver: Receiver
) -> None:
    assert receiver.secret.startswith("whsec_")
    for path in ("/v1/webhooks", f"/v1/webhooks/{receiver.id}"):
        assert receiver.secret not in tenant.owner.get(path).text
    assert "secret" not in read_endpoint(tenant, receiver)


def test_an_endpoint_that_responds_with_410_is_disabled_and_can_be_enabled_again(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.respond = answer(410)
    assert wait_until_settled(platform, tenant, send_test(tenant, receiver))["status"] == "failed"
    platform.eventually(lambda: read_endpoint(tenant, receiver)["status"] == "disabled")
    assert read_endpoint(tenant, receiver)["disabled_reason"] == "gone"
    problem(tenant.owner.post(f"/v1/webhooks/{receiver.id}/test"), 409, "webhook_disabled")
    receiver.respond = answer(200)
    enabled = ok(tenant.owner.patch(f"/v1/webhooks/{receiver.id}", json={"status": "enabled"}))
    assert (enabled["status"], enabled["disabled_reason"], enabled["disabled_at"]) == ("enabled", None, None)
    assert wait_until_settled(platform, tenant, send_test(tenant, receiver))["status"] == "delivered"


def test_an_endpoint_whose_deliveries_fail_for_days_is_disabled(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.respond = FAILURE
    delivery_id = wait_for_attempts(platform, tenant, send_test(tenant, receiver))["id"]
    assert read_endpoint(tenant, receiver)["status"] == "enabled"
    platform.arrange(
        "update webhooks set failures = 19, failing_since = now() - interval '73 hours' where id = %s", [receiver.id]
    )
    make_due(platform, receiver)
    platform.eventually(lambda: read_endpoint(tenant, receiver)["disabled_reason"] == "failing")
    failed = wait_until_settled(platform, tenant, delivery_id)
    assert (failed["status"], failed["last_error"]) == ("failed", "its endpoint was disabled")
    platform.sync(tenant.catalog_id, "feed.csv", FEED)
    assert {each["event"] for each in ok(tenant.owner.get("/v1/webhook-deliveries"))["data"]} == {"webhook.test"}


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("http://example.com/", "https"),
        ("https://10.0.0.1/", "public"),
        ("https://169.254.169.254/latest/meta-data", "public"),
        ("https://[::1]/", "public"),
        ("https://localhost/", "public"),
        ("https://user:password@example.com/", "password"),
        ("https://example.com:8443/", "port"),
        ("ftp://example.com/", "http"),
        ("not a URL", "https"),
    ],
)
def test_the_url_of_an_endpoint_must_be_a_public_https_url(tenant: Tenant, url: str, detail: str) -> None:
    new = {"client_id": tenant.client_id, "url": url, "events": ["*"]}
    invalid = problem(tenant.owner.post("/v1/webhooks", json=new), 422, "invalid")
    assert pointers(invalid) == ["/url"]
    assert detail in invalid["errors"][0]["detail"]


def test_the_error_for_an_unknown_event_type_lists_all_types(tenant: Tenant) -> None:
    new = {"client_id": tenant.client_id, "url": "https://example.com/", "events": ["job.*", "job.exploded"]}
    invalid = problem(tenant.owner.post("/v1/webhooks", json=new), 422, "invalid")
    assert pointers(invalid) == ["/events/1"]
    assert "sync.failed" in invalid["errors"][0]["detail"]


def test_a_client_can_have_at_most_twenty_endpoints(platform: Platform) -> None:
    tenant = platform.tenant()
    new = {"client_id": tenant.client_id, "url": "https://example.com/", "events": ["*"]}
    for _ in range(20):
        created(tenant.owner.post("/v1/webhooks", json=new))
    problem(tenant.owner.post("/v1/webhooks", json=new), 409, "too_many_webhooks")


def test_a_request_with_an_outdated_etag_does_not_change_an_endpoint(tenant: Tenant, receiver: Receiver) -> None:
    etag = tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"]
    path = f"/v1/webhooks/{receiver.id}"
    ok(tenant.owner.patch(path, json={"description": "first"}, headers={"If-Match": etag}))
    problem(
        tenant.owner.patch(path, json={"description": "second"}, headers={"If-Match": etag}), 412, "precondition_failed"
    )
    assert read_endpoint(tenant, receiver)["description"] == "first"


def test_delivery_attempts_do_not_change_the_etag_of_an_endpoint(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    etag = tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"]
    receiver.respond = FAILURE
    wait_for_attempts(platform, tenant, send_test(tenant, receiver))
    assert tenant.owner.get(f"/v1/webhooks/{receiver.id}").headers["etag"] == etag


def test_a_request_for_the_deliveries_of_a_deleted_endpoint_gets_404(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    receiver.respond = FAILURE
    delivery_id = send_test(tenant, receiver)
    wait_for_attempts(platform, tenant, delivery_id)
    assert tenant.owner.delete(f"/v1/webhooks/{receiver.id}").status_code == 204
    problem(tenant.owner.get(f"/v1/webhooks/{receiver.id}"), 404, "not_found")
    problem(tenant.owner.get(f"/v1/webhook-deliveries/{delivery_id}"), 404, "not_found")


def test_a_viewer_can_read_endpoints_but_cannot_change_them(
    platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    delivered = wait_until_settled(platform, tenant, send_test(tenant, receiver))
    assert ok(viewer.get(f"/v1/webhooks/{receiver.id}"))["id"] == receiver.id
    for path in (
        f"webhooks/{receiver.id}/test",
        f"webhooks/{receiver.id}/rotate",
        f"webhook-deliveries/{delivered['id']}/replay",
    ):
        problem(viewer.post(f"/v1/{path}"), 403, "forbidden")
    problem(viewer.patch(f"/v1/webhooks/{receiver.id}", json={"url": "https://example.com/"}), 403, "forbidden")
    problem(viewer.delete(f"/v1/webhooks/{receiver.id}"), 403, "forbidden")
