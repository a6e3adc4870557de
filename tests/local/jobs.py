"""Creates jobs in different states, for the tests of `wecelebrate jobs` and `wecelebrate dlq`."""

from tests.platform import Json, Platform, Tenant, ok

HEADER = "sku,name,price\n"

INSERT_FAILED_JOB = """
with job as (
  insert into jobs (client_id, type, status, requested_by, payload, error, error_code, attempts, completed_at)
  values (%(client)s, 'catalog_sync', 'failed', 'a test', '{}', 'it [broke]', 'internal_error', 3, now())
  returning id
)
insert into dead_letters (queue, client_id, job_id, body, code, reason, receives)
select 'catalog-syncs', %(client)s, id, jsonb_build_object('job_id', id), 'internal_error', 'KeyError: [x]', 3 from job
returning id
"""


def sync_rows(platform: Platform, tenant: Tenant, rows: str, name: str = "products.csv") -> Json:
    """Drop a file with these rows, wait until the job for this file has ended, and return the job."""
    return platform.sync(tenant.catalog_id, name, (HEADER + rows).encode())


def failed_job(platform: Platform, tenant: Tenant) -> str:
    """Insert a failed job and its dead letter. Return the id of the dead letter."""
    row = platform.database.execute(INSERT_FAILED_JOB, {"client": tenant.client_id}).fetchone()
    assert row is not None
    return str(row["id"])


def job_of(platform: Platform, letter: str) -> str:
    """Return the id of the job that a dead letter refers to."""
    return str(ok(platform.admin.get(f"/v1/admin/dlq/{letter}"))["job_id"])


def job_awaiting_approval(platform: Platform, tenant: Tenant) -> Json:
    """Load 10 products, and drop a full file that would deactivate 9 of them. Return the job that awaits approval."""
    sync_rows(platform, tenant, "".join(f"P-{number},Cup,1.00\n" for number in range(10)))
    version = platform.drop(tenant.catalog_id, "full/all.csv", (HEADER + "P-0,Cup,1.00\n").encode())
    jobs: list[Json] = []

    def is_waiting() -> bool:
        query = {"catalog_id": tenant.catalog_id, "awaiting_approval": "true"}
        jobs[:] = ok(platform.admin.get("/v1/jobs", params=query))["data"]
        return bool(jobs)

    platform.eventually(is_waiting)
    assert jobs[0]["source"]["version_id"] == version
    return jobs[0]
