"""Schedules at work: files that lie below a prefix become products when they are due, once."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, problem, said

RUN_DUE = "from wecelebrate import schedules; print(schedules.run_due())"
"""What the sweeper does every 15 seconds."""
PULL_TWO = """
import importlib, types
pulling = importlib.import_module("wecelebrate.syncs.pull")
pulling.MOST = 2
message = types.SimpleNamespace(body={"schedule_id": "%s"}, hold=lambda: None)
pulling.pull(message)
"""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def schedule(tenant: Tenant, **more: object) -> Json:
    """A new one, due at night."""
    new = {"client_id": tenant.client_id, "catalog_id": tenant.catalog_id, "name": uuid4().hex, "cron": "0 3 * * *"}
    return created(tenant.owner.post("/v1/schedules", json=new | {"settings": {"prefix": "exports/daily/"}} | more))


def export(platform: Platform, tenant: Tenant, name: str, *skus: str, price: str = "1.00") -> str:
    """Put a file where the schedule looks; its version."""
    body = "sku,name,price\n" + "".join(f"{sku},Product {sku},{price}\n" for sku in skus)
    key = f"{tenant.catalog_id}/exports/daily/{name}"
    return str(platform.s3.put_object(Bucket=platform.drops, Key=key, Body=body.encode())["VersionId"])


def run(tenant: Tenant, made: Json) -> None:
    answer = tenant.owner.post(f"/v1/schedules/{made['id']}/run")
    assert answer.status_code == 202, answer.text


def outcome(platform: Platform, tenant: Tenant, made: Json) -> Json:
    """The schedule, once its run is over and so is what it made."""
    path = f"/v1/schedules/{made['id']}"

    def is_over() -> bool:
        found = ok(tenant.owner.get(path))
        if found["last_outcome"] in (None, "It is under way.") or "follow" in found["last_outcome"]:
            return False
        open_jobs = ("pending", "processing")
        return not any(job["status"] in open_jobs and not job["awaiting_approval"] for job in jobs(tenant))

    platform.eventually(is_over)
    return ok(tenant.owner.get(path))


def jobs(tenant: Tenant) -> list[Json]:
    """Of its catalog, the first first."""
    found: list[Json] = ok(tenant.owner.get("/v1/jobs", params={"limit": 1000}))["data"]
    return found[::-1]


def come_due(platform: Platform, made: Json, ago: str = "1 second") -> None:
    platform.database.execute("update schedules set next_at = now() - %s::interval where id = %s", [ago, made["id"]])


def counted(looker: subprocess.Popen[str]) -> int:
    return int(said(looker).splitlines()[-1])


def look(platform: Platform) -> int:
    """Look for what is due as a sweeper does; how many schedules were."""
    return counted(platform.run_as("schedules-sweeper", RUN_DUE))


def test_what_is_new_is_taken_in_the_oldest_first_and_nothing_twice(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
    versions = [export(platform, tenant, name, "A", price=price) for name, price in (("b.csv", "1"), ("a.csv", "2"))]
    platform.s3.put_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily/folder/", Body=b"")
    platform.s3.put_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily-old/x.csv", Body=b"sku\n")
    run(tenant, made)
    after = outcome(platform, tenant, made)
    assert after["last_outcome"] == "2 files were taken in."
    done = jobs(tenant)
    assert [job["source"]["version_id"] for job in done] == versions
    assert [job["status"] for job in done] == ["completed"] * 2
    assert after["last_job_id"] == done[-1]["id"]
    assert [product["price"] for product in platform.shown(tenant.domain)] == ["2.00"]
    result = json.loads(platform.read(f"{tenant.catalog_id}/results/a.csv.{done[-1]['id']}.json"))
    assert result["file"] == f"{tenant.catalog_id}/exports/daily/a.csv"

    run(tenant, made)
    again = outcome(platform, tenant, made)
    assert (again["last_outcome"], again["last_job_id"]) == ("There was no new file.", after["last_job_id"])
    assert again["last_at"] > after["last_at"]
    third = export(platform, tenant, "b.csv", "B")
    run(tenant, made)
    assert outcome(platform, tenant, made)["last_outcome"] == "1 file was taken in."
    assert [job["source"]["version_id"] for job in jobs(tenant)] == [*versions, third]


def test_of_a_file_the_newest_version_counts_and_one_that_was_deleted_is_none(
    platform: Platform, tenant: Tenant
) -> None:
    made = schedule(tenant)
    export(platform, tenant, "stock.csv", "OLD")
    newest = export(platform, tenant, "stock.csv", "NEW")
    export(platform, tenant, "gone.csv", "GONE")
    platform.s3.delete_object(Bucket=platform.drops, Key=f"{tenant.catalog_id}/exports/daily/gone.csv")
    run(tenant, made)
    assert outcome(platform, tenant, made)["last_outcome"] == "1 file was taken in."
    assert [job["source"]["version_id"] for job in jobs(tenant)] == [newest]


def test_its_mode_goes_before_that_of_the_catalog(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "first.csv", b"sku,name,price\nA,Cup,1\nB,Mug,2\nC,Pen,3\nD,Hat,4\nE,Bag,5\n")
    made = schedule(tenant, settings={"prefix": "exports/daily/", "mode": "full"})
    export(platform, tenant, "all.csv", "A", "B", "C", "D")
    run(tenant, made)
    outcome(platform, tenant, made)
    assert {product["sku"] for product in platform.shown(tenant.domain)} == {"A", "B", "C", "D"}


def test_a_listing_of_many_pages_is_read_to_its_end(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
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
    run(tenant, made)
    assert outcome(platform, tenant, made)["last_outcome"] == "2 files were taken in."


def test_a_run_of_many_files_goes_on_with_another_message(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
    versions = [export(platform, tenant, f"{number}.csv", "A", price=f"{number + 1}") for number in range(5)]
    platform.database.execute("update schedules set run_requested_at = now() where id = %s", [made["id"]])
    said(platform.run_as("queues-drops", PULL_TWO % made["id"]))
    after = outcome(platform, tenant, made)
    assert after["last_outcome"] == "3 files were taken in."
    assert [job["source"]["version_id"] for job in jobs(tenant)] == versions
    assert [product["price"] for product in platform.shown(tenant.domain)] == ["5.00"]


def test_word_that_comes_again_and_again_makes_nothing_twice(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
    versions = {export(platform, tenant, f"{number}.csv", f"P-{number}") for number in range(4)}
    run(tenant, made)
    for _ in range(8):
        platform.send("drops", {"schedule_id": made["id"]})
    outcome(platform, tenant, made)
    assert sorted(job["source"]["version_id"] for job in jobs(tenant)) == sorted(versions)


def test_each_that_is_due_is_wanted_once_however_many_look(platform: Platform, tenant: Tenant) -> None:
    made = [schedule(tenant) for _ in range(40)]
    platform.database.execute(
        "update schedules set next_at = now() - interval '3 days' where client_id = %s", [tenant.client_id]
    )
    lookers = [platform.run_as("schedules-sweeper", RUN_DUE) for _ in range(4)]
    # The cloud's own sweeper may have been one of them.
    assert sum(map(counted, lookers)) <= len(made)
    after = ok(tenant.owner.get("/v1/schedules", params={"limit": 100}))["data"]
    # Missed for three days, made up for once.
    assert {one["id"]: one["next_at"] for one in after} == {one["id"]: one["next_at"] for one in made}
    assert all(one["last_at"] for one in after)
    assert look(platform) == 0


def test_one_that_another_has_in_hand_is_passed_over(platform: Platform, tenant: Tenant) -> None:
    held, free = schedule(tenant), schedule(tenant)
    come_due(platform, held)
    with platform.holding("select from schedules where id = %s for update", [held["id"]]):
        come_due(platform, free)
        look(platform)
        assert ok(tenant.owner.get(f"/v1/schedules/{free['id']}"))["last_at"] is not None
        assert ok(tenant.owner.get(f"/v1/schedules/{held['id']}"))["last_at"] is None
    look(platform)
    assert ok(tenant.owner.get(f"/v1/schedules/{held['id']}"))["last_at"] is not None


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_time_at_which_the_last_job_is_open_is_left_out(platform: Platform, tenant: Tenant, status: str) -> None:
    made = schedule(tenant)
    job = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload, due_at, leased_until)"
        " values (%s, %s, 'catalog_sync', %s, 'a test', '{}', now() + interval '1 hour', now() + interval '1 hour')"
        " returning id",
        [tenant.client_id, tenant.catalog_id, status],
    ).fetchone()
    assert job is not None
    platform.database.execute("update schedules set last_job_id = %s where id = %s", [job["id"], made["id"]])
    export(platform, tenant, "new.csv", "A")
    come_due(platform, made)
    look(platform)
    after = ok(tenant.owner.get(f"/v1/schedules/{made['id']}"))
    assert after["last_outcome"] == "It was left out: what it did the last time is not over yet."
    assert (after["next_at"], after["last_job_id"]) == (made["next_at"], str(job["id"]))
    problem(tenant.owner.post(f"/v1/schedules/{made['id']}/run"), 409, "schedule_busy")
    platform.database.execute("update jobs set status = 'cancelled', completed_at = now() where id = %s", [job["id"]])
    run(tenant, made)
    assert outcome(platform, tenant, made)["last_outcome"] == "1 file was taken in."


def test_a_file_that_waits_for_an_approval_gives_way_to_the_next(platform: Platform, tenant: Tenant) -> None:
    skus = [f"P-{number}" for number in range(10)]
    made = schedule(tenant, settings={"prefix": "exports/daily/", "mode": "full"})
    export(platform, tenant, "1.csv", *skus)
    run(tenant, made)
    outcome(platform, tenant, made)
    export(platform, tenant, "2.csv", "P-0")
    run(tenant, made)
    outcome(platform, tenant, made)
    platform.eventually(lambda: jobs(tenant)[-1]["awaiting_approval"])
    export(platform, tenant, "3.csv", *skus[1:])
    come_due(platform, made)
    look(platform)
    assert outcome(platform, tenant, made)["last_outcome"] == "1 file was taken in."
    assert [job["status"] for job in jobs(tenant)] == ["completed", "cancelled", "completed"]
    assert {product["sku"] for product in platform.shown(tenant.domain)} == set(skus[1:])


def test_a_run_whose_word_was_lost_is_told_of_again(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
    export(platform, tenant, "a.csv", "A")
    platform.database.execute(
        "update schedules set run_requested_at = now() - interval '1 hour', last_outcome = 'It is under way.'"
        " where id = %s",
        [made["id"]],
    )
    problem(tenant.owner.post(f"/v1/schedules/{made['id']}/run"), 409, "schedule_busy")
    look(platform)
    assert outcome(platform, tenant, made)["last_outcome"] == "1 file was taken in."


def test_one_whose_zone_is_gone_stands_still_and_holds_up_no_other(platform: Platform, tenant: Tenant) -> None:
    lost, other = schedule(tenant), schedule(tenant)
    platform.database.execute("update schedules set timezone = 'Mars/Olympus' where id = %s", [lost["id"]])
    come_due(platform, lost, ago="2 seconds")
    come_due(platform, other)
    look(platform)
    after = ok(tenant.owner.get(f"/v1/schedules/{lost['id']}"))
    assert after["next_at"] is None
    assert "Mars/Olympus" in after["last_outcome"]
    assert ok(tenant.owner.get(f"/v1/schedules/{other['id']}"))["last_at"] is not None


def test_the_platforms_own_catalogs_have_schedules_too(platform: Platform) -> None:
    catalog = platform.catalog()
    new = {"catalog_id": catalog["id"], "name": uuid4().hex, "cron": "0 3 * * *", "settings": {"prefix": "in/"}}
    made = created(platform.admin.post("/v1/schedules", json=new))
    version = str(
        platform.s3.put_object(
            Bucket=platform.drops, Key=f"{catalog['id']}/in/a.csv", Body=b"sku,name,price\nA,Cup,1\n"
        )["VersionId"]
    )
    assert platform.admin.post(f"/v1/schedules/{made['id']}/run").status_code == 202
    job = platform.job_of(catalog["id"], version)
    assert (job["client_id"], job["status"], job["counts"]["created"]) == (None, "completed", 1)


def test_the_sweeper_looks_by_itself(platform: Platform, tenant: Tenant) -> None:
    made = schedule(tenant)
    version = export(platform, tenant, "a.csv", "A")
    come_due(platform, made)
    assert platform.job_of(tenant.catalog_id, version, within=60)["status"] == "completed"
