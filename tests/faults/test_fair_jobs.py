"""One client's thousands of jobs do not hold up another's one; what a person waits for goes first; and ten thousand
products are taken at once, done in the background and seen to come nearer."""

import time
from collections.abc import Iterator
from statistics import median

import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import imported, over, row, sent, word
from tests.platform import Json, Platform, Tenant, ok

JOBS = 10_000 if FULL else 300
BEGINS_WITHIN = 5.0
ANSWERED_WITHIN = 500.0


def some(count: int, price: str = "1.00") -> list[Json]:
    return [{"sku": f"F-{number}", "name": f"Product {number}", "price": price} for number in range(count)]


@pytest.fixture
def loud(own_platform: Platform) -> Iterator[Tenant]:
    """A client with thousands of jobs that wait, of either lane and of no series; they are made of two that were asked
    for."""
    platform, tenant = own_platform, own_platform.tenant()
    templates = [imported(tenant.owner, tenant.catalog_id, some(count)) for count in (50, 1_200)]
    for job_id in templates:
        platform.eventually(lambda job_id=job_id: over(platform, job_id))  # type: ignore[misc]
    made = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, priority)"
        " select client_id, catalog_id, type, requested_by,"
        "   payload || jsonb_build_object('results', (payload ->> 'results') || '/' || n), priority"
        " from jobs, generate_series(1, %s) n where id = any (%s) returning id",
        [JOBS // 2, templates],
    ).fetchall()
    sent(platform, "product-imports", [word(job["id"]) for job in made])
    yield tenant
    waiting = "update jobs set status = 'cancelled', completed_at = now() where status = 'pending' and client_id = %s"
    platform.database.execute(waiting, [tenant.client_id])
    at_work = "select from jobs where status = 'processing'"
    platform.eventually(lambda: platform.database.execute(at_work).rowcount == 0)


def began_after(platform: Platform, job_id: str) -> float:
    """Seconds from its making until a worker took a job."""
    platform.eventually(lambda: row(platform, job_id)["started_at"], within=60, every=0.02)
    job = row(platform, job_id)
    return float((job["started_at"] - job["created_at"]).total_seconds())


@pytest.mark.timeout(600)
def test_a_client_with_one_job_begins_beside_one_with_thousands(
    own_platform: Platform, loud: Tenant, figure: Figure
) -> None:
    platform = own_platform
    second, third = platform.tenant(), platform.tenant()
    waiting = "select count(*)::int as jobs from jobs where status = 'pending' and client_id = %s"
    for _ in range(3):
        normal = imported(second.owner, second.catalog_id, some(1_500))
        high = imported(third.owner, third.catalog_id, some(20))
        assert (row(platform, normal)["priority"], row(platform, high)["priority"]) == ("normal", "high")
        behind = platform.database.execute(waiting, [loud.client_id]).fetchone()
        assert behind is not None
        figure(f"beside {behind['jobs']} jobs of another: a single job begins after", began_after(platform, normal),
               "s", BEGINS_WITHIN)  # fmt: skip
        figure(f"beside {behind['jobs']} jobs of another: a small one begins after", began_after(platform, high),
               "s", BEGINS_WITHIN)  # fmt: skip
        assert behind["jobs"] > 0, "nobody was in the way"
        for job_id in (normal, high):
            platform.eventually(lambda job_id=job_id: over(platform, job_id))  # type: ignore[misc]


@pytest.mark.timeout(300)
def test_ten_thousand_products_are_taken_in_half_a_second_and_seen_to_come(
    own_platform: Platform, figure: Figure
) -> None:
    tenant = own_platform.tenant()
    imported(tenant.owner, tenant.catalog_id, some(1))
    answered: list[float] = []
    done: list[float] = []
    for turn in range(5):
        rows = some(10_000, f"{turn + 2}.00")
        began = time.monotonic()
        job_id = imported(tenant.owner, tenant.catalog_id, rows)
        answered.append((time.monotonic() - began) * 1000)
        seen: list[Json] = []
        while not seen or seen[-1]["status"] not in ("completed", "failed"):
            seen.append(ok(tenant.owner.get(f"/v1/jobs/{job_id}")))
            time.sleep(0.02)
        done.append(time.monotonic() - began)
        assert seen[-1]["status"] == "completed"
        told = [job["progress"]["done"] for job in seen]
        assert told == sorted(told), "it never goes back"
        percent = [job["progress"]["percent"] or 0 for job in seen]
        assert percent == sorted(percent)
        assert (told[-1], percent[-1]) == (10_000, 100)
        assert any(0 < count < 10_000 for count in told) or len(told) < 10, "something is seen in between"
    # Beside the other tests of a session nobody keeps the time.
    figure("10,000 products by POST: answered after", median(answered), "ms", ANSWERED_WITHIN if FULL else None)
    figure("10,000 products by POST: done after", median(done), "s")
