"""Tests workers that are killed while they send a mail, before or directly after SES accepts the mail."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import ROOT
from tests.faults.environment import function_environment
from tests.mail.conftest import RunAs, address, create_order, mails_sent_to, send_event, service
from tests.platform import Json, Platform, Tenant, ok
from wecelebrate import mail

WORKER = '''
import os, signal, sys
from uuid import UUID
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.jobs.lease import LeasedJob, sql
from wecelebrate.mail import sending, worker

CLAIM = """
update jobs
set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1,
  leased_until = now() + interval '60 s'
where id = %s and status = 'pending'
returning *
"""
original_send = sending.send

def send_and_die(letter, tags, files):
    if sys.argv[2] == "after":
        original_send(letter, tags, files)
    os.kill(os.getpid(), signal.SIGKILL)

sending.send = send_and_die
with writing(SYSTEM) as tx:
    with tx.cursor() as cursor:
        cursor.execute(CLAIM, [sys.argv[1]])
        row = cursor.fetchone()
job = LeasedJob.from_row(dict(row), lambda: None, lambda: 60.0)
worker.MailBatch.load([job]).run(job)
'''
"""A program that claims a given job, as a worker does, and kills itself before or after SES accepts the mail."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def mail_of_killed_worker(
    platform: Platform, run_as: RunAs, tenant: Tenant, state: Path, email: str, *, when: str
) -> Json:
    """Enqueue a mail, and run a worker that kills itself before or after SES accepts the mail.

    `when` is `before` or `after`. Return the mail, whose state is still `queued`. Its job still has a lease.
    """
    order_id = create_order(platform, tenant, email)

    def enqueue(tx: object) -> None:
        mail.order_confirmation(tx, order_id)  # type: ignore[arg-type]
        # The job is due in an hour, so that no worker of the local cloud claims the job.
        with tx.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(
                "update jobs set due_at = now() + interval '1 hour' where payload ->> 'mail_id' in"
                " (select id::text from mails where order_id = %s)",
                [order_id],
            )

    run_as(service(tenant), enqueue)
    (mail_row,) = ok(tenant.owner.get("/v1/mails", params={"order_id": str(order_id)}))["data"]
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, mail_row["job_id"], when],
        env={**os.environ, **function_environment(state, "queues-emails")},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr
    return dict(mail_row)


def mail_after_takeover(platform: Platform, tenant: Tenant, mail_row: Json) -> Json:
    """Expire the lease of the killed worker, wait until a different worker completes the job, and return the mail."""
    platform.database.execute("update jobs set leased_until = now() where id = %s", [mail_row["job_id"]])
    platform.send("emails", {"job_id": mail_row["job_id"]})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{mail_row['job_id']}"))["status"] == "completed")
    return ok(tenant.owner.get(f"/v1/mails/{mail_row['id']}"))


def test_one_mail_is_sent_if_the_worker_is_killed_before_sending(
    platform: Platform, run_as: RunAs, tenant: Tenant, state: Path
) -> None:
    email = address()
    mail_row = mail_of_killed_worker(platform, run_as, tenant, state, email, when="before")
    assert mails_sent_to(platform, email) == []
    assert mail_after_takeover(platform, tenant, mail_row)["state"] == "sent"
    assert len(mails_sent_to(platform, email)) == 1


def test_an_ses_event_prevents_a_second_mail_after_a_worker_is_killed(
    platform: Platform, run_as: RunAs, tenant: Tenant, state: Path
) -> None:
    email = address()
    mail_row = mail_of_killed_worker(platform, run_as, tenant, state, email, when="after")
    (message,) = mails_sent_to(platform, email)
    send_event(platform, "Delivery", mail_row | {"message_id": message.id})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/mails/{mail_row['id']}"))["state"] == "delivered")
    assert mail_after_takeover(platform, tenant, mail_row)["message_id"] == message.id
    assert len(mails_sent_to(platform, email)) == 1


def test_killing_a_worker_after_sending_causes_a_second_mail(
    platform: Platform, run_as: RunAs, tenant: Tenant, state: Path
) -> None:
    # The second mail is unavoidable, because SES has no idempotency keys. See docs/mail.md.
    email = address()
    mail_row = mail_of_killed_worker(platform, run_as, tenant, state, email, when="after")
    assert len(mails_sent_to(platform, email)) == 1
    assert mail_after_takeover(platform, tenant, mail_row)["state"] == "sent"
    assert len(mails_sent_to(platform, email)) == 2
