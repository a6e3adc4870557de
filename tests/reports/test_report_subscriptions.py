"""Tests reports by mail: their recipients, their times, and how a recipient unsubscribes."""

import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from PIL import Image
from python_calamine import CalamineWorkbook

from infra.functions import ROOT
from infra.local.mailbox import SentMail
from tests.faults.environment import function_environment
from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem
from tests.reports.orders import PlacedOrder, insert, random_order
from wecelebrate.core.database import Caller, writing
from wecelebrate.mail import attachments, links, rendering, sending
from wecelebrate.mail.log import sql
from wecelebrate.reports.mailings import due

ZONE = "Europe/Berlin"
PATH = "/v1/report-subscriptions"
WORKER = '''
import os, signal, sys
from wecelebrate import subscriptions
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.jobs.lease import LeasedJob
from wecelebrate.reports.mailings import edition

subscriptions.connect()

CLAIM = """
update jobs
set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1,
  leased_until = now() + interval '60 s'
where id = %s and status = 'pending'
returning *
"""

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "files":
    edition.sql.queue_report_mails = die
elif sys.argv[2] == "queued":
    LeasedJob.complete = die
with writing(SYSTEM) as tx:
    with tx.cursor() as cursor:
        cursor.execute(CLAIM, [sys.argv[1]])
        row = cursor.fetchone()
edition.run(LeasedJob.from_row(dict(row), lambda: None, lambda: 60.0))
die()
'''
"""A program that computes a given report as a worker does, and then kills itself. It can do so after writing the files,
before the commit that queues the mails, or after this commit."""

SWEEPER = "from wecelebrate.reports.mailings import due; due.run_due()"


@pytest.fixture(autouse=True)
def fast_sweeper(as_function: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `make_due` start due reports at once, because the sweeper of the local cloud runs only every 15 seconds."""

    def sweep() -> None:
        with as_function("schedules-sweeper"):
            due.run_due()

    monkeypatch.setattr(sys.modules[__name__], "sweep", sweep)


def sweep() -> None:
    raise AssertionError("the fixture replaces this function")


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def member(platform: Platform, tenant: Tenant, role: str = "viewer") -> Json:
    """Add a member. Return its `id`, `subject` and `email`."""
    subject = platform.member(tenant.client_id, role)
    row = platform.database.execute(
        "select id::text, user_id as subject, email from client_users where user_id = %s", [subject]
    ).fetchone()
    assert row is not None
    return dict(row)


def body(tenant: Tenant, *recipients: Json, **more: Any) -> Json:
    fields = {"name": f"Report {uuid4().hex[:6]}", "cadence": "day", "timezone": ZONE, "language": "de"}
    return {"client_id": tenant.client_id, "recipients": [recipient["id"] for recipient in recipients]} | fields | more


def orders_of_yesterday(tenant: Tenant, number: int = 12) -> list[PlacedOrder]:
    """Return `number` orders of yesterday in local time, including its first and last second, and two orders of other
    days."""
    today = datetime.now(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    first = (today - timedelta(days=1)).replace(fold=0)
    dice = random.Random(number)
    orders = [random_order(dice, tenant.site_id, first, today - timedelta(minutes=1)) for _ in range(number)]
    orders[0].created_at, orders[-1].created_at = first, today - timedelta(seconds=1)
    outside = [random_order(dice, tenant.site_id, today, today) for _ in range(2)]
    outside[0].created_at, outside[1].created_at = today, first - timedelta(seconds=1)
    return [*orders, *outside]


def make_due(platform: Platform, subscription: Json, ago: timedelta = timedelta(0)) -> None:
    platform.database.execute(
        "update report_subscriptions set next_at = now() - %s where id = %s", [ago, subscription["id"]]
    )
    sweep()


def mails_of(platform: Platform, subscription: Json) -> list[Json]:
    rows = platform.database.execute(
        "select id::text, recipient, state, reason, details, job_id::text from mails where template = 'report'"
        " and details ->> 'subscription_id' = %s order by recipient",
        [subscription["id"]],
    )
    return [dict(row) for row in rows.fetchall()]


def job_of(platform: Platform, tenant: Tenant, subscription: Json) -> Json:
    """Wait until the next report of a subscription has started. Return the job of the report."""
    job: Json = {}

    def is_started() -> bool:
        job.update(ok(tenant.owner.get(f"{PATH}/{subscription['id']}")))
        return job["last_job_id"] is not None and job["last_job_id"] != subscription["last_job_id"]

    platform.eventually(is_started)
    return dict(ok(tenant.owner.get(f"/v1/jobs/{job['last_job_id']}")))


def settled(platform: Platform, tenant: Tenant, subscription: Json, mails: int) -> list[Json]:
    """Wait until all mails of a subscription's next report have left the queue. Return the mails."""
    job = job_of(platform, tenant, subscription)

    def is_settled() -> bool:
        job.update(ok(tenant.owner.get(f"/v1/jobs/{job['id']}")))
        return job["status"] == "completed" and all(
            mail["state"] != "queued" for mail in mails_of(platform, subscription)
        )

    platform.eventually(is_settled)
    assert job["result"]["mails"] == mails
    return mails_of(platform, subscription)


def inbox(platform: Platform, *recipients: Json) -> list[SentMail]:
    return platform.mails_sent_to(*(recipient["email"] for recipient in recipients))


def link_of(message: SentMail) -> str:
    (url,) = {word for word in message.text.split() if "/v1/unsubscribe/" in word}
    return url[url.index("/v1/unsubscribe/") :]


def test_recipients_get_the_figures_of_a_day_once_in_the_language_of_the_report(
    platform: Platform, tenant: Tenant
) -> None:
    insert(platform, tenant, *orders_of_yesterday(tenant))
    people = [member(platform, tenant, role) for role in ("viewer", "editor")]
    subscription = created(tenant.owner.post(PATH, json=body(tenant, *people)))
    make_due(platform, subscription)
    mails = settled(platform, tenant, subscription, 2)
    assert [mail["state"] for mail in mails] == ["sent", "sent"]
    assert sorted(mail["recipient"] for mail in mails) == sorted(person["email"] for person in people)
    yesterday = str(datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1))
    report = ok(
        tenant.owner.get(
            f"/v1/reports/clients/{tenant.client_id}",
            params={"first_day": yesterday, "last_day": yesterday, "timezone": ZONE},
        )
    )
    assert sum(total["orders"] + total["cancelled_orders"] for total in report["totals"]) == 12
    for message in inbox(platform, *people):
        assert message.subject.startswith(f"Bericht {subscription['name']}")
        for total in report["totals"]:
            amount = total["revenue"].replace(".", ",")
            assert f"Bestellungen ({total['currency']}): {total['orders']}" in message.text
            assert amount in message.text.replace(".", "") and amount in message.html.replace(".", "")
    # A second run of the sweeper does not start a second report about the same day, even if the report is due again.
    make_due(platform, subscription)
    assert ok(tenant.owner.get(f"{PATH}/{subscription['id']}"))["next_at"] > datetime.now(UTC).isoformat()
    assert len(inbox(platform, *people)) == len(mails_of(platform, subscription)) == 2


