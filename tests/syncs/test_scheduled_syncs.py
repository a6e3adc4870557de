"""Tests schedules, which load the new files below a prefix of the drops bucket."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, output_of, problem

RUN_DUE = "from wecelebrate import schedules; print(schedules.run_due())"
"""A program that requests a run of each due schedule, as the sweeper does. The program prints the number of due
schedules."""
PULL_TWO = """
import importlib, types
pull = importlib.import_module("wecelebrate.ingestion.sync.pull")
pull.MAX_FILES_PER_MESSAGE = 2
message = types.SimpleNamespace(body={"schedule_id": "%s"}, extend_visibility=lambda: None)
pull.pull(message)
"""
"""A program that handles one message of a schedule, and loads at most two files for this message."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def create_schedule(tenant: Tenant, **fields: object) -> Json:
    """Create a schedule that is due at 3 o'clock. `fields` replaces or extends the fields of the request."""
    new = {"client_id": tenant.client_id, "catalog_id": tenant.catalog_id, "name": uuid4().hex, "cron": "0 3 * * *"}
    return created(tenant.owner.post("/v1/schedules", json=new | {"settings": {"prefix": "exports/daily/"}} | fields))


def get_schedule(tenant: Tenant, schedule: Json) -> Json:
    """Return the current state of a schedule."""
    return ok(tenant.owner.get(f"/v1/schedules/{schedule['id']}"))


def upload_export(platform: Platform, tenant: Tenant, name: str, *skus: str, price: str = "1.00") -> str:
    """Upload a file below the prefix of the schedule. Return the version id of the file."""
    body = "sku,name,price\n" + "".join(f"{sku},Product {sku},{price}\n" for sku in skus)
    key = f"{tenant.catalog_id}/exports/daily/{name}"
    return str(platform.s3.put_object(Bucket=platform.drops, Key=key, Body=body.encode())["VersionId"])


def request_run(tenant: Tenant, schedule: Json) -> None:
    response = tenant.owner.post(f"/v1/schedules/{schedule['id']}/run")
    assert response.status_code == 202, response.text


def wait_for_run(platform: Platform, tenant: Tenant, schedule: Json) -> Json:
    """Wait until the run of a schedule has ended. Return the schedule.

    Also wait until all jobs of the tenant have ended, except jobs that wait for an approval.
    """

    def has_finished() -> bool:
        outcome = get_schedule(tenant, schedule)["last_outcome"]
        if outcome in (None, "The run is in progress.") or "follow" in outcome:
            return False
        open_jobs = ("pending", "processing")
        return not any(job["status"] in open_jobs and not job["awaiting_approval"] for job in list_jobs(tenant))

    platform.eventually(has_finished)
    return get_schedule(tenant, schedule)


def list_jobs(tenant: Tenant) -> list[Json]:
    """Return the jobs of the tenant, oldest first."""
    jobs: list[Json] = ok(tenant.owner.get("/v1/jobs", params={"limit": 1000}))["data"]
    return jobs[::-1]


def make_due(platform: Platform, schedule: Json, ago: str = "1 second") -> None:
    """Change the due time of a schedule to a time in the past: now minus `ago`."""
    platform.database.execute(
        "update schedules set next_at = now() - %s::interval where id = %s", [ago, schedule["id"]]
    )


def due_count(process: subprocess.Popen[str]) -> int:
    """Wait until a process with the program RUN_DUE has ended. Return the number that it has printed."""
    return int(output_of(process).splitlines()[-1])


def run_due(platform: Platform) -> int:
    """Request a run of each due schedule, as the sweeper does. Return the number of due schedules."""
    return due_count(platform.run_as("schedules-sweeper", RUN_DUE))


