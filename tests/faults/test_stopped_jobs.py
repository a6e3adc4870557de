"""Tests jobs that stop early because the lease expires, the job is cancelled, or all attempts fail.

Committed chunks remain in the catalog. A stopped worker makes no further changes. The counts of the next attempt are
exact.
"""

import os
import signal
import time
from typing import Any, Literal, LiteralString

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import TrackedCatalog, count_staged, expire_leases, health, job_row
from tests.platform import Platform, ok

pytestmark = pytest.mark.slow

ROWS = 25_000
ROWS_OF_CANCELLED_JOBS = ROWS if FULL else 15_000
"""The number of rows of a job that the test cancels. The job merges 5,000 rows at a time."""


@pytest.fixture(scope="module", autouse=True)
def _with_sweeper(sweeper: None) -> None:
    """Run a sweeper during all tests of this module."""


def wait_for_state(platform: Platform, catalog: TrackedCatalog, condition: LiteralString) -> None:
    """Wait until the job of a catalog is running and the row of the job satisfies the SQL in `condition`."""
    query: LiteralString = f"select from jobs where id = %s and status = 'processing' and {condition}"
    platform.eventually(
        lambda: platform.database.execute(query, [catalog.job_id]).rowcount == 1, within=60, every=0.001
    )


def freeze_worker(platform: Platform, queue: str) -> int | None:
    """Freeze a queue's worker between two transactions. Return the worker's pid, or None if the worker ends first."""
    while pids := health(platform, queue)["busy"]:
        (pid,) = pids
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.02)
        open_transactions = platform.database.execute(
            "select from pg_stat_activity where usename = 'wc_worker' and xact_start is not null"
            " and backend_type = 'client backend'"
        )
        if open_transactions.rowcount == 0:
            return int(pid)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.003)
    return None


def freeze_while_merging(platform: Platform, catalog: TrackedCatalog) -> int:
    """Start syncs until a worker is frozen between two transactions of its merge phase. Return the worker's pid."""
    for _ in range(10):
        catalog.start_next()
        wait_for_state(platform, catalog, "checkpoint ->> 'phase' = 'merge' and done > 0 and done < total - 10000")
        pid = freeze_worker(platform, "catalog-syncs")
        if pid is not None:
            job = job_row(platform, catalog.job_id)
            if job["status"] == "processing" and job["done"] < job["total"]:
                return pid
            os.kill(pid, signal.SIGCONT)
        wait_until_idle(platform, catalog)
        catalog.check()
    raise AssertionError("no worker could be frozen between two transactions in ten attempts")


def wait_until_idle(platform: Platform, catalog: TrackedCatalog, within: float = 60) -> None:
    platform.eventually(lambda: catalog.is_idle, within=within)


@pytest.mark.timeout(300)
def test_a_worker_writes_nothing_after_its_lease_has_expired(own_platform: Platform) -> None:
    platform = own_platform
    catalog = TrackedCatalog(platform, platform.tenant(), "catalog_sync", ROWS)
    catalog.start_next()
    wait_until_idle(platform, catalog)
    catalog.check()
    frozen_pid = freeze_while_merging(platform, catalog)
    try:
        frozen_job = job_row(platform, catalog.job_id)
        assert expire_leases(platform, "catalog_sync")
        wait_until_idle(platform, catalog)
        catalog.check()
        completed_job = job_row(platform, catalog.job_id)
        assert completed_job["fence"] == frozen_job["fence"] + 1
    finally:
        os.kill(frozen_pid, signal.SIGCONT)
    platform.eventually(lambda: frozen_pid not in health(platform, "catalog-syncs")["busy"])
    catalog.check()
    assert job_row(platform, catalog.job_id) == completed_job, "no column of the job may change, not even updated_at"


STAGING: LiteralString = "checkpoint ->> 'phase' = 'stage'"
MERGING: LiteralString = "checkpoint ->> 'phase' = 'merge' and done > 1000 and done < total"
DEACTIVATING: LiteralString = "checkpoint ->> 'phase' = 'deactivate'"


CANCELLED: dict[str, tuple[Literal["product_import", "catalog_sync"], LiteralString]] = {
    "import-staging": ("product_import", STAGING),
    "import-merging": ("product_import", MERGING),
    "sync-staging": ("catalog_sync", STAGING),
    "sync-merging": ("catalog_sync", MERGING),
    "sync-deactivating": ("catalog_sync", DEACTIVATING),
}
IN_SMALL_SIZE = ("import-staging", "sync-merging", "sync-deactivating")
"""The cases that run in small size. They contain each type of job and each state."""


