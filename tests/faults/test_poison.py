"""A poisoned job or message fails in every attempt. It becomes a dead letter, and does not affect other jobs.

If the cause of a failure is repaired and the failed job is then redriven, the job runs once.
"""

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import (
    create_import,
    expire_leases,
    has_ended,
    job_message,
    job_row,
    send_messages,
    signal_workers,
)
from tests.platform import Json, Platform, Tenant, ok, problem

pytestmark = pytest.mark.slow

JOBS = 2_000 if FULL else 100
TENANTS = 5
POISONED_JOBS = JOBS // 100
UNREADABLE = ("no JSON at all {", '["an", "array"]', '{"x": NaN}', '{"x": [-Infinity]}', '["\\u0000"]', '["\\ud800"]')


def list_dead_letters(platform: Platform, **filters: str) -> list[Json]:
    """Return all dead letters, newest first."""
    dead_letters: list[Json] = []
    cursor: str | None = None
    while True:
        parameters = {"limit": "100", **filters, **({"cursor": cursor} if cursor else {})}
        page = ok(platform.admin.get("/v1/admin/dlq", params=parameters))
        dead_letters += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return dead_letters


def audited_actions(platform: Platform, object_id: str) -> list[str]:
    """Return the actions in the audit log for an object. Omit its creation."""
    entries = ok(platform.admin.get("/v1/audit", params={"object_id": object_id}))["data"]
    return [entry["action"] for entry in entries if entry["action"] != "job.create"]


def insert_poisoned_job(platform: Platform, tenant: Tenant, template: str, number: int) -> str:
    """Insert a copy of a job, but omit a payload field that the worker needs. Return the id of the copy.

    Each copy has its own catalog, because a job cannot be retried if a later job has changed the same catalog.
    """
    catalog_id = platform.catalog(owner=tenant.client_id)["id"]
    key = f"{tenant.client_id}/imports/poison-{number}"
    body = f'{{"sku":"BAD-{number}","name":"Poison {number}","price":"1.00"}}'.encode()
    version = platform.s3.put_object(Bucket=platform.uploads, Key=f"{key}/rows.ndjson", Body=body)["VersionId"]
    job = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, priority, ordering_key)"
        " select client_id, %s, type, requested_by,"
        "   payload - 'mode' || jsonb_build_object('key', %s::text, 'version_id', %s::text, 'results', %s::text),"
        "   priority, %s from jobs where id = %s returning id",
        [catalog_id, f"{key}/rows.ndjson", version, key, f"catalog:{catalog_id}", template],
    ).fetchone()
    assert job is not None
    send_messages(platform, "product-imports", [job_message(job["id"])])
    return str(job["id"])


