"""Word of jobs that comes again and again, in any order: each job is done once, each catalog's in order."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import imported, over, sent, word
from tests.platform import Platform, Tenant

JOBS = 10_000 if FULL else 200
CATALOGS = 100 if FULL else 10
SKUS = ("A-1", "A-2", "A-3")
MOST_TIMES = 5
SENDERS = 8


def several(platform: Platform, tenant: Tenant, jobs: int) -> None:
    """Jobs of one catalog that nobody is told of yet, each setting the prices to its number. They are what a request
    makes, for they are made of one that was."""
    first = imported(tenant.owner, tenant.catalog_id, rows(0))
    platform.eventually(lambda: over(platform, first))
    versions = []
    for number in range(1, jobs + 1):
        body = "\n".join(f'{{"sku":"{one["sku"]}","price":"{one["price"]}"}}' for one in rows(number)).encode()
        key = f"{tenant.client_id}/imports/{number}"
        put = platform.s3.put_object(Bucket=platform.uploads, Key=f"{key}/rows.ndjson", Body=body)
        versions.append((key, put["VersionId"]))
    platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, priority, ordering_key, due_at)"
        " select client_id, catalog_id, type, requested_by,"
        "   payload || jsonb_build_object('key', v.key || '/rows.ndjson', 'version_id', v.version, 'results', v.key),"
        "   priority, ordering_key, now() + interval '1 hour'"
        " from jobs, unnest(%s::text[], %s::text[]) with ordinality v (key, version, n) where id = %s order by n",
        [[key for key, _ in versions], [version for _, version in versions], first],
    )


def rows(number: int) -> list[dict[str, str]]:
    return [{"sku": sku, "name": sku, "price": f"{number + 1}.00"} for sku in SKUS]


@pytest.mark.timeout(3600)
def test_messages_that_come_often_and_in_no_order_do_each_job_once_and_in_order(
    own_platform: Platform, figure: Figure
) -> None:
    platform, dice = own_platform, random.Random(3)
    tenants = [platform.tenant() for _ in range(CATALOGS)]
    for tenant in tenants:
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
        several(platform, tenant, JOBS // CATALOGS)
    made = [job["id"] for job in platform.database.execute("select id from jobs where status = 'pending'").fetchall()]
    assert len(made) == JOBS
    words = [word(job_id) for job_id in made for _ in range(dice.randint(1, MOST_TIMES))]
    dice.shuffle(words)
    began = time.monotonic()
    # From now on they are due: all of them at once.
    platform.database.execute("update jobs set due_at = now() where status = 'pending'")
    parts = [words[n::SENDERS] for n in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        for sending in [pool.submit(sent, platform, "product-imports", part) for part in parts]:
            sending.result()
    left = "select from jobs where status in ('pending', 'processing') limit 1"
    platform.eventually(lambda: platform.database.execute(left).rowcount == 0, within=3000, every=0.2)
    took = time.monotonic() - began

    done = platform.database.execute(
        "select status, attempts, error, counts ->> 'updated' as updated, count(*)::int as jobs from jobs"
        " where id = any (%s) group by 1, 2, 3, 4",
        [made],
    ).fetchall()
    assert done == [{"status": "completed", "attempts": 1, "error": None, "updated": str(len(SKUS)), "jobs": JOBS}]
    last = f"{JOBS // CATALOGS + 1}.00"
    prices = platform.database.execute(
        "select price::text, count(*)::int as products from products where sku = any (%s) group by 1", [list(SKUS)]
    ).fetchall()
    assert prices == [{"price": last, "products": CATALOGS * len(SKUS)}], "as if each had come once, in order"
    behind = platform.database.execute(
        "select count(*)::int as jobs from ("
        "  select started_at < lag(completed_at) over (partition by catalog_id order by queued_at, id) as early"
        "  from jobs"
        ") ordered where early"
    ).fetchone()
    assert behind == {"jobs": 0}, "none began before the one in front of it was done"
    figure("shuffled messages", len(words), "messages")
    figure("shuffled messages: jobs, each done once and in order", JOBS, "jobs")
    figure("shuffled messages: took", took, "s")
