"""Tests workers that are killed while they send deliveries.

No delivery is lost, and a repeated delivery has the same id as the first delivery.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from infra.functions import ROOT
from tests.faults.environment import function_environment
from tests.platform import Platform, Tenant
from tests.webhooks.receiving import SUCCESS, Receiver, read_delivery, receiving

pytestmark = pytest.mark.slow

DELIVERIES = 10
WORKER = """
import os, signal, sys
from wecelebrate.webhooks import worker

remaining = int(sys.argv[1])
original_attempt, original_claim = worker.attempt, worker._claim
claimed = False

def claim_once(tx, endpoints):
    global claimed
    if claimed:
        return []
    claimed = True
    # The lease is removed in the transaction of the claim, so that no other worker can claim the endpoint first.
    with tx.cursor() as cursor:
        cursor.execute("update webhooks set leased_until = null")
    return original_claim(tx, 1)

def send_and_die(*arguments):
    global remaining
    result = original_attempt(*arguments)
    remaining -= 1
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

class FakeMessage:
    def time_left(self):
        return 60.0

worker.attempt, worker._claim = send_and_die, claim_once
worker.work(FakeMessage())
"""
"""A program that sends due deliveries, and kills itself after a given number of deliveries."""


@pytest.fixture
def tenant(own_platform: Platform) -> Tenant:
    """Return a tenant in a local cloud for this module. No other endpoints exist in this cloud."""
    return own_platform.tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Iterator[Receiver]:
    with receiving(tenant) as receiver:
        yield receiver


def run_killed_worker(platform: Platform, tenant: Tenant, receiver: Receiver, sent: int) -> None:
    """Create due deliveries, and run a worker that kills itself after it has sent some of them."""
    # This lease prevents workers of the local cloud from claiming the endpoint. The killed worker removes the lease.
    platform.arrange("update webhooks set leased_until = now() + interval '1 hour' where id = %s", [receiver.id])
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, next_at)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n), now() - (100 - n) * interval '1 ms'"
        " from generate_series(1, %s) n",
        [tenant.client_id, receiver.id, DELIVERIES],
    )
    process = subprocess.run(
        [sys.executable, "-c", WORKER, str(sent)],
        env={**os.environ, **function_environment(platform.state, "queues-webhooks")},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


@pytest.mark.parametrize("sent", [1, 5, DELIVERIES])
def test_unrecorded_deliveries_of_a_killed_worker_are_sent_again(
    own_platform: Platform, tenant: Tenant, receiver: Receiver, sent: int
) -> None:
    platform = own_platform
    run_killed_worker(platform, tenant, receiver, sent)
    assert [event.body["n"] for event in receiver.events] == list(range(1, sent + 1))
    platform.arrange("update webhooks set leased_until = now() where id = %s", [receiver.id])
    platform.send("webhooks", {"type": "webhooks"})
    ids = [
        str(row["id"])
        for row in platform.database.execute(
            "select id from webhook_deliveries where webhook_id = %s order by next_at", [receiver.id]
        ).fetchall()
    ]
    platform.eventually(lambda: all(read_delivery(tenant, delivery_id)["status"] == "delivered" for delivery_id in ids))
    numbers = [event.body["n"] for event in receiver.events]
    assert sorted(set(numbers)) == list(range(1, DELIVERIES + 1)), "a delivery was lost"
    assert len(numbers) <= DELIVERIES + sent, "a delivery was repeated that the killed worker had not sent"
    assert {event.id for event in receiver.events} == set(ids)


def test_the_deliveries_of_a_killed_worker_continue_within_fifteen_seconds(
    own_platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    platform = own_platform
    run_killed_worker(platform, tenant, receiver, 1)
    killed_at = time.monotonic()
    platform.eventually(lambda: len(receiver.events) > 1)
    assert time.monotonic() - killed_at < 15


@pytest.mark.timeout(120)
def test_a_running_worker_keeps_the_lease_of_a_slow_endpoint(
    own_platform: Platform, tenant: Tenant, receiver: Receiver
) -> None:
    platform = own_platform

    def respond_slowly(connection: socket.socket, request: bytes) -> None:
        time.sleep(4)
        SUCCESS(connection, request)

    receiver.respond = respond_slowly
    platform.arrange(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload)"
        " select %s, %s, 'order.created', jsonb_build_object('n', n) from generate_series(1, 4) n",
        [tenant.client_id, receiver.id],
    )
    platform.send("webhooks", {"type": "webhooks"})
    platform.eventually(lambda: len(receiver.events) == 4, within=60)
    row = platform.database.execute(
        "select fence, leased_until > now() as is_leased from webhooks where id = %s", [receiver.id]
    ).fetchone()
    assert row == {"fence": 1, "is_leased": True}, "the lease is shorter than the batch, and was renewed"
    assert len({event.id for event in receiver.events}) == 4