def test_a_run_loads_each_new_file_once_starting_with_the_oldest_file(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    versions = [
        upload_export(platform, tenant, name, "A", price=price) for name, price in (("b.csv", "1"), ("a.csv", "2"))
    ]
    platform.s3.put_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily/folder/", Body=b"")
    platform.s3.put_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily-old/x.csv", Body=b"sku\n")
    request_run(tenant, schedule)
    after = wait_for_run(platform, tenant, schedule)
    assert after["last_outcome"] == "2 new files were queued."
    jobs = list_jobs(tenant)
    assert [job["source"]["version_id"] for job in jobs] == versions
    assert [job["status"] for job in jobs] == ["completed"] * 2
    assert after["last_job_id"] == jobs[-1]["id"]
    assert [product["price"] for product in platform.storefront_products(tenant.domain)] == ["2.00"]
    result = json.loads(platform.read(f"{tenant.catalog_id}/results/a.csv.{jobs[-1]['id']}.json"))
    assert result["file"] == f"{tenant.catalog_id}/exports/daily/a.csv"

    request_run(tenant, schedule)
    second_run = wait_for_run(platform, tenant, schedule)
    assert (second_run["last_outcome"], second_run["last_job_id"]) == ("There were no new files.", after["last_job_id"])
    assert second_run["last_at"] > after["last_at"]
    third = upload_export(platform, tenant, "b.csv", "B")
    request_run(tenant, schedule)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "1 new file was queued."
    assert [job["source"]["version_id"] for job in list_jobs(tenant)] == [*versions, third]


def test_a_run_loads_the_newest_version_of_a_file_and_ignores_deleted_files(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    upload_export(platform, tenant, "stock.csv", "OLD")
    newest = upload_export(platform, tenant, "stock.csv", "NEW")
    upload_export(platform, tenant, "gone.csv", "GONE")
    platform.s3.delete_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily/gone.csv")
    request_run(tenant, schedule)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "1 new file was queued."
    assert [job["source"]["version_id"] for job in list_jobs(tenant)] == [newest]


def test_the_mode_of_a_schedule_overrides_the_mode_of_its_catalog(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "first.csv", b"sku,name,price\nA,Cup,1\nB,Mug,2\nC,Pen,3\nD,Hat,4\nE,Bag,5\n")
    schedule = create_schedule(tenant, settings={"prefix": "exports/daily/", "mode": "full"})
    upload_export(platform, tenant, "all.csv", "A", "B", "C", "D")
    request_run(tenant, schedule)
    wait_for_run(platform, tenant, schedule)
    assert {product["sku"] for product in platform.storefront_products(tenant.domain)} == {"A", "B", "C", "D"}


def test_a_run_of_a_schedule_reads_all_pages_of_a_long_list_of_files(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    folder = f"{tenant.catalog_id}/exports/daily/"

    def put(number: int) -> str:
        key = f"{folder}{number:04d}.csv"
        return str(platform.s3.put_object(Bucket=platform.drops, Key=key, Body=b"sku,name,price\n")["VersionId"])

    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(put, range(1_050)))
    job = platform.database.execute(
        "insert into jobs (client_id, type, status, requested_by, payload)"
        " values (%s, 'catalog_sync', 'completed', 'a test', '{\"key\": \"k\", \"version_id\": \"v\"}') returning id",
        [tenant.client_id],
    ).fetchone()
    assert job is not None
    with platform.database.cursor() as cursor:
        cursor.executemany(
            "insert into drops (client_id, catalog_id, key, version_id, sequencer, size, etag, dropped_at, job_id)"
            " values (%s, %s, %s, %s, '', 0, '', now(), %s)",
            [
                (tenant.client_id, tenant.catalog_id, f"{folder}{number:04d}.csv", version, job["id"])
                for number, version in enumerate(versions)
                if number not in (3, 1_040)
            ],
        )
    request_run(tenant, schedule)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "2 new files were queued."


def test_a_run_of_a_schedule_with_many_files_continues_with_another_queue_message(
    platform: Platform, tenant: Tenant
) -> None:
    schedule = create_schedule(tenant)
    versions = [upload_export(platform, tenant, f"{number}.csv", "A", price=f"{number + 1}") for number in range(5)]
    platform.database.execute("update schedules set run_requested_at = now() where id = %s", [schedule["id"]])
    output_of(platform.run_as("queues-drops", PULL_TWO % schedule["id"]))
    after = wait_for_run(platform, tenant, schedule)
    assert after["last_outcome"] == "3 new files were queued."
    assert [job["source"]["version_id"] for job in list_jobs(tenant)] == versions
    assert [product["price"] for product in platform.storefront_products(tenant.domain)] == ["5.00"]


def test_duplicate_messages_of_a_run_create_no_second_job(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    versions = {upload_export(platform, tenant, f"{number}.csv", f"P-{number}") for number in range(4)}
    request_run(tenant, schedule)
    for _ in range(8):
        platform.send("drops", {"schedule_id": schedule["id"]})
    wait_for_run(platform, tenant, schedule)
    assert sorted(job["source"]["version_id"] for job in list_jobs(tenant)) == sorted(versions)


def test_concurrent_sweepers_request_each_due_run_exactly_once(platform: Platform, tenant: Tenant) -> None:
    schedules = [create_schedule(tenant) for _ in range(40)]
    platform.database.execute(
        "update schedules set next_at = now() - interval '3 days' where client_id = %s", [tenant.client_id]
    )
    sweepers = [platform.run_as("schedules-sweeper", RUN_DUE) for _ in range(4)]
    # The sweeper of the local cloud can request some of the 40 runs. The sweepers of this test then request only the
    # remaining runs.
    assert sum(map(due_count, sweepers)) <= len(schedules)
    after = ok(tenant.owner.get("/v1/schedules", params={"limit": 100}))["data"]
    # One run replaces all missed runs of the three days. The next run is due at its regular time.
    assert {each["id"]: each["next_at"] for each in after} == {each["id"]: each["next_at"] for each in schedules}
    assert all(each["last_at"] for each in after)
    assert run_due(platform) == 0


def test_a_schedule_whose_row_is_locked_runs_only_after_the_lock_is_released(
    platform: Platform, tenant: Tenant
) -> None:
    locked, free = create_schedule(tenant), create_schedule(tenant)
    make_due(platform, locked)
    with platform.holding("select from schedules where id = %s for update", [locked["id"]]):
        make_due(platform, free)
        run_due(platform)
        assert get_schedule(tenant, free)["last_at"] is not None
        assert get_schedule(tenant, locked)["last_at"] is None
    run_due(platform)
    assert get_schedule(tenant, locked)["last_at"] is not None


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_run_is_skipped_if_the_job_of_the_previous_run_has_not_ended(
    platform: Platform, tenant: Tenant, status: str
) -> None:
    schedule = create_schedule(tenant)
    job = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, due_at, leased_until)"
        " values (%s, %s, 'catalog_sync', %s, 'a test', '{}', now() + interval '1 hour', now() + interval '1 hour')"
        " returning id",
        [tenant.client_id, tenant.catalog_id, status],
    ).fetchone()
    assert job is not None
    platform.database.execute("update schedules set last_job_id = %s where id = %s", [job["id"], schedule["id"]])
    upload_export(platform, tenant, "new.csv", "A")
    make_due(platform, schedule)
    run_due(platform)
    after = get_schedule(tenant, schedule)
    assert after["last_outcome"] == "The run was skipped because the previous run has not finished."
    assert (after["next_at"], after["last_job_id"]) == (schedule["next_at"], str(job["id"]))
    problem(tenant.owner.post(f"/v1/schedules/{schedule['id']}/run"), 409, "schedule_busy")
    platform.database.execute("update jobs set status = 'cancelled', completed_at = now() where id = %s", [job["id"]])
    request_run(tenant, schedule)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "1 new file was queued."


def test_a_job_that_waits_for_an_approval_does_not_block_the_next_run(platform: Platform, tenant: Tenant) -> None:
    skus = [f"P-{number}" for number in range(10)]
    schedule = create_schedule(tenant, settings={"prefix": "exports/daily/", "mode": "full"})
    upload_export(platform, tenant, "1.csv", *skus)
    request_run(tenant, schedule)
    wait_for_run(platform, tenant, schedule)
    upload_export(platform, tenant, "2.csv", "P-0")
    request_run(tenant, schedule)
    wait_for_run(platform, tenant, schedule)
    platform.eventually(lambda: list_jobs(tenant)[-1]["awaiting_approval"])
    upload_export(platform, tenant, "3.csv", *skus[1:])
    make_due(platform, schedule)
    run_due(platform)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "1 new file was queued."
    assert [job["status"] for job in list_jobs(tenant)] == ["completed", "cancelled", "completed"]
    assert {product["sku"] for product in platform.storefront_products(tenant.domain)} == set(skus[1:])


def test_the_sweeper_resends_a_lost_message_for_a_run_of_a_schedule(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    upload_export(platform, tenant, "a.csv", "A")
    platform.database.execute(
        "update schedules set run_requested_at = now() - interval '1 hour', last_outcome = 'The run is in progress.'"
        " where id = %s",
        [schedule["id"]],
    )
    problem(tenant.owner.post(f"/v1/schedules/{schedule['id']}/run"), 409, "schedule_busy")
    run_due(platform)
    assert wait_for_run(platform, tenant, schedule)["last_outcome"] == "1 new file was queued."


def test_a_schedule_with_an_unknown_time_zone_does_not_block_other_schedules(
    platform: Platform, tenant: Tenant
) -> None:
    broken, other = create_schedule(tenant), create_schedule(tenant)
    platform.database.execute("update schedules set timezone = 'Mars/Olympus' where id = %s", [broken["id"]])
    make_due(platform, broken, ago="2 seconds")
    make_due(platform, other)
    run_due(platform)
    after = get_schedule(tenant, broken)
    assert after["next_at"] is None
    assert "Mars/Olympus" in after["last_outcome"]
    assert get_schedule(tenant, other)["last_at"] is not None


def test_a_catalog_of_the_platform_can_have_a_schedule(platform: Platform) -> None:
    catalog = platform.catalog()
    new = {"catalog_id": catalog["id"], "name": uuid4().hex, "cron": "0 3 * * *", "settings": {"prefix": "in/"}}
    schedule = created(platform.admin.post("/v1/schedules", json=new))
    version = str(
        platform.s3.put_object(
            Bucket=platform.drops, Key=f"{catalog['id']}/in/a.csv", Body=b"sku,name,price\nA,Cup,1\n"
        )["VersionId"]
    )
    assert platform.admin.post(f"/v1/schedules/{schedule['id']}/run").status_code == 202
    job = platform.finished_job(catalog["id"], version)
    assert (job["client_id"], job["status"], job["counts"]["created"]) == (None, "completed", 1)


def test_the_sweeper_requests_the_runs_of_due_schedules(platform: Platform, tenant: Tenant) -> None:
    schedule = create_schedule(tenant)
    version = upload_export(platform, tenant, "a.csv", "A")
    make_due(platform, schedule)
    assert platform.finished_job(tenant.catalog_id, version, within=60)["status"] == "completed"
