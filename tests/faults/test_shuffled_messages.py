"""Messages are sent several times and in random order. Each job runs once, and the jobs of one catalog run in order."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import create_import, has_ended, job_message, send_messages
from tests.platform import Platform, Tenant

pytestmark = pytest.mark.slow

JOBS = 10_000 if FULL else 200
CATALOGS = 100 if FULL else 10
SKUS = ("A-1", "A-2", "A-3")
MAX_DELIVERIES = 5
"""The maximum number of times that the test sends the message of one job."""
SENDERS = 8


def insert_jobs(platform: Platform, tenant: Tenant, count: int) -> None:
    """Insert jobs of one catalog, but send no messages. The jobs are copies of an import that the API created.

    Job number `n` sets all prices to `n` + 1.
    """
    first = create_import(tenant.owner, tenant.catalog_id, product_rows(0))
    platform.eventually(lambda: has_ended(platform, first))
    files = []
    for number in range(1, count + 1):
        body = "\n".join(f'{{"sku":"{row["sku"]}","price":"{row["price"]}"}}' for row in product_rows(number)).encode()
        folder = f"{tenant.client_id}/imports/{number}"
        upload = platform.s3.put_object(Bucket=platform.uploads, Key=f"{folder}/rows.ndjson", Body=body)
        files.append((folder, upload["VersionId"]))
    platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, priority, ordering_key, due_at)"
        " select client_id, catalog_id, type, requested_by,"
        "   payload || jsonb_build_object('key', v.key || '/rows.ndjson', 'version_id', v.version, 'results', v.key),"
        "   priority, ordering_key, now() + interval '1 hour'"
        " from jobs, unnest(%s::text[], %s::text[]) with ordinality v (key, version, n) where id = %s order by n",
        [[folder for folder, _ in files], [version for _, version in files], first],
    )


def product_rows(number: int) -> list[dict[str, str]]:
    return [{"sku": sku, "name": sku, "price": f"{number + 1}.00"} for sku in SKUS]


@pytest.mark.timeout(3600)
def test_jobs_run_once_and_in_order_if_messages_are_repeated_and_shuffled(
    own_platform: Platform, figure: Figure
) -> None:
    platform, dice = own_platform, random.Random(3)
    tenants = [platform.tenant() for _ in range(CATALOGS)]
    for tenant in tenants:
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
        insert_jobs(platform, tenant, JOBS // CATALOGS)
    pending = platform.database.execute("select id from jobs where status = 'pending'").fetchall()
    job_ids = [job["id"] for job in pending]
    assert len(job_ids) == JOBS
    messages = [job_message(job_id) for job_id in job_ids for _ in range(dice.randint(1, MAX_DELIVERIES))]
    dice.shuffle(messages)
    started = time.monotonic()
    # All jobs become due at the same time.
    platform.database.execute("update jobs set due_at = now() where status = 'pending'")
    shares = [messages[n::SENDERS] for n in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        for sending in [pool.submit(send_messages, platform, "product-imports", share) for share in shares]:
            sending.result()
    unfinished = "select from jobs where status in ('pending', 'processing') limit 1"
    platform.eventually(lambda: platform.database.execute(unfinished).rowcount == 0, within=3000, every=0.2)
    seconds = time.monotonic() - started

    outcomes = platform.database.execute(
        "select status, attempts, error, counts ->> 'updated' as updated, count(*)::int as jobs from jobs"
        " where id = any (%s) group by 1, 2, 3, 4",
        [job_ids],
    ).fetchall()
    assert outcomes == [{"status": "completed", "attempts": 1, "error": None, "updated": str(len(SKUS)), "jobs": JOBS}]
    last_price = f"{JOBS // CATALOGS + 1}.00"
    prices = platform.database.execute(
        "select price::text, count(*)::int as products from products where sku = any (%s) group by 1", [list(SKUS)]
    ).fetchall()
    assert prices == [{"price": last_price, "products": CATALOGS * len(SKUS)}], (
        "each product must have the price of the last job of its catalog"
    )
    overlapping = platform.database.execute(
        "select count(*)::int as jobs from ("
        "  select started_at < lag(completed_at) over (partition by catalog_id order by queued_at, id) as early"
        "  from jobs"
        ") ordered where early"
    ).fetchone()
    assert overlapping == {"jobs": 0}, "no job may start before the previous job of its catalog has ended"
    figure("shuffled messages", len(messages), "messages")
    figure("shuffled messages: jobs, each run once and in order", JOBS, "jobs")
    figure("shuffled messages: duration", seconds, "s")
