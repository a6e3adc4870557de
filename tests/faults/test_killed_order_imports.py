"""Workers are killed at random times while they import historical orders. Each order is imported exactly once.

The test kills 4 workers in small size, and 300 workers in full size.
"""

import random
import time
from functools import partial

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import expire_leases, job_row, signal_workers
from tests.imports.order_importing import HEADER, start, table
from tests.platform import Platform, Tenant

pytestmark = pytest.mark.slow

KILLS = 300 if FULL else 4
ORDERS = 4_000
MAX_LIFE_SECONDS = 2.5
"""The longest time that a worker runs before the test kills the worker, in seconds."""
PROGRESS_SECONDS = 180
"""The longest time until a new worker has read the file again and written its next orders, in seconds. On an idle
machine this takes about 3 seconds."""
STATE = """
select count(*) as orders, count(distinct o.order_number) as numbers, sum(o.total_amount)::text as total,
  sum(l.lines)::integer as lines, sum(e.events)::integer as events, sum(s.shipments)::integer as shipments
from orders o
  cross join lateral (select count(*) as lines from order_lines l where l.order_id = o.id) l
  cross join lateral (select count(*) as events from order_events e where e.order_id = o.id and type = 'imported') e
  cross join lateral (select count(*) as shipments from shipments s where s.order_id = o.id) s
where o.client_id = %s
"""


def rows() -> list[tuple[str, ...]]:
    """Return two rows for each order, far apart in the file. The second row of every hundredth order is invalid."""
    first: list[tuple[str, ...]] = [
        (f"K-{n}", "2024-03-01T10:00:00Z", "delivered", "EUR", "", "MUG", "Mug", "1", "2.00") for n in range(ORDERS)
    ]
    second: list[tuple[str, ...]] = [
        (*row[:5], "PEN", "Pen", "no" if n % 100 == 0 else "3", "1.00") for n, row in enumerate(first)
    ]
    return first + second


def is_claimed(platform: Platform, job_id: str) -> bool:
    return bool(job_row(platform, job_id)["status"] != "pending")


def is_behind(platform: Platform, job_id: str, position: int) -> bool:
    """Return whether the import has written orders after the given position, or has ended."""
    job = job_row(platform, job_id)
    return bool(job["checkpoint"].get("orders", 0) > position or job["status"] not in ("pending", "processing"))


@pytest.mark.timeout(3600)
def test_killed_workers_import_each_order_exactly_once(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    # Each job is killed many times, so it needs more attempts than the default allows.
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    dice, kills, imports = random.Random(5), 0, 0
    content = table(rows(), HEADER)
    positions: list[int] = []
    while kills < KILLS:
        imports += 1
        shop = platform.tenant()
        job_id = start(shop, content)
        last = 0
        while job_row(platform, job_id)["status"] in ("pending", "processing"):
            # Killing a worker before it has claimed the job would have no effect.
            platform.eventually(partial(is_claimed, platform, job_id), within=PROGRESS_SECONDS, every=0.005)
            if kills % 2:  # this worker is killed only after it has written its first chunks
                behind = partial(is_behind, platform, job_id, last)
                platform.eventually(behind, within=PROGRESS_SECONDS, every=0.005)
                time.sleep(dice.uniform(0, 0.2))
            else:
                time.sleep(dice.uniform(0.3, MAX_LIFE_SECONDS))
            if kills < KILLS and signal_workers(platform, "order-files"):
                for job in expire_leases(platform, "order_file"):
                    kills += 1
                    positions.append(position := job["checkpoint"].get("orders", 0))
                    assert position >= last, "an attempt must not lose the progress of the previous attempt"
                    last = position
        check(platform, shop, job_id)
    assert any(0 < position < ORDERS for position in positions), (
        "no worker was killed between its first and its last chunk"
    )
    figure("killed order imports", kills, "kills")
    figure("killed order imports: imports, all of them exact", imports, "imports")


def check(platform: Platform, shop: Tenant, job_id: str) -> None:
    """Check the counts of the job, and that each order has its lines, one shipment and one event of the import."""
    job = job_row(platform, job_id)
    rejected = ORDERS // 100
    expected = ORDERS - rejected
    assert job["status"] == "completed", (job["error_code"], job["error"])
    assert job["counts"] == {
        "read": 2 * ORDERS, "created": 2 * expected, "updated": 0, "unchanged": 0, "rejected": 2 * rejected,
        "deactivated": 0,
    }  # fmt: skip
    assert job["result"]["orders"]["created"] == expected
    assert job["done"] == job["total"] == 2 * ORDERS
    assert platform.database.execute(STATE, [shop.client_id]).fetchone() == {
        "orders": expected, "numbers": expected, "total": f"{5 * expected}.00", "lines": 2 * expected,
        "events": expected, "shipments": expected,
    }  # fmt: skip
