"""If a function could not send the message of a job, the sweeper sends this message.

Messages are lost for two reasons: SQS refuses the message, or the function dies after its commit and before it
sends the message.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.blocked_commits import blocked_commits, blocking_commits
from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import create_import
from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate import jobs, sweeper

pytestmark = pytest.mark.slow

LOST_MESSAGES = 250 if FULL else 5
"""The number of messages that are lost in each of the two tests."""
BATCH_SIZE = 10 if FULL else 5
"""The number of messages that are lost at the same time."""
ROWS = 1_200
"""The number of rows of each import. An import with this number of rows is too large to run within the request."""
MAX_SECONDS = jobs.LOST_AFTER_SECONDS + sweeper.INTERVAL_SECONDS + 8
"""The time limit for ten jobs whose messages are lost, in seconds. It includes 8 s for imports on a busy machine."""
QUEUE = "product-imports"
FUNCTION = "api-imports-write"


@pytest.fixture(scope="module", autouse=True)
def _with_sweeper(sweeper: None) -> None:
    """Run a sweeper during all tests of this module."""


@contextmanager
def deleted_queue(platform: Platform) -> Iterator[None]:
    """Delete the queue of imports. At the end of the block, create this queue again with its old attributes."""
    sqs = platform._aws("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    kept_attributes = {name: attributes[name] for name in attributes.keys() & {"VisibilityTimeout", "RedrivePolicy"}}
    sqs.delete_queue(QueueUrl=url)
    try:
        yield
    finally:
        sqs.create_queue(QueueName=QUEUE, Attributes=kept_attributes)


def product_rows(turn: int) -> list[Json]:
    return [{"sku": f"W-{n}", "name": f"Product {n}", "price": f"{turn + 1}.00"} for n in range(ROWS)]


def wait_for_jobs(platform: Platform, tenants: list[Tenant], turn: int, since: float) -> float:
    """Wait until the jobs of all tenants are completed, and check that each job needed only one attempt.

    Return the number of seconds from the monotonic time `since` until all jobs were completed.
    """
    query = "select status, attempts, counts from jobs where catalog_id = any (%s) order by queued_at"
    catalogs = [tenant.catalog_id for tenant in tenants]

    def all_completed() -> bool:
        rows = platform.database.execute(query, [catalogs]).fetchall()
        assert len(rows) == len(tenants) * (turn + 1)
        return all(row["status"] == "completed" for row in rows)

    platform.eventually(all_completed, within=60, every=0.05)
    seconds = time.monotonic() - since
    for row in platform.database.execute(query, [catalogs]).fetchall()[-len(tenants) :]:
        assert row["attempts"] == 1
        assert row["counts"]["created" if turn == 0 else "updated"] == ROWS
    return seconds


def create_tenants(platform: Platform) -> list[Tenant]:
    tenants = [platform.tenant() for _ in range(BATCH_SIZE)]
    for tenant in tenants:
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    return tenants


@pytest.mark.timeout(1800)
def test_a_job_runs_exactly_once_if_its_message_cannot_be_sent(own_platform: Platform, figure: Figure) -> None:
    tenants = create_tenants(own_platform)
    longest = 0.0
    for turn in range(LOST_MESSAGES // BATCH_SIZE):
        with deleted_queue(own_platform):
            for tenant in tenants:
                create_import(tenant.owner, tenant.catalog_id, product_rows(turn))
            assert own_platform.database.execute("select from jobs where status = 'processing'").rowcount == 0
        longest = max(longest, wait_for_jobs(own_platform, tenants, turn, time.monotonic()))
    figure("messages that could not be sent", LOST_MESSAGES, "jobs")
    figure("messages that could not be sent: jobs completed", longest, "s", MAX_SECONDS)


def kill_in_commit(platform: Platform, tenants: list[Tenant], turn: int) -> float:
    """Create a job for each tenant, kill each function during its commit, and complete the commits.

    Return the time at which all commits were complete.
    """

    def post(tenant: Tenant) -> int:
        return httpx.post(
            f"{platform.endpoints.api}/v1/products/bulk-import",
            json={"catalog_id": tenant.catalog_id, "rows": product_rows(turn)},
            headers={"Authorization": tenant.owner.headers["Authorization"]},
            timeout=60,
            verify=TLS,
        ).status_code

    with blocking_commits(platform), ThreadPoolExecutor(len(tenants)) as pool:
        responses = [pool.submit(post, tenant) for tenant in tenants]
        platform.eventually(lambda: len(blocked_commits(platform)) == len(tenants), within=30, every=0.01)
        functions = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
        pids = functions[FUNCTION]["busy"]
        assert len(pids) == len(tenants)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert {response.result() for response in responses} == {500}
    return time.monotonic()


@pytest.mark.timeout(1800)
def test_a_job_runs_exactly_once_if_its_function_dies_before_sending_the_message(
    own_platform: Platform, figure: Figure
) -> None:
    tenants = create_tenants(own_platform)
    longest = 0.0
    for turn in range(LOST_MESSAGES // BATCH_SIZE):
        committed_at = kill_in_commit(own_platform, tenants, turn)
        longest = max(longest, wait_for_jobs(own_platform, tenants, turn, committed_at))
    figure("functions that died before they sent the message", LOST_MESSAGES, "deaths")
    figure("functions that died before they sent the message: jobs completed", longest, "s", MAX_SECONDS)
