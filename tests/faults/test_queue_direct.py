"""While the kill switch `queue` is set to `direct`, jobs and events are processed without SQS, each exactly once.

Small imports run within their request. Without the switch, this happens only if SQS fails. The sweeper starts workers
for all other jobs, and events are stored within their request.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from tests.faults.environment import FULL
from tests.faults.jobs import create_import
from tests.platform import TLS, Json, Platform, Tenant, ok, problem

pytestmark = pytest.mark.slow

ROWS = 1_200
"""The number of rows of each import. An import with this number of rows is too large to run within the request."""
SENDERS = 4
SWITCHES = ("direct", "sqs", "direct", "sqs") if FULL else ("direct", "sqs")
QUEUES = ("product-imports", "events", "emails", "webhooks")


@pytest.fixture(scope="module", autouse=True)
def _with_sweeper(sweeper: None) -> None:
    """Run a sweeper during all tests of this module."""


@pytest.fixture
def platform(own_platform: Platform) -> Iterator[Platform]:
    yield own_platform
    own_platform.database.execute("delete from kill_switches where name = 'queue'")


@contextmanager
def without_queues(platform: Platform) -> Iterator[None]:
    """Delete some queues, as if SQS had failed. At the end of the block, create them again."""
    with ExitStack() as stack:
        for name in QUEUES:
            url = platform.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            attributes = platform.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            kept = {key: attributes[key] for key in attributes.keys() & {"VisibilityTimeout", "RedrivePolicy"}}
            platform.sqs.delete_queue(QueueUrl=url)
            stack.callback(platform.sqs.create_queue, QueueName=name, Attributes=kept)
        yield


def set_switch(platform: Platform, value: str) -> None:
    path = "/v1/admin/flags/queue"
    if value == "direct":
        ok(platform.admin.put(path, json={"value": value}))
    else:
        assert platform.admin.delete(path).status_code == 204
    platform.wait_for_replica()


class Work:
    """Sends imports and events of one client, and later checks that each of them was processed exactly once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tenant: Tenant = platform.tenant()
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [self._tenant.client_id])
        platform.database.execute(
            "insert into kill_switches (name, value) values ('limits', 'off') on conflict do nothing"
        )
        platform.wait_for_replica()
        self.jobs: list[str] = []
        self.events: list[str] = []
        self.statuses: Counter[int] = Counter()

    def send_for(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            done = [pool.submit(self._send_events, ends_at) for _ in range(SENDERS)]
            done.append(pool.submit(self._create_imports, ends_at))
            for each in done:
                each.result()

    def _send_events(self, ends_at: float) -> None:
        path = f"{self._platform.endpoints.api}/v1/storefront/{self._tenant.domain}/events"
        with httpx.Client(timeout=60, verify=TLS) as api:
            while time.monotonic() < ends_at:
                event = {"id": str(uuid4()), "type": "page_view", "at": datetime.now(UTC).isoformat()}
                response = api.post(path, json={"events": [event]})
                self.statuses[response.status_code] += 1
                if response.is_success:
                    self.events.append(event["id"])

    def _create_imports(self, ends_at: float) -> None:
        while time.monotonic() < ends_at:
            number = len(self.jobs)
            rows = [{"sku": f"D-{number}-{n}", "name": f"Product {n}", "price": "1.00"} for n in range(ROWS)]
            self.jobs.append(create_import(self._tenant.owner, self._tenant.catalog_id, rows))
            time.sleep(3)

    def check(self) -> None:
        """Wait for all imports and events, and check that each of them was processed exactly once."""
        query = "select status, attempts, counts from jobs where id = any (%s::uuid[])"

        def rows() -> list[Json]:
            return self._platform.database.execute(query, [self.jobs]).fetchall()

        self._platform.eventually(lambda: all(row["status"] == "completed" for row in rows()), within=90)
        assert [(row["attempts"], row["counts"]["created"]) for row in rows()] == [(1, ROWS)] * len(self.jobs)
        products = "select count(*) as n from products where catalog_id = %s"
        assert self._platform.database.execute(products, [self._tenant.catalog_id]).fetchone() == {
            "n": ROWS * len(self.jobs)
        }
        stored = "select event_id::text as id from analytics_events where client_id = %s"

        def events() -> list[str]:
            return [row["id"] for row in self._platform.database.execute(stored, [self._tenant.client_id])]

        self._platform.eventually(lambda: len(events()) >= len(self.events))
        assert sorted(events()) == sorted(self.events)


@pytest.mark.timeout(300)
def test_jobs_and_events_are_processed_once_while_the_switch_changes(platform: Platform) -> None:
    work = Work(platform)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(work.send_for, 5 * len(SWITCHES) + 4)
        for value in SWITCHES:
            time.sleep(5)
            set_switch(platform, value)
        load.result()
    assert work.statuses.keys() == {202}, work.statuses
    work.check()


@pytest.mark.timeout(300)
def test_jobs_and_events_are_processed_once_while_sqs_is_down(platform: Platform) -> None:
    set_switch(platform, "direct")
    time.sleep(10)  # now every function instance has read the new value
    work = Work(platform)
    with without_queues(platform):
        work.send_for(8)
        assert work.statuses.keys() == {202}, work.statuses
        work.check()
    set_switch(platform, "sqs")


def test_a_message_cannot_be_redriven_while_workers_are_started_directly(platform: Platform) -> None:
    row = platform.database.execute(
        "insert into dead_letters (queue, code, reason, receives, body)"
        " values ('events', 'message_failed', 'x', 1, '{}') returning id"
    ).fetchone()
    assert row is not None
    set_switch(platform, "direct")
    problem(platform.admin.post(f"/v1/admin/dlq/{row['id']}/redrive"), 503, "unavailable")
    redriven = platform.database.execute("select redriven_at from dead_letters where id = %s", [row["id"]])
    assert redriven.fetchone() == {"redriven_at": None}
