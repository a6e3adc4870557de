"""A worker that is killed while it sends: before SES has the mail, and after, when nothing says so yet."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import ROOT
from tests.faults.environment import function_environment
from tests.mail.conftest import Inside, address, order, received, service, tell
from tests.platform import Json, Platform, Tenant, ok
from wecelebrate import mail

WORKER = '''
import os, signal, sys
from uuid import UUID
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.jobs.lease import LeasedJob, sql
from wecelebrate.mail import sending, worker

TAKE = """
update jobs
set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1,
  leased_until = now() + interval '60 s'
where id = %s and status = 'pending'
returning *
"""
really_send = sending.send

def send_and_die(letter, tags):
    if sys.argv[2] == "after":
        really_send(letter, tags)
    os.kill(os.getpid(), signal.SIGKILL)

sending.send = send_and_die
with writing(SYSTEM) as tx:
    with tx.cursor() as cursor:
        cursor.execute(TAKE, [sys.argv[1]])
        row = cursor.fetchone()
work(LeasedJob.of(dict(row), lambda: None, lambda: 60.0))
'''
"""Takes one job as a worker does, and is killed as it hands the mail to SES."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def killed(platform: Platform, inside: Inside, tenant: Tenant, state: Path, email: str, *, when: str) -> Json:
    """The mail whose worker was killed `before` or `after` SES had it: queued, its job held by nobody."""
    placed = order(platform, tenant, email)

    def ask(tx: object) -> None:
        mail.order_confirmation(tx, placed)  # type: ignore[arg-type]
        # Nobody else is to take it first.
        with tx.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(
                "update jobs set due_at = now() + interval '1 hour' where payload ->> 'mail_id' in"
                " (select id::text from mails where order_id = %s)",
                [placed],
            )

    inside(service(tenant), ask)
    (one,) = ok(tenant.owner.get("/v1/mails", params={"order_id": str(placed)}))["data"]
    died = subprocess.run(
        [sys.executable, "-c", WORKER, one["job_id"], when],
        env={**os.environ, **function_environment(state, "queues-emails")},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    return dict(one)


def taken_over(platform: Platform, tenant: Tenant, one: Json) -> Json:
    """The mail after another worker took its job over."""
    platform.database.execute("update jobs set leased_until = now() where id = %s", [one["job_id"]])
    platform.send("emails", {"job_id": one["job_id"]})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{one['job_id']}"))["status"] == "completed")
    return ok(tenant.owner.get(f"/v1/mails/{one['id']}"))


def test_killed_before_ses_has_it_the_mail_is_sent_once(
    platform: Platform, inside: Inside, tenant: Tenant, state: Path
) -> None:
    email = address()
    one = killed(platform, inside, tenant, state, email, when="before")
    assert received(platform, email) == []
    assert taken_over(platform, tenant, one)["state"] == "sent"
    assert len(received(platform, email)) == 1


def test_killed_after_ses_has_it_the_mail_is_sent_once_when_ses_has_told_so(
    platform: Platform, inside: Inside, tenant: Tenant, state: Path
) -> None:
    email = address()
    one = killed(platform, inside, tenant, state, email, when="after")
    (got,) = received(platform, email)
    tell(platform, "Delivery", one | {"message_id": got.id})
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/mails/{one['id']}"))["state"] == "delivered")
    assert taken_over(platform, tenant, one)["message_id"] == got.id
    assert len(received(platform, email)) == 1


def test_killed_after_ses_has_it_and_before_it_tells_the_mail_is_sent_twice(
    platform: Platform, inside: Inside, tenant: Tenant, state: Path
) -> None:
    # What no order of steps can avoid: SES knows no idempotency key. docs/mail.md says so.
    email = address()
    one = killed(platform, inside, tenant, state, email, when="after")
    assert len(received(platform, email)) == 1
    assert taken_over(platform, tenant, one)["state"] == "sent"
    assert len(received(platform, email)) == 2