@pytest.mark.parametrize(
    ("job_type", "state"),
    [pytest.param(*case, id=name) for name, case in CANCELLED.items() if FULL or name in IN_SMALL_SIZE],
)
@pytest.mark.timeout(300)
def test_a_cancelled_job_makes_no_further_changes_and_a_retry_completes_the_job(
    own_platform: Platform, figure: Figure, job_type: Literal["product_import", "catalog_sync"], state: LiteralString
) -> None:
    platform = own_platform
    rows = ROWS if state == DEACTIVATING else ROWS_OF_CANCELLED_JOBS
    catalog = TrackedCatalog(platform, platform.tenant(), job_type, rows)
    catalog.start_next()
    wait_until_idle(platform, catalog)
    catalog.check()
    catalog.start_next()
    wait_for_state(platform, catalog, state)
    ok(catalog.tenant.owner.post(f"/v1/jobs/{catalog.job_id}/cancel"))
    cancelled_at = time.monotonic()
    cancelled_job, products = job_row(platform, catalog.job_id), product_rows(platform, catalog)
    assert cancelled_job["status"] == "cancelled"
    platform.eventually(lambda: count_staged(platform, catalog.job_id) == 0, within=45)
    figure(f"cancelled {job_type}: staged rows deleted", time.monotonic() - cancelled_at, "s", 30)
    assert product_rows(platform, catalog) == products
    assert job_row(platform, catalog.job_id) == cancelled_job
    ok(catalog.tenant.owner.post(f"/v1/jobs/{catalog.job_id}/retry"))
    wait_until_idle(platform, catalog)
    job = job_row(platform, catalog.job_id)
    counts = job["counts"]
    assert job["status"] == "completed", (job["error_code"], job["error"])
    # The retry counts rows as unchanged if they were merged before the cancellation.
    assert counts["read"] == catalog.expected["read"]
    assert counts["read"] == sum(counts[name] for name in ("created", "updated", "unchanged", "rejected"))
    assert counts["rejected"] == catalog.expected["rejected"]
    catalog.expected = counts
    catalog.check()


def product_rows(platform: Platform, catalog: TrackedCatalog) -> list[dict[str, Any]]:
    """Return the products of a catalog, each with the time of its latest change."""
    return platform.database.execute(
        "select sku, price, is_active, updated_at from products where catalog_id = %s order by sku",
        [catalog.tenant.catalog_id],
    ).fetchall()


def refuse_product(platform: Platform, sku: LiteralString) -> None:
    """Make every transaction that inserts this product fail when it commits. This simulates a bug in the platform."""
    platform.database.execute(
        "create function refuse() returns trigger language plpgsql"
        " as $$ begin raise check_violation using message = 'raised on purpose by this test'; end $$"
    )
    platform.database.execute(
        "create constraint trigger refuse after insert on products deferrable initially deferred"
        f" for each row when (new.sku = '{sku}') execute function refuse()"
    )


@pytest.mark.timeout(300)
def test_a_failed_job_counts_its_committed_rows_and_a_retry_completes_the_job(own_platform: Platform) -> None:
    platform = own_platform
    refuse_product(platform, "K-007000")
    catalog = TrackedCatalog(platform, platform.tenant(), "product_import", 12_000)
    catalog.start_next()
    while not catalog.is_idle:
        # Start the next attempt at once, without the usual delay between two attempts.
        due = platform.database.execute(
            "update jobs set due_at = now() where id = %s and status = 'pending' and due_at > now()", [catalog.job_id]
        )
        if due.rowcount:
            platform.send("product-imports", {"job_id": catalog.job_id})
        time.sleep(0.05)
    job = job_row(platform, catalog.job_id)
    assert (job["status"], job["error_code"], job["failures"]) == ("failed", "internal_error", 3)
    counts = {name: count for name, count in job["counts"].items() if count}
    assert counts == {"read": 12_000, "created": 5_000, "rejected": catalog.expected["rejected"]}
    assert len(product_rows(platform, catalog)) == 5_000
    platform.database.execute("drop trigger refuse on products")
    ok(catalog.tenant.owner.post(f"/v1/jobs/{catalog.job_id}/retry"))
    wait_until_idle(platform, catalog)
    catalog.expected["created"] -= 5_000
    catalog.expected["unchanged"] += 5_000
    catalog.check()
