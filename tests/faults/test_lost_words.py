"""Jobs of which no word was sent: SQS did not take it, or the function died between its commit and the message. The
sweeper sends it."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import imported
from tests.faults.test_writers import held, waiting
from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate import jobs, sweeper

__all__ = ["waiting"]

LOST = 250 if FULL else 10
"""Of each kind."""
AT_ONCE = 10
ROWS = 1_200
"""More than are done in the request itself."""
BOUND = jobs.LATE + sweeper.INTERVAL + 8
"""Seconds after which ten jobs of which no word was sent are done; the last for the work, on a busy machine."""
QUEUE = "product-imports"
WRITER = "api-imports-write"


@pytest.fixture(scope="module", autouse=True)
def _sweeping(sweeper: None) -> None:
    """From the first minute on."""


@contextmanager
def without_queue(platform: Platform) -> Iterator[None]:
    """While there is no queue to send to; then it is there again, as it was."""
    sqs = platform._aws("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    kept = {"VisibilityTimeout", "RedrivePolicy"}
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.delete_queue(QueueUrl=url)
    try:
        yield
    finally:
        sqs.create_queue(
            QueueName=QUEUE, Attributes={name: value for name, value in attributes.items() if name in kept}
        )


def rows(number: int) -> list[Json]:
    return [{"sku": f"W-{n}", "name": f"Product {n}", "price": f"{number + 1}.00"} for n in range(ROWS)]


def settled(platform: Platform, tenants: list[Tenant], number: int, since: float) -> float:
    """Until the job of each tenant is done, once; seconds that took."""
    query = "select status, attempts, counts from jobs where catalog_id = any (%s) order by queued_at"
    catalogs = [tenant.catalog_id for tenant in tenants]

    def done() -> bool:
        found = platform.database.execute(query, [catalogs]).fetchall()
        assert len(found) == len(tenants) * (number + 1)
        return all(job["status"] == "completed" for job in found)

    platform.eventually(done, within=60, every=0.05)
    took = time.monotonic() - since
    for job in platform.database.execute(query, [catalogs]).fetchall()[-len(tenants) :]:
        assert job["attempts"] == 1
        assert job["counts"]["created" if number == 0 else "updated"] == ROWS
    return took


@pytest.fixture(scope="module")
def tenants(own_platform: Platform) -> list[Tenant]:
    found = [own_platform.tenant() for _ in range(AT_ONCE)]
    for tenant in found:
        own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    return found


@pytest.mark.timeout(1800)
def test_jobs_of_which_no_word_could_be_sent_are_done_once(
    own_platform: Platform, tenants: list[Tenant], figure: Figure
) -> None:
    longest = 0.0
    for number in range(LOST // AT_ONCE):
        with without_queue(own_platform):
            for tenant in tenants:
                imported(tenant.owner, tenant.catalog_id, rows(number))
            assert own_platform.database.execute("select from jobs where status = 'processing'").rowcount == 0
        longest = max(longest, settled(own_platform, tenants, number, time.monotonic()))
    figure("words that could not be sent", LOST, "jobs")
    figure("words that could not be sent: done after", longest, "s", BOUND)


def die(platform: Platform, tenants: list[Tenant], number: int) -> float:
    """Who makes a job for each tenant dies in its commit; when the commits were let through."""

    def post(tenant: Tenant) -> int:
        return httpx.post(
            f"{platform.endpoints.api}/v1/products/bulk-import",
            json={"catalog_id": tenant.catalog_id, "rows": rows(number)},
            headers={"Authorization": tenant.owner.headers["Authorization"]},
            timeout=60,
            verify=TLS,
        ).status_code

    with ThreadPoolExecutor(len(tenants)) as pool:
        answers = [pool.submit(post, tenant) for tenant in tenants]
        platform.eventually(lambda: len(held(platform)) == len(tenants), within=30, every=0.01)
        busy = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"][WRITER]["busy"]
        assert len(busy) == len(tenants)
        for pid in busy:
            os.kill(pid, signal.SIGKILL)
        assert {answer.result() for answer in answers} == {500}
    for pid in held(platform):
        platform.database.execute("select pg_cancel_backend(%s)", [pid])
    platform.eventually(lambda: not held(platform), within=10, every=0.005)
    return time.monotonic()


@pytest.mark.timeout(1800)
def test_jobs_whose_maker_died_before_it_sent_word_are_done_once(
    own_platform: Platform, figure: Figure, request: pytest.FixtureRequest
) -> None:
    tenants = [own_platform.tenant() for _ in range(AT_ONCE)]
    for tenant in tenants:
        own_platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    request.getfixturevalue("waiting")
    longest = 0.0
    for number in range(LOST // AT_ONCE):
        since = die(own_platform, tenants, number)
        longest = max(longest, settled(own_platform, tenants, number, since))
    figure("makers that died before they sent word", LOST, "deaths")
    figure("makers that died before they sent word: jobs done after", longest, "s", BOUND)