def test_a_report_mail_contains_charts_and_a_workbook_but_no_personal_data(
    platform: Platform, tenant: Tenant, as_function: Callable[[str], Any]
) -> None:
    orders = orders_of_yesterday(tenant)
    insert(platform, tenant, *orders)
    person = member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person)))
    make_due(platform, subscription)
    (mail,) = settled(platform, tenant, subscription, 1)
    with as_function("queues-emails"):
        with writing(Caller(subject="service:mail", client_id=UUID(tenant.client_id))) as tx:
            (row,) = sql.list_mails_to_send(tx, mail_ids=[UUID(mail["id"])])
            rendered = rendering.render(row, links.token(tx, row))
        request = sending.send_email_request(rendered, {}, attachments.of_mail(row))
    raw = request["Content"]["Raw"]["Data"]
    assert isinstance(raw, bytes)
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    images = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert len(images) == len({order.currency for order in orders[:12] if order.status != "cancelled"})
    html = message.get_body(("html",))
    assert html is not None
    for image in images:
        assert Image.open(io.BytesIO(image.get_content())).size == (1104, 520)
        assert f'src="cid:{image["Content-ID"].strip("<>")}"' in html.get_content()
    (book,) = message.iter_attachments()
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.get_content()))
    cells = [cell for name in sheets.sheet_names for row in sheets.get_sheet_by_name(name).to_python() for cell in row]
    texts = " ".join([*map(str, cells), rendered.html, rendered.text]).lower()
    assert not any(order.buyer.lower() in texts for order in orders)
    assert message["List-Unsubscribe"].startswith(f"<{platform.endpoints.api}/v1/unsubscribe/r")


