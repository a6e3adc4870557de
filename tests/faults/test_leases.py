"""Tests the leases of jobs: another worker resumes the job of a dead worker within 15 seconds, and a living worker
keeps its lease."""

import json
import time
from contextlib import ExitStack
from typing import Any, LiteralString

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import create_import, has_ended, health, job_row, signal_workers
from tests.platform import Json, Platform, Tenant, output_of
from wecelebrate.jobs.lease import LEASE_SECONDS

pytestmark = pytest.mark.slow

MAX_RESUME_SECONDS = 15
"""The longest time from the death of a worker until another worker continues its job."""
STATEMENT_SECONDS = 55 if FULL else 1.5 * LEASE_SECONDS
"""The duration of one statement of a living worker. A statement of a job can take at most 60 seconds."""
KILLS = 20 if FULL else 1


@pytest.fixture(scope="module", autouse=True)
def _with_sweeper(sweeper: None) -> None:
    """Run a sweeper during all tests of this module."""


def rows(price: str) -> list[Json]:
    return [{"sku": f"L-{number}", "name": f"Product {number}", "price": price} for number in range(3_000)]


def create_tenant(platform: Platform) -> Tenant:
    """Create a client whose jobs are allowed statements of up to 60 seconds, and import products into its catalog."""
    tenant = platform.tenant()
    platform.database.execute("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    job_id = create_import(tenant.owner, tenant.catalog_id, rows("1.00"))
    platform.eventually(lambda: has_ended(platform, job_id))
    return tenant


@pytest.mark.timeout(KILLS * 60)
def test_the_job_of_a_killed_worker_is_resumed_within_fifteen_seconds(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    tenant = create_tenant(platform)
    seconds = []
    for kill in range(KILLS):
        with platform.holding("select from catalogs where id = %s for no key update", [tenant.catalog_id]) as lock:
            job_id = create_import(tenant.owner, tenant.catalog_id, rows(f"{kill + 2}.00"))
            lock.wait_for(1)
            # The age of the lease at the worker's death increases in each round.
            time.sleep(2 * kill if FULL else LEASE_SECONDS / 2)
            assert signal_workers(platform, "product-imports")
            killed_at = time.monotonic()
            lock.terminate_waiting()
            platform.eventually(lambda: job_row(platform, job_id)["fence"] == 2, every=0.02)  # noqa: B023 - called at once
            seconds.append(time.monotonic() - killed_at)
        platform.eventually(lambda: has_ended(platform, job_id))  # noqa: B023 - called at once
        job = job_row(platform, job_id)
        assert (job["status"], job["counts"]["updated"]) == ("completed", 3_000), job["error"]
    figure("killed worker: resumed after", max(seconds), "s", MAX_RESUME_SECONDS)
    figure("killed worker: resumed after, on average", sum(seconds) / KILLS, "s")


LONG_STATEMENTS: tuple[LiteralString, ...] = (
    "select from products where catalog_id = %s and sku = 'L-1' for update",
    "select from catalogs where id = %s for no key update",
)
"""Each statement locks a row for which the import has to wait. The import needs the first row before it updates its
job. The import needs the second row in the same transaction, after it has updated its job."""


@pytest.mark.timeout(300)
def test_workers_keep_their_leases_during_long_statements(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    tenants = [create_tenant(platform) for _ in LONG_STATEMENTS]
    with ExitStack() as locks:
        job_ids = []
        for tenant, statement in zip(tenants, LONG_STATEMENTS, strict=True):
            lock = locks.enter_context(platform.holding(statement, [tenant.catalog_id]))
            job_ids.append(create_import(tenant.owner, tenant.catalog_id, rows("2.00")))
            lock.wait_for(1)
        # Another process can still be handling a duplicate message. Wait until this process is idle.
        platform.eventually(lambda: len(health(platform, "product-imports")["busy"]) == len(job_ids))
        busy = health(platform, "product-imports")["busy"]
        time.sleep(STATEMENT_SECONDS)
        assert [job_row(platform, job_id)["fence"] for job_id in job_ids] == [1, 1]
        assert sorted(health(platform, "product-imports")["busy"]) == sorted(busy)
    for job_id in job_ids:
        platform.eventually(lambda: has_ended(platform, job_id))  # noqa: B023 - called at once
        job = job_row(platform, job_id)
        assert (job["status"], job["fence"], job["attempts"]) == ("completed", 1, 1)
        assert job["counts"]["updated"] == 3_000
    figure("living worker: longest statement without losing the lease", STATEMENT_SECONDS, "s")


PROGRAM = """
import json, sys, threading, time
from uuid import UUID
from wecelebrate.core.database import SYSTEM, endpoints, writing, writing_beside
from wecelebrate.jobs import renewal
from wecelebrate.jobs.lease import DeadlineReached, LeasedJob, LeaseLost, sql
from wecelebrate.jobs.renewal import renewing

renewal.RENEW_SECONDS, renewal.RETRY_SECONDS, renewal.EXTEND_SECONDS = 0.5, 0.2, 0.2
beats = []

def execute(statement, *values):
    with writing(SYSTEM) as tx, tx.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None

def seconds_left():
    row = execute("select extract(epoch from leased_until - clock_timestamp()) as s from jobs where id = %s", job.id)
    return float(row["s"])

row = execute(
    "insert into jobs (type, requested_by, payload, status, fence, leased_until)"
    " values ('report_generation', 'service:staging', '{}', 'processing', 1, clock_timestamp() + interval '1 hour')"
    " returning *"
)
job = LeasedJob.from_row(row, lambda: beats.append(1), lambda: 1000.0)
job.lease_seconds = 3
"""
"""Creates a job that no worker of the local cloud runs. Each renewal leases the job for 3 seconds."""


def run(platform: Platform, code: str) -> Any:
    """Run a program that uses `job`, and then delete the job. Return the value that the program has printed."""
    program = PROGRAM + code + "\nexecute('update jobs set status = %s where id = %s', 'completed', job.id)"
    output = output_of(platform.run_as("queues-product-imports", program))
    return json.loads(next(line for line in output.splitlines() if line.startswith(("[", "true", "false"))))


SHOW = "print(json.dumps([job.lease_lost, *result]))"


def test_the_renewal_thread_renews_the_lease_during_a_long_statement(
    own_platform: Platform,
) -> None:
    lost, first, later, hidden, threads = run(
        own_platform,
        "with renewing(job):\n    execute('select pg_sleep(1)')\n    first = seconds_left()\n"
        "    execute('select pg_sleep(4)')\n    later = seconds_left()\n"
        f"result = [first, later, len(beats), threading.active_count()]\n{SHOW}",
    )
    assert not lost
    assert 2 <= first <= 3 and 2 <= later <= 3
    assert hidden > 5
    assert threads == 1, "no thread continues to run after the job"


def test_a_lease_is_renewed_right_after_a_transaction_that_locked_the_job(own_platform: Platform) -> None:
    lost, left = run(
        own_platform,
        "with renewing(job):\n    with writing(SYSTEM) as tx:\n        job.save(tx)\n"
        "        tx.cursor().execute('select pg_sleep(5)')\n    time.sleep(0.3)\n    result = [seconds_left()]\n"
        + SHOW,
    )
    assert not lost
    assert left > 2


def test_the_lease_is_renewed_after_the_renewal_thread_has_lost_its_connection(own_platform: Platform) -> None:
    lost, left = run(
        own_platform,
        "with renewing(job):\n    time.sleep(1)\n    for _ in range(3):\n        renewal._interrupt()\n"
        f"        time.sleep(1)\n    result = [seconds_left()]\n{SHOW}",
    )
    assert not lost
    assert left > 2


def test_the_worker_renews_the_lease_itself_if_the_renewal_thread_cannot_connect(own_platform: Platform) -> None:
    lost, left = run(
        own_platform,
        "import psycopg\n"
        "def refuse(address):\n    raise psycopg.OperationalError('refused by this test')\n"
        "endpoints.connect_in_thread = refuse\n"
        "with renewing(job):\n    for _ in range(50):\n        time.sleep(0.1)\n        job.check_lease()\n"
        f"    result = [seconds_left()]\n{SHOW}",
    )
    assert not lost
    assert 0 < left <= 3


@pytest.mark.parametrize(
    "loss",
    ["execute('update jobs set fence = fence + 1 where id = %s', job.id)",
     "execute('update jobs set status = %s where id = %s', 'cancelled', job.id)"],
    ids=["another worker has the lease", "the job was cancelled"],
)  # fmt: skip
def test_the_worker_stops_soon_after_it_has_lost_the_lease(own_platform: Platform, loss: str) -> None:
    lost, stopped = run(
        own_platform,
        f"result = [False]\nwith renewing(job):\n    {loss}\n    time.sleep(1.5)\n"
        f"    try:\n        job.check_lease()\n    except LeaseLost:\n        result = [True]\n{SHOW}",
    )
    assert (lost, stopped) == (True, True)


def test_a_job_ends_without_waiting_for_a_lease_renewal_that_hangs(own_platform: Platform) -> None:
    _, seconds, threads = run(
        own_platform,
        "with renewing(job):\n    opened = writing(SYSTEM)\n    tx = opened.__enter__()\n    job.save(tx)\n"
        "    time.sleep(1)\n    began = time.monotonic()\n"
        "result = [time.monotonic() - began, sum(each.name == 'lease' for each in threading.enumerate())]\n"
        f"tx._connection.rollback()\n{SHOW}",
    )
    assert seconds < 10
    assert threads == 0
