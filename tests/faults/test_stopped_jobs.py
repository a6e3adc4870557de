"""Jobs that are stopped in the middle: a worker that outlived its lease, one whose job is cancelled, tries of ours that
fail. What was committed stays, nothing more is written, and whoever goes on counts exactly."""

import os
import signal
import time
from typing import Any, Literal, LiteralString

import pytest

from tests.faults.figures import Figure
from tests.faults.jobs import Known, expire, health, row, staged
from tests.platform import Platform, ok

ROWS = 25_000


@pytest.fixture(scope="module", autouse=True)
def _sweeping(sweeper: None) -> None:
    """From the first minute on."""


def reach(platform: Platform, known: Known, condition: LiteralString) -> None:
    """Until the job is so far."""
    query: LiteralString = f"select from jobs where id = %s and status = 'processing' and {condition}"
    platform.eventually(lambda: platform.database.execute(query, [known.job_id]).rowcount == 1, within=60, every=0.001)


def freeze(platform: Platform, queue: str) -> int | None:
    """Stop the worker of a queue between two transactions; None when it is done before."""
    while busy := health(platform, queue)["busy"]:
        (pid,) = busy
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.02)
        open_ones = platform.database.execute(
            "select from pg_stat_activity where usename = 'wc_worker' and xact_start is not null"
            " and backend_type = 'client backend'"
        )
        if open_ones.rowcount == 0:
            return int(pid)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.003)
    return None


def frozen_in_the_middle(platform: Platform, known: Known) -> int:
    """A worker of a sync that is stopped between two transactions of its merge."""
    for _ in range(10):
        known.begin()
        reach(platform, known, "checkpoint ->> 'phase' = 'merge' and done > 0 and done < total - 10000")
        frozen = freeze(platform, "catalog-syncs")
        if frozen is not None:
            held = row(platform, known.job_id)
            if held["status"] == "processing" and held["done"] < held["total"]:
                return frozen
            os.kill(frozen, signal.SIGCONT)
        ended(platform, known)
        known.check()
    raise AssertionError("it is always in a transaction")


def ended(platform: Platform, known: Known, within: float = 60) -> None:
    platform.eventually(lambda: known.resting, within=within)


@pytest.mark.timeout(300)
def test_a_worker_that_outlived_its_lease_writes_nothing_more(own_platform: Platform) -> None:
    platform = own_platform
    known = Known(platform, platform.tenant(), "catalog_sync", ROWS)
    known.begin()
    ended(platform, known)
    known.check()
    frozen = frozen_in_the_middle(platform, known)
    try:
        held = row(platform, known.job_id)
        assert expire(platform, "catalog_sync")
        ended(platform, known)
        known.check()
        done = row(platform, known.job_id)
        assert done["fence"] == held["fence"] + 1
    finally:
        os.kill(frozen, signal.SIGCONT)
    platform.eventually(lambda: frozen not in health(platform, "catalog-syncs")["busy"])
    known.check()
    assert row(platform, known.job_id) == done, "not even the moment of its last change"


STAGING: LiteralString = "checkpoint ->> 'phase' = 'stage'"
MERGING: LiteralString = "checkpoint ->> 'phase' = 'merge' and done > 1000 and done < total"
DEACTIVATING: LiteralString = "checkpoint ->> 'phase' = 'deactivate'"


@pytest.mark.parametrize(
    ("way", "moment"),
    [
        ("product_import", STAGING),
        ("product_import", MERGING),
        ("catalog_sync", STAGING),
        ("catalog_sync", MERGING),
        ("catalog_sync", DEACTIVATING),
    ],
    ids=["import-staging", "import-merging", "sync-staging", "sync-merging", "sync-deactivating"],
)
@pytest.mark.timeout(300)
def test_a_cancelled_job_changes_nothing_more_and_is_finished_by_a_retry(
    own_platform: Platform, figure: Figure, way: Literal["product_import", "catalog_sync"], moment: LiteralString
) -> None:
    platform = own_platform
    known = Known(platform, platform.tenant(), way, ROWS)
    known.begin()
    ended(platform, known)
    known.check()
    known.begin()
    reach(platform, known, moment)
    ok(known.tenant.owner.post(f"/v1/jobs/{known.job_id}/cancel"))
    began = time.monotonic()
    cancelled, merged = row(platform, known.job_id), products(platform, known)
    assert cancelled["status"] == "cancelled"
    platform.eventually(lambda: staged(platform, known.job_id) == 0, within=45)
    figure(f"cancelled {way}: staged rows are gone after", time.monotonic() - began, "s", 30)
    assert products(platform, known) == merged
    assert row(platform, known.job_id) == cancelled
    ok(known.tenant.owner.post(f"/v1/jobs/{known.job_id}/retry"))
    ended(platform, known)
    job = row(platform, known.job_id)
    counts = job["counts"]
    assert job["status"] == "completed", (job["error_code"], job["error"])
    # What was merged before it was cancelled is as the file says: the second time it is unchanged.
    assert counts["read"] == known.expected["read"]
    assert counts["read"] == sum(counts[name] for name in ("created", "updated", "unchanged", "rejected"))
    assert counts["rejected"] == known.expected["rejected"]
    known.expected = counts
    known.check()


def products(platform: Platform, known: Known) -> list[dict[str, Any]]:
    return platform.database.execute(
        "select sku, price, is_active, updated_at from products where catalog_id = %s order by sku",
        [known.tenant.catalog_id],
    ).fetchall()


@pytest.mark.timeout(300)
def test_a_job_that_fails_in_the_middle_shows_what_stands_and_is_exact_once_it_is_mended(
    own_platform: Platform,
) -> None:
    platform = own_platform
    platform.database.execute(
        "create function refuse() returns trigger language plpgsql"
        " as $$ begin raise check_violation using message = 'a bug of ours, in the commit'; end $$"
    )
    platform.database.execute(
        "create constraint trigger refuse after insert on products deferrable initially deferred"
        " for each row when (new.sku = 'K-007000') execute function refuse()"
    )
    known = Known(platform, platform.tenant(), "product_import", 12_000)
    known.begin()
    while not known.resting:
        # Nobody waits here for the time between two tries.
        hastened = platform.database.execute(
            "update jobs set due_at = now() where id = %s and status = 'pending' and due_at > now()", [known.job_id]
        )
        if hastened.rowcount:
            platform.send("product-imports", {"job_id": known.job_id})
        time.sleep(0.05)
    job = row(platform, known.job_id)
    assert (job["status"], job["error_code"], job["failures"]) == ("failed", "internal_error", 3)
    stand = {name: count for name, count in job["counts"].items() if count}
    assert stand == {"read": 12_000, "created": 5_000, "rejected": known.expected["rejected"]}
    assert len(products(platform, known)) == 5_000
    platform.database.execute("drop trigger refuse on products")
    ok(known.tenant.owner.post(f"/v1/jobs/{known.job_id}/retry"))
    ended(platform, known)
    known.expected["created"] -= 5_000
    known.expected["unchanged"] += 5_000
    known.check()
