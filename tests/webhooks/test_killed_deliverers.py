"""A worker that is killed while it sends: nothing is lost, and what is sent again has the id that it had."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from infra.functions import ROOT
from tests.faults.environment import function_environment
from tests.platform import Platform, Tenant
from tests.webhooks.receiving import Receiver, delivery, receiving

DELIVERIES = 10
WORKER = """
import os, signal, sys
from wecelebrate.webhooks import worker

left = int(sys.argv[1])
really_send, really_take = worker.attempt, worker._take
taken = False

def take(tx, lines):
    global taken
    if taken:
        return []
    taken = True
    # Nobody else takes it between the two.
    with tx.cursor() as cursor:
        cursor.execute("update webhooks set leased_until = null")
    return really_take(tx, 1)

def send_and_die(*what):
    global left
    came = really_send(*what)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return came

class Message:
    def time_left(self):
        return 60.0

worker.attempt, worker._take = send_and_die, take
worker.work(Message())
"""
"""Sends what is due, and is killed after the endpoint has so many."""


@pytest.fixture
def tenant(own_platform: Platform) -> Tenant:
    """The cloud is the module's own: no other endpoint is there to be sent to."""
    return own_platform.tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Iterator[Receiver]:
    with receiving(tenant) as receiver:
        yield receiver


@pytest.mark.parametrize("arrived", [1, 5, DELIVERIES])
def test_what_was_not_noted_is_sent_again_and_nothing_is_lost(
    own_platform: Platform, tenant: Tenant, receiver: Receiver, arrived: int
) -> None:
    platform = own_platform
    # Nobody else is to take the line first: with the lease it seems to be at work.
    platform.arrange("update webhooks set leased_until = now() + interval '1 hour' where id = %s", [receiver.id])
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, next_at)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n), now() - (100 - n) * interval '1 ms'"
        " from generate_series(1, %s) n",
        [tenant.client_id, receiver.id, DELIVERIES],
    )
    died = subprocess.run(
        [sys.executable, "-c", WORKER, str(arrived)],
        env={**os.environ, **function_environment(platform.state, "queues-webhooks")},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert [event.told["n"] for event in receiver.events] == list(range(1, arrived + 1))
    platform.arrange("update webhooks set leased_until = now() where id = %s", [receiver.id])
    platform.send("webhooks", {"type": "webhooks"})
    ids = [
        str(row["id"])
        for row in platform.database.execute(
            "select id from webhook_deliveries where webhook_id = %s order by next_at", [receiver.id]
        ).fetchall()
    ]
    platform.eventually(lambda: all(delivery(tenant, one)["status"] == "delivered" for one in ids))
    came = [event.told["n"] for event in receiver.events]
    assert sorted(set(came)) == list(range(1, DELIVERIES + 1)), "nothing is lost"
    assert len(came) <= DELIVERIES + arrived, "no more than what it had sent is repeated"
    assert {event.id for event in receiver.events} == set(ids)