def test_a_recipient_can_unsubscribe_with_one_click(platform: Platform, tenant: Tenant) -> None:
    person, other = member(platform, tenant), member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person, other, name="<b>Daily</b>")))
    make_due(platform, subscription)
    settled(platform, tenant, subscription, 2)
    (message,) = inbox(platform, person)
    link = link_of(message)
    nobody = platform.api()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = nobody.get(link, headers=browser)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "&lt;b&gt;Daily" in page.text and "<b>" not in page.text and '<html lang="de">' in page.text
    before = ok(tenant.owner.get(f"{PATH}/{subscription['id']}"))
    assert [recipient["unsubscribed_at"] for recipient in before["recipients"]] == [None, None]
    for _ in range(2):
        answer = nobody.post(
            link,
            content="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"} | browser,
        )
        assert answer.status_code == 200 and "<form" not in answer.text
    shown = {"language": "de", "client_name": None, "name": "<b>Daily</b>", "is_subscribed": False}
    assert ok(nobody.get(link)) | {"client_name": None} == shown
    platform.wait_for_replica()
    current = ok(tenant.owner.get(f"{PATH}/{subscription['id']}"))
    ended = {recipient["member_id"]: recipient["unsubscribed_at"] is not None for recipient in current["recipients"]}
    assert ended == {person["id"]: True, other["id"]: False}
    # The member remains unsubscribed if the owner removes and adds the member again. Only the member can subscribe
    # again.
    recipients = [person["id"], other["id"]]
    for members in ([], recipients):
        body_with = {"recipients": members, "period": "last_7_days"}
        changed = ok(tenant.owner.patch(f"{PATH}/{subscription['id']}", json=body_with))
    assert [r["member_id"] for r in changed["recipients"] if r["unsubscribed_at"]] == [person["id"]]
    own = platform.api(person["subject"])
    again = ok(own.post(f"{PATH}/{subscription['id']}/subscribe"))
    assert [r["unsubscribed_at"] for r in again["recipients"]] == [None, None]
    assert ok(own.post(f"{PATH}/{subscription['id']}/unsubscribe"))["recipients"] != again["recipients"]
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": subscription["id"]}))["data"]
    subjects = [entry["subject"] for entry in entries if entry["action"] == "report_recipient.change"]
    assert subjects == [person["subject"], person["subject"], "login:wc_public"]


@pytest.mark.parametrize("link", ["x", "r" + "0" * 104, "v" + "0" * 104])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_unsubscribe_link_gets_404(platform: Platform, method: str, link: str) -> None:
    problem(platform.api().request(method, f"/v1/unsubscribe/{link}"), 404, "not_found")


def test_an_unsubscribe_link_still_works_after_the_report_was_deleted(platform: Platform, tenant: Tenant) -> None:
    person = member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person)))
    make_due(platform, subscription)
    settled(platform, tenant, subscription, 1)
    link = link_of(inbox(platform, person)[0])
    assert tenant.owner.delete(f"{PATH}/{subscription['id']}", headers={"If-Match": "*"}).status_code == 204
    assert platform.api().post(link).status_code == 200


@pytest.mark.parametrize("is_ended_later", [False, True])
def test_a_recreated_report_is_not_sent_to_unsubscribed_members(
    platform: Platform, tenant: Tenant, is_ended_later: bool
) -> None:
    person, other = member(platform, tenant), member(platform, tenant)
    first = created(tenant.owner.post(PATH, json=body(tenant, person, other)))
    make_due(platform, first)
    settled(platform, tenant, first, 2)
    link = link_of(inbox(platform, person)[0])
    if not is_ended_later:
        assert platform.api().post(link).status_code == 200
    assert tenant.owner.delete(f"{PATH}/{first['id']}", headers={"If-Match": "*"}).status_code == 204
    if is_ended_later:
        assert platform.api().post(link).status_code == 200
    second = created(tenant.owner.post(PATH, json=body(tenant, person, other)))
    ended = {recipient["member_id"]: recipient["unsubscribed_at"] is not None for recipient in second["recipients"]}
    assert ended == {person["id"]: True, other["id"]: False}
    make_due(platform, second)
    (mail,) = settled(platform, tenant, second, 1)
    assert mail["recipient"] == other["email"]
    # After the member has subscribed again, the member also receives later reports.
    again = ok(platform.api(person["subject"]).post(f"{PATH}/{second['id']}/subscribe"))
    assert [recipient["unsubscribed_at"] for recipient in again["recipients"]] == [None, None]
    third = created(tenant.owner.post(PATH, json=body(tenant, person)))
    assert [recipient["unsubscribed_at"] for recipient in third["recipients"]] == [None]