@pytest.mark.timeout(1800)
def test_poisoned_jobs_do_not_affect_other_jobs(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    tenants = [platform.tenant() for _ in range(TENANTS)]
    for tenant in tenants:
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    good_jobs, poisoned_jobs = list[str](), dict[str, Tenant]()
    for number in range(JOBS - POISONED_JOBS):
        tenant = tenants[number % TENANTS]
        product = {"sku": f"GOOD-{number}", "name": f"Product {number}", "price": "1.00"}
        good_jobs.append(create_import(tenant.owner, tenant.catalog_id, [product]))
        if number % 100 == 50:
            poisoned_jobs[insert_poisoned_job(platform, tenant, good_jobs[-1], number)] = tenant
    platform.eventually(lambda: all_ended(platform), within=900, every=0.5)
    rows = {job_id: job_row(platform, job_id) for job_id in (*good_jobs, *poisoned_jobs)}
    assert {rows[job_id]["status"] for job_id in good_jobs} == {"completed"}
    figure("poison: good jobs", len(good_jobs), "jobs")
    figure("poison: attempts of a good job", max(rows[job_id]["attempts"] for job_id in good_jobs), "attempts", 2)
    assert {(rows[job_id]["status"], rows[job_id]["attempts"]) for job_id in poisoned_jobs} == {("failed", 3)}

    dead_letters = {letter["job_id"]: letter for letter in list_dead_letters(platform)}
    check_dead_letters(dead_letters, poisoned_jobs)
    platform.database.execute(
        """update jobs set payload = payload || '{"mode": "upsert"}' where id = any (%s)""", [list(poisoned_jobs)]
    )
    redrive_once(platform, list(dead_letters.values()))
    stored = platform.database.execute(
        "select count(*) as n, count(*) filter (where sku like 'BAD-%%') as repaired from products p"
        " join catalogs c on c.id = p.catalog_id where c.owner_client_id = any (%s)",
        [[tenant.client_id for tenant in tenants]],
    ).fetchone()
    assert stored == {"n": JOBS - POISONED_JOBS + len(poisoned_jobs), "repaired": len(poisoned_jobs)}
    assert len(list_dead_letters(platform)) == len(poisoned_jobs), "no redriven job may fail again"


def check_dead_letters(dead_letters: dict[str, Json], poisoned_jobs: dict[str, Tenant]) -> None:
    """Check that each poisoned job has a dead letter with the client and the error of the job.

    Also check that an owner cannot redrive these dead letters.
    """
    assert dead_letters.keys() == poisoned_jobs.keys()
    for job_id, tenant in poisoned_jobs.items():
        letter = dead_letters[job_id]
        assert (letter["client_id"], letter["queue"], letter["code"]) == (
            tenant.client_id, "product-imports", "internal_error",
        )  # fmt: skip
        assert letter["reason"] == "KeyError: 'mode'"
        problem(tenant.owner.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 403, "forbidden")


def redrive_once(platform: Platform, dead_letters: list[Json]) -> None:
    """Redrive dead letters of jobs. Check that each job runs once, and that no dead letter can be redriven twice."""
    for letter in dead_letters:
        ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
        problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
    platform.eventually(lambda: all_ended(platform), within=120, every=0.2)
    for letter in dead_letters:
        job = job_row(platform, letter["job_id"])
        assert (job["status"], job["error"], job["attempts"]) == ("completed", None, 4)
        assert job["counts"]["created"] == 1
        problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
        assert audited_actions(platform, letter["id"]) == ["dead_letter.redrive"]
        assert audited_actions(platform, letter["job_id"]) == ["job.retry"]


def all_ended(platform: Platform) -> bool:
    """Whether every job has ended."""
    return platform.database.execute("select from jobs where status in ('pending', 'processing') limit 1").rowcount == 0


@pytest.mark.timeout(300)
def test_a_job_that_kills_its_workers_can_complete_after_a_redrive(
    own_platform: Platform,
) -> None:
    platform, tenant = own_platform, own_platform.tenant()
    rows = [{"sku": f"K-{number}", "name": f"Product {number}", "price": "1.00"} for number in range(4_000)]
    with platform.holding("select from catalogs where id = %s for no key update", [tenant.catalog_id]) as lock:
        # The final transaction of an import updates the catalog, so this lock blocks the import. The first attempt
        # makes progress. Therefore its end does not count as a failure.
        job_id = create_import(tenant.owner, tenant.catalog_id, rows)
        for attempt in range(1, 5):
            platform.eventually(lambda: job_row(platform, job_id)["fence"] == attempt)  # noqa: B023 - called at once
            lock.wait_for(1)
            assert signal_workers(platform, "product-imports")
            lock.terminate_waiting()
            expire_leases(platform, "product_import")
        platform.eventually(lambda: job_row(platform, job_id)["status"] == "failed")
    job = job_row(platform, job_id)
    assert (job["error_code"], job["failures"]) == ("worker_died", 3)
    (letter,) = list_dead_letters(platform, client_id=tenant.client_id)
    assert (letter["job_id"], letter["code"]) == (job_id, "worker_died")
    assert "The worker crashed" in letter["reason"]
    ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
    problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
    platform.eventually(lambda: has_ended(platform, job_id))
    job = job_row(platform, job_id)
    assert (job["status"], job["counts"]["read"], job["counts"]["rejected"]) == ("completed", 4_000, 0)
    stored = platform.database.execute(
        "select count(*) as n, count(distinct sku) as skus from products where catalog_id = %s", [tenant.catalog_id]
    ).fetchone()
    assert stored == {"n": 4_000, "skus": 4_000}


@pytest.mark.parametrize("queue", ["product-imports", "drops"])
@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_message_becomes_a_dead_letter_after_its_first_delivery(
    own_platform: Platform, queue: str, body: str
) -> None:
    platform = own_platform
    earlier = {letter["id"] for letter in list_dead_letters(platform)}

    def new_dead_letters() -> list[Json]:
        return [letter for letter in list_dead_letters(platform) if letter["id"] not in earlier]

    send_messages(platform, queue, [body])
    platform.eventually(new_dead_letters, within=15)
    (letter,) = new_dead_letters()
    assert (letter["queue"], letter["code"], letter["job_id"], letter["receives"]) == (
        queue, "message_failed", None, 1,
    )  # fmt: skip
    assert letter["body"] == body
    assert letter["reason"].startswith("UnreadableMessage: the body is not ")
    # The redriven message fails again and becomes a new dead letter. The old dead letter cannot be redriven again.
    ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
    problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "nothing_to_redrive")
    platform.eventually(lambda: len(new_dead_letters()) == 2, within=15)
    assert audited_actions(platform, letter["id"]) == ["dead_letter.redrive"]
