"""A mail's way: from the transaction of what it tells, through the queue and SES, and back by SES's events."""

from dataclasses import dataclass
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.local.mailbox import sent
from tests.mail.conftest import (
    Inside,
    SignedIn,
    address,
    bounce,
    confirmed,
    event,
    order,
    received,
    service,
    settled,
    tell,
)
from tests.platform import Json, Platform, Tenant, ok, problem
from wecelebrate import mail
from wecelebrate.database import SYSTEM, Caller
from wecelebrate.errors import NotFound
from wecelebrate.mail.models import Tracking


@dataclass
class Heard:
    """A message with a body."""

    body: Json


def state_of(tenant: Tenant, one: Json) -> Json:
    return ok(tenant.owner.get(f"/v1/mails/{one['id']}"))


def suppressed(tenant: Tenant, **filters: Any) -> list[Json]:
    found: list[Json] = ok(tenant.owner.get("/v1/mail-suppressions", params=filters))["data"]
    return found


def test_an_order_is_confirmed_to_its_customer_in_the_look_of_the_site(
    platform: Platform, inside: Inside, tenant: Tenant
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
    one = confirmed(platform, inside, tenant, email)
    (got,) = received(platform, email)
    assert (one["state"], one["message_id"], one["locale"]) == ("sent", got.id, "de-DE")
    assert got.sender == "Geschenke Ä <mail@wecelebrate.test>"
    assert got.subject.startswith("Ihre Bestellung ") and got.subject.endswith(" bei Geschenke Ä")
    assert "19,90\N{NO-BREAK SPACE}€" in got.text
    assert "Mug & saucer" in got.text and "Mug &amp; saucer" in got.html
    assert "#c8102e" in got.html and "<b>" not in got.html
    read = state_of(tenant, one)
    assert (read["subject"], read["text"], read["html"]) == (got.subject, got.text, got.html)
    assert "people@acme.test" in read["reply_to"]


def test_the_job_holds_nothing_about_a_person(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    one = confirmed(platform, inside, tenant, address())
    row = platform.database.execute("select payload, priority, result, status from jobs where id = %s", [one["job_id"]])
    assert row.fetchone() == {
        "payload": {"mail_id": one["id"]},
        "priority": "high",
        "result": {"state": "sent", "message_id": one["message_id"]},
        "status": "completed",
    }


def test_an_order_is_confirmed_once_however_often_that_is_asked_for(
    platform: Platform, inside: Inside, tenant: Tenant
) -> None:
    email = address()
    placed = order(platform, tenant, email)
    asked = [inside(service(tenant), lambda tx: mail.order_confirmation(tx, placed)) for _ in range(3)]
    assert asked[0] is not None and asked[1:] == [None, None]
    settled(platform, tenant, placed)
    assert len(received(platform, email)) == 1


def test_what_is_rolled_back_is_not_told(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    placed = order(platform, tenant, address())

    def fails(tx: Any) -> None:
        mail.order_confirmation(tx, placed)
        raise LookupError

    with pytest.raises(LookupError):
        inside(service(tenant), fails)
    assert ok(tenant.owner.get("/v1/mails", params={"order_id": str(placed)}))["data"] == []


def test_a_shipped_order_can_be_followed(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    email = address()
    placed = order(platform, tenant, email)
    tracking = Tracking(carrier="Post", number="T-1", url="https://post.test/T-1")
    inside(service(tenant), lambda tx: mail.order_shipped(tx, placed, tracking))
    settled(platform, tenant, placed)
    (got,) = received(platform, email)
    assert "T-1" in got.text and 'href="https://post.test/T-1"' in got.html


def test_whoever_asks_is_told_how_a_job_ended(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    email = address()
    ended = platform.database.execute(
        "insert into jobs (client_id, type, status, requested_by, payload, error, completed_at)"
        " values (%s, 'catalog_sync', 'failed', 'a test', '{}', 'Line 7 is no row.', now()) returning id",
        [tenant.client_id],
    ).fetchone()
    assert ended is not None
    inside(SYSTEM, lambda tx: mail.job_finished(tx, ended["id"], email))
    platform.eventually(lambda: received(platform, email))
    (got,) = received(platform, email)
    assert got.subject == "Catalog sync: failed"
    assert "Line 7 is no row." in got.text


def test_of_a_job_that_goes_on_nothing_is_told(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    open_job = platform.database.execute(
        "insert into jobs (client_id, type, requested_by, payload, due_at)"
        " values (%s, 'report_generation', 'a test', '{}', now() + interval '1 day') returning id",
        [tenant.client_id],
    ).fetchone()
    assert open_job is not None
    with pytest.raises(NotFound):
        inside(SYSTEM, lambda tx: mail.job_finished(tx, open_job["id"], address()))


def test_a_customer_causes_the_confirmation_of_an_own_order_alone(
    platform: Platform, inside: Inside, tenant: Tenant, stranger: Tenant
) -> None:
    subject = f"customer-{uuid4().hex}"
    customer = Caller(subject=subject, site_domain=tenant.domain)
    email = address()
    own = order(platform, tenant, email, customer_subject=subject)
    others = [
        order(platform, tenant, address(), customer_subject="somebody else"),
        order(platform, tenant, address()),
        order(platform, stranger, address(), customer_subject=subject),
    ]
    for other in others:
        with pytest.raises(NotFound):
            inside(customer, lambda tx, one=other: mail.order_confirmation(tx, one), "wc_public")
    with pytest.raises(NotFound):
        inside(customer, lambda tx: mail.order_shipped(tx, own), "wc_public")
    assert inside(customer, lambda tx: mail.order_confirmation(tx, own), "wc_public") is not None
    assert settled(platform, tenant, own)["state"] == "sent"
    assert len(received(platform, email)) == 1


def test_an_address_that_is_none_fails_at_once_and_says_so(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    one = confirmed(platform, inside, tenant, "a@b.test\r\nBcc: everybody@example.test")
    assert (one["state"], one["message_id"]) == ("failed", None)
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{one['job_id']}"))["status"] == "failed")
    job = ok(tenant.owner.get(f"/v1/jobs/{one['job_id']}"))
    assert (job["error_code"], job["attempts"]) == ("bad_address", 1)


def test_a_permanent_bounce_suppresses_the_address_for_everybody_until_it_is_let_go(
    platform: Platform, inside: Inside, tenant: Tenant, stranger: Tenant
) -> None:
    email = address()
    one = confirmed(platform, inside, tenant, email.upper())
    tell(platform, "Bounce", one, bounce=bounce(one))
    platform.eventually(lambda: state_of(tenant, one)["state"] == "bounced")
    assert "550 5.1.1 user unknown" in state_of(tenant, one)["reason"]
    (entry,) = suppressed(tenant)
    assert (entry["address"], entry["cause"], entry["mail_id"]) == (email, "bounce", one["id"])

    # The next mail of this client, and of another, whatever the case of the address.
    assert confirmed(platform, inside, tenant, email)["state"] == "suppressed"
    assert confirmed(platform, inside, stranger, email.title())["state"] == "suppressed"
    assert len(received(platform, email)) == 0
    job = ok(stranger.owner.get("/v1/jobs", params={"type": "email_notification"}))["data"][0]
    assert (job["status"], job["result"]) == ("completed", {"state": "suppressed"})

    # Each sees and lets go its own; the other's holds no more once it was let go.
    (theirs,) = suppressed(stranger)
    assert theirs["id"] != entry["id"] and "550" not in theirs["reason"]
    problem(stranger.owner.delete(f"/v1/mail-suppressions/{entry['id']}"), 404, "not_found")
    assert stranger.owner.delete(f"/v1/mail-suppressions/{theirs['id']}").status_code == 204
    assert confirmed(platform, inside, stranger, email)["state"] == "sent"
    assert confirmed(platform, inside, tenant, email)["state"] == "suppressed"
    assert suppressed(stranger) == []
    (gone,) = suppressed(stranger, released=True)
    assert gone["released_by"].startswith("owner-") and gone["released_at"]


def test_a_complaint_suppresses_the_address_for_the_client_it_is_about(
    platform: Platform, inside: Inside, tenant: Tenant, stranger: Tenant
) -> None:
    email = address()
    one = confirmed(platform, inside, tenant, email)
    tell(platform, "Complaint", one, complaint={"complaintFeedbackType": "abuse"})
    platform.eventually(lambda: state_of(tenant, one)["state"] == "complained")
    assert confirmed(platform, inside, tenant, email)["state"] == "suppressed"
    assert confirmed(platform, inside, stranger, email)["state"] == "sent"


def test_a_bounce_that_may_pass_suppresses_nothing(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    email = address()
    one = confirmed(platform, inside, tenant, email)
    tell(platform, "Bounce", one, bounce=bounce(one, "Transient"))
    platform.eventually(lambda: state_of(tenant, one)["state"] == "bounced")
    assert suppressed(tenant) == []
    assert confirmed(platform, inside, tenant, email)["state"] == "sent"


def test_events_that_come_late_or_twice_take_nothing_back(
    platform: Platform, inside: Inside, signed_in: SignedIn, tenant: Tenant
) -> None:
    one = confirmed(platform, inside, tenant, address())

    def hear(*kinds: str) -> None:
        with signed_in("wc_worker"):
            for kind in kinds:
                mail.receive(Heard(event(kind, one, bounce=bounce(one))))  # type: ignore[arg-type]

    hear("Complaint")
    (entry,) = suppressed(tenant)
    assert tenant.owner.delete(f"/v1/mail-suppressions/{entry['id']}").status_code == 204
    before = state_of(tenant, one)
    hear("Delivery", "Bounce", "Complaint", "Complaint", "Delivery")
    assert state_of(tenant, one) == before
    assert suppressed(tenant) == []


@pytest.mark.parametrize("order_of_events", list(permutations(("Delivery", "Bounce", "Complaint"))))
def test_in_whatever_order_events_come_the_mail_ends_the_same(
    platform: Platform, inside: Inside, signed_in: SignedIn, tenant: Tenant, order_of_events: tuple[str, ...]
) -> None:
    one = confirmed(platform, inside, tenant, address())
    with signed_in("wc_worker"):
        for kind in order_of_events:
            mail.receive(Heard(event(kind, one, bounce=bounce(one))))  # type: ignore[arg-type]
    assert state_of(tenant, one)["state"] == "complained"
    assert len(suppressed(tenant)) == 1


def test_an_event_without_our_tag_is_known_by_the_id_that_ses_gave(
    platform: Platform, inside: Inside, tenant: Tenant
) -> None:
    one = confirmed(platform, inside, tenant, address())
    platform.send("mail-events", {"notificationType": "Delivery", "mail": {"messageId": one["message_id"]}})
    platform.eventually(lambda: state_of(tenant, one)["state"] == "delivered")


def test_a_mail_whose_worker_died_after_ses_had_told_is_not_sent_again(
    platform: Platform, inside: Inside, tenant: Tenant
) -> None:
    email = address()
    placed = order(platform, tenant, email)
    inside(service(tenant), lambda tx: mail.order_confirmation(tx, placed))
    one = settled(platform, tenant, placed)
    tell(platform, "Delivery", one)
    platform.eventually(lambda: state_of(tenant, one)["state"] == "delivered")
    # As a worker leaves it that died between SES's answer and its commit: the event came, the job is not done.
    platform.database.execute(
        "update jobs set status = 'pending', fence = fence + 1, due_at = now() where id = %s", [one["job_id"]]
    )
    platform.send("emails", {"job_id": one["job_id"]})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{one['job_id']}"))["status"] == "completed")
    assert len(received(platform, email)) == 1


def test_mails_and_suppressions_of_another_client_are_not_there(
    platform: Platform, inside: Inside, tenant: Tenant, stranger: Tenant
) -> None:
    one = confirmed(platform, inside, tenant, address())
    problem(stranger.owner.get(f"/v1/mails/{one['id']}"), 404, "not_found")
    asked: list[dict[str, str]] = [{}, {"client_id": tenant.client_id}, {"recipient": one["recipient"]}]
    for filters in asked:
        assert ok(stranger.owner.get("/v1/mails", params=filters))["data"] == []
    with pytest.raises(NotFound):
        inside(service(stranger), lambda tx: mail.order_shipped(tx, UUID(one["order_id"])))


def test_mails_are_found_by_what_is_known_of_them(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    email = address()
    one = confirmed(platform, inside, tenant, email)
    other = confirmed(platform, inside, tenant, address())
    asked: list[tuple[dict[str, str | int], list[str]]] = [
        ({}, [other["id"], one["id"]]),
        ({"recipient": email.upper()}, [one["id"]]),
        ({"state": "sent", "limit": 1}, [other["id"]]),
        ({"state": "bounced"}, []),
        ({"template": "order_shipped"}, []),
        ({"template": "order_confirmation", "order_id": one["order_id"]}, [one["id"]]),
    ]
    for filters, found in asked:
        page = ok(tenant.owner.get("/v1/mails", params=filters))
        assert [each["id"] for each in page["data"]] == found
    first = ok(tenant.owner.get("/v1/mails", params={"limit": 1}))
    second = ok(tenant.owner.get("/v1/mails", params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [each["id"] for each in first["data"] + second["data"]] == [other["id"], one["id"]]


def test_support_reads_a_mail_as_it_looks(platform: Platform, inside: Inside, tenant: Tenant) -> None:
    one = confirmed(platform, inside, tenant, address())
    assert ok(platform.api("support").get(f"/v1/mails/{one['id']}"))["html"] == state_of(tenant, one)["html"]


def test_a_hundred_mails_are_sent_once_each_and_no_faster_than_the_cap(
    platform: Platform, inside: Inside, tenant: Tenant
) -> None:
    mark = uuid4().hex[:8]
    placed = [order(platform, tenant, f"{n}-{mark}@example.test") for n in range(100)]

    def ask(tx: Any) -> None:
        for each in placed:
            mail.order_confirmation(tx, each)

    inside(service(tenant), ask)

    def mine() -> list[Any]:
        return [one for one in sent(platform.endpoints.s3) if mark in one.recipients[0]]

    platform.eventually(lambda: len(mine()) >= 100, within=90, every=0.5)
    platform.eventually(
        lambda: len(ok(tenant.owner.get("/v1/mails", params={"state": "sent", "limit": 200}))["data"]) == 100
    )
    got = mine()
    assert len({one.recipients[0] for one in got}) == len(got) == 100
    # 14 a second, and one more for each of three workers that begins.
    times = sorted(one.at.timestamp() for one in got)
    assert max(sum(1 for at in times if first <= at < first + 1) for first in times) <= 14 + 3