@pytest.mark.parametrize("earlier", [50, 99, 100])
def test_a_member_gets_at_most_100_reports_of_a_client_in_24_hours(
    platform: Platform, tenant: Tenant, earlier: int
) -> None:
    """The limit must not suppress daily reports: at the start of daylight saving time, 50 daily reports are sent again
    after only 23 hours."""
    person, other = member(platform, tenant), member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person, other)))
    platform.database.execute(
        "insert into mails (client_id, template, recipient, details, state, created_at)"
        " select %(client)s, 'report', %(email)s, jsonb_build_object('subscription_id', gen_random_uuid(),"
        " 'member_id', %(member)s::text, 'last_day', '2026-01-01'), 'sent', now() - interval '23 hours'"
        " from generate_series(1, %(earlier)s)",
        {"client": tenant.client_id, "email": person["email"], "member": person["id"], "earlier": earlier},
    )
    make_due(platform, subscription)
    recipients = {other["email"]} | ({person["email"]} if earlier < 100 else set())
    mails = settled(platform, tenant, subscription, len(recipients))
    assert {mail["recipient"] for mail in mails} == recipients


def test_suppressed_addresses_and_former_members_get_no_report(platform: Platform, tenant: Tenant) -> None:
    bounced, gone, inactive, ended = (member(platform, tenant) for _ in range(4))
    subscription = created(tenant.owner.post(PATH, json=body(tenant, bounced, gone, inactive, ended)))
    platform.arrange(
        "insert into mail_suppressions (client_id, address, cause) values (%s, %s, 'bounce')",
        [tenant.client_id, bounced["email"]],
    )
    platform.arrange("delete from client_users where id = %s", [gone["id"]])
    platform.arrange("update client_users set is_active = false where id = %s", [inactive["id"]])
    ok(platform.api(ended["subject"]).post(f"{PATH}/{subscription['id']}/unsubscribe"))
    make_due(platform, subscription)
    (mail,) = settled(platform, tenant, subscription, 1)
    assert (mail["recipient"], mail["state"]) == (bounced["email"], "suppressed")
    assert inbox(platform, bounced, gone, inactive, ended) == []


def test_a_member_without_access_to_personal_data_sees_masked_recipients_in_the_mail_log(
    platform: Platform, tenant: Tenant
) -> None:
    person = member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person)))
    make_due(platform, subscription)
    (mail,) = settled(platform, tenant, subscription, 1)
    shown = ok(platform.api(member(platform, tenant)["subject"]).get(f"/v1/mails/{mail['id']}"))
    assert person["email"] not in str(shown) and "*" in shown["recipient"]
    assert "unsubscribe" not in shown["text"] + shown["html"], (
        "a reader of the log must not be able to unsubscribe another member"
    )


def test_concurrent_sweepers_start_each_report_only_once(platform: Platform, tenant: Tenant, state: Path) -> None:
    person = member(platform, tenant)
    subscriptions = [created(tenant.owner.post(PATH, json=body(tenant, person))) for _ in range(5)]
    platform.database.execute(
        "update report_subscriptions set next_at = now() where client_id = %s", [tenant.client_id]
    )
    environment = {**os.environ, **function_environment(state, "schedules-sweeper")}
    sweepers = [
        subprocess.Popen([sys.executable, "-c", SWEEPER], env=environment, cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [(sweeper.communicate(timeout=90)[1], sweeper.returncode) for sweeper in sweepers] == [(b"", 0)] * 3
    for subscription in subscriptions:
        settled(platform, tenant, subscription, 1)
    jobs = platform.database.execute(
        "select count(*) from jobs where client_id = %s and type = 'report_generation'", [tenant.client_id]
    ).fetchone()
    assert jobs == {"count": 5}


def test_only_missed_reports_of_the_last_three_days_are_sent(platform: Platform, tenant: Tenant) -> None:
    person = member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person, send_hour=0)))
    make_due(platform, subscription, timedelta(days=10))
    today = datetime.now(ZoneInfo(ZONE)).date()

    def days() -> list[str]:
        return sorted(mail["details"]["last_day"] for mail in mails_of(platform, subscription))

    expected = [str(today - timedelta(days=number)) for number in (3, 2, 1)]
    platform.eventually(lambda: len(days()) >= 3)
    assert days() == expected


