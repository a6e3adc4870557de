"""Tests that if a worker ends during a sync, no row is lost, no row is loaded twice, and the counts are exact."""

import os
import signal

import pytest

from tests.platform import Platform, ok

pytestmark = pytest.mark.slow

ROWS = 40_000
PHASES = {"staging": "counts ->> 'read' > '0' and total is null", "merging": "done > 0"}


@pytest.mark.parametrize("phase", PHASES)
def test_another_worker_finishes_the_sync_of_a_killed_worker(own_platform: Platform, phase: str) -> None:
    platform = own_platform
    tenant = platform.tenant()
    rows = "".join(f"K-{number:06d},Product {number},{number % 90 + 1}.00,1,\n" for number in range(ROWS))
    version = platform.drop(tenant.catalog_id, "large.csv", ("sku,name,price,stock,image\n" + rows).encode())
    platform.eventually(
        lambda: platform.database.execute(
            f"select 1 from jobs where payload ->> 'version_id' = %s and status = 'processing' and {PHASES[phase]}",
            [version],
        ).fetchone(),
        within=60,
        every=0.002,
    )
    job = platform.database.execute("select id from jobs where payload ->> 'version_id' = %s", [version]).fetchone()
    assert job is not None
    for worker in ok(platform.api().get("/_local/health"))["functions"]["queues-catalog-syncs"]["busy"]:
        os.kill(worker, signal.SIGKILL)
    platform.database.execute("update jobs set leased_until = now() where id = %s", [job["id"]])
    # After the visibility timeout, SQS would deliver the message again. To save time, the test sends a copy.
    platform.send("catalog-syncs", {"job_id": str(job["id"])})

    finished_job = platform.finished_job(tenant.catalog_id, version, within=60)
    assert finished_job["status"] == "completed", (
        finished_job["error_code"],
        finished_job["error"],
        finished_job["attempts"],
        finished_job["counts"],
    )
    assert finished_job["attempts"] == 2
    assert finished_job["counts"] == {
        "read": ROWS,
        "created": ROWS,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
        "deactivated": 0,
    }
    stored = platform.database.execute(
        "select count(*) as n, count(distinct sku) as skus from products where catalog_id = %s", [tenant.catalog_id]
    ).fetchone()
    assert stored == {"n": ROWS, "skus": ROWS}
