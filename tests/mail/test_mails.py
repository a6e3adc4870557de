"""Tests each step of a mail.

A transaction enqueues the mail, a worker sends the mail through SES, and SES events update the mail.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.local.mailbox import sent
from tests.mail.conftest import (
    AsLogin,
    RunAs,
    address,
    bounce,
    create_order,
    mails_sent_to,
    send_confirmation,
    send_event,
    service,
    ses_event,
    wait_until_settled,
)
from tests.persons.planting import ANY_STATE, Person, order_body
from tests.platform import Json, Platform, Tenant, created, ok, problem
from wecelebrate import mail
from wecelebrate.core.database import SYSTEM, Caller
from wecelebrate.core.errors import NotFound
from wecelebrate.mail.models import Tracking


@dataclass
class FakeMessage:
    """A queue message that has only a body."""

    body: Json


def read_mail(tenant: Tenant, mail_row: Json) -> Json:
    return ok(tenant.owner.get(f"/v1/mails/{mail_row['id']}"))


def suppressions(tenant: Tenant, **filters: Any) -> list[Json]:
    data: list[Json] = ok(tenant.owner.get("/v1/mail-suppressions", params=filters))["data"]
    return data


def test_a_confirmation_has_the_branding_and_language_of_the_site(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    platform.arrange(
        "update sites set branding = %s, settings = %s where id = %s",
        [
            Jsonb({"name": "Geschenke Ä", "color": "#c8102e", "reply_to": "people@acme.test"}),
            Jsonb({"locale": "de-DE"}),
            tenant.site_id,
        ],
    )
    email = address()
    mail_row = send_confirmation(platform, run_as, tenant, email)
    (message,) = mails_sent_to(platform, email)
    assert (mail_row["state"], mail_row["message_id"], mail_row["locale"]) == ("sent", message.id, "de-DE")
    assert message.sender == "Geschenke Ä <mail@wecelebrate.test>"
    assert message.subject.startswith("Ihre Bestellung ") and message.subject.endswith(" bei Geschenke Ä")
    assert "19,90\N{NO-BREAK SPACE}€" in message.text
    assert "Mug & saucer" in message.text and "Mug &amp; saucer" in message.html
    assert "#c8102e" in message.html and "<b>" not in message.html
    details = read_mail(tenant, mail_row)
    assert (details["subject"], details["text"], details["html"]) == (message.subject, message.text, message.html)
    assert "people@acme.test" in details["reply_to"]


def test_the_job_of_a_mail_contains_no_personal_data(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())
    row = platform.database.execute(
        "select payload, priority, result, status from jobs where id = %s", [mail_row["job_id"]]
    )
    assert row.fetchone() == {
        "payload": {"mail_id": mail_row["id"]},
        "priority": "high",
        "result": {"state": "sent", "message_id": mail_row["message_id"]},
        "status": "completed",
    }


def test_the_confirmation_of_an_order_is_sent_only_once(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    email = address()
    order_id = create_order(platform, tenant, email)
    job_ids = [run_as(service(tenant), lambda tx: mail.order_confirmation(tx, order_id)) for _ in range(3)]
    assert job_ids[0] is not None and job_ids[1:] == [None, None]
    wait_until_settled(platform, tenant, order_id)
    assert len(mails_sent_to(platform, email)) == 1


def test_a_rollback_also_removes_the_mail_that_the_transaction_enqueued(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    order_id = create_order(platform, tenant, address())

    def enqueue_and_fail(tx: Any) -> None:
        mail.order_confirmation(tx, order_id)
        raise LookupError

    with pytest.raises(LookupError):
        run_as(service(tenant), enqueue_and_fail)
    assert ok(tenant.owner.get("/v1/mails", params={"order_id": str(order_id)}))["data"] == []


def test_a_shipping_notice_contains_the_tracking_link(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    email = address()
    order_id = create_order(platform, tenant, email)
    tracking = Tracking(carrier="Post", number="T-1", url="https://post.test/T-1")
    run_as(service(tenant), lambda tx: mail.order_shipped(tx, order_id, tracking))
    wait_until_settled(platform, tenant, order_id)
    (message,) = mails_sent_to(platform, email)
    assert "T-1" in message.text and 'href="https://post.test/T-1"' in message.html


def test_a_mail_about_a_completed_job_is_sent_to_the_given_address(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    email = address()
    job = platform.database.execute(
        "insert into jobs (client_id, type, status, requested_by, payload, error, completed_at)"
        " values (%s, 'catalog_sync', 'failed', 'a test', '{}', 'Line 7 is not a row.', now()) returning id",
        [tenant.client_id],
    ).fetchone()
    assert job is not None
    run_as(SYSTEM, lambda tx: mail.job_finished(tx, job["id"], email))
    (message,) = platform.mails_to(email)
    assert message.subject == "Catalog sync: failed"
    assert "Line 7 is not a row." in message.text


def test_a_mail_about_a_job_cannot_be_sent_before_the_job_has_ended(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    open_job = platform.database.execute(
        "insert into jobs (client_id, type, requested_by, payload, due_at)"
        " values (%s, 'report_generation', 'a test', '{}', now() + interval '1 day') returning id",
        [tenant.client_id],
    ).fetchone()
    assert open_job is not None
    with pytest.raises(NotFound):
        run_as(SYSTEM, lambda tx: mail.job_finished(tx, open_job["id"], address()))


def test_a_customer_can_request_only_the_confirmation_of_their_own_order(
    platform: Platform, run_as: RunAs, tenant: Tenant, stranger: Tenant
) -> None:
    subject = f"customer-{uuid4().hex}"
    customer = Caller(subject=subject, site_domain=tenant.domain)
    email = address()
    own_order = create_order(platform, tenant, email, customer_subject=subject)
    others = [
        create_order(platform, tenant, address(), customer_subject="somebody else"),
        create_order(platform, tenant, address()),
        create_order(platform, stranger, address(), customer_subject=subject),
    ]
    for other in others:
        with pytest.raises(NotFound):
            run_as(customer, lambda tx, order_id=other: mail.order_confirmation(tx, order_id), "wc_public")
    with pytest.raises(NotFound):
        run_as(customer, lambda tx: mail.order_shipped(tx, own_order), "wc_public")
    assert run_as(customer, lambda tx: mail.order_confirmation(tx, own_order), "wc_public") is not None
    assert wait_until_settled(platform, tenant, own_order)["state"] == "sent"
    assert len(mails_sent_to(platform, email)) == 1


def test_a_mail_to_an_invalid_address_fails_without_a_retry(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, "a@b.test\r\nBcc: everybody@example.test")
    assert (mail_row["state"], mail_row["message_id"]) == ("failed", None)
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{mail_row['job_id']}"))["status"] == "failed")
    job = ok(tenant.owner.get(f"/v1/jobs/{mail_row['job_id']}"))
    assert (job["error_code"], job["attempts"]) == ("bad_address", 1)


def test_a_permanent_bounce_suppresses_the_address_for_each_client(
    platform: Platform, run_as: RunAs, tenant: Tenant, stranger: Tenant
) -> None:
    email = address()
    mail_row = send_confirmation(platform, run_as, tenant, email.upper())
    send_event(platform, "Bounce", mail_row, bounce=bounce(mail_row))
    platform.eventually(lambda: read_mail(tenant, mail_row)["state"] == "bounced")
    assert "550 5.1.1 user unknown" in read_mail(tenant, mail_row)["reason"]
    (entry,) = suppressions(tenant)
    assert (entry["address"], entry["cause"], entry["mail_id"]) == (email, "bounce", mail_row["id"])

    # The platform suppresses later mails of both clients to this address. The comparison of addresses ignores case.
    assert send_confirmation(platform, run_as, tenant, email)["state"] == "suppressed"
    assert send_confirmation(platform, run_as, stranger, email.title())["state"] == "suppressed"
    assert len(mails_sent_to(platform, email)) == 0
    job = ok(stranger.owner.get("/v1/jobs", params={"type": "email_notification"}))["data"][0]
    assert (job["status"], job["result"]) == ("completed", {"state": "suppressed"})

    # Each client can see and release only its own suppression. After the release, the client can use the address again.
    (theirs,) = suppressions(stranger)
    assert theirs["id"] != entry["id"] and "550" not in theirs["reason"]
    problem(stranger.owner.delete(f"/v1/mail-suppressions/{entry['id']}"), 404, "not_found")
    assert stranger.owner.delete(f"/v1/mail-suppressions/{theirs['id']}").status_code == 204
    assert send_confirmation(platform, run_as, stranger, email)["state"] == "sent"
    assert send_confirmation(platform, run_as, tenant, email)["state"] == "suppressed"
    assert suppressions(stranger) == []
    (released,) = suppressions(stranger, released=True)
    assert released["released_by"].startswith("owner-") and released["released_at"]


def test_a_complaint_suppresses_the_address_only_for_the_client_that_sent_the_mail(
    platform: Platform, run_as: RunAs, tenant: Tenant, stranger: Tenant
) -> None:
    email = address()
    mail_row = send_confirmation(platform, run_as, tenant, email)
    send_event(platform, "Complaint", mail_row, complaint={"complaintFeedbackType": "abuse"})
    platform.eventually(lambda: read_mail(tenant, mail_row)["state"] == "complained")
    assert send_confirmation(platform, run_as, tenant, email)["state"] == "suppressed"
    assert send_confirmation(platform, run_as, stranger, email)["state"] == "sent"


def test_a_transient_bounce_suppresses_no_address(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    email = address()
    mail_row = send_confirmation(platform, run_as, tenant, email)
    send_event(platform, "Bounce", mail_row, bounce=bounce(mail_row, "Transient"))
    platform.eventually(lambda: read_mail(tenant, mail_row)["state"] == "bounced")
    assert suppressions(tenant) == []
    assert send_confirmation(platform, run_as, tenant, email)["state"] == "sent"


def test_late_and_repeated_mail_events_have_no_effect(
    platform: Platform, run_as: RunAs, as_login: AsLogin, tenant: Tenant
) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())

    def receive(*kinds: str) -> None:
        with as_login("wc_worker"):
            for kind in kinds:
                mail.receive(FakeMessage(ses_event(kind, mail_row, bounce=bounce(mail_row))))  # type: ignore[arg-type]

    receive("Complaint")
    (entry,) = suppressions(tenant)
    assert tenant.owner.delete(f"/v1/mail-suppressions/{entry['id']}").status_code == 204
    before = read_mail(tenant, mail_row)
    receive("Delivery", "Bounce", "Complaint", "Complaint", "Delivery")
    assert read_mail(tenant, mail_row) == before
    assert suppressions(tenant) == []


@pytest.mark.parametrize("order_of_events", list(permutations(("Delivery", "Bounce", "Complaint"))))
def test_the_final_state_of_a_mail_does_not_depend_on_the_order_of_its_events(
    platform: Platform, run_as: RunAs, as_login: AsLogin, tenant: Tenant, order_of_events: tuple[str, ...]
) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())
    with as_login("wc_worker"):
        for kind in order_of_events:
            mail.receive(FakeMessage(ses_event(kind, mail_row, bounce=bounce(mail_row))))  # type: ignore[arg-type]
    assert read_mail(tenant, mail_row)["state"] == "complained"
    assert len(suppressions(tenant)) == 1


def test_the_ses_message_id_identifies_the_mail_of_an_event_without_a_tag(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())
    platform.send("mail-events", {"notificationType": "Delivery", "mail": {"messageId": mail_row["message_id"]}})
    platform.eventually(lambda: read_mail(tenant, mail_row)["state"] == "delivered")


def test_a_mail_with_a_confirmed_delivery_is_not_sent_again(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    email = address()
    order_id = create_order(platform, tenant, email)
    run_as(service(tenant), lambda tx: mail.order_confirmation(tx, order_id))
    mail_row = wait_until_settled(platform, tenant, order_id)
    send_event(platform, "Delivery", mail_row)
    platform.eventually(lambda: read_mail(tenant, mail_row)["state"] == "delivered")
    # This statement creates the state after a worker has ended between the response of SES and its commit. The SES
    # event has arrived, and the job is pending again.
    platform.database.execute(
        "update jobs set status = 'pending', fence = fence + 1, due_at = now() where id = %s", [mail_row["job_id"]]
    )
    platform.send("emails", {"job_id": mail_row["job_id"]})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{mail_row['job_id']}"))["status"] == "completed")
    assert len(mails_sent_to(platform, email)) == 1


def test_a_client_gets_404_for_mails_of_another_client(
    platform: Platform, run_as: RunAs, tenant: Tenant, stranger: Tenant
) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())
    problem(stranger.owner.get(f"/v1/mails/{mail_row['id']}"), 404, "not_found")
    queries: list[dict[str, str]] = [{}, {"client_id": tenant.client_id}, {"recipient": mail_row["recipient"]}]
    for filters in queries:
        assert ok(stranger.owner.get("/v1/mails", params=filters))["data"] == []
    with pytest.raises(NotFound):
        run_as(service(stranger), lambda tx: mail.order_shipped(tx, UUID(mail_row["order_id"])))


def test_the_list_of_mails_has_filters_and_pages(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    email = address()
    mail_row = send_confirmation(platform, run_as, tenant, email)
    other = send_confirmation(platform, run_as, tenant, address())
    queries: list[tuple[dict[str, str | int], list[str]]] = [
        ({}, [other["id"], mail_row["id"]]),
        ({"recipient": email.upper()}, [mail_row["id"]]),
        ({"state": "sent", "limit": 1}, [other["id"]]),
        ({"state": "bounced"}, []),
        ({"template": "order_shipped"}, []),
        ({"template": "order_confirmation", "order_id": mail_row["order_id"]}, [mail_row["id"]]),
    ]
    for filters, expected in queries:
        page = ok(tenant.owner.get("/v1/mails", params=filters))
        assert [each["id"] for each in page["data"]] == expected
    first = ok(tenant.owner.get("/v1/mails", params={"limit": 1}))
    second = ok(tenant.owner.get("/v1/mails", params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [each["id"] for each in first["data"] + second["data"]] == [other["id"], mail_row["id"]]


def test_support_can_read_the_html_of_a_mail(platform: Platform, run_as: RunAs, tenant: Tenant) -> None:
    mail_row = send_confirmation(platform, run_as, tenant, address())
    assert ok(platform.api("support").get(f"/v1/mails/{mail_row['id']}"))["html"] == read_mail(tenant, mail_row)["html"]


@pytest.mark.slow
def test_each_of_a_hundred_mails_is_sent_once_without_exceeding_the_rate_limit(
    platform: Platform, run_as: RunAs, tenant: Tenant
) -> None:
    mark = uuid4().hex[:8]
    order_ids = [create_order(platform, tenant, f"{n}-{mark}@example.test") for n in range(100)]

    def enqueue(tx: Any) -> None:
        for order_id in order_ids:
            mail.order_confirmation(tx, order_id)

    run_as(service(tenant), enqueue)

    def sent_mails() -> list[Any]:
        return [message for message in sent(platform.endpoints.s3) if mark in message.recipients[0]]

    platform.eventually(lambda: len(sent_mails()) >= 100, within=90, every=0.5)
    platform.eventually(
        lambda: len(ok(tenant.owner.get("/v1/mails", params={"state": "sent", "limit": 200}))["data"]) == 100
    )
    messages = sent_mails()
    assert len({message.recipients[0] for message in messages}) == len(messages) == 100
    # The limit is 14 mails per second. In addition, each of the three workers is allowed to send its first mail
    # immediately.
    times = sorted(message.at.timestamp() for message in messages)
    assert max(sum(1 for at in times if first <= at < first + 1) for first in times) <= 14 + 3


@pytest.mark.parametrize(
    ("in_token", "in_order", "is_verified"),
    [("Ann@example.test", "ann@Example.test", True), ("mallory@example.test", "ann@example.test", False),
     (None, "ann@example.test", False)],
)  # fmt: skip
def test_an_order_and_its_replacement_store_whether_the_address_is_verified(
    platform: Platform, tenant: Tenant, in_token: str | None, in_order: str, is_verified: bool
) -> None:
    product = platform.product(tenant, inventory_count=9)
    buyer = platform.api(f"buyer-{uuid4()}", email=in_token) if in_token else platform.api()
    body = order_body(Person.new(), product, customer_email=in_order)
    order = created(buyer.post(f"/v1/storefront/{tenant.domain}/orders", json=body))
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json={}, headers=ANY_STATE))
    created(tenant.owner.post(f"/v1/orders/{order['id']}/replacements", json={}, headers=ANY_STATE))
    query = "select has_verified_email as is_verified from orders where client_id = %s"
    rows = platform.database.execute(query, [tenant.client_id]).fetchall()
    assert [row["is_verified"] for row in rows] == [is_verified] * 2


def test_the_first_shipping_mail_does_not_count_against_the_used_up_limit(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, inventory_count=9)
    body = order_body(Person.new(), product, customer_email=address())
    body["lines"][0]["quantity"] = 2
    order = created(platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json=body))
    platform.arrange(
        "insert into guest_mails (client_id, mailbox, is_notice, is_sample) select c.id, 'x', true, true from clients c"
        " join tiers t on t.name = c.tier, generate_series(1, 12 * t.requests_per_hour / 16) where c.id = %s",
        [tenant.client_id],
    )
    for _ in range(2):
        shipment = {"lines": [{"line": 1, "quantity": 1}]}
        ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json=shipment, headers=ANY_STATE))
    mails = ok(tenant.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    shipped = [row["state"] == "suppressed" for row in mails if row["template"] == "order_shipped"]
    assert shipped == [True, False], "the second part counts against the limit"