@pytest.mark.parametrize("when", ["files", "queued", "committed"])
def test_each_mail_is_sent_exactly_once_if_a_worker_is_killed(
    platform: Platform, tenant: Tenant, state: Path, as_function: Callable[[str], Any], when: str
) -> None:
    people = [member(platform, tenant) for _ in range(3)]
    subscription = created(tenant.owner.post(PATH, json=body(tenant, *people)))
    row = platform.database.execute(
        "insert into jobs (client_id, type, requested_by, payload, due_at) values (%s, 'report_generation',"
        " 'service:reports', jsonb_build_object('subscription_id', %s::text, 'first_day', '2026-03-01',"
        " 'last_day', '2026-03-01'), now() + interval '1 hour') returning id::text",
        [tenant.client_id, subscription["id"]],
    ).fetchone()
    assert row is not None
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, row["id"], when],
        env={**os.environ, **function_environment(state, "queues-reports")},
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert worker.returncode == -signal.SIGKILL, worker.stderr
    assert len(mails_of(platform, subscription)) == (3 if when == "committed" else 0)
    platform.database.execute(
        "update jobs set leased_until = now(), due_at = now() where id = %s and status = 'processing'", [row["id"]]
    )

    def is_sent() -> bool:
        mails = mails_of(platform, subscription)
        return len(mails) == 3 and all(mail["state"] == "sent" for mail in mails)

    platform.eventually(is_sent)
    assert sorted(message.recipients[0] for message in inbox(platform, *people)) == sorted(p["email"] for p in people)


def test_the_recipients_of_a_report_must_be_members_who_are_persons(platform: Platform, tenant: Tenant) -> None:
    other_tenant = platform.tenant()
    stranger, own = member(platform, other_tenant), member(platform, tenant)
    machine = created(
        tenant.owner.post(
            f"/v1/clients/{tenant.client_id}/machines", json={"machine_id": uuid4().hex[:12], "role": "viewer"}
        )
    )
    response = tenant.owner.post(PATH, json=body(tenant, own, stranger, machine))
    assert pointers(problem(response, 422, "invalid")) == ["/recipients/1", "/recipients/2"]
    twice = tenant.owner.post(PATH, json=body(tenant, own, own))
    assert pointers(problem(twice, 422, "invalid")) == ["/recipients"]
    site = tenant.owner.post(PATH, json=body(tenant, own, site_id=other_tenant.site_id))
    assert pointers(problem(site, 422, "invalid")) == ["/site_id"]
    problem(platform.api(stranger["subject"]).post(f"{PATH}/{uuid4()}/subscribe"), 404, "not_found")
    subscription = created(tenant.owner.post(PATH, json=body(tenant, own)))
    problem(platform.api(stranger["subject"]).post(f"{PATH}/{subscription['id']}/subscribe"), 404, "not_found")
    problem(platform.admin.post(f"{PATH}/{subscription['id']}/subscribe"), 403, "forbidden")


def test_reports_that_are_created_concurrently_do_not_exceed_the_quota(platform: Platform, tenant: Tenant) -> None:
    person = member(platform, tenant)
    platform.arrange(
        "insert into report_subscriptions (client_id, name, cadence, timezone)"
        " select %s, 'r ' || n, 'day', 'UTC' from generate_series(1, 48) n",
        [tenant.client_id],
    )
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: tenant.owner.post(PATH, json=body(tenant, person)), range(6)))
    codes = sorted(response.status_code for response in responses)
    assert codes == [201, 201, 409, 409, 409, 409]
    refused = next(response for response in responses if response.status_code == 409)
    problem(refused, 409, "too_many_report_subscriptions")


def test_a_report_has_at_most_20_recipients(platform: Platform, tenant: Tenant) -> None:
    people = [member(platform, tenant) for _ in range(21)]
    response = tenant.owner.post(PATH, json=body(tenant, *people))
    assert pointers(problem(response, 422, "invalid")) == ["/recipients"]
    subscription = created(tenant.owner.post(PATH, json=body(tenant, *people[:20])))
    late = platform.api(people[20]["subject"])
    problem(late.post(f"{PATH}/{subscription['id']}/subscribe"), 409, "too_many_report_recipients")


def test_the_workbook_of_a_sent_report_can_be_downloaded(platform: Platform, tenant: Tenant) -> None:
    person = member(platform, tenant)
    subscription = created(tenant.owner.post(PATH, json=body(tenant, person, attach_workbook=False)))
    make_due(platform, subscription)
    (mail,) = settled(platform, tenant, subscription, 1)
    assert mail["details"]["workbook"] is None
    file = ok(tenant.owner.get(f"/v1/reports/files/{mail['details']['job_id']}"))
    assert httpx.get(file["url"], verify=TLS).content.startswith(b"PK")
